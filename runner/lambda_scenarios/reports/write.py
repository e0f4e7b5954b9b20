"""The one place that writes report files: from a spool to all that were asked for."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from lambda_scenarios.errors import ReportNotWritten
from lambda_scenarios.reports.targets import NAMES, STDOUT, GitHub, Targets

# Ends the name of a report that is being written.
_FRESH = ".new"

if TYPE_CHECKING:
    from lambda_scenarios.model.record import RunEnd
    from lambda_scenarios.reports.history import History
    from lambda_scenarios.reports.spool import Spool


def preload(wanted: Targets) -> None:
    """Imports what the reports will need, at a moment when this process would wait."""
    from importlib import import_module

    for kind, _ in wanted.files:
        if kind not in NAMES:
            continue  # that of an extension is there already
        import_module(f"lambda_scenarios.reports.{'json_report' if kind == 'json' else kind}")


def write(spool: Spool, end: RunEnd, wanted: Targets) -> tuple[tuple[str, str], ...]:
    """Writes every report; returns those that are files. One that fails doesn't lose the others.

    Raises ReportNotWritten, naming all that failed, after the rest were written.
    """
    written: list[tuple[str, str]] = []
    problems: list[str] = []
    for kind, path in wanted.files:
        try:
            if path == STDOUT:
                for chunk in _chunks(kind, spool, end, wanted):
                    sys.stdout.write(chunk)
                sys.stdout.flush()
            elif os.path.exists(path) and not os.path.isfile(path):
                # A device, a FIFO, `>(…)` of a shell: there is nothing to replace.
                with open(path, "w", encoding="utf-8", newline="") as file:
                    file.writelines(_chunks(kind, spool, end, wanted))
            else:
                replace(path, _chunks(kind, spool, end, wanted))
                written.append((kind, path))
        except BrokenPipeError:
            raise
        except ReportFailed as error:
            problems.append(f"the {kind} report was not written: {error}")
        except OSError as error:
            problems.append(f"the {kind} report was not written: {path}: {error.strerror}")
    problems += _beside(spool, end, wanted)
    if problems:
        raise ReportNotWritten("\n".join(problems), tuple(written))
    return tuple(written)


def _beside(spool: Spool, end: RunEnd, wanted: Targets) -> Iterator[str]:
    """Writes what is no report of its own; gives what could not be written."""
    if wanted.history is not None:
        try:
            _keep(spool, end, wanted.history)
        except OSError as error:
            yield f"the history was not written: {wanted.history}: {error.strerror}"
    if wanted.github is not None and wanted.github.summary:
        try:
            _append_summary(spool, end, wanted.github)
        except OSError as error:
            yield f"the job summary was not written: {wanted.github.summary}: {error.strerror}"


def _past(spool: Spool, wanted: Targets) -> History | None:
    if wanted.history is None:
        return None
    from lambda_scenarios.reports import history

    return history.read(wanted.history, spool.info)


def _keep(spool: Spool, end: RunEnd, directory: str) -> None:
    """Leaves this run's results for later ones."""
    from lambda_scenarios.reports import history

    index, report = history.paths(directory, history.name_of(spool.info))
    replace(report, _chunks("json", spool, end, Targets(directory, ())))
    # Last: whoever finds it finds the report too.
    replace(index, history.index(spool.info, spool.texts))
    history.prune(directory)


def _append_summary(spool: Spool, end: RunEnd, wanted: GitHub) -> None:
    """Adds to what other commands of the same step have written there."""
    from lambda_scenarios.reports import github

    with open(wanted.summary, "a", encoding="utf-8", newline="") as file:
        room = github.SUMMARY_BYTES - file.tell()
        records = spool.records("failed", "error", "flaky", "not run")
        file.writelines(github.summary(spool.info, spool.counts(), records, end, room))


def _chunks(kind: str, spool: Spool, end: RunEnd, wanted: Targets) -> Iterator[str]:
    texts: Callable[[], Iterable[str]] = spool.texts
    if kind == "junit":
        from lambda_scenarios.reports import junit

        return junit.render(spool.info, texts, end, wanted.flavor)
    if kind == "html":
        from lambda_scenarios.reports import html

        return html.render(spool.info, spool.environments, texts, end, _past(spool, wanted), spool.coverage)
    if kind == "ctrf":
        from lambda_scenarios.reports import ctrf

        return ctrf.render(spool.info, spool.counts(), texts, end)
    if kind == "tap":
        from lambda_scenarios.reports import tap

        return tap.render(spool.info, spool.counts(), texts, end)
    if kind not in NAMES:
        return _of_extension(kind, spool, end)
    from lambda_scenarios.reports import json_report

    return json_report.render(
        spool.info, spool.counts(), spool.environments, spool.texts(), end, spool.coverage
    )


class ReportFailed(Exception):
    """A reporter of an extension could not make its report."""


def _of_extension(name: str, spool: Spool, end: RunEnd) -> Iterator[str]:
    from lambda_scenarios.extending.entry_points import UnusableExtension
    from lambda_scenarios.extending.reporters import chunks

    try:
        yield from chunks(name, tuple(NAMES), spool, end)
    except UnusableExtension as unusable:
        raise ReportFailed(unusable.problem) from None


def _clear(path: str) -> None:
    """Takes away what runs that were killed had written of a file."""
    from lambda_scenarios.reports.spool import abandoned

    directory, name = os.path.split(path)
    try:
        names = os.listdir(directory)
    except OSError:  # one that may only be written to
        return
    for other in names:
        if not other.startswith(f"{name}.") or not other.endswith(_FRESH):
            continue
        pid = other[len(name) + 1 : -len(_FRESH)]
        # One that lives may just be about to lock it; one that doesn't may live in another container.
        if pid.isdecimal() and not _lives(int(pid)) and abandoned(os.path.join(directory, other)):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(directory, other))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


def replace(path: str, chunks: Iterator[str]) -> None:
    """Writes beside the file and renames: whoever reads meanwhile sees a whole report, old or new."""
    path = os.path.realpath(path)  # a link stays, and leads to the new report
    os.makedirs(os.path.dirname(path), exist_ok=True)
    _clear(path)
    fresh = f"{path}.{os.getpid()}{_FRESH}"
    try:
        with open(fresh, "w", encoding="utf-8", newline="") as file:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for chunk in chunks:
                file.write(chunk)
        os.replace(fresh, path)
    except BaseException:
        if os.path.exists(fresh):
            os.unlink(fresh)
        raise
