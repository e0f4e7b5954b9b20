"""`init`: a first scenario file for each function of a service."""

from __future__ import annotations

import argparse
import os
import shlex

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.options import add_aws_profile
from lambda_scenarios.cli.parser import Parser, pairs
from lambda_scenarios.cli.settings import add_preset, configure
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.services.catalog import ServiceOptions
from lambda_scenarios.starters.write import Outcome, write_starters

_MOST_PATHS = 3  # in the command that is shown


def _configure(parser: Parser) -> None:
    parser.epilog = "No file is ever written over: what is there already is left alone."
    parser.add_argument(
        "directory", nargs="?", default=".", metavar="DIR", help="of the service (default: .)"
    )
    group = parser.add_argument_group("service")
    group.add_argument("-s", "--stage", help="stage of the service")
    group.add_argument("-r", "--region", help="AWS region")
    group.add_argument("--param", action="append", metavar="K=V", help="${param:K} of the service")
    add_aws_profile(group)
    add_preset(group)


def _execute(options: argparse.Namespace, world: World) -> int:
    configure(options, world)
    directory = os.path.normpath(os.path.join(world.cwd, options.directory))
    if not os.path.isdir(directory):
        raise UsageError(Diagnostic(f"there is no directory {options.directory}"))
    service_options = ServiceOptions(
        stage=options.stage,
        region=options.region,
        params=pairs("--param", options.param),
        aws_profile=options.aws_profile,
    )
    outcomes = write_starters(directory, service_options, world)
    for outcome in outcomes:
        _tell(outcome, world)
    made = any(file.made for outcome in outcomes for file in outcome.files)
    paths = [shown_path(outcome.directory, world.cwd) for outcome in outcomes]
    shown = paths if len(paths) <= _MOST_PATHS else ["."]
    words = (*(shown if shown != ["scenarios"] else ()), *_given(options))
    command = " ".join(("lambda-scenarios run", *map(shlex.quote, words)))
    print(f"\n{'next' if made else 'nothing was written; to run them'}: {command}")
    return statuses.DONE


def _given(options: argparse.Namespace) -> list[str]:
    """What the service was read with, and is to be read with again."""
    words: list[str] = []
    for name in ("stage", "region", "param", "aws_profile", "preset"):
        if name in options.given:
            value = getattr(options, name)
            for text in value if isinstance(value, list) else [value]:
                words += [f"--{name.replace('_', '-')}", text]
    return words


def _tell(outcome: Outcome, world: World) -> None:
    number = len(outcome.files)
    functions = "1 function" if number == 1 else f"{number} functions"
    print(f"{shown_path(outcome.file, world.cwd)}: {functions}")
    paths = [shown_path(file.path, world.cwd) for file in outcome.files]
    width = max(map(len, paths))
    for file, path in zip(outcome.files, paths, strict=True):
        about = file.about if file.made else "is there already, and was left alone"
        print(f"  {path.ljust(width)}  {about}".rstrip())


COMMAND = Command(_configure, _execute)
