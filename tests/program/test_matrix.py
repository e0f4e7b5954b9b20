"""`matrix`: every scenario in exactly one cell, no cell empty, arguments that `run` takes as they are."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from lambda_scenarios.cli.main import main
from lambda_scenarios.cli.matrix_formats import as_azure, as_gitlab
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.scenarios.cells import Cell
from tests.program import running
from tests.program.running import VERSION

SERVICE = f"""\
service: shop
provider: {{name: aws, runtime: python{VERSION}}}
functions:
  echo: {{handler: app.echo}}
  other: {{handler: app.other}}
  page: {{handler: page.handler, runtime: nodejs20.x}}
  picture: {{image: example.org/picture:1}}
"""
APP = "def echo(event, context):\n    return event\n\nother = echo\n"
A = """\
scenarios:
  - {name: a1, function: echo, tags: [fast]}
  - {name: "it's $HOME `x` \\"q\\"", function: other, tags: [fast, slow]}
  - {name: a3, function: echo, tags: [slow, "two words"]}
  - {name: "n {{ matrix.n }}", function: other, matrix: {n: [1, 2, 3]}}
"""
B = """\
scenarios:
  - {name: b1, function: page}
  - {name: b2, function: picture, tags: [fast]}
  - {name: b3, steps: [{id: one, function: page}, {id: two, function: third}]}
  - {name: b4, function: third}
functions:
  third: {handler: page.handler, runtime: nodejs20.x, code: ..}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("shop")
    (project / "serverless.yml").write_text(SERVICE)
    (project / "app.py").write_text(APP)
    (project / "page.js").write_text("exports.handler = async (event) => event;\n")
    (project / "scenarios").mkdir()
    (project / "scenarios" / "a.yml").write_text(A)
    (project / "scenarios" / "b c.yml").write_text(B)
    return project


def inside(project: Path, *arguments: str) -> Any:
    """What the program prints as JSON, run inside of this process, since there are many."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert main(list(arguments), World(running.environment(), str(project))) == 0
    return json.loads(output.getvalue())


def matrix(project: Path, *arguments: str) -> Any:
    return inside(project, "matrix", *arguments)


def listed(project: Path, arguments: list[str]) -> list[str]:
    return [entry["id"] for entry in inside(project, "list", "--json", *arguments)]


@pytest.mark.parametrize(
    "cells",
    [
        ("--shards", "1"),
        ("--shards", "4"),
        ("--shards", "50"),
        ("--by", "function"),
        ("--by", "runtime"),
        ("--by", "file"),
        ("--tags", "fast"),
        ("--tags", "slow,two words,fast"),
    ],
)
@pytest.mark.parametrize(
    "selection",
    [
        (),
        ("-k", "not a3"),
        ("--tag", "fast or slow"),
        ("--function", "echo", "--function", "page", "--function", "other"),
        ("scenarios/a.yml::n 2", "scenarios/a.yml::a1", "scenarios/a.yml::a3", "scenarios/b c.yml"),
    ],
)
def test_every_scenario_is_in_exactly_one_cell(
    shop: Path, cells: tuple[str, ...], selection: tuple[str, ...]
) -> None:
    if cells[0] == "--tags" and "scenarios/a.yml::n 2" in selection:
        cells = ("--tags", "fast,slow")
    whole = listed(shop, list(selection))
    found = matrix(shop, *selection, *cells)
    parts = [listed(shop, cell["args"]) for cell in found]
    assert all(parts), "a cell is empty"
    assert sorted(itertools.chain(*parts)) == sorted(whole)
    assert [len(part) for part in parts] == [cell["scenarios"] for cell in found]
    for cell in found:
        assert shlex.split(cell["command"]) == cell["args"]
    assert len({cell["key"] for cell in found}) == len(found)


GROUPS = """\
scenarios:
  - {name: s1, function: echo, serial: db, tags: [slow]}
  - {name: s2, function: echo, tags: [slow]}
  - {name: s3, function: other, serial: "{{ 'd' ~ 'b' }}"}
  - {name: "s4 {{ matrix.n }}", function: echo, serial: "{{ matrix.n }}", matrix: {n: [a, b, c, d]}}
"""
MORE = """\
scenarios:
  - {name: t1, function: page, serial: db, tags: [fast]}
  - {name: t2, function: picture}
