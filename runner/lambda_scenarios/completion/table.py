"""What can be completed: every command's options and arguments, as its parser has them."""

from __future__ import annotations

import argparse
from typing import Literal, NamedTuple

from lambda_scenarios.cli.commands import COMMANDS, load
from lambda_scenarios.cli.parser import Parser

PROGRAM = "lambda-scenarios"

# What a value is: one of some words, a file, a directory, a function of the service, a tag of a scenario, or
# anything.
Kind = Literal["words", "file", "directory", "function", "tag", "text"]

# How a shell asks for those that it can't know, one name a line: of the nearest service, of scenarios/.
QUESTIONS: dict[Kind, str] = {
    "function": f"{PROGRAM} functions 2>/dev/null </dev/null | awk '/^[^ ]/ {{print $1}}'",
    "tag": f"{PROGRAM} list 2>/dev/null </dev/null | sed -n 's/.*\\[\\(.*\\)\\]$/\\1/p'"
    " | tr -d ' ' | tr ',' '\\n' | sort -u",
}


class Value(NamedTuple):
    kind: Kind
    words: tuple[str, ...] = ()


class Option(NamedTuple):
    """`value` is None for a flag; `optional`: the value may be left out."""

    names: tuple[str, ...]
    about: str
    value: Value | None
    optional: bool = False


class CommandWords(NamedTuple):
    """A command; `argument` is what stands behind its options, None where nothing does."""

    name: str
    about: str
    options: tuple[Option, ...]
    argument: Value | None


def table() -> tuple[CommandWords, ...]:
    return tuple(_command(name, about) for name, about in COMMANDS.items())


def _command(name: str, about: str) -> CommandWords:
    parser = Parser(prog=f"{PROGRAM} {name}", description=about)
    load(name).configure(parser)
    options: list[Option] = []
    argument: Value | None = None
    for action in parser.actions():
        if not action.option_strings:
            argument = _value(action)
        elif action.help is not argparse.SUPPRESS:
            value = None if action.nargs == 0 else _value(action)
            optional = action.nargs == "?"
            options.append(Option(tuple(action.option_strings), _about(action), value, optional))
    return CommandWords(name, about, tuple(options), argument)


def _about(action: argparse.Action) -> str:
    return " ".join((action.help or "").replace("%%", "%").split())


_FILES = ("FILE", "PATH", "PATH[::NAME]", "REPORT.json")


def _value(action: argparse.Action) -> Value:
    if action.choices is not None:
        return Value("words", tuple(map(str, action.choices)))
    if action.dest == "backend":  # which takes those of extensions too
        return Value("words", ("auto", "local", "docker", "aws"))
    if action.dest == "function":
        return Value("function")
    if action.dest == "tag":
        return Value("tag")
    if action.dest == "source":
        from lambda_scenarios.sample_events.catalogue import SAMPLES

        return Value("words", tuple(SAMPLES))
    if action.metavar in _FILES:
        return Value("file")
    return Value("directory" if action.metavar == "DIR" else "text")
