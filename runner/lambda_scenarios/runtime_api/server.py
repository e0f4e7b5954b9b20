"""The sockets of one worker's Runtime API: a port of its own, on the loopback or where containers reach it.

The only I/O of this room. `_socket` is the C module behind `socket`, whose import costs more than a whole
invocation (it builds enums of every constant).
"""

from __future__ import annotations

import _socket
import contextlib
import os
from collections.abc import Callable
from typing import Protocol

from lambda_scenarios.runtime_api import http
from lambda_scenarios.runtime_api.protocol import Event, RuntimeApi

_CHUNK = 256 * 1024
_ANSWER = 8 * 1024 * 1024  # more than the largest answer that is no stream


class Watcher(Protocol):
    """What calls back when a descriptor is ready (execution.loop.Loop)."""

    def watch(self, fd: int, ready: Callable[[], None], *, writing: bool = False) -> None: ...
    def unwatch(self, fd: int) -> None: ...


class Server:
    """Serves one worker. `on_event` gets what the client says, in order."""

    def __init__(self, watcher: Watcher, on_event: Callable[[Event], None], host: str = "127.0.0.1") -> None:
        self.api = RuntimeApi()
        self._watcher = watcher
        self._on_event = on_event
        self._connections: dict[int, _socket.socket] = {}
        self._unsent: dict[int, bytes] = {}
        self._closed = False
        self.met = False  # whether anybody has ever connected
        self._listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self._listener.setblocking(False)
        self._listener.bind((host, 0))
        self._listener.listen(16)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"{host}:{self.port}"
        watcher.watch(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            fd, _ = self._listener._accept()  # type: ignore[attr-defined]  # what socket.accept calls
        except OSError:
            return
        os.set_inheritable(fd, False)
        self.met = True
        connection = _socket.socket(fileno=fd)
        connection.setblocking(False)
        with contextlib.suppress(OSError):  # macOS: of a peer that has gone already
            connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._connections[fd] = connection
        self.api.connected(fd)
        self._watcher.watch(fd, lambda: self._readable(fd))

    def _readable(self, fd: int) -> None:
        self._read(fd)
        self.flush()

    def _read(self, fd: int) -> bool:
        """Reads once; whether there may be more."""
        connection = self._connections[fd]
        try:
            data = connection.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        if not data:
            self._drop(fd)
            return False
        try:
            events = self.api.received(fd, data)
        except http.BadRequest:
            self._drop(fd)
            return False
        for event in events:
            self._on_event(event)
        return not self._closed and fd in self._connections

    def flush(self) -> None:
        """Sends what the protocol has to say."""
        for fd, data in self.api.outgoing():
            waiting = self._unsent.get(fd)
            if waiting is not None:
                self._unsent[fd] = waiting + data
            else:
                self._send(fd, data)

    def _send(self, fd: int, data: bytes) -> None:
        try:
            sent = self._connections[fd].send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # Nobody will read it; what the peer said before it went can still be read, and then its end.
            sent = len(data)
        if sent == len(data):
            if self._unsent.pop(fd, None) is not None:
                self._watcher.watch(fd, lambda: self._readable(fd))
            return
        # A client that is busy with one invocation doesn't read the next: keep the rest, and go on reading.
        if fd not in self._unsent:
            self._watcher.watch(fd, lambda: self._both(fd), writing=True)
        self._unsent[fd] = data[sent:]

    def _both(self, fd: int) -> None:
        self._read(fd)
        if fd in self._unsent:
            self._send(fd, self._unsent[fd])
        if not self._closed:
            self.flush()

    def catch_up(self) -> None:
        """Reads what has arrived by now, and no more than an answer can be: the peer may go on sending."""
        if not self._closed:
            self._accept()
        for fd in list(self._connections):
            for _ in range(_ANSWER // _CHUNK):
                if fd not in self._connections or not self._read(fd):
                    break

    def drain(self) -> None:
        """Reads every connection to its end: what a killed peer had sent stays readable."""
        if not self._closed:
            self._accept()
        for fd in list(self._connections):
            while fd in self._connections and self._read(fd):
                pass

    def _drop(self, fd: int) -> None:
        connection = self._connections.pop(fd, None)
        if connection is not None:
            self._watcher.unwatch(fd)
            self._unsent.pop(fd, None)
            self.api.disconnected(fd)
            connection.close()

    def close(self) -> None:
        """Ends all connections. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._on_event = _unheard  # whose worker this was is let go with it: nobody collects circles
        self._watcher.unwatch(self._listener.fileno())
        self._listener.close()
        for fd in list(self._connections):
            self._drop(fd)


def _unheard(_event: Event) -> None:
    pass
