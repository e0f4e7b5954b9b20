"""A small Runtime API and the running of clients against it: this project's own, and AWS's."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import threading
from collections import deque
from typing import Any, NamedTuple

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CLIENT = os.path.join(ROOT, "runner/lambda_scenarios/runtimes/clients/nodejs_client.cjs")
HANDLERS = os.path.join(HERE, "handlers")
NONCE = "0123456789abcdef"
PATIENCE = 60.0  # seconds until a run that hangs is given up


class Event(NamedTuple):
    """One invocation to hand out."""

    body: Any
    request_id: str
    headers: tuple[tuple[str, str], ...] = ()


class Answer(NamedTuple):
    """One POST of a client: `action` is `response`, `error` or `init/error`. Names in lower case."""

    action: str
    request_id: str
    headers: dict[str, str]
    body: bytes
    trailers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


class Run(NamedTuple):
    """What came of a client. `status` is None where it was alive when all was answered."""

    answers: list[Answer]
    output: bytes
    status: int | None
    gets: int


class _Connection:
    """Requests in, answers out: strictly in order, a GET waiting until there is something to hand out."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""
        self.owed: deque[bytes | None] = deque()  # answers in order; None is an invocation

    def requests(self) -> list[tuple[str, str, dict[str, str], bytes, dict[str, str]]]:
        """Take the complete requests out of what was received."""
        found = []
        while (parsed := _parse_request(self.received)) is not None:
            request, length = parsed
            self.received = self.received[length:]
            found.append(request)
        return found


def _headers(block: bytes) -> dict[str, str]:
    pairs = [line.split(":", 1) for line in block.decode("latin-1").split("\r\n") if line]
    return {name.lower(): value.strip() for name, value in pairs}


def _parse_request(
    data: bytes,
) -> tuple[tuple[str, str, dict[str, str], bytes, dict[str, str]], int] | None:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, _, rest = data[:end].partition(b"\r\n")
    method, path, _ = first.decode("ascii").split(" ")
    headers = _headers(rest)
    at = end + 4
    if headers.get("transfer-encoding") != "chunked":
        length = int(headers.get("content-length", "0"))
        if len(data) < at + length:
            return None
        return (method, path, headers, data[at : at + length], {}), at + length
    body = b""
    while True:
        line = data.find(b"\r\n", at)
        if line < 0:
            return None
        size = int(data[at:line], 16)
        at = line + 2
        if size == 0:
            break
        if len(data) < at + size + 2:
            return None
        body += data[at : at + size]
        at += size + 2
    if data[at : at + 2] == b"\r\n":
        return (method, path, headers, body, {}), at + 2
    end = data.find(b"\r\n\r\n", at)
    if end < 0:
        return None
    return (method, path, headers, body, _headers(data[at:end])), end + 4


