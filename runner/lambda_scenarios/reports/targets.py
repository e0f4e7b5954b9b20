"""Where reports go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError

Kind = Literal["junit", "html", "json", "ctrf", "tap"]
# Under which name each is written by itself; "": only where it is asked for.
NAMES: dict[Kind, str] = {
    "junit": "junit.xml",
    "html": "report.html",
    "json": "report.json",
    "ctrf": "",
    "tap": "",
}
COVERAGE = ("coverage.lcov", "coverage.xml")
STDOUT = "-"


class GitHub(NamedTuple):
    """What GitHub Actions is told: `summary` is the file of the job summary ("": none), `workspace` the
    repository's root ("": not known). Files of scenarios are named from `root`, those of expectations from
    `cwd`."""

    summary: str
    workspace: str
    root: str
    cwd: str


class Targets(NamedTuple):
    """Where reports go: `directory` is absolute, `files` are kinds of report (those of NAMES, and reporters
    of extensions) with absolute paths or `-`. With `--no-reports`, only those that were named, and
    `temporary`: the spool lies in `directory`, and nothing of it may stay."""

    directory: str
    files: tuple[tuple[str, str], ...]
    flavor: Literal["default", "strict"] = "default"
    temporary: bool = False
    github: GitHub | None = None
    history: str | None = None  # a directory, absolute


def targets(
    cwd: str,
    directory: str,
    given: dict[Kind, str | None],
    flavor: Literal["default", "strict"],
    *,
    none: bool,
    more: Sequence[tuple[str, str]] = (),
) -> Targets:
    """The default names in `directory`, but where another path was given; `more` are those of extensions, by
    reporter.

    Raises UsageError where two would go to one place.
    """
    folder = os.path.join(cwd, directory)
    files: list[tuple[str, str]] = []
    for kind, name in NAMES.items():
        path = given.get(kind)
        if path is not None:
            files.append((kind, path if path == STDOUT else os.path.join(cwd, path)))
        elif name and not none:
            files.append((kind, os.path.join(folder, name)))
    files += [(name, path if path == STDOUT else os.path.join(cwd, path)) for name, path in more]
    places = [path if path == STDOUT else os.path.realpath(path) for _, path in files]
    for n, (name, path) in enumerate(files):
        if places[n] in places[:n] and (path == STDOUT or not os.path.exists(path) or os.path.isfile(path)):
            other = files[places.index(places[n])][0]
            raise UsageError(Diagnostic(f"the {other} and the {name} report would both go to {path}"))
    if none:
        # The report directory may not even be writable.
        folder = os.path.abspath(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108  # for a file without a name
    return Targets(folder, tuple(files), flavor, temporary=none)
