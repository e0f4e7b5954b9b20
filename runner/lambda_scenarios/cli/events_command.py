"""`events`: the sample events there are, or one of them."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.locations import InvalidLocationError, NoSuchPlaceError, parse_location, set_at
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.sample_events.catalogue import SAMPLES
from lambda_scenarios.sample_events.samples import REGION, sample_event

if TYPE_CHECKING:
    from lambda_scenarios.model.locations import Location
    from lambda_scenarios.model.values import Json


def _configure(parser: Parser) -> None:
    parser.epilog = (
        "In a scenario, `event_from: SOURCE` is the event, and `event_set` changes it as --set does."
    )
    parser.verbatim["--set"] = "--set"
    parser.add_argument(
        "source", nargs="?", metavar="SOURCE", help="print this event (default: list them all)"
    )
    parser.add_argument(
        "--set",
        action="append",
        metavar="LOCATION=VALUE",
        help="as in Records[0].body=hello; the value is JSON where it parses, else a string; repeatable",
    )
    parser.add_argument("-r", "--region", help=f"AWS region that stands in the event (default: {REGION})")
    parser.add_argument("--json", action="store_true", help="the list, machine-readable")


def _execute(options: argparse.Namespace, _world: World) -> int:
    if options.source is not None:
        value = sample_event(options.source, options.region)
        for text in options.set or ():
            value = _with(value, text)
        print(json.dumps(value, indent=2, ensure_ascii=False))
        return statuses.DONE
    if options.set or options.region:
        given = "--set" if options.set else "--region"
        raise UsageError(Diagnostic(f"{given} is about one event: name its source before it"))
    if options.json:
        entries = [{**sample._asdict(), "aliases": list(sample.aliases)} for sample in SAMPLES.values()]
        print(json.dumps(entries, indent=2))
    else:
        print(_table())
    return statuses.DONE


def _table() -> str:
    width = max(map(len, SAMPLES))
    lines: list[str] = []
    group = ""
    for sample in SAMPLES.values():
        if sample.group != group:
            group = sample.group
            lines += ["", group] if lines else [group]
        also = f" (also: {', '.join(sample.aliases)})" if sample.aliases else ""
        lines.append(f"  {sample.name.ljust(width)}  {sample.about}{also}")
    return "\n".join(lines)


def _with(value: Json, text: str) -> Json:
    written, location, given = _parted(text)
    new = _value(given)
    try:
        return set_at(value, location, new)
    except NoSuchPlaceError as error:
        raise UsageError(Diagnostic(f"--set {text}: `{written}` can't be set: {error}")) from None


def _value(text: str) -> Json:
    """JSON where it parses, else the text: `NaN` and `1e999` are none that a function could be sent."""
    try:
        value: Json = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


def _parted(text: str) -> tuple[str, Location, str]:
    """The location as written, its steps, and the text of the value. A quoted key may hold `=` as well: the
    location ends where it can."""
    at = text.find("=")
    if at < 1:
        raise UsageError(Diagnostic(f"--set takes LOCATION=VALUE, not `{text}`"))
    problem = ""
    while at >= 0:
        try:
            return text[:at], parse_location(text[:at]), text[at + 1 :]
        except InvalidLocationError as error:
            problem = problem or f"`{text[:at]}` is no location: {error.problem}"
            at = text.find("=", at + 1)
    raise UsageError(
        Diagnostic(f"--set {text}: {problem}", notes=('as in a.b, a[0], a[*].b, a["key with dots"]',))
    )


COMMAND = Command(_configure, _execute)
