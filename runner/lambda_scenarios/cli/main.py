"""The program: picks the command, turns what went wrong into a message and an exit status."""

from __future__ import annotations

import gc
import os
import sys

from lambda_scenarios import __version__
from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import COMMANDS, load
from lambda_scenarios.cli.parser import Parser, UnknownOption
from lambda_scenarios.errors import (
    Diagnostic,
    Interrupted,
    NothingSelected,
    ReportNotWritten,
    UsageError,
    did_you_mean,
)
from lambda_scenarios.runtimes.runtime import World


def console_script() -> None:
    """The entry point: exits with the status of the command."""
    status = main(sys.argv[1:], World(os.environ, os.getcwd()))
    sys.stdout.flush()
    sys.stderr.flush()
    # Nothing that matters is left to the interpreter, whose own end takes ten milliseconds.
    os._exit(status)


def main(arguments: list[str], world: World) -> int:
    """One command, from its arguments to its exit status."""
    try:
        return _command(arguments, world)
    except UsageError as error:
        return _mistakes(error, world)
    except NothingSelected as error:
        print(f"error: {error}", file=sys.stderr)
        return statuses.NOTHING_SELECTED
    except ReportNotWritten as error:
        print(f"error: {error}", file=sys.stderr)
        return statuses.OWN_FAILURE
    except Interrupted as error:
        print(f"interrupted: {error}", file=sys.stderr)
        return statuses.INTERRUPTED
    except KeyboardInterrupt:
        print("interrupted; nothing was run", file=sys.stderr)
        return statuses.INTERRUPTED
    except BrokenPipeError:
        # `lambda-scenarios list | head`: the reader has had enough. Flushing at exit must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return statuses.OWN_FAILURE
    except Exception as error:  # noqa: BLE001  # a defect of this program must not look like one of the user's
        return _defect(error, world)


def _command(arguments: list[str], world: World) -> int:
    # The objects of a short-lived process are few and long-lived: the collector would only walk them.
    gc.disable()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return statuses.DONE if arguments else statuses.UNUSABLE
    name = arguments[0]
    if name in ("-V", "--version"):
        name = "version"
    if name not in COMMANDS:
        close = did_you_mean(name, list(COMMANDS))
        notes = (f"did you mean `{close}`?",) if close else (f"there are: {', '.join(COMMANDS)}",)
        raise UsageError(Diagnostic(f"unknown command `{name}`", None, "", notes))
    command = load(name)
    parser = Parser(prog=f"lambda-scenarios {name}", description=COMMANDS[name])
    command.configure(parser)
    try:
        options = parser.parse_args(arguments[1:])
    except UnknownOption as error:
        raise UsageError(error.diagnostic) from None
    return command.execute(options, world)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"lambda-scenarios {__version__}: test AWS Lambda functions with scenarios written in YAML", ""]
    lines += ["usage: lambda-scenarios COMMAND [options]", "", "commands:"]
    lines += [f"  {name.ljust(width)}  {text}" for name, text in COMMANDS.items()]
    lines += ["", "lambda-scenarios COMMAND --help shows the options of a command."]
    return "\n".join(lines)


def _mistakes(error: UsageError, world: World) -> int:
    from lambda_scenarios.diagnostics import closing, render
    from lambda_scenarios.reports.style import style

    colour = style(world.environ, sys.stderr.isatty()).colour
    print(render(error.diagnostics, world.cwd, colour), file=sys.stderr)
    print(closing(error.diagnostics), file=sys.stderr)
    return statuses.UNUSABLE


def _defect(error: Exception, world: World) -> int:
    if world.environ.get("LAMBDA_SCENARIOS_TRACEBACK"):
        raise error
    print(
        f"error: lambda-scenarios itself failed: {type(error).__name__}: {error}\n"
        "   = this is a defect of the program, not of your scenarios\n"
        "   = LAMBDA_SCENARIOS_TRACEBACK=1 shows where",
        file=sys.stderr,
    )
    return statuses.OWN_FAILURE
