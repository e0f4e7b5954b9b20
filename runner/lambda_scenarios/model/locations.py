"""Locations inside JSON values (scenario-format.md, section 9): `a.b`, `a[0]`, `a[*].b`, `a["a key"]`.

The one grammar of `event_set`, `snapshot.ignore`, mismatches and diffs:

    location = first step*
    first    = name | bracket
    step     = "." name | bracket
    bracket  = "[" index "]" | "[*]" | "[" JSON string "]"

A name is any run of characters but `.`, `[`, `]` and `"`; what holds one of these is written as a JSON
string in brackets.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lambda_scenarios.model.values import DocPath, Json


class Every(NamedTuple):
    """The step `[*]`: each item of an array."""


EVERY = Every()

Step = str | int | Every
Location = tuple[Step, ...]

_NAME = re.compile(r'[^.\[\]"]+')
_INDEX = re.compile(r"\[(\d+)\]", re.ASCII)
# What is printed bare is narrower than what is read bare: `<` and spaces would blur in a message.
_PRINTED_BARE = re.compile(r'[^.\[\]"\'`<>*,;:()\s\\]+')
_DECODER = json.JSONDecoder()


class InvalidLocationError(ValueError):
    """The text is not a location. `position` counts characters from 0."""

    def __init__(self, problem: str, position: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.position = position


class NoSuchPlaceError(ValueError):
    """The location leads nowhere in this value, or through something that is no container."""


def parse_location(text: str) -> Location:
    """The steps of a location. Raises InvalidLocationError."""
    if not text:
        raise InvalidLocationError("the location is empty", 0)
    steps: list[Step] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            step, at = _bracket(text, at)
            steps.append(step)
            continue
        if steps:
            if text[at] != ".":
                raise InvalidLocationError(f"expected `.` or `[`, found `{text[at]}`", at)
            at += 1
        name = _NAME.match(text, at)
        if name is None:
            what = f"found `{text[at]}`" if at < len(text) else "the location ends"
            raise InvalidLocationError(f"expected a name, {what}", at)
        steps.append(name.group())
        at = name.end()
    return tuple(steps)


def _bracket(text: str, at: int) -> tuple[Step, int]:
    if text.startswith("[*]", at):
        return EVERY, at + 3
    index = _INDEX.match(text, at)
    if index is not None:
        if len(index.group(1)) > 9:
            raise InvalidLocationError("the index is too large", at + 1)
        return int(index.group(1)), index.end()
    if text.startswith('["', at):
        try:
            key, end = _DECODER.raw_decode(text, at + 1)
        except ValueError:
            raise InvalidLocationError(
                "the quoted key does not end, or holds a wrong escape", at + 1
            ) from None
        if not text.startswith("]", end):
            raise InvalidLocationError("expected `]` after the quoted key", end)
        return str(key), end + 1
    raise InvalidLocationError('expected an index, `*` or a key in double quotes (`["a key"]`)', at + 1)


def quote(text: str) -> str:
    """The text as a JSON string that shows what can't be seen: control characters, odd spaces, surrogates."""
    shown = json.dumps(text, ensure_ascii=False)
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in shown)


def extend(location: str, step: Step) -> str:
    """The text of a location, one step longer. `location` may be empty."""
    if isinstance(step, Every):
        return f"{location}[*]"
    if isinstance(step, int):
        return f"{location}[{step}]"
    if _PRINTED_BARE.fullmatch(step) and step.isprintable():
        return f"{location}.{step}" if location else step
    return f"{location}[{quote(step)}]"


def format_location(steps: Location | DocPath) -> str:
    """The text of a location; `parse_location` gives the same steps back."""
    text = ""
    for step in steps:
        text = extend(text, step)
    return text


def get_at(value: Json, location: Location) -> tuple[tuple[DocPath, Json], ...]:
    """All values at a location, each with its own path; empty where there is none."""
    found: list[tuple[DocPath, Json]] = [((), value)]
    for step in location:
        deeper: list[tuple[DocPath, Json]] = []
        for path, inner in found:
            if isinstance(step, Every):
                if isinstance(inner, list):
                    deeper += [((*path, i), item) for i, item in enumerate(inner)]
            elif isinstance(step, int):
                if isinstance(inner, list) and step < len(inner):
                    deeper.append(((*path, step), inner[step]))
            elif isinstance(inner, dict) and step in inner:
                deeper.append(((*path, step), inner[step]))
        found = deeper
    return tuple(found)


def set_at(value: Json, location: Location, new: Json) -> Json:
    """A copy of `value` with `new` at the location; what isn't on the way there is shared, not copied.

    Objects on the way are made where a key is missing or null, which say the same in events; an index may be
    at most the length of its array (the item is then appended). Raises NoSuchPlaceError where the way leads
    through something else, and where `[*]` meets no item: a replacement that replaces nothing is a mistake.
    """
    return _set(value, location, 0, new)


def _set(value: Json, location: Location, at: int, new: Json) -> Json:
    if at == len(location):
        return new
    step = location[at]
    here = format_location(location[:at]) or "the whole"
    if value is None and not isinstance(step, Every):
        value = _fresh(location, at)
    if isinstance(step, str):
        if not isinstance(value, dict):
            raise NoSuchPlaceError(f"{here} is {_noun(value)}, not an object with the key {quote(step)}")
        return {**value, step: _set(value.get(step, _fresh(location, at + 1)), location, at + 1, new)}
    if not isinstance(value, list):
        raise NoSuchPlaceError(f"{here} is {_noun(value)}, not an array")
    if isinstance(step, Every):
        if not value:
            raise NoSuchPlaceError(f"{here} is an empty array: [*] meets nothing")
        return [_set(item, location, at + 1, new) for item in value]
    if step > len(value):
        raise NoSuchPlaceError(f"{here} has {len(value)} items: there is no [{step}]")
    inner = value[step] if step < len(value) else _fresh(location, at + 1)
    return [*value[:step], _set(inner, location, at + 1, new), *value[step + 1 :]]


def without(value: Json, location: Location, item: Json) -> Json:
    """A copy of `value` without what lies at the location; what isn't on the way there is shared, not copied.

    A key is left out; an item of an array becomes `item`, since the others keep their index so. Where the
    location leads to nothing, the value itself.
    """
    return _without(value, location, 0, item)


def _without(value: Json, location: Location, at: int, item: Json) -> Json:
    step, last = location[at], at == len(location) - 1
    if isinstance(step, str):
        if not isinstance(value, dict) or step not in value:
            return value
        if last:
            return {key: inner for key, inner in value.items() if key != step}
        return {**value, step: _without(value[step], location, at + 1, item)}
    if not isinstance(value, list):
        return value
    indexes = range(len(value)) if isinstance(step, Every) else (step,)
    return [
        inner if i not in indexes else item if last else _without(inner, location, at + 1, item)
        for i, inner in enumerate(value)
    ]


def _fresh(location: Location, at: int) -> Json:
    """An empty container that the next step can stand in."""
    return [] if at < len(location) and not isinstance(location[at], str) else {}


def _noun(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
