"""Where the brackets of a glob pattern open and close."""

from __future__ import annotations

import re


def has_top_level(text: str, char: str) -> bool:
    closed = closings(text)
    at = 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == char:
            return True
        at = closed.get(at, at) + 1
    return False


def closings(text: str) -> dict[int, int]:
    """The position of the closing bracket for each opening one that has one."""
    closed: dict[int, int] = {}
    open_: list[int] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if char == '"':
            stop = text.find('"', at + 1)
            at = max(stop, at)
        elif char == "[":
            end = _class_end(text, at)
            if end is not None:
                closed[at] = end
                at = end
        elif char in "{(":
            open_.append(at)
        elif char in "})":
            opening = "{" if char == "}" else "("
            for place in reversed(open_):
                if text[place] == opening:
                    closed[place] = at
                    del open_[open_.index(place) :]
                    break
        at += 1
    return closed


def _class_end(text: str, start: int) -> int | None:
    """The `]` that ends the class which begins at `start`: not the first character of it."""
    at = start + 1
    if text[at : at + 1] == "^":
        at += 1
    first = at
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        named = re.match(r"\[:[a-z]+:\]", text[at : at + 12])
        if named:
            at += len(named[0])
            continue
        if text[at] == "]" and at > first:
            return at
        at += 1
    return None


def split(inner: str, at_char: str = ",") -> list[str]:
    """At the commas (or bars) that aren't inside of further brackets."""
    closed = closings(inner)
    parts, start, at = [], 0, 0
    while at < len(inner):
        if inner[at] == "\\":
            at += 2
            continue
        if inner[at] == at_char:
            parts.append(inner[start:at])
            start = at + 1
        at = closed.get(at, at) + 1
    return [*parts, inner[start:]]
