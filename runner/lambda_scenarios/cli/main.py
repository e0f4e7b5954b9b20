"""The program: picks the command, turns what went wrong into a message and an exit status."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from lambda_scenarios import __version__
from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import COMMANDS, NOT_YET, load
from lambda_scenarios.cli.parser import Parser, UnknownOption
from lambda_scenarios.cli.telling import tell
from lambda_scenarios.errors import (
    Diagnostic,
    Interrupted,
    NothingSelected,
    ReportNotWritten,
    UsageError,
    defect,
    did_you_mean,
)
from lambda_scenarios.runtimes.runtime import World

# All of them mean: stop, but leave things in order.
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Before anything runs there is nothing to put in order: an interpreter started ahead of time ends itself
    with its input. An exception instead could rise inside an import, where it is printed and lost."""
    os.write(2, b"interrupted; nothing was run\n")
    os._exit(statuses.INTERRUPTED)


def console_script() -> None:
    """The entry point: exits with the status of the command."""
    _open_standard_streams()
    for number in _ENDS:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup, or a job in the background of a script
            signal.signal(number, _interrupt)
    try:
        status = main(sys.argv[1:], World(os.environ, os.getcwd()))
    except FileNotFoundError:
        os.write(2, b"error: the working directory is gone\n")
        status = statuses.UNUSABLE
    # Everything is done; only a status is left to be told.
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)
    try:
        sys.stdout.flush()
    except OSError as error:
        status = _unwritten(error, status)
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    # Nothing that matters is left to the interpreter, whose own end takes ten milliseconds.
    os._exit(status)


def _open_standard_streams() -> None:
    """Where the caller closed one of them (`>&-`), a report or a socket would get its descriptor."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))


def main(arguments: list[str], world: World) -> int:
    """One command, from its arguments to its exit status."""
    try:
        return _command(arguments, world)
    except UsageError as error:
        with contextlib.suppress(OSError):  # nobody reads stderr: the status says it all the same
            _tell_mistakes(error, world, "nothing was run" if arguments[0] == "run" else "")
        return statuses.UNUSABLE
    except NothingSelected as error:
        return _say(f"error: {error}", statuses.NOTHING_SELECTED)
    except ReportNotWritten as error:
        return _say(f"error: {error}", statuses.OWN_FAILURE)
    except Interrupted as error:
        return _say(f"interrupted: {error}", statuses.INTERRUPTED)
    except KeyboardInterrupt:
        return _say("interrupted; nothing was run", statuses.INTERRUPTED)
    except BrokenPipeError as error:
        return _unwritten(error, statuses.DONE)
    except OSError as error:
        if error.errno == errno.ENOSPC and error.filename is None:
            return _unwritten(error, statuses.DONE)
        return _defect(error, world)
    except Exception as error:  # noqa: BLE001  # a defect of this program must not look like one of the user's
        return _defect(error, world)


def _tell_mistakes(error: UsageError, world: World, outcome: str) -> None:
    from lambda_scenarios.diagnostics import closing

    tell(error.diagnostics, world)
    print(closing(error.diagnostics, outcome), file=sys.stderr)


def _say(text: str, status: int) -> int:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)
    return status


def _unwritten(error: OSError, status: int) -> int:
    """The standard output takes no more. `| head` has had enough, which is no news; a full disk is."""
    # What is buffered must not be tried again at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if not isinstance(error, BrokenPipeError):
        _say(f"error: the standard output can't be written: {error.strerror}", status)
    return status if status == statuses.FAILED else statuses.OWN_FAILURE


def _command(arguments: list[str], world: World) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return statuses.DONE if arguments else statuses.UNUSABLE
    name = arguments[0]
    if name in ("-V", "--version"):
        name = "version"
    if name in NOT_YET:
        raise UsageError(Diagnostic(f"the command `{name}` isn't there yet"))
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
    try:
        return command.execute(options, world)
    except (UsageError, NothingSelected) as error:
        if not getattr(options, "settings_at", None):
            raise
        from lambda_scenarios.cli.settings import nothing_selected, pointed

        if isinstance(error, UsageError):
            raise pointed(error, options) from None
        raise nothing_selected(error, options, world.cwd) from None


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"lambda-scenarios {__version__}: test AWS Lambda functions with scenarios written in YAML", ""]
    lines += ["usage: lambda-scenarios COMMAND [options]", "", "commands:"]
    lines += [f"  {name.ljust(width)}  {text}" for name, text in COMMANDS.items()]
    lines += ["", "lambda-scenarios COMMAND --help shows the options of a command."]
    return "\n".join(lines)


def _defect(error: Exception, world: World) -> int:
    print(defect(error, world.environ), file=sys.stderr)
    return statuses.OWN_FAILURE
