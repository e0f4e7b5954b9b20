"""The plugin in a pytest of its own: what is collected, how it ends, and what is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]  # lxml has no types of its own

from tests.program import running, several
from tests.pytest_plugin.pytests import project, run


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
    assert names == ["function", "seed", "request_id", "duration_ms"]
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
    (tmp_path / "conftest.py").write_text(
        "import sys\n\ndef pytest_sessionfinish():\n"
        "    assert 'lambda_scenarios.pytest_project' not in sys.modules\n"
    )
    done = run(tmp_path, "-q", "-n", "2")
    assert done.status == 0, done.stdout + done.stderr


def test_processes_have_the_seed_that_is_said_or_one_of_their_own(tmp_path: Path) -> None:
    project(tmp_path, '  - {name: "drawn {{ random_int(1, 1000000) }}", function: create}\n')
    plain = run(tmp_path, "-q", "-rA", "--scenarios=--seed 7").stdout
    (name,) = [line for line in plain.splitlines() if line.startswith("PASSED all.yml::drawn ")]
    assert name in run(tmp_path, "-q", "-rA", "-n", "2", "--scenarios=--seed 7").stdout
    other = run(tmp_path, "-q", "-rA", "-n", "2", "--junitxml=junit.xml").stdout
    assert "1 passed" in other and name not in other
    (seed,) = etree.parse(tmp_path / "junit.xml").xpath("//property[@name='seed']/@value")
    (drawn,) = [line for line in other.splitlines() if line.startswith("PASSED all.yml::drawn ")]
    assert drawn in run(tmp_path, "-q", "-rA", f"--scenarios=--seed {seed}").stdout


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


BREAKS_IN = """\
import pytest, signal

@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    def alarm(number, frame):
        pytest.fail("took too long")
    if item.name == "waits":
        signal.signal(signal.SIGALRM, alarm)
        signal.setitimer(signal.ITIMER_REAL, 1)
    return (yield)
"""


def test_what_breaks_into_a_scenario_costs_no_other_its_result(tmp_path: Path) -> None:
    """As time limits of other plugins do: the worker that was busy must not answer for the next one."""
    project(
        tmp_path,
        """\
  - {name: waits, function: wait, event: {trace: waiting}, timeout: 50}
  - {name: next, function: wait, event: {trace: next}, timeout: 0.5, xfail: too slow}
  - {name: other, function: create, event: {what: it}, expect: {output_includes: {what: it}}}
""",
    )
    (tmp_path / "conftest.py").write_text(BREAKS_IN)
    mark = f"plugin-{tmp_path}"
    done = run(tmp_path, "-q", mark=mark)
    assert "1 failed, 1 passed, 1 xfailed" in done.stdout, done.stdout
    assert "FAILED all.yml::waits - took too long" in done.stdout
    assert ".py:" not in done.stdout, "no internal frames"
    assert running.left_behind(mark) == []


def test_options_that_are_pytests_own_are_refused(tmp_path: Path) -> None:
    """Taken in silence, they would promise what nothing does."""
    project(tmp_path)
    for options, said in (
        ("--coverage", "--scenarios doesn't take `--coverage`"),
        ("-e A=1 -x", "pytest has -x"),
        ("all.yml", "arguments of pytest"),
        ("--debug", "--scenarios doesn't take `--debug`"),
        ("--help", "lambda-scenarios run --help"),
        ("-e 'A", "No closing quotation"),
    ):
        done = run(tmp_path, "-q", f"--scenarios={options}")
        assert done.status == 4, options
        assert said in done.stderr and "INTERNALERROR" not in done.stdout + done.stderr, options
    (tmp_path / "lambda-scenarios.yml").write_text("coverage: true\nshard: 2/2\nmax_time: 0.1\ndebug: true\n")
    assert "1 passed" in run(tmp_path, "-q", "all.yml::passes").stdout, (
        "those of the project are for its runs"
    )


def test_what_the_project_selects_and_excludes(tmp_path: Path) -> None:
    project(tmp_path, "  - {name: one, function: create, tags: [smoke]}\n  - {name: two, function: create}\n")
    text = (tmp_path / "all.yml").read_text()
    (tmp_path / "none.yml").write_text(text.replace("[smoke]", "[slow]"))
    for directory in ("drafts", "cdk.out"):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "a.yml").write_text("scenarios:\n- {name: draft, function: nowhere}\n")
    (tmp_path / "_defaults.yml").write_text("expect: 1\n")
    (tmp_path / "lambda-scenarios.yml").write_text("exclude: [drafts]\npresets: {smoke: {tag: smoke}}\n")
    done = run(tmp_path, "--collect-only", "-q")
    assert "_defaults.yml" in done.stdout and "draft" not in done.stdout, "it is told as what files inherit"
    (tmp_path / "_defaults.yml").write_text("defaults: {}\n")
    done = run(tmp_path, "--collect-only", "-q")
    assert done.status == 0 and "4 tests collected" in done.stdout, done.stdout
    done = run(tmp_path, "--collect-only", "-q", "--scenarios=--preset smoke")
    assert done.stdout.splitlines()[0] == "all.yml::one" and "1 test collected" in done.stdout
    other = text.replace("function: create", "function: get")
    assert other != text
    (tmp_path / "none.yml").write_text(other)
    for functions, count in (("--function create --function get", 4), ("--function get", 2)):
        done = run(tmp_path, "--collect-only", "-q", f"--scenarios={functions}")
        assert f"{count} tests collected" in done.stdout, "each is in another file"
    done = run(tmp_path, "--collect-only", "-q", "drafts")
    assert "no function `nowhere`" in done.stdout, "what is named is read"


def test_warnings_and_how_strict_they_are(tmp_path: Path) -> None:
    project(tmp_path, "  - {name: one, function: create, context: {functionNam: x}}\n")
    done = run(tmp_path, "-q")
    assert done.status == 0 and "ScenarioWarning: warning: the context has no `functionNam`" in done.stdout
    for strict in ("--scenarios=--strict", "-Werror"):
        done = run(tmp_path, "-q", strict)
        assert done.status == 2 and "all.yml:" in done.stdout and ".py:" not in done.stdout, done.stdout


def test_flaky_ones_may_fail(tmp_path: Path) -> None:
    flaky = """\
  - {name: flaky, function: nth, event: {trace: TRACE}, retries: 2, expect: {output_includes: {n: 2}}}
