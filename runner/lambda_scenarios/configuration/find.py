"""Where the project begins, and which file configures it: nothing is parsed for that."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

NAMES = ("lambda-scenarios.yml", "lambda-scenarios.yaml")
PYPROJECT = "pyproject.toml"

# `[tool.lambda-scenarios]`, one of its tables, or a dotted key of that name; the slip with `_` is told.
_TABLE = re.compile(
    rb"""^[ \t]*(?:\[\[?[ \t]*)?["']?tool["']?[ \t]*\.[ \t]*["']?lambda[-_]scenarios["']?[ \t]*[.\]=]""",
    re.MULTILINE,
)
# The table written inside of `[tool]`: rare, and asked of the parser.
_TOOL = re.compile(rb"""^[ \t]*\[[ \t]*["']?tool["']?[ \t]*\]""", re.MULTILINE)


class Found(NamedTuple):
    """The project's directory (absolute), and its configuration files with what is in them; none: ()."""

    root: str
    files: tuple[tuple[str, bytes | None], ...] = ()  # None: it can't be read

    def mentions(self, *words: bytes) -> bool:
        """Whether one of the words stands in them."""
        return any(word in data for _, data in self.files if data is not None for word in words)


def find(cwd: str) -> Found:
    """The nearest directory at or above `cwd` with a configuration file, else the git root, else `cwd`."""
    above = _upwards(cwd)
    for directory in above:
        files = [(path, _read(path)) for name in NAMES if _is_there(path := os.path.join(directory, name))]
        pyproject = os.path.join(directory, PYPROJECT)
        try:
            with open(pyproject, "rb") as stream:
                data = stream.read()
        except OSError:
            data = b""
        if (b"lambda-scenarios" in data or b"lambda_scenarios" in data) and _has_table(data):
            files.append((pyproject, data))
        if files:
            return Found(directory, tuple(files))
    for directory in above:
        if os.path.exists(os.path.join(directory, ".git")):  # a file in worktrees and submodules
            return Found(directory)
    return Found(above[0])


def _is_there(path: str) -> bool:
    """Whether it is a file, or a link to one that is gone: that is told, and not passed over."""
    return os.path.isfile(path) or (os.path.islink(path) and not os.path.exists(path))


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def _has_table(data: bytes) -> bool:
    if _TABLE.search(data):
        return True
    if not _TOOL.search(data):
        return False
    from lambda_scenarios.configuration.toml_source import has_table

    return has_table(data)


def _upwards(directory: str) -> list[str]:
    found = [os.path.abspath(directory)]
    while (parent := os.path.dirname(found[-1])) != found[-1]:
        found.append(parent)
    return found
