"""Places in pyproject.toml: tomllib is the judge of what stands at each."""

from __future__ import annotations

import datetime
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.configuration.toml_source import locate, parse
from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.values import Origin
from lambda_scenarios.scenarios.build import as_text
from tests.scenarios.project import text_at

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAMES = st.sampled_from(["a", "b-c", "D_1", '"e.f"', "'g h'", '"i\\"]"'])
BLANK = st.sampled_from(["", " ", "  "])
SCALARS = st.sampled_from(
    [
        "1",
        "-2.5",
        "true",
        "false",
        "1979-05-27",
        "07:32:00",
        "0x1F",
        '"text # ]"',
        "'lit}'",
        '"\\"x\\""',
        '""',
    ]
)


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    kind = draw(st.sampled_from(["scalar", "scalar", "array", "table"] if depth else ["scalar"]))
    if kind == "array":
        items = draw(st.lists(values(depth - 1), max_size=3))
        gap = draw(st.sampled_from(["", " ", "\n", " # c ]\n"]))
        return "[" + gap + ("," + gap).join(items) + gap + "]"
    if kind == "table":
        keys = draw(st.lists(NAMES, unique=True, max_size=3))
        return "{" + ", ".join(f"{key} = {draw(values(0))}" for key in keys) + "}"
    return draw(SCALARS)


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines = ["# first"]
    for table in draw(st.lists(NAMES, unique=True, min_size=1, max_size=3)):
        if draw(st.booleans()):
            lines += ["", "[x]" if "[x]" not in lines else "# x"]
        lines.append(f"[{draw(BLANK)}t.{table}{draw(BLANK)}]")
        for key in draw(st.lists(NAMES, unique=True, max_size=3)):
            dotted = f"{key}.inner" if draw(st.booleans()) else key
            lines.append(f"{draw(BLANK)}{dotted}{draw(BLANK)}={draw(BLANK)}{draw(values())} # {key} = 1")
    return "\n".join(lines) + "\n"


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, (*path, index))]
    return [(path, value)]


@given(documents())
def test_every_value_stands_where_it_is_said_to(text: str) -> None:
    document = tomllib.loads(text)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pyproject.toml")
        file.write_text(text)
        for path, value in leaves(document):
            if len(path) > 2 and not isinstance(value, (dict, list)):
                shown = text_at(locate(Origin(str(file), path)))
                assert tomllib.loads(f"x = {shown}")["x"] == value, (path, shown)
                name = next(step for step in reversed(path) if isinstance(step, str))
                if isinstance(path[-1], str):
                    key = text_at(locate(Origin(str(file), path, key=True)))
                    assert name in leaves(tomllib.loads(f"{key} = 1"))[0][0]


def test_times_are_texts() -> None:
    data = b"[tool.lambda-scenarios]\nnow = 2026-01-31T12:00:00Z\nx = [1979-05-27, 07:32:00]\n"
    assert parse(data, "p") == {"now": "2026-01-31T12:00:00+00:00", "x": ["1979-05-27", "07:32:00"]}
    assert datetime.datetime.fromisoformat("2026-01-31T12:00:00+00:00")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[tool.lambda-scenarios]\njobs = \n", 2),
        ("[tool.lambda-scenarios\n", 1),
        ("a = 1\n[tool.x]\na = [", 3),
    ],
)
def test_what_is_no_toml_is_told_with_its_place(text: str, line: int) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text.encode(), "/p/pyproject.toml")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.problem.startswith("pyproject.toml is no TOML: ")
    assert getattr(diagnostic.where, "line", None) == line


@pytest.mark.parametrize(
    ("text", "problem", "path"),
    [
        ("[tool.lambda-scenarios]\ntimeout = nan\n", "`nan` is a number", ("timeout",)),
        ("[tool.lambda-scenarios.env]\nA = -inf\n", "`-inf` is a number", ("env", "A")),
        ("[tool.lambda_scenarios]\njobs = 2\n", "`tool.lambda_scenarios` is no table", None),
    ],
)
def test_what_would_be_lost_is_told(text: str, problem: str, path: tuple[str, ...] | None) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        parse(text.encode(), "p")
    (diagnostic,) = caught.value.diagnostics
    where = diagnostic.where
    assert isinstance(where, Origin)
    assert where.path == (
        ("tool", "lambda_scenarios") if path is None else ("tool", "lambda-scenarios", *path)
    )


def test_numbers_are_as_they_are_written() -> None:
    table = parse(b"[tool.lambda-scenarios]\nenv = {A = 1.10, B = 2.5, C = 1e3}\n", "p")
    assert isinstance(table, dict) and isinstance(table["env"], dict)
    assert [as_text(value) for value in table["env"].values()] == ["1.10", "2.5", "1e3"]


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(UsageError, match="no UTF-8"):
        parse(b"a = 1\n[tool.lambda-scenarios]\nx = '\xff'", "p")


@given(st.text(st.sampled_from(list("[]{}=.,#\"'\n\\ ab1")), max_size=30))
def test_no_text_keeps_it_from_ending(text: str) -> None:
    """Places are asked of TOML only, but a file may change under the program."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pyproject.toml")
        file.write_text(text)
        assert locate(Origin(str(file), ("a", "b"))).line >= 1
    json.dumps(text)
