"""The text of a function's first scenario file (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.model.locations import get_at, parse_location
from lambda_scenarios.sample_events.samples import sample_event
from lambda_scenarios.scenarios.yaml_text import Unwritable, entry, flow, scalar, untemplated

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json
    from lambda_scenarios.services.triggers import Trigger


def starter(key: str, triggers: tuple[Trigger, ...], region: str | None, run: str, schema: str) -> str:
    """The file for function `key`: a scenario for each trigger, one with an empty event where there is none.

    `run` is the command that runs the file; `schema` the path of the JSON Schema, from the file.
    """
    lines = [
        f"# yaml-language-server: $schema={schema}",
        f"# What {_shown(key)} is expected to do. To run it: {run}",
        "scenarios:",
    ]
    names: set[str] = set()
    known = tuple(one for one in triggers if one.sample is not None or one.whole)
    for trigger in known or triggers[:1] or (None,):
        name = _name(trigger, names)
        lines += [*_scenario(key, name, trigger, region), ""]
    lines += _further(key, bool(known) and known[0].is_http)
    return "\n".join(lines) + "\n"


def _scenario(key: str, name: str, trigger: Trigger | None, region: str | None) -> list[str]:
    lines = [f"  - name: {scalar(name)}", f"    function: {scalar(key)}"]
    if trigger is None:
        lines += ["    event: {} # nothing in the service file says what invokes it: write what it gets"]
    elif trigger.whole:
        lines += _written("event", trigger.whole[0]) or ["    event: {} # its input can't be written here"]
    elif trigger.sample is None:
        lines += [
            f"    event: {{}} # there is no sample event of {_shown(trigger.about)}: write what it gets"
        ]
    else:
        lines += _of_sample(trigger, trigger.sample, region)
    if trigger is not None and trigger.is_http:
        return [*lines, *_http(trigger)]
    return [*lines, "    # Without `expect`, it has to return without an error."]


def _written(key: str, value: Json, *, in_one_line: bool = False) -> list[str]:
    """The lines of a key; none where a scenario file can't hold the value."""
    try:
        value = untemplated(value)
        return [f"    {scalar(key)}: {flow(value)}"] if in_one_line else entry(key, value, 4)
    except Unwritable:
        return []


def _of_sample(trigger: Trigger, sample: str, region: str | None) -> list[str]:
    lines = [f"    event_from: {sample} # to see all of it: lambda-scenarios events {sample}"]
    event = sample_event(sample, region)
    changes: list[str] = []
    for location, value in trigger.changes:
        there = get_at(event, parse_location(location))
        if not there or any(found != value for _, found in there):
            changes += (line[2:] for line in _written(location, value, in_one_line=True))
    changes += _likely(event, trigger)
    header = "event_set: # any place of the event"
    if all(line.startswith("  # ") for line in changes):
        return [*lines, f"    # {header}", *(f"    # {line.replace('# ', '', 1)}" for line in changes)]
    return [*lines, f"    {header}", *(f"    {line}" for line in changes)]


_LIKELY = (
    *("body", "Records[0].body", "Records[0].Sns.Message", "Records[0].s3.object.key"),
    *("detail", "request", "ResourceProperties"),
)


def _likely(event: Json, trigger: Trigger) -> list[str]:
    """The place that people are most likely to set, with what the sample has there."""
    if any(location.replace("[*]", "[0]") in _LIKELY for location, _ in trigger.changes):
        return []
    for location in _LIKELY:
        for _, value in get_at(event, parse_location(location)):
            if value is not None:
                return entry(location, untemplated(value), 2)
    if trigger.is_http:
        return ['  # queryStringParameters: {page: "2"}', "  # headers.authorization: Bearer token"]
    return [f"  # {scalar(key)}: …" for key in list(event)[:1]] if isinstance(event, dict) else []


def _http(trigger: Trigger) -> list[str]:
    reads = trigger.sample in ("rest-api", "http-api", "http-api-v1")
    status = "200" if reads else "{$lt: 300} # or exactly: 201"
    return [
        "    expect:",
        "      http:",
        f"        status: {status}",
        "        # headers: {content-type: {$starts_with: application/json}}",
        '        # body_includes: {id: "1"} # a part of the JSON; body: all of it',
    ]


def _further(key: str, is_http: bool) -> list[str]:
    """What to write next, as comments."""
    lines = ["  # More that can be expected:"]
    if is_http:
        lines += [
            "  # - name: knows what isn't there",
            f"  #   function: {scalar(key)}",
            "  #   event_from: …",
            "  #   expect: {http: {status: 404}}",
        ]
    else:
        lines += [
            "  # - name: tells what it did",
            f"  #   function: {scalar(key)}",
            "  #   event: {…}",
            "  #   expect:",
            "  #     output: {done: true} # what it returns, exactly; output_includes: a part of it",
            "  #     logs: order o-17 # what it prints contains this",
        ]
    return [
        *lines,
        "  # - name: refuses what it can't use",
        f"  #   function: {scalar(key)}",
        "  #   event: {}",
        "  #   expect:",
        "  #     error: {type: TypeError} # error: true takes any",
    ]


def _name(trigger: Trigger | None, names: set[str]) -> str:
    if trigger is None or (trigger.sample is None and not trigger.whole):
        name = "returns"
    elif trigger.is_http:
        name = f"answers {trigger.about}"
    else:
        name = f"takes {trigger.about}"
    name = _plain_text(name)
    unique, number = name, 1
    while unique in names:
        number += 1
        unique = f"{name} ({number})"
    names.add(unique)
    return unique


def _plain_text(text: str) -> str:
    """A name: one line, nothing of templates, no `::`."""
    return " ".join(text.replace("::", ":").replace("{{", "{").replace("{%", "{").replace("{#", "{").split())


def _shown(text: str) -> str:
    """A text in a comment: one line."""
    return " ".join(text.split())
