"""Ends the workers of a run whose process was killed.

A forked child holds the reading end of a pipe. When the run's process goes away, however it goes, the pipe
ends, and the child kills every process group that was named to it and not taken back, and everything that
inherited a worker's environment. On a normal end nothing is left to kill.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Mapping

_DONE = b"done"
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NEVER = float("inf")
_ENDED_WITHIN = 1.0  # seconds; a process that the kernel can't end sooner isn't waited for


class _Groups:
    """The process groups of a run. `marks` are entries of their environments, by which offspring is known
    that left them, and the time (`_now`) after which what has such an entry is of somebody else: a port is
    given again, to the worker of another run."""

    def __init__(self) -> None:
        self.running: dict[int, tuple[str, ...]] = {}
        self.marks: dict[str, float] = {}

    def started(self, group: int, marks: tuple[str, ...]) -> None:
        self.running[group] = marks
        self.marks.update(dict.fromkeys(marks, _NEVER))

    def ended(self, group: int) -> None:
        self.marks.update(dict.fromkeys(self.running.pop(group, ()), _now()))


class Reaper:
    """Names the running process groups to the child."""

    def __init__(self, also: Callable[[], None] | None = None) -> None:
        """`also` is called by the child where the run was killed: for what is no process of this machine."""
        self._groups = _Groups()
        reader, self._writer = os.pipe()
        # A ^C between the fork and the child's own handlers would unwind the whole program in the child.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            self._child = os.fork()
            if self._child == 0:  # pragma: no cover: the child leaves through os._exit
                try:
                    _watch(reader, self._writer, also)
                finally:
                    os._exit(0)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        os.close(reader)

    def started(self, group: int, *marks: str) -> None:
        """A process group runs; `marks` are entries (`NAME=VALUE`) of its environment and of no other's."""
        self._groups.started(group, marks)
        self._say(f"+{group} {' '.join(marks)}\n")

    def ended(self, group: int) -> None:
        """It was killed. Idempotent."""
        if group in self._groups.running:
            self._groups.ended(group)
            self._say(f"-{group}\n")

    def _say(self, line: str) -> None:
        # The child can only have gone by somebody's kill; the run goes on without it.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writer, line.encode())

    def sweep(self) -> None:
        """Kills what workers started that have been ended, and what left their process groups."""
        # Smaller than the numbers of all workers, but where they begin anew.
        sweep(self._groups.marks, since=self._child)

    def close(self) -> None:
        """Sweeps after all workers have been ended, ends the child, and waits for it."""
        self.sweep()
        self._say(_DONE.decode() + "\n")
        os.close(self._writer)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._child, 0)


def _watch(
    reader: int, writer: int, also: Callable[[], None] | None
) -> None:  # pragma: no cover: runs in the forked child
    os.setsid()  # a ^C in the terminal is for the run, not for its reaper
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    os.close(writer)
    # Whatever else is open (the terminal's pipe, a report) must not be kept open by this process.
    keep = os.dup2(reader, 3) if reader != 3 else reader
    os.closerange(0, 3)
    os.closerange(4, 4096)
    groups = _Groups()
    rest = b""
    while data := os.read(keep, 65536):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line == _DONE:
                return
            group, *marks = line[1:].decode().split()
            if line[:1] == b"+":
                groups.started(int(group), tuple(marks))
            else:
                groups.ended(int(group))
    for left in groups.running:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(left, signal.SIGKILL)
    sweep(groups.marks, since=os.getpid())
    if also is not None:
        also()


def _now() -> float:
    """Seconds since the machine started, on the clock of `_started`."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def sweep(marks: Mapping[str, float], since: int = 0) -> int:
    """Kills processes that left their worker's process group; returns how many there were.

    A daemonised grandchild still carries its worker's own `AWS_LAMBDA_RUNTIME_API` in its environment: it is
    of the run if it was started while the worker was alive, or by such a one. `since` is the id of a process
    that is older than all of them. Linux only: elsewhere the environment of a process can't be read so.
    """
    if not marks or not os.path.isdir("/proc/self"):
        return 0
    if _last_process() < since:  # the numbers have begun anew
        since = 0
    wanted = {mark.encode(): until for mark, until in marks.items()}
    suspects: list[tuple[float, int, int, float]] = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) < since or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                entries = file.read().split(b"\0")
            until = max((wanted[entry] for entry in entries if entry in wanted), default=None)
            if until is not None:
                suspects.append((*_started(name), until))
        except OSError:
            continue
    killed: set[int] = set()
    endings: list[int] = []
    for started, process, parent, until in sorted(suspects):
        if started <= until or parent in killed:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                with contextlib.suppress(OSError, AttributeError):  # no pidfds here, or no descriptor is left
                    endings.append(os.pidfd_open(process))
                os.kill(process, signal.SIGKILL)
                killed.add(process)
    _wait_for(endings)
    return len(killed)


def _wait_for(endings: list[int]) -> None:
    """Until the processes of these pidfds have ended: SIGKILL works when the kernel gets to it, and what
    comes next may need their ports, or say that nothing is left."""
    until = time.monotonic() + _ENDED_WITHIN
    for ending in endings:
        with contextlib.suppress(ValueError):  # beyond the descriptors that select knows
            select.select([ending], [], [], max(0.0, until - time.monotonic()))
        os.close(ending)


def _started(process: str) -> tuple[float, int, int]:
    """When a process was started (to a hundredth of a second, mostly), its id, and its parent's (proc(5))."""
    with open(f"/proc/{process}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK"), int(process), int(fields[1])


def _last_process() -> int:
    """The id that was given last (proc(5), `loadavg`)."""
    with open("/proc/loadavg", "rb") as file:
        return int(file.read().split()[-1])
