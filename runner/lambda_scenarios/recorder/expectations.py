"""What may be expected of an outcome, the best first (pure)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.checks.facts import read_result
from lambda_scenarios.model.outcome import BackendFailed, Returned
from lambda_scenarios.recorder.varying import Known, expected, has_varying

if TYPE_CHECKING:
    from lambda_scenarios.model.outcome import Ending
    from lambda_scenarios.model.values import Json

_HTTP_KEYS = frozenset(
    ("statusCode", "statusDescription", "headers", "multiValueHeaders", "cookies", "body", "isBase64Encoded")
)


class Expectation(NamedTuple):
    """The value of `expect`; None: only that it returns. `file` (suffix and content) is what its
    `output_path` is to name."""

    value: dict[str, Json] | None
    file: tuple[str, bytes] | None = None
    remark: str = ""


def expectations(ending: Ending, known: Known) -> list[Expectation]:
    assert not isinstance(ending, BackendFailed), "nothing is known of a function that never ran"
    if not isinstance(ending, Returned):
        error = {"type": expected(ending.error_type, known), "message": expected(ending.message, known)}
        return [Expectation({"error": error}), Expectation({"error": {"type": error["type"]}})]
    result = read_result(ending.payload)
    nothing = Expectation(None, remark="its result can't be written down: only that it returns is expected")
    if result.not_json is not None:
        return [Expectation({}, (".txt", ending.payload)), nothing]
    output = expected(result.value, known)
    inline = Expectation({"output": output})
    beside = Expectation({}, (".json", _laid_out(result.value)))
    found = [inline, beside] if has_varying(output) or _is_short(result.value) else [beside, inline]
    response = _response(result.value, known)
    if response is not None and _is_short(result.value):
        found.insert(0, Expectation({"http": response}))
    return [*found, nothing]


_LONGEST = 6_000  # characters, in the scenario file itself


def _is_short(value: Json) -> bool:
    return len(json.dumps(value)) <= _LONGEST


def _laid_out(value: Json) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def _response(value: Json, known: Known) -> dict[str, Json] | None:
    """The result as `http` has it, where it is a proxy response that loses nothing by that."""
    if not isinstance(value, dict) or not value.keys() <= _HTTP_KEYS:
        return None
    status = value.get("statusCode")
    if not isinstance(status, int) or isinstance(status, bool):
        return None
    found: dict[str, Json] = {"status": status}
    headers = value.get("headers") or {}
    several = value.get("multiValueHeaders") or {}
    if not isinstance(headers, dict) or not isinstance(several, dict):
        return None
    if headers or several:
        found["headers"] = {
            name: expected(item, known) for name, item in {**headers, **several}.items() if item is not None
        }
    if value.get("cookies"):
        found["cookies"] = {"$unordered": expected(value["cookies"], known)}
    body = value.get("body")
    if isinstance(body, str) and body:
        text = _decoded(body) if value.get("isBase64Encoded") else body
        if text is None:
            return None
        found["body"] = expected(_parsed(text), known)
    return found


def _decoded(body: str) -> str | None:
    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError:
        return None


def _parsed(text: str) -> Json:
    """The body as JSON where it is an object or an array: a scalar is as well expected as text."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, (dict, list)) else text
