"""Code that was unpacked into the cache is told by its archive: nobody knows its place there."""

from __future__ import annotations

import os

from lambda_scenarios.caching import cache_directory
from lambda_scenarios.model.function import Function
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.runtimes.runtime import World


def archive_of(function: Function, world: World) -> str | None:
    """The archive that the code of a function is from, as it is shown; None where it is from none."""
    if not function.code.startswith(os.path.join(cache_directory(world.environ, "code"), "")):
        return None
    package = function.package
    return "the archive of its code" if package is None else shown_path(package.archive, world.cwd)


def shown_file(path: str, function: Function, world: World) -> str:
    """A file of the code as it is shown: `bootstrap of target/app.zip`, or its path."""
    archive = archive_of(function, world)
    if archive is None or not path.startswith(os.path.join(function.code, "")):
        return shown_path(path, world.cwd)
    return f"{os.path.relpath(path, function.code)} of {archive}"
