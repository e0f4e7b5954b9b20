"""The groups of options that several commands share.

What they become is imported where it is made: `run` starts an interpreter before that.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

from lambda_scenarios.cli.parser import Parser, count, pairs, shard, whole
from lambda_scenarios.cli.settings import configure
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.runtimes.runtime import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lambda_scenarios.model.scenario import Credentials
    from lambda_scenarios.model.values import Json
    from lambda_scenarios.request import Suite
    from lambda_scenarios.scenarios.draft import Overrides, RunSettings
    from lambda_scenarios.services.service import ServiceOptions

DEFAULT_PATH = "scenarios"


def add_selection(parser: Parser) -> None:
    group = parser.add_argument_group("select")
    group.add_argument(
        "paths", nargs="*", metavar="PATH[::NAME]", help="scenario files or directories (default: scenarios/)"
    )
    group.add_argument("-k", dest="keyword", metavar="EXPR", help="and, or, not over substrings of the id")
    group.add_argument("--tag", metavar="EXPR", help="and, or, not over tags")
    group.add_argument("--function", action="append", metavar="NAME", help="only scenarios of this function")
    group.add_argument("--last-failed", action="store_true", help="only those that failed when they ran last")
    group.add_argument(
        "--changed-since", metavar="REV", help="only those whose function or scenario changed since (git)"
    )
    group.add_argument("--shard", type=shard, metavar="I/N", help="only the part I of N")
    group.add_argument(
        "--timings",
        action="append",
        metavar="FILE",
        help="report.json of an earlier run, to balance shards by",
    )


def add_service(parser: Parser) -> None:
    group = parser.add_argument_group("service")
    group.add_argument(
        "--service", metavar="PATH", help="service file or directory, instead of the scenarios' own"
    )
    _add_facts(group)
    group.add_argument("--var", action="append", metavar="K=V", help="template variable vars.K")
    group.add_argument(
        "-e", "--env", action="append", metavar="K=V", help="environment variable of all functions"
    )


def add_one_service(parser: argparse._ActionsContainer) -> None:
    """For commands about one service: `one_service` reads them."""
    parser.add_argument("--service", metavar="PATH", help="service file or directory (default: the nearest)")
    _add_facts(parser)


def _add_facts(parser: argparse._ActionsContainer) -> None:
    """What a service is read with."""
    parser.add_argument("-s", "--stage", help="stage of the service")
    parser.add_argument("-r", "--region", help="AWS region")
    parser.add_argument("--param", action="append", metavar="K=V", help="${param:K} of the service")
    add_aws_profile(parser)


def one_service(options: argparse.Namespace, world: World) -> tuple[str, ServiceOptions]:
    """The service that is meant (absolute), the nearest where none is named, and what is said of it.

    Raises UsageError where there is none.
    """
    from lambda_scenarios.services.catalog import ServiceOptions, find_service_file

    if "root" not in options:
        configure(options, world)

    path = None if options.service is None else os.path.join(world.cwd, options.service)
    if path is None:
        path = find_service_file(world.cwd, options.root)
    if path is None:
        problem = "there is no service file here or above"
        raise UsageError(Diagnostic(problem, notes=("name one: --service PATH",)))
    return path, ServiceOptions(
        stage=options.stage,
        region=options.region,
        params=pairs("--param", options.param),
        aws_profile=options.aws_profile,
    )


def add_aws_profile(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--aws-profile",
        metavar="NAME",
        help="whose credentials AWS is asked with for values of the service, and which functions inherit",
    )


def add_skip_package(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--skip-package",
        action="store_true",
        help="functions run from what was packaged last, in .serverless/ or by package.artifact",
    )


def add_credentials(parser: argparse._ActionsContainer, default: Credentials) -> None:
    """`credentials_of` reads them."""
    parser.add_argument(
        "--credentials",
        choices=("none", "inherit", "role"),
        help=f"AWS keys of the functions: made-up ones, yours, or their role's (default: {default})",
    )
    parser.add_argument(
        "--assume-role",
        nargs="?",
        const="",
        metavar="ARN",
        help="short-lived keys of the function's own role, or of this one",
    )


def credentials_of(options: argparse.Namespace) -> tuple[Credentials | None, str | None]:
    """Which credentials, None where no option says, and the ARN of the role to assume instead of the
    functions' own. Raises UsageError."""
    given: Credentials | None = options.credentials
    arn: str | None = options.assume_role
    if arn is None:
        return given, options.configured_role if given is None else None
    if given not in (None, "role"):
        raise UsageError(Diagnostic(f"--assume-role and --credentials {given} contradict each other"))
    if arn:
        from lambda_scenarios.aws.roles import is_role

        if not is_role(arn):
            raise UsageError(
                Diagnostic(
                    f"--assume-role takes the ARN of a role, not `{arn}`",
                    notes=(
                        "as in arn:aws:iam::123456789012:role/orders",
                        "without one, for each function's own role, it stands behind the paths",
                    ),
                )
            )
    return "role", arn or None


