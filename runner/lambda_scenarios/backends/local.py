"""Workers as processes of this machine."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Mapping

from lambda_scenarios.backends.reaper import Reaper

# Python ignores SIGPIPE, and an ignored signal is inherited over exec: a function's `yes | head` would
# write into a closed pipe for ever.
_DEFAULT_SIGNALS = [
    signal.SIGPIPE,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGXFSZ,
]


# Seconds that a worker has for leaving, after which the question is repeated, and between two looks.
_PATIENCE = 2.0
_AGAIN = 0.1
_GLANCE = 0.001


class Process:
    """A process group, started. `output` is the reading end of its stdout and stderr, non-blocking."""

    __slots__ = ("_killed", "_reaper", "exit", "output", "pid")

    def __init__(self, pid: int, output: int, reaper: Reaper) -> None:
        self.pid = pid
        self.output = output
        self.exit: int | None = None  # as os.waitpid gives it
        self._reaper = reaper
        self._killed = False

    def poll(self) -> bool:
        """Whether the process (the leader of the group) has ended; its status is then in `exit`."""
        if self.exit is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = self.pid, 0
            if pid:
                self.exit = status
        return self.exit is not None

    def ask_to_leave(self) -> None:
        """Lets a worker that measures its coverage write what ran and end itself; waits a little."""
        until = time.monotonic() + _PATIENCE
        again = 0.0
        while not self._killed and not self.poll() and time.monotonic() < until:
            if time.monotonic() >= again:  # one that has only just been started doesn't listen yet
                again = time.monotonic() + _AGAIN
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(self.pid, signal.SIGURG)
            time.sleep(_GLANCE)

    def kill(self) -> None:
        """Kills the whole group, and waits until its leader is gone. Idempotent: its number may be given to
        others after that."""
        if self._killed:
            return
        self._killed = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.exit is None:
            with contextlib.suppress(ChildProcessError):
                self.exit = os.waitpid(self.pid, 0)[1]
        self._reaper.ended(self.pid)

    def peak_memory_kb(self) -> int | None:
        """Peak resident size so far; None where the system doesn't tell."""
        try:
            with open(f"/proc/{self.pid}/status", "rb") as file:
                text = file.read()
        except OSError:
            return None
        at = text.find(b"VmHWM:")
        return int(text[at + 6 :].split(None, 1)[0]) if at >= 0 else None


def start(command: tuple[str, ...], environment: Mapping[str, str], address: str, reaper: Reaper) -> Process:
    """Starts a worker in a process group of its own.

    Raises OSError where it can't be started, ValueError where no process can have such an environment.

    The standard input is empty; stdout and stderr share one pipe, which keeps the order of writing.
    """
    pid, output = spawn(command, environment, (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
    reaper.started(pid, f"AWS_LAMBDA_RUNTIME_API={address}")
    return Process(pid, output, reaper)


def _too_large(environment: Mapping[str, str]) -> str:
    sizes = {name: len(os.fsencode(value)) for name, value in environment.items()}
    name = max(sizes, key=lambda name: sizes[name])
    return (
        f"its environment is too large, most of all `{name}` with {sizes[name]:,} bytes; "
        "on Lambda all variables together may have 4 KB"
    )


def spawn(
    command: tuple[str, ...], environment: Mapping[str, str], standard_input: tuple[object, ...]
) -> tuple[int, int]:
    """The process, and the reading end of its output; `standard_input` is a file action of posix_spawn.

    Raises as `start`.
    """
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    try:
        pid = os.posix_spawn(
            command[0],
            command,
            environment,
            file_actions=[
                standard_input,
                (os.POSIX_SPAWN_DUP2, writer, 1),
                (os.POSIX_SPAWN_DUP2, writer, 2),
            ],
            setpgroup=0,
            setsigdef=_DEFAULT_SIGNALS,
        )
    except BaseException as error:
        os.close(reader)
        if isinstance(error, OSError) and error.errno == errno.E2BIG:
            raise ValueError(_too_large(environment)) from None
        raise
    finally:
        os.close(writer)
    return pid, reader
