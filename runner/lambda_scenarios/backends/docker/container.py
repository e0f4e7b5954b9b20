"""One container: created, attached to, started; its output as it comes; how it ended.

Everything goes through the run's one loop (`Engine.send`): an engine takes a third of a second to start a
container, in which others are served and started.
https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

    from lambda_scenarios.backends.docker.engine import Answer, Engine

_CHUNK = 64 * 1024
_HEADER = 8

# What a container runs in place of its image's entry point: that, with stdout and stderr as one pipe (which
# keeps the order of writing), and beside it a loop that writes into the same pipe what this side sends as
# lines: the markers. When this side goes away, killed perhaps, the lines end, and so does the function. The
# loop is nobody's child: whoever waits for any child of theirs must not get it.
WRAPPER = (
    "exec 2>&1 3<&0 </dev/null; "
    "( ( trap '' HUP INT QUIT TERM PIPE; "
    "while IFS= read -r line <&3; do printf '\\000%s\\n' \"$line\"; done; kill -9 $$ ) & ); "
    'exec 3<&-; exec "$@"'
)


class Frames:
    """Takes the stream of an attached container apart: frames of 8 bytes of header (stream, three zeros,
    length) and their data, in the order in which the engine saw them."""

    def __init__(self) -> None:
        self._buffer = b""
        self._missing = 0  # of the frame at hand

    def feed(self, data: bytes) -> bytes:
        """What was printed, of all that `data` completes."""
        found: list[bytes] = []
        data = self._buffer + data
        at = 0
        while at < len(data):
            if not self._missing:
                if len(data) - at < _HEADER:
                    break
                self._missing = int.from_bytes(data[at + 4 : at + _HEADER], "big")
                at += _HEADER
                continue
            piece = data[at : at + self._missing]
            found.append(piece)
            at += len(piece)
            self._missing -= len(piece)
        self._buffer = data[at:]
        return b"".join(found)


class Container:
    """One that is being started, runs, or has ended. `problem` is why the engine could not run it."""

    def __init__(
        self,
        engine: Engine,
        body: dict[str, Any],
        query: dict[str, str],
        *,
        output: Callable[[bytes], None],
        changed: Callable[[], None],
        started: Callable[[], None],
        alone: bool = False,
    ) -> None:
        """`output` gets what it prints, `changed` is called after that; `started` when it runs. One that has
        what only one can have is `alone`: it is created when those before it are removed.

        Raises OSError where the engine can't be reached.
        """
        self.exit: int | None = None  # as os.waitpid gives it
        self.problem: str | None = None
        self.out_of_memory = False
        self._engine = engine
        self._output = output
        self._changed = changed
        self._started = started
        self._frames = Frames()
        self._id: str | None = None
        self._pid: int | None = None
        self._stream: socket.socket | None = None
        self._killed = False
        if alone and engine.is_removing:
            engine.when_removed(lambda: self._create_late(body, query))
        else:
            self._create(body, query)

    def _create(self, body: dict[str, Any], query: dict[str, str]) -> None:
        engine = self._engine
        try:
            engine.send("POST", "/containers/create", self._created, body=body, query=query)
        except (ConnectionError, FileNotFoundError) as error:
            raise OSError(engine.explain(engine.unreached(error))) from None

    def _create_late(self, body: dict[str, Any], query: dict[str, str]) -> None:
        if self._killed:
            return
        try:
            self._create(body, query)
        except OSError as error:
            self._failed(self._engine.unreached(error))

    def _created(self, answer: Answer) -> None:
        if answer.status != 201:
            self._failed(answer)
            return
        self._id = answer.json()["Id"]
        if self._killed:
            self._engine.remove(self._id)
            return
        query = {"stream": "1", "stdin": "1", "stdout": "1", "stderr": "1"}
        self._engine.send("POST", f"/containers/{self._id}/attach", self._attached, query=query, upgrade=True)

    def _attached(self, answer: Answer) -> None:
        if answer.stream is None:
            self._failed(answer)
            return
        if self._killed:
            answer.stream.close()
            return
        self._stream = answer.stream
        self._stream.setblocking(False)
        self._engine.watch(self._stream.fileno(), self.read)
        self._engine.send("POST", f"/containers/{self._id}/start", self._up)

    def _up(self, answer: Answer) -> None:
        if self._killed:
            return
        if answer.status not in (204, 304):
            self._failed(answer)
            return
        self._started()
        if self._engine.reach.same_machine:
            self._engine.send("GET", f"/containers/{self._id}/json", self._looked_at)

    def _looked_at(self, answer: Answer) -> None:
        if answer.status == 200:
            self._pid = answer.json()["State"]["Pid"] or None

    def _failed(self, answer: Answer) -> None:
        if not self._killed:
            self.problem = self._engine.explain(answer)
            self._engine.ended()

    def read(self) -> None:
        """Reads what it has printed by now, as far as that has come."""
        for _ in range(16):
            if self._stream is None:
                return
            try:
                data = self._stream.recv(_CHUNK)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if type(error).__name__ == "SSLWantReadError":
                    return
                data = b""
            if not data:
                self.close()
                if not self._killed:
                    self._wait()
                return
            self._output(self._frames.feed(data))
            self._changed()

    def _wait(self) -> None:
        try:
            self._engine.send("POST", f"/containers/{self._id}/wait", self._waited)
        except OSError as error:  # the stream ended since the engine did
            self._failed(self._engine.unreached(error))

    def _waited(self, answer: Answer) -> None:
        if self._killed:
            return
        if answer.status != 200:
            self._failed(answer)
            return
        self._engine.send("GET", f"/containers/{self._id}/json", self._inspected)

    def _inspected(self, answer: Answer) -> None:
        if self._killed:
            return
        if answer.status != 200:
            self._failed(answer)
            return
        state = answer.json()["State"]
        code = int(state["ExitCode"])
        self.out_of_memory = bool(state["OOMKilled"]) and code == 128 + signal.SIGKILL
        self.exit = _status(code)
        self._engine.ended()

    def write(self, data: bytes) -> bool:
        """Sends a line to the loop beside the function; whether that was possible."""
        if self._stream is None:
            return False
        try:
            return self._stream.send(data) == len(data)
        except OSError:
            return False

    def poll(self) -> bool:
        """Whether it has ended, or could not be run."""
        return self.exit is not None or self.problem is not None

    def kill(self) -> None:
        """Ends and removes it; the engine does so while the run goes on. Idempotent."""
        if self._killed:
            return
        self._killed = True
        self.close()
        if self._id is not None:
            self._engine.remove(self._id)

    def close(self) -> None:
        """Listens no more to what it prints. Idempotent."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._engine.unwatch(stream.fileno())
            stream.close()

    def peak_memory_kb(self) -> int | None:
        """Peak resident size of the process of the client; None where this machine can't see it."""
        if self._pid is None:
            return None
        peak = 0
        # Its first process is the engine's `init`; the client is a child of that.
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{self._pid}/task/{self._pid}/children", "rb") as file:
                processes = [self._pid, *map(int, file.read().split())]
            for process in processes:
                peak = max(peak, _peak(process))
        return peak or None


def _peak(process: int) -> int:
    with open(f"/proc/{process}/status", "rb") as file:
        text = file.read()
    at = text.find(b"VmHWM:")
    return int(text[at + 6 :].split(None, 1)[0]) if at >= 0 else 0


# Without SIGALRM: 142 is what the entry point of AWS's images says where it is given no handler.
_SIGNALS = frozenset(int(number) for number in signal.Signals) - {int(signal.SIGALRM)}


def _status(code: int) -> int:
    """An exit status of a container as os.waitpid gives it. What a signal ended has 128 and its number
    (as shells have it), and can't be told from an exit with such a status."""
    number = code - 128
    return number if number in _SIGNALS else (code & 0xFF) << 8


def entrypoint(wanted: tuple[str, ...]) -> list[str]:
    """What runs `wanted` inside the wrapper."""
    return ["/bin/sh", "-c", WRAPPER, os.path.basename(wanted[0]) if wanted else "sh", *wanted]
