"""The plugin in a pytest of its own: what is collected, how it ends, and what is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]  # lxml has no types of its own

from tests.program import running, several

SERVICE = """\
service: shop
provider: {name: aws, runtime: python3.11, environment: {LEVEL: service}}
functions:
  create: {handler: app.create}
  get: {handler: app.get}
  count: {handler: app.count}
  clean: {handler: app.clean}
"""
SCENARIOS = """\
  - {name: passes, function: create, event: {what: it}, tags: [smoke, not-a-marker]}
  - {name: fails, function: get, event: {id: o-1}, expect: {output_includes: {found: o-2}}}
  - {name: raises, function: get}
  - {name: skipped, function: get, skip: not here}
  - {name: expected, function: get, xfail: ticket 12}
  - {name: unexpected, function: create, xfail: ticket 13}
  - {name: "flaky [a::b]", function: create}
"""


def project(directory: Path, scenarios: str = SCENARIOS) -> None:
    several.write(directory, scenarios.replace("a::b", "a:b"), "all.yml")
    (directory / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -p no:cacheprovider\n")


def run(directory: Path, *arguments: str, mark: str = "") -> running.Done:
    """pytest, with the plugin as its entry point loads it, and without this run's own surroundings."""
    env = {name: value for name, value in running.environment().items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=directory,
        env={**env, running.MARK: mark},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=170,
        check=False,
    )
    return running.Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_scenarios_are_items(tmp_path: Path) -> None:
    project(tmp_path)
    mark = f"plugin-{tmp_path}"
    done = run(tmp_path, "-q", "-rA", "--junitxml=junit.xml", mark=mark)
    assert done.status == 1, done.stderr
    assert "3 failed, 2 passed, 1 skipped, 1 xfailed" in done.stdout
    assert "FAILED all.yml::fails - output.found: expected" in done.stdout
    assert "pytest_plugin.py" not in done.stdout, "no internal frames"
    place = next(line for line in done.stdout.splitlines() if "expect.output_includes.found" in line)
    assert "all.yml:11:" in place
    assert '-   "found": "o-2"' in done.stdout
    assert "creating it" in done.stdout, "the function's output is captured"
    assert "SKIPPED [1] all.yml: not here" in done.stdout
    cases = {one.get("name"): one for one in etree.parse(tmp_path / "junit.xml").iter("testcase")}
    assert len(cases) == 7
    names = [one.get("name") for one in cases["passes"].iter("property")]
    assert names == ["function", "request_id", "duration_ms"]
    assert running.left_behind(mark) == []


def test_selection(tmp_path: Path) -> None:
    project(tmp_path)
    assert "1 passed, 6 deselected" in run(tmp_path, "-q", "-m", "smoke").stdout
    assert "2 passed, 5 deselected" in run(tmp_path, "-q", "-k", "passes or flaky").stdout
    assert "1 passed" in run(tmp_path, "-q", "all.yml::passes").stdout
    listed = run(tmp_path, "--collect-only", "-q").stdout.splitlines()
    assert "all.yml::flaky [a:b]" in listed


