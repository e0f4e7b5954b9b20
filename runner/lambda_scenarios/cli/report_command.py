"""`report DIR`: the reports of a run that was killed before it could write them."""

from __future__ import annotations

import argparse
import os

from lambda_scenarios import last_failed
from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.cli.settings import add_preset, configure
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.execution.loop import raise_interrupts
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports import record_reading, spool, targets, write
from lambda_scenarios.runtimes.runtime import World


def _configure(parser: Parser) -> None:
    parser.add_argument("report_dir", nargs="?", metavar="DIR", help="default: reports/")
    parser.add_argument("--junit-flavor", choices=("default", "strict"), default="default")
    add_preset(parser)


def _execute(options: argparse.Namespace, world: World) -> int:
    configure(options, world)
    given = options.report_dir or "reports"
    directory = os.path.join(world.cwd, given)
    found = spool.unfinished(directory)
    if not found:
        raise UsageError(
            Diagnostic(
                f"{given} holds nothing of an interrupted run",
                None,
                "",
                ("a run that came to its end has written its reports itself",),
            )
        )
    raise_interrupts()  # a report half written is taken away
    read = spool.read(found[0])
    wanted = targets.targets(world.cwd, given, {}, flavor=options.junit_flavor, none=False)
    _remember(read, options.root)
    written = write.write(read, read.end, wanted)
    counts = " · ".join(f"{count} {status}" for status, count in read.counts().items())
    print(f"{counts}: {', '.join(shown_path(path, world.cwd) for _, path in written)}")
    spool.remove_unfinished(directory)
    return statuses.DONE


def _remember(run: spool.Spool, root: str) -> None:
    """What the run would have kept for `--last-failed`, had it come to its end."""
    results = [record_reading.decode(text, payloads=False) for text in run.texts()]
    failed = [one.id for one in results if one.status in ("failed", "error")]
    last_failed.update(root, (one.id for one in results if one.status != "not run"), failed)


COMMAND = Command(_configure, _execute)
