"""HTTP/1.1 as the Runtime API needs it: bytes in, requests out; no sockets.

`http.server` would cost 40 ms of imports and a thread per connection; the requests of runtime clients
are few in kind, and thousands in number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

# Bytes. The largest header that a client sends is a stack trace in an X-Ray cause: with AWS's client for
# Python, that of an endless recursion is longer than 64 KiB.
HEADER_LIMIT = 2 * 1024 * 1024
DIGITS = 18  # of a number; Python refuses to read numbers of thousands

Headers = dict[bytes, bytes]  # names in lower case


class Request(NamedTuple):
    """One request. `body` holds at most the limit given for its headers, `size` is its real length."""

    method: bytes
    path: bytes
    headers: Headers
    body: bytes
    size: int
    trailers: Headers


class BadRequest(Exception):
    """The peer doesn't speak HTTP/1.1."""


class RequestParser:
    """Parses the requests of one connection, however the bytes are split.

    `limit` says how much of a body is worth keeping, by the request's headers; the rest is counted and
    dropped, so that a function that returns gigabytes doesn't fill the memory of this process.
    """

    __slots__ = (
        "_again",
        "_bare",
        "_body",
        "_buffer",
        "_head",
        "_limit",
        "_missing",
        "_size",
        "_state",
        "_trailers",
        "_want",
    )

    def __init__(self, limit: Callable[[Headers], int]) -> None:
        self._limit = limit
        self._buffer = b""
        # Functions, not bound methods: those would keep the parser alive in a circle, which nobody collects.
        self._state: Callable[[RequestParser], Request | None] = RequestParser._read_head
        self._head: tuple[bytes, bytes, Headers] = (b"", b"", {})
        self._missing = 0
        self._again = b""
        self._bare: Request | None = None
        self._reset()

    def _reset(self) -> None:
        self._body: list[bytes] = []
        self._size = 0
        self._want = 0
        self._trailers: Headers = {}

    def feed(self, data: bytes) -> tuple[list[Request], bool]:
        """The requests that `data` completes, and whether the peer waits for a `100 Continue`.

        Raises BadRequest.
        """
        self._buffer = self._buffer + data if self._buffer else data
        done: list[Request] = []
        waits = False
        while True:
            before = self._state
            request = self._state(self)
            if request is not None:
                done.append(request)
            elif self._state is before:
                break
            elif before is RequestParser._read_head:
                waits = self._head[2].get(b"expect", b"").lower() == b"100-continue" and not self._buffer
        return done, waits

    def _read_head(self) -> Request | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEADER_LIMIT:
                raise BadRequest("headers too large")
            return None
        head = self._buffer[:end]
        self._buffer = self._buffer[end + 4 :]
        if head == self._again:
            return self._bare
        lines = head.split(b"\r\n")
        parts = lines[0].split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            raise BadRequest("not an HTTP/1.1 request")
        headers = _headers(lines[1:])
        self._head = (parts[0], parts[1], headers)
        self._reset()
        if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            self._want = self._limit(headers)
            self._state = RequestParser._read_chunk_size
            return None
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > DIGITS:
            raise BadRequest("bad Content-Length")
        self._missing = int(length)
        if not self._missing:
            # A client asks for the next invocation with the same bytes each time.
            self._again, self._bare = head, self._complete()
            return self._bare
        self._want = self._limit(headers)
        self._state = RequestParser._read_body
        return None

    def _keep(self, data: bytes) -> None:
        room = self._want - self._size
        if room > 0:
            self._body.append(data[:room])
        self._size += len(data)

    def _take(self) -> bool:
        """Moves what is there of the missing bytes into the body; whether none is missing any more."""
        data = self._buffer[: self._missing]
        self._buffer = self._buffer[len(data) :]
        self._missing -= len(data)
        self._keep(data)
        return not self._missing

    def _read_body(self) -> Request | None:
        return self._complete() if self._take() else None

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > HEADER_LIMIT:
                raise BadRequest("line too long")
            return None
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _read_chunk_size(self) -> Request | None:
        line = self._line()
        if line is None:
            return None
        try:
            self._missing = int(line.split(b";")[0].strip(), 16)
        except ValueError:
            raise BadRequest("bad chunk size") from None
        if self._missing < 0:
            raise BadRequest("bad chunk size")
        self._state = RequestParser._read_chunk if self._missing else RequestParser._read_trailer
        return None

    def _read_chunk(self) -> Request | None:
        if self._take():
            self._state = RequestParser._read_chunk_end
        return None

    def _read_chunk_end(self) -> Request | None:
        if self._line() is not None:
            self._state = RequestParser._read_chunk_size
        return None

    def _read_trailer(self) -> Request | None:
        while True:
            line = self._line()
            if line is None:
                return None
            if not line:
                return self._complete()
            self._trailers.update(_headers([line]))

    def _complete(self) -> Request:
        method, path, headers = self._head
        request = Request(method, path, headers, b"".join(self._body), self._size, self._trailers)
        self._body = []
        self._state = RequestParser._read_head
        return request


def _headers(lines: list[bytes]) -> Headers:
    headers: Headers = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise BadRequest("bad header")
        headers[name.strip().lower()] = value.strip()
    return headers


_REASONS = {
    100: b"Continue",
    200: b"OK",
    202: b"Accepted",
    400: b"Bad Request",
    403: b"Forbidden",
    404: b"Not Found",
    413: b"Payload Too Large",
}

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def response(status: int, headers: bytes, body: bytes) -> bytes:
    """A response; `headers` are whole lines, each with its CRLF."""
    return b"HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n%s" % (
        status,
        _REASONS[status],
        headers,
        len(body),
        body,
    )
