"""Scenario files, read: bytes to drafts, the problems of all files reported together."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Protocol, cast

from lambda_scenarios.errors import Diagnostic, UsageError, settle
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.scenarios.build import TOP, Above, Source, build_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambda_scenarios.scenarios.draft import ScenarioFile

# What the bytes of a file hold where one of its strings may be a template: the marks themselves, the
# escapes that a double-quoted scalar may write `{` with, or a NUL, which only UTF-16 and UTF-32 have.
MAY_BE_TEMPLATE = re.compile(rb"\{[{%#\\]|\\(?:x7|u007|U0000007)[bB]|\x00")


class Found(Protocol):
    """What of a found file is needed here: absolute path, id, and the names of `PATH::NAME`."""

    @property
    def path(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...


def read_source(path: str) -> Source:
    """Reads, parses and checks one scenario file. Raises UsageError."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UsageError(Diagnostic(f"can't read {path}: {error.strerror}", Origin(path))) from None
    return parse_source(data, path)


def parse_source(data: bytes, path: str) -> Source:
    """Parses and checks the bytes of one scenario file.

    Raises UsageError where it can't be read, or the problems are not in single scenarios.
    """
    from lambda_scenarios.scenarios.structure import problems
    from lambda_scenarios.scenarios.yaml_source import parse

    value = parse(data, path)
    found = problems(value, path)
    unsound: frozenset[int] = frozenset()
    if found:
        numbers = [_scenario_of(problem) for problem in found]
        unsound = frozenset(number for number in numbers if number is not None)
        if None in numbers:
            raise UsageError(*found)
    scenarios = cast("dict[str, list[Json]]", value)["scenarios"]
    return Source(
        value,
        MAY_BE_TEMPLATE.search(data) is not None,
        scenario_lines(data, path, len(scenarios)),
        found,
        unsound,
    )


def _scenario_of(problem: Diagnostic) -> int | None:
    """The number of the scenario that a problem lies in; None where it concerns the whole file."""
    where = problem.where
    if isinstance(where, Origin) and len(where.path) > 1 and where.path[0] == "scenarios":
        index = where.path[1]
        return index if isinstance(index, int) else None
    return None


_LIST_KEY = re.compile(rb"^scenarios[ \t]*:[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_FIRST_ITEM = re.compile(rb"(?:[ \t]*(?:#.*)?\r?\n)*( *)-(?=[ \r\n])")


def scenario_lines(data: bytes, path: str, count: int) -> tuple[int, ...]:
    """The line of each of the file's `count` scenarios, from 1.

    Found by a search for the dashes of the list in block style, a hundred times cheaper than the
    parser's positions; where their number isn't `count`, those are asked.
    """
    key = _LIST_KEY.search(data)
    if key is not None:
        first = _FIRST_ITEM.match(data, key.end() + 1)
        if first is not None:
            # no line between two items is indented less than their dashes, comments aside
            dashes = re.compile(rb"^" + first.group(1) + rb"-(?=[ \r\n])|^(?=[^\s#-])", re.MULTILINE)
            lines, line, reached = [], data.count(b"\n", 0, key.end() + 1) + 1, key.end() + 1
            for match in dashes.finditer(data, first.start(1)):
                if match.end() == match.start():
                    break  # the next key of the top level
                line += data.count(b"\n", reached, match.start())
                reached = match.start()
                lines.append(line)
            if len(lines) == count:
                return tuple(lines)
    from lambda_scenarios.scenarios.yaml_source import locate

    return tuple(locate(Origin(path, ("scenarios", index))).line for index in range(count))


def load_files(
    found: Sequence[Found],
    read: Callable[[str], Source] = read_source,
    problems: list[Diagnostic] | None = None,
    above: Callable[[str], Above] = lambda _directory: TOP,
) -> tuple[ScenarioFile, ...]:
    """All files, built. `above` says what those of a directory inherit; it may raise UsageError.

    Raises one UsageError with the problems of all of them; with `problems`, adds them there instead, and
    gives what is sound, so that later stages can find what else is wrong.
    """
    files: list[ScenarioFile] = []
    wrong: list[Diagnostic] = []
    for file in found:
        try:
            source = read(file.path)
            wrong.extend(source.problems)
            inherited = above(os.path.dirname(file.path))
            files.append(build_file(source, file.path, file.id, file.names, inherited))
        except UsageError as error:
            wrong.extend(error.diagnostics)
    settle(wrong, problems)
    return tuple(files)
