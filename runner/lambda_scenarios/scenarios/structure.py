"""Whether a document has the structure of a scenario file, or of a directory's defaults: accepted fast,
explained slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios import schemas
from lambda_scenarios.model.values import Json, WrittenFloat, WrittenInt
from lambda_scenarios.scenarios.quick_check import are_plainly_sound_defaults, is_plainly_sound

if TYPE_CHECKING:
    from lambda_scenarios.errors import Diagnostic


def problems(value: Json, file: str) -> tuple[Diagnostic, ...]:
    """All that is wrong with the structure of one parsed scenario file; empty where it is sound.

    `file` is absolute. Templates, files and functions that the document names are not looked at.
    """
    if is_plainly_sound(value) or accepts(value):
        return ()
    from lambda_scenarios.scenarios import explain  # pays for itself only where something is wrong

    return explain.explain(value, file)


def problems_of_defaults(value: Json, file: str) -> tuple[Diagnostic, ...]:
    """The same for one parsed `_defaults.yml`."""
    if are_plainly_sound_defaults(value) or accepts(value, "defaults"):
        return ()
    from lambda_scenarios.scenarios import explain

    return explain.explain_defaults(value, file)


def accepts(value: Json, schema: schemas.Name = "scenario") -> bool:
    """Whether the schema accepts the document."""
    validator = schemas.fast_validator(schema)
    try:
        return bool(validator.is_valid(value))
    except ValueError:  # it takes no subclasses of int and float
        return bool(validator.is_valid(_without_spelling(value)))


def _without_spelling(value: Json) -> Json:
    """The value with plain numbers in place of those that remember how they were written."""
    if isinstance(value, dict):
        return {key: _without_spelling(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_spelling(item) for item in value]
    if isinstance(value, WrittenInt):
        return int(value)
    if isinstance(value, WrittenFloat):
        return float(value)
    return value
