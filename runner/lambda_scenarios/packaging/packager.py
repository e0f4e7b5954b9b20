"""The code of functions as it is deployed, in directories: for containers, and for `--skip-package`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from lambda_scenarios.caching import cache_directory
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.function import Function, Package
from lambda_scenarios.packaging.archive import Progress, write_archive
from lambda_scenarios.packaging.selection import Entry, Rules, UnusablePackage, selected
from lambda_scenarios.packaging.unpack import UnusableArchive, prune, unpacked
from lambda_scenarios.phrases import shown_path

# A file that was changed so short before it was read may have changed again without its time telling.
_UNSETTLED_NS = 2_000_000_000


class Packager:
    """Packages what is asked for, each package once in the life of this object."""

    def __init__(self, environ: Mapping[str, str], cwd: str, progress: Progress | None = None) -> None:
        """`environ` says where the cache is; paths in messages are relative to `cwd`; `progress` is told
        of packaging that takes long."""
        self._cache = cache_directory(environ, "code")
        self._records = cache_directory(environ, "packages")
        self._cwd = cwd
        self._progress = progress
        self._known: dict[tuple[str, Package], str] = {}

    def code(self, function: Function) -> str:
        """The absolute directory with exactly what the function is deployed with, to be read only.

        That is its package, written to `.serverless/` as `package.*` of the service file says, or its
        artifact, unpacked into the cache. Where nothing is to be packaged (functions of scenario files and
        templates, code that was unpacked already), it is the function's own directory. Raises UsageError.
        """
        package = function.package
        root = function.service.root
        if package is None or function.code != root:
            return function.code
        key = (root, package)
        if key not in self._known:
            try:
                self._known[key] = self._unpacked(root, package)
            except UnusableArchive as error:
                shown = shown_path(package.archive, self._cwd)
                raise UsageError(
                    Diagnostic(f"{shown} {error.problem}", function.origin, notes=error.notes)
                ) from None
            except UnusablePackage as error:
                raise UsageError(Diagnostic(error.problem, function.origin, notes=error.notes)) from None
        return self._known[key]

    def _unpacked(self, root: str, package: Package) -> str:
        if not package.is_artifact:
            self.write(root, package)
        directory = unpacked(package.archive, self._cache)
        prune(self._cache, directory)
        return directory

    def write(self, root: str, package: Package) -> tuple[Entry, ...]:
        """Writes `package.archive` of the service in `root`, and says what is in it.

        Nothing is written where it would be the same again. Raises UnusablePackage.
        """
        if self._progress is not None:
            self._progress(f"packaging {shown_path(package.archive, self._cwd)}")
        entries = packaged_files(root, package)
        record = _Record(self._records, package.archive, entries)
        if not record.holds():
            record.forget()
            write_archive(entries, package.archive, self._progress, root)
            record.keep()
        return tuple(entries)


def packaged_files(root: str, package: Package) -> list[Entry]:
    """The files that go into a package of the service in `root`. Raises UnusablePackage."""
    if package.unresolved:
        first = package.unresolved[0]
        raise UnusablePackage(f"`{first.path}` can't be resolved: {first.reason}")
    development: tuple[str, ...] = ()
    if package.without_development:
        from lambda_scenarios.packaging.node_modules import development_patterns

        development = development_patterns(root)
    return selected(root, Rules(package.exclude, package.include, development))


class _Record:
    """What the files were like when a package was written, so that it isn't written again from the same.

    As git does, files are compared by size, times, inode and mode, not by content.
    """

    def __init__(self, directory: str, archive: str, entries: Sequence[Entry]) -> None:
        import hashlib

        name = hashlib.sha256(os.fsencode(archive)).hexdigest()
        self._path = os.path.join(directory, name)
        self._archive = archive
        digest = hashlib.sha256()
        latest = 0
        for entry in entries:
            status = entry.status
            latest = max(latest, status.st_mtime_ns, status.st_ctime_ns)
            kept = (
                entry.name,
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
                status.st_ino,
                status.st_mode,
            )
            digest.update(repr(kept).encode("utf-8", "surrogateescape"))
        self._files = digest.hexdigest()
        self._latest = latest

    def _text(self) -> str:
        status = os.stat(self._archive)
        return f"{self._files} {status.st_size} {status.st_mtime_ns} {status.st_ino}"

    def holds(self) -> bool:
        try:
            with open(self._path, encoding="ascii") as stream:
                return stream.read() == self._text()
        except (OSError, ValueError):
            return False

    def forget(self) -> None:
        if os.path.lexists(self._path):
            os.unlink(self._path)

    def keep(self) -> None:
        """A record that can't be kept costs time only."""
        import time

        if time.time_ns() - self._latest < _UNSETTLED_NS:
            return
        begun = f"{self._path}-{os.getpid()}-{os.urandom(4).hex()}"
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(begun, "w", encoding="ascii") as stream:
                stream.write(self._text())
            os.replace(begun, self._path)
        except OSError:
            if os.path.lexists(begun):
                os.unlink(begun)
