"""Takes outcomes as they come: evaluates, decides, records; and hands each record on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from lambda_scenarios import recording, verdict
from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.execution.plan import GO_ON, STOP, Answer, WorkerSpec
from lambda_scenarios.model.expectation import Evaluation, Expectation
from lambda_scenarios.model.outcome import BackendFailed, Outcome
from lambda_scenarios.model.record import InvocationRecord, Record, Status
from lambda_scenarios.model.scenario import Case, Invocation
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports import masking
from lambda_scenarios.scenarios.yaml_source import locate
from lambda_scenarios.sequences import Before, Sequences

if TYPE_CHECKING:
    from lambda_scenarios.course import Course
    from lambda_scenarios.snapshotting import Album


class Supervised(Protocol):
    """See `course.Courses`."""

    def of(self, number: int) -> Course | None: ...
    def after(self, course: Course, answer: Answer) -> Answer: ...


_UNJUDGED = Evaluation((), ())
_BAD: tuple[Status, ...] = ("failed", "error")


class Judge:
    """One for a run. `specs` says which worker's environment each case runs in; `courses` are the scenarios
    that aren't over with one invocation, where there are any; `publish` takes each result; `announce` is told
    of workers that nobody knew of before, and returns the masker that knows their secrets."""

    def __init__(
        self,
        cases: Sequence[Case],
        specs: Mapping[int, WorkerSpec],
        courses: Supervised | None,
        publish: Callable[[Record], None],
        masker: masking.Masker,
        sequences: Sequences,
        announce: Callable[[WorkerSpec], masking.Masker | None],
        *,
        cwd: str,
        max_failures: int | None,
    ) -> None:
        self.counts: dict[Status, int] = {}
        self.failed: list[str] = []  # ids, of those that ended in error too
        self.judged: set[int] = set()  # the cases that have their result
        self._cases = cases
        self._specs = specs
        self._courses = courses
        self._publish = publish
        self.masker = masker
        self._announce = announce
        self._cwd = cwd
        self._max_failures = max_failures
        self.album: Album | None = None  # where a scenario has a snapshot
        self._sequences = sequences

    def outcome(self, number: int, outcome: Outcome) -> Answer:
        """An invocation ended; what comes next."""
        case = self._cases[number]
        if self._courses is not None and (course := self._courses.of(number)) is not None:
            return self._of_course(course, outcome)
        invocation = case.invocation
        assert invocation is not None, "only cases with an invocation are executed"
        record, decided = self._judged(number, invocation, outcome, self._specs[number], "")
        self.record(number, recording.of_one(case, decided, record))
        return GO_ON if self._goes_on() else STOP

    def _of_course(self, course: Course, outcome: Outcome) -> Answer:
        record, decided = self._judged(course.number, course.invocation, outcome, course.spec, course.step)
        answer = course.ended(record, decided, outcome)
        if self.album is not None and course.has_failed:
            self.album.forget(course.number)
        if course.over:
            answer = self._courses.after(course, answer) if self._courses is not None else answer
            self.record(course.number, self._of_attempts(course))
            if not self._goes_on():
                return answer._replace(go_on=False)
        for assignment in answer.then:
            if (masker := self._announce(assignment.spec)) is not None:
                self.masker = masker
        return answer

    def _of_attempts(self, course: Course) -> Record:
        decided, further = course.verdict()
        attempts = list(course.attempts)
        for at, which, mismatch in further:
            invocations = list(attempts[at].invocations)
            found = invocations[which]
            told = recording.mismatch_of(mismatch, locate, self._shown)
            before = self._sequences.before(found.worker, found.nth - 1, course.number, itself=True)
            invocations[which] = found._replace(
                mismatches=(*found.mismatches, told), before=before.scenarios, replay=before.replay
            )
            attempts[at] = attempts[at]._replace(status=decided.status, invocations=tuple(invocations))
        return recording.of_attempts(course.case, decided, tuple(attempts))

    def _judged(
        self, number: int, invocation: Invocation, outcome: Outcome, spec: WorkerSpec, step: str
    ) -> tuple[InvocationRecord, verdict.Verdict]:
        if isinstance(outcome.ending, BackendFailed):
            evaluation = _UNJUDGED
        else:
            expectation = self._expected(number, invocation)
            evaluation = evaluate(expectation, outcome, invocation.function, invocation.event)
        mismatches = evaluation.mismatches
        decided = verdict.decide(
            outcome.ending,
            holds=not mismatches,
            unjudged=evaluation.unjudged,
        )
        if self.album is not None and decided.status == "passed":
            self.album.take(number, invocation.expectation.snapshot, outcome.ending)
        before = Before()
        if decided.status != "passed" and spec.remote is None:
            before = self._sequences.before(outcome.worker, outcome.nth - 1, number, itself=False)
        self._sequences.add(outcome.worker, number)
        record = recording.of_invocation(
            invocation,
            outcome,
            evaluation,
            decided,
            scenario=self._cases[number].id,
            step=step,
            before=before,
            environment=spec.number,
            backend=spec.backend,
            locate=locate,
            shown=self._shown,
        )
        return record, decided

    def _expected(self, number: int, invocation: Invocation) -> Expectation:
        if invocation.expectation.snapshot is None:
            return invocation.expectation
        if self.album is None:
            from lambda_scenarios.snapshotting import Album

            self.album = Album(self._without_secrets)
        return self.album.expected(number, invocation.expectation)

    def _without_secrets(self, text: str) -> str:
        return self.masker.json_text(text)

    def _shown(self, path: str) -> str:
        return shown_path(path, self._cwd)

    def _goes_on(self) -> bool:
        if self._max_failures is None:
            return True
        return self.counts.get("failed", 0) + self.counts.get("error", 0) < self._max_failures

    def broken_off(self, number: int, reason: str) -> None:
        """A scenario that was not reached, or not finished."""
        case = self._cases[number]
        course = None if self._courses is None else self._courses.of(number)
        attempts = () if course is None else course.unfinished()
        self.record(number, recording.of_attempts(case, verdict.unfinished(attempts, reason), attempts))

    def record(self, number: int, record: Record) -> None:
        """A scenario has its result."""
        self.judged.add(number)
        if self.album is not None:
            fate = self.album.settle(number, passed=record.status in ("passed", "flaky"))
            record = record._replace(snapshot=fate)
        record = masking.mask_record(record, self.masker)
        self.counts[record.status] = self.counts.get(record.status, 0) + 1
        if record.status in _BAD:
            self.failed.append(record.id)
        self._publish(record)
