"""Source maps: what an encoder of this file writes is read, whatever else is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.coverage.source_maps import Segment, SourceMap, decode

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
SOURCES = ("a.ts", "b.ts", "c.ts")
SEGMENTS = st.lists(
    st.builds(Segment, st.integers(0, 30), st.integers(0, 4000), st.integers(0, 2), st.integers(0, 70000)),
    unique_by=lambda segment: segment[:2],
).map(sorted)


def digits(number: int) -> str:
    value = abs(number) << 1 | (number < 0)
    text = ""
    while True:
        value, low = divmod(value, 32)
        text += DIGITS[low | (32 if value else 0)]
        if not value:
            return text


def encoded(segments: list[Segment]) -> str:
    lines: list[list[str]] = [[]]
    column = source = line = 0
    for segment in segments:
        while len(lines) <= segment.line:
            lines.append([])
            column = 0
        lines[-1].append(
            digits(segment.column - column)
            + digits(segment.source - source)
            + digits(segment.source_line - line)
            + digits(0)
        )
        column, source, line = segment.column, segment.source, segment.source_line
    return ";".join(",".join(one) for one in lines)


@given(SEGMENTS)
def test_what_is_encoded_is_decoded(segments: list[Segment]) -> None:
    document = {"version": 3, "sources": list(SOURCES), "names": [], "mappings": encoded(segments)}
    assert decode(document) == SourceMap(SOURCES, tuple(segments))


def test_sections_are_put_one_after_another() -> None:
    inner = {
        "version": 3,
        "sources": ["a.ts"],
        "mappings": encoded([Segment(0, 4, 0, 2), Segment(1, 0, 0, 3)]),
    }
    outer = {
        "version": 3,
        "sections": [
            {"offset": {"line": 0, "column": 0}, "map": inner},
            {"offset": {"line": 5, "column": 10}, "map": {**inner, "sourceRoot": "src"}},
        ],
    }
    assert decode(outer) == SourceMap(
        ("a.ts", "src/a.ts"),
        (Segment(0, 4, 0, 2), Segment(1, 0, 0, 3), Segment(5, 14, 1, 2), Segment(6, 0, 1, 3)),
    )


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"version": 2, "sources": [], "mappings": ""},
        {"version": 3, "sources": []},
        {"version": 3, "sources": [], "mappings": "AAAA"},
        {"version": 3, "sources": ["a"], "mappings": "AADA"},
        {"version": 3, "sources": ["a"], "mappings": "A!"},
        {"version": 3, "sources": ["a"], "mappings": "g"},
        {"version": 3, "sources": ["a"], "mappings": 1},
        {"version": 3, "sections": [{}]},
    ],
)
def test_what_is_no_source_map_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match=r"source map|revision|mapping"):
        decode(document)
