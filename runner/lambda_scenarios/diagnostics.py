"""Diagnostics as people read them: the problem, its place, the source line, a caret, the fix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.model.values import Origin, Place
from lambda_scenarios.phrases import plural, shown_path

if TYPE_CHECKING:
    from lambda_scenarios.errors import Diagnostic

_TAB = 4  # columns between tab stops
_LEAST_ROOM = 20  # columns of a source line that are shown however narrow the terminal
_MOST_NEEDING = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")

_BOLD, _BLUE = "1", "1;34"
_SEVERITY_COLOURS = {"error": "1;31", "warning": "1;33", "remark": "1;36"}


class _Placed(NamedTuple):
    diagnostic: Diagnostic
    place: Place | None


def render(diagnostics: Sequence[Diagnostic], cwd: str, colour: bool, width: int = 100) -> str:
    """All diagnostics, sorted by file and place, each once; ends with a newline unless there are none.

    Paths are shown relative to `cwd` where that is shorter. Source lines longer than `width` columns
    are cut around the caret. `colour`: with ANSI escapes.
    """
    sources: dict[str, list[str]] = {}
    blocks = [_block(placed, cwd, colour, width, sources) for placed in _sorted(_placed(diagnostics))]
    return "\n".join(blocks)


def in_short(diagnostics: Sequence[Diagnostic], cwd: str) -> str:
    """Place and problem of each, and what else is said of it, without source lines."""
    lines: list[str] = []
    for diagnostic, place in _placed(diagnostics):
        at = f"{shown_path(place.file, cwd)}:{place.line}:{place.column}: " if place is not None else ""
        lines += (f"{at}{diagnostic.problem}", *filter(None, (diagnostic.label, *diagnostic.notes)))
    return "\n".join(lines)


def closing(diagnostics: Sequence[Diagnostic], outcome: str = "nothing was run") -> str:
    """The last line: `2 errors in 1 file; nothing was run.` Without errors, `outcome` is left out."""
    placed = _placed(diagnostics)
    errors = sum(one.diagnostic.severity == "error" for one in placed)
    warnings = sum(one.diagnostic.severity == "warning" for one in placed)
    counts = [plural(count, noun) for count, noun in ((errors, "error"), (warnings, "warning")) if count]
    files = len({one.place.file for one in placed if one.place is not None})
    text = " and ".join(counts) or "no errors"
    if files:
        text += f" in {plural(files, 'file')}"
    return f"{text}; {outcome}." if errors and outcome else f"{text}."


def _placed(diagnostics: Sequence[Diagnostic]) -> list[_Placed]:
    """Each different diagnostic once, with the place that its origin means and all that need it."""
    found: dict[_Placed, dict[str, list[str]]] = {}
    for one in diagnostics:
        placed = _Placed(one._replace(where=None, needed_for=None), _place(one.where))
        needed = found.setdefault(placed, {})
        if one.needed_for is not None:
            path, whose = one.needed_for
            needed[path] = list(dict.fromkeys((*needed.get(path, ()), whose)))
    return [_with_needed(placed, needed) for placed, needed in found.items()]


def _with_needed(placed: _Placed, needed: Mapping[str, Sequence[str]]) -> _Placed:
    notes = list(placed.diagnostic.notes)
    for path, whose in needed.items():
        more = f" and {len(whose) - _MOST_NEEDING} more" if len(whose) > _MOST_NEEDING else ""
        notes.append(f"needed for {path} of {', '.join(whose[:_MOST_NEEDING])}{more}")
    return placed._replace(diagnostic=placed.diagnostic._replace(notes=tuple(notes)))


def _place(where: Place | Origin | None) -> Place | None:
    if isinstance(where, Origin):
        from lambda_scenarios.scenarios.yaml_source import locate

        return locate(where)
    return where


def _sorted(placed: list[_Placed]) -> list[_Placed]:
    """Without a place first: they are about the command line."""
    return sorted(placed, key=lambda one: one.place[:3] if one.place is not None else ("", 0, 0))


def _block(placed: _Placed, cwd: str, colour: bool, width: int, sources: dict[str, list[str]]) -> str:
    diagnostic, place = placed
    tint = _SEVERITY_COLOURS[diagnostic.severity]
    head = _painted(f"{diagnostic.severity}:", tint, colour)
    lines = [f"{head} {_painted(_printable(diagnostic.problem), _BOLD, colour)}"]
    label = _printable(diagnostic.label)
    gutter = 2
    if place is not None:
        path = _printable(shown_path(place.file, cwd))
        lines.append(f"  {_painted('-->', _BLUE, colour)} {path}:{place.line}:{place.column}")
        source = _source_line(place, sources)
        if source is not None:
            gutter = len(str(place.line))
            text, before, marked = _excerpt(source, place, max(width - gutter - 3, _LEAST_ROOM))
            bar = _painted(f"{' ' * gutter} |", _BLUE, colour)
            caret = _painted(f"{'^' * marked} {label}".rstrip(), tint, colour)
            number = _painted(f"{place.line} |", _BLUE, colour)
            lines += [bar, f"{number} {text}".rstrip(), f"{bar} {' ' * before}{caret}"]
            label = ""
    equals = _painted(f"{' ' * gutter} =", _BLUE, colour)
    notes = [label, *map(_printable, diagnostic.notes)]
    lines += [f"{equals} {note}" for note in notes if note]
    return "".join(f"{line}\n" for line in lines)


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def _printable(text: str) -> str:
    """The text on one line, without anything that a terminal would obey."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1] if ord(found[0]) < 0xA0 else "�", text)


