"""Diagnostics as people read them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.diagnostics import closing, render
from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.values import Origin, Place
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports.text import display_width
from lambda_scenarios.scenarios import positions

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "scenarios").mkdir()
    lines = ["#"] * 11 + ["    event_pth: events/create.json", "    event: {}"]
    (tmp_path / "scenarios/create.yml").write_text("\n".join(lines))
    return tmp_path


def test_a_mistake(project: Path) -> None:
    file = str(project / "scenarios/create.yml")
    mistake = Diagnostic("unknown key `event_pth`", Place(file, 12, 5, 9), "did you mean `event_path`?")
    assert render([mistake], str(project), colour=False) == (
        "error: unknown key `event_pth`\n"
        "  --> scenarios/create.yml:12:5\n"
        "   |\n"
        "12 |     event_pth: events/create.json\n"
        "   |     ^^^^^^^^^ did you mean `event_path`?\n"
    )


def test_a_missing_part(project: Path) -> None:
    missing = Diagnostic(
        "scenario needs Ruby 3.3, which isn't on this machine",
        Place("/gone/mail.yml", 8, 15),
        notes=("services/mail/serverless.yml:14 says `runtime: ruby3.3`", "or: --missing-runtime skip"),
        severity="warning",
    )
    assert render([missing], "/gone", colour=False) == (
        "warning: scenario needs Ruby 3.3, which isn't on this machine\n"
        "  --> mail.yml:8:15\n"
        "   = services/mail/serverless.yml:14 says `runtime: ruby3.3`\n"
        "   = or: --missing-runtime skip\n"
    )


def test_without_a_source_line_the_label_becomes_a_note() -> None:
    diagnostic = Diagnostic("wrong", Place("/gone.yml", 3), "so do this")
    assert render([diagnostic], "/", colour=False) == "error: wrong\n  --> gone.yml:3:1\n   = so do this\n"
    assert render([Diagnostic("no such option")], "/", colour=False) == "error: no such option\n"
    assert render([], "/", colour=False) == ""


def test_origins_are_looked_up(project: Path) -> None:
    file = project / "scenarios/create.yml"
    file.write_text("scenarios:\n- name: a\n  tmeout: 3\n")
    positions._latest = None
    origin = Origin(str(file), ("scenarios", 0, "tmeout"))
    text = render(
        [Diagnostic("key", origin.as_key()), Diagnostic("value", origin)], str(project), colour=False
    )
    assert "create.yml:3:3\n  |\n3 |   tmeout: 3\n  |   ^^^^^^\n" in text
    assert "create.yml:3:11\n  |\n3 |   tmeout: 3\n  |           ^\n" in text


def test_sorted_each_once_with_a_blank_line_between(project: Path) -> None:
    file = str(project / "scenarios/create.yml")
    late, early = Diagnostic("late", Place(file, 13, 5)), Diagnostic("early", Place(file, 12, 5))
    other = Diagnostic("other", Place(str(project / "a.yml"), 99))
    text = render([late, early, other, early, Diagnostic("option")], str(project), colour=False)
    assert re.findall(r"^error: (\w+)$", text, re.MULTILINE) == ["option", "other", "early", "late"]
    assert [block.count("\n\n") for block in text.split("error: ")[1:]] == [1, 1, 1, 0]


def test_what_several_need_is_told_once(project: Path) -> None:
    place = Place(str(project / "scenarios/create.yml"), 12, 5, 9)
    wrong = Diagnostic("there is no `x`", place, notes=("pass it",))
    needed = [
        wrong._replace(needed_for=("environment.A", f"function `{name}`"))
        for name in ("a", "b", "a", "c", "d", "e", "f")
    ]
    needed.append(wrong._replace(needed_for=("layers", "function `a`")))
    assert render(needed, str(project), colour=False).splitlines()[5:] == [
        "   = pass it",
        "   = needed for environment.A of function `a`, function `b`, function `c`, function `d` and 2 more",
        "   = needed for layers of function `a`",
    ]
    assert closing(needed) == "1 error in 1 file; nothing was run."


def test_colour_changes_nothing_but_colour(project: Path) -> None:
    file = str(project / "scenarios/create.yml")
    both = [
        Diagnostic("a", Place(file, 12, 5, 9), "b", ("c",)),
        Diagnostic("w", Place(file, 13), severity="warning"),
    ]
    coloured = render(both, str(project), colour=True)
    assert ANSI.sub("", coloured) == render(both, str(project), colour=False)
    assert "\x1b[1;31merror:\x1b[0m" in coloured
    assert "\x1b[1;33mwarning:\x1b[0m" in coloured


def test_nothing_of_a_file_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    file = tmp_path / "evil.yml"
    file.write_bytes(b"a: \x1b[2J\x07\xff b\xc2\x9b\n")
    text = render([Diagnostic("key `a\n\x1b[2J`", Place(str(file), 1, 1))], str(tmp_path), colour=False)
    assert "key `a\\n\\x1b[2J`" in text
    assert not [char for char in text if unicodedata.category(char) == "Cc" and char != "\n"]


@pytest.mark.parametrize(
    ("diagnostics", "text"),
    [
        ([("a", "x", "error"), ("b", "x", "error")], "2 errors in 1 file; nothing was run."),
        ([("a", "x", "error")] * 3, "1 error in 1 file; nothing was run."),
        ([("a", "x", "error"), ("b", "y", "error")], "2 errors in 2 files; nothing was run."),
        ([("a", "x", "error"), ("b", "x", "warning")], "1 error and 1 warning in 1 file; nothing was run."),
        ([("a", "x", "warning"), ("b", "x", "warning")], "2 warnings in 1 file."),
        ([("a", "", "error")], "1 error; nothing was run."),
    ],
)
def test_closing(diagnostics: list[tuple[str, str, str]], text: str) -> None:
    made = [
        Diagnostic(problem, Place(f"/{file}", 1) if file else None)._replace(severity=severity)  # type: ignore[arg-type]  # parametrised
        for problem, file, severity in diagnostics
    ]
    assert closing(made) == text
    assert closing(made, outcome="").endswith((".", "s."))


def test_paths_are_relative_where_that_is_shorter() -> None:
    assert shown_path("/a/b/c.yml", "/a") == "b/c.yml"
    assert shown_path("/a/b/c.yml", "/a/b/d") == "../c.yml"
    assert shown_path("/c.yml", "/a/b/d") == "/c.yml"
    assert shown_path("c.yml", "/a") == "c.yml"


@pytest.mark.parametrize(
    ("line", "column", "width", "shown", "carets"),
    [
        ('名前: "日本語" # x', 5, 5, '名前: "日本語" # x', "      ^^^^^^^^"),
        ("\t\tabc: 1", 3, 3, "        abc: 1", "        ^^^"),
        ("a\tb: 1", 3, 1, "a   b: 1", "    ^"),
        ("ab😀c: d", 4, 1, "ab😀c: d", "    ^"),
        ("e\u0301x: y", 3, 1, "e\u0301x: y", " ^"),
        ("a: b", 5, 3, "a: b", "    ^"),
        ("a: b", 99, 1, "a: b", "    ^"),
        ("a: b", 4, 50, "a: b", "   ^"),
    ],
)
def test_carets_stand_below_what_they_mean(
    tmp_path: Path, line: str, column: int, width: int, shown: str, carets: str
) -> None:
    file = tmp_path / "file.yml"
    file.write_text(f"{line}\n", encoding="utf-8")
    text = render([Diagnostic("x", Place(str(file), 1, column, width))], str(tmp_path), colour=False)
    assert text.split("\n")[3:5] == [f"1 | {shown}", f"  | {carets}"]


@given(st.text(st.sampled_from("ab日本😀\t e\u0301"), min_size=1, max_size=300), st.data())
def test_long_lines_are_cut_around_the_caret(
    tmp_path_factory: pytest.TempPathFactory, line: str, data: st.DataObject
) -> None:
    line = "|" + line
    column = data.draw(st.integers(1, len(line)))
    width = data.draw(st.integers(1, 10))
    room = data.draw(st.integers(30, 120))
    file = tmp_path_factory.getbasetemp() / "long.yml"
    file.write_text(line, encoding="utf-8", newline="")
    text = render([Diagnostic("x", Place(str(file), 1, column, width))], "/", colour=False, width=room)
    source, carets = text.split("\n")[3:5]
    assert display_width(source) <= room
    assert display_width(carets) <= room
    before = carets.index("^")
    columns = [display_width(source[:index]) for index in range(len(source) + 1)]
    expected = line[column - 1].replace("\t", " ")
    at_caret = [
        char
        for char, start in zip(source, columns, strict=False)
        if start == before and display_width(char) > 0
    ] or [" "]
    assert expected in at_caret or "…" in at_caret or expected == "\u0301"


def test_the_text_under_the_caret_of_a_cut_line(tmp_path: Path) -> None:
    file = tmp_path / "file.yml"
    file.write_text("x" * 300 + "HERE" + "y" * 300)
    text = render([Diagnostic("x", Place(str(file), 1, 301, 4))], str(tmp_path), colour=False, width=80)
    source, carets = text.split("\n")[3:5]
    start = carets.index("^")
    assert source[start : start + carets.count("^")] == "HERE"
    assert source.startswith("1 | …")
    assert source.endswith("…")
    assert len(source) <= 80