def test_last_failed_and_durations(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = run(tmp_path, "-q", "--durations=3", "--durations-min=0")
    assert "slowest 3 durations" in done.stdout
    assert "3 failed" in run(tmp_path, "-q", "--lf").stdout


def test_a_file_that_cannot_be_used_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("scenarios:\n- {name: a, functio: b}\n")
    (tmp_path / "foreign.yml").write_text("resources: [1, 2]\n")
    done = run(tmp_path, "-q")
    assert done.status == 2
    assert "unknown key `functio`" in done.stdout and "bad.yml:2:" in done.stdout
    assert "did you mean `function`?" in done.stdout
    assert "lambda_scenarios/" not in done.stdout
    assert "foreign.yml" not in done.stdout


def test_options_of_a_run(tmp_path: Path) -> None:
    project(
        tmp_path,
        """\
  - {name: env, function: get, event: {id: o-1}, expect: {output_includes: {env: given}}}
""",
    )
    assert run(tmp_path, "-q").status == 1
    assert run(tmp_path, "-q", "--scenarios", "-e OF_STEP=given").status == 0
    (tmp_path / "pytest.ini").write_text("[pytest]\nlambda_scenarios_options = -e OF_STEP=given\n")
    assert run(tmp_path, "-q").status == 0
    (tmp_path / "pytest.ini").write_text("[pytest]\nlambda_scenarios_collect = false\n")
    assert run(tmp_path, "-q").status == 5
    done = run(tmp_path, "-q", "--scenarios", "--stge dev")
    assert done.status == 4
    assert "did you mean `--stage`?" in done.stderr


def test_steps_retries_and_snapshots(tmp_path: Path) -> None:
    project(
        tmp_path,
        """\
  - name: steps
    steps: [{id: one, function: create}, {function: get, event: {id: "{{ steps.one.output.id }}"}}]
  - {name: flaky, function: nth, event: {trace: t}, retries: 2, expect: {output_includes: {n: 2}}}
  - {name: stored, function: get, event: {id: o-1}, expect: {snapshot: true}}
""",
    )
    done = run(tmp_path, "-q")
    assert done.status == 0, done.stdout
    assert "FlakyScenario: all.yml::flaky passed at attempt 2" in done.stdout
    stored = json.loads((tmp_path / "__snapshots__" / "all.yml.json").read_text())
    assert list(stored) == ["stored"]


FUNCTIONS = """\
import pytest
from lambda_scenarios.pytest_project import LambdaError

def test_result(lambda_function):
    create = lambda_function("create")
    assert create({"what": 1}) == {"id": "o-1", "what": 1, "secret": None}

def test_warm(lambda_function):
    count = lambda_function("count")
    first, second = count.invoke(), count.invoke()
    assert (first.output["calls"], second.output["calls"]) == (1, 2)
    assert first.init_ms is not None and second.init_ms is None

def test_env_and_context(lambda_function):
    assert lambda_function("clean")()["echo"] == {}, "as of a scenario without an event"
    assert lambda_function("clean")(None)["echo"] is None
    got = lambda_function("get")({"id": "o-1"}, env={"OF_STEP": "x"}, context={"function_name": "f"})
    assert got == {"found": "o-1", "env": "x", "name": "f"}

def test_error(lambda_function):
    with pytest.raises(LambdaError) as caught:
        lambda_function("get")({"id": "unknown"})
    assert caught.value.error_type == "KeyError"
    assert any("app.py" in line for line in caught.value.stack)

def test_unexpected(lambda_function):
    lambda_function("get")({"id": "unknown"})

def test_unknown(lambda_function):
    lambda_function("craete")
"""


def test_functions_in_tests_of_python(tmp_path: Path) -> None:
    project(tmp_path, "  - {name: shares, function: count}\n")
    (tmp_path / "all.yml").unlink()
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "test_shop.py").write_text(FUNCTIONS)
    done = run(tmp_path, "-q")
    assert "2 failed, 4 passed" in done.stdout, done.stdout
    assert "LambdaError: KeyError: 'unknown'" in done.stdout
    assert "did you mean `create`?" in done.stdout
    assert "pytest_project.py" not in done.stdout, "no internal frames"


def test_a_thousand_under_xdist(tmp_path: Path) -> None:
    """Names that are drawn at random are the same in all processes."""
    several.write(
        tmp_path,
        """\
  - {name: "drawn {{ uuid() }}", function: count}
"""
        + "".join(f"  - {{name: one {n}, function: clean, event: {n}}}\n" for n in range(999)),
    )
    mark = f"plugin-{tmp_path}"
    done = run(tmp_path, "-q", "-n", "4", mark=mark)
    assert "1000 passed" in done.stdout, done.stdout[-3000:]
    assert running.left_behind(mark) == []


def test_an_interrupt_ends_the_workers(tmp_path: Path) -> None:
    project(tmp_path, "  - {name: waits, function: wait, event: {trace: waiting}, timeout: 50}\n")
    mark = f"plugin-{tmp_path}"
    env = {name: value for name, value in running.environment().items() if not name.startswith("PYTEST_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path,
        env={**env, running.MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    running.appears(tmp_path / "traces" / "waiting", process)
    done = running.interrupt(process)
    assert done.status == 2
    assert "KeyboardInterrupt" in done.stdout
    assert running.left_behind(mark) == []


def test_it_costs_nothing_where_there_are_no_scenarios(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(
        "import sys\n\ndef test_a():\n"
        "    loaded = sorted(name for name in sys.modules if name.startswith('lambda_scenarios'))\n"
        "    assert loaded == ['lambda_scenarios', 'lambda_scenarios.pytest_plugin']\n"
    )
    done = run(tmp_path, "-q")
    assert done.status == 0, done.stdout


def test_the_plugin_is_an_entry_point() -> None:
    from importlib.metadata import entry_points

    (found,) = [one for one in entry_points(group="pytest11") if one.name == "lambda-scenarios"]
    assert found.value == "lambda_scenarios.pytest_plugin"


def test_tags_named_like_markers_of_pytest_change_nothing(tmp_path: Path) -> None:
    project(
        tmp_path,
        "".join(
            f"  - {{name: {tag}, function: create, tags: [{tag}], expect: {{output: 2}}}}\n"
            for tag in ("xfail", "skip", "skipif", "_slow")
        ),
    )
    assert "4 failed" in run(tmp_path, "-q").stdout
