"""Validated documents to drafts: typed, with defaults merged, templates as written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.values import DocPath, Json, Origin, Resolved, WrittenFloat, WrittenInt
from lambda_scenarios.scenarios.draft import ABSENT, Draft, FileHead, Given, ScenarioFile

if TYPE_CHECKING:
    from collections.abc import Mapping

# Giving one of a group displaces all of it in `defaults`.
_GROUPS = (
    frozenset({"event", "event_path", "event_from"}),
    frozenset({"context", "context_path"}),
    frozenset({"matrix", "cases", "cases_path"}),
)
_GROUP_OF = {key: group for group in _GROUPS for key in group}
_MERGED_BY_KEY = frozenset({"env", "context", "vars"})


class Source(NamedTuple):
    """What the bytes of a scenario file say: a pure function of them, so that it can be cached.

    `value` has passed the checks of structure, but for `problems`, which lie in the scenarios of the numbers
    `unsound`. `lines` are those of the scenarios, from 1.
    """

    value: Json
    templated: bool
    lines: tuple[int, ...]
    problems: tuple[Diagnostic, ...] = ()
    unsound: frozenset[int] = frozenset()


def build_file(source: Source, path: str, file_id: str, wanted: tuple[str, ...] = ()) -> ScenarioFile:
    """The drafts of one file's sound scenarios."""
    top = cast("dict[str, Any]", source.value)
    head = FileHead(
        path=path,
        id=file_id,
        directory=os.path.dirname(path),
        wanted=wanted,
        templated=source.templated,
        lines=source.lines,
        service=top.get("service", ABSENT),
        stage=top.get("stage"),
        params=tuple((name, as_text(value)) for name, value in (top.get("params") or {}).items()),
        functions=top.get("functions") or {},
        resolve=tuple((name, _resolved(value)) for name, value in (top.get("resolve") or {}).items()),
    )
    defaults: dict[str, Any] = top.get("defaults") or {}
    variables: dict[str, Json] = top.get("vars") or {}
    scenarios = cast("list[dict[str, Any]]", top["scenarios"])
    sound = [(i, own) for i, own in enumerate(scenarios) if i not in source.unsound]
    if not defaults and not variables:
        return ScenarioFile(head, tuple(_draft(head, i, own, {}) for i, own in sound))
    return ScenarioFile(head, tuple(_inheriting(head, i, own, defaults, variables) for i, own in sound))


def as_text(value: Json) -> str:
    """A scalar as an environment variable or a parameter says it: numbers as they are written."""
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.written
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _resolved(value: Json) -> Resolved:
    return tuple(map(as_text, value)) if isinstance(value, list) else as_text(value)


def _inheriting(
    head: FileHead, index: int, own: dict[str, Any], defaults: dict[str, Any], variables: dict[str, Json]
) -> Draft:
    """One draft with what it takes from `defaults` and the top level of its file."""
    inherited: dict[DocPath, Origin] = {}
    merged: dict[str, Any] = {}
    for key, value in defaults.items():
        origin = Origin(head.path, ("defaults", key))
        mine = own.get(key)
        if key == "tags" and mine is not None:
            merged[key], places = _united(value, mine, origin, Origin(head.path, ("scenarios", index, key)))
            inherited.update(places)
        elif key in _MERGED_BY_KEY and isinstance(mine, dict) and isinstance(value, dict):
            merged[key] = {**value, **mine}
            inherited.update({(key, name): origin.at(name) for name in value if name not in mine})
        elif key not in own and own.keys().isdisjoint(_GROUP_OF.get(key, ())):
            merged[key] = value
            inherited[(key,)] = origin
    if variables:
        nearer = merged.get("vars", own.get("vars") or {})
        if ("vars",) in inherited:  # of `defaults` alone: now a mixture
            start = inherited.pop(("vars",))
            inherited.update({("vars", name): start.at(name) for name in nearer})
        top = Origin(head.path, ("vars",))
        inherited.update({("vars", name): top.at(name) for name in variables if name not in nearer})
        merged["vars"] = {**variables, **nearer}
    return _draft(head, index, {**own, **merged}, inherited)


def _united(
    theirs: list[Json], mine: list[Json], start: Origin, own: Origin
) -> tuple[list[Json], Mapping[DocPath, Origin]]:
    """Tags of `defaults`, then the scenario's own that aren't among them; and where each stands."""
    tags = [*theirs, *(tag for tag in mine if tag not in theirs)]
    places = [
        *(start.at(i) for i in range(len(theirs))),
        *(own.at(i) for i, t in enumerate(mine) if t not in theirs),
    ]
    return tags, {("tags", position): place for position, place in enumerate(places)}


def _draft(head: FileHead, index: int, keys: dict[str, Any], inherited: Mapping[DocPath, Origin]) -> Draft:
    get = keys.get
    event: Given = get("event", ABSENT)
    context: Given = get("context", ABSENT)
    return Draft(
        head,
        index,
        keys["name"],
        inherited,
        get("description") or "",
        get("function"),
        event,
        get("event_path"),
        get("event_set") or {},
        get("raw", False),
        context,
        get("context_path"),
        get("env") or {},
        get("expect"),
        get("vars") or {},
        tuple(get("tags") or ()),
        get("matrix"),
        get("matrix_exclude"),
        get("cases"),
        get("cases_path"),
        get("timeout"),
        get("isolation"),
        get("skip"),
        get("credentials"),
        get("backend"),
    )
