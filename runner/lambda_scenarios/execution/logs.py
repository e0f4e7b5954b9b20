"""The output of a worker, divided among its invocations (pure)."""

from __future__ import annotations

# What one invocation may print before the rest is dropped: a handler in an endless loop of prints must
# not fill the memory of the run.
LIMIT = 16 * 1024 * 1024


class LogSplitter:
    """Collects what comes out of a worker's pipe, and cuts it at the markers of its client."""

    __slots__ = ("_buffer", "_cut", "_nonce", "_searched", "received")

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce.encode()
        self._buffer = bytearray()
        self._searched = 0
        self._cut = False
        self.received = 0  # bytes, in all

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        self._buffer += data
        if len(self._buffer) > 2 * LIMIT:
            # Keeps the beginning, and the end in which the marker will come.
            del self._buffer[LIMIT : len(self._buffer) - 4096]
            self._searched = 0
            self._cut = True

    def take(self, name: str) -> tuple[bytes, bool] | None:
        """What belongs to the invocation `name` (or `init`), and whether some of it was dropped.

        None: its marker has not come yet.
        """
        marker = b"\0%s %s\n" % (self._nonce, name.encode())
        at = self._buffer.find(marker, max(0, self._searched - len(marker)))
        if at < 0:
            self._searched = len(self._buffer)
            return None
        found = bytes(self._buffer[:at])
        del self._buffer[: at + len(marker)]
        return self._done(found)

    def rest(self) -> tuple[bytes, bool]:
        """All that is left: of an invocation that ended without a marker."""
        found = bytes(self._buffer)
        self._buffer.clear()
        return self._done(found)

    def _done(self, found: bytes) -> tuple[bytes, bool]:
        cut = self._cut or len(found) > LIMIT
        self._searched = 0
        self._cut = False
        return found[:LIMIT], cut
