"""Which interpreter a run will most likely need first, guessed before anything is read.

A wrong guess costs an interpreter that is ended unused; none of the user's code is loaded by it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from lambda_scenarios.backends.early import Early
from lambda_scenarios.runtimes import python
from lambda_scenarios.runtimes.environment import at_start
from lambda_scenarios.runtimes.runtime import World

_RUNTIME = re.compile(rb"^[^#\n]*\b[rR]untime[\"']?[ \t]*:[ \t]*[\"']?python(3\.\d+)", re.MULTILINE)
_NAMES = ("serverless.yml", "serverless.yaml", "template.yaml", "template.yml")
_ENOUGH = 64 * 1024  # bytes of a service file that are looked at


def begin(paths: Sequence[str], world: World, *, inherit: bool) -> Early | None:
    """Starts the interpreter of the service nearest to the first path, if it is one of Python."""
    found = _service(os.path.join(world.cwd, paths[0].partition("::")[0]), world.cwd)
    if found is None:
        return None
    root, text = found
    runtime = _RUNTIME.search(text)
    if runtime is None:
        return None
    command = python.early_command(root, runtime[1].decode(), world)
    if command is None:
        return None
    try:
        return Early(command, at_start(world.environ, inherit=inherit))
    except OSError:
        return None  # the worker's own start will say why


def _service(path: str, top: str) -> tuple[str, bytes] | None:
    """The directory and the beginning of the nearest service file, at `path` or above, up to `top`."""
    folder = os.path.normpath(path)
    while True:
        for name in _NAMES:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    return folder, file.read(_ENOUGH)
            except OSError:
                continue
        above = os.path.dirname(folder)
        if folder in (top, above):
            return None
        folder = above
