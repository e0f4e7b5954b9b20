"""What V8 counted, as coverage of lines, functions and blocks (pure).

V8 tells, of a script, ranges of offsets and how often they ran, an inner range counting for itself:
https://v8.dev/blog/javascript-code-coverage. After a taking, it counts anew, and tells only what ran since.
So all takings of a script are added up character by character; a line ran as often as that part of it which
ran most often. Every line counts, as for c8 and v8-to-istanbul, but those that comments for these take out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from lambda_scenarios.coverage.lcov import Branch, FileCoverage, Named
from lambda_scenarios.coverage.source_maps import SourceMap

# A function as V8 tells of it: FunctionCoverage of
# https://chromedevtools.github.io/devtools-protocol/v8/Profiler/
Functions = list[dict[str, Any]]


class Counts(NamedTuple):
    """How often each character ran: `numbers[n]` from `offsets[n]` to the next offset."""

    offsets: tuple[int, ...]
    numbers: tuple[int, ...]

    def at(self, offset: int) -> int:
        """How often the character at `offset` ran."""
        found = bisect_right(self.offsets, offset) - 1
        return self.numbers[found] if found >= 0 else 0

    def most(self, begin: int, end: int) -> int:
        """The largest number between two offsets, `end` excluded unless they are the same."""
        first = max(0, bisect_right(self.offsets, begin) - 1)
        last = max(first + 1, bisect_right(self.offsets, max(begin, end - 1)))
        return max(self.numbers[first:last], default=0)


def counts(takings: Iterable[Functions], times: Iterable[int]) -> Counts:
    """The sum of takings of one script, each of which came so many `times`."""
    changes: dict[int, int] = {}
    for functions, repeated in zip(takings, times, strict=True):
        ranges = sorted(
            (
                (one["startOffset"], -one["endOffset"], one["count"])
                for function in functions
                for one in function["ranges"]
            ),
            key=lambda one: one[:2],  # outer ones first; of equal ones, the later is the inner
        )
        around: list[tuple[int, int]] = []  # (end, number) of the ranges that have begun
        for begin, negative_end, number in ranges:
            while around and around[-1][0] <= begin:
                _ends(around, changes, repeated)
            outer = around[-1][1] if around else 0
            changes[begin] = changes.get(begin, 0) + (number - outer) * repeated
            around.append((-negative_end, number))
        while around:
            _ends(around, changes, repeated)
    offsets = sorted(changes)
    numbers: list[int] = []
    number = 0
    for offset in offsets:
        number += changes[offset]
        numbers.append(number)
    return Counts(tuple(offsets), tuple(numbers))


def _ends(around: list[tuple[int, int]], changes: dict[int, int], repeated: int) -> None:
    end, number = around.pop()
    outer = around[-1][1] if around else 0
    changes[end] = changes.get(end, 0) + (outer - number) * repeated


class _Text:
    """A script's text by lines, with offsets in units of UTF-16, as V8 has them."""

    def __init__(self, text: str) -> None:
        self.lines: list[tuple[int, int, str]] = []  # offsets of beginning and end, text
        begin = 0
        for line in re.split(r"(?<=\n)", text.rstrip()):
            length = _units(line)
            body = line.rstrip("\r\n")
            self.lines.append((begin, begin + length - (len(line) - len(body)), body))
            begin += length
        self._begins = [begin for begin, _, _ in self.lines]
        self._ends = [end for _, end, _ in self.lines]

    def line_of(self, offset: int) -> int:
        """From 1. What begins behind the last character of a line is told as of the next."""
        return min(len(self.lines), bisect_right(self._ends, offset) + 1)

    def offset(self, line: int, column: int) -> int:
        """Of a column (from 0, in units of UTF-16) of a line (from 1)."""
        return self._begins[line - 1] + column if line <= len(self._begins) else self._begins[-1]


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def of_script(path: str, text: str, takings: Sequence[Functions], times: Sequence[int]) -> FileCoverage:
    """A file that was run as it is. `text` is what Node.js reads: without a byte order mark."""
    source = _Text(text)
    found = counts(takings, times)
    out = _taken_out(line for _, _, line in source.lines)
    lines = {
        number: found.most(begin, end)
        for number, (begin, end, _) in enumerate(source.lines, 1)
        if number not in out
    }

    def place(offset: int) -> tuple[str, int]:
        return path, source.line_of(offset)

    functions, branches = _parts(takings, times, found, place)
    return FileCoverage(path, lines, _kept(branches.get(path, {}), lines), functions.get(path, {}))


