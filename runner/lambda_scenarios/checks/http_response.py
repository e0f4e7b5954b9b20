"""A function's result, read as the HTTP response that its event source makes of it.

Sources: "Output format of a Lambda function for proxy integration" (REST APIs), "Lambda function response
format 1.0 / 2.0" (HTTP APIs) in the API Gateway developer guide; "Respond to the load balancer" in the
guide of Application Load Balancers; "Response payload format" of function URLs and "Response streaming"
in the Lambda developer guide. Beyond the documents, as observed of the services:

- A REST API takes a missing `statusCode` for 200 and numeric strings for numbers, and refuses unknown keys.
- An ALB refuses null where a key may be missing, status codes in quotes, and header values that aren't
  strings.
- HTTP APIs answer 500 where the others answer 502.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.checks.json_text import parse_json
from lambda_scenarios.checks.wording import short, told
from lambda_scenarios.model.values import Json

if TYPE_CHECKING:
    from lambda_scenarios.model.expectation import Subject
    from lambda_scenarios.model.function import HttpSource
    from lambda_scenarios.model.outcome import Returned

PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"
_PRELUDE_END = b"\0" * 8
_REST_KEYS = ("isBase64Encoded", "statusCode", "headers", "multiValueHeaders", "body")
_NAMES: dict[HttpSource, str] = {
    "rest": "API Gateway (REST API)",
    "http": "API Gateway (HTTP API)",
    "alb": "the load balancer",
    "url": "the function URL",
}


class Malformed(NamedTuple):
    """The source would not pass this result on. `location` is the place of what is wrong."""

    problem: str
    location: str
    found: str


class HttpResponse(NamedTuple):
    """The response. Header names in lower case, cookies as `Set-Cookie` texts, the body decoded.

    `body` is None where the result has none.
    """

    status: int
    headers: dict[str, list[str]]
    cookies: list[str]
    body: bytes | None


def http_source(declared: HttpSource | None, event: Json) -> HttpSource:
    """What invokes the function: as its service declares it, else as its event looks."""
    if declared is not None:
        return declared
    if isinstance(event, dict):
        context = event.get("requestContext")
        if isinstance(context, dict) and "elb" in context:
            return "alb"
        if event.get("version") in ("1.0", "2.0") or (isinstance(context, dict) and "http" in context):
            return "http"
    return "rest"


def read_response(
    returned: Returned, result: Json, not_json: str | None, declared: HttpSource | None, event: Json
) -> HttpResponse | Malformed:
    """The response that is made of a result. `not_json` says why the payload is no JSON, or None."""
    if returned.streamed:
        return _streamed(returned)
    source = http_source(declared, event)
    version_1 = source == "http" and isinstance(event, dict) and event.get("version") == "1.0"
    infers = source in ("http", "url") and not version_1
    wrong = _first_fault(result, not_json, source, infers)
    if wrong is not None:
        where, problem, found = wrong
        status = "500" if source == "http" else "502"
        return Malformed(f"{_NAMES[source]} would answer {status}: {problem}", where, short(found))
    if infers and not (isinstance(result, dict) and "statusCode" in result):
        body = _encode(result) if isinstance(result, str) else returned.payload
        return HttpResponse(200, {"content-type": ["application/json"]}, [], body)
    assert isinstance(result, dict)
    return _response(result, listed_cookies=infers)


_Fault = tuple[str, str, Json]  # location, problem, what was found


def _first_fault(result: Json, not_json: str | None, source: HttpSource, infers: bool) -> _Fault | None:
    if not_json is not None:
        return "output", f"the result is not JSON: {not_json}", result
    if infers and not (isinstance(result, dict) and "statusCode" in result):
        return None
    if not isinstance(result, dict):
        return "output", f"the result is {told(result)}, not an object with `statusCode`", result
    if source == "rest":
        unknown = [key for key in result if key not in _REST_KEYS]
        if unknown:
            return (
                f"output.{unknown[0]}",
                f"it refuses a result with the key `{unknown[0]}`",
                result[unknown[0]],
            )
    if source == "alb":
        for key in ("statusDescription", "isBase64Encoded", "headers", "multiValueHeaders", "body"):
            if key in result and result[key] is None:
                return f"output.{key}", f"`{key}` is null; it may be missing, but not null", None
    return _status_fault(result, source) or _headers_fault(result, source, infers) or _body_fault(result)


def _status_fault(result: dict[str, Json], source: HttpSource) -> _Fault | None:
    if "statusCode" not in result or (source == "rest" and result["statusCode"] is None):
        return None if source == "rest" else ("output", "the result has no `statusCode`", result)
    status = result["statusCode"]
    if _status(status) is None or (source == "alb" and isinstance(status, str)):
        return "output.statusCode", f"`statusCode` is {told(status)}, not a number from 100 to 599", status
    return None


def _status(value: Json) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == 3:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return None
    return int(value) if 100 <= value <= 599 else None


def _headers_fault(result: dict[str, Json], source: HttpSource, infers: bool) -> _Fault | None:
    headers = result.get("headers")
    if headers is not None and not isinstance(headers, dict):
        return "output.headers", f"`headers` is {told(headers)}, not an object", headers
    for name, value in (headers or {}).items():
        if isinstance(value, (list, dict)) or (source == "alb" and not isinstance(value, str)):
            return f"output.headers.{name}", f"the header `{name}` is {told(value)}, not a string", value
    multiple = None if infers else result.get("multiValueHeaders")
    if multiple is not None and not isinstance(multiple, dict):
        return "output.multiValueHeaders", f"`multiValueHeaders` is {told(multiple)}, not an object", multiple
    for name, values in (multiple or {}).items():
        if not isinstance(values, list) or any(isinstance(value, (list, dict)) for value in values):
            where = f"output.multiValueHeaders.{name}"
            return where, f"the header `{name}` is {told(values)}, not an array of strings", values
    cookies = result.get("cookies") if infers else None
    if cookies is not None and not (
        isinstance(cookies, list) and all(isinstance(cookie, str) for cookie in cookies)
    ):
        return "output.cookies", f"`cookies` is {told(cookies)}, not an array of strings", cookies
    return None


def _body_fault(result: dict[str, Json]) -> _Fault | None:
    encoded, body = result.get("isBase64Encoded"), result.get("body")
    if encoded is not None and not isinstance(encoded, bool):
        return "output.isBase64Encoded", f"`isBase64Encoded` is {told(encoded)}, not true or false", encoded
    if body is not None and not isinstance(body, str):
        return "output.body", f"`body` is {told(body)}, not a string", body
    if encoded and body:
        try:
            base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return "output.body", "`isBase64Encoded` is true, and `body` is not base64", body
    return None


def _response(result: dict[str, Json], listed_cookies: bool) -> HttpResponse:
    headers: dict[str, list[str]] = {}
    several = result.get("multiValueHeaders")
    for name, values in several.items() if isinstance(several, dict) else ():
        texts = [_header(v) for v in values] if isinstance(values, list) else []
        headers.setdefault(name.lower(), []).extend(texts)
    # A header that stands in both: the values of multiValueHeaders are the ones that are sent.
    named_before = set(headers)
    single = result.get("headers")
    for name, value in single.items() if isinstance(single, dict) else ():
        if name.lower() not in named_before and value is not None:
            headers.setdefault(name.lower(), []).append(_header(value))
    cookies = headers.get("set-cookie", [])
    listed = result.get("cookies") if listed_cookies else None
    if isinstance(listed, list):
        cookies = cookies + [cookie for cookie in listed if isinstance(cookie, str)]
    body = result.get("body")
    content: bytes | None = None
    if isinstance(body, str):
        content = base64.b64decode(body) if result.get("isBase64Encoded") else _encode(body)
    return HttpResponse(_status(result.get("statusCode")) or 200, headers, cookies, content)


def _encode(text: str) -> bytes:
    """Lone surrogates, which JSON can say and UTF-8 can't, are kept: they are to be seen in messages."""
    return text.encode("utf-8", "surrogatepass")


