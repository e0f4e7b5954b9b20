"""`[tool.lambda-scenarios]` of pyproject.toml: its values, and where each stands."""

from __future__ import annotations

import contextlib
import datetime
import math
import re
import sys
from collections.abc import Iterator
from typing import Any

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import DocPath, Json, Origin, Place, WrittenFloat

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = ("tool", "lambda-scenarios")

_POSITION = re.compile(r" ?\(at (?:line (\d+), column (\d+)|end of document)\)$")


_SLIP = "lambda_scenarios"


def has_table(data: bytes) -> bool:
    """Whether `[tool]` holds settings of this program, sound or not; False where the file is no TOML."""
    try:
        tool = tomllib.loads(data.decode()).get("tool")
    except (ValueError, RecursionError):
        return False
    return isinstance(tool, dict) and not {TABLE[1], _SLIP}.isdisjoint(tool)


def parse(data: bytes, file: str) -> Json:
    """The table in the bytes of a pyproject.toml, or what stands in its place; None where there is none.
    Dates and times are texts, as in YAML. Raises UsageError where the file is no TOML, or has the table under
    another name, or a number that JSON can't say."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(Diagnostic("pyproject.toml is no UTF-8 text", Place(file, line))) from None
    try:
        document: Any = tomllib.loads(text, parse_float=_as_written)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(_diagnostic(str(error), text, file)) from None
    tool = document.get("tool")
    if not isinstance(tool, dict):
        return None
    if _SLIP in tool:
        here = Origin(file, ("tool", _SLIP)).as_key()
        raise UsageError(
            Diagnostic(
                f"`tool.{_SLIP}` is no table of this program", here, f"did you mean `tool.{TABLE[1]}`?"
            )
        )
    table = tool.get(TABLE[1])
    if wrong := [*_no_json(table, Origin(file, TABLE))]:
        raise UsageError(*wrong)
    found: Json = _without_times(table)
    return found


def _as_written(text: str) -> float:
    """As in YAML: a variable of `1.10` is none of `1.1`."""
    value = WrittenFloat(text)
    value.written = text
    return value if repr(float(value)) != text else float(value)


def _no_json(value: Any, origin: Origin) -> Iterator[Diagnostic]:
    if isinstance(value, float) and not math.isfinite(value):
        label = "put it into quotes if a string is meant"
        yield Diagnostic(f"`{value}` is a number that JSON can't say", origin, label)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _no_json(item, origin.at(key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _no_json(item, origin.at(index))


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_without_times, value))
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else value


def _diagnostic(message: str, text: str, file: str) -> Diagnostic:
    found = _POSITION.search(message)
    place = Place(file, text.count("\n") + 1)
    if found is not None:
        message = message[: found.start()]
        if found[1]:
            place = Place(file, int(found[1]), int(found[2]))
    return Diagnostic(f"pyproject.toml is no TOML: {message[:1].lower()}{message[1:]}", place)


def locate(origin: Origin) -> Place:
    """The place of the origin's value, or with `origin.key` of its key: as `positions.locate` for YAML."""
    try:
        with open(origin.file, encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, ValueError):
        return Place(origin.file, 1)
    spans: dict[DocPath, tuple[int, int, int, int]] = {}
    with contextlib.suppress(
        tomllib.TOMLDecodeError, RecursionError
    ):  # the file has changed since it was read
        for path, span in _Scanner(text).entries():
            spans.setdefault(path, span)
    path = origin.path
    while path and path not in spans:
        path = path[:-1]
    if not path:
        return Place(origin.file, 1)
    key_start, key_end, start, end = spans[path]
    if origin.key and path == origin.path:
        start, end = key_start, key_end
    line = text.count("\n", 0, start) + 1
    width = end - start if "\n" not in text[start:end] else 1
    return Place(origin.file, line, start - text.rfind("\n", 0, start), max(width, 1))


_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''', re.DOTALL
)
_PLAIN = re.compile(r"[^,\]}#\n\r]*")

_Span = tuple[int, int, int, int]  # of the key, and of the value: start and end
_Entry = tuple[DocPath, _Span]


class _Scanner:
    """Walks through the text of a document that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def entries(self) -> Iterator[_Entry]:
        """Each key with its place; of a table, its header."""
        text = self._text
        table: DocPath = ()
        arrays: dict[DocPath, int] = {}
        self._blank()
        while self._at < len(text):
            if text[self._at] == "[":
                start = self._at
                several = text.startswith("[[", start)
                self._at += 2 if several else 1
                table = self._key()[0]
                self._at += 2 if several else 1
                span = (start, self._at, start, self._at)
                if several:
                    arrays[table] = arrays.get(table, -1) + 1
                    table = (*table, arrays[table])
                for length in range(1, len(table) + 1):
                    yield table[:length], span
            else:
                yield from self._pair(table)
            self._blank()

    def _blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        assert found is not None  # it matches nothing too
        self._at = found.end()

    def _key(self) -> tuple[DocPath, int, int]:
        """A dotted key, and where it begins and ends."""
        names: list[str] = []
        first = None
        end = self._at
        while (found := _KEY.match(self._text, self._at)) is not None:
            name = found[1]
            names.append(next(iter(tomllib.loads(f"{name} = 0"))))
            first = found.start(1) if first is None else first
            end = found.end(1)
            self._at = found.end()
            if not self._text.startswith(".", self._at):
                break
            self._at += 1
        return tuple(names), self._at if first is None else first, end

    def _pair(self, table: DocPath) -> Iterator[_Entry]:
        path, start, end = self._key()
        self._at += 1  # `=`
        self._blank()
        inner: list[_Entry] = []
        value = self._value((*table, *path), inner)
        for length in range(1, len(path) + 1):
            yield (*table, *path[:length]), (start, end, *value)
        yield from inner

    def _value(self, path: DocPath, inner: list[_Entry]) -> tuple[int, int]:
        start, text = self._at, self._text
        closing = {"[": "]", "{": "}"}.get(text[start : start + 1])
        if closing is None:
            found = _STRING.match(text, start) or _PLAIN.match(text, start)
            assert found is not None  # _PLAIN matches nothing too
            self._at = max(found.end(), start + (not found[0]))
            return start, start + len(found[0].rstrip())
        self._at += 1
        self._blank()
        index = 0
        while self._at < len(text) and text[self._at] != closing:
            if closing == "}":
                inner.extend(self._pair(path))
            else:
                deeper: list[_Entry] = []
                value = self._value((*path, index), deeper)
                inner += [((*path, index), (*value, *value)), *deeper]
                index += 1
            self._blank()
            if text.startswith(",", self._at):
                self._at += 1
                self._blank()
        self._at += 1
        return start, self._at
