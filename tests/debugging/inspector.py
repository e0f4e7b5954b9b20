"""A client of Node.js's inspector: https://chromedevtools.github.io/devtools-protocol/v8, over a WebSocket
(RFC 6455)."""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from collections import deque
from typing import Any


class Inspector:
    """A connection to the one target of a port. Answers and events are waited for; none is dropped."""

    def __init__(self, port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=60) as answer:
            (target,) = json.load(answer)
        path = target["webSocketDebuggerUrl"].partition(f":{port}")[2]
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._stream = self._socket.makefile("rb")
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        assert b" 101 " in self._stream.readline()
        while self._stream.readline().strip():
            pass
        self._number = 0
        self._come: deque[dict[str, Any]] = deque()

    def __enter__(self) -> Inspector:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, method: str, **parameters: Any) -> int:
        self._number += 1
        self._write(json.dumps({"id": self._number, "method": method, "params": parameters}).encode())
        return self._number

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command that must succeed."""
        found = self._await("id", self.send(method, **parameters))
        assert "error" not in found, found
        result: dict[str, Any] = found["result"]
        return result

    def event(self, method: str) -> dict[str, Any]:
        parameters: dict[str, Any] = self._await("method", method)["params"]
        return parameters

    def _write(self, data: bytes) -> None:
        """One frame of text, masked as a client's has to be."""
        mask = os.urandom(4)
        assert len(data) < 1 << 16
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self._socket.sendall(b"\x81" + size + mask + body)

    def _await(self, key: str, value: object) -> dict[str, Any]:
        for message in self._come:
            if message.get(key) == value:
                self._come.remove(message)
                return message
        while True:
            message = self._read()
            if message.get(key) == value:
                return message
            self._come.append(message)

    def _read(self) -> dict[str, Any]:
        """One message, of a server that doesn't break them up."""
        first, size = self._stream.read(2)
        assert first == 0x81, "no frame of text"
        if size >= 126:
            size = int.from_bytes(self._stream.read(2 if size == 126 else 8), "big")
        message: dict[str, Any] = json.loads(self._stream.read(size))
        return message
