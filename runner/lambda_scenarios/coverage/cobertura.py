"""Cobertura's XML, as coverage.py and CI servers know it (pure).

The document type: http://cobertura.sourceforge.net/xml/coverage-04.dtd.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from lambda_scenarios.coverage.lcov import FileCoverage


def render(files: Sequence[FileCoverage], root: str, version: str, milliseconds: int) -> Iterator[str]:
    """The document, in chunks. `root` (absolute) is what the paths are relative to; `milliseconds` since the
    epoch say when it was measured."""
    lines, covered, branches, taken = _sums(files)
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<coverage version="lambda-scenarios {_text(version)}" timestamp="{milliseconds}" '
        f'lines-valid="{lines}" lines-covered="{covered}" line-rate="{_rate(covered, lines)}" '
        f'branches-valid="{branches}" branches-covered="{taken}" branch-rate="{_rate(taken, branches)}" '
        f'complexity="0">\n<sources>\n<source>{_text(root)}</source>\n</sources>\n<packages>\n'
    )
    packages: dict[str, list[FileCoverage]] = {}
    for file in files:
        packages.setdefault(os.path.dirname(file.path), []).append(file)
    for folder, inside in sorted(packages.items()):
        name = folder.replace("/", ".") or "."
        yield f'<package name="{_text(name)}" {_rates(inside)} complexity="0">\n<classes>\n'
        for file in inside:
            yield from _class(file)
        yield "</classes>\n</package>\n"
    yield "</packages>\n</coverage>\n"


def _class(file: FileCoverage) -> Iterator[str]:
    name = os.path.basename(file.path)
    yield (
        f'<class name="{_text(name)}" filename="{_text(file.path)}" {_rates([file])} '
        'complexity="0">\n<methods/>\n<lines>\n'
    )
    ways: dict[int, list[int | None]] = {}
    for (line, _, _), taken in file.branches.items():
        ways.setdefault(line, []).append(taken)
    for line, hits in sorted(file.lines.items()):
        of_line = ways.get(line)
        if of_line is None:
            yield f'<line number="{line}" hits="{hits}"/>\n'
        else:
            gone = sum(1 for taken in of_line if taken)
            share = f"{100 * gone // len(of_line)}% ({gone}/{len(of_line)})"
            yield f'<line number="{line}" hits="{hits}" branch="true" condition-coverage="{share}"/>\n'
    yield "</lines>\n</class>\n"


def _sums(files: Iterable[FileCoverage]) -> tuple[int, int, int, int]:
    """Lines, covered lines, alternatives, taken alternatives."""
    sums = [0, 0, 0, 0]
    for file in files:
        sums[0] += len(file.lines)
        sums[1] += sum(1 for hits in file.lines.values() if hits)
        sums[2] += len(file.branches)
        sums[3] += sum(1 for taken in file.branches.values() if taken)
    return sums[0], sums[1], sums[2], sums[3]


def _rates(files: Iterable[FileCoverage]) -> str:
    lines, covered, branches, taken = _sums(files)
    return f'line-rate="{_rate(covered, lines)}" branch-rate="{_rate(taken, branches)}"'


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.4g}" if whole else "1"


def _text(text: str) -> str:
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
