"""`.lambda-scenarios/` in the root of a project: what this program keeps there between runs.

Everything in it may be deleted at any time, and what is damaged counts as not there. Files are written whole
and renamed into place: whoever reads meanwhile, or is killed while writing, leaves an old one or a new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

FOLDER = ".lambda-scenarios"


def directory(root: str) -> str:
    """The absolute directory, made where it isn't there, hidden from git. Raises OSError."""
    folder = os.path.join(root, FOLDER)
    os.makedirs(folder, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.exists(ignore):
        write(ignore, "*\n")
    return folder


@contextlib.contextmanager
def alone(folder: str) -> Iterator[None]:
    """While no other process is here, in the same `folder`; where the file system has no locks, at once."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read(path: str) -> str | None:
    """The text of a file; None where there is none, or it can't be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return None


def write(path: str, text: str) -> None:
    """Whole or not at all. Raises OSError."""
    fresh = f"{path}.{os.getpid()}"
    try:
        with open(fresh, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(fresh, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise
