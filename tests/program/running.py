"""Runs the real program in a directory, and looks for what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

# Of this interpreter, which functions run on: python3.11, say.
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
PROGRAM = (sys.executable, "-m", "lambda_scenarios")
# A variable that every process started by a test inherits, so that what is left of it can be found.
MARK = "LAMBDA_SCENARIOS_TEST_MARK"
# Neither those of this machine's user nor of the machine, where it is one of EC2.
NO_CREDENTIALS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Done(NamedTuple):
    status: int
    stdout: str
    stderr: str


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the program sees: this process's environment without what changes its behaviour."""
    dropped = ("CI", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "COLUMNS", "VIRTUAL_ENV")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith("AWS_")
    }
    kept |= NO_CREDENTIALS
    # The interpreters that functions run on: this one, by its directory.
    kept["PATH"] = os.path.dirname(os.path.realpath(sys.executable)) + os.pathsep + kept.get("PATH", "")
    return {**kept, **(extra or {})}


def run(directory: str | os.PathLike[str], *arguments: str, env: Mapping[str, str] | None = None) -> Done:
    """The program, to its end; a minute at most."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=directory,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def told_by(script: str, directory: str | os.PathLike[str]) -> Any:
    """What a script of Python says in its last line, as JSON: in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout.splitlines()[-1])


def start(
    directory: str | os.PathLike[str], arguments: Sequence[str], env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """The program, running; its stdout and stderr are pipes."""
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=directory,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def left_behind(needle: str) -> list[str]:
    """Commands of the processes whose environment or command line holds `needle` (Linux)."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environ = file.read()
            with open(f"/proc/{name}/cmdline", "rb") as file:
                command = file.read()
            with open(f"/proc/{name}/stat", "rb") as file:
                state = file.read().rpartition(b")")[2].split()[0]
        except OSError:
            continue
        if state != b"Z" and needle.encode() in environ + command:
            found.append(command.replace(b"\0", b" ").decode("utf-8", "replace"))
    return found


def alive(pid: int) -> bool:
    """Whether a process exists that is no zombie."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def appears(file: Path, process: subprocess.Popen[bytes]) -> None:
    """Waits until a function has made the file; the program must not end before."""
    while not file.exists():
        assert process.poll() is None, "the program has ended"
        time.sleep(0.005)


def interrupt(process: subprocess.Popen[bytes], number: int = signal.SIGINT) -> Done:
    """Sends a signal, and waits for the end."""
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, out.decode(), err.decode())


_NORMAL = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<request>"),
    (re.compile(r"\brequest [0-9a-f]{8}\b"), "request <id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?"), "<time>"),
    # As reports/text.py writes them: `<0.1 ms`, `1 002 ms`, `0.84 s`.
    (re.compile(r"(?:(?<![\w.,])|<)(?:\d{1,3}(?: \d{3})*(?:\.\d+)? ms|\d+\.\d+ s)\b"), "<duration>"),
    (re.compile(r" {2,}(?=<duration>)"), "  "),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile(r"(a number at most \d+, found )\d+(\.\d+)?"), r"\1<number>"),
    # How deep the machinery of importing is differs from one Python to the next.
    (re.compile(r"\b\d+ frames? more in the report"), "<n> frames more in the report"),
    # Which worker serves what is a matter of timing; tests/program/test_sequences.py has a case without luck.
    (re.compile(r"(?m)^.*its worker had served before:.*\n.*again, after those:.*\n(?:\n(?=again: ))?"), ""),
    (re.compile("\x1b"), "␛"),
)
_NORMAL_JUNIT = (
    (re.compile(r'\b(time|timestamp)="[^"]*"'), r'\1="…"'),
    (re.compile(r'(name="(?:lambda-scenarios\.version|init_ms|memory_mb)" value)="[^"]*"'), r'\1="…"'),
)


def normal(text: str, directory: str) -> str:
    """Output without what differs from run to run: times, ports, request ids, the directory."""
    text = text.replace(directory, "<directory>")
    for pattern, replacement in _NORMAL:
        text = pattern.sub(replacement, text)
    lines = text.removesuffix("\n").split("\n") if text else []
    return "".join(line.rstrip() + "\n" for line in lines)


def normal_junit(text: str, directory: str) -> str:
    """The same for a JUnit report, without the durations, sizes and the version that stand in attributes."""
    for pattern, replacement in _NORMAL_JUNIT:
        text = pattern.sub(replacement, text)
    return normal(text, directory)


def localise(project: Path) -> Callable[[str], str]:
    """Makes the service and scenario files of a project name the interpreters of this machine instead of
    `python3.11` and `nodejs20.x`, which are as long, and returns what undoes that in output."""
    changes = [
        ("python3.11", f"python3.{sys.version_info[1]}"),
        ("Python 3.11", f"Python 3.{sys.version_info[1]}"),
        ("nodejs20.x", f"nodejs{node_major()}.x"),
    ]
    changes = [(written, here) for written, here in changes if written != here]
    for file in project.rglob("*.yml") if changes else ():
        text = file.read_text(encoding="utf-8")
        for written, here in changes:
            text = text.replace(written, here)
        file.write_text(text, encoding="utf-8")

    def undone(text: str) -> str:
        for written, here in changes:
            text = text.replace(here, written)
        return text

    return undone


@lru_cache
def node_major() -> str:
    """`20`, of the Node.js on PATH; `20` too where there is none."""
    try:
        done = subprocess.run(("node", "--version"), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "20"
    return done.stdout.removeprefix("v").partition(".")[0] or "20"
