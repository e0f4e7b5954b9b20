"""argparse with mistakes told as diagnostics, and types for what options hold."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import NoReturn

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean

_NOT_GIVEN = object()


class UnknownOption(Exception):
    """An option can't be used; `diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.problem)
        self.diagnostic = diagnostic


def terminal_width(environ: Mapping[str, str]) -> int:
    """Columns of the terminal; 100 where there is none."""
    columns = environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 100


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Knows its width: argparse would import shutil for that, at every option that is added."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=terminal_width(os.environ) - 2)


class Parser(argparse.ArgumentParser):
    """Raises UnknownOption instead of exiting; no abbreviations, which would break when options are added.

    `verbatim` has the options whose values may begin with a dash, by every spelling, with a long one;
    `numeric` those that take a number or nothing, whatever follows them.
    """

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            allow_abbrev=False,
            formatter_class=_Formatter,
        )
        self.verbatim: dict[str, str] = {}
        self.numeric: set[str] = set()

    def parse_args(self, args: Sequence[str]) -> argparse.Namespace:  # type: ignore[override]  # one way of many
        """What the arguments say; `given` has the names of the options that they name."""
        known = {a.dest: a for a in reversed(self._actions) if a.default is not argparse.SUPPRESS}
        # argparse gives defaults to what isn't there yet; then nobody can tell them from what was given.
        unset = {name: _NOT_GIVEN for name, a in known.items() if not isinstance(a, argparse._AppendAction)}
        found, taken_back = self._without_negations(self._joined(args))
        options = super().parse_args(found, argparse.Namespace(**unset))
        given = set(taken_back)
        for action in known.values():
            value = getattr(options, action.dest)
            if value is _NOT_GIVEN:
                default = action.default
                setattr(
                    options,
                    action.dest,
                    self._get_value(action, default) if type(default) is str else default,
                )
            elif value or not (isinstance(action, argparse._AppendAction) or not action.option_strings):
                given.add(action.dest)
        options.given = frozenset(given)
        options.parser = self
        return options

    def actions(self) -> Sequence[argparse.Action]:
        """The options and positional arguments that were declared."""
        return self._actions

    def _without_negations(self, arguments: list[str]) -> tuple[list[str], list[str]]:
        """The arguments without those that take back a flag of the configuration file (`--no-strict`, and
        `--reports` for `--no-reports`), and the names of those flags."""
        known = {option: action for action in self._actions for option in action.option_strings}
        strange = {one for one in arguments if one[:2] == "--" and "=" not in one and one not in known}
        if not strange:
            return arguments, []
        flags = {
            f"--{option[5:]}" if option.startswith("--no-") else f"--no-{option[2:]}": action.dest
            for option, action in known.items()
            if isinstance(action, argparse._StoreTrueAction) and option.startswith("--")
        }
        off = {one: flags[one] for one in strange if one in flags}
        return [one for one in arguments if one not in off], list(off.values())

    def _joined(self, arguments: Sequence[str]) -> list[str]:
        """The arguments, those of `verbatim` joined to what follows them: `--docker-arg '-p 9229:9229'` would
        be read as the option -p."""
        known = frozenset(option for action in self._actions for option in action.option_strings)
        joined: list[str] = []
        rest = iter(self._numbered(arguments))
        for argument in rest:
            joined.append(argument)
            option = self.verbatim.get(argument)
            following = next(rest, None) if option is not None else None
            if following is None:
                continue
            if following in known:
                joined.append(following)
            else:
                joined[-1] = f"{option}={following}"
        return joined

    def _numbered(self, arguments: Sequence[str]) -> list[str]:
        """The arguments, those of `numeric` joined to their number, or to nothing: `--debug scenarios/` would
        take the path."""
        found: list[str] = []
        for argument in arguments:
            if found and found[-1] in self.numeric:
                found[-1] += "="
                if argument.isdigit():
                    found[-1] += argument
                    continue
            found.append(argument)
        return found

    def error(self, message: str) -> NoReturn:
        notes = [f"{self.prog} --help lists the options"]
        wrong = (
            message.removeprefix("unrecognized arguments: ").split()[0] if "unrecognized" in message else ""
        )
        if wrong:
            known = [option for action in self._actions for option in action.option_strings]
            close = did_you_mean(wrong.split("=")[0], known)
            if close:
                notes.insert(0, f"did you mean `{close}`?")
            message = f"unknown option `{wrong}`" if wrong.startswith("-") else f"`{wrong}` is one too many"
        raise UnknownOption(Diagnostic(message, None, "", tuple(notes)))


_MAY_BE_EMPTY = ("--env", "--param", "--var")


def pairs(option: str, texts: list[str] | None) -> tuple[tuple[str, str], ...]:
    """`NAME=VALUE` of a repeatable option; `NAME=` is the empty string. Raises UsageError without `=`."""
    found = []
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(
                Diagnostic(
                    f"{option} takes NAME=VALUE, not `{text}`",
                    None,
                    "",
                    (f"{option} {text}= sets it to the empty string",) if option in _MAY_BE_EMPTY else (),
                )
            )
        found.append((name, value))
    return tuple(found)


def positive(text: str) -> float:
    """A number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"takes a number of seconds above 0, not `{text}`")
    return value


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"takes a whole number from 1, not `{text}`")
    return int(text)


def shard(text: str) -> tuple[int, int]:
    """`I/N`: which part, from 1, of how many."""
    index, slash, of = text.partition("/")
    numbers = slash and f"{index}{of}".isascii() and index.isdigit() and of.isdigit()
    if not (numbers and 1 <= int(index) <= int(of)):
        raise argparse.ArgumentTypeError(f"takes I/N, as 2/5 for the second of five parts, not `{text}`")
    return int(index), int(of)


def whole(text: str) -> int:
    """A whole number from 0."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"takes a whole number from 0, not `{text}`")
    return int(text)


def port(text: str) -> int | None:
    """A port; nothing: None."""
    if text and (not text.isdigit() or int(text) > 65535):
        raise argparse.ArgumentTypeError(f"takes a port, 0 to 65535, not `{text}`")
    return int(text) if text else None


def jobs(text: str) -> int:
    """A number of workers, `auto`: 0."""
    return 0 if text == "auto" else count(text)
