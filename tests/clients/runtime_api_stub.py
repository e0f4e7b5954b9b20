"""A small Lambda Runtime API for tests of runtime clients: any client's, neutral, on a loopback port.

It understands what AWS's clients send (a connection for each request, or kept alive) and what this
project's send (pipelined requests on one connection). It knows nothing of the package under test.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

API = "/2018-06-01/runtime"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders-dev-test"


class Invoke(NamedTuple):
    """An invocation to be handed out: its id, its event as JSON, and headers beside Lambda's usual ones."""

    request_id: str
    event: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()


class Post(NamedTuple):
    """What a client posted: `kind` is response, error or init error; header names in lower case."""

    kind: str
    request_id: str
    headers: dict[str, str]
    body: bytes


class Stub:
    """Serves the Runtime API until it is closed.

    `queue` holds the invocations to hand out, where `allow` has allowed it. `descriptor` becomes readable
    with every request: one byte for each, `!` for a post, `?` for the next invocation.
    """

    def __init__(self, queue: Sequence[Invoke] = (), allowed: int = 0) -> None:
        self.queue = deque(queue)
        self._allowed = allowed
        self.posts: list[Post] = []
        self.requests_for_next = 0
        self._lock = threading.Lock()
        self._asked = threading.Condition(self._lock)
        self._waiting: list[_Connection] = []
        self._connections: list[socket.socket] = []
        self.descriptor, self._notify = os.pipe()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End all connections, and what serves them."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        self.drop_connections()
        for thread in self._threads[1:]:
            thread.join()
        os.close(self._notify)
        os.close(self.descriptor)

    def allow(self, count: int = 1) -> None:
        """Hand out so many further invocations, to whoever asks or has asked."""
        with self._lock:
            self._allowed += count
            for waiting in self._waiting:
                self._answer(waiting)

    def wait_for_requests(self, count: int, seconds: float = 60) -> None:
        """Wait until the next invocation has been asked for so many times in all. Raises TimeoutError."""
        with self._asked:
            if not self._asked.wait_for(lambda: self.requests_for_next >= count, seconds):
                raise TimeoutError(f"{self.requests_for_next} requests after {seconds} s")

    def drop_connections(self) -> None:
        for connection in self._connections:
            with contextlib.suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = _Connection(connection)
        self._waiting.append(state)
        try:
            with connection, connection.makefile("rb") as stream:
                while line := stream.readline():
                    method, path, _ = line.decode().split(" ")
                    headers = {}
                    while (line := stream.readline()) not in (b"\r\n", b""):
                        name, _, value = line.decode("utf-8", "surrogateescape").partition(":")
                        headers[name.lower()] = value.strip()
                    body = stream.read(int(headers.get("content-length", "0")))
                    self._take(state, method, path, headers, body)
        except OSError:
            pass  # the client is gone
        finally:
            with self._lock:
                self._waiting.remove(state)

    def _take(self, state: _Connection, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        with self._lock:
            if (method, path) == ("GET", f"{API}/invocation/next"):
                self.requests_for_next += 1
                self._asked.notify_all()
                state.pending.append("next")
                os.write(self._notify, b"?")
            else:
                self.posts.append(_post(path, headers, body))
                state.pending.append("accept")
                os.write(self._notify, b"!")
            for waiting in self._waiting:
                self._answer(waiting)

    def _answer(self, state: _Connection) -> None:
        data = b""
        while state.pending:
            if state.pending[0] == "accept":
                data += (
                    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"
                )
            elif self.queue and self._allowed:
                data += invocation_response(self.queue.popleft())
                self._allowed -= 1
            else:
                break
            state.pending.popleft()
        if data:
            state.connection.sendall(data)


class _Connection:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.pending: deque[str] = deque()


def _post(path: str, headers: dict[str, str], body: bytes) -> Post:
    parts = path.removeprefix(API + "/").split("/")
    if parts == ["init", "error"]:
        return Post("init error", "", headers, body)
    invocation, request_id, kind = parts
    assert invocation == "invocation", path
    assert kind in ("response", "error"), path
    return Post(kind, request_id, headers, body)


def invocation_response(invoke: Invoke) -> bytes:
    """The response to a request for the next invocation."""
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": invoke.request_id,
        "Lambda-Runtime-Deadline-Ms": "4102444800000",
        "Lambda-Runtime-Invoked-Function-Arn": ARN,
        "Content-Length": str(len(invoke.event)),
        **dict(invoke.headers),
    }
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + invoke.event


class Observed(NamedTuple):
    """What a client did. `status`: its exit status (-N: a signal), None where it was still alive.

    `outputs` holds what it wrote up to each post, `rest` what it wrote after the last.
    """

    posts: list[Post]
    outputs: list[bytes]
    rest: bytes
    status: int | None


def observe(
    command: Sequence[str],
    environment: Mapping[str, str],
    directory: str,
    queue: Sequence[Invoke],
    *,
    ahead: int = 1,
    seconds: float = 60,
    settled: bool = False,
) -> Observed:
    """Run a client until it has posted an answer to all invocations, or has ended; then end it.

    Its stdout and stderr are one pipe, as in the runner. `ahead` invocations are handed out at a time;
    with 1, the next one only when all output of the one before has been read. `settled`: until it has asked
    for a further one as well. Raises TimeoutError.
    """
    stub = Stub(queue, ahead)
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**environment, "AWS_LAMBDA_RUNTIME_API": stub.address},
        stdin=subprocess.DEVNULL,
        stdout=write_end,
        stderr=write_end,
        start_new_session=True,
    )
    os.close(write_end)
    status = None
    outputs: list[bytes] = []
    heard = b""
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(read_end, selectors.EVENT_READ)
            selector.register(stub.descriptor, selectors.EVENT_READ)
            ended = False
            asked = 0
            while not ended and (len(outputs) < len(queue) or (settled and asked <= len(queue))):
                ready = {key.fd for key, _ in selector.select(seconds)}
                if not ready:
                    raise TimeoutError(f"{command} did nothing for {seconds} s; so far {heard!r}")
                request = os.read(stub.descriptor, 1) if stub.descriptor in ready else b""
                asked += request == b"?"
                while True:  # what was written before a post is in the pipe when the post arrives
                    try:
                        data = os.read(read_end, 1 << 16)
                    except BlockingIOError:
                        break
                    heard += data
                    if not data:
                        ended = True
                        break
                if request == b"!":
                    outputs.append(heard)
                    heard = b""
                    stub.allow()
                    ended = ended or stub.posts[-1].kind == "init error"
            if ended:
                status = process.wait(seconds)
                # The end of the pipe may have been seen before the word of the last post.
                while len(outputs) < len(stub.posts):
                    outputs.append(heard)
                    heard = b""
                os.set_blocking(read_end, True)
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.set_blocking(read_end, True)
        while data := os.read(read_end, 1 << 16):
            heard += data
        os.close(read_end)
        stub.close()
    return Observed(stub.posts, outputs, heard, status)
