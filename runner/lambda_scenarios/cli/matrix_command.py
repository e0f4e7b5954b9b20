"""`matrix`: the cells of a CI matrix, each with the arguments of `run` for its job."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.options import (
    add_clock,
    add_selection,
    add_service,
    overrides_of,
    paths_of,
    settings_of,
    suite_of,
)
from lambda_scenarios.cli.parser import Parser, count
from lambda_scenarios.cli.settings import add_preset, configure
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.pipeline import choose, expand
from lambda_scenarios.request import Suite
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.scenarios import cells, narrow
from lambda_scenarios.scenarios.draft import Expanded
from lambda_scenarios.scenarios.function_lookup import FunctionLookup
from lambda_scenarios.services.catalog import Catalog

# What is passed on to every cell, as it is: what is selected may depend on it.
_PASSED_ON = {
    "keyword": "-k",
    "changed_since": "--changed-since",
    "timings": "--timings",
    "service": "--service",
    "stage": "--stage",
    "region": "--region",
    "param": "--param",
    "aws_profile": "--aws-profile",
    "var": "--var",
    "env": "--env",
    "seed": "--seed",
    "now": "--now",
    "preset": "--preset",
}


def _configure(parser: Parser) -> None:
    add_selection(parser)
    group = parser.add_argument_group("cells, by one of").add_mutually_exclusive_group(required=True)
    group.add_argument("--shards", type=count, metavar="N", help="at most N shards")
    group.add_argument("--by", choices=("function", "runtime", "file"), help="one cell for each")
    group.add_argument("--tags", metavar="A,B", help="a cell for each of these tags, and one for the rest")
    parser.add_argument("--format", choices=("github", "gitlab", "azure", "json"), default="json")
    add_service(parser)
    add_clock(parser)
    add_preset(parser)


def _execute(options: argparse.Namespace, world: World) -> int:
    configure(options, world)
    if options.shard is not None:
        raise UsageError(Diagnostic("--shard is for `run`: a matrix has all of them", notes=("--shards N",)))
    suite = suite_of(options, world, settings_of(options, world, overrides_of(options, world)))
    with Catalog(world.environ, world.cwd) as catalog:
        found = _cells(options, suite, catalog, world)
    from lambda_scenarios.cli.matrix_formats import FORMATS

    print(FORMATS[options.format](found))
    return statuses.DONE


def _cells(options: argparse.Namespace, suite: Suite, catalog: Catalog, world: World) -> list[cells.Cell]:
    expanded = expand(suite, world, catalog)
    chosen = choose(expanded, suite, world, catalog)
    for word in chosen.words:
        print(word, file=sys.stderr)
    selection = suite.selection
    any_function = chosen.cases
    if selection.functions:
        without = suite._replace(selection=selection._replace(functions=()))
        any_function = choose(expanded, without, world, catalog).cases
    given = cells.Given(
        cwd=world.cwd,
        chosen=chosen.cases,
        any_function=any_function,
        paths=paths_of(options, world),
        functions=selection.functions,
        tag=selection.tag,
        rest=tuple(_passed_on(options)),
    )
    if selection.last_failed:
        # Which these are is known on this machine alone.
        given = given._replace(paths=cells.ids(chosen.cases, world.cwd), each_named=True)
    if options.shards is not None:
        return cells.by_shards(given, options.shards, narrow.timings_of(selection.timings, world.cwd))
    if options.tags is not None:
        return cells.by_tags(given, _tags(options.tags), {tag for case in expanded for tag in case.tags})
    if options.by == "function":
        return cells.by_function(given)
    if options.by == "file":
        return cells.by_file(given)
    lookup = FunctionLookup(catalog, suite.settings, suite.root)

    def runtime_of(case: Expanded, key: str) -> str:
        # The job that makes the matrix needn't have built anything, nor know what AWS keeps.
        function = lookup.function(case.draft.head, key, case.draft.origin("function"), deployed=True)
        return function.runtime or "image"

    return cells.by_runtime(given, runtime_of)


def _passed_on(options: argparse.Namespace) -> Iterator[str]:
    for name, written in _PASSED_ON.items():
        value = getattr(options, name, None)
        for one in value if isinstance(value, list) else () if value is None else (value,):
            yield from cells.option(written, one)


def _tags(text: str) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(tag.strip() for tag in text.split(",")))
    if not all(tags):
        raise UsageError(Diagnostic(f"--tags takes tags as A,B, not `{text}`"))
    return tags


COMMAND = Command(_configure, _execute)
