"""`--warm-check`: each scenario on a fresh worker, and on one that has served others; do the results differ?

What differs between two fresh workers as well (a time, an identifier) says nothing about state that leaks
from one invocation into the next, and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.checks.alignment import equal_to
from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.checks.facts import read_result
from lambda_scenarios.course import Course, Further, Manner, Pass, ordinary_pass
from lambda_scenarios.model.expectation import Clause, Expectation, Mismatch
from lambda_scenarios.model.outcome import Returned
from lambda_scenarios.verdict import Verdict, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_scenarios.model.outcome import Outcome

# A worker that was fresh itself has to be asked once more.
_WARM_PASSES = 2


def _first(course: Course) -> Pass:
    if course.remote:
        return ordinary_pass(course)
    return _fresh(course, 1)


def _fresh(course: Course, nth: int) -> Pass:
    return Pass(f"{course.private} cold {nth}", kept=bool(course.case.steps), kind="cold")


def _following(course: Course) -> Pass | None:
    if course.remote or course.attempts[-1].status != "passed" or course.case.xfail is not None:
        return None
    warm = [one for one in course.passes if one.kind == "warm"]
    cold = [one for one in course.passes if one.kind == "cold"]
    if not warm or (len(warm) < _WARM_PASSES and not _was_warm(warm[-1])):
        serial = course.case.serial
        # Its own isolation is not asked for: what a warm worker does is the question.
        return Pass(None if serial is None else f"serial {serial}", kept=serial is not None, kind="warm")
    if len(cold) == 1 and any(_differences(course, cold[0], warm[-1])):
        return _fresh(course, 2)
    return None


def _was_warm(one: Pass) -> bool:
    return all(outcome.nth > 1 for outcome in one.outcomes)


class _Difference(NamedTuple):
    invocation: int
    mismatch: Mismatch


def _differences(course: Course, before: Pass, after: Pass) -> Iterator[_Difference]:
    """What `after` gives otherwise than `before`, invocation by invocation."""
    for number, (one, other) in enumerate(zip(before.outcomes, after.outcomes, strict=False)):
        function = course.case.functions[number % len(course.case.functions)]
        expectation = _same_as(one, course)
        for mismatch in evaluate(expectation, other, function, b"{}").mismatches:
            yield _Difference(number, mismatch)


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
    cold = [number for number, one in enumerate(course.passes) if one.kind == "cold"]
    warm = [number for number, one in enumerate(course.passes) if one.kind == "warm"]
    last = course.attempts[-1]
    if last.status != "passed":
        if warm and last.kind == "warm":
            why = last.reason or "it passes on a fresh worker, and not on a warm one"
            return Verdict(last.status, why), ()
        return settle(course.attempts[-1:], course.case.xfail), ()
    found: list[_Difference] = []
    if warm and cold:
        first = course.passes[cold[0]]
        found = list(_differences(course, first, course.passes[warm[-1]]))
        if found and len(cold) > 1:
            varying = {
                (one.invocation, one.mismatch.location)
                for one in _differences(course, first, course.passes[cold[1]])
            }
            found = [one for one in found if (one.invocation, one.mismatch.location) not in varying]
    if not found:
        return settle(course.attempts[-1:], course.case.xfail), ()
    further = tuple(Further(warm[-1], one.invocation, _told(one.mismatch)) for one in found)
    return Verdict("failed", "its result on a warm worker differs from that on a fresh one"), further


def _told(mismatch: Mismatch) -> Mismatch:
    return mismatch._replace(
        expectation="--warm-check",
        message=f"a fresh worker gives {mismatch.expected}, a warm one {mismatch.found}",
    )


WARM_CHECK = Manner(_first, _following, _verdict)
