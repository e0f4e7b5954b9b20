"""A service whose functions end in every way, and what `--coverage` says of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lambda_scenarios.coverage.lcov import FileCoverage, parse
from tests.program import running
from tests.program.running import VERSION

SERVICE = f"""\
service: shop
provider: {{name: aws, runtime: python{VERSION}, region: eu-west-1}}
functions:
  inPython: {{handler: app.handler, timeout: 1}}
  inNode: {{handler: app.handler, runtime: nodejs{running.node_major()}.x, timeout: 1}}
"""
# `mark N` stands in the line that only an event of that kind reaches.
PYTHON = """\
import ctypes
import os
import subprocess
import sys
import time


def handler(event, context):
    kind = event.get("kind")
    if kind == "plain":
        kind = kind  # mark plain
    if kind == "raise":
        raise ValueError("x")  # mark raise
    if kind == "sleep":
        os.makedirs("asleep", exist_ok=True)
        time.sleep(30)  # mark sleep
    if kind == "loop":
        while True:  # mark loop
            pass
    if kind == "sys.exit":
        sys.exit(3)  # mark sys.exit
    if kind == "os._exit":
        os._exit(3)  # mark os._exit
    if kind == "crash":
        ctypes.string_at(0)  # mark crash
    if kind == "large":
        return "x" * 7_000_000  # mark large
    if kind == "child":
        return subprocess.run(["true"]).returncode  # mark child
    if kind == "deep":
        return deep(200)  # mark deep
    return {"n": event.get("n", 0) * 2}


def deep(n):
    return n and deep(n - 1)  # mark deep


def never():
    return 1
"""
NODE = """\
exports.handler = async (event) => {
  const { kind } = event;
  if (kind === 'plain') {
    await null; // mark plain
  }
  if (kind === 'raise') {
    throw new Error('x'); // mark raise
  }
  if (kind === 'sleep') {
    require('fs').mkdirSync('asleep', { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 30000)); // mark sleep
  }
  if (kind === 'loop') {
    for (;;) {} // mark loop
  }
  if (kind === 'process.exit') {
    process.exit(3); // mark process.exit
  }
  if (kind === 'uncaught') {
    setImmediate(() => { throw new Error('x'); }); // mark uncaught
    await new Promise((resolve) => setTimeout(resolve, 30000));
  }
  if (kind === 'unhandled') {
    Promise.reject(new Error('x')); // mark unhandled
    await new Promise((resolve) => setTimeout(resolve, 30000));
  }
  if (kind === 'unsettled') {
    await new Promise(() => {}); // mark unsettled
  }
  if (kind === 'crash') {
    process.kill(process.pid, 'SIGKILL'); // mark crash
  }
  if (kind === 'large') {
    return 'x'.repeat(7000000); // mark large
  }
  return { n: (event.n ?? 0) * 2 };
};

function never() {
  return 1;
}
"""
FILES = {"app.py": PYTHON, "app.js": NODE}


def write(root: Path, service: str = SERVICE) -> None:
    """The service, as a project of its own, with a Python that has coverage.py."""
    (root / ".git").mkdir()
    (root / "serverless.yml").write_text(service)
    for name, text in FILES.items():
        (root / name).write_text(text)
    (root / ".venv").symlink_to(sys.prefix)
    (root / "scenarios").mkdir()


def scenarios(root: Path, *invocations: tuple[str, str], more: str = "") -> None:
    """A scenario for each function and kind of event, which passes where that returns."""
    rows = [
        f"  - {{name: n{n}, function: {function}, event: {{kind: {kind}}}, expect: {{}}{more}}}"
        for n, (function, kind) in enumerate(invocations)
    ]
    (root / "scenarios" / "all.yml").write_text("\n".join(["service: ..", "scenarios:", *rows, ""]))


@contextmanager
def temporary(root: Path) -> Iterator[dict[str, str]]:
    """Variables of a run that leaves nothing behind: no file, no process."""
    directory = root.with_name(f"{root.name}-tmp")
    directory.mkdir(exist_ok=True)
    yield {"TMPDIR": str(directory)}
    assert list(directory.iterdir()) == []
    assert running.left_behind(str(root)) == []


def covered(root: Path, *arguments: str) -> dict[str, FileCoverage]:
    """Of a run with these arguments, by file, as its report tells it."""
    with temporary(root) as env:
        done = running.run(root, "run", "--coverage", *arguments, env=env)
    assert done.status in (0, 1), done.stdout + done.stderr
    files = parse((root / "reports" / "coverage.lcov").read_text())
    said: dict[str, Any] = json.loads((root / "reports" / "report.json").read_text())["coverage"]
    assert said["lines"] == sum(len(file.lines) for file in files)
    assert [one["path"] for one in said["files"]] == [file.path for file in files]
    return {file.path: file for file in files}


def marked(name: str) -> dict[str, list[int]]:
    """The lines of each mark in a file."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(FILES[name].splitlines(), 1):
        _, mark, kind = line.partition(" mark ")
        if mark:
            found.setdefault(kind, []).append(number)
    return found


def reached(name: str, file: FileCoverage) -> set[str]:
    """The marks whose lines ran."""
    return {kind for kind, lines in marked(name).items() if all(file.lines.get(line) for line in lines)}
