"""Builds: when they are run, together and alone, failed and interrupted."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from lambda_scenarios import state
from lambda_scenarios.builds import Site, run_builds
from lambda_scenarios.model.function import Function, ServiceInfo
from tests.program import running


def function(root: Path, key: str, build: str | None, code: str = "src") -> Function:
    return Function(
        key=key,
        name=key,
        handler="bootstrap",
        runtime="provided.al2023",
        code=str(root / code),
        service=ServiceInfo("s", "dev", "us-east-1", str(root), None),
        build=build,
    )


class Builder:
    """A project; `run` gives the names of what was built."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said: list[str] = []
        self.failed: dict[tuple[str, str], str] = {}
        (root / "src").mkdir()

    def run(self, *functions: Function) -> list[str]:
        self.said.clear()
        site = Site(str(self.root), str(self.root / "reports"), str(self.root), os.environ)
        handlers = {
            number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            failed = run_builds(functions, site, self.said.append)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        self.failed = {build: "\n".join((part.problem, *part.notes)) for build, part in failed.items()}
        return [line.split()[1].rstrip(":") for line in self.said if line.startswith("building")]


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(tmp_path)


def test_once_and_again_after_a_change(builder: Builder) -> None:
    source = builder.root / "src/main.txt"
    source.write_text("one")
    function_a = function(builder.root, "a", "cp main.txt bootstrap")
    assert builder.run(function_a, function_a) == ["a"]
    assert builder.said[0] == "building a: cp main.txt bootstrap   (in src)"
    assert builder.run(function_a) == []
    source.write_text("another")
    assert builder.run(function_a) == ["a"]
    assert (builder.root / "src/bootstrap").read_text() == "another"
    (builder.root / "src/bootstrap").unlink()
    assert builder.run(function_a) == ["a"]
    (builder.root / "src/new.txt").write_text("")
    assert builder.run(function_a) == ["a"]
    assert builder.run(function_a) == []
    assert (builder.root / ".lambda-scenarios/.gitignore").read_text() == "*\n"


def test_reports_and_caches_are_no_sources(builder: Builder) -> None:
    whole = function(builder.root, "a", "true", code=".")
    assert builder.run(whole) == ["a"]
    for name in ("reports/report.json", "src/__pycache__/a.pyc", ".git/index"):
        (builder.root / name).parent.mkdir(exist_ok=True)
        (builder.root / name).write_text("")
    assert builder.run(whole) == []


def test_two_builds_of_one_directory(builder: Builder) -> None:
    both = [function(builder.root, name, f"date +%N > {name}") for name in ("a", "b")]
    assert builder.run(*both) == ["a", "b"]
    assert builder.run(*both) == []
    assert builder.run(both[1]) == []


def test_two_functions_of_one_build(builder: Builder) -> None:
    assert builder.run(function(builder.root, "a", "true"), function(builder.root, "b", "true")) == ["a"]
    assert builder.said[0].startswith("building a and b: true")


def test_a_function_without(builder: Builder) -> None:
    assert builder.run(function(builder.root, "a", None)) == []
    assert not (builder.root / ".lambda-scenarios").exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo out; echo err >&2; exit 3", ("exited with status 3", "  out\n  err")),
        ("kill -9 $$", ("ended by signal 9",)),
        ("no-such-compiler", ("exited with status 127", "no-such-compiler")),
        ("seq 1 100; false", ("… 60 lines before these\n  61\n", "  100")),
        ("printf 'caf\\351\\n'; false", ("caf\ufffd",)),
    ],
)
def test_failures(builder: Builder, command: str, words: Sequence[str]) -> None:
    broken = function(builder.root, "a", command)
    assert builder.run(broken) == ["a"]
    text = builder.failed[(command, broken.code)]
    assert text.startswith("the build of a failed\n")
    for word in words:
        assert word in text
    assert builder.run(broken) == ["a"]  # a failure is never up to date


def test_quotes_and_lines(builder: Builder) -> None:
    odd = function(builder.root, "a", "printf '%s' \"it's $((1 + 1))\" > out\nprintf more >> out")
    builder.run(odd)
    assert builder.failed == {}
    assert (builder.root / "src/out").read_text() == "it's 2more"


