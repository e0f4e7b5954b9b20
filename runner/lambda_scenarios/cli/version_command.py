"""`version`."""

from __future__ import annotations

import argparse
import sys

from lambda_scenarios import __version__
from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.runtimes.runtime import World


def _configure(_parser: Parser) -> None:
    pass


def _execute(_options: argparse.Namespace, _world: World) -> int:
    print(f"lambda-scenarios {__version__} (Python {sys.version.split()[0]}, {sys.platform})")
    return statuses.DONE


COMMAND = Command(_configure, _execute)
