"""Coverage of files, and LCOV: read, united and written (pure).

The format: geninfo(1), "TRACEFILE FORMAT". What this program writes are SF, FN, FNDA, BRDA and DA, with their
sums; what others write beyond that is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

# An alternative at a line: the line, the number of its block, and which of the block's alternatives.
Branch = tuple[int, str, str]
# A function: the line it begins in, and its name.
Named = tuple[int, str]


class FileCoverage(NamedTuple):
    """What ran of one file: how often, by line (from 1), by alternative and by function. An alternative whose
    condition was never reached has no number."""

    path: str
    lines: Mapping[int, int]
    branches: Mapping[Branch, int | None] = {}
    functions: Mapping[Named, int] = {}


def parse(text: str) -> tuple[FileCoverage, ...]:
    """The records of a tracefile, one for each file, in order of their names.

    Raises ValueError, with the number of the line, for what is no tracefile.
    """
    found: list[FileCoverage] = []
    record = _Record()
    for number, line in enumerate(text.splitlines(), 1):
        if line == "end_of_record":
            if record.path is not None:
                found.append(FileCoverage(record.path, record.lines, record.branches, record.named()))
            record = _Record()
            continue
        kind, colon, value = line.partition(":")
        try:
            if colon:
                record.take(kind, value)
            elif line.strip() and not line.startswith("#"):
                raise ValueError
        except (ValueError, IndexError):
            raise ValueError(f"line {number} is none of a tracefile: {line[:60]}") from None
    if record.path is not None:
        raise ValueError(f"the record of {record.path} has no end")
    return merge([found])


class _Record:
    """A file's record, as far as it has been read."""

    def __init__(self) -> None:
        self.path: str | None = None
        self.lines: dict[int, int] = {}
        self.branches: dict[Branch, int | None] = {}
        self._begins: dict[str, int] = {}
        self._calls: dict[str, int] = {}

    def take(self, kind: str, value: str) -> None:
        if kind == "SF":
            self.path = value
        elif kind == "DA":
            parts = value.split(",")  # the third is a checksum
            line = int(parts[0])
            self.lines[line] = self.lines.get(line, 0) + _hits(parts[1])
        elif kind == "BRDA":
            head, _, taken = value.rpartition(",")
            line_, block, branch = head.split(",", 2)  # the name of an alternative may have commas
            key = (int(line_), block, branch)
            self.branches[key] = _either(self.branches.get(key), None if taken == "-" else _hits(taken))
        elif kind == "FN":
            begin, _, rest = value.partition(",")
            # Newer versions write the line of the end before the name.
            self._begins[rest.partition(",")[2] if _has_end(rest) else rest] = int(begin)
        elif kind == "FNDA":
            calls, _, name = value.partition(",")
            self._calls[name] = self._calls.get(name, 0) + _hits(calls)

    def named(self) -> dict[Named, int]:
        return {(begin, name): self._calls.get(name, 0) for name, begin in self._begins.items()}


def _has_end(text: str) -> bool:
    """Whether what follows a function's first line begins with its last, or with what looks like that."""
    end, comma, _ = text.partition(",")
    return bool(comma) and end.isdigit()


def _hits(text: str) -> int:
    return max(0, int(text))  # geninfo has written negative ones


def _either(first: int | None, second: int | None) -> int | None:
    return (first or 0) + second if second is not None else first


def merge(reports: Iterable[Iterable[FileCoverage]]) -> tuple[FileCoverage, ...]:
    """One record for each file, sorted by path: what any of the reports has, numbers added up."""
    lines: dict[str, dict[int, int]] = {}
    branches: dict[str, dict[Branch, int | None]] = {}
    functions: dict[str, dict[Named, int]] = {}
    for report in reports:
        for file in report:
            of_lines = lines.setdefault(file.path, {})
            for line, hits in file.lines.items():
                of_lines[line] = of_lines.get(line, 0) + hits
            of_branches = branches.setdefault(file.path, {})
            for branch, taken in file.branches.items():
                of_branches[branch] = _either(of_branches.get(branch), taken)
            of_functions = functions.setdefault(file.path, {})
            for named, calls in file.functions.items():
                of_functions[named] = of_functions.get(named, 0) + calls
    return tuple(FileCoverage(path, lines[path], branches[path], functions[path]) for path in sorted(lines))


def render(files: Iterable[FileCoverage]) -> Iterator[str]:
    """The tracefile, one chunk a file."""
    for file in files:
        rows = ["TN:", f"SF:{_one_line(file.path)}"]
        names = _unique(sorted(file.functions))
        rows += [
            f"FN:{line},{line},{name}" if _has_end(name) else f"FN:{line},{name}"
            for (line, _), name in names.items()
        ]
        rows += [f"FNDA:{file.functions[named]},{name}" for named, name in names.items()]
        if names:
            rows += [f"FNF:{len(names)}", f"FNH:{sum(1 for calls in file.functions.values() if calls)}"]
        for (line, block, branch), taken in sorted(file.branches.items()):
            rows.append(f"BRDA:{line},{block},{_one_line(branch)},{'-' if taken is None else taken}")
        if file.branches:
            rows.append(f"BRF:{len(file.branches)}")
            rows.append(f"BRH:{sum(1 for taken in file.branches.values() if taken)}")
        rows += [f"DA:{line},{hits}" for line, hits in sorted(file.lines.items())]
        rows += [f"LF:{len(file.lines)}", f"LH:{sum(1 for hits in file.lines.values() if hits)}"]
        yield "\n".join((*rows, "end_of_record", ""))


def _unique(functions: Iterable[Named]) -> dict[Named, str]:
    """What each function is called in a tracefile, where a name stands for one function."""
    names: dict[Named, str] = {}
    taken: set[str] = set()
    for line, name in functions:
        shown = _one_line(name)
        if shown in taken:
            shown = f"{shown}@{line}"
        while shown in taken:
            shown += "'"
        taken.add(shown)
        names[line, name] = shown
    return names


def _one_line(text: str) -> str:
    """The format has no escapes."""
    return "".join(character if character.isprintable() else "?" for character in text)
