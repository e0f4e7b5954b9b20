"""The steps of a scenario: drafts of their own, and what their templates see of the earlier ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.scenarios.draft import Draft
from lambda_scenarios.scenarios.merging import SCENARIO, Inherited, over

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambda_scenarios.model.scenario import Captured
    from lambda_scenarios.model.values import DocPath, Origin

# What a step takes from its scenario where it doesn't say it itself.
_DEFAULTS = (
    *("function", "event", "event_path", "event_from", "event_set", "raw", "context", "context_path"),
    *("env", "timeout"),
)
# What all steps have of their scenario.
_SHARED = ("isolation", "credentials", "backend")


def step_ids(draft: Draft) -> tuple[str, ...]:
    """The name of each step: its `id`, or its position from 1. Raises UsageError where one stands twice."""
    ids: list[str] = []
    for index, step in enumerate(draft.steps):
        name = step.get("id")
        if name is None:
            ids.append(str(index + 1))
            continue
        if name in ids:
            raise UsageError(
                Diagnostic(
                    f"two steps have the id `{name}`",
                    draft.origin("steps", index, "id"),
                    f"it is that of step {ids.index(name) + 1} already",
                )
            )
        ids.append(cast("str", name))
    return tuple(ids)


def check_no_expectation(draft: Draft) -> None:
    """Raises UsageError where a scenario with steps says itself what it expects."""
    if draft.expect is not None and ("expect",) not in draft.inherited:
        raise UsageError(
            Diagnostic(
                "a scenario with `steps` has no `expect` of its own",
                draft.origin("expect").as_key(),
                "each step says what is expected of it",
            )
        )


def step_draft(draft: Draft, index: int) -> Draft:
    """One step as a draft: the scenario's keys are its defaults, `expect` excepted."""
    own = draft.steps[index]
    place = draft.origin("steps", index)
    absent = {key: Draft._field_defaults[key] for key in _DEFAULTS}
    given = {key: getattr(draft, key) for key in _DEFAULTS}
    given = {key: value for key, value in given.items() if value != absent[key]}
    origins: dict[DocPath, Origin] = {(key,): draft.origin(key) for key in (*given, *_SHARED)}
    for key in SCENARIO.by_key:
        value = getattr(draft, key)
        for name in value if isinstance(value, dict) else ():
            origins[key, name] = draft.origin(key, name)
    merged = over(Inherited(given, origins), own, place, own=True)
    kept = {key: value for key, value in merged.keys.items() if key in _DEFAULTS}
    changed: dict[str, Any] = {**absent, **kept, "expect": own.get("expect")}
    return draft._replace(**changed, place=place, inherited=merged.origins)


def names_of(earlier: Sequence[str], captured: Sequence[Captured] | None) -> Mapping[str, object]:
    """What templates of a step see as `steps`, by id: None for those that have not run."""
    if captured is None:
        return dict.fromkeys(earlier)
    return {one.step: _shown(one) for one in captured}


def _shown(one: Captured) -> dict[str, object]:
    seen: dict[str, object] = {"logs": one.logs}
    if one.output is not None:
        seen["output"] = json.loads(one.output)
    if one.error is not None:
        kind, message, stack = one.error
        seen["error"] = {"type": kind, "message": message, "stack": "\n".join(stack)}
    return seen
