"""The `http` key of an `expect` mapping, compiled (scenario-format.md, section 4).

Headers and cookies are text, so the scalars that are expected of them are compared as they were
written. A header is compared as one text (several values combined with ", ", as in RFC 9110), or, where
a list, `$each` or `$unordered` is expected, as the list of its values. Cookies are expected by name, or,
as a list or by matchers, as all `Set-Cookie` texts.
"""

from __future__ import annotations

from lambda_scenarios.checks.matchers import MATCHER_NAMES
from lambda_scenarios.checks.reading import EXACT, INCLUSION, Mode, Reading, unknown_key
from lambda_scenarios.checks.values import ANYTHING, compile_value, number_or_matchers
from lambda_scenarios.model.expectation import (
    Clause,
    Equal,
    Inner,
    Matchers,
    Matches,
    Node,
    Scalar,
    Sequence,
    Several,
)
from lambda_scenarios.model.values import DocPath, Json, WrittenFloat, WrittenInt

_HTTP_KEYS = ("status", "headers", "cookies", "body", "body_includes")
_KEYED = Mode(False, True)
_KEYED_INCLUSION = Mode(True, True)


def compile_http(value: Json, reading: Reading) -> list[Clause]:
    """The clauses of `http`: the first one says that it is a response at all."""
    if not isinstance(value, dict):
        reading.wrong(("http",), "`http` is a mapping", "there are: " + ", ".join(_HTTP_KEYS))
        return []
    clauses = [Clause("response", ("http",), ANYTHING)]
    for key, expected in value.items():
        path = ("http", key)
        if key == "status":
            node = number_or_matchers(expected, path, reading, "an HTTP status: 200")
            clauses.append(Clause("status", path, node))
        elif key == "headers":
            clauses += _headers(expected, path, reading)
        elif key == "cookies":
            clauses += _cookies(expected, path, reading)
        elif key == "body":
            node = compile_value(expected, path, reading, _KEYED)
            clauses.append(Clause("body text" if _reads_text(node) else "body json", path, node))
        elif key == "body_includes":
            node = compile_value(expected, path, reading, _KEYED_INCLUSION)
            clauses.append(Clause("body text" if _reads_text(node) else "body json", path, node))
        else:
            unknown_key(key, path, _HTTP_KEYS, "`http`", reading)
    return clauses


def _reads_text(node: Node) -> bool:
    """Is the body to be read as text? Where a string is expected, or what only strings can match."""
    if isinstance(node, Equal):
        return isinstance(node.value, str)
    if isinstance(node, Matchers):
        return any(_reads_text(part) for _, part in node.parts)
    if isinstance(node, Scalar):
        return node.name in ("$starts_with", "$ends_with", "$format")
    if isinstance(node, Inner):
        if node.name in ("$json", "$base64"):
            return True
        return node.name in ("$not", "$optional", "$literal", "$exactly", "$partial") and _reads_text(
            node.node
        )
    if isinstance(node, Several):
        return node.name != "$unordered" and all(map(_reads_text, node.nodes))
    return isinstance(node, Matches)


def _as_text(value: Json) -> Json:
    """Headers and cookies are text: `Content-Length: 12` expects "12", as it was written."""
    if isinstance(value, dict):
        return {key: item if _is_no_text(key) else _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return getattr(value, "written", None) or str(value)
    return str(value) if isinstance(value, (int, float)) else value


def _is_no_text(key: str) -> bool:
    """Whether a key is a matcher whose argument is no text; those of extensions get theirs as written."""
    return key in ("$length", "$absent", "$present") or (key[:1] == "$" and key not in MATCHER_NAMES)


def _headers(value: Json, path: DocPath, reading: Reading) -> list[Clause]:
    if not isinstance(value, dict):
        reading.wrong(path, "`headers` is a mapping", "names of headers, and what their values match")
        return []
    clauses: list[Clause] = []
    for name, expected in value.items():
        here = (*path, name)
        if name.startswith("$"):
            reading.wrong(
                here, f"`{name}` is no header", "matchers stand for the value of a header", key=True
            )
            continue
        if expected is None:
            reading.wrong(here, "a header can't be null", "to expect that it is missing: {$absent: true}")
            continue
        if isinstance(expected, dict) and not any(key.startswith("$") for key in expected):
            reading.wrong(here, "a header is text", "a string, a list of strings, or matchers")
            continue
        node = compile_value(_as_text(expected), here, reading, _KEYED)
        clauses.append(Clause("header list" if _reads_list(node) else "header", here, node, name.lower()))
    return clauses


def _reads_list(node: Node) -> bool:
    """Are all values of the header meant, rather than their combination?"""
    if isinstance(node, Equal):
        return isinstance(node.value, list)
    if isinstance(node, Sequence):
        return True
    if isinstance(node, Matchers):
        return any(_reads_list(part) for _, part in node.parts)
    if isinstance(node, Inner):
        return node.name == "$each" or (
            node.name in ("$not", "$optional", "$literal", "$exactly", "$partial") and _reads_list(node.node)
        )
    if isinstance(node, Several):
        return node.name == "$unordered" or all(map(_reads_list, node.nodes))
    return False


def _cookies(value: Json, path: DocPath, reading: Reading) -> list[Clause]:
    """By name; or, as a list or as matchers, all `Set-Cookie` texts."""
    if isinstance(value, list) or (isinstance(value, dict) and any(k.startswith("$") for k in value)):
        return [Clause("cookies", path, compile_value(_as_text(value), path, reading, EXACT))]
    if not isinstance(value, dict):
        reading.wrong(path, "`cookies` is a mapping or a list", "names of cookies, and their values")
        return []
    clauses: list[Clause] = []
    for name, expected in value.items():
        here = (*path, name)
        if expected is None:
            reading.wrong(here, "a cookie can't be null", "to expect that it is missing: {$absent: true}")
        elif isinstance(expected, dict) and not any(key.startswith("$") for key in expected):
            # Attributes: {value: abc, path: /, httponly: true}; those not named may be anything.
            lowered = {key.lower(): v if isinstance(v, bool) else _as_text(v) for key, v in expected.items()}
            clauses.append(
                Clause("cookie attributes", here, compile_value(lowered, here, reading, INCLUSION), name)
            )
        else:
            clauses.append(
                Clause("cookie", here, compile_value(_as_text(expected), here, reading, _KEYED), name)
            )
    return clauses
