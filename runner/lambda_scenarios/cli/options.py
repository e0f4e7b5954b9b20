"""The groups of options that several commands share.

What they become is imported where it is made: `run` starts an interpreter before that.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

from lambda_scenarios.cli.parser import Parser, pairs
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.runtimes.runtime import World

if TYPE_CHECKING:
    from lambda_scenarios.pipeline import Suite
    from lambda_scenarios.scenarios.draft import Overrides, RunSettings

DEFAULT_PATH = "scenarios"


def add_selection(parser: Parser) -> None:
    group = parser.add_argument_group("select")
    group.add_argument(
        "paths", nargs="*", metavar="PATH[::NAME]", help="scenario files or directories (default: scenarios/)"
    )
    group.add_argument("-k", dest="keyword", metavar="EXPR", help="and, or, not over substrings of the id")
    group.add_argument("--tag", metavar="EXPR", help="and, or, not over tags")
    group.add_argument("--function", action="append", metavar="NAME", help="only scenarios of this function")


def add_service(parser: Parser) -> None:
    group = parser.add_argument_group("service")
    group.add_argument(
        "--service", metavar="PATH", help="service file or directory, instead of the scenarios' own"
    )
    group.add_argument("-s", "--stage", help="stage of the service")
    group.add_argument("-r", "--region", help="AWS region")
    group.add_argument("--param", action="append", metavar="K=V", help="${param:K} of the service")
    add_aws_profile(group)
    group.add_argument("--var", action="append", metavar="K=V", help="template variable vars.K")
    group.add_argument(
        "-e", "--env", action="append", metavar="K=V", help="environment variable of all functions"
    )


def add_aws_profile(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--aws-profile", metavar="NAME", help="whose credentials AWS is asked with for values of the service"
    )


def add_clock(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--seed", help="of random values and random order (default: a new one, in every report)"
    )
    parser.add_argument("--now", metavar="TIME", help="the time that templates see: 2026-01-31T12:00:00Z")


def add_strict(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--strict", action="store_true", help="warnings about services are errors")


def overrides_of(options: argparse.Namespace, world: World) -> Overrides:
    """What the command line says over every file."""
    from lambda_scenarios.scenarios.draft import Overrides

    service: str | None = options.service
    if service is not None:
        service = os.path.join(world.cwd, service)
        if not os.path.exists(service):
            raise UsageError(Diagnostic(f"--service {options.service}: there is no such file or directory"))
    return Overrides(
        stage=options.stage,
        region=options.region,
        params=pairs("--param", options.param),
        service=service,
        env=pairs("--env", options.env),
        vars=pairs("--var", options.var),
        aws_profile=options.aws_profile,
    )


def settings_of(options: argparse.Namespace, world: World, overrides: Overrides) -> RunSettings:
    """The world that scenarios are rendered in."""
    from lambda_scenarios.scenarios.draft import RunSettings

    seed: str = options.seed if options.seed is not None else os.urandom(4).hex()
    return RunSettings(world.environ, _instant(options.now), seed, overrides)


def suite_of(options: argparse.Namespace, settings: RunSettings) -> Suite:
    """What to read, and which of it."""
    from lambda_scenarios.pipeline import Suite
    from lambda_scenarios.scenarios.select import Selection

    selection = Selection(options.keyword, options.tag, tuple(options.function or ()))
    return Suite(tuple(options.paths) or (DEFAULT_PATH,), selection, settings)


def _instant(text: str | None) -> float:
    """Seconds since the epoch, of an ISO 8601 time (UTC where it names no zone); now without one."""
    if text is None:
        return time.time()
    from datetime import datetime, timezone

    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise UsageError(Diagnostic(f"--now takes a time as 2026-01-31T12:00:00Z, not `{text}`")) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone.utc)
    return found.timestamp()
