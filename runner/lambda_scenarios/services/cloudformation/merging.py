"""Globals of SAM, merged into the properties of a function, and where each value came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lambda_scenarios.model.values import DocPath, Json, Origin
from lambda_scenarios.services.evaluation import function_of
from lambda_scenarios.services.variables import Located


class Properties(NamedTuple):
    """A resource's properties. `elsewhere` has the origin of what doesn't stand below `origin`."""

    value: dict[str, Json]
    origin: Origin
    elsewhere: Mapping[DocPath, Origin]

    def get(self, name: str) -> Located | None:
        """One property; None where it is absent or null."""
        return self.inside((), self.value, name)

    def inside(self, path: DocPath, container: Json, step: str | int) -> Located | None:
        """What stands at `step` inside `container`, which stands at `path`; None for nothing and null."""
        found: Json = None
        if isinstance(container, dict) and isinstance(step, str):
            found = container.get(step)
        elif isinstance(container, list) and isinstance(step, int):
            found = container[step]
        return None if found is None else Located(found, self.origin_of((*path, step)))

    def origin_of(self, path: DocPath) -> Origin:
        for length in range(len(path), 0, -1):
            start = self.elsewhere.get(path[:length])
            if start is not None:
                return start.at(*path[length:])
        return self.origin.at(*path)


def merge(shared: Located | None, own: Located, ignored: Json = None) -> Properties:
    """The properties of `own` over those of `shared`: maps merge by key, lists add up, others are replaced.

    Intrinsic functions count as scalars. `ignored` is the resource's attribute IgnoreGlobals: `*` or names.
    Source: samtranslator/plugins/globals/globals.py (GlobalProperties).
    """
    mine = own.value if isinstance(own.value, dict) else {}
    if shared is None or not isinstance(shared.value, dict) or ignored == "*":
        return Properties(mine, own.origin, {})
    names = ignored if isinstance(ignored, list) else []
    common = {key: value for key, value in shared.value.items() if key not in names}
    elsewhere: dict[DocPath, Origin] = {}
    merged = _maps(common, mine, (), shared.origin, own.origin, elsewhere)
    return Properties(merged, own.origin, elsewhere)


def _maps(
    common: Mapping[str, Json],
    mine: Mapping[str, Json],
    path: DocPath,
    of_common: Origin,
    of_mine: Origin,
    elsewhere: dict[DocPath, Origin],
) -> dict[str, Json]:
    merged: dict[str, Json] = {}
    for key, value in common.items():
        if key in mine:
            merged[key] = _pair(value, mine[key], (*path, key), of_common.at(key), of_mine.at(key), elsewhere)
        else:
            merged[key] = value
            place = (*path, key)
            elsewhere[place] = of_common.at(key)
    merged.update((key, value) for key, value in mine.items() if key not in common)
    return merged


def _pair(
    common: Json,
    mine: Json,
    path: DocPath,
    of_common: Origin,
    of_mine: Origin,
    elsewhere: dict[DocPath, Origin],
) -> Json:
    if (
        isinstance(common, dict)
        and isinstance(mine, dict)
        and not function_of(common)
        and not function_of(mine)
    ):
        return dict(_maps(common, mine, path, of_common, of_mine, elsewhere))
    if isinstance(common, list) and isinstance(mine, list):
        origins = [of_common.at(index) for index in range(len(common))]
        origins += [of_mine.at(index) for index in range(len(mine))]
        elsewhere.update(((*path, index), origin) for index, origin in enumerate(origins))
        return [*common, *mine]
    return mine
