"""Scenarios of more than one invocation, or with an end of their own: `steps`, `retries`, `repeat`, `serial`,
`xfail`. Imported where one is used."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.scenario import Step
from lambda_scenarios.scenarios.build import as_text
from lambda_scenarios.scenarios.parts import Part
from lambda_scenarios.scenarios.steps import check_no_expectation, names_of, step_draft, step_ids
from lambda_scenarios.scenarios.template_names import Pending

if TYPE_CHECKING:
    from lambda_scenarios.model.scenario import Captured, Case, Invocation
    from lambda_scenarios.model.values import Json

_MOST = 10_000  # repetitions: more is a slip


def of_several(case: Case, part: Part, skipped_too: bool) -> Case:
    """The case with all its invocations; with none where it is skipped. Raises UsageError."""
    wrong: list[Diagnostic] = []
    overrides = part.stage.settings.overrides
    try:
        case = case._replace(
            retries=_count(part, "retries", part.draft.retries, overrides.retries, 0),
            repeat=_count(part, "repeat", part.draft.repeat, overrides.repeat, 1),
            serial=_serial(part),
            xfail=_xfail(part),
        )
    except UsageError as error:
        wrong.extend(error.diagnostics)
    if case.skip is None or skipped_too:
        try:
            if part.draft.steps:
                steps = _steps(part)
                functions = dict.fromkeys(step.function.key for step in steps)
                case = case._replace(steps=steps, invocation=steps[0].invocation)
                case = case._replace(function=", ".join(functions))
            else:
                case = case._replace(invocation=part.stage.invocation(part))
        except UsageError as error:
            wrong.extend(error.diagnostics)
    elif part.draft.steps:
        case = case._replace(function=", ".join(part.item.functions))
    if wrong:
        raise UsageError(*dict.fromkeys(wrong))
    return case if case.skip is None else case._replace(steps=(), invocation=None)


def _steps(part: Part) -> tuple[Step, ...]:
    ids = step_ids(part.draft)
    check_no_expectation(part.draft)
    found: list[Step] = []
    wrong: list[Diagnostic] = []
    for index in range(len(ids)):
        try:
            found.append(_step(part, ids, index))
        except UsageError as error:
            wrong.extend(error.diagnostics)
    if wrong:
        raise UsageError(*wrong)
    return tuple(found)


def _step(part: Part, ids: tuple[str, ...], index: int) -> Step:
    item, stage = part.item, part.stage
    draft = step_draft(part.draft, index)
    name, earlier = ids[index], ids[:index]

    def part_of(captured: tuple[Captured, ...] | None) -> Part:
        return Part(
            item,
            stage,
            draft,
            item.step_functions[index],
            names_of(earlier, captured),
            part.scope,
            # A step draws at random for itself: what it draws doesn't depend on the steps before it.
            f"{item.id}::{name}",
        )

    first = part_of(None)
    invocation: Invocation | None = None
    try:
        function = first.function()
        invocation = stage.invocation(first)
    except (Pending, UsageError):
        if problems := first.problems():
            raise UsageError(*problems) from None

    def render(captured: tuple[Captured, ...]) -> Invocation:
        return stage.invocation(part_of(captured))

    return Step(name, function, invocation, render)


def _count(part: Part, key: str, written: Json, override: int | None, least: int) -> int:
    if override is not None:
        return override
    if written is None:
        return least
    value = part.scope.render(written, key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        problem = f"`{key}` must be a whole number from {least} to {_MOST:,}: {_given(value)}"
        raise UsageError(Diagnostic(problem, part.draft.origin(key)))
    return value


def _serial(part: Part) -> str | None:
    written = part.draft.serial
    if written is None:
        return None
    value = part.scope.render(written, "serial")
    if isinstance(value, (list, dict)) or value is None or not as_text(value).strip():
        problem = f"`serial` must be the name of a group: {_given(value)}"
        raise UsageError(Diagnostic(problem, part.draft.origin("serial")))
    return as_text(value)


def _xfail(part: Part) -> str | None:
    """The reason; None where nothing is expected to fail (any more)."""
    written = part.draft.xfail
    if written is None:
        return None
    value = part.scope.render(written, "xfail")
    until: Json = None
    if isinstance(value, dict):
        until = value.get("until")
        value = value["reason"]
    if until is not None:
        today = datetime.fromtimestamp(part.stage.settings.now, tz=timezone.utc).date()
        if today > _day(part, until):
            return None
    if isinstance(value, (list, dict)) or value is None or not as_text(value).strip():
        problem = f"`xfail` must say why it is expected to fail: {_given(value)}"
        raise UsageError(Diagnostic(problem, part.draft.origin("xfail")))
    return as_text(value)


def _day(part: Part, text: Json) -> date:
    try:
        return date.fromisoformat(as_text(text) if not isinstance(text, (list, dict)) else "")
    except ValueError:
        problem = f"`until` must be a day: {_given(text)}"
        origin = part.draft.origin("xfail", "until")
        raise UsageError(Diagnostic(problem, origin, "as 2030-12-31")) from None


def _given(value: Json) -> str:
    from lambda_scenarios.scenarios.explain import shown

    return f"not {shown(value)}"