def _source_line(place: Place, sources: dict[str, list[str]]) -> str | None:
    """The line, None where the file or the line is gone, or says nothing."""
    lines = sources.get(place.file)
    if lines is None:
        lines = sources[place.file] = _read_lines(place.file)
    if not 1 <= place.line <= len(lines):
        return None
    line = lines[place.line - 1]
    return line if line.strip() else None


def _read_lines(file: str) -> list[str]:
    try:
        with open(file, "rb") as stream:
            data = stream.read()
    except (OSError, ValueError):
        return []
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return _LINE_BREAK.split(data.decode("utf-16" if wide else "utf-8-sig", "replace"))


def _excerpt(line: str, place: Place, room: int) -> tuple[str, int, int]:
    """What to show of a line in `room` columns: the text, the columns before the caret, and its width."""
    cells = _cells(line)
    start = min(max(place.column - 1, 0), len(cells))
    end = min(start + max(place.width, 1), len(cells))
    before = sum(width for _, width in cells[:start])
    marked = max(sum(width for _, width in cells[start:end]), 1)
    total = sum(width for _, width in cells)
    if total <= room:
        return "".join(text for text, _ in cells), before, marked
    # A window of `room` columns, the caret in its first third; an ellipsis stands for what is cut.
    marked = min(marked, room - 2)
    first = min(max(before - room // 3, 0), max(total - room, 0))
    if before + marked > first + room - 1:
        first = before + marked - room + 1
    shown: list[tuple[str, int]] = []
    column = 0
    caret = before - first
    for text, width in cells:
        if first <= column and column + width <= first + room and (shown or width):
            if not shown:
                caret = before - column
            shown.append((text, width))
        column += width
    if first > 0:
        shown[0] = ("…" + " " * (shown[0][1] - 1), shown[0][1])
    if first + room < total:
        while shown.pop()[1] == 0:  # marks go with the character that they stand on
            pass
        shown.append(("…", 1))
    return "".join(text for text, _ in shown), max(caret, 0), marked


def _cells(line: str) -> list[tuple[str, int]]:
    """For each character, what is printed for it and how many columns that takes."""
    import unicodedata

    cells: list[tuple[str, int]] = []
    column = 0
    for char in line:
        if char == "\t":
            width = _TAB - column % _TAB
            cells.append((" " * width, width))
        elif _CONTROL.match(char):
            width = 1
            cells.append(("�", 1))
        else:
            if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
                width = 0
            else:
                width = 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
            cells.append((char, width))
        column += width
    return cells