"""
    for number, strict in enumerate(("--scenarios=--fail-on-flaky", "-Werror")):
        project(tmp_path, flaky.replace("TRACE", f"t{number}"))
        done = run(tmp_path, "-q", strict)
        assert "FAILED all.yml::flaky - " in done.stdout and "passed at attempt 2" in done.stdout
        assert ".py:" not in done.stdout, "no internal frames"


def test_runxfail_is_of_scenarios_too(tmp_path: Path) -> None:
    project(tmp_path, "  - {name: expected, function: get, xfail: ticket 12}\n")
    assert "1 xfailed" in run(tmp_path, "-q").stdout
    assert (
        "FAILED all.yml::expected - error: the function failed: KeyError"
        in run(tmp_path, "-q", "--runxfail").stdout
    )


def test_a_defect_is_told_without_its_place(tmp_path: Path) -> None:
    project(tmp_path, "  - {name: one, function: create}\n")
    (tmp_path / "conftest.py").write_text(
        "from lambda_scenarios.pytest_project import Project\n"
        "def broken(self, case): raise IndexError('of the program')\n"
        "Project.run = broken\n"
    )
    done = run(tmp_path, "-q")
    assert "lambda-scenarios itself failed: IndexError: of the program" in done.stdout
    assert ".py:" not in done.stdout


SLOW_END = """\
import os, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config):
    os._exit(0)  # as xdist ends a process in which what other plugins do at the end takes long
"""


def test_processes_store_snapshots_in_one_file(tmp_path: Path) -> None:
    project(
        tmp_path,
        "".join(
            f"  - {{name: stored {n}, function: create, event: {{what: {n}}}, expect: {{snapshot: true}}}}\n"
            for n in range(20)
        ),
    )
    (tmp_path / "conftest.py").write_text(SLOW_END)
    run(tmp_path, "-q", "-n", "3")
    stored = json.loads((tmp_path / "__snapshots__" / "all.yml.json").read_text())
    assert len(stored) == 20


def test_snapshots_that_cannot_be_stored_are_no_success(tmp_path: Path) -> None:
    project(tmp_path, "  - {name: stored, function: create, event: {}, expect: {snapshot: true}}\n")
    (tmp_path / "conftest.py").write_text(
        "def pytest_runtest_setup():\n    open('__snapshots__', 'w').close()\n"
    )
    for processes in ((), ("-n", "2")):
        (tmp_path / "__snapshots__").unlink(missing_ok=True)
        done = run(tmp_path, "-q", *processes)
        assert done.status == 1, done.stdout
        assert "snapshots are not stored: __snapshots__/all.yml.json can't be written" in done.stdout
        assert "1 passed" in done.stdout


def test_lines_of_the_file_show_no_secrets(tmp_path: Path) -> None:
    project(
        tmp_path,
        """\
  - {name: one, function: get, event: {id: o-1}, env: {API_TOKEN: not-to-be-seen}, expect: {output: 1}}
""",
    )
    done = run(tmp_path, "-q", "--junitxml=junit.xml")
    assert "1 failed" in done.stdout and "TOKEN: ***" in done.stdout, done.stdout
    assert "not-to-be-seen" not in done.stdout + (tmp_path / "junit.xml").read_text()
