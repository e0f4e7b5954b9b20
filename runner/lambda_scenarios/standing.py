"""Scenarios and functions one at a time, on workers that stay warm in between: for other test runners.

Here the caller decides what comes next; what an invocation is, how it is judged and recorded is the same as
in a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios import recording
from lambda_scenarios.course import ATTEMPTS, Course, Supply
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.execution.plan import GO_ON, Answer
from lambda_scenarios.execution.prepare import Conditions, Desk
from lambda_scenarios.execution.scheduler import Limits, Scheduler
from lambda_scenarios.execution.starting import Means
from lambda_scenarios.judge import Judge
from lambda_scenarios.model.outcome import Outcome
from lambda_scenarios.reports import masking
from lambda_scenarios.runtimes.identity import made_up, secrets_of_files
from lambda_scenarios.sequences import Sequences

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_scenarios.execution.plan import Assignment, WorkerSpec
    from lambda_scenarios.model.function import Function
    from lambda_scenarios.model.record import Record, Status
    from lambda_scenarios.model.scenario import Case, Invocation
    from lambda_scenarios.runtimes.runtime import World

_IDLE = 8  # workers that are kept warm


class Place(NamedTuple):
    """Where the project is (`root`, absolute), and how results are told. No build depends on `reports`, a
    directory; `mask` are names of secret variables, `conditions` options for the commands that are shown."""

    root: str
    reports: str
    mask: tuple[str, ...] = ()
    conditions: str = ""
    missing_runtime_skips: bool = False
    snapshots_update: bool = False


class Standing:
    """Starts workers when they are needed; `close` ends them, and stores snapshots."""

    def __init__(
        self, place: Place, world: World, conditions: Conditions, secrets: Callable[[], frozenset[str]]
    ) -> None:
        """`secrets` gives values that nothing may show, as they are known when a scenario begins."""
        self._place = place
        self._world = world
        self._conditions = conditions
        self._unbuilt: dict[tuple[str, str], MissingPart] = {}
        self._built: set[tuple[str, str]] = set()
        self._of_catalog = secrets
        self._secrets: frozenset[str] = frozenset()
        self._cases: list[Case] = []
        self._specs: dict[int, WorkerSpec] = {}
        self._courses: dict[int, Course] = {}
        self._record: Record | None = None
        self._outcome: Outcome | None = None
        self._calls = 0
        self._open()

    def _open(self) -> None:
        """Everything that belongs to workers: none of them is there yet."""
        place = self._place
        self._desk = Desk(self._world, self._conditions._replace(unbuilt=self._unbuilt))
        self._scheduler = Scheduler((), Limits(jobs=1, idle=_IDLE, prefetch=False, more=True))
        self._scheduler.open()
        self._known: set[int] = set()
        self._judge = Judge(
            self._cases,
            self._specs,
            self,
            self._publish,
            masking.Masker(self._secrets),
            Sequences(self._cases, place.root, self._world.cwd, place.conditions),
            self._announce,
            cwd=self._world.cwd,
            max_failures=None,
        )

    def run(self, case: Case) -> Record:
        """The result of a scenario. Raises KeyboardInterrupt."""
        number = len(self._cases)
        self._cases.append(case)
        if case.skip is not None:
            return recording.without_invocation(case, "skipped", case.skip)
        for function in case.functions:
            self._build(function)
        try:
            first = self._desk.first(number, case, number)
        except MissingPart as part:
            skipped = self._place.missing_runtime_skips and part.skippable
            status: Status = "skipped" if skipped else "error"
            return recording.without_invocation(case, status, "\n".join((part.problem, *part.notes)))
        self._specs[number] = first.spec
        if case.invocation is not None:
            self._learn_secrets(case.invocation, first.spec)
        if case.goes_on:
            course = Course(number, case, first, Supply(self._desk.assign, self._world.cwd), ATTEMPTS)
            self._courses[number] = course
            first = course.begin()
        self._record = None
        self._serve(first)
        assert self._record is not None, "what was served has its result"
        return self._record

    def invoke(self, invocation: Invocation) -> Outcome:
        """The outcome of one invocation, unjudged. Raises MissingPart and KeyboardInterrupt."""
        self._build(invocation.function)
        assignment = self._desk.assign(_NO_CASE, invocation)
        if invocation.isolation == "cold" and assignment.spec.remote is None:
            self._calls += 1
            assignment = assignment._replace(apart=f"call {self._calls}")
        self._learn_secrets(invocation, assignment.spec)
        self._outcome = None
        self._serve(assignment)
        assert self._outcome is not None, "what was served has ended"
        return self._outcome

    def warnings(self) -> tuple[str, ...]:
        """What there is to say of how functions are run, as of a runtime that this machine has not."""
        return tuple(self._desk.said(apart=True))

    def masked(self, text: str) -> str:
        """The text without the secrets that are known."""
        return self._judge.masker.text(text)

    def _serve(self, assignment: Assignment) -> None:
        """To its end. Raises KeyboardInterrupt, and what breaks in, as the time limits of other plugins."""
        self._provide()
        try:
            if self._scheduler.serve([assignment], self) is not None:
                raise KeyboardInterrupt
        except BaseException:
            # A worker that is still busy would answer in the place of the next one.
            album = self._judge.album
            self._scheduler.close()
            self._courses.clear()
            self._open()
            self._judge.album = album
            raise

    def close(self) -> tuple[str, ...]:
        """Ends the workers; stores snapshots, and returns why some could not be."""
        self._scheduler.close()
        if self._judge.album is None:
            return ()
        from lambda_scenarios.snapshotting import store_all

        update = self._place.snapshots_update
        # What is stale is known only where everything ran, which one process of several can't tell.
        return store_all(self._judge.album, (), frozenset(), [], self._place.root, update=update).problems

    def _provide(self) -> None:
        """Engines and clients are found when the first function needs one."""
        means = Means(engine=self._desk.engine, invoker=self._desk.invoker, say=self._conditions.say)
        self._scheduler.provide(means)

    def _build(self, function: Function) -> None:
        key = (function.build or "", function.code)
        if function.build is None or key in self._built:
            return
        self._built.add(key)
        from lambda_scenarios.builds import Site, run_builds

        world = self._world
        site = Site(self._place.root, self._place.reports, world.cwd, world.environ)
        self._unbuilt.update(run_builds([function], site, self._conditions.say))

    def _learn_secrets(self, invocation: Invocation, spec: WorkerSpec) -> None:
        if invocation.credentials == "inherit":
            self._secrets |= frozenset(secrets_of_files(self._world.environ))
        if (masker := self._announce(spec)) is not None:
            self._judge.masker = masker

    def _announce(self, spec: WorkerSpec) -> masking.Masker | None:
        if spec.number in self._known:
            return None
        self._known.add(spec.number)
        variables = [pair for pair in spec.environment if not made_up(*pair)]
        found = self._secrets | self._of_catalog()
        found |= masking.secret_values(variables, self._place.mask)
        self._secrets = found
        return masking.Masker(found)

    def _publish(self, record: Record) -> None:
        self._record = record

    # What the judge asks of courses.

    def of(self, number: int) -> Course | None:
        return self._courses.get(number)

    def after(self, course: Course, answer: Answer) -> Answer:
        del self._courses[course.number]
        return answer

    # What the scheduler calls.

    def outcome(self, case: int, outcome: Outcome) -> Answer:
        if case == _NO_CASE:
            self._outcome = outcome
            return GO_ON
        return self._judge.outcome(case, outcome)

    def turn(self, running: int | None, since: float) -> None:
        pass


_NO_CASE = -1
