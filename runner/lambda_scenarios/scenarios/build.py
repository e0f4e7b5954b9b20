"""Validated documents to drafts: typed, with defaults merged, templates as written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.values import DocPath, Json, Origin, Resolved, WrittenFloat, WrittenInt
from lambda_scenarios.scenarios.draft import ABSENT, Absent, Draft, FileHead, Given, ScenarioFile
from lambda_scenarios.scenarios.merging import NOTHING, Inherited, over

if TYPE_CHECKING:
    from collections.abc import Mapping


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


class Above(NamedTuple):
    """What a scenario file takes from the configuration and the `_defaults.yml` of its directories.

    `service` is an absolute path; `functions_at` has, by function, where the mapping stands that declares it.
    """

    service: str | Absent | None = ABSENT
    service_at: Origin | None = None
    stage: str | None = None
    params: Mapping[str, str] = {}
    functions: Mapping[str, Json] = {}
    functions_at: Mapping[str, Origin] = {}
    resolve: Mapping[str, Resolved] = {}
    scenario: Inherited = NOTHING
    templated: bool = False


TOP = Above()


def below(above: Above, top: Mapping[str, Any], path: str, templated: bool) -> Above:
    """The top level of the file at `path` over what is above it."""
    origin = Origin(path)
    service, service_at = above.service, above.service_at
    if "service" in top:
        service, service_at = top["service"], origin.at("service")
        if service is not None:
            service = os.path.normpath(os.path.join(os.path.dirname(path), service))
    functions, functions_at = above.functions, above.functions_at
    if top.get("functions"):
        functions = {**functions, **top["functions"]}
        functions_at = {**functions_at, **dict.fromkeys(top["functions"], origin.at("functions"))}
    scenario = above.scenario
    if top.get("vars"):
        scenario = over(scenario, {"vars": top["vars"]}, origin)
    if top.get("defaults"):
        scenario = over(scenario, top["defaults"], origin.at("defaults"))
    return Above(
        service,
        service_at,
        top.get("stage", above.stage),
        {**above.params, **{name: as_text(value) for name, value in (top.get("params") or {}).items()}},
        functions,
        functions_at,
        {**above.resolve, **{name: _resolved(value) for name, value in (top.get("resolve") or {}).items()}},
        scenario,
        templated or above.templated,
    )


def build_file(
    source: Source, path: str, file_id: str, wanted: tuple[str, ...] = (), above: Above = TOP
) -> ScenarioFile:
    """The drafts of one file's sound scenarios."""
    top = cast("dict[str, Any]", source.value)
    whole = below(above, top, path, source.templated)
    head = FileHead(
        path=path,
        id=file_id,
        directory=os.path.dirname(path),
        wanted=wanted,
        templated=whole.templated,
        lines=source.lines,
        service=whole.service,
        service_at=whole.service_at,
        stage=whole.stage,
        params=tuple(whole.params.items()),
        functions=whole.functions,
        functions_at=whole.functions_at,
        resolve=tuple(whole.resolve.items()),
    )
    scenarios = cast("list[dict[str, Any]]", top["scenarios"])
    sound = [(i, own) for i, own in enumerate(scenarios) if i not in source.unsound]
    if not whole.scenario.keys:
        return ScenarioFile(head, tuple(_draft(head, i, own, {}) for i, own in sound))
    drafts = []
    for index, own in sound:
        merged = over(whole.scenario, own, Origin(path, ("scenarios", index)), own=True)
        drafts.append(_draft(head, index, merged.keys, merged.origins))
    return ScenarioFile(head, tuple(drafts))


def as_text(value: Json) -> str:
    """A scalar as an environment variable or a parameter says it: numbers as they are written."""
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.written
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _resolved(value: Json) -> Resolved:
    return tuple(map(as_text, value)) if isinstance(value, list) else as_text(value)


def _draft(head: FileHead, index: int, keys: Mapping[str, Any], inherited: Mapping[DocPath, Origin]) -> Draft:
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
        get("event_from"),
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
        tuple(get("steps") or ()),
        get("retries"),
        get("repeat"),
        get("serial"),
        get("xfail"),
    )
