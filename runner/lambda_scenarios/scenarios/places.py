"""Where files really are."""

from __future__ import annotations

import os


class Places:
    """Paths with symbolic links followed, each directory once."""

    def __init__(self) -> None:
        self._real: dict[str, str] = {}

    def directory(self, path: str) -> str:
        """A directory, absolute, without links on the way."""
        if path not in self._real:
            self._real[path] = os.path.realpath(path)
        return self._real[path]

    def of(self, path: str) -> str:
        """A file as changes name it: links in its directory followed, itself not."""
        directory, name = os.path.split(path)
        return os.path.join(self.directory(directory), name)
