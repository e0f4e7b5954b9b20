"""What a warm worker had served before a failure, and the command that does it again.

Where that is much, the command names a list of ids in `.lambda-scenarios/`, one a worker: that of its last
failure, which begins with those of the failures before.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports.text import shell_quote

if TYPE_CHECKING:
    from lambda_scenarios.model.scenario import Case

# So many of what came before are kept in a record, and so many ids stand in a command.
_SHOWN = 20
_TYPED = 4


class Before(NamedTuple):
    """What a worker had served when an invocation came, in order: the ids of the last of those scenarios,
    and the command that runs all of them and then the scenario of that invocation."""

    scenarios: tuple[str, ...] = ()
    replay: str | None = None


class Sequences:
    """Those of one run. `root` is the project's directory, `cwd` what shown paths begin at; `conditions` are
    the options of the run that commands repeat."""

    def __init__(self, cases: Sequence[Case], root: str, cwd: str, conditions: str) -> None:
        self._cases = cases
        self._root = root
        self._cwd = cwd
        self._conditions = conditions
        self._served: dict[int, list[int]] = {}  # by worker: the case of each invocation
        # By absolute path: what a worker has served, how much of that counts, and the case that failed.
        self._lists: dict[str, tuple[Sequence[int], int, int]] = {}

    def add(self, worker: int, case: int) -> None:
        """The worker has served an invocation of the case."""
        self._served.setdefault(worker, []).append(case)

    def before(self, worker: int, count: int, case: int, *, itself: bool) -> Before:
        """What the worker had served in its first `count` invocations, before one of the case, which failed.
        Nothing where that was the case alone; `itself` says that this tells something too."""
        served = self._served.get(worker, [])
        count = min(count, len(served))
        others = _last(served, count, case)
        if others:
            scenarios = tuple(self._cases[one].id for one in reversed(others))
        elif count and itself:
            scenarios = (self._cases[case].id,)
        else:
            return Before()
        return Before(scenarios, self._command(worker, served, count, case))

    def _command(self, worker: int, served: Sequence[int], count: int, failed: int) -> str:
        """`served` may grow later on: where all of many scenarios fail, a copy for each would take most of
        the time."""
        few = _few(served, count, failed)
        if few:
            names = " ".join(shell_quote(self._argument(number)) for number in few)
            return f"lambda-scenarios run -j 1 {names}{self._conditions}"
        from lambda_scenarios import state

        path = os.path.join(self._root, state.FOLDER, f"worker-{worker}.txt")
        self._lists[path] = (served, count, failed)
        listed = shell_quote("@" + shown_path(path, self._cwd))
        return f"lambda-scenarios run -j 1 {listed}{self._conditions}"

    def write(self) -> None:
        """The lists that commands name. Where nothing can be written, there are none."""
        if not self._lists:
            return
        from lambda_scenarios import state

        with contextlib.suppress(OSError):
            state.directory(self._root)
            for path, (served, count, failed) in self._lists.items():
                numbers = _in_order(served[:count], failed)
                state.write(path, "".join(f"{self._argument(number)}\n" for number in numbers))

    def _argument(self, number: int) -> str:
        case = self._cases[number]
        return f"{shown_path(case.origin.file, self._cwd)}::{case.name}"


def _in_order(served: Sequence[int], failed: int) -> tuple[int, ...]:
    """Each once, the one that failed at the end."""
    before = dict.fromkeys(served)
    before.pop(failed, None)
    return (*before, failed)


def _last(served: Sequence[int], count: int, case: int) -> list[int]:
    """The cases that were served last but for this one, from the last; as many as are shown."""
    found: dict[int, None] = {}
    for at in range(count - 1, -1, -1):
        if served[at] != case:
            found[served[at]] = None
            if len(found) == _SHOWN:
                break
    return list(found)


def _few(served: Sequence[int], count: int, failed: int) -> tuple[int, ...]:
    """As `_in_order`; none where they are too many for a command."""
    found: dict[int, None] = {}
    for number in islice(served, count):
        found[number] = None
        if len(found) > _TYPED:
            return ()
    few = _in_order(tuple(found), failed)
    return few if len(few) <= _TYPED else ()
