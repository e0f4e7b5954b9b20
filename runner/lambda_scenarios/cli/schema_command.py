"""`schema`: prints a JSON Schema, for editors and other programs."""

from __future__ import annotations

import argparse
import json

from lambda_scenarios import schemas
from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.runtimes.runtime import World


def _configure(parser: Parser) -> None:
    parser.add_argument(
        "name", nargs="?", choices=("scenario", "defaults", "config", "report"), default="scenario"
    )


def _execute(options: argparse.Namespace, _world: World) -> int:
    if options.name == "scenario":
        from lambda_scenarios.extending.entry_points import installed

        schemas.learn(
            [f"${extension.name}" for extension in installed("matchers")],
            [extension.name for extension in installed("backends")],
        )
    print(json.dumps(schemas.load(options.name), indent=2, ensure_ascii=False))
    return statuses.DONE


COMMAND = Command(_configure, _execute)
