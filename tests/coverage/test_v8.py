"""What V8 counts becomes lines as v8-to-istanbul (which c8 is made of) has them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.coverage import v8
from lambda_scenarios.coverage.source_maps import decode
from tests.services import npm_packages

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js: apt-get install nodejs")


@st.composite
def nested(draw: st.DrawFn, begin: int = 0, end: int = 60, depth: int = 0) -> list[tuple[int, int, int]]:
    """Ranges inside of one another, the outer ones first: offsets and a number."""
    found = [(begin, end, draw(st.integers(0, 5)))]
    at = begin
    while depth < 3 and at < end - 1 and draw(st.booleans()):
        first = draw(st.integers(at, end - 1))
        last = draw(st.integers(first + 1, end))
        found += draw(nested(first, last, depth + 1))
        at = last
    return found


def function(ranges: list[tuple[int, int, int]]) -> dict[str, Any]:
    return {
        "functionName": "f",
        "isBlockCoverage": True,
        "ranges": [{"startOffset": a, "endOffset": b, "count": n} for a, b, n in ranges],
    }


@given(st.lists(st.tuples(nested(), st.integers(1, 3)), max_size=4))
def test_takings_are_added_up_by_characters(takings: list[tuple[list[tuple[int, int, int]], int]]) -> None:
    expected = [0] * 60
    for ranges, times in takings:
        painted = [0] * 60
        for begin, end, number in ranges:
            painted[begin:end] = [number] * (end - begin)
        expected = [total + number * times for total, number in zip(expected, painted, strict=True)]
    found = v8.counts([[function(ranges)] for ranges, _ in takings], [times for _, times in takings])
    assert [found.at(offset) for offset in range(60)] == expected
    for begin, end in ((0, 60), (3, 9), (10, 10), (59, 60)):
        assert found.most(begin, end) == max(expected[begin : max(end, begin + 1)])


CODE = """\
// A shop.
'use strict';

const add = (a, b) => a + b; // 𝒶 outside of the first plane

class Shop {
  open() {
    return 1;
  }

  async close(reason) {
    if (reason === 'late') {
      return 'late';
    } else if (reason) {
      await null;
      return reason;
    }
    for (const n of [1, 2, 3]) {
      if (n > 2) break;
      add(n, n);
    }
    try {
      throw new Error('x');
    } catch (error) {
      return error.message;
    } finally {
      add(1, 1);
    }
  }
}

function never() {
  const inner = () => 2;
  return inner();
}

/* c8 ignore next 3 */
function ignored() {
  return 3;
}

/* c8 ignore start */
function alsoIgnored() {
  return 4;
}
/* c8 ignore stop */

const pick = (n) => (n > 1 ? 'many' : never());

switch (add(1, 2)) {
  case 1:
    never();
    break;
  case 3:
    pick(4);
    break;
  default:
    never();
}

