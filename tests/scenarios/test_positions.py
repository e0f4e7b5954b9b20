"""Places: every value of a generated document is found where it stands, and oddities where they help."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.model.values import DocPath, Origin, Place
from lambda_scenarios.scenarios import positions
from lambda_scenarios.scenarios.yaml_source import locate, parse

from .yaml_samples import HOSTILE, VALUES, same

FILE = "/project/file.yml"


def paths(value: Any, path: DocPath = ()) -> Iterator[tuple[DocPath, Any]]:
    yield path, value
    for step, item in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from paths(item, (*path, step))


def text_at(lines: list[str], place: Place) -> str:
    return lines[place.line - 1][place.column - 1 : place.column - 1 + place.width]


@given(VALUES, st.sampled_from(["compact", "indented", "block"]))
def test_every_scalar_is_found_where_it_stands(
    tmp_path_factory: pytest.TempPathFactory, value: Any, style: str
) -> None:
    if style == "block":
        text = yaml.dump(value, Dumper=yaml.SafeDumper, allow_unicode=True, width=math.inf, sort_keys=False)
    else:
        text = json.dumps(value, ensure_ascii=False, indent=None if style == "compact" else 2)
    file = tmp_path_factory.getbasetemp() / "located.yml"
    file.write_text(text, encoding="utf-8", newline="")
    positions._latest = None  # the file is rewritten faster than its time stamp's grain
    parsed = parse(file.read_bytes(), str(file))
    lines = text.split("\n")
    for path, item in paths(parsed):
        place = locate(Origin(str(file), path))
        if not isinstance(item, (dict, list)) or not item or style == "compact":
            assert same(parse(text_at(lines, place).encode(), FILE), item)
        if path and isinstance(path[-1], str):
            written = text_at(lines, locate(Origin(str(file), path).as_key()))
            assert parse(f"? {written}\n: 1".encode(), FILE) == {path[-1]: 1}


@pytest.fixture
def located(tmp_path: Any) -> Any:
    file = tmp_path / "file.yml"

    def locate_in(text: str, *path: str | int, key: bool = False) -> tuple[int, int, int]:
        file.write_text(text, encoding="utf-8")
        positions._latest = None
        place = locate(Origin(str(file), path, key))
        assert place.file == str(file)
        return place.line, place.column, place.width

    return locate_in


@pytest.mark.parametrize(
    ("text", "path", "key", "place"),
    [
        ("a: {b: [1, 22]}", ("a", "b", 1), False, (1, 12, 2)),
        ("a: {b: [1, 22]}", ("a", "b"), True, (1, 5, 1)),
        ("a: {b: [1, 22]}", ("a",), False, (1, 4, 12)),
        ("a:\n  bcd: 1\n  e: 2", ("a",), False, (2, 3, 3)),
        ("a:\n- x\n- yy", ("a", 1), False, (3, 3, 2)),
        ("- name: x\n  b: 1", (0,), False, (1, 3, 4)),
        ("a: {b: 1}", ("a", "zz", "y"), False, (1, 4, 6)),
        ("a: {b: 1}", ("a", "zz"), True, (1, 4, 6)),
        ("a: {b: 1}", ("a", "b", "c"), False, (1, 8, 1)),
        ("abc:\nd: 1", ("abc",), False, (1, 1, 3)),
        ("a: |\n  text\n", ("a",), False, (1, 4, 1)),
        ('a: "x\n  y"', ("a",), False, (1, 4, 1)),
        ("x: &x {k: val}\ny: {<<: *x}", ("y", "k"), False, (1, 11, 3)),
        ("x: &x {k: val}\ny: {<<: [{z: 1}, *x]}", ("y", "k"), True, (1, 8, 1)),
        ("x: &x {k: val}\ny: {<<: *x, k: own}", ("y", "k"), False, (2, 16, 3)),
        ("x: &x {k: val}\nlonger: *x", ("longer",), False, (2, 9, 2)),
        ("x: &x {k: val}\nlonger: *x", ("longer", "k"), False, (1, 11, 3)),
        ("a: !If [x, !GetAtt b.c, !Ref d]", ("a", "Fn::If", 2, "Ref"), False, (1, 25, 6)),
        ("a: !If [x, !GetAtt b.c, !Ref d]", ("a", "Fn::If", 1, "Fn::GetAtt", 0), False, (1, 12, 11)),
        ("ä😀: 'é'", ("ä😀",), False, (1, 5, 3)),
        ("a: b\u2028c\nd: x", ("d",), False, (2, 4, 1)),
        ('{"a": "\\ud83d\\ude00", "b": 5}', ("b",), False, (1, 28, 1)),
        ("a: 1\nb: [", ("a",), False, (1, 4, 1)),
        ("", ("a",), False, (1, 1, 1)),
        ("a: *b\nb: &b [*b]\nc: {<<: *c}", ("c", "d"), False, (3, 4, 8)),
    ],
)
def test_places(located: Any, text: str, path: DocPath, key: bool, place: tuple[int, int, int]) -> None:
    assert located(text, *path, key=key) == place


def test_a_file_that_vanished_is_shown_at_its_first_line(tmp_path: Any) -> None:
    file = str(tmp_path / "gone.yml")
    assert locate(Origin(file, ("a",))) == Place(file, 1, 1, 1)


@given(HOSTILE, st.lists(st.sampled_from(["a", "b", 0, 1, "<<", "Ref"]), max_size=3), st.booleans())
def test_locate_never_fails(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, path: list[str | int], key: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "hostile.yml"
    file.write_bytes(data)
    positions._latest = None
    place = locate(Origin(str(file), tuple(path), key))
    assert place.line >= 1
    assert place.width >= 1
