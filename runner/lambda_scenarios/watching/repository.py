"""What git ignores is no source, but what is made of sources."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping


def not_ignored(paths: set[str], environ: Mapping[str, str]) -> set[str]:
    """Those of the files (absolute) that git doesn't ignore; all where there is no git, or no repository."""
    found = set(paths)
    for directory in {os.path.dirname(path) for path in paths}:
        files = [path for path in paths if os.path.dirname(path) == directory]
        try:
            done = subprocess.run(
                ("git", "check-ignore", "-z", "--stdin"),  # noqa: S607  # the user's, wherever it is
                input=b"".join(os.fsencode(path) + b"\0" for path in files),
                cwd=directory,
                env={**environ, "GIT_OPTIONAL_LOCKS": "0"},
                stderr=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                check=False,
            )
        except OSError:  # no git, or the directory is gone
            continue
        if not done.returncode:
            found.difference_update(map(os.fsdecode, done.stdout.split(b"\0")))
    return found
