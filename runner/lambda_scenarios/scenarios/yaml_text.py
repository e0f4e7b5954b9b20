"""Values as the text of a scenario file: what is written here is read back as the very same value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator

from lambda_scenarios.model.values import Json
from lambda_scenarios.scenarios.yaml_scalars import NotJsonError, resolve

# Narrower than what YAML takes without quotes: nothing of YAML's own, whatever stands before or after it.
_INNER = r"(?:[\w/.$@+=;-]|:(?=[\w/]))"
_BARE = re.compile(rf"(?:[A-Za-z_/$]|\.\.?/){_INNER}*(?: [\w/.$@+=(-](?:{_INNER}|[,()])*)*", re.ASCII)
# Booleans of YAML 1.1, which other programs may see here.
_BOOLEANS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# What the parser takes for something else than itself, though it is written in quotes.
_ESCAPED = re.compile("[\x7f-\x9f\xad\u2028\u2029\ufeff\ufffe\uffff\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST_KEY = 1000  # YAML takes 1,024 characters for a key in one line
_DEEPEST = 60


class OneLine(dict[str, Json]):
    """A mapping that `block` writes in one line, with a comment."""

    def __init__(self, value: dict[str, Json], comment: str) -> None:
        super().__init__(value)
        self.comment = comment


class Unwritable(Exception):
    """A value that YAML can't hold, or that nobody would want to read in it."""


def scalar(value: Json) -> str:
    """A string, number, boolean or null in one line. Raises Unwritable."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        return _quoted(value) if _needs_quotes(value) else value
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unwritable("a number that JSON can't say")
        return float.__repr__(value)
    raise Unwritable("a mapping or a list")


def _needs_quotes(text: str) -> bool:
    if not _BARE.fullmatch(text) or text.lower() in _BOOLEANS:
        return True
    try:
        return not isinstance(resolve(text), str)
    except NotJsonError:
        return True


def _quoted(text: str) -> str:
    if '"' in text and "'" not in text and "\\" not in text and text.isascii() and text.isprintable():
        return f"'{text}'"  # JSON in a text stays readable
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unwritable("half of a surrogate pair") from None
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def block(value: Json, indent: int, leaf: Callable[[Json], str] = scalar) -> list[str]:
    """The lines of a value, each indented by `indent` spaces; a scalar is one line.

    `leaf` writes the scalars. Raises Unwritable.
    """
    return [" " * indent + line for line in _lines(value, leaf, 0)]


def entry(key: str, value: Json, indent: int, leaf: Callable[[Json], str] = scalar) -> list[str]:
    """The lines of `key: value`, each indented. Raises Unwritable."""
    return [" " * indent + line for line in _entry(key, value, leaf, 0)]


def flow(value: Json, leaf: Callable[[Json], str] = scalar) -> str:
    """The value in one line: `{a: 1, b: [x, y]}`. Raises Unwritable."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {flow(item, leaf)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item, leaf) for item in value) + "]"
    text = leaf(value)
    return _quoted(text) if isinstance(value, str) and text == value and "," in text else text


def _lines(value: Json, leaf: Callable[[Json], str], depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise Unwritable("it is nested too deep")
    if isinstance(value, OneLine):
        yield f"{flow(value, leaf)} # {value.comment}"
    elif isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(key, item, leaf, depth)
    elif isinstance(value, list) and value:
        for item in value:
            first, *rest = _lines(item, leaf, depth + 1)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    elif isinstance(value, (dict, list)):
        yield "{}" if isinstance(value, dict) else "[]"
    else:
        yield leaf(value)


def _entry(key: str, value: Json, leaf: Callable[[Json], str], depth: int) -> Iterator[str]:
    name = _key(key)
    if isinstance(value, (dict, list)) and value and not isinstance(value, OneLine):
        yield f"{name}:"
        yield from (f"  {line}" for line in _lines(value, leaf, depth + 1))
    else:
        yield f"{name}: {next(_lines(value, leaf, depth + 1))}"


def _key(key: str) -> str:
    if len(key) > _LONGEST_KEY:
        raise Unwritable("a key that is too long for one line")
    return scalar(key)


def untemplated(value: Json) -> Json:
    """The value, with nothing in it that would be read as a template. Raises Unwritable."""
    if isinstance(value, str) and ("{{" in value or "{%" in value or "{#" in value):
        if "endraw" in value:
            raise Unwritable("a text that ends what would protect it from being a template")
        return f"{{% raw %}}{value}{{% endraw %}}"
    if isinstance(value, list):
        return [untemplated(item) for item in value]
    if isinstance(value, dict):
        return {key: untemplated(item) for key, item in value.items()}
    return value
