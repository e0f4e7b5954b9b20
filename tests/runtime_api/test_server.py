"""The sockets of a Runtime API, with peers that misbehave."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from lambda_scenarios.execution.loop import Loop
from lambda_scenarios.runtime_api.protocol import Answered, Event, Ready
from lambda_scenarios.runtime_api.server import Server

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n"


def answer(request_id: str, body: bytes = b"1") -> bytes:
    head = f"POST /2018-06-01/runtime/invocation/{request_id}/response HTTP/1.1\r\nHost: h\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Sides:
    """Both sides in one thread; `heard` is what the server has understood."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.heard: list[Event] = []
        self.server = Server(self.loop, self.heard.append)

    def connect(self) -> socket.socket:
        host, _, port = self.server.address.partition(":")
        client = socket.create_connection((host, int(port)))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def until(self, count: int) -> None:
        while len(self.heard) < count:
            self.loop.turn(10)


@pytest.fixture
def sides() -> Iterator[Sides]:
    made = Sides()
    yield made
    made.server.close()
    made.loop.close()


def begun(sides: Sides) -> socket.socket:
    """A client that has been given the invocation `r-1`."""
    client = sides.connect()
    client.sendall(NEXT)
    sides.until(1)
    assert sides.heard == [Ready()]
    sides.server.api.invoke("r-1", b"", b"{}")
    sides.server.flush()
    return client


def test_what_a_peer_said_before_it_went_is_heard_though_nothing_can_be_sent_to_it(sides: Sides) -> None:
    client = begun(sides)
    client.sendall(answer("r-1") + NEXT)
    client.close()  # with something unread: the connection is reset
    for number in range(2, 5):
        sides.server.api.invoke(f"r-{number}", b"", b"{}")
        sides.server.flush()
        sides.server.api.received(*_asks(sides))  # so that there is something to send each time
        sides.server.flush()
    sides.server.drain()
    found = [event for event in sides.heard if isinstance(event, Answered)]
    assert [event.request_id for event in found] == ["r-1"]


def _asks(sides: Sides) -> tuple[int, bytes]:
    (connection,) = sides.server._connections
    return connection, NEXT


def test_half_an_answer_is_none_yet(sides: Sides) -> None:
    client = begun(sides)
    client.setblocking(False)
    client.sendall(answer("r-1", b"x" * 100)[:-50])
    sides.server.catch_up()
    assert len(sides.heard) == 1
    client.sendall(b"x" * 50)
    sides.server.catch_up()
    assert len(sides.heard) == 2
    client.close()


def test_an_answer_that_nobody_has_read_yet_is_caught_up_with(sides: Sides) -> None:
    client = begun(sides)
    other = sides.connect()
    other.sendall(answer("r-1"))
    sides.server.catch_up()
    assert [type(event) for event in sides.heard] == [Ready, Answered]
    client.close()
    other.close()


def test_a_peer_that_speaks_no_http_is_let_go(sides: Sides) -> None:
    client = begun(sides)
    client.sendall(b"HELO there\r\n\r\n")
    sides.loop.turn(10)
    data = b""
    while piece := client.recv(1000):
        data += piece
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    client.close()
    client = sides.connect()
    client.sendall(answer("r-1"))
    sides.until(2)
    client.close()


def test_a_peer_that_does_not_read_is_still_heard(sides: Sides) -> None:
    client = begun(sides)
    client.sendall(NEXT)
    sides.loop.turn(10)
    large = b"x" * 20_000_000
    sides.server.api.invoke("r-2", b"", large)
    sides.server.flush()
    client.sendall(answer("r-1"))
    sides.until(2)
    client.sendall(answer("r-2"))
    sides.until(3)
    client.setblocking(False)
    received = 0
    while received < len(large):
        sides.loop.turn(0)
        try:
            while piece := client.recv(1 << 20):
                received += len(piece)
            pytest.fail("the connection ended before all had come")
        except BlockingIOError:
            pass
    client.close()
