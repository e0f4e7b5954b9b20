"""`invoke`: one invocation, with the options of `serverless invoke local`."""

from __future__ import annotations

import argparse
import sys
import time

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
    add_credentials,
    add_one_service,
    add_skip_package,
    add_strict,
    credentials_of,
    one_service,
)
from lambda_scenarios.cli.parser import Parser, pairs, positive
from lambda_scenarios.cli.settings import add_preset, configure
from lambda_scenarios.cli.telling import tell
from lambda_scenarios.errors import Diagnostic, MissingPart, UsageError
from lambda_scenarios.model.outcome import BackendFailed, Returned
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.runtimes.early_start import begin
from lambda_scenarios.runtimes.runtime import World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_scenarios.backends.early import Early
    from lambda_scenarios.invoke.pipeline import Invoked, InvokeRequest
    from lambda_scenarios.model.scenario import BackendName, Credentials


def _configure(parser: Parser) -> None:
    parser.epilog = (
        "The result goes to stdout as JSON; what the function prints, and Lambda's REPORT line, to stderr.\n"
        "Exit status: 0 the function returned, 1 it ended in an error, 2 the input can't be used."
    )
    add_invocation(parser, "inherit")


def add_invocation(parser: Parser, credentials: Credentials) -> None:
    """The options of one invocation: `invoked` reads them. `credentials` is whose keys are the default."""
    parser.verbatim |= {"-d": "--data", "--data": "--data", "-c": "--context", "--context": "--context"}
    parser.add_argument("-f", "--function", required=True, metavar="NAME", help="of the service")
    group = parser.add_argument_group(
        "event", "Without --path and --data it is read from the standard input, unless that is a terminal."
    )
    group.add_argument(
        "-p",
        "--path",
        metavar="FILE",
        help="event: .json, .jsonc, .yml, .js, .mjs, .cjs or text; from the service's root; wins over --data",
    )
    group.add_argument("-d", "--data", metavar="STRING", help="event: JSON where it parses, else a string")
    group.add_argument("--raw", action="store_true", help="the event is a string, even where it is JSON")
    group = parser.add_argument_group("context")
    group.add_argument(
        "-x",
        "--contextPath",
        "--context-path",
        dest="context_path",
        metavar="FILE",
        help="a file with the context; from the service's root; wins over --context",
    )
    group.add_argument(
        "-c",
        "--context",
        metavar="STRING",
        help="a JSON object: merged over the mock context; anything else: in its place",
    )
    group = parser.add_argument_group("service")
    add_one_service(group)
    add_skip_package(group)
    add_strict(group)
    group = parser.add_argument_group("environment")
    group.add_argument(
        "-e", "--env", action="append", metavar="NAME=VALUE", help="environment variable; repeatable"
    )
    group.add_argument("--inherit-env", action="store_true", help="the function sees all of the shell's")
    add_credentials(group, credentials)
    group.add_argument(
        "--log-format", choices=("text", "json"), help="of the function's logger, as Lambda's setting"
    )
    group = parser.add_argument_group("run")
    add_backend(group, parser)
    add_aws(group)
    group.add_argument("--docker", action="store_true", help="in a container: --backend docker")
    group.add_argument("--timeout", type=positive, metavar="S", help="seconds, instead of the function's own")
    add_debug(group, parser)
    add_preset(group)


def _execute(options: argparse.Namespace, world: World) -> int:
    found = invoked(options, world)
    if found is None:
        return statuses.FAILED
    from lambda_scenarios.invoke.answer import answer

    print(answer(found.outcome, indented=sys.stdout.isatty()))
    return statuses.DONE if isinstance(found.outcome.ending, Returned) else statuses.FAILED


def invoked(
    options: argparse.Namespace,
    world: World,
    by_default: Credentials | None = None,
    check: Callable[[], object] = lambda: None,
) -> Invoked | None:
    """Invokes, and tells on stderr what the function prints and what Lambda says of it; None where it could
    not be run, which is told. `by_default` is whose credentials, where nothing says; `check` is called before
    anything is started.

    Raises UsageError and Interrupted.
    """
    configure(options, world)
    check()
    if options.credentials is None and options.assume_role is None:
        options.credentials = by_default
    if options.docker and "backend" not in options.given:
        options.backend = None
    where = options.service or "."
    early = None
    if options.backend != "aws" and not is_debugged(options):
        early = begin((where,), world, inherit=options.inherit_env)
    try:
        return _invoke(options, world, early)
    except MissingPart as missing:
        # Of a run, scenarios may be skipped; this is one invocation.
        notes = tuple(note for note in missing.notes if "--missing-runtime" not in note)
        problem = missing.problem.replace("scenario needs", f"{options.function} needs", 1)
        raise UsageError(Diagnostic(problem, notes=notes)) from None
    finally:
        if early is not None:
            early.discard()


