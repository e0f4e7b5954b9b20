"""Short texts of values, for messages of one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lambda_scenarios.model.locations import quote

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

_LIMIT = 80
_OTHER_CODE_POINTS = "the same text, other Unicode code points"

_NOUNS = {
    "string": "a string",
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def type_of(value: Json) -> str:
    """The JSON type of a value, as `$type` names it; numbers are `number`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def noun_of_types(names: tuple[str, ...]) -> str:
    """`a string or null`."""
    return " or ".join(_NOUNS.get(name, name) for name in names)


def scalar(value: bool | int | float | str | None) -> str:
    """JSON text of a scalar on which everything can be seen."""
    if isinstance(value, str):
        return quote(value)
    try:
        return json.dumps(value)
    except ValueError:  # Python refuses to print integers of more than 4300 digits
        return hex(int(value or 0))


def short(value: Json, limit: int = _LIMIT) -> str:
    """JSON text on one line, of at most about `limit` characters."""
    pieces: list[str] = []
    _shorten(value, limit, pieces)
    text = "".join(pieces)
    return text if len(text) <= limit + 20 else f"{text[:limit]}…"


def _shorten(value: Json, room: int, pieces: list[str]) -> int:
    """Appends the text of `value`; gives the room that is left. Huge values are never written out."""
    if isinstance(value, str) and len(value) > room + 10:
        cut = max(room, 8)
        pieces.append(f'{quote(value[:cut])[:-1]}…" ({len(value)} characters)')
        return room - cut
    if not isinstance(value, (list, dict)):
        pieces.append(scalar(value))
        return room - len(pieces[-1])
    opening, closing = "[]" if isinstance(value, list) else "{}"
    pieces.append(opening)
    items = [(None, v) for v in value] if isinstance(value, list) else list(value.items())
    for i, (key, inner) in enumerate(items):
        if i:
            pieces.append(", ")
        if room <= 0:
            pieces.append("…")
            break
        if key is not None:
            name = _key(key)
            pieces.append(f"{name}: ")
            room -= len(name) + 2
        room = _shorten(inner, room - 2, pieces)
    pieces.append(closing)
    return room


def _key(key: str) -> str:
    """Matchers are shown as they are written: `{$gt: 0}`."""
    return key if key.startswith("$") and key[1:].isidentifier() else quote(key)


def told(value: Json) -> str:
    """The value with its type, where that can be mistaken: `the string "1"`, `the number 1`."""
    kind = type_of(value)
    if kind in ("null", "boolean"):
        return short(value)
    return f"the {kind} {short(value)}"


def count(number: int, noun: str) -> str:
    """`1 item`, `2 items`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def difference(expected: str, found: str) -> tuple[str, str, str]:
    """The texts of two unlike strings, and a hint at what differs (may be empty).

    Long strings are cut to the surroundings of the first difference.
    """
    hint = _hint(expected, found)
    if max(len(expected), len(found)) <= 60:
        if hint == _OTHER_CODE_POINTS:
            return json.dumps(expected), json.dumps(found), hint
        return quote(expected), quote(found), hint
    first = next(
        (i for i, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b),
        min(len(expected), len(found)),
    )
    start = max(0, first - 20)
    hint = hint or f"they differ from character {first + 1} on"
    return _excerpt(expected, start), _excerpt(found, start), hint


def _excerpt(text: str, start: int) -> str:
    end = start + 50
    middle = quote(text[start:end])[1:-1]
    return f'"{"…" if start else ""}{middle}{"…" if end < len(text) else ""}"'


def _hint(expected: str, found: str) -> str:
    import unicodedata

    if expected.strip() == found.strip():
        return "only white space at the ends differs"
    if expected.split() == found.split():
        return "only white space differs"
    if expected.casefold() == found.casefold():
        return "only upper and lower case differ"
    if unicodedata.normalize("NFC", expected) == unicodedata.normalize("NFC", found):
        return _OTHER_CODE_POINTS
    return ""
