"""One Node.js process that evaluates files which are programs: the protocol of `node/evaluate.cjs`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Json, Place

if TYPE_CHECKING:
    import socket
    import subprocess

    from lambda_scenarios.backends.reaper import Reaper

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node", "evaluate.cjs")
PATIENCE = 60.0  # seconds without a word from a file's code


class Question(NamedTuple):
    """What a function of a file asks for: `variable` as `self:custom.name`, or the keys of a property."""

    variable: str | None
    property: tuple[str, ...]


class Exported(NamedTuple):
    """What stands at an address of what a file exports. `rest` are the keys that lead on inside of a text;
    `dropped` says at which paths something was left out that JSON can't hold: `a function`."""

    value: Json
    rest: tuple[str, ...]
    dropped: tuple[tuple[tuple[str | int, ...], str], ...]


class Thrown(Exception):
    """Code of the user's failed. `fields` are those of `error` in the protocol."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(fields["message"])
        self.fields = fields


class NoAnswer(Exception):
    """The process ended (`status`, negative for a signal) or, with None, was ended for being silent."""

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


class NodeProcess:
    """A process that is running. What the code of the user prints goes to stderr."""

    def __init__(self, node: str, arguments: tuple[str, ...], environ: Mapping[str, str], cwd: str) -> None:
        import socket
        import subprocess  # both cost some milliseconds, and few services need them

        from lambda_scenarios.backends.reaper import Reaper

        self._requests = 0
        self._early: dict[int, dict[str, Any]] = {}  # answers to requests that wait for others
        self._received = b""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                (node, SCRIPT, str(theirs.fileno()), *arguments),
                env=dict(environ),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=2,
                stderr=2,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._socket: socket.socket = ours
        self._reaper: Reaper = Reaper()
        self._reaper.started(self._process.pid)

    def request(
        self,
        file: str,
        address: tuple[str, ...],
        argument: Mapping[str, Json] | None,
        environ: Mapping[str, str],
        answer: Callable[[int, Question], Json],
        patience: float,
    ) -> Exported:
        """What `file` exports at `address`; functions on the way are called, promises awaited.

        `argument` is what a function gets (with the look-ups); None: nothing. `environ` is added to the
        process's environment before. `answer` is asked what a function asks; what it raises must be a
        QuestionRefused. Raises Thrown and NoAnswer.
        """
        self._requests += 1
        number = self._requests
        self._send(
            {
                "id": number,
                "file": file,
                "address": address,
                "pass": argument,
                "environ": dict(environ),
            }
        )
        waiting: list[dict[str, Any]] = []  # questions of requests further out
        while number not in self._early:
            message = self._receive(patience)
            if "ask" not in message:
                self._early[message["id"]] = message
            elif message["id"] == number:
                self._answer(message, answer)
            else:
                waiting.append(message)
        self._put_back(waiting)
        message = self._early.pop(number)
        if "error" in message:
            raise Thrown(message["error"])
        dropped = tuple((tuple(path), what) for path, what in message["dropped"])
        return Exported(message["value"], tuple(message["rest"]), dropped)

    def close(self) -> None:
        """Ends the process and all that it started. Idempotent."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._process.returncode is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reaper.ended(self._process.pid)
        if self._socket.fileno() >= 0:
            self._socket.close()
            self._reaper.close()

    def _answer(self, message: dict[str, Any], answer: Callable[[int, Question], Json]) -> None:
        question = Question(message.get("variable"), tuple(message.get("property", ())))
        try:
            self._send({"answer": message["ask"], "value": answer(message["ask"], question)})
        except QuestionRefused as refused:
            self._send({"answer": message["ask"], "error": str(refused)})

    def _put_back(self, messages: list[dict[str, Any]]) -> None:
        lines = b"".join(json.dumps(message).encode() + b"\n" for message in messages)
        self._received = lines + self._received

    def _send(self, message: Mapping[str, object]) -> None:
        self._socket.settimeout(None)
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError):
            raise NoAnswer(self._ended()) from None

    def _receive(self, patience: float) -> dict[str, Any]:
        until = time.monotonic() + patience
        parts = [self._received]
        while b"\n" not in parts[-1]:
            self._socket.settimeout(max(until - time.monotonic(), 0.001))
            try:
                data = self._socket.recv(1 << 20)
            except TimeoutError:
                self.close()
                raise NoAnswer(None) from None
            except ConnectionResetError:
                data = b""
            if not data:
                raise NoAnswer(self._ended())
            parts.append(data)
        line, _, self._received = b"".join(parts).partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _ended(self) -> int:
        """The status of a process that closed its socket: it ends by itself."""
        import subprocess

        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self.close()
        return self._process.returncode or 0


class QuestionRefused(Exception):
    """A question of a function can't be answered; its message goes back to the function."""


def node_of(file: str, environ: Mapping[str, str]) -> str:
    """The `node` of PATH. Raises UsageError where there is none to evaluate `file`."""
    from lambda_scenarios.runtimes import programs

    for path in programs.on_path(("node", "nodejs"), environ):
        return path
    advice = programs.os_advice(environ, "apt-get install nodejs", "brew install node")
    raise UsageError(
        Diagnostic(
            f"{os.path.basename(file)} is evaluated by Node.js, which isn't on this machine",
            Place(file, 1),
            notes=(advice,),
        )
    )