"""


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("--by", "function"), {"echo + other + page": 8, "picture": 1}),
        (("--by", "file"), {"scenarios/g.yml + scenarios/h.yml": 9}),
        (("--by", "runtime"), {f"nodejs20.x + python{VERSION}": 8, "image": 1}),
        (("--tags", "slow,fast"), {"slow": 4, "the rest": 5}),
        (("--tags", "fast,slow"), {"fast": 3, "slow": 1, "the rest": 5}),
        (("--shards", "20"), {f"shard {n} of 7": 3 if n == 1 else 1 for n in range(1, 8)}),
    ],
)
def test_a_serial_group_is_in_one_cell(
    tmp_path: Path, cells: tuple[str, ...], expected: dict[str, int]
) -> None:
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "page.js").write_text("exports.handler = async (event) => event;\n")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "g.yml").write_text(GROUPS)
    (tmp_path / "scenarios" / "h.yml").write_text(MORE)
    found = matrix(tmp_path, *cells)
    assert {cell["name"]: cell["scenarios"] for cell in found} == expected
    parts = [listed(tmp_path, cell["args"]) for cell in found]
    assert [len(part) for part in parts] == [cell["scenarios"] for cell in found]
    together = {"scenarios/g.yml::s1", "scenarios/g.yml::s3", "scenarios/h.yml::t1"}
    assert [together <= set(part) for part in parts].count(True) == 1
    assert sorted(itertools.chain(*parts)) == sorted(listed(tmp_path, []))


def test_cells_say_what_they_are(shop: Path) -> None:
    assert [cell["name"] for cell in matrix(shop, "--by", "function")] == [
        "echo",
        "other",
        "page + third",  # one scenario has a step of each
        "picture",
    ]
    runtimes = matrix(shop, "--by", "runtime")
    assert [cell["runtime"] for cell in runtimes] == [f"python{VERSION}", "nodejs20.x", "image"]
    assert runtimes[0]["args"] == ["scenarios/a.yml"]
    assert runtimes[2]["args"] == ["scenarios", "--function", "picture"]
    tags = matrix(shop, "--tags", "fast,slow,two words")
    # what has both is in the first; all that is left in one more
    assert [(cell["name"], cell["scenarios"]) for cell in tags] == [("fast", 3), ("slow", 1), ("the rest", 6)]
    assert tags[1]["args"] == ["scenarios", "--tag", "slow and not fast"]
    assert tags[2]["args"][-1] == 'not fast and not slow and not "two words"'
    assert [cell["name"] for cell in matrix(shop, "--shards", "2")] == ["shard 1 of 2", "shard 2 of 2"]


def test_what_selects_is_passed_on(shop: Path) -> None:
    given = ("--stage", "prod", "--var", "a=b c", "-e", "X=-1", "--seed", "-7x", "-k", "a1 or a3")
    (cell,) = matrix(shop, "scenarios/a.yml", *given[:-4], "--seed=-7x", *given[-2:], "--shards", "1")
    assert cell["args"] == [
        *("scenarios/a.yml", "-k", "a1 or a3", "--stage", "prod", "--var", "a=b c", "--env", "X=-1"),
        *("--seed=-7x", "--shard", "1/1"),
    ]


def test_what_the_configuration_says_holds_for_the_matrix_and_its_cells(shop: Path, tmp_path: Path) -> None:
    project = tmp_path / "shop"
    shutil.copytree(shop, project)
    (project / "lambda-scenarios.yml").write_text("presets: {quick: {tag: fast}}\n")
    found = matrix(project, "--preset", "quick", "--shards", "2")
    assert [cell["args"][-2:] for cell in found] == [["--shard", "1/2"], ["--shard", "2/2"]]
    parts = [listed(project, cell["args"]) for cell in found]
    assert sorted(itertools.chain(*parts)) == sorted(listed(project, ["--tag", "fast"]))


def test_more_shards_than_scenarios_are_fewer_cells(shop: Path) -> None:
    found = matrix(shop, "-k", "a1 or a3", "--shards", "50")
    assert [cell["args"][-1] for cell in found] == ["1/2", "2/2"]


class TestFormats:
    def test_github(self, shop: Path) -> None:
        done = running.run(shop, "matrix", "--by", "function", "--format", "github")
        assert done.stdout.count("\n") == 1, "GITHUB_OUTPUT takes a line"
        found = json.loads(done.stdout)
        assert list(found) == ["include"]
        assert found["include"][0] == {"name": "echo", "key": "echo", "args": "scenarios --function echo"}

    def test_github_has_a_limit(self, tmp_path: Path) -> None:
        (tmp_path / "s.yml").write_text(
            "functions: {f: {handler: a.b, runtime: python3.11, code: .}}\n"
            "scenarios:\n  - {name: '{{ case.n }}', function: f, cases: ["
            + ", ".join(f"{{n: '{n}'}}" for n in range(300))
            + "]}\n"
        )
        done = running.run(tmp_path, "matrix", "s.yml", "--shards", "300", "--format", "github")
        assert done.status == 2
        assert "the matrix has 300 cells, and GitHub Actions takes at most 256" in done.stderr
        assert len(matrix(tmp_path, "s.yml", "--shards", "256", "--format", "github")["include"]) == 256
        assert len(matrix(tmp_path, "s.yml", "--shards", "300")) == 300

    def test_azure(self, shop: Path) -> None:
        found = matrix(shop, "--by", "function", "--format", "azure")
        assert list(found) == ["echo", "other", "page_third", "picture"]
        assert found["echo"]["args"] == "scenarios --function echo"
        assert all(isinstance(value, str) for cell in found.values() for value in cell.values())
        assert all(name.isidentifier() for name in matrix(shop, "--by", "file", "--format", "azure"))

    def test_azure_loses_no_cell(self) -> None:
        names = ("a-b", "a_b", "a.b", "a/b", "1", "c_1", "A_B")
        cells = [Cell(name, (), ("s", "--function", name)) for name in names]
        found = json.loads(as_azure(cells))
        assert [one["name"] for one in found.values()] == list(names)
        assert len({name.lower() for name in found}) == len(names)
        assert all(name.isidentifier() for name in found)

    def test_gitlab(self, shop: Path) -> None:
        found = matrix(shop, "--shards", "2", "--format", "gitlab")
        assert found["scenarios: shard 1 of 2"] == {
            "extends": ".lambda-scenarios",
            "variables": {
                "LAMBDA_SCENARIOS_CELL": "shard-1-of-2",
                "LAMBDA_SCENARIOS_ARGS": "scenarios --shard 1/2",
            },
        }

    def test_gitlab_s_variables_and_names(self) -> None:
        names = ("x" * 300 + "1", "x" * 300 + "2", "$a", "the rest", "the rest")
        found = json.loads(as_gitlab([Cell(name, (), ("$HOME's",)) for name in names]))
        assert len(found) == 5
        assert all(len(name) <= 255 for name in found)
        assert found["scenarios: $a"]["variables"]["LAMBDA_SCENARIOS_ARGS"].count("$$HOME") == 1

    def test_nothing_to_run_is_an_empty_matrix(self, shop: Path) -> None:
        for name, empty in (("github", {"include": []}), ("azure", {}), ("json", [])):
            for cells in (("--shards", "3"), ("--by", "runtime"), ("--tags", "fast")):
                done = running.run(shop, "matrix", "--last-failed", *cells, "--format", name)
                assert (done.status, json.loads(done.stdout)) == (0, empty)
                assert "nothing is known to have failed" in done.stderr
        found = matrix(shop, "--last-failed", "--shards", "3", "--format", "gitlab")
        assert list(found) == ["no scenarios"], "GitLab refuses a pipeline without jobs"


def test_what_failed_is_named_since_other_machines_don_t_know_it(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "s.yml").write_text(
        f"functions: {{f: {{handler: app.echo, runtime: python{VERSION}, code: .}}}}\nscenarios:\n"
        "  - {name: passes, function: f}\n  - {name: fails, function: f, expect: {output: 1}}\n"
    )
    (tmp_path / "t.yml").write_text(
        f"functions: {{g: {{handler: app.echo, runtime: python{VERSION}, code: .}}}}\nscenarios:\n"
        "  - {name: fails too, function: g, expect: {output: 1}, tags: [slow]}\n"
    )
    running.run(tmp_path, "run", "s.yml", "t.yml")
    for cells in (("--by", "function"), ("--tags", "slow")):
        found = matrix(tmp_path, ".", "--last-failed", *cells)
        assert sorted(cell["args"][0] for cell in found) == ["s.yml::fails", "t.yml::fails too"]
        assert sorted(listed(tmp_path, cell["args"]) for cell in found) == [
            ["s.yml::fails"],
            ["t.yml::fails too"],
        ]
        assert all(cell["args"][1:2] != ["t.yml::fails too"] for cell in found), "only its own are named"
    for by in ("function", "runtime", "file"):
        (cell,) = matrix(tmp_path, "s.yml", "--last-failed", "--by", by)
        assert cell["args"][0] == "s.yml::fails"
        assert listed(tmp_path, cell["args"]) == ["s.yml::fails"]


@pytest.mark.parametrize(
    ("status", "arguments", "reason"),
    [
        (2, "", "one of the arguments --shards --by --tags is required"),
        (2, "--shards 0", "takes a whole number from 1"),
        (2, "--shards 2 --by file", "not allowed with argument"),
        (2, "--shards 2 --shard 1/2", "--shard is for `run`"),
        (2, "--tags a,,b", "--tags takes tags as A,B"),
        (5, "--tags fsat", "did you mean `fast`?"),
        (5, "--shards 2 -k nothing", "selects none"),
    ],
)
def test_mistakes(shop: Path, status: int, arguments: str, reason: str) -> None:
    done = running.run(shop, "matrix", *arguments.split())
    assert (done.status, done.stdout) == (status, "")
    assert reason in done.stderr


def test_runtimes_are_known_before_the_code_is_built(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "s.yml").write_text(
        "scenarios:\n  - {name: a, function: echo}\n  - {name: b, function: page}\n"
        "  - {name: c, function: picture}\n"
    )
    found = matrix(tmp_path, "s.yml", "--by", "runtime")
    assert [cell["runtime"] for cell in found] == [f"python{VERSION}", "nodejs20.x", "image"]
