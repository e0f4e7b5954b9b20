"""`doctor`: what is there, what is missing, and the command that installs it."""

from __future__ import annotations

import argparse
import sys

from lambda_scenarios import __version__
from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.runtimes.all_runtimes import RUNTIMES
from lambda_scenarios.runtimes.runtime import Found, World


def _configure(_parser: Parser) -> None:
    pass


def _execute(_options: argparse.Namespace, world: World) -> int:
    print(f"lambda-scenarios {__version__} on Python {sys.version.split()[0]}, {sys.platform}\n")
    for runtime in dict.fromkeys(RUNTIMES.values()):
        for found in runtime.inspect(world):
            _tell(found, world)
    from lambda_scenarios.backends.docker.inspect import inspect

    _tell(inspect(world.environ), world)
    print("\nNot yet: the aws backend.")
    return statuses.DONE


def _tell(found: Found, world: World) -> None:
    if found.version is None:
        print(f"  ✗ {found.name:<8} missing    {found.advice}")
    else:
        print(f"  ✓ {found.name:<8} {found.version:<10} {shown_path(found.path or '', world.cwd)}")


COMMAND = Command(_configure, _execute)
