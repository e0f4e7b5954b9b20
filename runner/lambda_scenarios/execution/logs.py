"""The output of a worker, divided among its invocations (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

# What one invocation may print before the rest is dropped: a handler in an endless loop of prints must
# not fill the memory of the run.
LIMIT = 16 * 1024 * 1024


class Listener(Protocol):
    """Whoever hears a worker's output as it comes, markers and all, and of its end."""

    def feed(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class LiveOutput:
    """Passes a worker's output on as it comes, without the markers of its client."""

    __slots__ = ("_begin", "_held", "_write")

    def __init__(self, nonce: str, write: Callable[[bytes], None]) -> None:
        self._begin = b"\0%s " % nonce.encode() if nonce else b""
        self._held = b""  # what may be the beginning of a marker
        self._write = write

    def feed(self, data: bytes) -> None:
        data = self._held + data
        self._held = b""
        while self._begin and data:
            at = data.find(self._begin)
            if at < 0:
                cut = data.find(b"\0", max(0, len(data) - len(self._begin) + 1))
                while cut >= 0 and not self._begin.startswith(data[cut:]):
                    cut = data.find(b"\0", cut + 1)
                if cut >= 0:
                    data, self._held = data[:cut], data[cut:]
                break
            end = data.find(b"\n", at)
            if end < 0:
                data, self._held = data[:at], data[at:]
                break
            if at:
                self._write(data[:at])
            data = data[end + 1 :]
        if data:
            self._write(data)

    def close(self) -> None:
        """No more will come: what was held back is output as well."""
        if self._held and not self._held.startswith(self._begin):
            self._write(self._held)
        self._held = b""


class Awaiting:
    """Calls `seen` once, when a line with `text` has been printed; passes everything on to `behind`."""

    __slots__ = ("_behind", "_kept", "_seen", "_text")

    def __init__(self, text: bytes, seen: Callable[[], None], behind: Listener | None) -> None:
        self._text = text
        self._seen: Callable[[], None] | None = seen
        self._behind = behind
        self._kept = b""  # what may be the beginning of such a line

    def feed(self, data: bytes) -> None:
        if self._behind is not None:
            self._behind.feed(data)
        if self._seen is None:
            return
        data = self._kept + data
        at = data.find(self._text)
        if at < 0:
            self._kept = data[max(0, len(data) - len(self._text) + 1) :]
        elif b"\n" in data[at:]:
            self._kept = b""
            self._seen()
            self._seen = None
        else:
            self._kept = data[at:]

    def close(self) -> None:
        if self._behind is not None:
            self._behind.close()


class LogSplitter:
    """Cuts what comes out of a worker's pipe at the markers of its client, as it comes.

    Without a nonce (a client that writes no markers) everything is one piece.
    """

    __slots__ = ("_begin", "_buffer", "_cut", "_done", "_searched")

    def __init__(self, nonce: str) -> None:
        self._begin = b"\0%s " % nonce.encode() if nonce else b""
        self._buffer = bytearray()
        self._searched = 0  # no marker begins before this offset
        self._cut = False
        self._done: deque[tuple[bytes, bytes, bool]] = deque()  # name, output, whether some was dropped

    def feed(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        begin = self._begin
        while begin:
            at = buffer.find(begin, self._searched)
            if at < 0:
                self._searched = max(0, len(buffer) - len(begin) + 1)
                break
            end = buffer.find(b"\n", at + len(begin))
            if end < 0:
                self._searched = at
                break
            name = bytes(buffer[at + len(begin) : end])
            self._done.append((name, bytes(buffer[: min(at, LIMIT)]), self._cut or at > LIMIT))
            del buffer[: end + 1]
            self._searched = 0
            self._cut = False
        if len(buffer) > 2 * LIMIT:
            # Keeps the beginning, and what may be the beginning of a marker.
            del buffer[LIMIT : self._searched if self._searched > LIMIT else len(buffer)]
            self._searched = LIMIT
            self._cut = True

    def has(self, name: str) -> bool:
        """Whether the marker of `name` has come."""
        wanted = name.encode()
        return any(piece[0] == wanted for piece in self._done)

    def take(self, name: str) -> tuple[bytes, bool] | None:
        """What belongs to the invocation `name` (or `init`), and whether some of it was dropped.

        None: its marker has not come yet.
        """
        wanted = name.encode()
        if all(piece[0] != wanted for piece in self._done):
            return None
        pieces: list[tuple[bytes, bytes, bool]] = []
        while not pieces or pieces[-1][0] != wanted:
            pieces.append(self._done.popleft())
        return _joined(pieces)

    def rest(self) -> tuple[bytes, bool]:
        """All that is left, without markers: of an invocation that ended without one."""
        self._done.append((b"", bytes(self._buffer), self._cut))
        self._buffer.clear()
        self._searched = 0
        self._cut = False
        pieces = list(self._done)
        self._done.clear()
        return _joined(pieces)


def _joined(pieces: list[tuple[bytes, bytes, bool]]) -> tuple[bytes, bool]:
    found = pieces[0][1] if len(pieces) == 1 else b"".join(output for _, output, _ in pieces)
    return found[:LIMIT], len(found) > LIMIT or any(cut for _, _, cut in pieces)
