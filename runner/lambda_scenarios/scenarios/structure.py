"""Whether a document has the structure of a scenario file, or of a directory's defaults: accepted fast,
explained slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios import schemas
from lambda_scenarios.model.values import Json, WrittenFloat, WrittenInt
from lambda_scenarios.scenarios.quick_check import are_plainly_sound_defaults, is_plainly_sound

if TYPE_CHECKING:
    from collections.abc import Container

    from lambda_scenarios.errors import Diagnostic
    from lambda_scenarios.model.values import Origin


def problems(value: Json, file: str) -> tuple[Diagnostic, ...]:
    """All that is wrong with the structure of one parsed scenario file; empty where it is sound.

    `file` is absolute. Templates, files and functions that the document names are not looked at.
    """
    if is_plainly_sound(value) or accepts(value) or (_has_extensions(value) and accepts(value)):
        return ()
    from lambda_scenarios.scenarios import explain  # pays for itself only where something is wrong

    return explain.explain(value, file)


def problems_of_defaults(value: Json, file: str) -> tuple[Diagnostic, ...]:
    """The same for one parsed `_defaults.yml`."""
    if (
        are_plainly_sound_defaults(value)
        or accepts(value, "defaults")
        or (_has_extensions(value) and accepts(value, "defaults"))
    ):
        return ()
    from lambda_scenarios.scenarios import explain

    return explain.explain_defaults(value, file)


def problems_of_settings(value: Json, origin: Origin) -> tuple[Diagnostic, ...]:
    """The same for a parsed configuration that stands at `origin`."""
    if accepts(value, "config") or (_has_extensions(value) and accepts(value, "config")):
        return ()
    from lambda_scenarios.scenarios import explain

    return explain.explain_settings(value, origin)


def accepts(value: Json, schema: schemas.Name = "scenario") -> bool:
    """Whether the schema accepts the document."""
    validator = schemas.fast_validator(schema)
    try:
        return bool(validator.is_valid(value))
    except ValueError:  # it takes no subclasses of int and float
        return bool(validator.is_valid(_without_spelling(value)))


def _has_extensions(value: Json) -> bool:
    """Whether the schemas have just learned of extensions that may be why they refused the document."""
    definitions = schemas.load("scenario")["definitions"]
    matchers = frozenset(definitions["matchers"]["properties"])
    backends = frozenset(definitions["backend"]["else"]["enum"])
    if not _has_unknown(value, matchers, backends):
        return False
    from lambda_scenarios.extending.entry_points import installed

    return schemas.learn(
        [f"${extension.name}" for extension in installed("matchers")],
        [extension.name for extension in installed("backends")],
    )


def _has_unknown(value: Json, matchers: Container[str], backends: Container[str]) -> bool:
    """Whether a key looks like a matcher, or a value like the name of a backend, that isn't known."""
    if isinstance(value, list):
        return any(_has_unknown(item, matchers, backends) for item in value)
    if not isinstance(value, dict):
        return False
    backend = value.get("backend")
    return (
        any(key[:1] == "$" and key not in matchers for key in value)
        or (isinstance(backend, str) and backend not in backends)
        or any(_has_unknown(item, matchers, backends) for item in value.values())
    )


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
