"""The files that are watched, as they were when they were looked at last."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lambda_scenarios.snapshot_files import DIRECTORY as SNAPSHOTS
from lambda_scenarios.watching.inotify import Inotify

# What tools keep for themselves. Of packages that were installed, only the list is looked at.
_NOBODYS = frozenset(
    (  # noqa: SIM905  # a list would have a line for each
        "__pycache__ .git .hg .svn .lambda-scenarios .serverless .venv .tox .nox .eggs .idea .vscode .gradle"
        " .pytest_cache .mypy_cache .ruff_cache .hypothesis .terraform .nyc_output .cache"
    ).split()
)
_INSTALLED = "node_modules"
_LIST = ".package-lock.json"
# Their texts are kept, since what changed in them says which scenarios are touched.
_KEPT = (".yml", ".yaml", ".toml")
_LARGEST = 4_000_000  # bytes
_PASSING = ("~", ".swp", ".swx", ".swo", ".tmp", ".new", ".pyc", ".part", ".crswap")
_SPOOLS = (".spool-", ".#")


class Ground(NamedTuple):
    """What to watch, absolute and without symbolic links: directories with all that is in them, directories
    without those in them, and what is left out of both, files and directories."""

    deep: frozenset[str] = frozenset()
    flat: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def and_(self, other: Ground) -> Ground:
        return Ground(self.deep | other.deep, self.flat | other.flat, self.without | other.without)


_Signature = tuple[int, int, int, int]


class Tree:
    """Looks at directories. `changes` are those since `taken` was called, `made` the files among them that
    weren't there, `before` has what files were."""

    def __init__(self, inotify: Inotify | None) -> None:
        self._inotify = inotify
        self._ground = Ground()
        self._seen: dict[str, dict[str, _Signature]] = {}
        self._deep: set[str] = set()
        self._links: dict[str, str] = {}  # symbolic links to directories, with where they lead
        self._texts: dict[str, bytes] = {}
        self._unheard: set[str] = set()  # inotify doesn't tell of these
        self.before: dict[str, bytes | None] = {}
        self.changes: set[str] = set()
        self.made: set[str] = set()

    @property
    def told(self) -> bool:
        """Whether changes everywhere are told of, so that nobody needs to look."""
        return self._inotify is not None and not self._unheard

    def counts(self) -> tuple[int, int]:
        """How many files there are, and directories."""
        return sum(map(len, self._seen.values())), len(self._seen)

    def cover(self, ground: Ground, since: float) -> set[str]:
        """Watches this as well. What has changed in it `since` (time.time) is a change, and returned."""
        found: set[str] = set()
        new = self._ground.and_(ground)
        if new == self._ground:
            return found
        if new.without != self._ground.without:
            for directory in [d for d in self._seen if d in new.without]:
                self._forget(directory, silently=True)
        self._ground = new
        for directory in sorted(new.deep):
            if directory not in self._deep:
                found |= self._look(directory, deep=True, since=int(since * 1e9))
        for directory in sorted(new.flat):
            if directory not in self._seen:
                found |= self._look(directory, deep=False, since=int(since * 1e9))
        return found

    def scan(self, directories: Iterable[str] | None = None) -> set[str]:
        """The files that changed since they were looked at, in these directories; None: in all."""
        found: set[str] = set()
        for one in list(self._seen) if directories is None else directories:
            directory = os.path.dirname(one) if os.path.basename(one) == _INSTALLED else one
            if directory in self._seen:
                if directories is not None:
                    self._hear(directory)  # it may be another of the same name
                found |= self._look(directory, deep=directory in self._deep, since=None)
        for directory in (*self._ground.deep, *self._ground.flat):  # those that had been removed
            if directory not in self._seen and os.path.isdir(directory):
                found |= self._look(directory, deep=directory in self._ground.deep, since=0)
        return found

    def taken(self) -> None:
        """What has changed until now is dealt with."""
        self.changes.clear()
        self.made.clear()
        self.before.clear()

    def content(self, path: str) -> bytes | None:
        """What a file (absolute) was before the changes; None where it wasn't there."""
        if path in self.before:
            return self.before[path]
        return self._texts.get(path)

    def _look(self, directory: str, *, deep: bool, since: int | None) -> set[str]:
        """Changes of a directory; of one that is new, those `since` (nanoseconds since the epoch; None: all
        that is in it is new)."""
        known = self._seen.get(directory)
        if deep:
            self._deep.add(directory)
        if known is None:
            self._hear(directory)
        try:
            files, folders = self._listed(directory, deep=deep)
        except OSError:
            return self._forget(directory)
        self._seen[directory] = files
        found: set[str] = set()
        for name, signature in files.items():
            if known is None and since is not None:
                changed = max(signature[:2]) >= since
            else:
                changed = known is None or known.get(name) != signature
            path = os.path.join(directory, name)
            if changed:
                found |= self._changed(path, signature[2], new=known is None or name not in known)
            elif known is None:
                self._keep(path, signature[2])
        for name in known or ():
            if name not in files:
                found |= self._changed(os.path.join(directory, name), None, new=False)
        for folder in folders:
            if folder not in self._seen or folder not in self._deep:
                found |= self._look(folder, deep=True, since=since)
        return found

    def _listed(self, directory: str, *, deep: bool) -> tuple[dict[str, _Signature], list[str]]:
        files: dict[str, _Signature] = {}
        folders: list[str] = []
        installed = False
        without = self._ground.without
        with os.scandir(directory) as entries:
            for entry in entries:
                name, path = entry.name, entry.path
                if name.endswith(_PASSING) or name.startswith(_SPOOLS) or path in without:
                    continue
                try:
                    if entry.is_dir():
                        installed |= name == _INSTALLED
                        if deep and name != _INSTALLED:
                            folders += self._within(entry)
                        continue
                    status = entry.stat()
                except OSError:  # gone meanwhile, or a link to nowhere
                    continue
                files[name] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        if deep and installed:
            try:
                status = os.stat(os.path.join(directory, _INSTALLED, _LIST))
            except OSError:
                pass
            else:
                name = os.path.join(_INSTALLED, _LIST)
                files[name] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
                self._hear(os.path.join(directory, _INSTALLED))
        return files, folders

    def _within(self, entry: os.DirEntry[str]) -> Iterator[str]:
        """The directory, where it is one to look into."""
        path = entry.path
        if entry.name in _NOBODYS or os.path.exists(os.path.join(path, "pyvenv.cfg")):
            return
        if not entry.is_symlink():
            yield path
            return
        target = os.path.realpath(path)
        if not path.startswith(target + os.sep):  # not one that holds it
            self._links[path] = target
            yield target

    def _changed(self, path: str, size: int | None, *, new: bool) -> set[str]:
        """The names of a file that changed; nothing where its text is what it was."""
        earlier = self._texts.get(path)
        if size is None:
            self._texts.pop(path, None)
        else:
            self._keep(path, size)
            if not new and earlier is not None and self._texts.get(path) == earlier:
                return set()
        names = {path, *self._aliases(path)}
        for name in names:
            self.before.setdefault(name, earlier)
        self.changes |= names
        if new and size is not None:
            self.made |= names
        return names

    def _aliases(self, path: str) -> Iterator[str]:
        for link, target in self._links.items():
            if path.startswith(target + os.sep):
                yield link + path[len(target) :]

    def _keep(self, path: str, size: int) -> None:
        if path.endswith(_KEPT) and size <= _LARGEST:
            try:
                with open(path, "rb") as file:
                    self._texts[path] = file.read()
            except OSError:
                self._texts.pop(path, None)

    def _forget(self, directory: str, *, silently: bool = False) -> set[str]:
        """A directory is gone, with all that was in it."""
        found: set[str] = set()
        for one in [d for d in self._seen if d == directory or d.startswith(directory + os.sep)]:
            for name in self._seen.pop(one):
                path = os.path.join(one, name)
                if silently:
                    self._texts.pop(path, None)
                else:
                    found |= self._changed(path, None, new=False)
            self._deep.discard(one)
        return found

    def _hear(self, directory: str) -> None:
        if self._inotify is None:
            return
        try:
            self._inotify.add(directory)
        except FileNotFoundError:
            pass
        except OSError:
            self._unheard.add(directory)


def is_snapshot(path: str) -> bool:
    return os.path.basename(os.path.dirname(path)) == SNAPSHOTS
