"""A client of the Debug Adapter Protocol: https://microsoft.github.io/debug-adapter-protocol/specification."""

from __future__ import annotations

import json
import socket
from collections import deque
from typing import Any


class Adapter:
    """A connection to a debugger. Answers and events are waited for; none is dropped. What lets a program run
    to its end is sent (`send`): its answer may come too late."""

    def __init__(self, port: int, greeting: bytes = b"") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._stream = self._socket.makefile("rb")
        self._socket.sendall(greeting)
        self._number = 0
        self._come: deque[dict[str, Any]] = deque()

    def __enter__(self) -> Adapter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, command: str, **arguments: Any) -> int:
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self._number

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The body of the answer to a request that must succeed."""
        return self.answer(self.send(command, **arguments))

    def answer(self, number: int) -> dict[str, Any]:
        found = self._await(type="response", request_seq=number)
        assert found["success"], found
        body: dict[str, Any] = found.get("body") or {}
        return body

    def event(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] = self._await(type="event", event=name).get("body") or {}
        return body

    def ended(self) -> None:
        """Waits for the end of the connection."""
        while self._stream.read(65536):
            pass

    def _await(self, **wanted: Any) -> dict[str, Any]:
        for message in self._come:
            if wanted.items() <= message.items():
                self._come.remove(message)
                return message
        while True:
            message = self._read()
            if wanted.items() <= message.items():
                return message
            self._come.append(message)

    def _read(self) -> dict[str, Any]:
        length = 0
        while line := self._stream.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the debugger has closed the connection"
        message: dict[str, Any] = json.loads(self._stream.read(length))
        return message
