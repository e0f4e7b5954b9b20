"""Which files are a function's own code, and which source a measured file was made of."""

from __future__ import annotations

import os
from collections.abc import Iterator

# What is no function's own code, wherever it lies.
_FOREIGN = frozenset({"node_modules", "site-packages", "dist-packages", "__pycache__"})
# What tests and tools are called: loaded by a function they count, unloaded they don't.
_OF_TESTS = frozenset({"test", "tests", "conftest.py", "setup.py", "noxfile.py"})
# Where code is put that is made of sources elsewhere.
_MADE = frozenset({".aws-sam", ".serverless", "cdk.out"})


class Sources:
    """Finds the sources of measured files in a project. `root` is its directory, absolute."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._names: dict[str, dict[str, list[str]]] = {}

    def shown(self, path: str) -> str:
        """A path as reports have it: from the root, where the file lies below it."""
        inside = self._inside(path)
        return path if inside is None else inside

    def of(self, path: str, code: str, service: str) -> str | None:
        """The source of a measured file of the code directory `code` of a service in the directory `service`:
        itself, or the equal file that it was copied from; None where a package has a file that the project
        hasn't."""
        path = os.path.realpath(path)
        inside = self._inside(path)
        if inside is not None and not _MADE & set(inside.split(os.sep)):
            return path
        beside = os.path.join(service, os.path.relpath(path, os.path.realpath(code)))
        for candidate in (beside, *self._named(os.path.basename(path), service)):
            if _same(path, candidate):
                return os.path.realpath(candidate)
        return path if inside is not None else None

    def named(self, name: str, beside: str, code: str, service: str) -> str | None:
        """The file that a source map beside `beside` (absolute) calls `name`; None where there is none, or
        it is a dependency's."""
        if name.startswith("webpack://"):  # webpack://NAMESPACE/./src/app.ts
            name = name[len("webpack://") :].partition("/")[2]
            beside = os.path.join(service, "bundle")
        elif name.startswith("file://"):
            from urllib.parse import unquote

            name = unquote(name[len("file://") :])
        if _FOREIGN & set(name.split("/")):
            return None
        path = os.path.normpath(os.path.join(os.path.dirname(beside), name))
        if os.path.isfile(path):
            return self.of(path, code, service)
        # The bundle lies elsewhere than where it was made: the end of the path is what stays.
        end = "/".join(part for part in name.split("/") if part not in ("..", "."))
        for folder in (service, self._root):
            candidate = os.path.join(folder, end)
            if os.path.isfile(candidate):
                return os.path.realpath(candidate)
        return None

    def _inside(self, path: str) -> str | None:
        real = os.path.realpath(path)
        return os.path.relpath(real, self._root) if real.startswith(self._root + os.sep) else None

    def _named(self, name: str, service: str) -> list[str]:
        """The files of a service that have this name."""
        names = self._names.get(service)
        if names is None:
            names = self._names[service] = {}
            for folder, _, files in own_folders(service):
                for file in files:
                    names.setdefault(file, []).append(os.path.join(folder, file))
        return names.get(name, [])


def _same(path: str, other: str) -> bool:
    try:
        if os.path.getsize(path) != os.path.getsize(other):
            return False
        with open(path, "rb") as one, open(other, "rb") as two:
            return one.read() == two.read()
    except OSError:
        return False


def own_folders(top: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """As os.walk, without hidden directories, virtualenvs, and what package managers put there."""
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _FOREIGN
            and name != "cdk.out"
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        )
        yield folder, folders, files


def linked(code: str) -> tuple[str, ...]:
    """What symbolic links in a code directory lead to, outside of it: files and directories, absolute. Where
    code is shared so, interpreters tell of it by its own place."""
    top = os.path.realpath(code)
    found: set[str] = set()
    for folder, folders, files in own_folders(top):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                target = os.path.realpath(path)
                if not (top + os.sep).startswith(target + os.sep) and not target.startswith(top + os.sep):
                    found.add(target)
    return tuple(sorted(found))


def vendored(code: str) -> tuple[str, ...]:
    """The names in a code directory that `pip install --target` put there."""
    found: set[str] = set()
    try:
        names = os.listdir(code)
    except OSError:
        return ()
    for name in names:
        if name.endswith(".dist-info"):
            found.add(name)
            try:
                with open(os.path.join(code, name, "RECORD"), encoding="utf-8") as file:
                    found.update(line.partition(",")[0].partition("/")[0].strip('"') for line in file)
            except (OSError, UnicodeDecodeError):
                continue
    return tuple(sorted(found - {"", "..", "__pycache__"}))


def unloaded_modules(code: str) -> list[str]:
    """The Python files of a code directory that could be loaded: those in it and in its packages, as
    coverage.py counts them, but for tests and what is installed there."""
    foreign = set(vendored(code))
    found: list[str] = []
    for folder, folders, files in own_folders(code):
        folders[:] = [
            name
            for name in folders
            if name not in _OF_TESTS
            and os.path.exists(os.path.join(folder, name, "__init__.py"))
            and not (folder == code and name in foreign)
        ]
        found += (
            os.path.join(folder, name)
            for name in sorted(files)
            if name.endswith(".py") and not _of_tests(name) and not (folder == code and name in foreign)
        )
    return found


def _of_tests(name: str) -> bool:
    return name in _OF_TESTS or name.startswith("test_") or name.endswith("_test.py")
