"""Snapshot files: read before anything runs, written when everything has; the one place with their I/O.

A file is only ever replaced as a whole, by a rename, so that a kill leaves the old one or the new one.
Several processes that write the same file (shards, workers of a test runner) lock its directory in turn, and
each changes only the entries of its own scenarios in what it then finds there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.checks import snapshots
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.expectation import Loaded, Snapshot
from lambda_scenarios.model.values import Json, Place

if TYPE_CHECKING:
    from lambda_scenarios.scenarios.draft import Snapshots

DIRECTORY = "__snapshots__"
_SUFFIX = ".json"
_TEMPORARY = re.compile(r"\..+\.json\.\d+\.tmp")
_CONFLICT = re.compile(rb"^(<{7}|={7}|>{7}|\|{7})(?=[ \r\n]|\Z)", re.MULTILINE)

_FIX = "repair it, or delete the file: `--update-snapshots` writes it anew"

Entries = Mapping[str, Json]  # stored forms by key


class Change(NamedTuple):
    """What is to become of one file: entries to put (stored forms), keys to take out."""

    put: Entries
    remove: frozenset[str] = frozenset()


def file_of(scenario_file: str) -> str:
    """Where the snapshots of a scenario file lie; both paths are absolute."""
    directory, name = os.path.split(scenario_file)
    return os.path.join(directory, DIRECTORY, name + _SUFFIX)


def scenario_file_of(path: str) -> str:
    """The scenario file whose snapshots lie at `path`."""
    directory, name = os.path.split(path)
    return os.path.join(os.path.dirname(directory), name[: -len(_SUFFIX)])


def directories(top: str) -> Iterator[str]:
    """The directories under `top`, itself included, that have snapshots; not entered is what discovery of
    scenario files doesn't enter either."""
    from lambda_scenarios.scenarios.discover import NOT_ENTERED

    for directory, inner, _ in os.walk(top):
        if DIRECTORY in inner:
            yield directory
        inner[:] = sorted({*inner} - NOT_ENTERED - {name for name in inner if name[0] == "."})


def orphans(directory: str) -> tuple[str, ...]:
    """The snapshot files beside the scenario files of `directory` whose own scenario file is gone."""
    try:
        names = sorted(os.listdir(os.path.join(directory, DIRECTORY)))
    except OSError:
        return ()
    return tuple(
        os.path.join(directory, DIRECTORY, name)
        for name in names
        if name.endswith((".yml" + _SUFFIX, ".yaml" + _SUFFIX))
        and name[0] != "."
        and not os.path.lexists(os.path.join(directory, name[: -len(_SUFFIX)]))
    )


class SnapshotFiles:
    """Those that a run needs, each read once. `mode` says what becomes of results."""

    def __init__(self, mode: Snapshots) -> None:
        self._mode = mode
        self._entries: dict[str, Entries | UsageError] = {}

    def entries(self, scenario_file: str) -> Entries:
        """What is stored for a scenario file. Raises UsageError with the place of damage."""
        found = self._entries.get(scenario_file)
        if found is None:
            try:
                found = read(file_of(scenario_file))
            except UsageError as error:
                found = error
            self._entries[scenario_file] = found
        if isinstance(found, UsageError):
            raise found
        return found

    def snapshot(self, scenario_file: str, key: str, ignore: tuple[str, ...]) -> Snapshot:
        """What one result is compared with, or becomes. Raises UsageError."""
        entries = self.entries(scenario_file)
        stored = Loaded(snapshots.value_of(entries[key])) if key in entries else None
        path = file_of(scenario_file)
        if self._mode == "update" or (self._mode == "write" and stored is None):
            return Snapshot(path, key, ignore, stored, "record")
        return Snapshot(path, key, ignore, stored, "require" if stored is None else "compare")


