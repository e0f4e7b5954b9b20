"""Which scenarios of a file are written otherwise than they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lambda_scenarios.errors import UsageError
from lambda_scenarios.scenarios.yaml_source import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_scenarios.model.values import Json


def rewritten(path: str, earlier: bytes | None) -> frozenset[int] | None:
    """The numbers of the scenarios of the file that are not among those of the `earlier` text, comments and
    order aside; None: all, for what they share has changed, or one of the two can't be read."""
    if earlier is None:
        return None
    try:
        with open(path, "rb") as file:
            now = parse(file.read(), path)
        then = parse(earlier, path)
    except (OSError, UsageError):
        return None
    if not isinstance(now, dict) or not isinstance(then, dict):
        return None
    known, found = then.get("scenarios"), now.get("scenarios")
    if not isinstance(known, list) or not isinstance(found, list) or _shared(now) != _shared(then):
        return None
    as_before = {_frozen(scenario) for scenario in known}
    return frozenset(n for n, scenario in enumerate(found) if _frozen(scenario) not in as_before)


def _shared(document: Mapping[str, Json]) -> object:
    """What all scenarios of a file share, as it is written."""
    return _frozen(
        {
            key: value
            for key, value in document.items()
            if key not in ("scenarios", "version") and not key.startswith("x-")
        }
    )


def _frozen(value: Json) -> object:
    """Something that is equal where the values are, with the kinds of scalars, and numbers as written."""
    if isinstance(value, dict):
        return ("mapping", *((key, _frozen(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", *map(_frozen, value))
    return type(value).__name__, cast("object", getattr(value, "written", value))
