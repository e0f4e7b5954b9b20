"""`--warm-check`: each scenario on a fresh worker, and on one that has served others, and it; do the results
differ?

What differs between fresh workers as well (a time, an identifier) says nothing about state that leaks from
one invocation into the next, and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.checks.alignment import equal_to
from lambda_scenarios.checks.equality import json_equal
from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.checks.facts import read_result
from lambda_scenarios.checks.judge import has_type
from lambda_scenarios.checks.values import ANYTHING
from lambda_scenarios.checks.wording import type_of
from lambda_scenarios.course import Course, Further, Manner, Pass, ordinary_pass
from lambda_scenarios.model.expectation import Clause, Expectation, Mapping, Mismatch, TypeIs
from lambda_scenarios.model.expectation import Sequence as SequenceOf
from lambda_scenarios.model.outcome import Returned
from lambda_scenarios.verdict import Verdict, settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_scenarios.model.expectation import Node
    from lambda_scenarios.model.outcome import Outcome
    from lambda_scenarios.model.record import PassKind
    from lambda_scenarios.model.values import Json

# One on a worker that has served others (or nobody yet), and one after the scenario itself: what that leaves
# behind is found in a suite as it is alone.
_WARM_PASSES = 2
# So many at most, where there is a difference: what is drawn of a few values is soon the same twice.
_FRESH_PASSES = 4


def _first(course: Course) -> Pass:
    if course.remote:
        return ordinary_pass(course)
    return _fresh(course, 1)


def _fresh(course: Course, nth: int) -> Pass:
    return Pass(f"{course.private} cold {nth}", kept=bool(course.case.steps), kind="cold")


def _following(course: Course) -> Pass | None:
    if course.remote or course.attempts[-1].status != "passed" or course.case.xfail is not None:
        return None
    warm = _of_kind(course, "warm")
    if len(warm) < _WARM_PASSES:
        serial = course.case.serial
        # Its own isolation is not asked for: what a warm worker does is the question.
        apart = None if serial is None else f"serial {serial}"
        return Pass(apart, kept=serial is not None, kind="warm", same_worker=bool(warm))
    fresh = len(_of_kind(course, "cold"))
    return _fresh(course, fresh + 1) if fresh < _FRESH_PASSES and _differences(course) else None


def _of_kind(course: Course, kind: PassKind) -> list[int]:
    """The numbers of its passes of that kind."""
    return [number for number, one in enumerate(course.passes) if one.kind == kind]


def _differences(course: Course) -> tuple[Further, ...]:
    """What a warm worker gave otherwise than all fresh ones, of the first pass that has any."""
    functions = course.case.functions
    fresh = [course.passes[at].outcomes for at in _of_kind(course, "cold")]
    # Repetitions are on a worker that is warm.
    expected = [_agreed([outcomes[step] for outcomes in fresh], course) for step in range(len(functions))]
    for at in _of_kind(course, "warm"):
        found = tuple(
            Further(at, number, _told(mismatch))
            for number, outcome in enumerate(course.passes[at].outcomes)
            for mismatch in _mismatches(outcome, number % len(functions), expected, course)
        )
        if found:
            return found
    return ()


def _mismatches(
    outcome: Outcome, step: int, expected: Sequence[Expectation | None], course: Course
) -> tuple[Mismatch, ...]:
    expectation = expected[step]
    if expectation is None:
        return ()
    return evaluate(expectation, outcome, course.case.functions[step], b"{}").mismatches


def _agreed(outcomes: Sequence[Outcome], course: Course) -> Expectation | None:
    """What these agree in; None where some returned and others did not, or that is nested too deeply."""
    endings, origin = [outcome.ending for outcome in outcomes], course.case.origin
    returned = [read_result(ending.payload).value for ending in endings if isinstance(ending, Returned)]
    if len(returned) == len(endings):
        try:
            node = _node(returned)
        except RecursionError:
            return None
        return Expectation((Clause("output", (), node, external=True),), None, origin)
    if returned:
        return None
    kinds = [getattr(ending, "error_type", "") for ending in endings]
    messages = [getattr(ending, "message", "") for ending in endings]
    clauses = (
        Clause("error type", (), _node(kinds), external=True),
        Clause("error message", (), _node(messages), external=True),
    )
    return Expectation(clauses, "any", origin)


def _node(values: Sequence[Json]) -> Node:
    """What all of these match, and as little as possible else."""
    first = values[0]
    if all(json_equal(first, value) for value in values[1:]):
        return equal_to(first)
    objects = [value for value in values if isinstance(value, dict)]
    if isinstance(first, dict) and len(objects) == len(values):
        keys = [key for key in first if all(key in value for value in objects)]
        entries = tuple((key, _node([value[key] for value in objects])) for key in keys)
        return Mapping(entries, any(len(value) > len(keys) for value in objects))
    arrays = [value for value in values if isinstance(value, list)]
    if len(arrays) == len(values) and len({len(value) for value in arrays}) == 1:
        return SequenceOf(tuple(_node(items) for items in zip(*arrays, strict=True)))
    kind = type_of(first)
    return TypeIs((kind,)) if all(has_type(kind, value) for value in values) else ANYTHING


def _verdict(course: Course) -> tuple[Verdict, tuple[Further, ...]]:
    last = course.attempts[-1]
    if last.status != "passed" and last.kind == "warm":
        return Verdict(last.status, last.reason or "it passes on a fresh worker, and not on a warm one"), ()
    if last.status == "passed" and len(_of_kind(course, "cold")) > 1 and (found := _differences(course)):
        return Verdict("failed", "its result on a warm worker differs from that on a fresh one"), found
    return settle(course.attempts[-1:], course.case.xfail), ()


def _told(mismatch: Mismatch) -> Mismatch:
    return mismatch._replace(
        expectation="--warm-check",
        message=f"a fresh worker gives {mismatch.expected}, a warm one {mismatch.found}",
    )


WARM_CHECK = Manner(_first, _following, _verdict)
