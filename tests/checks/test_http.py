"""`expect.http`: responses of each source, and what it would not pass on."""

# ruff: noqa: E501  # tables are read row by row

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from lambda_scenarios.model.outcome import Returned

from .judging import judge, messages, returned

if TYPE_CHECKING:
    from lambda_scenarios.model.expectation import Evaluation
    from lambda_scenarios.model.function import HttpSource
    from lambda_scenarios.model.values import Json


def http(expected: Any, found: Json, source: HttpSource | None = None, event: Json = None) -> Evaluation:
    return judge({"http": expected}, returned(found), source=source, event=event)


V1: Json = {"version": "1.0", "requestContext": {}}
V2: Json = {"version": "2.0", "requestContext": {"http": {}}}
ALB: Json = {"requestContext": {"elb": {}}}


@pytest.mark.parametrize(
    ("source", "event", "found", "told"),
    [
        # API Gateway, REST
        ("rest", None, {"statusCode": 200}, None),
        ("rest", None, {}, None),
        ("rest", None, {"headers": {"a": "b"}}, None),
        ("rest", None, {"statusCode": "201"}, None),
        ("rest", None, {"statusCode": 200, "headers": None, "body": None}, None),
        ("rest", None, {"statusCode": 200, "headers": {"a": True, "b": 1}}, None),
        ("rest", None, {"statusCode": 200, "wrong": 1}, "it refuses a result with the key `wrong`"),
        ("rest", None, {"statusCode": "x"}, '`statusCode` is the string "x", not a number'),
        ("rest", None, {"statusCode": True}, "`statusCode` is true, not a number"),
        ("rest", None, {"statusCode": 99}, "`statusCode` is the number 99"),
        ("rest", None, {"statusCode": 200, "body": {"a": 1}}, '`body` is the object {"a": 1}, not a string'),
        ("rest", None, {"statusCode": 200, "headers": {"a": ["b"]}}, "the header `a` is the array"),
        ("rest", None, {"statusCode": 200, "headers": []}, "`headers` is the array"),
        ("rest", None, {"statusCode": 200, "multiValueHeaders": {"a": "b"}}, "not an array of strings"),
        ("rest", None, {"statusCode": 200, "isBase64Encoded": True, "body": "?"}, "not base64"),
        ("rest", None, "text", "the result is the string"),
        ("rest", None, None, "the result is null"),
        (None, None, {"statusCode": 200, "wrong": 1}, "API Gateway (REST API) would answer 502"),
        # API Gateway, HTTP, and function URLs
        ("http", V2, {"any": 1}, None),
        ("http", V2, "text", None),
        ("http", None, None, None),
        ("http", V2, {"statusCode": 200, "extra": 1}, None),
        ("http", V2, {"statusCode": 200, "body": []}, "`body` is the array"),
        ("http", V2, {"statusCode": 200, "cookies": "a=b"}, "`cookies` is the string"),
        ("http", V1, {"any": 1}, "API Gateway (HTTP API) would answer 500: the result has no `statusCode`"),
        (None, V1, "x", "would answer 500"),
        (None, V2, {"any": 1}, None),
        ("url", None, {"any": 1}, None),
        ("url", None, {"statusCode": 200, "body": {}}, "the function URL would answer 502"),
        # load balancer
        ("alb", None, {"statusCode": 200}, None),
        ("alb", None, {"statusCode": 200, "statusDescription": "200 OK"}, None),
        (None, ALB, {}, "the load balancer would answer 502: the result has no `statusCode`"),
        ("alb", None, {"statusCode": "200"}, '`statusCode` is the string "200"'),
        ("alb", None, {"statusCode": 200, "headers": {"a": 1}}, "the header `a` is the number 1, not a string"),
        ("alb", None, {"statusCode": 200, "body": None}, "`body` is null"),
    ],
)  # fmt: skip
def test_what_a_source_passes_on(
    source: HttpSource | None, event: Json, found: Json, told: str | None
) -> None:
    judged = http({}, found, source, event)
    if told is None:
        assert messages(judged) == []
    else:
        (mismatch,) = judged.mismatches
        assert told in mismatch.message
        assert mismatch.expectation == "expect.http"


def test_a_malformed_response_is_told_once() -> None:
    judged = http({"status": 200, "body": {"a": 1}, "headers": {"a": "b"}}, {"statusCode": 200, "x": 1})
    assert len(judged.mismatches) == 1


def test_status_and_body() -> None:
    found: Json = {"statusCode": 201, "body": json.dumps({"total": {"amount": 12.5, "currency": "EUR"}})}
    expected = {"status": 201, "body": {"total": {"currency": "USD", "amount": {"$gt": 0}}}}
    judged = http(expected, found)
    (mismatch,) = judged.mismatches
    assert mismatch.message == 'expected "USD", found "EUR"'
    assert mismatch.expectation == "expect.http.body.total.currency"
    assert mismatch.location == "output.body.total.currency"
    assert judged.held == ("http.status", "http.body.total.amount")
    assert [(line.sign, line.text) for line in mismatch.diff] == [
        (" ", "{"),
        (" ", '  "total": {'),
        (" ", '    "amount": 12.5,'),
        ("-", '    "currency": "USD"'),
        ("+", '    "currency": "EUR"'),
        (" ", "  }"),
        (" ", "}"),
    ]