def of_bundle(
    text: str, mapping: SourceMap, takings: Sequence[Functions], times: Sequence[int]
) -> tuple[FileCoverage, ...]:
    """The sources of a file that was made of others: `path` of each is its name in the source map.

    Lines that nothing was made of (types, comments) don't count.
    """
    made = _Text(text)
    found = counts(takings, times)
    lines: dict[str, dict[int, int]] = {}
    starts: list[int] = []
    originals: list[tuple[str, int]] = []
    for segment in mapping.segments:
        offset = made.offset(segment.line + 1, segment.column)
        starts.append(offset)
        originals.append((mapping.sources[segment.source], segment.source_line + 1))
        of_source = lines.setdefault(mapping.sources[segment.source], {})
        line = segment.source_line + 1
        of_source[line] = max(of_source.get(line, 0), found.at(offset))

    def place(offset: int) -> tuple[str, int] | None:
        at = bisect_right(starts, offset) - 1
        return originals[at] if at >= 0 else None

    functions, branches = _parts(takings, times, found, place)
    return tuple(
        FileCoverage(name, of_source, _kept(branches.get(name, {}), of_source), functions.get(name, {}))
        for name, of_source in lines.items()
    )


def without_ignored(file: FileCoverage, text: str) -> FileCoverage:
    """Without what comments in the source `text` take out."""
    out = _taken_out(text.splitlines())
    if not out:
        return file
    lines = {line: hits for line, hits in file.lines.items() if line not in out}
    functions = {named: calls for named, calls in file.functions.items() if named[0] not in out}
    return file._replace(lines=lines, branches=_kept(file.branches, lines), functions=functions)


def _kept(branches: Any, lines: Any) -> dict[Branch, int | None]:
    return {branch: taken for branch, taken in branches.items() if branch[0] in lines}


def _parts(
    takings: Sequence[Functions],
    times: Sequence[int],
    found: Counts,
    place: Callable[[int], tuple[str, int] | None],
) -> tuple[dict[str, dict[Named, int]], dict[str, dict[Branch, int | None]]]:
    """Functions by their names, and blocks that V8 counted by themselves, by file."""
    calls: dict[tuple[int, str], int] = {}
    blocks: dict[tuple[int, int], None] = {}
    for taking, repeated in zip(takings, times, strict=True):
        for function in taking:
            first = function["ranges"][0]
            if function["functionName"]:
                key = (first["startOffset"], function["functionName"])
                calls[key] = calls.get(key, 0) + first["count"] * repeated
            # As v8-to-istanbul has it, what a function that was called consists of is one as well.
            for block in function["ranges"] if function["isBlockCoverage"] else ():
                blocks[block["startOffset"], block["endOffset"]] = None
    functions: dict[str, dict[Named, int]] = {}
    for (offset, name), number in sorted(calls.items()):
        where = place(offset)
        if where is not None:
            of_file = functions.setdefault(where[0], {})
            of_file[where[1], name] = of_file.get((where[1], name), 0) + number
    branches: dict[str, dict[Branch, int | None]] = {}
    for begin, end in sorted(blocks):
        where = place(begin)
        if where is not None:
            # Named by its offsets: another run, whose numbers are added, has the same block.
            branches.setdefault(where[0], {})[where[1], str(begin), str(end)] = found.at(begin)
    return functions, branches


# The comments that c8 and Node.js's own test runner know: https://github.com/bcoe/c8#ignoring-code-blocks,
# https://nodejs.org/api/test.html#collecting-code-coverage
_NEXT = re.compile(r"/\* (?:[cv]8|node:coverage) ignore next(?: (\d+))?")
_START = re.compile(r"/\* (?:[cv]8 ignore start|node:coverage disable)")
_STOP = re.compile(r"/\* (?:[cv]8 ignore stop|node:coverage enable)")


def _taken_out(lines: Iterable[str]) -> set[int]:
    """The lines, from 1, that comments take out."""
    out: set[int] = set()
    following = 0
    within = False
    for number, line in enumerate(lines, 1):
        if following or within:
            out.add(number)
            following = max(0, following - 1)
        if "/*" not in line:
            continue
        if (found := _NEXT.search(line)) is not None:
            out.add(number)
            alone = not re.search(r"\w", line[: found.start()])
            following = int(found[1] or 1) if alone else 0
        elif _START.search(line):
            out.add(number)
            within = True
        elif _STOP.search(line):
            out.add(number)
            within = False
    return out
