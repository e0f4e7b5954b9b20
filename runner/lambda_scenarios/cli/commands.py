"""The commands, by name. A module is imported only when its command is given."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.runtimes.runtime import World

COMMANDS = {
    "init": "write a first scenario file for each function of a service",
    "run": "run scenarios and write reports",
    "invoke": "invoke one function, with the options of `serverless invoke local`",
    "record": "invoke one function and write the scenario that expects what came back",
    "validate": "check scenario files and the services they name; start nothing",
    "list": "list scenarios after expansion",
    "functions": "list the functions of a service, as resolved",
    "events": "print sample events of AWS event sources, for scenarios and for --path",
    "matrix": "the cells of a CI matrix, with the arguments of run for each",
    "merge": "one set of reports out of those of shards and cells",
    "report": "write the reports of a run that was interrupted or killed",
    "schema": "print a JSON Schema: scenario, defaults, config or report",
    "doctor": "tell what is there and what is missing for each runtime and backend",
    "completion": "print a script that completes commands, options and names in bash, zsh or fish",
    "version": "print versions",
}


# Commands of the command line's description that later versions will have.
NOT_YET: frozenset[str] = frozenset()


class Command(NamedTuple):
    """`configure` declares the options, `execute` returns the exit status."""

    configure: Callable[[Parser], None]
    execute: Callable[[argparse.Namespace, World], int]


def load(name: str) -> Command:
    """The command of that name, a key of COMMANDS."""
    from importlib import import_module

    module = import_module(f"lambda_scenarios.cli.{name}_command")
    command: Command = module.COMMAND
    return command
