"""The fenced blocks and tables of the documents, with the marks that say what the tests do with them.

A mark is an HTML comment on the line before: it doesn't show where the page is read.

- `<!-- file: PATH -->`: a file of the page's project.
- `<!-- example: PATH -->`: a scenario file of it, which is run; everything in it has to pass.
- `<!-- fragment: file|scenarios|expect -->`: a part of a scenario file, which has to be valid.
- `<!-- output -->`: a command and what it prints. `<!-- output: status N -->`: it ends with that status.
  `GOLDEN_UPDATE=1` writes what was printed into the page.
- `<!-- table: KEY -->`: what an `expect` key of that name holds for, and what not.
- `<!-- other -->`: YAML of another program.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from tests.extending import packages

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


class Block(NamedTuple):
    """A fenced block. `kind` and `argument` are those of its mark, "" where it has none."""

    page: Path
    line: int
    language: str
    kind: str
    argument: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


class Row(NamedTuple):
    """A row of a marked table: the code in its second, third and fourth cell."""

    place: str
    key: str
    written: str
    holds: tuple[str, ...]
    fails: tuple[str, ...]


_MARK = re.compile(r"<!-- (file|example|fragment|output|other|table)(?:: (.*?))? -->")
_CODE = re.compile(r"`([^`]+)`")


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        fence = re.fullmatch(r"```(\w*)", lines[at])
        if fence is None:
            at += 1
            continue
        end = lines.index("```", at + 1)
        kind, argument = _mark_before(lines, at)
        text = "\n".join(lines[at + 1 : end]) + "\n"
        found.append(Block(page, at + 1, fence.group(1), kind, argument, text))
        at = end + 1
    return found


def _mark_before(lines: list[str], at: int) -> tuple[str, str]:
    mark = _MARK.fullmatch(lines[at - 1]) if at else None
    return (mark.group(1), mark.group(2) or "") if mark else ("", "")


def rows(page: Path) -> list[Row]:
    found: list[Row] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        mark = _MARK.fullmatch(line)
        if mark is None or mark.group(1) != "table":
            continue
        first = at + 3  # below the header and the line under it
        while first < len(lines) and lines[first].startswith("|"):
            cells = [_CODE.findall(cell) for cell in lines[first].strip("|").split("|")]
            place = f"{page.relative_to(ROOT)}:{first + 1}"
            found.append(Row(place, mark.group(2), cells[1][0], tuple(cells[2]), tuple(cells[3])))
            first += 1
    return found


def write_project(page: Path, directory: Path) -> dict[str, str]:
    """The files and the examples of a page; returns the environment in which its package is found."""
    for block in blocks(page):
        if block.kind in ("file", "example"):
            path = directory / block.argument
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    if page.name == "coverage.md":
        (directory / ".venv").symlink_to(sys.prefix)  # whose Python has coverage.py
    echo = directory / "src" / "echo.py"
    if not echo.exists():
        echo.parent.mkdir(exist_ok=True)
        echo.write_text("def handler(event, context):\n    return event\n")
    projects = sorted(directory.glob("*/pyproject.toml"))
    assert len(projects) < 2, "their environments would have to be joined"
    return packages.of_project(projects[0].parent) if projects else {}
