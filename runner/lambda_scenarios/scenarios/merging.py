"""How what is said nearer goes over what is said further away, key by key of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_scenarios.model.values import DocPath, Origin


class Rules(NamedTuple):
    """Mappings that are merged by key, lists that unite, and groups of which giving one displaces all."""

    by_key: frozenset[str]
    united: frozenset[str]
    groups: tuple[frozenset[str], ...]

    def displaced(self, key: str) -> frozenset[str]:
        """What goes where `key` is given."""
        return next((group for group in self.groups if key in group), frozenset({key}))


SCENARIO = Rules(
    frozenset({"env", "context", "vars"}),
    frozenset({"tags"}),
    (
        frozenset({"event", "event_path", "event_from"}),
        frozenset({"context", "context_path"}),
        frozenset({"matrix", "cases", "cases_path"}),
    ),
)


class Inherited(NamedTuple):
    """Keys of a scenario that it takes from elsewhere, merged.

    `origins` says where each stands: by key, and by key and entry (or index, of what unites) where an entry
    stands elsewhere than its key.
    """

    keys: Mapping[str, Any]
    origins: Mapping[DocPath, Origin]


NOTHING = Inherited({}, {})


def over(
    further: Inherited,
    nearer: Mapping[str, Any],
    start: Origin,
    *,
    rules: Rules = SCENARIO,
    own: bool = False,
) -> Inherited:
    """`nearer`, whose mapping stands at `start`, over `further`; what `rules` don't name is replaced.

    `own`: what is nearer is the scenario itself, whose keys need no origin.
    """
    keys = dict(further.keys)
    origins = dict(further.origins)
    for key, value in nearer.items():
        old = keys.get(key)
        here = start.at(key)
        if key in rules.united and old:
            fresh = [index for index, tag in enumerate(value) if tag not in old]
            keys[key] = [*old, *(value[index] for index in fresh)]
            for index in range(len(old)):
                origins[key, index] = _place(origins, key, index)
            origins.update({(key, len(old) + n): here.at(index) for n, index in enumerate(fresh)})
        elif key in rules.by_key and isinstance(old, dict) and isinstance(value, dict):
            keys[key] = {**old, **value}
            for name in old:
                if name in value:
                    origins.pop((key, name), None)
                else:
                    origins[key, name] = _place(origins, key, name)
        else:
            for displaced in rules.displaced(key):
                if displaced in keys:
                    _forget(displaced, keys, origins, rules)
            keys[key] = value
        if own:
            origins.pop((key,), None)
        else:
            origins[key,] = here
    return Inherited(keys, origins)


def _place(origins: Mapping[DocPath, Origin], key: str, entry: str | int) -> Origin:
    """Where an entry stands that was merged before."""
    found = origins.get((key, entry))
    return origins[key,].at(entry) if found is None else found


def _forget(key: str, keys: dict[str, Any], origins: dict[DocPath, Origin], rules: Rules) -> None:
    old = keys.pop(key)
    origins.pop((key,), None)
    if key in rules.by_key and isinstance(old, dict):
        for name in old:
            origins.pop((key, name), None)
