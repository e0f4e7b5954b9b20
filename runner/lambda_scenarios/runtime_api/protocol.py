"""The Runtime API of one worker as a state machine: bytes in, events and bytes out; no sockets.

Paths, states and errors: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Several
requests may lie on a connection at once (pipelining, ARCHITECTURE.md); they are answered in order.
"""

import json
from collections import deque
from typing import NamedTuple

from lambda_scenarios.runtime_api import http

PREFIX = b"/2018-06-01/runtime/"
# "6 MB synchronous", and what AWS's client names in Function.ResponseSizeTooLarge.
PAYLOAD_LIMIT = 6 * 1024 * 1024 + 100
# What Lambda streams at most: https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
STREAM_LIMIT = 200 * 1024 * 1024


class Ready(NamedTuple):
    """The client asked for the first invocation: init is done."""


class Answered(NamedTuple):
    """The result of an invocation. `size` is the real length of a `body` that may have been cut; `last`:
    the client said `Connection: close`."""

    request_id: str
    body: bytes
    size: int
    content_type: str
    streamed: bool
    trailer_error: tuple[str, bytes] | None  # (type, body): a stream that broke after it began
    duration_ms: float | None  # as the client measured it
    memory_kb: int | None
    last: bool = False


class Failed(NamedTuple):
    """The error of an invocation, as the client reported it; `size` is the real length of a `body` that may
    have been cut."""

    request_id: str
    body: bytes
    size: int
    error_type: str
    duration_ms: float | None
    memory_kb: int | None
    last: bool = False


class InitFailed(NamedTuple):
    """The client could not load the handler."""

    body: bytes
    error_type: str


Event = Ready | Answered | Failed | InitFailed


class _Connection:
    __slots__ = ("parser", "slots")

    def __init__(self) -> None:
        self.parser = http.RequestParser(_limit)
        # Answers in the order of their requests; an empty list waits for an invocation.
        self.slots: deque[list[bytes]] = deque()


def _limit(headers: http.Headers) -> int:
    streaming = headers.get(b"lambda-runtime-function-response-mode", b"").lower() == b"streaming"
    return STREAM_LIMIT if streaming else PAYLOAD_LIMIT


class RuntimeApi:
    """One worker's side of the conversation, over any number of connections.

    Connections are named by the caller's numbers. After each call, `outgoing()` gives what is to be sent.
    """

    def __init__(self) -> None:
        self._connections: dict[int, _Connection] = {}
        self._waiting: deque[tuple[int, list[bytes]]] = deque()
        self._queued: deque[bytes] = deque()
        self._sent: deque[str] = deque()
        self._answered: str | None = None
        self._ready = False

    def connected(self, connection: int) -> None:
        self._connections[connection] = _Connection()

    def disconnected(self, connection: int) -> None:
        self._connections.pop(connection, None)
        self._waiting = deque(entry for entry in self._waiting if entry[0] != connection)

    def invoke(self, request_id: str, headers: bytes, event: bytes) -> None:
        """Gives the client an invocation, now or as soon as it asks. `headers` are whole lines."""
        self._sent.append(request_id)
        self._queued.append(
            http.response(
                200,
                b"Lambda-Runtime-Aws-Request-Id: %s\r\nContent-Type: application/json\r\n%s"
                % (request_id.encode(), headers),
                event,
            )
        )
        self._hand_out()

    def _hand_out(self) -> None:
        while self._queued and self._waiting:
            self._waiting.popleft()[1].append(self._queued.popleft())

    def received(self, connection: int, data: bytes) -> list[Event]:
        """What `data` says. Raises http.BadRequest."""
        state = self._connections[connection]
        requests, waits = state.parser.feed(data)
        events: list[Event] = []
        for request in requests:
            self._answer(connection, state, request, events)
        if waits:
            state.slots.append([http.CONTINUE])
        return events

    def outgoing(self) -> list[tuple[int, bytes]]:
        """What is to be sent, by connection."""
        found: list[tuple[int, bytes]] = []
        for number, state in self._connections.items():
            slots = state.slots
            if slots and slots[0]:
                parts: list[bytes] = []
                while slots and slots[0]:
                    parts += slots.popleft()
                found.append((number, b"".join(parts)))
        return found

    def _answer(
        self, connection: int, state: _Connection, request: http.Request, events: list[Event]
    ) -> None:
        path = request.path
        if path == b"/2018-06-01/runtime/invocation/next" and request.method == b"GET":
            slot: list[bytes] = []
            state.slots.append(slot)
            self._waiting.append((connection, slot))
            if not self._ready:
                self._ready = True
                events.append(Ready())
            self._hand_out()
            return
        if request.method == b"POST" and path.startswith(PREFIX):
            rest = path[len(PREFIX) :]
            if rest == b"init/error":
                events.append(InitFailed(request.body, _text(request.headers, _ERROR_TYPE)))
                state.slots.append([_ACCEPTED])
                return
            parts = rest.split(b"/")
            if len(parts) == 3 and parts[0] == b"invocation" and parts[2] in (b"response", b"error"):
                state.slots.append([self._ended(parts[1], parts[2] == b"error", request, events)])
                return
        state.slots.append([_problem(404, "NotFound", "no such path in the Runtime API")])

    def _ended(self, name: bytes, error: bool, request: http.Request, events: list[Event]) -> bytes:
        request_id = name.decode("latin-1")
        if request_id not in self._sent:
            if request_id == self._answered:
                return _problem(403, "InvalidStateTransition", "the invocation has been answered")
            return _problem(400, "InvalidRequestID", "no such invocation")
        self._sent.remove(request_id)
        self._answered = request_id
        headers = request.headers
        duration = _number(headers, b"lambda-scenarios-duration-us")
        memory = _number(headers, b"lambda-scenarios-memory-kb")
        duration_ms = None if duration is None else duration / 1000
        last = headers.get(b"connection", b"").lower() == b"close"
        if error:
            kind = _text(headers, _ERROR_TYPE)
            events.append(Failed(request_id, request.body, request.size, kind, duration_ms, memory, last))
            return _ACCEPTED if request.size <= PAYLOAD_LIMIT else _refused(request.size)
        streamed = headers.get(b"lambda-runtime-function-response-mode", b"").lower() == b"streaming"
        broken = None
        if _ERROR_TYPE in request.trailers:
            broken = (
                _text(request.trailers, _ERROR_TYPE),
                request.trailers.get(b"lambda-runtime-function-error-body", b""),
            )
        kind = _text(headers, b"content-type") or "application/json"
        answer = Answered(
            request_id, request.body, request.size, kind, streamed, broken, duration_ms, memory, last
        )
        events.append(answer)
        if not streamed and request.size > PAYLOAD_LIMIT:
            return _refused(request.size)
        return _ACCEPTED


_ERROR_TYPE = b"lambda-runtime-function-error-type"


def too_large(size: int) -> str:
    """Lambda's words for a result of `size` bytes."""
    return (
        f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
    )


def _text(headers: http.Headers, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _number(headers: http.Headers, name: bytes) -> int | None:
    value = headers.get(name)
    return int(value) if value is not None and value.isdigit() and len(value) <= http.DIGITS else None


def _refused(size: int) -> bytes:
    return _problem(413, "RequestEntityTooLarge", too_large(size))


def _problem(status: int, kind: str, message: str) -> bytes:
    body = json.dumps({"errorType": kind, "errorMessage": message}).encode()
    return http.response(status, b"Content-Type: application/json\r\n", body)


_ACCEPTED = http.response(202, b"Content-Type: application/json\r\n", b'{"status":"OK"}')
