"""`run --watch`: files are changed while the real program waits, and what it runs then is looked at."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.program import running
from tests.watching.watched import Watch

SERVICE = f"""\
service: shop
provider: {{name: aws, runtime: python3.{sys.version_info[1]}}}
package: {{individually: true, patterns: ['!**']}}
functions:
  orders: {{handler: src/orders.handler, package: {{patterns: ['src/orders.py', 'src/shared.py']}}}}
  mail: {{handler: src/mail.handler, package: {{patterns: ['src/mail.py', 'src/shared.py']}}}}
"""
ORDERS = """\
scenarios:
  - {name: one, function: orders, event: {a: 1}, expect: {output: {said: hello}}}
  - {name: two, function: orders, event_path: two.json, expect: {output: {said: hello}}}
"""
MAIL = "scenarios:\n  - {name: sent, function: mail, expect: {output: hello}}\n"
ALL = {"orders.yml::one", "orders.yml::two", "mail.yml::sent"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        "serverless.yml": SERVICE,
        "src/shared.py": 'WORD = "hello"\n',
        "src/orders.py": "from src.shared import WORD\ndef handler(*_):\n    return {'said': WORD}\n",
        "src/mail.py": "from src.shared import WORD\ndef handler(event, context):\n    return WORD\n",
        "scenarios/orders.yml": ORDERS,
        "scenarios/mail.yml": MAIL,
        "scenarios/two.json": "{}",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@contextlib.contextmanager
def watching(project: Path, env: dict[str, str] | None = None) -> Iterator[Watch]:
    found = Watch(project, env=env)
    try:
        yield found
        found.end()
    finally:
        if found.process.poll() is None:
            found.process.kill()
        found.process.communicate(timeout=60)


@pytest.fixture
def watch(project: Path) -> Iterator[Watch]:
    with watching(project) as found:
        first = found.until_it_waits()
        assert "3 scenarios" in first
        assert ran(first) == ALL
        yield found


def ran(said: str) -> set[str]:
    """The scenarios that ran, by what is said of each."""
    found, file = set(), ""
    for line in said.split("\n"):
        words = line.split()
        if line.startswith("  scenarios/"):
            file = words[0].removeprefix("scenarios/")
        elif line.startswith("    ") and len(words) > 2 and words[0] in "✓✗!":
            found.add(f"{file}::{words[1]}")
    return found


def test_code_of_one_function_runs_its_scenarios_again_on_new_code(watch: Watch) -> None:
    said = watch.after("src/orders.py", "def handler(event, context):\n    return {'said': 'other'}\n")
    assert "src/orders.py changed" in said
    assert ran(said) == {"orders.yml::one", "orders.yml::two"}
    assert "1 passed · 2 failed" in said
    assert "✗ scenarios/orders.yml::one: failed, passed before" in said
    # The report is of everything, with what has not run again.
    assert watch.statuses() == dict.fromkeys(ALL, "failed") | {"mail.yml::sent": "passed"}
    said = watch.after("src/orders.py", "def handler(event, context):\n    return {'said': 'hello'}\n")
    assert "3 passed" in said
    assert "✓ scenarios/orders.yml::two: passed, failed before" in said
    assert watch.statuses() == dict.fromkeys(ALL, "passed")


def test_a_layer_in_an_archive(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    def pack(word: str) -> None:
        with zipfile.ZipFile(project / "fresh.zip", "w") as file:
            file.writestr("python/word.py", f"WORD = '{word}'\n")
        (project / "fresh.zip").replace(project / "layer.zip")

    service = SERVICE.replace("mail: {", "mail: {layers: [{Ref: ZippedLambdaLayer}], ")
    layers = "layers: {zipped: {package: {artifact: layer.zip}}}\n"
    (project / "serverless.yml").write_text(layers + service)
    (project / "src" / "mail.py").write_text("from word import WORD\ndef handler(*_):\n    return WORD\n")
    pack("hello")
    cache = str(tmp_path_factory.mktemp("cache"))
    with watching(project, {"XDG_CACHE_HOME": cache}) as watch:
        first = watch.until_it_waits()
        assert ran(first) == ALL
        pack("hallo")
        said = watch.until_it_waits()
        assert "layer.zip changed" in said
        assert ran(said) == {"mail.yml::sent"}
        assert "2 passed · 1 failed" in said
        assert "word.py" not in first + said, "what this program unpacks is no change"


def test_code_of_the_same_size_and_second_is_other_code(watch: Watch) -> None:
    path = watch.folder / "src" / "mail.py"
    fresh = path.with_name("mail.py~")
    for word in ("hallo", "hello", "hullo", "hello"):
        fresh.write_text(f"def handler(*_):\n    return '{word}'\n")
        os.utime(fresh, (1_700_000_000, 1_700_000_000))
        fresh.replace(path)
        assert ("3 passed" in watch.until_it_waits()) is (word == "hello")


def test_code_that_functions_share_runs_all_of_theirs(watch: Watch) -> None:
    assert ran(watch.after("src/shared.py", 'WORD = "hello"  # again\n')) == ALL


def test_the_service_file_and_what_stands_above_all_run_everything(watch: Watch) -> None:
    assert ran(watch.after("serverless.yml", SERVICE + "# more\n")) == ALL
    assert ran(watch.after("scenarios/_defaults.yml", "defaults: {timeout: 3}\n")) == ALL
    assert ran(watch.after("lambda-scenarios.yml", "stage: test\n")) == ALL


def test_of_a_scenario_file_what_is_written_anew_runs(watch: Watch) -> None:
    assert ran(watch.after("scenarios/orders.yml", ORDERS.replace("{a: 1}", "{a: 2}"))) == {"orders.yml::one"}
    assert ran(watch.after("scenarios/two.json", '{"b": 1}')) == {"orders.yml::two"}


def test_files_that_come_and_go(watch: Watch) -> None:
    assert ran(watch.after("scenarios/new.yml", MAIL.replace("sent", "new"))) == {"new.yml::new"}
    assert set(watch.statuses()) == ALL | {"new.yml::new"}
    (watch.folder / "scenarios" / "new.yml").unlink()
    said = watch.until_it_waits()
    assert ran(said) == set()
    assert "3 passed" in said
    assert set(watch.statuses()) == ALL
    (watch.folder / "scenarios" / "deep").mkdir()
    assert ran(watch.after("scenarios/deep/er.yml", MAIL)) == {"deep/er.yml::sent"}


def test_a_mistake_is_told_and_its_repair_runs_what_was_meant(watch: Watch) -> None:
    said = watch.after("scenarios/mail.yml", "scenarios: [\n")
    assert "error:" in said
    assert "scenarios/mail.yml:" in said
    said = watch.after("src/orders.py", "def handler(event, context):\n    return {'said': 'hello'}\n")
    assert "error:" in said
    # What changed while nothing could run has not been forgotten; the mended file is as it was.
    said = watch.after("scenarios/mail.yml", MAIL)
    assert ran(said) == {"orders.yml::one", "orders.yml::two"}
    said = watch.after("serverless.yml", "service: [\n")
    assert "serverless.yml:" in said
    assert ran(watch.after("serverless.yml", SERVICE + "# mended\n")) == ALL


def test_what_no_scenario_uses_runs_nothing(watch: Watch) -> None:
    said = watch.after("src/unused.py", "x = 1\n")
    assert "src/unused.py changed" in said
    assert "no scenario is touched by that" in said
    assert ran(said) == set()
    watch.after("src/mail.py", "def handler(event, context):\n    return 'another'\n")
    said = watch.after("scenarios/mail.yml", f"# a comment\n{MAIL}")
    assert ran(said) == set()
    assert "✗ scenarios/mail.yml::sent: still failed" in said


def test_enter_runs_everything(watch: Watch) -> None:
    assert watch.process.stdin is not None
    watch.process.stdin.write(b"\n")
    watch.process.stdin.flush()
    said = watch.until_it_waits()
    assert "all again" in said
    assert ran(said) == ALL


def test_a_burst_of_saves_is_one_run(watch: Watch) -> None:
    for number in range(20):
        (watch.folder / "src" / "mail.py").write_text(
            f"def handler(event, context):\n    return 'hello'  # {number}\n"
        )
        (watch.folder / "src" / "orders.py").write_text(
            f"def handler(event, context):\n    return {{'said': 'hello'}}  # {number}\n"
        )
    said = watch.until_it_waits()
    assert ran(said) == ALL
    # The next thing that is heard is of the next change.
    assert "src/unused.py changed" in watch.after("src/unused.py", "x = 1\n")


def test_what_changes_during_a_run_is_taken_up_after_it(watch: Watch) -> None:
    waiting = (
        "import os\ndef handler(event, context):\n    open('{}/began', 'w').close()\n"
        "    while not os.path.exists('{}/go'): pass\n    return 'hello'\n"
    ).replace("{}", str(watch.folder.parent))
    began, go = watch.folder.parent / "began", watch.folder.parent / "go"
    path = watch.folder / "src" / "mail.py"
    path.write_text(waiting)
    running.appears(began, watch.process)
    path.write_text("def handler(event, context):\n    return 'another'\n")
    go.touch()
    said = watch.until_it_waits()
    assert said.count("src/mail.py changed") == 2
    assert "✗ scenarios/mail.yml::sent: failed, passed before" in said


@pytest.mark.parametrize(
    ("name", "told", "runs"),
    [
        ("'out.txt'", "src/out.txt changes whenever", 5),
        ("uuid.uuid4().hex", "files come into src whenever", 4),
    ],
)
def test_a_function_that_writes_among_its_code_runs_no_scenario_for_ever(
    project: Path, name: str, told: str, runs: int
) -> None:
    (project / "serverless.yml").write_text(
        SERVICE.replace("patterns: ['src/mail.py', ", "patterns: ['src/**', ")
    )
    code = (
        "import os, uuid\ndef handler(event, context):\n"
        f"    with open(os.path.join(os.path.dirname(__file__), {name}), 'a') as file:\n"
        "        file.write('x')\n    return 'hello'\n"
    )
    (project / "src" / "mail.py").write_text(code)
    with watching(project) as watch:
        said = watch.until_it_waits()
        assert f"{told} scenarios run" in said
        assert said.count("✓ sent") == runs
        # It isn't begun again for the next change, which is that of somebody else.
        said = watch.after("src/mail.py", f"{code}# more\n")
        assert said.count("✓ sent") == 1
        if name == "'out.txt'":
            assert "mail.yml::sent" in ran(watch.after("src/out.txt", ""))


def test_the_end_of_a_watch_ends_the_run(project: Path) -> None:
    began = project.parent / f"{project.name}-began"
    (project / "src" / "mail.py").write_text(
        f"import time\ndef handler(*_):\n    open({str(began)!r}, 'w').close()\n    time.sleep(60)\n"
    )
    watch = Watch(project, "--timeout", "50")
    running.appears(began, watch.process)
    assert "interrupted (SIGTERM)" in watch.end(signal.SIGTERM)
    assert watch.statuses()["mail.yml::sent"] == "not run"


def test_without_being_told_by_the_system_it_looks(project: Path) -> None:
    with watching(project, {"LAMBDA_SCENARIOS_WATCH": "poll"}) as watch:
        assert ran(watch.until_it_waits()) == ALL
        said = watch.after("src/mail.py", "def handler(event, context):\n    return 'hello'\n")
        assert ran(said) == {"mail.yml::sent"}


@pytest.mark.parametrize("linked", [False, True])
def test_installed_packages_are_looked_at_by_their_list(watch: Watch, linked: bool) -> None:
    listed = watch.folder / "node_modules" / ".package-lock.json"
    if linked:
        elsewhere = watch.folder / "reports" / "installed"
        elsewhere.mkdir(parents=True)
        listed.parent.symlink_to(elsewhere)
    else:
        listed.parent.mkdir()
    (listed.parent / "left").mkdir()
    (listed.parent / "left" / "index.js").write_text("")
    listed.write_text("{}")
    said = watch.until_it_waits()
    while "node_modules/.package-lock.json changed" not in said:
        said = watch.until_it_waits()
    (listed.parent / "left" / "index.js").write_text("1")
    assert "src/unused.py changed" in watch.after("src/unused.py", "x = 1\n")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--debug"], "--debug"),
        (["--shard", "1/2"], "--shard"),
        (["--coverage"], "--coverage"),
        (["--update-snapshots"], "--update-snapshots"),
        (["--junit", "-"], "a report on the standard output"),
    ],
)
def test_options_that_contradict_are_told(project: Path, options: list[str], named: str) -> None:
    done = running.run(project, "run", "--watch", *options)
    assert done.status == 2
    assert f"{named} and --watch contradict each other" in done.stderr


def test_a_terminal_that_stops_what_writes_behind_it(project: Path) -> None:
    """`stty tostop`: the process of a run is in a group of its own, which isn't the terminal's."""
    leader, follower = pty.openpty()
    settings = termios.tcgetattr(follower)
    settings[3] |= termios.TOSTOP
    termios.tcsetattr(follower, termios.TCSANOW, settings)
    watch = subprocess.Popen(
        [sys.executable, "-c", _IN_A_TERMINAL, *running.PROGRAM, "run", "--watch"],
        cwd=project,
        env=running.environment(),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    too_long = threading.Timer(20, watch.kill)
    too_long.start()
    said = b""
    try:
        while b"runs all again" not in said:
            said += os.read(leader, 65536)
        assert b"3 passed" in said
        os.write(leader, b"\x03")
        with contextlib.suppress(OSError):  # the terminal is closed
            while os.read(leader, 65536):
                pass
        assert watch.wait(60) == 130
    finally:
        too_long.cancel()
        watch.kill()
        watch.wait()
        os.close(leader)


_IN_A_TERMINAL = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_nothing_to_watch_ends_as_a_run_does(project: Path) -> None:
    done = running.run(project, "run", "--watch", "-k", "nothing")
    assert done.status == 5
    (project / "lambda-scenarios.yml").write_text("watch: true\n")
    done = running.run(project, "run")
    assert done.status == 2
    assert "unknown key `watch`" in done.stderr
