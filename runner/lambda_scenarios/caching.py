"""Where this program keeps what it need not make or fetch twice."""

from __future__ import annotations

import os
from collections.abc import Mapping


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
