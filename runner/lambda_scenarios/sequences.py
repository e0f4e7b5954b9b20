"""What a warm worker had served before a failure, and the command that does it again.

Where that is much, the command names a list of ids in `.lambda-scenarios/`, one a worker: that of its last
failure, which begins with those of the failures before.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports.text import shell_quote

if TYPE_CHECKING:
    from lambda_scenarios.model.scenario import Case

# So many of what came before are kept in a record, and so many ids stand in a command.
SHOWN = 20
_TYPED = 4


class Sequences:
    """Those of one run. `root` is the project's directory, `cwd` what shown paths begin at; `conditions` are
    the options of the run that commands repeat."""

    def __init__(self, cases: Sequence[Case], root: str, cwd: str, conditions: str) -> None:
        self._cases = cases
        self._root = root
        self._cwd = cwd
        self._conditions = conditions
        # By absolute path: what a worker has served, how much of that counts, and the case that failed.
        self._lists: dict[str, tuple[Sequence[int], int, int]] = {}

    def command(self, worker: int, served: Sequence[int], failed: int) -> str:
        """Runs the cases that the worker has served, in this order, and then the one that failed. `served`
        may grow later on: where all of many scenarios fail, a copy for each would take most of the time."""
        few = _few(served, failed)
        if few:
            names = " ".join(shell_quote(self._argument(number)) for number in few)
            return f"lambda-scenarios run -j 1 {names}{self._conditions}"
        from lambda_scenarios import state

        path = os.path.join(self._root, state.FOLDER, f"worker-{worker}.txt")
        self._lists[path] = (served, len(served), failed)
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


def _few(served: Sequence[int], failed: int) -> tuple[int, ...]:
    """As `_in_order`; none where they are too many for a command."""
    found: dict[int, None] = {}
    for number in served:
        found[number] = None
        if len(found) > _TYPED:
            return ()
    few = _in_order(tuple(found), failed)
    return few if len(few) <= _TYPED else ()
