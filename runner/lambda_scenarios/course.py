"""The course of a scenario that isn't over with one invocation: its steps, repetitions and further attempts.

A course is a row of passes, and a pass goes through all steps (`repeat` times). It ends with the first
invocation that doesn't pass. What a pass shares its workers with is said by `Assignment.apart`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import MissingPart, UsageError
from lambda_scenarios.execution.plan import GO_ON, Answer, Assignment
from lambda_scenarios.model.record import AttemptRecord
from lambda_scenarios.model.scenario import Captured
from lambda_scenarios.verdict import settle

if TYPE_CHECKING:
    from lambda_scenarios.model.expectation import Mismatch
    from lambda_scenarios.model.outcome import Outcome
    from lambda_scenarios.model.record import InvocationRecord, PassKind, Status
    from lambda_scenarios.model.scenario import Case, Invocation
    from lambda_scenarios.verdict import Verdict


class Supply(NamedTuple):
    """How a later step gets its task. `assign` raises MissingPart; `cwd` is what shown paths begin at."""

    assign: Callable[[int, Invocation], Assignment]
    cwd: str


class Further(NamedTuple):
    """A mismatch that is seen only when several passes are compared: of which attempt and invocation."""

    attempt: int
    invocation: int
    mismatch: Mismatch


class Manner(NamedTuple):
    """Which passes a course consists of, and what its end is."""

    first: Callable[[Course], Pass]
    following: Callable[[Course], Pass | None]
    verdict: Callable[[Course], tuple[Verdict, tuple[Further, ...]]]


class Pass:
    """One way through the steps. `kind` as in AttemptRecord; `same_worker`: without steps, on the worker that
    served the pass before, which is of the same `apart`."""

    def __init__(
        self, apart: str | None, *, kept: bool, kind: PassKind = "", same_worker: bool = False
    ) -> None:
        self.apart = apart
        self.kept = kept
        self.kind = kind
        self.same_worker = same_worker
        self.invocations: list[InvocationRecord] = []
        self.outcomes: list[Outcome] = []
        self.captured: list[Captured] = []
        self.repetition = 1

    def record(self, status: Status, reason: str | None, not_run: Sequence[str]) -> AttemptRecord:
        return AttemptRecord(status, tuple(self.invocations), self.kind, reason, tuple(not_run))


class _Unready(Exception):
    """The next step can't be made."""


class Course:
    """One scenario on its way. `passes` are those that have ended, and `attempts` their records; `over` says
    that no more follows."""

    def __init__(self, number: int, case: Case, first: Assignment, supply: Supply, manner: Manner) -> None:
        assert case.invocation is not None, "skipped scenarios have no course"
        self.number = number
        self.case = case
        self.passes: list[Pass] = []
        self.attempts: list[AttemptRecord] = []
        self.over = False
        self.invocation: Invocation = case.invocation
        self.spec = first.spec
        self.cold = first.apart is not None
        self.place = first.task.place  # as Task.place
        self._first = first
        self._supply = supply
        self._manner = manner
        self._pass = manner.first(self)

    @property
    def step(self) -> str:
        """The id of the step at hand; "" where there are none."""
        steps = self.case.steps
        return steps[len(self._pass.captured)].id if steps else ""

    @property
    def remote(self) -> bool:
        """Whether it runs on AWS, where workers are not ours to choose."""
        return self._first.spec.remote is not None

    @property
    def private(self) -> str:
        """What sets the workers of this course apart from those of all others."""
        return f"scenario {self.number}"

    @property
    def has_failed(self) -> bool:
        """Whether a pass has just ended that was none."""
        return bool(self.attempts) and not self._pass.invocations and self.attempts[-1].status != "passed"

    def begin(self) -> Assignment:
        """The first invocation."""
        return self._assignment()

    def ended(self, record: InvocationRecord, verdict: Verdict, outcome: Outcome) -> Answer:
        """The invocation at hand has ended; what comes next of this course."""
        now = self._pass
        now.invocations.append(record)
        now.outcomes.append(outcome)
        status, reason = verdict
        if status == "passed":
            now.captured.append(_captured(record))
            if len(now.captured) < len(self.case.steps):
                try:
                    return Answer(go_on=True, then=(self._assignment(),))
                except _Unready as unready:
                    status, reason = "error", str(unready)
            elif now.repetition < self.case.repeat:
                now.repetition += 1
                now.captured.clear()
                following = self._assignment()
                if self.case.steps:
                    return Answer(go_on=True, then=(following,))
                return Answer(go_on=True, again=following.task)
        return self._passed(status, reason)

    def verdict(self) -> tuple[Verdict, tuple[Further, ...]]:
        """What has come of it, when it is over."""
        return self._manner.verdict(self)

    def unfinished(self) -> tuple[AttemptRecord, ...]:
        """All attempts, the one that was broken off included."""
        if not self._pass.invocations or self.over:
            return tuple(self.attempts)
        return (*self.attempts, self._pass.record("not run", None, self._not_reached()))

    def _passed(self, status: Status, reason: str | None) -> Answer:
        """A pass has ended."""
        ended = self._pass
        self.passes.append(ended)
        self.attempts.append(ended.record(status, reason, self._not_reached()))
        of_its_own = ended.kept and ended.apart is not None and ended.apart.startswith(self.private)
        released = (ended.apart,) if of_its_own and ended.apart is not None else ()
        following = self._manner.following(self)
        if following is None:
            self.over = True
            return Answer(go_on=True, released=released) if released else GO_ON
        self._pass = following
        if following.same_worker and not self.case.steps:
            return Answer(go_on=True, again=self._assignment().task)
        return Answer(go_on=True, then=(self._assignment(),), released=released)

    def _not_reached(self) -> tuple[str, ...]:
        reached = len(self._pass.invocations) - (self._pass.repetition - 1) * len(self.case.steps)
        return tuple(step.id for step in self.case.steps[reached:])

    def _assignment(self) -> Assignment:
        """The task of the step at hand. Raises _Unready where it can't be made."""
        index = len(self._pass.captured)
        if index == 0:
            assert self.case.invocation is not None
            self.invocation, found = self.case.invocation, self._first
        else:
            step = self.case.steps[index]
            try:
                self.invocation = step.invocation or step.render(tuple(self._pass.captured))
                found = self._supply.assign(self.number, self.invocation)
            except UsageError as error:
                from lambda_scenarios.diagnostics import in_short

                raise _Unready(in_short(error.diagnostics, self._supply.cwd)) from None
            except MissingPart as part:
                raise _Unready("\n".join((part.problem, *part.notes))) from None
        self.spec = found.spec
        task = found.task._replace(order=self.place)
        if self.remote:
            return Assignment(found.spec, task)
        return Assignment(found.spec, task, self._pass.apart, self._pass.kept)


