"""Lambda's endpoint, as far as moto has none: errors of functions, log tails, throttling, slow answers.

What a function does is a Python function of its event; every request is kept. `http.server` in a thread of
the test's own process.
"""

from __future__ import annotations

import base64
import json
import re
import resource
import threading
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAFAKEFAKEFAKE0000", "AWS_SECRET_ACCESS_KEY": "not-a-secret-of-anybody"}


class Request(NamedTuple):
    """An invocation that was asked for."""

    function: str
    qualifier: str | None
    event: Any
    client_context: Any
    log_type: str | None
    id: str
    access_key: str


class Reply(NamedTuple):
    """`log` is what the function printed, None: no log is sent; `tail` replaces all of the log."""

    payload: Any = None
    error: bool = False
    log: str | None = ""
    tail: str | None = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    init: bool = False
    duration: float = 1.5


Behaviour = Callable[[Request], Reply]


def echo(request: Request) -> Reply:
    return Reply(request.event, log="seen\n")


def refusal(status: int, code: str, message: str = "", **more: str) -> Reply:
    """An error of the service, not of a function."""
    headers = (("X-Amzn-ErrorType", code), ("Retry-After", "0"))
    return Reply({"Message": message, "message": message, **more}, status=status, headers=headers)


class Fake:
    """A running endpoint. `functions` by name; whoever isn't there is not found."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.functions: dict[str, Behaviour] = {"shop-dev-echo": echo}
        self.requests: list[Request] = []
        self.most_at_once = 0
        self.at_once = 0
        self.changed = threading.Condition()
        self.released = threading.Event()

    @property
    def environ(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.url, **KEYS}

    def wait_for(self, count: int) -> None:
        """Until so many requests are under way at once."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.at_once >= count, 60), f"only {self.at_once} at once"

    def hold(self, count: int) -> Behaviour:
        """A function that answers nothing before so many requests have been under way at once."""

        def held(request: Request) -> Reply:
            with self.changed:
                assert self.changed.wait_for(lambda: self.most_at_once >= count, 60)
            return echo(request)

        return held

    def answer(self, request: Request) -> Reply:
        with self.changed:
            self.requests.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.changed.notify_all()
        try:
            function = self.functions.get(request.function)
            if function is None:
                return refusal(404, "ResourceNotFoundException", f"Function not found: {request.function}")
            return function(request)
        finally:
            with self.changed:
                self.at_once -= 1
                self.changed.notify_all()


def tail_of(reply: Reply, request: Request) -> bytes:
    """The last 4 KB of what the log then holds."""
    if reply.tail is not None:
        return reply.tail.replace("<id>", request.id).encode()[-4096:]
    init = "\tInit Duration: 30.25 ms" if reply.init else ""
    text = (
        f"START RequestId: {request.id} Version: $LATEST\n{reply.log}END RequestId: {request.id}\n"
        f"REPORT RequestId: {request.id}\tDuration: {reply.duration} ms\tBilled Duration: 2 ms\t"
        f"Memory Size: 256 MB\tMax Memory Used: 45 MB{init}\t\n"
    )
    return text.encode()[-4096:]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024
    fake: Fake

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked may be gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match = re.fullmatch(r"/2015-03-31/functions/([^/]+)/invocations", url.path)
        assert match is not None, self.path
        context = self.headers.get("X-Amz-Client-Context")
        access_key = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
        request = Request(
            function=urllib.parse.unquote(match[1]),
            qualifier=urllib.parse.parse_qs(url.query).get("Qualifier", [None])[0],
            event=json.loads(body) if body else None,
            client_context=None if context is None else json.loads(base64.b64decode(context)),
            log_type=self.headers.get("X-Amz-Log-Type"),
            id=str(uuid.uuid4()),
            access_key=access_key[1] if access_key else "",
        )
        reply = self.server.fake.answer(request)
        payload = reply.payload if isinstance(reply.payload, bytes) else json.dumps(reply.payload).encode()
        payload = payload.replace(b"<id>", request.id.encode())
        self.send_response(reply.status)
        self.send_header("x-amzn-RequestId", request.id)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        if reply.status == 200 and reply.log is not None:
            self.send_header("X-Amz-Log-Result", base64.b64encode(tail_of(reply, request)).decode())
        if reply.error:
            self.send_header("X-Amz-Function-Error", "Unhandled")
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Quiet."""


@contextmanager
def running() -> Iterator[Fake]:
    """An endpoint, ended when the block is left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    server = _Server(("127.0.0.1", 0), _Handler)
    fake = server.fake = Fake(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
