"""Plain scalars of YAML 1.2, by its core schema (YAML 1.2.2, section 10.3.2)."""

from __future__ import annotations

import re

from lambda_scenarios.model.values import Json, WrittenDate, WrittenFloat, WrittenInt

_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BINARY = re.compile(r"[-+]?0b[01]{1,1000}")
DATE = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:(?:[Tt]|[ \t]+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]*))?"
    r"(?:[ \t]*(?:Z|(?P<sign>[-+])(?P<zone_hour>[0-9]{1,2})(?::(?P<zone_minute>[0-9]{2}))?))?"
    r"|(?<=-[0-9]{2}-[0-9]{2}))"
)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_CONSTANTS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

# What a scalar that is no string can begin with ("" stands for the empty scalar).
NOT_STRINGS = frozenset([*"-+.0123456789~nNtTfF", ""])

# Python refuses to print integers with more digits than this (sys.set_int_max_str_digits).
_MOST_DIGITS = 4300


class NotJsonError(ValueError):
    """A scalar that JSON can't say: infinity, not-a-number, a number that nothing could print."""


def resolve(text: str) -> Json:
    """The value of a plain scalar. Raises NotJsonError."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            raise NotJsonError(f"a number of {len(text)} digits is too long")
        return _written_int(int(text), text)
    if _BASED.fullmatch(text):
        if len(text) > _MOST_DIGITS // 2:
            raise NotJsonError(f"a number of {len(text) - 2} digits is too long")
        return _written_int(int(text[2:], 8 if text[1] == "o" else 16), text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise NotJsonError(f"the number {text[:40]} is too large")
        return _written_float(value, text)
    if _NOT_FINITE.fullmatch(text):
        raise NotJsonError(f"`{text}` is a number that JSON can't say")
    return text


def resolve_in_service(text: str) -> Json:
    """The value of a plain scalar of a service file, where js-yaml knows dates and binary numbers too.

    Raises NotJsonError. Source: js-yaml 4, lib/type/timestamp.js and lib/type/int.js.
    """
    if DATE.fullmatch(text):
        return WrittenDate(text)
    if _BINARY.fullmatch(text):
        return _written_int(int(text, 2), text)
    return resolve(text)


def _written_int(value: int, text: str) -> int:
    if str(value) == text:
        return value
    written = WrittenInt(value)
    written.written = text
    return written


def _written_float(value: float, text: str) -> float:
    if repr(value) == text:
        return value
    written = WrittenFloat(value)
    written.written = text
    return written
