"""The output of a worker, divided: any split of the same bytes gives the same pieces."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.execution.logs import LIMIT, Awaiting, LogSplitter
from tests.execution.running import NONCE

BEGIN = b"\0%s " % NONCE.encode()
# What looks like a marker, or like a part of one, is of the function as much as anything else.
OUTPUT = (
    st.lists(
        st.binary(max_size=20)
        | st.sampled_from([b"\0", BEGIN[:5], BEGIN[:-1], b"\n", b"\0%s\n" % NONCE.encode()]),
        max_size=6,
    )
    .map(b"".join)
    .filter(lambda output: BEGIN not in output)
)


def marker(name: str) -> bytes:
    return BEGIN + name.encode() + b"\n"


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({min(at, len(stream)) for at in cuts} | {0, len(stream)})
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


@given(outputs=st.lists(OUTPUT, max_size=6), tail=OUTPUT, cuts=st.lists(st.integers(0, 400), max_size=20))
def test_any_split_gives_each_invocation_its_own(outputs: list[bytes], tail: bytes, cuts: list[int]) -> None:
    names = [f"r-{number}" for number in range(len(outputs))]
    stream = b"".join(output + marker(name) for name, output in zip(names, outputs, strict=True)) + tail
    splitter = LogSplitter(NONCE)
    found = []
    waiting = list(names)
    for piece in cut(stream, cuts):
        splitter.feed(piece)
        while waiting and (taken := splitter.take(waiting[0])) is not None:
            found.append(taken)
            del waiting[0]
    assert found == [(output, False) for output in outputs]
    assert splitter.rest() == (tail, False)
    assert splitter.rest() == (b"", False)


@given(outputs=st.lists(OUTPUT, min_size=1, max_size=6), cuts=st.lists(st.integers(0, 400), max_size=20))
def test_nothing_is_lost_where_nobody_asked_in_between(outputs: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(output + marker(f"r-{number}") for number, output in enumerate(outputs))
    splitter = LogSplitter(NONCE)
    for piece in cut(stream, cuts):
        splitter.feed(piece)
    assert splitter.take("never sent") is None
    assert splitter.rest() == (b"".join(outputs), False)


@given(pieces=st.lists(st.binary(max_size=30) | st.just(b"\0 r-1\n"), max_size=8))
def test_without_a_nonce_everything_is_one_piece(pieces: list[bytes]) -> None:
    splitter = LogSplitter("")
    for piece in pieces:
        splitter.feed(piece)
    assert splitter.take("r-1") is None
    assert splitter.rest() == (b"".join(pieces), False)


def test_one_name_twice_is_two_pieces_in_their_order() -> None:
    splitter = LogSplitter(NONCE)
    splitter.feed(b"a" + marker("same") + b"b" + marker("same"))
    assert (splitter.take("same"), splitter.take("same")) == ((b"a", False), (b"b", False))


def test_too_much_is_cut_and_the_next_invocation_is_whole() -> None:
    splitter = LogSplitter(NONCE)
    megabyte = b"x" * (1024 * 1024)
    for _ in range(40):
        splitter.feed(megabyte)
    ending = marker("large")
    splitter.feed(ending[:7])
    splitter.feed(ending[7:] + b"small" + marker("small"))
    # What follows must not push out what nobody has asked for yet.
    for _ in range(40):
        splitter.feed(megabyte)
    found, was_cut = splitter.take("large") or (b"", False)
    assert (len(found), was_cut) == (LIMIT, True)
    assert splitter.take("small") == (b"small", False)
    rest, was_cut = splitter.rest()
    assert (len(rest), was_cut) == (LIMIT, True)


def test_a_piece_of_just_the_limit_is_whole() -> None:
    splitter = LogSplitter(NONCE)
    splitter.feed(b"x" * LIMIT + marker("r"))
    found, was_cut = splitter.take("r") or (b"", True)
    assert (len(found), was_cut) == (LIMIT, False)


@given(st.data())
def test_awaited_text_is_seen_once_however_it_is_cut(data: st.DataObject) -> None:
    heard: list[str] = []
    passed = bytearray()

    class Behind:
        def feed(self, data: bytes) -> None:
            passed.extend(data)

        def close(self) -> None:
            heard.append("closed")

    output = b"aab" * data.draw(st.integers(0, 3)) + b"aabc here\naabc again\n"
    awaiting = Awaiting(b"aabc", lambda: heard.append("seen"), Behind())
    end = output.index(b"\n") + 1
    cuts = sorted({0, end - 1, end, len(output), *data.draw(st.sets(st.integers(0, len(output))))})
    for begin, stop in itertools.pairwise(cuts):
        awaiting.feed(output[begin:stop])
        assert heard == (["seen"] if stop >= end else [])
    awaiting.close()
    assert (heard, bytes(passed)) == (["seen", "closed"], output)