def _invoke(options: argparse.Namespace, world: World, early: Early | None) -> Invoked | None:
    from lambda_scenarios.invoke.pipeline import Console, invoke

    last = b"\n"
    # AWS's clients join the lines of a stack trace by CR, which a terminal would write over each other.
    on_terminal = sys.stderr.isatty()

    def output(data: bytes) -> None:
        nonlocal last
        last = data[-1:]
        sys.stderr.buffer.write(data.replace(b"\r", b"\n") if on_terminal else data)
        sys.stderr.buffer.flush()

    console = Console(
        warn=lambda warnings: tell(warnings, world), output=output, standard_input=_standard_input
    )
    found = invoke(request_of(options, world), world, console, early)
    invocation, outcome = found.invocation, found.outcome
    if isinstance(outcome.ending, BackendFailed):
        print(f"error: {outcome.ending.problem}", file=sys.stderr)
        return None
    from lambda_scenarios.invoke.answer import report_line

    # The function's last line may lack its end: the REPORT line is one of its own all the same.
    print(
        "" if last == b"\n" else "\n", report_line(outcome, invocation), sep="", file=sys.stderr, flush=True
    )
    if not isinstance(outcome.ending, Returned):
        from lambda_scenarios.hints import hint

        told = hint(outcome, invocation.credentials)
        if told is None and invocation.backend in ("auto", "local"):
            from lambda_scenarios import missing_modules

            told = missing_modules.hint(
                outcome, invocation.function, lambda path: shown_path(path, world.cwd)
            )
        if told is not None:
            print("hint:", told, file=sys.stderr, flush=True)
    return found


def _standard_input() -> bytes:
    from lambda_scenarios.invoke.standard_input import read
    from lambda_scenarios.model.scenario import LARGEST_EVENT

    if sys.stdin.isatty():
        return b""
    return read(sys.stdin.fileno(), lambda text: print(text, file=sys.stderr, flush=True), LARGEST_EVENT)


def request_of(options: argparse.Namespace, world: World) -> InvokeRequest:
    """What the options ask for. Raises UsageError."""
    from lambda_scenarios.execution.prepare import Conditions
    from lambda_scenarios.invoke.event import Given
    from lambda_scenarios.invoke.pipeline import InvokeRequest

    qualifier = _qualifier(options)
    credentials, role = credentials_of(options)
    service, service_options = one_service(options, world)
    environment: tuple[tuple[str, str | None], ...] = (
        *((name, None) for name in options.unset_env),
        *pairs("--env", options.env),
    )
    if options.log_format is not None:
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
        name = {"text": "Text", "json": "JSON"}[options.log_format]
        environment = (("AWS_LAMBDA_LOG_FORMAT", name), *environment)
    if options.backend == "aws" and environment:
        if not options.ignore_env:
            from lambda_scenarios.scenarios.on_aws import refused_environment

            raise refused_environment(None)
        environment = ()
    return InvokeRequest(
        function=options.function,
        service=service,
        options=service_options._replace(
            skip_package=options.skip_package, deployed=options.backend == "aws"
        ),
        event=Given(options.path, options.data),
        context=Given(options.context_path, options.context),
        conditions=Conditions(
            now=time.time(),
            inherit=options.inherit_env,
            profile=options.aws_profile,
            role=role,
            docker=docker_of(options, world),
            say=lambda line: print(line, file=sys.stderr, flush=True),
            qualifier=qualifier,
            debug=debug_of(options),
        ),
        raw=options.raw,
        environment=environment,
        timeout=options.timeout,
        credentials=credentials or "inherit",
        backend=_backend(options),
        strict=options.strict,
    )


def _qualifier(options: argparse.Namespace) -> str | None:
    found = qualifier_of(options)
    if found is not None and options.backend != "aws":
        problem = "--qualifier is about functions on AWS"
        raise UsageError(Diagnostic(problem, notes=("to invoke what is deployed: --backend aws",)))
    return found


def _backend(options: argparse.Namespace) -> BackendName:
    given: BackendName | None = options.backend
    if options.docker and given not in (None, "auto", "docker"):
        raise UsageError(Diagnostic(f"--docker and --backend {given} contradict each other"))
    return "docker" if options.docker else given or "auto"


COMMAND = Command(_configure, _execute)
