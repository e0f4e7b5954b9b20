"""The client's JSON against AWS's marshaller (simplejson), on values and texts that nobody chose."""

from __future__ import annotations

import collections
import decimal
import enum
import json
from typing import Any

import hypothesis.strategies as st
import pytest
from awslambdaric.lambda_runtime_exception import FaultException  # type: ignore[import-untyped]  # no types
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller  # type: ignore[import-untyped]  # as above
from hypothesis import example, given, settings
from tests.clients.python.client_module import load_client

client = load_client()
Pair = collections.namedtuple("Pair", "left right")


class Colour(enum.IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


class Shown:
    def __init__(self, fields: object) -> None:
        self.fields = fields

    def _asdict(self) -> object:
        return self.fields


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=20),  # lone surrogates too
    st.binary(max_size=5),
    st.decimals(),
    st.sampled_from([Colour.RED, Text("text"), {1}, 1j, object, Pair, decimal.Decimal("sNaN"), ...]),
    st.dates(),
)
keys = st.one_of(
    st.text(max_size=5), st.integers(), st.floats(), st.none(), st.booleans(), st.binary(max_size=3),
    st.tuples(st.integers()), st.just(Colour.RED), st.decimals(allow_nan=False),
)  # fmt: skip
plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
        st.dictionaries(keys, inner, max_size=4).map(collections.OrderedDict),
        st.lists(inner, max_size=4).map(collections.deque),
        st.tuples(inner, inner).map(lambda pair: Pair(*pair)),
        inner.map(Shown),
        st.dictionaries(st.text(max_size=3), inner, max_size=3).map(Shown),
    ),
    max_leaves=12,
)


def encoded(encode: Any, value: object) -> tuple[str, str]:
    """What came of it: the text, or the exception's."""
    try:
        return "text", encode(value)
    except Exception as problem:  # noqa: BLE001 - exceptions are compared
        return "problem", str(problem)


@pytest.mark.parametrize("environment", ["AWS_Lambda_python3.11", "AWS_Lambda_python3.13"])
@pytest.mark.parametrize("values", [plain, anything], ids=["plain", "anything"])
def test_encode(monkeypatch: pytest.MonkeyPatch, environment: str, values: st.SearchStrategy[object]) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", environment)
    ours = client.Json(escape=environment.endswith("11"))
    theirs = LambdaMarshaller()

    @settings(deadline=None, max_examples=100)
    @given(values)
    @example({"a": [Pair(1, b"x")], 1: "one", None: float("nan")})
    def check(value: object) -> None:
        assert encoded(ours.encode, value) == encoded(theirs.jsonEncoder.encode, value)

    check()


@settings(deadline=None, max_examples=100)
@given(plain)
def test_decode_what_is_json(value: object) -> None:
    text = json.dumps(value).encode()
    expected: object
    try:
        expected = LambdaMarshaller().unmarshal_request(text)
    except FaultException as fault:  # NaN and the infinities
        with pytest.raises(ValueError, match="Expecting value") as found:
            client.Json(True).decode(text)
        assert f"Unable to unmarshal input: {found.value}" == fault.msg
    else:
        assert client.Json(True).decode(text) == expected


@settings(deadline=None, max_examples=100)
@given(
    st.one_of(st.text(st.sampled_from('{}[]":,1a \\u\n\ufefft.e-'), max_size=12).map(str.encode), st.binary())
)
def test_decode_accepts_what_aws_accepts(data: bytes) -> None:
    try:
        expected = LambdaMarshaller().unmarshal_request(data)
    except FaultException:
        with pytest.raises(ValueError, match=r"."):
            client.Json(True).decode(data)
    else:
        assert repr(client.Json(True).decode(data)) == repr(expected)
