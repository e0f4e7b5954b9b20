"""`validate`: everything that `run` checks before it starts anything, skipped scenarios included."""

from __future__ import annotations

import argparse
import sys

from lambda_scenarios import diagnostics
from lambda_scenarios.cli import statuses
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
from lambda_scenarios.errors import UsageError
from lambda_scenarios.phrases import plural
from lambda_scenarios.pipeline import expand
from lambda_scenarios.reports.style import style
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.scenarios.discover import project_root
from lambda_scenarios.scenarios.render import render_cases
from lambda_scenarios.scenarios.select import select_cases
from lambda_scenarios.services.catalog import Catalog


def _configure(parser: Parser) -> None:
    add_selection(parser)
    add_service(parser)
    add_clock(parser)
    add_strict(parser)


def _execute(options: argparse.Namespace, world: World) -> int:
    suite = suite_of(options, settings_of(options, world, overrides_of(options, world)))
    catalog = Catalog(world.environ, world.cwd)
    chosen = select_cases(expand(suite, world, catalog), suite.selection)
    rendered = render_cases(chosen, catalog, suite.settings, project_root(world.cwd), skipped_too=True)
    if rendered.warnings:
        if options.strict:
            raise UsageError(*(warning._replace(severity="error") for warning in rendered.warnings))
        colour = style(world.environ, sys.stderr.isatty()).colour
        print(diagnostics.render(rendered.warnings, world.cwd, colour), file=sys.stderr)
    files = len({case.file for case in rendered.cases})
    print(f"{plural(len(rendered.cases), 'scenario')} in {plural(files, 'file')}: valid")
    return statuses.DONE


COMMAND = Command(_configure, _execute)
