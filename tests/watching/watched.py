"""The program while it watches."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

from tests.program import running


class Watch:
    """The program while it watches."""

    def __init__(self, folder: Path, *options: str, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.mark = f"{os.getpid()}-{folder.name}"
        self.process = subprocess.Popen(
            [*running.PROGRAM, "run", "--watch", "-v", *options],
            cwd=folder,
            env=running.environment({running.MARK: self.mark, **(env or {})}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def until_it_waits(self) -> str:
        """What it says until it waits for changes."""
        said: list[str] = []
        too_long = threading.Timer(20, self.process.kill)
        too_long.start()
        try:
            return self._read(said)
        finally:
            too_long.cancel()

    def _read(self, said: list[str]) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            text = line.decode()
            said.append(text)
            if text.startswith("watching "):
                return "".join(said)
        raise AssertionError("".join(said))

    def after(self, name: str, text: str) -> str:
        """What it says after a file was saved, as editors do: another takes its place."""
        path = self.folder / name
        fresh = path.with_name(path.name + "~")
        fresh.write_text(text)
        fresh.replace(path)
        return self.until_it_waits()

    def end(self, number: int = signal.SIGINT) -> str:
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 130
        assert running.left_behind(self.mark) == []
        return said.decode()

    def statuses(self) -> dict[str, str]:
        """The results in the report, by id."""
        report = json.loads((self.folder / "reports" / "report.json").read_text())
        return {one["id"].removeprefix("scenarios/"): one["status"] for one in report["results"]}