@pytest.mark.parametrize(
    ("expected", "body", "holds"),
    [
        ("hello", "hello", True),
        ('"hello"', '"hello"', True),
        ("", None, True),
        (None, None, True),
        (None, "", True),
        ({"$absent": True}, None, True),
        ({"$absent": True}, "", False),
        ({"$present": True}, "", True),
        (5, "5", True),
        ({"$regex": "^<html>"}, "<html>…", True),
        ({"$regex": "^\\{"}, '{"a": 1}', True),
        ({"$json": {"a": 1}}, '{"a": 1}', True),
        ({"$contains": 2}, "[1, 2]", True),
        ({"$contains": "ell"}, "hello", True),
        ({"$any_of": ["a", "1"]}, "1", True),
        ({"a": 1}, "no json", False),
        ({"a": 1}, '{"a": 1, "b": 2}', False),
    ],
)
def test_bodies(expected: Json, body: Json, holds: bool) -> None:
    assert (not http({"body": expected}, {"statusCode": 200, "body": body}).mismatches) == holds


def test_body_includes() -> None:
    found: Json = {"statusCode": 200, "body": '{"a": {"b": 1, "c": 2}}'}
    assert not http({"body_includes": {"a": {"b": 1}}}, found).mismatches
    assert http({"body": {"a": {"b": 1}}}, found).mismatches


def test_a_body_that_is_no_json() -> None:
    (message,) = messages(http({"body": {"a": 1}}, {"statusCode": 200, "body": "oops"}))
    assert message == 'expected an object, found the string "oops" (the body is not JSON)'


def test_a_body_in_base64() -> None:
    def encoded(raw: bytes) -> Json:
        return {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(raw).decode()}

    assert not http({"body": {"a": "é"}}, encoded('{"a": "é"}'.encode())).mismatches
    assert not http({"body": "é"}, encoded("é".encode())).mismatches
    assert messages(http({"body": "x"}, encoded(b"\xff\xfe"))) == ["the body's 2 bytes are not UTF-8 text"]


HEADERS: Json = {
    "statusCode": 200,
    "headers": {"Content-Type": "text/html", "X-Number": 5, "both": "single"},
    "multiValueHeaders": {"X-Many": ["a", "b"], "BOTH": ["several"], "Set-Cookie": ["s=1; Path=/; HttpOnly", "t=2"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({"content-type": "text/html", "CONTENT-TYPE": {"$starts_with": "text/"}}, True),
        ({"X-Number": 5}, True),
        ({"X-Many": "a, b"}, True),
        ({"x-many": ["a", "b"]}, True),
        ({"x-many": ["b", "a"]}, False),
        ({"x-many": {"$unordered": ["b", "a"]}}, True),
        ({"x-many": {"$not": {"$contains": "b"}}}, False),
        ({"both": "several"}, True),
        ({"content-type": ["text/html"]}, True),
        ({"x-none": {"$absent": True}}, True),
        ({"x-none": {"$optional": "a"}}, True),
        ({"x-many": {"$absent": True}}, False),
        ({"x-none": "a"}, False),
    ],
)
def test_headers(expected: Json, holds: bool) -> None:
    assert (not http({"headers": expected}, HEADERS).mismatches) == holds


def test_a_missing_header_is_told_with_its_neighbour() -> None:
    judged = http({"headers": {"Contnt-Type": "a"}}, HEADERS)
    assert messages(judged) == ['the header `Contnt-Type` is missing (there is `content-type`); expected "a"']


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({"s": "1", "t": "2"}, True),
        ({"s": 1}, True),
        ({"s": {"value": 1, "HttpOnly": True, "path": "/"}}, True),
        ({"t": {"httponly": True}}, False),
        ({"u": {"$absent": True}}, True),
        ({"u": "1"}, False),
        (["s=1; Path=/; HttpOnly", "t=2"], True),
        ({"$contains": "t=2"}, True),
        ({"$length": 3}, False),
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_cookies(expected: Json, holds: bool, listed: bool) -> None:
    cookies: Json = ["s=1; Path=/; HttpOnly", "t=2"]
    found: Json = {"statusCode": 200, "cookies": cookies} if listed else HEADERS
    assert (not http({"cookies": expected}, found, "url" if listed else "rest").mismatches) == holds


def test_an_http_api_makes_a_response_of_any_result() -> None:
    expected = {"status": 200, "headers": {"content-type": "application/json"}, "body": {"a": [1]}}
    assert not http(expected, {"a": [1]}, "http", V2).mismatches
    assert not http({"body": "hello"}, "hello", "http", V2).mismatches


STREAM = "application/vnd.awslambda.http-integration-response"


def test_streamed_responses() -> None:
    prelude = json.dumps({"statusCode": 201, "headers": {"a": "b"}, "cookies": ["c=1"]}).encode()
    streamed = Returned(prelude + b"\0" * 8 + b'{"x": 1}', STREAM, streamed=True)
    expect: Json = {"status": 201, "headers": {"A": "b"}, "cookies": {"c": "1"}, "body": {"x": 1}}
    assert not judge({"http": expect}, streamed).mismatches
    plain = Returned(b"abc", "text/plain", streamed=True)
    assert not judge(
        {"http": {"status": 200, "body": "abc", "headers": {"content-type": "text/plain"}}}, plain
    ).mismatches
    for payload in (b"{}", b"{" + b"\0" * 8, b"[]" + b"\0" * 8, b'{"statusCode": 1}' + b"\0" * 8):
        (mismatch,) = judge({"http": {"status": 200}}, Returned(payload, STREAM, streamed=True)).mismatches
        assert "prelude" in mismatch.message
