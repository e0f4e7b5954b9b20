"""What lies with scenarios and is theirs, no code, though a package with everything in it contains it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from lambda_scenarios import snapshot_files
from lambda_scenarios.scenarios import directory_defaults
from lambda_scenarios.scenarios.sniff import is_scenario_text

if TYPE_CHECKING:
    from lambda_scenarios.model.function import Function
    from lambda_scenarios.scenarios.places import Places

_YAML = (".yml", ".yaml")


class BesideScenarios:
    """Which files are what scenarios name, and nothing that a function has in its package for itself.

    The same whichever scenarios are selected: the cells of a matrix must agree with the whole. So it isn't
    only the scenarios in question that are looked at (`named` gives the places of their files, `homes` their
    directories), but all scenario files in the directories that a file lies in, up to `root`. `before` gives
    the content of those that changed, as it was.
    """

    def __init__(
        self,
        named: Callable[[], Iterable[str]],
        homes: Iterable[str],
        before: Callable[[], Mapping[str, bytes]],
        places: Places,
        root: str,
    ) -> None:
        self._name = named
        self._named: frozenset[str] | None = None
        self._places = places
        self._homes = {places.directory(home) for home in homes}
        self._before = before
        self._earlier: Mapping[str, bytes] | None = None
        self._root = places.directory(root)
        self._texts: dict[str, tuple[bytes, ...]] = {}
        self._used: dict[tuple[str, str, str], tuple[str, ...]] = {}
        self._homes_above: dict[str, tuple[str, ...]] = {}
        self._data: dict[str, bool] = {}

    def has(self, path: str, function: Function) -> bool:
        """Whether a file (a place, see `Places`) is no code of a function."""
        if self._is_always(path):
            return True
        used = self._used_by(function)
        return any(
            not any(one.startswith(home) for one in used) for home in self._homes_of(path)
        ) and self._is_data(path)

    def _is_always(self, path: str) -> bool:
        directory, name = os.path.split(path)
        return (
            name in directory_defaults.NAMES
            or name == "lambda-scenarios.yml"
            or os.path.basename(directory) == snapshot_files.DIRECTORY
        )

    def _used_by(self, function: Function) -> tuple[str, ...]:
        """Where a function's own files are: the service's directory, its code, its handler; with a slash at
        the end."""
        key = function.service.root, function.code, function.handler
        if key not in self._used:
            handler = os.path.join(function.code, *function.handler.rpartition(".")[0].split("/"))
            root, code = map(self._places.directory, (function.service.root, function.code))
            self._used[key] = tuple(one + os.sep for one in (root, code, self._places.of(handler)))
        return self._used[key]

    def _homes_of(self, path: str) -> tuple[str, ...]:
        """The directories with scenarios that a file lies in, with a slash at the end."""
        directory = os.path.dirname(path)
        if directory not in self._homes_above:
            parent = os.path.dirname(directory)
            found = () if parent == directory else self._homes_of(directory)
            inside = directory == self._root or directory.startswith(self._root + os.sep)
            if directory in self._homes or (inside and self._texts_in(directory)):
                found = (*found, directory + os.sep)
            self._homes_above[directory] = found
        return self._homes_above[directory]

    def _is_data(self, path: str) -> bool:
        """Whether a scenario names it."""
        if path not in self._data:
            if self._named is None:
                self._named = frozenset(self._name())
            directory, name = os.path.split(path)
            self._data[path] = path in self._named or self._is_mentioned(name, self._above(directory))
        return self._data[path]

    def _is_mentioned(self, name: str, above: Iterable[str]) -> bool:
        written = re.compile(rb"(?<![\w.-])" + re.escape(os.fsencode(name)) + rb"(?![\w-])")
        return any(written.search(text) for directory in above for text in self._texts_in(directory))

    def _above(self, directory: str) -> Iterable[str]:
        """The directory and those that it lies in, up to the project's root."""
        while directory == self._root or directory.startswith(self._root + os.sep):
            yield directory
            directory = os.path.dirname(directory)

    def _texts_in(self, directory: str) -> tuple[bytes, ...]:
        """The scenario files right in a directory, as they are and as they were."""
        if directory not in self._texts:
            if self._earlier is None:
                self._earlier = self._before()
            found = [text for path, text in self._earlier.items() if os.path.dirname(path) == directory]
            try:
                names = os.listdir(directory)
            except OSError:
                names = []
            for name in names:
                if name.endswith(_YAML):
                    text = content(os.path.join(directory, name))
                    if text is not None and is_scenario_text(text):
                        found.append(text)
            self._texts[directory] = tuple(found)
        return self._texts[directory]


def content(path: str) -> bytes | None:
    """What a file holds; None where it is no ordinary file (a link to a device has no end), or unreadable."""
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
