"""Small pieces of what this program says, said the same everywhere."""

from __future__ import annotations

import os


def shown_path(path: str, directory: str) -> str:
    """A path relative to `directory` (absolute) where that is shorter."""
    if not os.path.isabs(path):
        return path
    relative = os.path.relpath(path, directory)
    return relative if len(relative) < len(path) else path


def plural(count: int, noun: str) -> str:
    """`1 failure`, `2 failures`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
