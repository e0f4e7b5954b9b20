"""`merge`: one set of reports out of those of shards and cells."""

from __future__ import annotations

import argparse
import os
import sys

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.cli.report_options import add_targets, targets_of
from lambda_scenarios.cli.settings import add_preset, configure
from lambda_scenarios.execution.loop import raise_interrupts
from lambda_scenarios.model.record import RunInfo
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports import merging, report_file, spool, write
from lambda_scenarios.runtimes.runtime import World


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
    reports = [report_file.read(path, world.cwd) for path in dict.fromkeys(options.reports)]
    writers: list[spool.SpoolWriter] = []

    def begin(info: RunInfo) -> spool.SpoolWriter:
        writers.append(spool.SpoolWriter(targets.directory, info))
        return writers[0]

    try:
        gaps = merging.merge(
            reports,
            reruns=options.reruns,
            command=("lambda-scenarios", *sys.argv[1:]),
            spool=begin,
        )
        read = spool.read(writers[0].path)
        written = write.write(read, read.end, targets)
    finally:
        for writer in writers:
            writer.remove()
            if targets.temporary:
                os.rmdir(targets.directory)
    for gap in gaps:
        print(f"warning: {gap}", file=sys.stderr)
    counts = read.counts()
    told = " · ".join(f"{count} {status}" for status, count in counts.items()) or "no scenarios"
    paths = ", ".join(shown_path(path, world.cwd) for _, path in written)
    to_stdout = any(path == "-" for _, path in targets.files)
    print(f"{told}: {paths}" if paths else told, file=sys.stderr if to_stdout else sys.stdout)
    bad = any(counts.get(status, 0) for status in ("failed", "error", "not run"))
    return statuses.FAILED if bad or gaps else statuses.DONE


COMMAND = Command(_configure, _execute)
