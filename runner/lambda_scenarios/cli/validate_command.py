"""`validate`: everything that `run` checks before it starts anything, skipped scenarios included."""

from __future__ import annotations

import argparse

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.backend_options import add_ignore_env
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.options import (
    add_clock,
    add_selection,
    add_service,
    add_strict,
    overrides_of,
    settings_of,
    suite_of,
)
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.cli.settings import add_preset, configure
from lambda_scenarios.cli.telling import tell
from lambda_scenarios.errors import UsageError, strictly
from lambda_scenarios.phrases import plural
from lambda_scenarios.pipeline import read
from lambda_scenarios.runtimes.runtime import World


def _configure(parser: Parser) -> None:
    add_selection(parser)
    add_service(parser)
    add_clock(parser)
    add_strict(parser)
    add_ignore_env(parser)
    add_preset(parser)


def _execute(options: argparse.Namespace, world: World) -> int:
    configure(options, world)
    suite = suite_of(options, world, settings_of(options, world, overrides_of(options, world)))
    rendered = read(suite, world, skipped_too=True)
    if options.strict and (wrong := strictly(rendered.warnings)):
        raise UsageError(*wrong)
    tell(rendered.warnings, world)
    files = len({case.file for case in rendered.cases})
    print(f"{plural(len(rendered.cases), 'scenario')} in {plural(files, 'file')}: valid")
    return statuses.DONE


COMMAND = Command(_configure, _execute)