def _header(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _streamed(returned: Returned) -> HttpResponse | Malformed:
    """A streamed response: a prelude in JSON, eight NUL bytes, the body; or the body alone."""
    if returned.content_type.partition(";")[0].strip().lower() != PRELUDE_TYPE:
        return HttpResponse(200, {"content-type": [returned.content_type]}, [], returned.payload)
    prelude, end, body = returned.payload.partition(_PRELUDE_END)
    if not end:
        return Malformed("the streamed response has no end of its prelude (eight NUL bytes)", "output", "")
    try:
        parsed = parse_json(prelude.decode())
    except ValueError as error:
        return Malformed(
            f"the prelude of the streamed response is not JSON: {error}", "output", short(repr(prelude))
        )
    head = {"statusCode": 200, **parsed} if isinstance(parsed, dict) else parsed
    fault = _first_fault(head, None, "url", infers=True) if isinstance(head, dict) else None
    if not isinstance(head, dict) or fault is not None:
        problem = fault[1] if fault else f"it is {told(parsed)}, not an object"
        return Malformed(f"the prelude of the streamed response is wrong: {problem}", "output", short(parsed))
    response = _response({**head, "body": None}, listed_cookies=True)
    return response._replace(body=body)


def set_cookie(text: str) -> tuple[str, dict[str, Json]]:
    """The name of a cookie, and its `value` and attributes (names in lower case; flags are true)."""
    pair, *attributes = text.split(";")
    name, _, value = pair.partition("=")
    found: dict[str, Json] = {"value": value.strip().strip('"')}
    for attribute in attributes:
        key, equals, setting = attribute.partition("=")
        found[key.strip().lower()] = setting.strip() if equals else True
    return name.strip(), found


def body_value(response: HttpResponse, subject: Subject) -> Json:
    """The body as it is compared: text, or parsed where it is JSON.

    A missing body is "" where text is expected, else null. Text that is no JSON stays text. Raises
    ValueError where the bytes are no text.
    """
    if response.body is None:
        return "" if subject == "body text" else None
    try:
        text = response.body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise ValueError(f"the body's {len(response.body)} bytes are not UTF-8 text") from None
    if subject == "body text":
        return text
    try:
        return parse_json(text) if text.strip() else None
    except ValueError:
        return text