def _until_gone(needle: str) -> None:
    """What was killed may be on its way out for a moment."""
    until = time.monotonic() + 30
    while running.left_behind(needle):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_it_leaves_running_is_ended(builder: Builder) -> None:
    builder.run(function(builder.root, "a", f"sleep 1234.{os.getpid()} & echo started"))
    assert builder.failed == {}
    _until_gone(f"1234.{os.getpid()}")


def test_a_project_that_cannot_be_written(builder: Builder) -> None:
    """Then it is built each time."""
    (builder.root / ".lambda-scenarios").write_text("no directory")
    assert builder.run(function(builder.root, "a", "true")) == ["a"]
    assert builder.run(function(builder.root, "a", "true")) == ["a"]


SCENARIOS = """
service: null
functions:
  a: {handler: bootstrap, runtime: provided.al2023, code: src, build: "%s"}
scenarios:
  - {name: one, function: a}
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(tmp_path: Path, number: int) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "scenarios.yml").write_text(SCENARIOS % f"mkfifo at; echo > at; sleep 4321.{os.getpid()}")
    process = running.start(tmp_path, ["run", "scenarios.yml"])
    # The build says when it has begun.
    while not (tmp_path / "src/at").exists():
        assert process.poll() is None
    (tmp_path / "src/at").read_text()
    done = running.interrupt(process, number)
    assert done.status == 130
    assert "nothing was run" in done.stderr
    assert running.left_behind(f"4321.{os.getpid()}") == []


def test_killed(tmp_path: Path) -> None:
    """What it was building is ended by the reaper."""
    (tmp_path / "src").mkdir()
    (tmp_path / "scenarios.yml").write_text(SCENARIOS % "mkfifo at held; echo > at; sleep 999 > held")
    process = running.start(tmp_path, ["run", "scenarios.yml"])
    while not (tmp_path / "src/held").exists():
        assert process.poll() is None
    (tmp_path / "src/at").read_text()
    reader = os.open(tmp_path / "src/held", os.O_RDONLY)  # held open by the build alone
    running.interrupt(process, signal.SIGKILL)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_two_runs_at_once(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    body = "mkdir building && mkfifo at && echo > at && rmdir building && rm at"
    (tmp_path / "scenarios.yml").write_text(SCENARIOS % body)
    first = running.start(tmp_path, ["run", "scenarios.yml", "--report-dir", "one"])
    while not (tmp_path / "src/at").exists():
        assert first.poll() is None
    second = running.start(tmp_path, ["run", "scenarios.yml", "--report-dir", "two"])
    assert second.stderr is not None
    assert second.stderr.readline() == b"waiting for another run that is building\n"
    (tmp_path / "src/at").read_text()
    outputs = [process.communicate(timeout=60) for process in (first, second)]
    assert b"built a in" in outputs[0][1]
    assert b"building a" not in outputs[1][1]  # it is up to date


def test_a_failed_build_is_an_error_that_no_option_skips(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "scenarios.yml").write_text(SCENARIOS % "echo what the compiler says; exit 2")
    done = running.run(tmp_path, "run", "scenarios.yml", "--no-reports", "--missing-runtime", "skip")
    assert done.status == 1
    assert "the build of a failed" in done.stdout
    assert "what the compiler says" in done.stdout
    assert state.FOLDER == ".lambda-scenarios"


def test_a_build_whose_program_is_missing_is_a_part_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "scenarios.yml").write_text(
        "functions: {f: {handler: bootstrap, runtime: provided.al2023, code: ., build: no-such-compiler}}\n"
        "service: null\nscenarios: [{name: a, function: f}]\n"
    )
    done = running.run(tmp_path, "run", "scenarios.yml", "--no-reports")
    assert done.status == 1
    assert "or: --missing-runtime skip" in done.stdout
    done = running.run(tmp_path, "run", "scenarios.yml", "--no-reports", "--missing-runtime", "skip")
    assert (done.status, "1 skipped" in done.stdout) == (0, True), done


def test_the_time_of_the_whole_run_is_a_build_s_too(tmp_path: Path) -> None:
    sleep = f"sleep 1235.{os.getpid()}"
    (tmp_path / "src").mkdir()
    (tmp_path / "scenarios.yml").write_text(SCENARIOS % f"echo begun; {sleep}")
    done = running.run(tmp_path, "run", "scenarios.yml", "--no-reports", "--max-time", "1")
    assert done.status == 1
    assert "it was still at work when the time of the whole run was over (--max-time)" in done.stdout
    assert "    begun" in done.stdout
    _until_gone(sleep)
