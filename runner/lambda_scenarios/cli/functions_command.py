"""`functions`: the functions of a service, as far as each can be resolved."""

from __future__ import annotations

import argparse
import json
import os

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.options import add_aws_profile
from lambda_scenarios.cli.parser import Parser, pairs
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.function import FunctionSummary
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.scenarios.discover import project_root
from lambda_scenarios.services.catalog import Catalog, ServiceOptions, find_service_file


def _configure(parser: Parser) -> None:
    parser.add_argument("--service", metavar="PATH", help="service file or directory (default: the nearest)")
    parser.add_argument("-s", "--stage")
    parser.add_argument("-r", "--region")
    parser.add_argument("--param", action="append", metavar="K=V", help="${param:K} of the service")
    add_aws_profile(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable")


def _execute(options: argparse.Namespace, world: World) -> int:
    if options.service is not None:
        path = os.path.join(world.cwd, options.service)
    else:
        found = find_service_file(world.cwd, project_root(world.cwd))
        if found is None:
            raise UsageError(
                Diagnostic("there is no service file here or above", None, "", ("name one: --service PATH",))
            )
        path = found
    chosen = ServiceOptions(
        stage=options.stage,
        region=options.region,
        params=pairs("--param", options.param),
        aws_profile=options.aws_profile,
    )
    with Catalog(world.environ, world.cwd) as catalog:
        service = catalog.open(path, chosen)
        keys = service.keys()
        summaries = [service.summary(key) for key in keys]
    if options.json:
        print(json.dumps([_entry(summary) for summary in summaries], indent=2, ensure_ascii=False))
        return statuses.DONE
    rows = [_row(summary) for summary in summaries]
    widths = [max((len(row[n]) for row in rows), default=0) for n in range(5)]
    for summary, row in zip(summaries, rows, strict=True):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for missing in summary.unresolved:
            print(f"{' ' * widths[0]}  {missing.path}: {missing.reason}")
    return statuses.DONE


def _row(summary: FunctionSummary) -> tuple[str, str, str, str, str]:
    return (
        summary.key,
        summary.runtime or ("container image" if summary.handler is None else "?"),
        summary.handler or "",
        "" if summary.timeout is None else f"{summary.timeout:g} s",
        "" if summary.memory is None else f"{summary.memory} MB",
    )


def _entry(summary: FunctionSummary) -> dict[str, object]:
    return {
        **summary._asdict(),
        "environment": dict(summary.environment),
        "layers": list(summary.layers),
        "unresolved": [missing._asdict() for missing in summary.unresolved],
    }


COMMAND = Command(_configure, _execute)
