"""Ends the workers of a run whose process was killed.

A forked child holds the reading end of a pipe. When the run's process goes away, however it goes, the pipe
ends, and the child kills every process group that was named to it and not taken back, and everything that
inherited a worker's environment. On a normal end nothing is left to kill.
"""

from __future__ import annotations

import contextlib
import os
import signal

_DONE = "done\n"


class Reaper:
    """Names the running process groups to the child."""

    def __init__(self) -> None:
        self._own = os.getpid()
        reader, self._writer = os.pipe()
        self._child = os.fork()
        if self._child == 0:  # pragma: no cover: the child leaves through os._exit
            try:
                _watch(reader, self._writer)
            finally:
                os._exit(0)
        os.close(reader)

    @property
    def pid(self) -> int:
        """The child's process id: smaller than those of all workers, but where numbers begin anew."""
        return self._child

    def started(self, group: int, address: str) -> None:
        self._say(f"+{group} {address}\n")

    def ended(self, group: int) -> None:
        self._say(f"-{group}\n")

    def _say(self, line: str) -> None:
        # The child can only have gone by somebody's kill; the run goes on without it.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writer, line.encode())

    def close(self) -> None:
        """Ends the child, and waits for it. All workers have been ended and swept away before."""
        self._say(_DONE)
        os.close(self._writer)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._child, 0)


def _watch(reader: int, writer: int) -> None:  # pragma: no cover: runs in the forked child
    os.setsid()  # a ^C in the terminal is for the run, not for its reaper
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    os.close(writer)
    # Whatever else is open (the terminal's pipe, a report) must not be kept open by this process.
    keep = os.dup2(reader, 3) if reader != 3 else reader
    os.closerange(0, 3)
    os.closerange(4, 4096)
    groups: set[int] = set()
    addresses: set[str] = set()
    rest = b""
    while data := os.read(keep, 65536):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line == _DONE.strip().encode():
                return
            first, _, address = line[1:].decode().partition(" ")
            if line[:1] == b"+":
                groups.add(int(first))
                addresses.add(address)
            else:
                groups.discard(int(first))
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    sweep(addresses, os.getpid())


def sweep(addresses: set[str], since: int) -> int:
    """Kills processes that left their worker's process group; returns how many there were.

    `since` is the id of a process that is older than all of them.

    A daemonised grandchild still carries the worker's own `AWS_LAMBDA_RUNTIME_API` in its environment.
    Linux only: elsewhere the environment of a process can't be read so.
    """
    if not addresses or not os.path.isdir("/proc/self"):
        return 0
    found = 0
    own = os.getpid()
    if _last_process() < since:  # the numbers have begun anew
        since = 0
    wanted = [f"AWS_LAMBDA_RUNTIME_API={address}".encode() for address in addresses]
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) < since or int(name) == own:
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environ = file.read()
        except OSError:
            continue
        if b"AWS_LAMBDA_RUNTIME_API=" in environ and any(entry in wanted for entry in environ.split(b"\0")):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(name), signal.SIGKILL)
                found += 1
    return found


def _last_process() -> int:
    """The id that was given last (proc(5), `loadavg`)."""
    with open("/proc/loadavg", "rb") as file:
        return int(file.read().split()[-1])
