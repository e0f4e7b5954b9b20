"""`functions`: the functions of a service, as far as each can be resolved."""

from __future__ import annotations

import argparse
import json

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.options import add_one_service, one_service
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.cli.settings import add_preset, configure
from lambda_scenarios.model.function import FunctionSummary
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.services.catalog import Catalog


def _configure(parser: Parser) -> None:
    add_one_service(parser)
    add_preset(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable")


def _execute(options: argparse.Namespace, world: World) -> int:
    configure(options, world)
    path, service_options = one_service(options, world)
    with Catalog(world.environ, world.cwd) as catalog:
        service = catalog.open(path, service_options)
        keys = service.keys()
        summaries = [service.summary(key) for key in keys]
    if options.json:
        print(json.dumps([_entry(summary) for summary in summaries], indent=2, ensure_ascii=False))
        return statuses.DONE
    rows = [_row(summary) for summary in summaries]
    widths = [max((len(row[n]) for row in rows), default=0) for n in range(6)]
    for summary, row in zip(summaries, rows, strict=True):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for missing in summary.unresolved:
            print(f"{' ' * widths[0]}  {missing.path}: {missing.reason}")
    return statuses.DONE


def _row(summary: FunctionSummary) -> tuple[str, str, str, str, str, str]:
    return (
        summary.key,
        summary.runtime or ("container image" if summary.handler is None else "?"),
        summary.handler or "",
        "" if summary.timeout is None else f"{summary.timeout:g} s",
        "" if summary.memory is None else f"{summary.memory} MB",
        "arm64" if summary.architecture == "arm64" else "",
    )


def _entry(summary: FunctionSummary) -> dict[str, object]:
    timeout = summary.timeout
    return {
        **summary._asdict(),
        "timeout": int(timeout) if timeout is not None and timeout.is_integer() else timeout,
        "environment": dict(summary.environment),
        "layers": list(summary.layers),
        "unresolved": [missing._asdict() for missing in summary.unresolved],
    }


COMMAND = Command(_configure, _execute)