def add_attempts(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--retries", type=whole, metavar="N", help="further attempts after a failure, on fresh workers"
    )
    group.add_argument(
        "--repeat", type=count, metavar="N", help="invoke each scenario N times on the same worker"
    )
    group.add_argument(
        "--fail-on-flaky", action="store_true", help="status 1 also where a scenario passed only at a retry"
    )
    group.add_argument(
        "--warm-check",
        action="store_true",
        help="run each scenario on a fresh worker and on a warm one; a different result is a failure",
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

    if "root" not in options:
        configure(options, world)
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
        ignore_env=getattr(options, "ignore_env", False),
    )


def settings_of(options: argparse.Namespace, world: World, overrides: Overrides) -> RunSettings:
    """The world that scenarios are rendered in."""
    from lambda_scenarios.scenarios.draft import RunSettings

    seed: str = options.seed if options.seed is not None else os.urandom(4).hex()
    return RunSettings(world.environ, _instant(options.now), seed, overrides)


def paths_of(options: argparse.Namespace, world: World) -> tuple[str, ...]:
    """The paths that were given or configured, else `scenarios/`: where the command stands, or else at the
    root of the project."""
    if options.paths:
        return tuple(options.paths)
    of_root = os.path.join(options.root, DEFAULT_PATH)
    if not os.path.exists(os.path.join(world.cwd, DEFAULT_PATH)) and os.path.isdir(of_root):
        return (os.path.relpath(of_root, world.cwd),)
    return (DEFAULT_PATH,)


def suite_of(options: argparse.Namespace, world: World, settings: RunSettings) -> Suite:
    """What to read, and which of it."""
    from lambda_scenarios.request import Suite
    from lambda_scenarios.scenarios.select import Selection

    selection = Selection(
        options.keyword,
        options.tag,
        tuple(options.function or ()),
        options.last_failed,
        options.changed_since,
        options.shard,
        tuple(options.timings or ()),
    )
    paths = paths_of(options, world)
    results = () if options.changed_since is None else tuple(_results(options, world.cwd))
    return Suite(paths, selection, settings, options.root, options.configuration, results=results)


def _results(options: argparse.Namespace, cwd: str) -> Iterator[str]:
    """The files that runs write, by the command's options, by those of the configuration file where it has
    none: as absolute paths. Of a directory of histories, itself. Also those of --timings, which runs have
    written, and the file that this one's standard output goes to."""
    from lambda_scenarios.reports.targets import COVERAGE, NAMES

    known: Mapping[str, Json] = {} if options.configuration is None else options.configuration.settings.keys

    def place(name: str, default: str = "-") -> str | None:
        path = getattr(options, name, None)
        if not isinstance(path, str):  # `--json` of other commands has no value
            written = known.get(name)
            path = os.path.join(options.root, written) if isinstance(written, str) else default
        return None if path == "-" else os.path.realpath(os.path.join(cwd, path))

    directory = place("report_dir", "reports")
    if directory is not None:
        yield from (os.path.join(directory, name) for name in (*NAMES.values(), *COVERAGE) if name)
    yield from filter(None, (place(name) for name in ("history", *NAMES)))
    yield from (os.path.realpath(os.path.join(cwd, path)) for path in options.timings or ())
    yield from filter(os.path.isfile, (os.path.realpath("/proc/self/fd/1"),))


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
