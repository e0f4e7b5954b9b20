"""`.env` files, as the packages `dotenv` and `dotenv-expand` of the Serverless Framework read them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*(?:=|:[ \t])[ \t]*", re.ASCII)
_END_OF_LINE = re.compile(r"[ \t]*(?:#.*)?$", re.MULTILINE)
_REFERENCE = re.compile(r"(?<!\\)\$\{?(?P<name>\w+)(?::-(?P<default>[^}\\]*))?\}?", re.ASCII)
_MOST_REPLACEMENTS = 100  # `A=$A` would go on for ever


def parse(text: str) -> dict[str, str]:
    """Names and values as they are written: quotes taken off, nothing expanded."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        if name := _NAME.match(text, position):
            value, position = _value(text, name.end())
            found[name[1]] = value
        following = text.find("\n", position)
        position = following + 1 if following >= 0 else len(text)
    return found


def _value(text: str, position: int) -> tuple[str, int]:
    """The value that begins at `position`, and where it ends. A quoted one may have several lines."""
    quote = text[position : position + 1]
    if quote in ("'", '"', "`"):
        end = text.find(quote, position + 1)
        while end > 0 and text[end - 1] == "\\":
            end = text.find(quote, end + 1)
        # With more text behind the quote on its line, the quotes are part of the value.
        if end > 0 and _END_OF_LINE.match(text, end + 1):
            value = text[position + 1 : end]
            if quote == '"':
                value = value.replace("\\n", "\n").replace("\\r", "\r")
            return value, end + 1
    line_end = text.find("\n", position)
    line = text[position : line_end if line_end >= 0 else len(text)]
    return line.partition("#")[0].strip(), position


def expand(values: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """`values` with `$NAME`, `${NAME}` and `${NAME:-default}` replaced; `\\$` is a dollar.

    Variables of `environ` are left as they are and win over those of the file, references included.
    """
    expanded = {}
    for name, value in values.items():
        expanded[name] = environ[name] if name in environ else _expanded(value, values, environ)
    return expanded


def _expanded(value: str, values: Mapping[str, str], environ: Mapping[str, str]) -> str:
    # From right to left, so that a default may itself be a reference: ${A:-$B}.
    for _ in range(_MOST_REPLACEMENTS):
        last = value.rfind("$")
        while last > 0 and value[last - 1] == "\\":
            last = value.rfind("$", 0, last)
        match = _REFERENCE.search(value, last) if last >= 0 else None
        if match is None:
            break
        known = environ.get(match["name"]) or values.get(match["name"])
        value = value[: match.start()] + (known or match["default"] or "") + value[match.end() :]
    return value.replace("\\$", "$")
