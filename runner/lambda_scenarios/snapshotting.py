"""What the scenarios of a run leave to be stored as snapshots, and which of those that are belong to none."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from lambda_scenarios import snapshot_files
from lambda_scenarios.checks import snapshots
from lambda_scenarios.checks.compile import compared
from lambda_scenarios.checks.equality import json_equal
from lambda_scenarios.checks.facts import read_result
from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.expectation import Expectation, Loaded, Snapshot
from lambda_scenarios.model.outcome import Ending, Returned
from lambda_scenarios.model.record import SnapshotFate
from lambda_scenarios.model.scenario import Case, Invocation
from lambda_scenarios.model.values import Json
from lambda_scenarios.snapshot_files import Change


class _Taken(NamedTuple):
    """A result that is to be stored; `fate` is None where the same is stored already."""

    snapshot: Snapshot
    value: Json
    fate: SnapshotFate | None


class Album:
    """The snapshots of one run, by the number of their case. Nothing is kept of one that did not pass."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        """`mask` gives a JSON text without secrets."""
        self._mask = mask
        self.exposing: list[str] = []  # names of what is stored with the value of a secret in it
        self._waiting: dict[int, dict[str, _Taken]] = {}
        self._kept: dict[str, dict[str, Json]] = {}

    def expected(self, number: int, expectation: Expectation) -> Expectation:
        """What an invocation is judged by: what is to be stored must be what a repetition returns too."""
        snapshot = expectation.snapshot
        if snapshot is None or snapshot.use != "record":
            return expectation
        taken = self._waiting.get(number, {}).get(snapshot.key)
        if taken is None:
            return expectation
        first = compared(snapshot._replace(stored=Loaded(taken.value), use="compare"))
        clauses = [first if clause.subject == "snapshot" else clause for clause in expectation.clauses]
        return expectation._replace(clauses=tuple(clauses))

    def take(self, number: int, snapshot: Snapshot | None, returned: Ending) -> None:
        """An invocation of the case holds; its result is to be stored where the case passes in the end."""
        if snapshot is None or snapshot.use != "record" or not isinstance(returned, Returned):
            return
        result = read_result(returned.payload)
        value = result.value
        if result.not_json is None:
            value = snapshots.parse_result(returned.payload.decode())
        value = snapshots.ignoring(value, snapshot.ignore)
        fate: SnapshotFate | None = "written"
        if snapshot.stored is not None:
            fate = None if json_equal(snapshot.stored.value, value) else "updated"
        self._waiting.setdefault(number, {}).setdefault(snapshot.key, _Taken(snapshot, value, fate))

    def forget(self, number: int) -> None:
        """An attempt has failed: what it returned is not stored."""
        self._waiting.pop(number, None)

    def settle(self, number: int, *, passed: bool) -> SnapshotFate | None:
        """The case has its result; what becomes of its snapshots."""
        taken = self._waiting.pop(number, None)
        if not taken or not passed:
            return None
        for one in taken.values():
            entries = self._kept.setdefault(one.snapshot.file, {})
            if one.fate is not None:
                entries[one.snapshot.key] = snapshots.stored_form(one.value)
                text = json.dumps(one.value, ensure_ascii=False)
                if self._mask(text) != text:
                    self.exposing.append(one.snapshot.key)
        fates = {one.fate for one in taken.values()}
        return "written" if "written" in fates else "updated" if "updated" in fates else None

    def changes(self) -> Mapping[str, Mapping[str, Json]]:
        """The entries that are to be put, by file."""
        return self._kept


class Stale(NamedTuple):
    """Entries (of files that are needed: path and keys) and whole files that belong to no scenario."""

    entries: dict[str, frozenset[str]]
    files: tuple[str, ...]


def stale(cases: Iterable[Case], partial: Collection[str], directories: Sequence[str]) -> Stale:
    """What is stored and belongs to no scenario.

    Entries are judged in the files of which no scenario was left out, those that are not among `partial`
    (absolute paths of scenario files); whole files under `directories`. Of a damaged file nothing is said:
    where it was needed, it was told of before.
    """
    of_files: dict[str, list[Case]] = {}
    for case in cases:
        if case.origin.file not in partial:
            of_files.setdefault(case.origin.file, []).append(case)
    entries: dict[str, frozenset[str]] = {}
    for scenario_file, of_file in of_files.items():
        path = snapshot_files.file_of(scenario_file)
        if os.path.isfile(path):
            with contextlib.suppress(UsageError):
                unneeded = _unneeded(of_file, snapshot_files.read(path))
                if unneeded:
                    entries[path] = unneeded
    gone = [path for directory in directories for path in snapshot_files.orphans(directory)]
    return Stale(entries, tuple(dict.fromkeys(gone)))


def _unneeded(cases: Iterable[Case], keys: Iterable[str]) -> frozenset[str]:
    """Those of the keys that belong to none of the cases."""
    needed: set[str] = set()
    whole: set[str] = set()  # names of scenarios that keep all that they have
    for case in cases:
        if case.invocation is None:  # skipped: what it expects was not looked at
            whole.add(case.name)
        elif not case.steps:
            needed.update(_key(case.invocation))
        for step in case.steps:
            name = f"{case.name}::{step.id}"
            needed.update((name,) if step.invocation is None else _key(step.invocation))
    return frozenset(key for key in keys if key not in needed and key.partition("::")[0] not in whole)


def _key(invocation: Invocation) -> tuple[str, ...]:
    snapshot = invocation.expectation.snapshot
    return () if snapshot is None else (snapshot.key,)


class Stored(NamedTuple):
    """What was done. `removed` and `stale` name entries as `file::name`, files by their path, from `root`."""

    removed: tuple[str, ...]
    stale: tuple[str, ...]
    problems: tuple[str, ...]


def store_all(
    album: Album | None,
    cases: Sequence[Case],
    partial: Collection[str],
    paths: Sequence[str],
    root: str,
    *,
    update: bool,
) -> Stored:
    """What is left to do when a run has ended: writes, judges what is stale, and with `update` removes it.

    `cases` are all of the run, `partial` the scenario files that not all were selected of, `paths` (absolute)
    what was named: nothing where the run was interrupted. Paths are shown from `root`.
    """
    tops = [path for path in paths if os.path.isdir(path)] if not partial else []
    directories = [directory for top in tops for directory in snapshot_files.directories(top)]
    old = stale(cases, partial, directories)
    return _store({} if album is None else album.changes(), old, root, update=update)


def _store(changes: Mapping[str, Mapping[str, Json]], old: Stale, root: str, *, update: bool) -> Stored:
    """Writes what the scenarios left and, with `update`, removes what is stale."""
    removed: list[str] = []
    problems: list[str] = []
    for path in dict.fromkeys((*changes, *(old.entries if update else ()))):
        stale_keys = old.entries.get(path, frozenset()) if update else frozenset()
        change = Change(changes.get(path, {}), stale_keys)
        if not (change.put or change.remove):
            continue
        try:
            snapshot_files.write(path, change)
            removed += _names(path, stale_keys, root)
        except OSError as error:
            problems.append(f"{_shown(path, root)} can't be written: {error.strerror}")
        except UsageError as error:
            problem = error.diagnostics[0].problem
            problems.append(f"{_shown(path, root)} was damaged during the run: {problem}")
    if not update:
        names = [name for path, keys in old.entries.items() for name in _names(path, keys, root)]
        return Stored((), (*names, *(_shown(path, root) for path in old.files)), tuple(problems))
    for path in old.files:
        try:
            snapshot_files.delete(path)
            removed.append(_shown(path, root))
        except OSError as error:
            problems.append(f"{_shown(path, root)} can't be deleted: {error.strerror}")
    return Stored(tuple(removed), (), tuple(problems))


def _names(path: str, keys: Iterable[str], root: str) -> list[str]:
    file = _shown(snapshot_files.scenario_file_of(path), root)
    return [f"{file}::{key}" for key in sorted(keys)]


def _shown(path: str, root: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")
