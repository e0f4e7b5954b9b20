"""`run`: the main job."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.backend_options import (
    add_aws,
    add_backend,
    add_debug,
    debug_of,
    docker_of,
    is_debugged,
    qualifier_of,
)
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.options import (
    DEFAULT_PATH,
    add_attempts,
    add_clock,
    add_credentials,
    add_selection,
    add_service,
    add_skip_package,
    add_strict,
    credentials_of,
    overrides_of,
    settings_of,
    suite_of,
)
from lambda_scenarios.cli.parser import Parser, count, jobs, pairs, positive, terminal_width
from lambda_scenarios.cli.report_options import add_reports, targets_of
from lambda_scenarios.cli.settings import add_preset, configure, described
from lambda_scenarios.cli.telling import tell
from lambda_scenarios.configuration.find import find
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.reports import targets
from lambda_scenarios.runtimes.early_start import begin
from lambda_scenarios.runtimes.runtime import World

if TYPE_CHECKING:
    from lambda_scenarios.backends.early import Early
    from lambda_scenarios.pipeline import RunResult
    from lambda_scenarios.reports.console import Console
    from lambda_scenarios.request import RunRequest
    from lambda_scenarios.scenarios.draft import Snapshots
    from lambda_scenarios.watching.turn import Turn


def _configure(parser: Parser) -> None:
    add_selection(parser)
    group = parser.add_argument_group("run")
    add_backend(group, parser)
    add_aws(group)
    group.add_argument(
        "--missing-runtime",
        choices=("error", "skip"),
        default="error",
        help="what becomes of scenarios whose runtime isn't on this machine",
    )
    group.add_argument("-j", "--jobs", type=jobs, default=0, metavar="N|auto", help="workers busy at once")
    group.add_argument("--isolation", choices=("warm", "cold"), help="whether scenarios share warm workers")
    add_attempts(group)
    group.add_argument("--timeout", type=positive, metavar="S", help="seconds, for every invocation")
    group.add_argument("--max-time", type=positive, metavar="S", help="seconds, for the whole run")
    add_debug(group, parser)
    group.add_argument("-x", dest="first", action="store_true", help="stop at the first failure")
    group.add_argument("--max-failures", type=count, metavar="N", help="stop after N failures")
    group.add_argument("--order", choices=("defined", "random"), default="defined")
    add_clock(group)
    group.add_argument(
        "--update-snapshots",
        action="store_true",
        help="store what the functions return now, and remove snapshots that belong to no scenario",
    )
    add_service(parser)
    group = parser.add_argument_group("environment")
    group.add_argument(
        "--inherit-env", action="store_true", help="functions see all of the shell's variables"
    )
    add_credentials(group, "none")
    add_skip_package(group)
    add_strict(group)
    group = parser.add_argument_group("report")
    add_reports(group)
    group.add_argument(
        "--coverage", action="store_true", help="which lines of Python and Node.js functions ran"
    )
    group.add_argument("-v", dest="verbose", action="store_true", help="every scenario, logs, slowest ten")
    group.add_argument("-q", dest="quiet", action="store_true", help="failures and the summary only")
    add_preset(parser)
    parser.add_argument(
        "--watch", action="store_true", help="run again what a change touches, until ^C; Enter: all"
    )


# Settings that change which interpreter is needed first: where one is there, it waits until the file is read.
_OF_THE_FIRST_START = (b"paths", b"backend", b"inherit_env", b"debug", b"coverage")


def _execute(options: argparse.Namespace, world: World) -> int:
    if not options.watch:
        return _once(options, world)
    from lambda_scenarios.watching.watch import watch

    return watch(world, terminal_width(world.environ), lambda turn: _once(options, world, turn))


def _once(options: argparse.Namespace, world: World, turn: Turn | None = None) -> int:
    found = find(world.cwd)
    decided = found.mentions(*_OF_THE_FIRST_START)
    if decided:
        configure(options, world, found)
    early = _begin(options, world)
    try:
        if not decided:
            configure(options, world, found)
        return _run(options, world, early, turn)
    finally:
        if early is not None:
            early.discard()


def _begin(options: argparse.Namespace, world: World) -> Early | None:
    backend = options.backend
    if backend is None and getattr(options, "configuration", None) is not None:
        backend = options.configuration.settings.keys.get("backend")
    if backend == "aws" or is_debugged(options) or options.coverage:
        return None
    return begin(options.paths or (DEFAULT_PATH,), world, inherit=options.inherit_env)


def _run(options: argparse.Namespace, world: World, early: Early | None, turn: Turn | None) -> int:
    from lambda_scenarios.pipeline import run

    request = request_of(options, world)
    if turn is not None:
        _check_watch(options, request)
        request = turn.request(request)
    if options.verbose:
        for line in described(options, world.cwd):
            print(line, file=sys.stderr)
    # A report on the standard output leaves it to the report.
    to_stdout = any(path == targets.STDOUT for _, path in request.reports.files)
    stream = sys.stderr if to_stdout else sys.stdout

    def console() -> Console:
        # Imported where it is first used: while the first worker starts.
        from lambda_scenarios.reports.console import Console
        from lambda_scenarios.reports.style import style

        look = style(world.environ, stream.isatty(), stream.encoding)
        return Console(
            stream,
            colour=look.colour,
            live=look.live and request.debug is None,  # which is told of between its lines
            width=terminal_width(world.environ),
            verbosity=1 if options.verbose else -1 if options.quiet else 0,
            clock=time.monotonic,
            unicode=look.unicode,
            root=world.cwd,
        )

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    result = run(
        request, world, warn=lambda warnings: tell(warnings, world), console=console, say=say, early=early
    )
    return _status(result, fail_on_flaky=options.fail_on_flaky)


def _check_watch(options: argparse.Namespace, request: RunRequest) -> None:
    """Raises UsageError where the options ask for what a watch has no use for."""
    reasons = (
        (request.debug is not None, "--debug", "a debugger has one worker that waits"),
        (options.shard is not None, "--shard", "shards are parts of one whole run"),
        (options.coverage, "--coverage", "a run of some scenarios measures a part only"),
        (options.update_snapshots, "--update-snapshots", "whatever a change returned would be stored"),
        (
            any(path == targets.STDOUT for _, path in request.reports.files),
            "a report on the standard output",
            "each run has one of its own",
        ),
    )
    for asked, what, why in reasons:
        if asked:
            raise UsageError(Diagnostic(f"{what} and --watch contradict each other: {why}"))


def _snapshots(options: argparse.Namespace, world: World) -> Snapshots:
    if options.update_snapshots:
        return "update"
    return "require" if world.environ.get("CI", "").lower() not in ("", "0", "false") else "write"


def request_of(options: argparse.Namespace, world: World) -> RunRequest:
    """The run that the options ask for. Raises UsageError."""
    from lambda_scenarios.request import RunRequest

    qualifier = qualifier_of(options)
    debug = debug_of(options)
    if debug is not None and options.jobs > 1 and "jobs" in options.given:
        raise UsageError(
            Diagnostic(f"--debug and --jobs {options.jobs} contradict each other: one worker waits")
        )
    if debug is not None and options.coverage:
        raise UsageError(Diagnostic("--debug and --coverage contradict each other: both follow every line"))
    credentials, role = credentials_of(options)
    return RunRequest(
        suite=suite_of(
            options,
            world,
            settings_of(
                options,
                world,
                overrides_of(options, world)._replace(
                    timeout=options.timeout,
                    isolation=options.isolation,
                    credentials=credentials,
                    backend=options.backend,
                    skip_package=options.skip_package,
                    retries=options.retries,
                    repeat=options.repeat,
                ),
            )._replace(snapshots=_snapshots(options, world)),
        ),
        reports=targets_of(options, world),
        command=("lambda-scenarios", *sys.argv[1:]),
        jobs=options.jobs,
        missing_runtime_skips=options.missing_runtime == "skip",
        inherit_env=options.inherit_env,
        aws_profile=options.aws_profile,
        role=role,
        max_failures=1 if options.first else options.max_failures,
        max_time=options.max_time,
        fail_on_flaky=options.fail_on_flaky,
        shuffled=options.order == "random",
        labels=pairs("--label", options.label),
        mask=tuple(options.mask or ()),
        strict=options.strict,
        docker=docker_of(options, world),
        qualifier=qualifier,
        debug=debug,
        warm_check=options.warm_check,
        coverage=options.coverage,
    )


def _status(result: RunResult, *, fail_on_flaky: bool) -> int:
    if result.interrupted is not None and result.interrupted.startswith("SIG"):
        return statuses.INTERRUPTED
    bad = result.counts.get("failed", 0) + result.counts.get("error", 0)
    if fail_on_flaky:
        bad += result.counts.get("flaky", 0)
    # What was not reached for want of time has not passed.
    return statuses.FAILED if bad or result.counts.get("not run", 0) else statuses.DONE


COMMAND = Command(_configure, _execute)
