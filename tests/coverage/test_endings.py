"""Lines that ran are told of whatever ended the invocation or the worker, as far as that is possible."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from lambda_scenarios.coverage.lcov import parse
from tests.coverage import project
from tests.coverage.project import covered, marked, reached, scenarios, temporary
from tests.program import running

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js: apt-get install nodejs")
PYTHON = ("inPython", "app.py")
NODE = ("inNode", "app.js")
# What is ended without being asked loses the lines of that invocation, and of no other.
LOST = {("app.py", "crash"), ("app.js", "crash"), ("app.js", "loop")}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    project.write(tmp_path)
    return tmp_path


# In this order, each worker that is ended has served something before.
ORDER = {
    "app.py": (
        *("plain", "raise", "sleep", "child", "loop", "deep", "crash"),
        *("sys.exit", "os._exit", "large"),
    ),
    "app.js": (
        *("raise", "crash", "plain", "loop", "sleep", "process.exit", "uncaught", "unhandled", "unsettled"),
        "large",
    ),
}


@pytest.mark.parametrize(("function", "file"), [PYTHON, pytest.param(*NODE, marks=needs_node)])
@pytest.mark.parametrize("isolation", ["warm", "cold"])
def test_each_ending_keeps_what_ran(shop: Path, function: str, file: str, isolation: str) -> None:
    assert set(ORDER[file]) == set(marked(file))
    scenarios(shop, *((function, kind) for kind in ORDER[file]))
    found = covered(shop, "-j", "1", "--isolation", isolation)[file]
    assert reached(file, found) == set(ORDER[file]) - {kind for name, kind in LOST if name == file}


LOADING = {
    "app.py": "x = 1\nif x:\n    raise ValueError(x)\ny = 2\n",
    "app.js": "const x = 1;\nif (x === 1) {\n  throw new Error('x');\n}\nif (x === 2) {\n  x.y();\n}\n",
}


@pytest.mark.parametrize(("function", "file"), [PYTHON, pytest.param(*NODE, marks=needs_node)])
def test_a_module_that_cant_be_loaded_keeps_what_ran(shop: Path, function: str, file: str) -> None:
    (shop / file).write_text(LOADING[file])
    scenarios(shop, (function, "plain"))
    lines = covered(shop)[file].lines
    ran = {"app.py": {1: True, 3: True, 4: False}, "app.js": {1: True, 3: True, 6: False}}[file]
    assert {line: bool(lines[line]) for line in ran} == ran


@pytest.mark.parametrize(("function", "file"), [PYTHON, pytest.param(*NODE, marks=needs_node)])
def test_a_run_that_stops_keeps_what_ran(shop: Path, function: str, file: str) -> None:
    """-x ends workers that are busy with other invocations."""
    scenarios(shop, (function, "plain"), (function, "raise"), (function, "sleep"))
    assert reached(file, covered(shop, "-x", "-j", "1")[file]) == {"plain", "raise"}


@pytest.mark.parametrize(("function", "file"), [PYTHON, pytest.param(*NODE, marks=needs_node)])
def test_interrupted_runs_keep_what_ran(shop: Path, function: str, file: str) -> None:
    scenarios(shop, (function, "plain"), (function, "sleep"), more=", timeout: 60")
    with temporary(shop) as env:
        process = running.start(shop, ("run", "--coverage", "-j", "1"), env=env)
        running.appears(shop / "asleep", process)
        done = running.interrupt(process, signal.SIGINT)
    assert done.status == 130, done.stdout + done.stderr
    files = {one.path: one for one in parse((shop / "reports" / "coverage.lcov").read_text())}
    assert reached(file, files[file]) == {"plain", "sleep"}


def test_a_run_that_is_killed_leaves_nothing(shop: Path) -> None:
    scenarios(shop, ("inPython", "plain"), ("inPython", "sleep"), more=", timeout: 60")
    with temporary(shop) as env:
        process = running.start(shop, ("run", "--coverage", "-j", "1"), env={**env, running.MARK: str(shop)})
        running.appears(shop / "asleep", process)
        place = Path(env["TMPDIR"])
        assert [one.name for one in place.glob("lambda-scenarios-coverage-*")]
        process.kill()
        process.communicate(timeout=60)
        # Its workers may still be writing while what they have written is removed.
        until = time.monotonic() + 60
        while running.left_behind(str(shop)) and time.monotonic() < until:
            time.sleep(0.01)
        assert list(place.iterdir()) == []
