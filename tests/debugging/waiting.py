"""The program with `--debug`: running, until it waits for a debugger."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.program import running

_HEADLINE = re.compile(r"(\w+) waits for its debugger: .*, 127\.0\.0\.1:(\d+)\n")


class Debugged:
    """The program; `told` is what it has said on stderr."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.told = ""
        self.function = ""

    def port(self) -> int:
        """Reads until it waits (again), and returns the port to attach to."""
        while True:
            assert self.process.stderr is not None
            line = self.process.stderr.readline().decode()
            assert line, f"it has ended: {self.told}"
            self.told += line
            found = _HEADLINE.fullmatch(line)
            if found is not None:
                self.function = found[1]
                return int(found[2])

    def configuration(self) -> dict[str, Any]:
        """The snippet for launch.json that follows."""
        lines: list[str] = []
        while not lines or lines[-1] != "    }\n":
            assert self.process.stderr is not None
            line = self.process.stderr.readline().decode()
            assert line, f"it has ended: {self.told}"
            self.told += line
            if lines or line == "    {\n":
                lines.append(line)
        found: dict[str, Any] = json.loads("".join(lines))
        return found

    def end(self) -> running.Done:
        """Waits for its end."""
        assert self.process.stderr is not None
        assert self.process.stdout is not None
        self.told += self.process.stderr.read().decode()
        out = self.process.stdout.read().decode()
        return running.Done(self.process.wait(timeout=60), out, self.told)


@contextmanager
def debugged(directory: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Debugged]:
    """The program with these arguments; it is ended at the latest afterwards."""
    process = running.start(directory, arguments, env)
    try:
        yield Debugged(process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
