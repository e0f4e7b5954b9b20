"""Matchers of extensions, through the real program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.extending import packages
from tests.program import running

MODULE = """\
from lambda_scenarios.extensions import Matcher

print("loaded")

def even(argument, found):
    print("judging", found)
    found_is = isinstance(found, int) and found % 2 == 0
    return None if found_is is argument else f"expected even to be {argument},\\nfound {found}"

def broken(argument, found):
    raise KeyError(argument)

def leaving(argument, found):
    raise SystemExit(3)

def odd_answer(argument, found):
    return 5

def greedy(argument, found):
    argument.clear(); found.clear()

def check(argument):
    if argument == "crash":
        return argument.nothing
    return None if isinstance(argument, bool) else "true or false"

checked = Matcher(even, check)
no_function = 12
"""
POINTS = {
    name: f"acme.matchers:{name}"
    for name in ("even", "broken", "leaving", "odd_answer", "greedy", "checked", "no_function")
}
HEAD = f"""\
functions: {{echo: {{handler: echo.handler, runtime: python3.{sys.version_info[1]}, code: .}}}}
defaults: {{function: echo}}
scenarios:
"""


def project(directory: Path, *scenarios: str, points: dict[str, str] = POINTS) -> dict[str, str]:
    (directory / "echo.py").write_text("def handler(event, context):\n    return event\n")
    (directory / "a.yml").write_text(HEAD + "".join(f"  - {scenario}\n" for scenario in scenarios))
    return packages.write(directory / "site", {"matchers": points}, {"acme.matchers": MODULE})


def results(directory: Path) -> dict[str, dict[str, object]]:
    found = json.loads((directory / "reports" / "report.json").read_text())["results"]
    return {result["name"]: result for result in found}


@pytest.mark.parametrize(
    ("event", "expect", "status"),
    [
        ("{a: 2}", "{output: {a: {$even: true}}}", "passed"),
        ("{a: 3}", "{output: {a: {$even: true}}}", "failed"),
        ("{a: 3, b: 1}", "{output_includes: {a: {$even: false}}}", "passed"),
        ("{a: 3, b: 1}", "{output: {a: {$even: false}}}", "failed"),
        ("[2, 4]", "{output: {$each: {$even: true}}}", "passed"),
        ("[2, 3]", "{output: {$each: {$even: true}}}", "failed"),
        ("[3, 2]", "{output: {$unordered: [{$even: true}, 3]}}", "passed"),
        ("{a: 3}", "{output: {a: {$not: {$even: true}, $gt: 2}}}", "passed"),
        ("{a: 2}", "{output: {a: {$even: true, $gt: 2}}}", "failed"),
        ("{a: 2}", "{output: {a: {$any_of: [{$even: true}, 5]}}}", "passed"),
        ("{}", "{output: {a: {$optional: {$even: true}}}}", "passed"),
        ("{}", "{output: {a: {$even: true}}}", "failed"),
        ("{a: 2}", "{checks: [{at: a, value: {$even: true}}]}", "passed"),
        ("{a: 2}", "{duration_ms: {$even: false}}", "passed"),
        ("{a: 2}", "{logs: {$even: false}}", "passed"),
        ("{a: 2}", "{logs: {$even: true}}", "failed"),
        (
            "{statusCode: 200, body: '[2]'}",
            "{http: {status: {$even: true}, body: [{$even: true}]}}",
            "passed",
        ),
        (
            "{statusCode: 200, body: '[3]'}",
            "{http: {status: {$even: true}, body: [{$even: true}]}}",
            "failed",
        ),
        ("{statusCode: 200, headers: {a: b}}", "{http: {headers: {A: {$even: false}}}}", "passed"),
        ("{a: '{\"b\": 2}'}", "{output: {a: {$json: {b: {$even: true}}}}}", "passed"),
        ("{a: {$even: true}}", "{output: {$literal: {a: {$even: true}}}}", "passed"),
        ("{a: 2}", "{output: {a: {$even: '{{ 1 == 1 }}'}}}", "passed"),
        ("{a: {b: [1]}}", "{output: {a: {$greedy: {c: 1}, $partial: {b: [1]}}}}", "passed"),
    ],
)
def test_they_hold_where_built_in_ones_do(tmp_path: Path, event: str, expect: str, status: str) -> None:
    env = project(tmp_path, f"{{name: one, event: {event}, expect: {expect}}}")
    done = running.run(tmp_path, "run", "a.yml", env=env)
    assert results(tmp_path)["one"]["status"] == status, done.stdout + done.stderr


def test_a_mismatch_is_told_in_its_words_at_its_place(tmp_path: Path) -> None:
    env = project(tmp_path, "{name: one, event: {a: 3}, expect: {output: {a: {$even: true}}}}")
    done = running.run(tmp_path, "run", "a.yml", env=env)
    line = (tmp_path / "a.yml").read_text().splitlines()[3]
    assert f"a.yml:4:{line.index('true') + 1}" in done.stdout
    assert "expected even to be True, found 3" in done.stdout


@pytest.mark.parametrize(
    ("matcher", "said"),
    [
        ("broken: x", "the matcher `broken` of acme-testing 1.0 failed: KeyError: 'x'"),
        ("leaving: x", "the matcher `leaving` of acme-testing 1.0 failed: SystemExit: 3"),
        ("odd_answer: x", "failed: it gave int, neither None nor a text"),
    ],
)
def test_one_that_fails_makes_an_error(tmp_path: Path, matcher: str, said: str) -> None:
    env = project(
        tmp_path,
        f"{{name: one, event: {{a: 3}}, expect: {{output: {{a: {{${matcher}}}}}}}}}",
        f"{{name: other, event: {{a: 3}}, expect: {{output: {{a: {{${matcher}}}}}, logs: wanted}}}}",
        "{name: third, event: {a: 3}, expect: {output: {a: 3}}}",
    )
    done = running.run(tmp_path, "run", "a.yml", env=env)
    found = results(tmp_path)
    assert done.status == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert found["one"]["status"] == "error"
    assert said in str(found["one"]["reason"])
    # What surely doesn't hold has failed, whatever the matcher would have said.
    assert found["other"]["status"] == "failed"
    assert found["third"]["status"] == "passed"
    assert said in done.stdout
    assert "a.yml:4:" in done.stdout


@pytest.mark.parametrize("command", ["validate", "run"])
def test_arguments_are_checked_before_anything_runs(tmp_path: Path, command: str) -> None:
    env = project(tmp_path, "{name: one, expect: {output: {$checked: 5}}}")
    done = running.run(tmp_path, command, "a.yml", env=env)
    assert done.status == 2
    assert "error: `$checked` can't take 5\n  --> a.yml:4:45" in done.stderr
    assert "true or false" in done.stderr


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (
            {"even": "acme.nowhere:even"},
            "can't be loaded: ModuleNotFoundError: No module named 'acme.nowhere'",
        ),
        ({"even": "acme.matchers:nothing"}, "can't be loaded: AttributeError"),
        ({"even": "acme.matchers:no_function"}, "the matcher `even` of acme-testing 1.0 is int"),
        (
            {"even": "acme.matchers:even", "contains": "acme.matchers:even"},
            "has the name of one that is built in",
        ),
        (
            {"even": "acme.matchers:even", "Loud": "acme.matchers:even"},
            "`Loud` of acme-testing 1.0: that can't be",
        ),
    ],
)
def test_one_that_can_not_be_used_is_told(tmp_path: Path, points: dict[str, str], expected: str) -> None:
    env = project(tmp_path, "{name: one, expect: {output: {$even: true}}}", points=points)
    done = running.run(tmp_path, "validate", "a.yml", env=env)
    assert done.status == 2
    assert expected in done.stderr
    assert "--> a.yml:4:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_check_that_fails_is_told(tmp_path: Path) -> None:
    env = project(tmp_path, "{name: one, expect: {output: {$checked: crash}}}")
    done = running.run(tmp_path, "validate", "a.yml", env=env)
    assert done.status == 2
    assert "the matcher `checked` of acme-testing 1.0 failed: AttributeError" in done.stderr


def test_two_of_one_name_are_told(tmp_path: Path) -> None:
    project(tmp_path, "{name: one, expect: {output: {$even: true}}}")
    other = packages.write(
        tmp_path / "other", {"matchers": {"even": "acme.matchers:even"}}, {}, name="other-testing"
    )
    both = packages.found_in(tmp_path / "site", tmp_path / "other")
    done = running.run(tmp_path, "validate", "a.yml", env=both)
    assert done.status == 2
    assert "there are two matchers `even`: of acme-testing 1.0 and other-testing 1.0" in done.stderr
    assert other != both


def test_an_unknown_name_is_a_mistake_as_before(tmp_path: Path) -> None:
    env = project(tmp_path, "{name: one, expect: {output: {$evn: true}}}")
    done = running.run(tmp_path, "validate", "a.yml", env=env)
    assert done.status == 2
    assert "unknown matcher `$evn`" in done.stderr
    assert "did you mean `$even`?" in done.stderr


def test_the_schema_for_editors_knows_them(tmp_path: Path) -> None:
    env = project(tmp_path, "{name: one}")
    known = json.loads(running.run(tmp_path, "schema", env=env).stdout)["definitions"]["matchers"]
    assert "$even" in known["properties"]
    assert "$even" not in running.run(tmp_path, "schema").stdout


def test_what_they_print_keeps_off_a_report(tmp_path: Path) -> None:
    env = project(tmp_path, "{name: one, event: {a: 2}, expect: {output: {a: {$even: true}}}}")
    done = running.run(tmp_path, "run", "a.yml", "--json", "-", env=env)
    assert json.loads(done.stdout)["summary"]["passed"] == 1
    assert "loaded\n" in done.stderr
    assert "judging 2\n" in done.stderr


def test_defaults_of_a_directory_may_use_them(tmp_path: Path) -> None:
    env = project(tmp_path, "{name: one, event: 3}", "{name: two, event: 2}")
    (tmp_path / "_defaults.yml").write_text("defaults: {expect: {output: {$even: true}}}\n")
    running.run(tmp_path, "run", "a.yml", env=env)
    assert {name: found["status"] for name, found in results(tmp_path).items()} == {
        "one": "failed",
        "two": "passed",
    }


def test_a_suite_without_them_looks_for_none(tmp_path: Path) -> None:
    env = project(tmp_path, "{name: one, event: {a: 3}, expect: {output: {a: {$gt: 2}}}}")
    script = (
        "import sys, os; from lambda_scenarios.cli.main import main;"
        "from lambda_scenarios.runtimes.runtime import World;"
        "main(['run', 'a.yml', '-q'], World(os.environ, os.getcwd()));"
        "print([name for name in sys.modules if name in ('importlib.metadata', 'acme.matchers')"
        " or 'extending' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=running.environment(env),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
