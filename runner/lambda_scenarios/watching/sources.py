"""Scenario files, read while a watch waits: the next run reads only what has changed since."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import UsageError

if TYPE_CHECKING:
    from lambda_scenarios.scenarios.build import Source

# Seconds: whoever waits must not be away for longer, and a file may change again, unseen, within the grain of
# its file system's clock.
_AT_ONCE = 0.01
_GRAIN = 2.0

_Signature = tuple[int, int, int, int, int]


class _Known(NamedTuple):
    signature: _Signature
    source: Source


class Sources:
    """By absolute path. Files that have mistakes, or were saved a moment ago, are read by the run itself."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._waiting: list[str] = []

    def expect(self, paths: Iterable[str]) -> None:
        """The next run will need these, and no others."""
        self._waiting = list(dict.fromkeys(paths))
        self._known = {path: self._known[path] for path in self._waiting if path in self._known}

    def read_some(self) -> bool:
        """Reads for a moment; whether there is more to be read."""
        until = time.monotonic() + _AT_ONCE
        while self._waiting and time.monotonic() < until:
            self._remember(self._waiting.pop())
        return bool(self._waiting)

    def read(self, path: str) -> Source:
        """Raises UsageError."""
        from lambda_scenarios.scenarios.load import read_source

        known = self._known.get(path)
        if known is not None and known.signature == _signature(path):
            return known.source
        return read_source(path)

    def _remember(self, path: str) -> None:
        signature = _signature(path)
        if signature is None or (path in self._known and self._known[path].signature == signature):
            return
        self._known.pop(path, None)
        if time.time_ns() - max(signature[:2]) < _GRAIN * 1e9:
            return
        try:
            source = self.read(path)
        except UsageError:
            return
        if not source.problems and _signature(path) == signature:
            self._known[path] = _Known(signature, source)


def _signature(path: str) -> _Signature | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev
