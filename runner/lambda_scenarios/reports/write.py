"""The one place that writes report files: from a spool to all that were asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from lambda_scenarios.errors import ReportNotWritten
from lambda_scenarios.model.record import RunEnd
from lambda_scenarios.reports.spool import Spool

Kind = Literal["junit", "html", "json"]
NAMES: dict[Kind, str] = {"junit": "junit.xml", "html": "report.html", "json": "report.json"}
STDOUT = "-"


class Targets(NamedTuple):
    """Where reports go: `directory` is absolute, `files` are absolute paths or `-`; none with
    `--no-reports`, when only the spool passes through `directory`."""

    directory: str
    files: tuple[tuple[Kind, str], ...]
    flavor: Literal["default", "strict"] = "default"


def targets(
    cwd: str, directory: str, given: dict[Kind, str | None], flavor: Literal["default", "strict"], none: bool
) -> Targets:
    """The default names in `directory`, but where another path was given."""
    folder = os.path.join(cwd, directory)
    files: list[tuple[Kind, str]] = []
    for kind, name in NAMES.items():
        path = given.get(kind)
        if path is not None:
            files.append((kind, path if path == STDOUT else os.path.join(cwd, path)))
        elif not none:
            files.append((kind, os.path.join(folder, name)))
    return Targets(folder, tuple(files), flavor)


def write(spool: Spool, end: RunEnd, wanted: Targets) -> tuple[tuple[Kind, str], ...]:
    """Writes every report; returns those that are files. One that fails doesn't lose the others.

    Raises ReportNotWritten, naming all that failed, after the rest were written.
    """
    written: list[tuple[Kind, str]] = []
    problems: list[str] = []
    for kind, path in wanted.files:
        try:
            if path == STDOUT:
                for chunk in _chunks(kind, spool, end, wanted):
                    sys.stdout.write(chunk)
                sys.stdout.flush()
            else:
                _replace(path, _chunks(kind, spool, end, wanted))
                written.append((kind, path))
        except BrokenPipeError:
            raise
        except OSError as error:
            problems.append(f"the {kind} report was not written: {path}: {error.strerror}")
    if problems:
        raise ReportNotWritten("\n".join(problems))
    return tuple(written)


def _chunks(kind: Kind, spool: Spool, end: RunEnd, wanted: Targets) -> Iterator[str]:
    texts: Callable[[], Iterable[str]] = spool.texts
    if kind == "junit":
        from lambda_scenarios.reports import junit

        return junit.render(spool.info, texts, end, wanted.flavor)
    if kind == "html":
        from lambda_scenarios.reports import html

        return html.render(spool.info, spool.environments, texts, end)
    from lambda_scenarios.reports import json_report

    return json_report.render(spool.info, spool.counts(), spool.environments, spool.texts(), end)


def _replace(path: str, chunks: Iterator[str]) -> None:
    """Writes beside the file and renames: whoever reads meanwhile sees a whole report, old or new."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    fresh = f"{path}.{os.getpid()}.new"
    try:
        with open(fresh, "w", encoding="utf-8", newline="") as file:
            for chunk in chunks:
                file.write(chunk)
        os.replace(fresh, path)
    except BaseException:
        if os.path.exists(fresh):
            os.unlink(fresh)
        raise
