"""`--warm-check`: each scenario on a fresh worker, and on one that has served others, and it; do the results
differ?

What differs between fresh workers as well (a time, an identifier) says nothing about state that leaks from
one invocation into the next, and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.checks.alignment import equal_to
from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.checks.explain_values import ABSENT
from lambda_scenarios.checks.facts import read_result
from lambda_scenarios.course import Course, Further, Manner, Pass, ordinary_pass
from lambda_scenarios.model.expectation import Clause, Expectation, Mismatch
from lambda_scenarios.model.locations import format_location, parse_location
from lambda_scenarios.model.outcome import Returned
from lambda_scenarios.verdict import Verdict, settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lambda_scenarios.model.outcome import Outcome
    from lambda_scenarios.model.record import PassKind

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
    return _fresh(course, fresh + 1) if fresh < _FRESH_PASSES and _unexplained(course) else None


def _of_kind(course: Course, kind: PassKind) -> list[int]:
    """The numbers of its passes of that kind."""
    return [number for number, one in enumerate(course.passes) if one.kind == kind]


def _unexplained(course: Course) -> tuple[Further, ...]:
    """What a warm worker gave otherwise than the first fresh one, and the other fresh ones did not: of the
    first pass that has any."""
    steps = len(course.case.functions)
    fresh = (course.passes[number] for number in _of_kind(course, "cold")[1:])
    varying = {
        (number, _what(one))
        for other in fresh
        for number, one in _differences(course, other.outcomes[:steps])  # a repetition is on a warm worker
    }
    for at in _of_kind(course, "warm"):
        found = tuple(
            Further(at, number, _told(one))
            for number, one in _differences(course, course.passes[at].outcomes)
            if not any(step == number % steps and _is_of(one, what) for step, what in varying)
        )
        if found:
            return found
    return ()


def _what(mismatch: Mismatch) -> str:
    """What varies: a location, or (in braces) which keys an object has."""
    if ABSENT in (mismatch.expected, mismatch.found):
        return f"{{{format_location(parse_location(mismatch.location)[:-1])}}}"
    return mismatch.location


def _is_of(mismatch: Mismatch, what: str) -> bool:
    """Whether that is what varies, or holds it."""
    rest = mismatch.location[len(what) : len(what) + 1]
    return _what(mismatch) == what or (mismatch.location.startswith(what) and rest in ("", ".", "["))


def _differences(course: Course, outcomes: Sequence[Outcome]) -> Iterator[tuple[int, Mismatch]]:
    """What these give otherwise than the first fresh worker when it was first asked, by their number."""
    functions = course.case.functions
    first = course.passes[0].outcomes
    for number, outcome in enumerate(outcomes):
        step = number % len(functions)
        expectation = _same_as(first[step], course)
        for mismatch in evaluate(expectation, outcome, functions[step], b"{}").mismatches:
            yield number, mismatch


def _same_as(outcome: Outcome, course: Course) -> Expectation:
    ending, origin = outcome.ending, course.case.origin
    if isinstance(ending, Returned):
        value = read_result(ending.payload).value
        return Expectation((Clause("output", (), equal_to(value), external=True),), None, origin)
    kind, message = getattr(ending, "error_type", ""), getattr(ending, "message", "")
    clauses = (
        Clause("error type", (), equal_to(kind), external=True),
        Clause("error message", (), equal_to(message), external=True),
    )
    return Expectation(clauses, "any", origin)


def _verdict(course: Course) -> tuple[Verdict, tuple[Further, ...]]:
    last = course.attempts[-1]
    if last.status != "passed" and last.kind == "warm":
        return Verdict(last.status, last.reason or "it passes on a fresh worker, and not on a warm one"), ()
    if last.status == "passed" and len(_of_kind(course, "cold")) > 1 and (found := _unexplained(course)):
        return Verdict("failed", "its result on a warm worker differs from that on a fresh one"), found
    return settle(course.attempts[-1:], course.case.xfail), ()


def _told(mismatch: Mismatch) -> Mismatch:
    return mismatch._replace(
        expectation="--warm-check",
        message=f"a fresh worker gives {mismatch.expected}, a warm one {mismatch.found}",
    )


WARM_CHECK = Manner(_first, _following, _verdict)
