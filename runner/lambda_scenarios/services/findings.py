"""What was found wrong with a declaration: kept until it is known whether it is an error or a remark."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.function import Unresolved
from lambda_scenarios.model.values import PROGRAMS, Origin, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambda_scenarios.services.variables import UnresolvableError


_MOST_NAMES = 8


class Problem(NamedTuple):
    """One thing wrong. `path` is that of `model.function.Unresolved`; `text` is the part that is meant
    of the value at `origin`, the whole value where it is empty; `general` that of `UnresolvableError`."""

    path: str
    problem: str
    origin: Origin
    text: str = ""
    label: str = ""
    notes: tuple[str, ...] = ()
    general: str = ""

    def unresolved(self) -> Unresolved:
        return Unresolved(self.path, self.problem)

    def diagnostic(self, needed_for: str = "") -> Diagnostic:
        """The same for people. Reads the file, to find the place of `text`."""
        notes = self.notes
        told = not self.origin.path or self.path.split(".")[-1] != str(self.origin.path[-1])
        if self.origin.file.endswith(PROGRAMS) and self.origin.path:
            notes = (
                f"it is `{'.'.join(str(key) for key in self.origin.path)}` of what the file exports",
                *notes,
            )
        where: Place | Origin = place_within(self.origin, self.text) if self.text else self.origin
        needed = (self.path, needed_for) if needed_for and told else None
        return Diagnostic(self.problem, where, self.label, notes, needed_for=needed)


def problem_of(error: UnresolvableError, path: str) -> Problem:
    return Problem(path, error.problem, error.origin, error.text, error.label, error.notes, error.general)


class NotEvaluated(NamedTuple):
    """A variable that has not the value it would have in AWS, since what it refers to is not known.

    `how` completes "it is …", whether a function gets it or not; `general` is that of
    `aws.failures.LookupFailed`.
    """

    name: str
    how: str
    reason: str
    origin: Origin
    text: str = ""
    label: str = ""
    notes: tuple[str, ...] = ()
    general: bool = False

    def unresolved(self) -> Unresolved:
        return Unresolved(f"environment.{self.name}", self.reason)


def warnings_of(found: Iterable[NotEvaluated]) -> list[Diagnostic]:
    """What is to be said of them: each by itself, but one for all that have the same general reason."""
    groups: dict[object, list[NotEvaluated]] = {}
    for one in dict.fromkeys(found):
        groups.setdefault((one.reason, one.how) if one.general else one, []).append(one)
    return [_warning(group) for group in groups.values()]


def _warning(group: list[NotEvaluated]) -> Diagnostic:
    first = group[0]
    names = list(dict.fromkeys(one.name for one in group))
    shown = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        shown += f" and {len(names) - _MOST_NAMES} more"
    where: Place | Origin = place_within(first.origin, first.text) if first.text else first.origin
    return Diagnostic(
        f"{shown} {'is' if len(names) == 1 else 'are'} {first.how}: {first.reason}",
        where,
        first.label,
        first.notes,
        severity="warning",
    )


def place_within(origin: Origin, text: str) -> Place:
    """Where `text` stands within the value at `origin`; the value's own place where it is not found.

    Texts of block scalars and of values on several lines are found on the lines that follow; in a program,
    wherever the text occurs first.
    """
    from lambda_scenarios.scenarios.yaml_source import locate

    start = locate(origin)
    try:
        with open(origin.file, encoding="utf-8", errors="replace") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return start
    last = len(lines) if origin.file.endswith(PROGRAMS) else min(len(lines), start.line + 100)
    for number in range(start.line, last + 1):
        column = lines[number - 1].find(text, start.column - 1 if number == start.line else 0)
        if column >= 0:
            return Place(origin.file, number, column + 1, len(text))
    return start