exports.calls = [() => new Shop().close(), () => new Shop().close('x'), () => pick(2)];
"""
# Takes what V8 counted after loading and each of the calls, or all of it at the end, for v8-to-istanbul.
DRIVER = """\
const { Session } = require('inspector');
const session = new Session();
session.connect();
const post = (method, given) => {
  let found;
  session.post(method, given, (_error, result) => (found = result));
  return found;
};
post('Profiler.enable');
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
const [, , file, often, oracle] = process.argv;
const url = require('url').pathToFileURL(file).href;
const take = () => post('Profiler.takePreciseCoverage').result.filter((one) => one.url === url);
(async () => {
  const takings = [];
  const { calls } = require(file);
  for (const call of calls) {
    if (often === 'often') takings.push(...take());
    await call();
  }
  takings.push(...take());
  let lines = null;
  let branches = null;
  if (oracle) {
    const convert = require(oracle)(file, 0);
    await convert.load();
    convert.applyCoverage(takings[0].functions);
    lines = Object.fromEntries(
      Object.entries(convert.toIstanbul()).map(([path, one]) => [
        path,
        Object.entries(one.statementMap).map(([key, place]) => [place.start.line, one.s[key]]),
      ]),
    );
    branches = Object.values(convert.toIstanbul()).flatMap((one) =>
      Object.entries(one.branchMap).map(([key, place]) => [place.loc.start.line, one.b[key][0]]),
    );
  }
  console.log(JSON.stringify({ takings: takings.map((one) => one.functions), lines, branches }));
})();
"""


def driven(directory: Path, *arguments: str) -> dict[str, Any]:
    (directory / "driver.cjs").write_text(DRIVER)
    done = subprocess.run(
        ["node", "driver.cjs", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@needs_node
def test_lines_are_those_of_v8_to_istanbul(tmp_path: Path) -> None:
    oracle = npm_packages.installed("v8-to-istanbul@9") / "node_modules" / "v8-to-istanbul"
    file = tmp_path / "app.cjs"
    file.write_text(CODE, encoding="utf-8")
    once = driven(tmp_path, str(file), "once", str(oracle))
    often = driven(tmp_path, str(file), "often")["takings"]
    assert len(often) > 2
    ((_, theirs),) = once["lines"].items()
    covered = {line: hits > 0 for line, hits in theirs}
    out = {37, 38, 39, 40, 42, 43, 44, 45, 46}  # those say that they ran, ours don't count
    for takings in (once["takings"], often):
        ours = v8.of_script("app.cjs", CODE, takings, [1] * len(takings))
        assert {line: hits > 0 for line, hits in ours.lines.items()} == {
            line: ran for line, ran in covered.items() if line not in out
        }
        named = {name: calls for (_, name), calls in ours.functions.items()}
        assert named["close"] == 2
        assert named["never"] == 0
        assert named["open"] == 0
    alike = v8.of_script("app.cjs", CODE, once["takings"], [1])
    assert sorted((line, bool(taken)) for (line, _, _), taken in alike.branches.items()) == sorted(
        (line, taken > 0) for line, taken in once["branches"] if line not in out
    )
    # All takings of one process say as much as the one.
    one, many = (v8.of_script("app.cjs", CODE, t, [1] * len(t)) for t in (once["takings"], often))
    assert one.lines == many.lines
    assert one.functions == many.functions


TYPESCRIPT = {
    "src/app.ts": """\
import { greet, type Greeting } from './greet';

interface Order {
  id: string;
}

export const calls = [
  () => greet({ name: 'Maja' }),
  async () => {
    const order: Order = { id: 'o-1' };
    if (order.id === 'o-2') {
      return greet({ name: order.id });
    }
    return order;
  },
];

export function never(value: Greeting): string {
  return value.name;
}
""",
    "src/greet.ts": """\
export type Greeting = { name: string; formal?: boolean };

export function greet({ name, formal }: Greeting): string {
  if (formal) {
    return `Good day, ${name}`;
  }
  return `Hello, ${name}`;
}
""",
}
# What of it ran, by hand: lines of which something is left in the bundle.
RAN = {
    "app.ts": {7: True, 8: True, 10: True, 11: True, 12: False, 14: True, 18: False, 19: False},
    "greet.ts": {3: True, 4: True, 5: False, 7: True},
}


@needs_node
@pytest.mark.parametrize("minify", [False, True])
def test_bundles_are_told_as_their_sources(tmp_path: Path, minify: bool) -> None:
    esbuild = npm_packages.installed("esbuild@0.25") / "node_modules" / ".bin" / "esbuild"
    for name, text in TYPESCRIPT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    command = [
        str(esbuild),
        "src/app.ts",
        "--bundle",
        "--platform=node",
        "--sourcemap",
        "--outfile=out/app.js",
    ]
    subprocess.run(
        [*command, *(["--minify"] if minify else [])], cwd=tmp_path, check=True, capture_output=True
    )
    bundle = tmp_path / "out" / "app.js"
    takings = driven(tmp_path, str(bundle), "often")["takings"]
    mapping = decode(json.loads((tmp_path / "out" / "app.js.map").read_text()))
    found = v8.of_bundle(bundle.read_text(), mapping, takings, [1] * len(takings))
    by_name = {Path(file.path).name: file for file in found}
    assert set(by_name) == set(RAN)
    for name, ran in RAN.items():
        lines = {line: hits > 0 for line, hits in by_name[name].lines.items()}
        assert {line: lines.get(line) for line in ran if line in lines} == {
            line: expected for line, expected in ran.items() if line in lines
        }
        # Minified, some lines are joined to others; types are never there.
        assert len(set(ran) & set(lines)) >= (len(ran) if not minify else len(ran) // 2)
        assert not {3, 4, 5} & set(lines) or name == "greet.ts"