def read(path: str) -> dict[str, Json]:
    """The entries of a file, as stored; none where there is no file. Raises UsageError."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(
            Diagnostic(f"the snapshots can't be read: {error.strerror}", Place(path, 1))
        ) from None
    conflict = _CONFLICT.search(data)
    if conflict is not None:
        place = Place(path, data.count(b"\n", 0, conflict.start()) + 1, 1, 7)
        notes = (
            "keep the entries of both sides, or take one side (`git checkout --theirs` or `--ours`);",
            "`--update-snapshots` then writes what the functions return now",
        )
        raise UsageError(
            Diagnostic(
                "the snapshots hold an unfinished merge of git", place, "a conflict is marked here", notes
            )
        )
    try:
        value = snapshots.parse(data.decode())
    except snapshots.Duplicate:
        raise UsageError(*_duplicates(data, path)) from None
    except (ValueError, RecursionError):
        raise UsageError(*_damage(data, path)) from None
    if not isinstance(value, dict):
        label = "its keys are names of scenarios"
        raise UsageError(Diagnostic("a file of snapshots is an object", Place(path, 1), label, (_FIX,)))
    return value


def _duplicates(data: bytes, path: str) -> Iterator[Diagnostic]:
    from lambda_scenarios.scenarios.positions import duplicate_keys

    for key, first, second in duplicate_keys(data, path):
        label = f"it stands on line {first.line} already: delete one of the two"
        yield Diagnostic(f"the snapshots have `{key}` twice", second, label)


def _damage(data: bytes, path: str) -> tuple[Diagnostic, ...]:
    from lambda_scenarios.scenarios.referenced_files import parse_json

    try:
        text = data.decode()
        parse_json(text, path)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return (Diagnostic("the snapshots are no UTF-8 text", Place(path, line), "this line isn't", (_FIX,)),)
    except UsageError as error:
        return tuple(one._replace(notes=(*one.notes, _FIX)) for one in error.diagnostics)
    return (Diagnostic("the snapshots can't be read", Place(path, 1), "", (_FIX,)),)


def write(path: str, change: Change) -> None:
    """Makes the change in what the file then holds. Without any entry left, there is no file.

    Raises OSError, and UsageError where the file has been damaged meanwhile.
    """
    directory = os.path.dirname(path)
    with _locked(directory) as alone:
        if alone:
            _tidy(directory)
        entries = read(path)
        left = {key: form for key, form in entries.items() if key not in change.remove}
        left.update(change.put)
        if left:
            _replace(path, snapshots.file_text(left))
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        with contextlib.suppress(OSError):  # it isn't empty
            os.rmdir(directory)


def delete(path: str) -> None:
    """Deletes a file. Raises OSError."""
    directory = os.path.dirname(path)
    with _locked(directory):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with contextlib.suppress(OSError):
            os.rmdir(directory)


@contextlib.contextmanager
def _locked(directory: str) -> Iterator[bool]:
    """The directory, made where it is missing, locked; whether that could be done. Where the file system
    knows no locks, two writers at the same moment may lose an entry, and nothing worse."""
    while True:
        descriptor = _opened(directory)
        if descriptor is None:
            continue
        try:
            alone = False
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                alone = True
            if not _still(directory, descriptor):  # the last one to hold the lock removed it
                continue
            yield alone
            return
        finally:
            os.close(descriptor)


def _opened(directory: str) -> int | None:
    """A descriptor of the directory; None where another process removed it just now."""
    try:
        os.makedirs(directory, exist_ok=True)
        return os.open(directory, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except FileExistsError:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISDIR(os.lstat(directory).st_mode):
                raise
        return None


def _still(directory: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(directory), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _tidy(directory: str) -> None:
    """Removes what killed processes left: under the lock, nobody else is writing."""
    with os.scandir(directory) as entries:
        left = [entry.path for entry in entries if _TEMPORARY.fullmatch(entry.name)]
    for path in left:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _replace(path: str, text: str) -> None:
    path = os.path.realpath(path)
    data = text.encode()
    mode = 0o666
    with contextlib.suppress(OSError), open(path, "rb") as file:
        if file.read() == data:
            return
        mode = os.fstat(file.fileno()).st_mode & 0o777
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