class RuntimeApi:
    """A Runtime API on a loopback port, which knows nothing of the clients it serves.

    `ahead` is how many invocations may be out unanswered; `cut` is a size to cut what is sent into.
    """

    def __init__(self, events: list[Event], ahead: int = 1, cut: int = 0) -> None:
        self.answers: list[Answer] = []
        self.gets = 0
        self._count = len(events)
        self._events = deque(events)
        self._out = 0
        self._ahead = ahead
        self._cut = cut
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop, self._stopped = socket.socketpair()
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def wait(self, count: int, ended: threading.Event) -> None:
        """Wait until `count` invocations (or the loading) are answered, or the client has ended."""
        with self._changed:
            arrived = self._changed.wait_for(
                lambda: len(self.answers) >= count or ended.is_set() or self.refused(), PATIENCE
            )
        assert arrived, f"no answer within {PATIENCE} s; so far {self.answers}"

    def asked_again(self, ended: threading.Event) -> bool:
        """Wait until another invocation is asked for than those there were, or the client has ended."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: self.gets > self._count or ended.is_set(), PATIENCE)
        assert arrived, f"neither asked nor ended within {PATIENCE} s"
        return not ended.is_set()

    def refused(self) -> bool:
        return any(answer.action == "init/error" for answer in self.answers)

    def notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        self._stop.close()
        self._thread.join()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._stopped, selectors.EVENT_READ)
            connections: dict[Any, _Connection] = {}
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._stopped:
                        for connection in connections.values():
                            connection.sock.close()
                        self._listener.close()
                        self._stopped.close()
                        return
                    if key.fileobj is self._listener:
                        sock, _ = self._listener.accept()
                        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        connections[sock] = _Connection(sock)
                        selector.register(sock, selectors.EVENT_READ)
                        continue
                    self._read(connections[key.fileobj], selector, connections)
                for connection in connections.values():
                    self._pay(connection)

    def _read(
        self,
        connection: _Connection,
        selector: selectors.BaseSelector,
        connections: dict[Any, _Connection],
    ) -> None:
        try:
            data = connection.sock.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        if not data:
            selector.unregister(connection.sock)
            del connections[connection.sock]
            connection.sock.close()
            return
        connection.received += data
        for method, path, headers, body, trailers in connection.requests():
            if method == "GET":
                with self._changed:
                    self.gets += 1
                    self._changed.notify_all()
                connection.owed.append(None)
                continue
            connection.owed.append(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            parts = path.split("/")
            with self._changed:
                self._out -= 1
                request_id = "" if path.endswith("/init/error") else parts[-2]
                action = "init/error" if request_id == "" else parts[-1]
                self.answers.append(Answer(action, request_id, headers, body, trailers))
                self._changed.notify_all()

    def _pay(self, connection: _Connection) -> None:
        data = b""
        while connection.owed:
            owed = connection.owed[0]
            if owed is None:
                if not self._events or self._out >= self._ahead:
                    break
                owed = _invocation(self._events.popleft())
                self._out += 1
            connection.owed.popleft()
            data += owed
        step = self._cut or len(data)
        for at in range(0, len(data), step or 1):
            try:
                connection.sock.sendall(data[at : at + step])
            except OSError:  # the client left; its end is judged elsewhere
                return


def _invocation(event: Event) -> bytes:
    body = json.dumps(event.body).encode()
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": event.request_id,
        "Lambda-Runtime-Deadline-Ms": "4102444800000",
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "Content-Length": str(len(body)),
        **dict(event.headers),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body


def events_of(*bodies: Any, headers: tuple[tuple[str, str], ...] = ()) -> list[Event]:
    return [Event(body, f"request-{number}", headers) for number, body in enumerate(bodies, 1)]


def environment(
    handler: str, runtime: str, address: str, task_root: str, extra: dict[str, str]
) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "TZ": ":UTC",
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": task_root,
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        **extra,
    }


def run_command(
    command: list[str],
    handler: str,
    events: list[Event],
    *,
    runtime: str = "nodejs20.x",
    env: dict[str, str] | None = None,
    task_root: str = HANDLERS,
    ahead: int = 1,
    cut: int = 0,
    cwd: str = HERE,
) -> Run:
    """Serve `events` to a client, and end it when all are answered or it has ended."""
    api = RuntimeApi(events, ahead, cut)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(handler, runtime, api.address, task_root, env or {}),
        cwd=cwd,
        start_new_session=True,
    )
    ended = threading.Event()
    output = bytearray()

    def read() -> None:
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), 1 << 20):
            output.extend(data)
        ended.set()
        api.notify()

    reader = threading.Thread(target=read)
    reader.start()
    status: int | None = None
    try:
        api.wait(len(events), ended)
        expects_end = ended.is_set() or api.refused()
        if not expects_end and api.answers and api.answers[-1].action == "error":
            # An error that ends the process is posted just before: no further invocation is asked for.
            expects_end = "Unhandled" in api.answers[-1].json()["errorType"] or not api.asked_again(ended)
        if expects_end:
            status = process.wait(PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        api.close()
        reader.join()
        assert process.stdout is not None
        process.stdout.close()
    return Run(api.answers, bytes(output), status, api.gets)


def run_client(handler: str, events: list[Event], *, ahead: int = 1, **options: Any) -> Run:
    """Run this project's client, which asks for `ahead` invocations at once."""
    command = ["node", CLIENT, str(ahead), NONCE]
    return run_command(command, handler, events, ahead=ahead, **options)


MARKER = re.compile(rb"\x00%s ([^\n]+)\n" % NONCE.encode())


def split_output(output: bytes) -> dict[str, bytes]:
    """What each invocation wrote, by request id: `init` for loading, "" for what follows the last marker."""
    parts = MARKER.split(output)
    return {parts[i + 1].decode(): parts[i] for i in range(0, len(parts) - 1, 2)} | {"": parts[-1]}


class AwsClient(NamedTuple):
    """AWS's client, unpacked. `generation` is 3 (for Node.js up to 22) or 4 (from 24 on)."""

    generation: int
    program: str  # the bundle

    def run(self, handler: str, events: list[Event], **options: Any) -> Run:
        command = ["node", "-r", os.path.join(HERE, "native_stand_in.cjs")]
        env = dict(options.pop("env", None) or {})
        if self.generation == 3:
            command.append(os.path.join(HERE, "aws_client_3", "index.mjs"))
            env["AWS_CLIENT"] = self.program
        else:
            command.append(self.program)
        # Lambda starts it in the task root.
        return run_command(command, handler, events, env=env, cwd=options["task_root"], **options)


def unpacked(version: str, bundle: str) -> str:
    """Fetch a version of AWS's client without running its install scripts, which build the native part."""
    target = os.path.join(HERE, "node_modules", f"aws-lambda-ric-{version}")
    program = os.path.join(target, "package", bundle)
    if os.path.exists(program):
        return program
    scratch = f"{target}.{os.getpid()}"
    os.makedirs(scratch, exist_ok=True)
    try:
        done = subprocess.run(
            ["npm", "pack", "--silent", f"aws-lambda-ric@{version}", "--pack-destination", scratch],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            problem = f"`npm pack aws-lambda-ric@{version}` failed: {done.stderr.strip()}"
            if os.environ.get("CI"):
                pytest.fail(problem)
            pytest.skip(problem)
        archive = f"aws-lambda-ric-{version}.tgz"
        subprocess.run(["tar", "-xzf", archive], cwd=scratch, check=True)
        # native_stand_in.cjs takes the place of what is not built.
        with open(os.path.join(scratch, "package", os.path.dirname(bundle), "rapid-client.node"), "wb"):
            pass
        with contextlib.suppress(OSError):  # another worker was first
            os.rename(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return program


@pytest.fixture(scope="session")
def aws_clients() -> dict[int, AwsClient]:
    """Both generations of AWS's client, fetched once with npm."""
    return {
        3: AwsClient(3, unpacked("3.3.0", "dist/index.mjs")),
        4: AwsClient(4, unpacked("4.0.2", "index.mjs")),
    }
