"""What a warm worker had served before a failure, and the command that does it again.

Where that is much, the command names a list of ids in `.lambda-scenarios/`: what a worker had served before
its last failure, which begins with what it had served before earlier ones. It is written while the run goes
on, so that it is there after a kill, and its name is of this run alone, so that no other changes it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports.text import shell_quote

if TYPE_CHECKING:
    from lambda_scenarios.model.scenario import Case

# So many of what came before are kept in a record, and so many ids stand in a command.
_SHOWN = 20
_TYPED = 4
# So many lists are kept, the newest.
_KEPT = 100
_LIST = re.compile(r"worker-\d+-[0-9a-f]+\.txt(\.\d+)?")  # `state.write` adds a number while it writes
# As much is written at once.
_APPENDED = 4096


class Before(NamedTuple):
    """What a worker had served when an invocation came, in order: the ids of the last of those scenarios,
    and the command that runs all of them and then the scenario of that invocation."""

    scenarios: tuple[str, ...] = ()
    replay: str | None = None


class _List:
    """A list on the disk. It has all cases of the first `count` invocations that its worker served; `first`
    says which invocation (from 0) was the first of each."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.count = 0
        self.first: dict[int, int] = {}


class Sequences:
    """Those of one run. `root` is the project's directory, `cwd` what shown paths begin at; `conditions` are
    the options of the run that commands repeat."""

    def __init__(self, cases: Sequence[Case], root: str, cwd: str, conditions: str) -> None:
        self._cases = cases
        self._root = root
        self._cwd = cwd
        self._conditions = conditions
        self._served: dict[int, list[int]] = {}  # by worker: the case of each invocation
        self._lists: dict[int, _List] = {}  # by worker
        self._token = ""  # of the names of all lists of this run

    def add(self, worker: int, case: int) -> None:
        """The worker has served an invocation of the case."""
        self._served.setdefault(worker, []).append(case)

    def before(self, worker: int, count: int, case: int, *, itself: bool) -> Before:
        """What the worker had served in its first `count` invocations, before one of the case, which failed.
        The case itself isn't among them, unless `itself` says that this tells something too."""
        served = self._served.get(worker, [])
        count = min(count, len(served))
        last = _last(served, count, None if itself else case)
        if not last:
            return Before()
        scenarios = tuple(self._cases[one].id for one in reversed(last))
        return Before(scenarios, self._command(worker, served, count, case))

    def _command(self, worker: int, served: Sequence[int], count: int, failed: int) -> str | None:
        """None where its list can't be written."""
        few = _few(served, count, failed)
        words = [self._argument(number) for number in few]
        if not few:
            try:
                known = self._list(worker, served, count, failed)
            except OSError:
                return None
            words.append(f"@{shown_path(known.path, self._cwd)}")
            if known.first[failed] < count:  # and some of those were after it: of two places the last counts
                words.append(self._argument(failed))
        return f"lambda-scenarios run -j 1 {' '.join(map(shell_quote, words))}{self._conditions}"

    def _list(self, worker: int, served: Sequence[int], count: int, failed: int) -> _List:
        """The worker's list, with its first `count` and the one that failed in it. Only what it lacks is
        written: where all of many scenarios fail, a list for each would take most of the time.
        Raises OSError."""
        from lambda_scenarios import state

        known = self._lists.get(worker)
        if known is None:
            folder = state.directory(self._root)
            if not self._token:
                self._token = os.urandom(3).hex()
                _tidy(folder)
            known = _List(os.path.join(folder, f"worker-{worker}-{self._token}.txt"))
        missing: dict[int, int] = {}
        for at in range(known.count, count):
            missing.setdefault(served[at], at)
        missing.setdefault(failed, count)
        missing = {one: at for one, at in missing.items() if one not in known.first}
        text = self._lines(missing)
        if known.first and len(text) <= _APPENDED:
            with open(known.path, "ab", buffering=0) as file:
                file.write(text.encode())
        else:  # a kill must not leave half of it
            state.write(known.path, self._lines(known.first) + text)
        known.first.update(missing)
        known.count = max(known.count, count)
        self._lists[worker] = known
        return known

    def _lines(self, cases: Iterable[int]) -> str:
        return "".join(f"{_line(self._argument(one))}\n" for one in cases)

    def _argument(self, number: int) -> str:
        case = self._cases[number]
        return f"{shown_path(case.origin.file, self._cwd)}::{case.name}"


def _line(argument: str) -> str:
    """An argument as a line of a list; `discover` reads it."""
    return argument if argument.isprintable() and argument[0] != '"' else json.dumps(argument)


def _tidy(folder: str) -> None:
    """Removes the oldest lists of earlier runs. Raises OSError."""
    with os.scandir(folder) as entries:
        lists: Iterable[os.DirEntry[str]] = [entry for entry in entries if _LIST.fullmatch(entry.name)]
    with contextlib.suppress(FileNotFoundError):  # another run does the same
        for entry in sorted(lists, key=lambda entry: entry.stat().st_mtime_ns)[:-_KEPT]:
            os.unlink(entry.path)


def _in_order(served: Sequence[int], failed: int) -> tuple[int, ...]:
    """Each once, the one that failed at the end."""
    before = dict.fromkeys(served)
    before.pop(failed, None)
    return (*before, failed)


def _last(served: Sequence[int], count: int, case: int | None) -> list[int]:
    """The cases that were served last, but for this one, from the last; as many as are shown."""
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