def _captured(record: InvocationRecord) -> Captured:
    error = record.error
    return Captured(
        record.step,
        record.output,
        record.logs,
        None if error is None else (error.type, error.message, error.stack),
    )


def ordinary_pass(course: Course) -> Pass:
    """Among the others, as far as the scenario allows it."""
    case, several = course.case, bool(course.case.steps)
    if course.cold or (several and case.repeat > 1):
        return Pass(course.private, kept=several)
    if case.serial is not None:
        return Pass(f"serial {case.serial}", kept=True)
    return Pass(None, kept=False)


def _next_attempt(course: Course) -> Pass | None:
    """On fresh workers, where an attempt is left."""
    case, count = course.case, len(course.attempts)
    failed = course.attempts[-1].status in ("failed", "error")
    if not failed or case.xfail is not None or count > case.retries:
        return None
    return Pass(f"{course.private} attempt {count + 1}", kept=bool(case.steps))


def _of_attempts(course: Course) -> tuple[Verdict, tuple[Further, ...]]:
    return settle(course.attempts, course.case.xfail), ()


# Passes until one is successful, as many as `retries` allows.
ATTEMPTS = Manner(ordinary_pass, _next_attempt, _of_attempts)


class Courses:
    """All courses of a run, and what of them waits for its turn in its `serial` group."""

    def __init__(
        self,
        cases: Sequence[Case],
        assignments: Sequence[Assignment],
        supply: Supply,
        manner: Manner | None = None,
    ) -> None:
        """`manner` is that of all scenarios; None: some are over with one invocation."""
        self._courses: dict[int, Course] = {}
        self._waiting: dict[str, deque[Course]] = {}
        first: list[Assignment] = []
        groups: dict[str, list[Course]] = {}
        for assignment in assignments:
            number = assignment.task.case
            case = cases[number]
            if manner is None and not case.goes_on:
                first.append(assignment)
                continue
            course = Course(number, case, assignment, supply, manner or ATTEMPTS)
            self._courses[number] = course
            if case.serial is None:
                first.append(course.begin())
            else:
                groups.setdefault(case.serial, []).append(course)
        for group, courses in groups.items():
            courses.sort(key=lambda course: course.number)
            # A group that has begun goes on before another begins: the worker of each waits for its rest.
            place = min(course.place for course in courses)
            for course in courses:
                course.place = place
            first.append(courses[0].begin())
            self._waiting[group] = deque(courses[1:])
        self.first = tuple(sorted(first, key=lambda assignment: assignment.task.place))

    def of(self, number: int) -> Course | None:
        """The course of the case of that number, which isn't over."""
        return self._courses.get(number)

    def after(self, course: Course, answer: Answer) -> Answer:
        """The answer of a course that is over, with what its end sets free. It is kept no longer: it has all
        that was sent and came back."""
        del self._courses[course.number]
        group = course.case.serial
        if group is None:
            return answer
        waiting = self._waiting[group]
        if waiting:
            return answer._replace(then=(*answer.then, waiting.popleft().begin()))
        return answer._replace(released=(*answer.released, f"serial {group}"))
