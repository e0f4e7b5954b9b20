"""JSON-like values, and where in a source file one stands.

The modules of this folder do without `from __future__ import annotations`: a NamedTuple whose annotations
are texts takes twice as long to define, since each of them is compiled.
"""

from typing import NamedTuple, Union

# What YAML (1.2 core schema) and JSON can say. A recursive alias needs `Union`, with names in quotes.
Json = Union[None, bool, int, float, str, "list[Json]", "dict[str, Json]"]

# Suffixes of files that Node.js evaluates: nothing in them has a line of its own.
PROGRAMS = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")

# The way from the root of a YAML document to one value: keys and indexes.
DocPath = tuple[str | int, ...]


class WrittenInt(int):
    """An integer of a YAML file that does not print as it was written (`010`, `0x1F`)."""

    written: str


class WrittenFloat(float):
    """A float of a YAML file that does not print as it was written (`1.10`, `1e3`)."""

    written: str


# What a scenario file gives under `resolve` for a reference to AWS: a text, or a list of texts.
Resolved = str | tuple[str, ...]


class WrittenDate(str):
    """A date of a service file without quotes, as it was written: a text to most, a `Date` to JavaScript."""

    __slots__ = ()


class Origin(NamedTuple):
    """A value of a source file, by name: its place is looked up only when something is said about it.

    `file` is absolute; `path` leads to the value from the root of the document; with `key`, the key
    that holds the value is meant instead of the value.
    """

    file: str
    path: DocPath = ()
    key: bool = False

    def at(self, *more: str | int) -> "Origin":
        """The origin of something inside this value."""
        return Origin(self.file, self.path + more)

    def as_key(self) -> "Origin":
        """The origin of the key (not the value) of this entry."""
        return Origin(self.file, self.path, key=True)


class Place(NamedTuple):
    """A stretch of one line of a file: `line` and `column` count from 1, `width` is in characters."""

    file: str
    line: int
    column: int = 1
    width: int = 1
