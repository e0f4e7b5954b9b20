"""`list`: scenarios after expansion; with `--untested`, functions without one."""

from __future__ import annotations

import argparse
import json
import sys

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.options import (
    add_clock,
    add_selection,
    add_service,
    overrides_of,
    settings_of,
    suite_of,
)
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.cli.settings import add_preset, configure
from lambda_scenarios.pipeline import choose, expand
from lambda_scenarios.reports.text import printable
from lambda_scenarios.request import Suite
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.scenarios.draft import Expanded
from lambda_scenarios.scenarios.function_lookup import FunctionLookup
from lambda_scenarios.services.catalog import Catalog


def _configure(parser: Parser) -> None:
    add_selection(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable")
    parser.add_argument("--untested", action="store_true", help="the services' functions without a scenario")
    add_service(parser)
    add_clock(parser)
    add_preset(parser)


def _execute(options: argparse.Namespace, world: World) -> int:
    configure(options, world)
    suite = suite_of(options, world, settings_of(options, world, overrides_of(options, world)))
    with Catalog(world.environ, world.cwd) as catalog:
        return _list(options, suite, catalog, world)


def _list(options: argparse.Namespace, suite: Suite, catalog: Catalog, world: World) -> int:
    expanded = expand(suite, world, catalog)
    if options.untested:
        return _untested(expanded, FunctionLookup(catalog, suite.settings, suite.root), options.json)
    chosen, _, words = choose(expanded, suite, world, catalog)
    for word in words:
        print(word, file=sys.stderr)
    if options.json:
        entries = [
            {
                "id": case.id,
                "file": case.draft.head.id,
                "line": case.draft.head.lines[case.draft.position],
                "name": case.name,
                "function": case.function,
                "functions": list(case.functions),
                "tags": list(case.tags),
            }
            for case in chosen
        ]
        print(json.dumps(entries, indent=2, ensure_ascii=False))
    else:
        for case in chosen:
            tags = f"  [{', '.join(case.tags)}]" if case.tags else ""
            print(printable(f"{case.id}  {', '.join(case.functions)}{tags}"))
    return statuses.DONE


def _untested(expanded: tuple[Expanded, ...], lookup: FunctionLookup, as_json: bool) -> int:
    tested: dict[str, set[str]] = {}
    known: dict[str, tuple[str, ...]] = {}
    for case in expanded:
        head = case.draft.head
        service = lookup.service(head)
        name = service.name if service is not None else head.id
        known.setdefault(name, lookup.keys(head))
        tested.setdefault(name, set()).update(case.functions)
    found = [(name, key) for name, keys in known.items() for key in keys if key not in tested[name]]
    if as_json:
        print(json.dumps([{"service": name, "function": key} for name, key in found], indent=2))
    else:
        for name, key in found:
            print(printable(f"{key}  ({name})"))
        if not found:
            print("every function has a scenario", file=sys.stderr)
    return statuses.DONE


COMMAND = Command(_configure, _execute)
