"""LCOV is read, united and written without loss; what is no tracefile is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_scenarios.coverage.lcov import FileCoverage, merge, parse, render

LINES = st.integers(1, 40)
HITS = st.integers(0, 1000)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
PATHS = st.sampled_from(["src/app.py", "src/index.js", "src/a b, c.ts", "ünïcode.py"])
FILES = st.builds(
    FileCoverage,
    PATHS,
    st.dictionaries(LINES, HITS, max_size=12),
    st.dictionaries(st.tuples(LINES, st.sampled_from(["0", "12"]), NAMES), st.none() | HITS, max_size=6),
    st.dictionaries(st.tuples(LINES, NAMES.filter(lambda name: "@" not in name)), HITS, max_size=4),
)
REPORTS = st.lists(FILES, max_size=4, unique_by=lambda file: file.path)


def text_of(files: object) -> str:
    return "".join(render(files))  # type: ignore[arg-type]  # what strategies make


def without_same_names(files: list[FileCoverage]) -> bool:
    return all(len({name for _, name in file.functions}) == len(file.functions) for file in files)


@given(REPORTS.filter(without_same_names))
@example([FileCoverage("a.js", {}, {}, {(3, "7,"): 1, (4, "7"): 0})])
def test_what_is_written_is_what_is_read(files: list[FileCoverage]) -> None:
    assert parse(text_of(files)) == merge([files])


@given(REPORTS, REPORTS, REPORTS)
def test_merging_knows_no_order(
    one: list[FileCoverage], two: list[FileCoverage], three: list[FileCoverage]
) -> None:
    assert merge([one, two]) == merge([two, one])
    assert merge([merge([one, two]), three]) == merge([one, merge([two, three])]) == merge([one, two, three])


@given(st.lists(REPORTS, max_size=3))
def test_merged_numbers_are_sums(reports: list[list[FileCoverage]]) -> None:
    merged = {file.path: file for file in merge(reports)}
    for path, file in merged.items():
        parts = [part for report in reports for part in report if part.path == path]
        for line, hits in file.lines.items():
            assert hits == sum(part.lines.get(line, 0) for part in parts)
        for branch, taken in file.branches.items():
            known = [part.branches[branch] for part in parts if part.branches.get(branch) is not None]
            assert taken == (sum(hits for hits in known if hits is not None) if known else None)
        assert set(file.lines) == {line for part in parts for line in part.lines}


ROWS = (
    r"TN:",
    r"SF:[^\n]+",
    r"FN:\d+,[^\n]+",
    r"FNDA:\d+,[^\n]+",
    r"FN[FH]:\d+",
    r"BRDA:\d+,\w+,[^\n]+,(-|\d+)",
    r"BR[FH]:\d+",
    r"DA:\d+,\d+",
    r"L[FH]:\d+",
    r"end_of_record",
)


@given(REPORTS)
def test_a_tracefile_is_strictly_one(files: list[FileCoverage]) -> None:
    """geninfo(1): sections, in this order, whose sums are those of their rows."""
    text = text_of(files)
    assert text.count("end_of_record\n") == len(files)
    for record in text.split("end_of_record\n")[:-1]:
        rows = [*record.splitlines(), "end_of_record"]
        places = []
        for row in rows:
            (place,) = [n for n, pattern in enumerate(ROWS) if re.fullmatch(pattern, row)]
            places.append(place)
        assert places == sorted(places), rows
        data = [row for row in rows if row.startswith("DA:")]
        assert f"LF:{len(data)}" in rows
        assert f"LH:{sum(1 for row in data if not row.endswith(',0'))}" in rows
        names = [row.partition(",")[2] for row in rows if row.startswith("FN:")]
        assert len(set(names)) == len(names)


def test_what_others_write_is_read() -> None:
    """Checksums, ends of functions, alternatives that are named, kinds of rows that are unknown."""
    text = (
        "TN:a test\nSF:app.py\nVER:1\nFN:3,9,one, two\nFN:12,three\nFNDA:2,one, two\nFNDA:0,three\n"
        "BRDA:4,0,jump to line 5, at once,-\nBRDA:4,0,exit,3\nDA:3,1,abc+/\nDA:4,-1\nLF:2\nLH:1\n"
        "end_of_record\n"
    )
    (file,) = parse(text)
    assert file == FileCoverage(
        "app.py",
        {3: 1, 4: 0},
        {(4, "0", "jump to line 5, at once"): None, (4, "0", "exit"): 3},
        {(3, "one, two"): 2, (12, "three"): 0},
    )


def test_one_file_in_two_records_is_one() -> None:
    text = "SF:a\nDA:1,1\nend_of_record\nSF:a\nDA:1,2\nDA:2,0\nend_of_record\n"
    assert parse(text) == (FileCoverage("a", {1: 3, 2: 0}),)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("SF:a\nDA:x,1\nend_of_record\n", 2),
        ("SF:a\nDA:1\nend_of_record\n", 2),
        ("SF:a\nBRDA:1,0\nend_of_record\n", 2),
        ("<html>\n", 1),
        ("SF:a\n\nwhat\nend_of_record\n", 3),
    ],
)
def test_what_is_no_tracefile_is_refused(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=f"line {line} "):
        parse(text)


def test_a_record_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="has no end"):
        parse("SF:a\nDA:1,1\n")


def test_shards_are_united() -> None:
    one = "SF:app.py\nDA:1,1\nDA:2,0\nend_of_record\n"
    two = "SF:app.py\nDA:1,1\nDA:2,4\nend_of_record\nSF:other.py\nDA:1,0\nend_of_record\n"
    whole = (FileCoverage("app.py", {1: 2, 2: 4}), FileCoverage("other.py", {1: 0}))
    assert merge([parse(one), parse(two)]) == whole
    assert merge([]) == ()
    assert merge([parse(one), parse("")]) == parse(one)
