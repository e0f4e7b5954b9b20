"""What the format knows and this version can't do: refused with its place, never ignored.

Work that adds one of these deletes its entry here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.values import Json, Origin

_EXPECT = ("snapshot",)

_LABEL = "part of the format, but not of this version"


def refusals(value: Json, file: str) -> tuple[Diagnostic, ...]:
    """Everything in the document that can't be used yet; the document may be of any shape."""
    if not isinstance(value, dict):
        return ()
    return tuple(_refusals(value, Origin(file)))


def _refusals(document: dict[str, Json], origin: Origin) -> Iterator[Diagnostic]:
    yield from _of_scenario(document.get("defaults"), origin.at("defaults"))
    scenarios = document.get("scenarios")
    if isinstance(scenarios, list):
        for number, scenario in enumerate(scenarios):
            if isinstance(scenario, dict) and "expect" in scenario:
                yield from _of_scenario(scenario, origin.at("scenarios", number))


def _of_scenario(scenario: Json, origin: Origin) -> Iterator[Diagnostic]:
    if isinstance(scenario, dict):
        yield from _keys(scenario.get("expect"), _EXPECT, origin.at("expect"))


def _keys(mapping: Any, keys: tuple[str, ...], origin: Origin) -> Iterator[Diagnostic]:
    if isinstance(mapping, dict):
        for key in keys:
            if key in mapping:
                yield Diagnostic(f"not yet: `{key}`", origin.at(key).as_key(), _LABEL)
