"""`merge`: one set of reports out of those of shards and cells."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.cli.report_options import add_targets, targets_of
from lambda_scenarios.cli.settings import add_preset, configure
from lambda_scenarios.errors import Diagnostic, ReportNotWritten, UsageError
from lambda_scenarios.execution.loop import raise_interrupts
from lambda_scenarios.model.record import RunInfo
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports import merging, report_file, spool, write
from lambda_scenarios.runtimes.runtime import World

if TYPE_CHECKING:
    from lambda_scenarios.coverage.covered import Covered


def _configure(parser: Parser) -> None:
    parser.add_argument("reports", nargs="+", metavar="REPORT.json", help="report.json of each shard or cell")
    parser.add_argument(
        "--reruns",
        action="store_true",
        help="a scenario may stand in several: a pass after a failure is flaky",
    )
    add_targets(parser)
    add_preset(parser)


def _execute(options: argparse.Namespace, world: World) -> int:
    configure(options, world)
    targets = targets_of(options, world)
    raise_interrupts()  # a report half written is taken away
    reports = _read(options.reports, world.cwd)
    covered = _covered(reports, world)
    writers: list[spool.SpoolWriter] = []

    def begin(info: RunInfo) -> spool.SpoolWriter:
        writers.append(spool.SpoolWriter(targets.directory, info, nameless=targets.temporary))
        return writers[0]

    try:
        gaps = merging.merge(
            reports,
            reruns=options.reruns,
            command=("lambda-scenarios", *sys.argv[1:]),
            spool=begin,
            coverage=None if covered is None else covered.record(),
        )
        read = spool.read(writers[0].source)
        written = write.write(read, read.end, targets)
        if covered is not None and targets.files:
            written += (("coverage", _write_coverage(covered, targets.directory)),)
    finally:
        for writer in writers:
            writer.remove()
    for gap in gaps:
        print(f"warning: {gap}", file=sys.stderr)
    counts = read.counts()
    told = " · ".join(f"{count} {status}" for status, count in counts.items()) or "no scenarios"
    paths = ", ".join(shown_path(path, world.cwd) for _, path in written)
    to_stdout = any(path == "-" for _, path in targets.files)
    print(f"{told}: {paths}" if paths else told, file=sys.stderr if to_stdout else sys.stdout)
    if covered is not None:
        print(covered.headline(), file=sys.stderr if to_stdout else sys.stdout)
    bad = any(counts.get(status, 0) for status in ("failed", "error", "not run"))
    return statuses.FAILED if bad or gaps else statuses.DONE


def _read(paths: Sequence[str], cwd: str) -> list[report_file.ReportFile]:
    """The reports. Raises UsageError, also where one is named twice."""
    reports: dict[str, report_file.ReportFile] = {}
    for path in paths:
        report = report_file.read(path, cwd)
        earlier = reports.setdefault(os.path.realpath(report.path), report)
        if earlier is not report:
            also = "" if earlier.shown == report.shown else f", as {earlier.shown} too"
            raise UsageError(Diagnostic(f"{report.shown} is named twice{also}: each report counts once"))
    return list(reports.values())


def _covered(reports: Sequence[report_file.ReportFile], world: World) -> Covered | None:
    """What ran in any of the reports' runs, where one has measured it."""
    if all(report.coverage is None for report in reports):
        return None
    from lambda_scenarios.coverage.shards import united
    from lambda_scenarios.scenarios.discover import project_root

    covered = united(reports, project_root(world.cwd))
    for problem in covered.problems:
        print(f"warning: {problem}", file=sys.stderr)
    return covered


def _write_coverage(covered: Covered, directory: str) -> str:
    """Returns the path of the tracefile. Raises ReportNotWritten."""
    try:
        return covered.write(directory)
    except OSError as error:
        raise ReportNotWritten(f"the coverage was not written: {error.filename}: {error.strerror}") from None


COMMAND = Command(_configure, _execute)
