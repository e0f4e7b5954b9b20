"""Snapshots as they are stored: JSON that reads well in a diff, and gives the very value back (pure).

A file holds one entry a scenario, by name (of a step: `name::id`). In it, keys are sorted, since their order
says nothing, and numbers are as the function wrote them. A text that is hard to read as one string is an
object with one key:

    {"$lines": ["a", "b"]}      the text "a\\nb"
    {"$json": {"a": 1}}         the text '{"a":1}', as JavaScript writes it
    {"$spaced_json": {"a": 1}}  the text '{"a": 1}', as Python writes it
    {"$literal": {"$json": 1}}  an object that looks like one of these
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambda_scenarios.model.locations import parse_location, quote, without
from lambda_scenarios.model.values import Json, WrittenFloat

if TYPE_CHECKING:
    from collections.abc import Iterable

# In the place of an ignored item of an array.
IGNORED = "(ignored)"
# Deeper results can't be stored: whoever reads the file has a limit too.
DEEPEST = 200

_LINES, _LITERAL = "$lines", "$literal"
# The ways in which the runtimes' own libraries write JSON: separators, and whether non-ASCII is escaped.
_STYLES: dict[str, tuple[tuple[str, str], bool]] = {
    "$json": ((",", ":"), False),
    "$spaced_json": ((", ", ": "), True),
}
_MARKS = frozenset((_LINES, _LITERAL, *_STYLES))


class Duplicate(ValueError):
    """A key stands twice in one object."""


def ignoring(value: Json, ignore: Iterable[str]) -> Json:
    """The value without what lies at the locations: keys are left out, items of arrays are `IGNORED`."""
    for location in ignore:
        value = without(value, parse_location(location), IGNORED)
    return value


def parse(text: str) -> Json:
    """The value of a JSON text, whose floats know how they were written.

    Raises ValueError (`Duplicate` for a key that stands twice) and RecursionError.
    """
    value: Json = json.loads(text, parse_float=_float, parse_constant=_no_constant, object_pairs_hook=_unique)
    return value


def parse_result(text: str) -> Json:
    """The same for the result of a function; of duplicate keys the last counts, as where it is judged."""
    value: Json = json.loads(text, parse_float=_float, parse_constant=_no_constant)
    return value


def _float(text: str) -> float:
    value = WrittenFloat(text)
    if repr(float(value)) == text:
        return float(value)
    value.written = text
    return value


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON value")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Duplicate
    return found


def depth(value: Json) -> int:
    """How many containers lie inside one another; counting ends at `DEEPEST` + 1."""
    level = [value]
    for number in range(DEEPEST + 1):
        inner: list[Json] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        if not inner:
            return number + any(isinstance(one, (dict, list)) for one in level)
        level = inner
    return DEEPEST + 1


def stored_form(value: Json) -> Json:
    """The form in which a value is stored; `value_of` gives the value back."""
    if isinstance(value, str):
        return _stored_text(value)
    if isinstance(value, list):
        return [stored_form(item) for item in value]
    if isinstance(value, dict):
        form: dict[str, Json] = {key: stored_form(value[key]) for key in sorted(value)}
        return {_LITERAL: form} if _mark_of(form) is not None else form
    return value


def _stored_text(text: str) -> Json:
    for mark in _STYLES:
        if _written_by(mark, text):
            return {mark: json.loads(text)}
    return {_LINES: list(text.split("\n"))} if "\n" in text else text


def _written_by(mark: str, text: str) -> bool:
    """Is the text a JSON object or array that is written in just this way?"""
    if text[:1] not in ("{", "[") or len(text) < 3:
        return False
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
        return depth(value) < DEEPEST and _text_of(mark, value) == text
    except (ValueError, RecursionError):
        return False


def _text_of(mark: str, value: Json) -> str:
    separators, ascii_only = _STYLES[mark]
    return json.dumps(value, separators=separators, ensure_ascii=ascii_only)


def value_of(form: Json) -> Json:
    """The value whose stored form this is."""
    if isinstance(form, list):
        return [value_of(item) for item in form]
    if not isinstance(form, dict):
        return form
    mark = _mark_of(form)
    if mark is None:
        return {key: value_of(inner) for key, inner in form.items()}
    inner = form[mark]
    if mark in _STYLES:
        return _text_of(mark, inner)
    if mark == _LINES and isinstance(inner, list):
        return "\n".join(map(str, inner))
    if mark == _LITERAL and isinstance(inner, dict):
        return {key: value_of(one) for key, one in inner.items()}
    return {mark: value_of(inner)}


def _mark_of(form: Mapping[str, Json]) -> str | None:
    if len(form) != 1:
        return None
    (key,) = form
    return key if key in _MARKS else None


def file_text(entries: Mapping[str, Json]) -> str:
    """The text of a file with these entries (stored forms), sorted by key."""
    lines = [f"  {quote(key)}: {_pretty(entries[key], '  ')}" for key in sorted(entries)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _pretty(form: Json, indent: str) -> str:
    deeper = indent + "  "
    if isinstance(form, dict) and form:
        lines = [f"{deeper}{quote(key)}: {_pretty(inner, deeper)}" for key, inner in form.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(form, list) and form:
        lines = [f"{deeper}{_pretty(inner, deeper)}" for inner in form]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    if isinstance(form, str):
        return quote(form)
    return form.written if isinstance(form, WrittenFloat) else json.dumps(form)
