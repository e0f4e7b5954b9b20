"""An interpreter that is started before it is known what for.

While this program reads its input, an interpreter can start as well: it waits at its standard input, has
loaded nothing of the user's, and is ended unused where it turns out not to fit. This hides the start of the
first worker, which is a third of a run of one scenario.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping

from lambda_scenarios.backends.local import Process, spawn
from lambda_scenarios.backends.reaper import Reaper

# What an interpreter looks at when it starts: a worker that needs other values needs a start of its own.
_AT_START = frozenset({"HOME", "LANG", "LANGUAGE", "TZ"})
_AT_START_PREFIXES = ("PYTHON", "LC_", "LD_", "DYLD_", "MALLOC_", "GLIBC_")
# In the environment that the kernel knows of it and of what it forks: `AWS_LAMBDA_RUNTIME_API` comes later.
_MARK = "LAMBDA_SCENARIOS_EARLY"


def at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that an interpreter reads when it starts."""
    return {
        name: value
        for name, value in environment.items()
        if name in _AT_START or name.startswith(_AT_START_PREFIXES)
    }


class Early:
    """A waiting interpreter. `command` starts it; it reads its settings from the standard input: its
    arguments and its environment, `NAME=VALUE`, each ended by NUL, to the end."""

    def __init__(self, command: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = at_start(environment)
        self._mark = os.urandom(8).hex()
        reader, self._settings = os.pipe()
        try:
            self._pid, self._output = spawn(
                command, {**environment, _MARK: self._mark}, (os.POSIX_SPAWN_DUP2, reader, 0)
            )
        except BaseException:
            os.close(self._settings)
            raise
        finally:
            os.close(reader)
        self._waiting = True

    def take(
        self, command: tuple[str, ...], environment: Mapping[str, str], address: str, reaper: Reaper
    ) -> Process | None:
        """The interpreter as a worker with these settings; None where it doesn't fit, or is taken."""
        count = len(self._command)
        if not self._waiting or command[:count] != self._command:
            return None
        if at_start(environment) != self._environment:
            return None
        parts = [*command[count:], *(f"{name}={value}" for name, value in environment.items())]
        if any("\0" in part for part in parts):
            return None  # the worker's own start will say why
        try:
            data = b"".join(os.fsencode(part) + b"\0" for part in parts)
        except UnicodeEncodeError:
            return None
        self._waiting = False
        try:
            # An environment is smaller than a pipe; were it not, the reader would still be reading.
            while data:
                data = data[os.write(self._settings, data) :]
        except BrokenPipeError:
            self.discard(force=True)
            return None
        os.close(self._settings)
        reaper.started(self._pid, f"AWS_LAMBDA_RUNTIME_API={address}", f"{_MARK}={self._mark}")
        return Process(self._pid, self._output, reaper)

    def discard(self, *, force: bool = False) -> None:
        """Ends an interpreter that nobody took. Idempotent."""
        if not self._waiting and not force:
            return
        self._waiting = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        os.close(self._settings)
        os.close(self._output)
