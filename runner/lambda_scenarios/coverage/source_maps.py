"""Source maps, revision 3 (https://tc39.es/ecma426/), as far as lines of sources are concerned (pure)."""

from __future__ import annotations

from typing import Any, NamedTuple


class Segment(NamedTuple):
    """A place in what was made, and where it comes from; all from 0, columns in units of UTF-16."""

    line: int
    column: int
    source: int
    source_line: int


class SourceMap(NamedTuple):
    """`sources` as they are named in the map, its `sourceRoot` before them; segments in order of place."""

    sources: tuple[str, ...]
    segments: tuple[Segment, ...]


_DIGITS = {
    digit: n for n, digit in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}


def decode(document: Any) -> SourceMap:
    """A source map's JSON value. Raises ValueError for what is none."""
    try:
        if document["version"] != 3:
            raise ValueError("not of revision 3")
        if "sections" in document:
            return _joined(document["sections"])
        root = document.get("sourceRoot") or ""
        if root and not root.endswith("/"):
            root += "/"
        sources = tuple(root + (source or "") for source in document["sources"])
        return SourceMap(sources, _segments(document["mappings"], len(sources)))
    except (KeyError, TypeError, AttributeError, IndexError) as defect:
        raise ValueError(f"not a source map: {defect!r}") from defect


def _joined(sections: Any) -> SourceMap:
    sources: list[str] = []
    segments: list[Segment] = []
    for section in sections:
        line, column = section["offset"]["line"], section["offset"]["column"]
        inner = decode(section["map"])
        segments += (
            Segment(
                one.line + line,
                one.column + (column if one.line == 0 else 0),
                one.source + len(sources),
                one.source_line,
            )
            for one in inner.segments
        )
        sources += inner.sources
    return SourceMap(tuple(sources), tuple(segments))


def _segments(mappings: str, sources: int) -> tuple[Segment, ...]:
    found: list[Segment] = []
    source = source_line = 0
    for line, group in enumerate(mappings.split(";")):
        column = 0
        in_line: list[Segment] = []
        for text in group.split(","):
            if not text:
                continue
            numbers = _numbers(text)
            column += numbers[0]
            if len(numbers) < 4:
                continue  # of no source
            source += numbers[1]
            source_line += numbers[2]
            if not 0 <= source < sources or source_line < 0 or column < 0:
                raise ValueError(f"a mapping of line {line} leads nowhere")
            in_line.append(Segment(line, column, source, source_line))
        found += sorted(in_line)
    return tuple(found)


def _numbers(text: str) -> list[int]:
    """Digits of five bits, the lowest first, whose sixth bit says that more follow; the lowest bit is the
    sign."""
    found: list[int] = []
    value = shift = 0
    for character in text:
        digit = _DIGITS.get(character)
        if digit is None:
            raise ValueError(f"{character!r} is no digit of a mapping")
        value |= (digit & 31) << shift
        if digit & 32:
            shift += 5
            continue
        found.append(-(value >> 1) if value & 1 else value >> 1)
        value = shift = 0
    if shift:
        raise ValueError("a mapping ends in the middle of a number")
    return found
