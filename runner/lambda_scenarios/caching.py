"""Where this program keeps what it need not make or fetch twice."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping


def cache_directory(environ: Mapping[str, str], name: str) -> str:
    """The absolute directory for one kind of thing; it may not exist yet. All of it may be deleted.

    `$XDG_CACHE_HOME/lambda-scenarios/<name>`, else in `~/.cache`; a relative XDG_CACHE_HOME is ignored:
    https://specifications.freedesktop.org/basedir-spec. Without a home, a directory of this user's among
    the temporary ones.
    """
    base = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return os.path.join(base, "lambda-scenarios", name)
    home = environ.get("HOME", "")
    if os.path.isabs(home):
        return os.path.join(home, ".cache", "lambda-scenarios", name)
    temporary = environ.get("TMPDIR") or "/tmp"  # noqa: S108 - what is in it is checked before it is used
    return os.path.join(temporary, f"lambda-scenarios-{os.getuid()}", name)


def keep(path: str, data: bytes) -> None:
    """Puts a file there, whole or not at all: other processes may read it, or do the same. Raises OSError."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    begun = _beside(path)
    try:
        with open(begun, "wb") as file:
            file.write(data)
        os.replace(begun, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(begun)
        raise


@contextlib.contextmanager
def filled(directory: str) -> Iterator[str]:
    """An empty directory to be filled, which then becomes `directory`, whole or not at all; where another
    process was faster, that one's stays. Raises OSError."""
    begun = _beside(directory)
    os.makedirs(begun)
    try:
        yield begun
        try:
            os.rename(begun, directory)
        except OSError:
            if not os.path.isdir(directory):
                raise
    finally:
        if os.path.lexists(begun):
            import shutil

            shutil.rmtree(begun, ignore_errors=True)


def _beside(path: str) -> str:
    """A name that no other process takes, also in another container."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{os.getpid()}-{os.urandom(4).hex()}")
