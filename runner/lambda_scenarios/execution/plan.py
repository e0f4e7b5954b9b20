"""What is to be run where, before anything is started (pure)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lambda_scenarios.extending.backends import Starter
    from lambda_scenarios.model.container import ContainerSpec
    from lambda_scenarios.model.remote import RemoteCall, RemoteSpec
    from lambda_scenarios.runtimes.runtime import Debugger


# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: init has 10 seconds; after
# that it runs again as part of the first invocation, under the function's own timeout.
INIT_LIMIT = 10.0
NO_LIMIT = float("inf")


class WorkerSpec(NamedTuple):
    """How a worker is started, and what it may serve.

    `credits` is how many invocations its client may hold at once (1: a client that isn't this project's);
    `nonce` marks the ends of invocations in its output ("": it doesn't). `environment` is complete but for
    AWS_LAMBDA_RUNTIME_API; `number` names it in reports, and `identity` says whose credentials it has. Where
    there is a `container`, that is started, and `command` is empty; where there is a `remote`, nothing is.
    Where there is a `debugger`, it is waited for, and nothing has a limit; where there is a `starter`, it
    says what is started in place of `command`. A `measured` worker is asked to write which lines ran before
    it is ended.
    """

    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    credits: int
    nonce: str
    number: int
    identity: str = ""
    container: "ContainerSpec | None" = None
    remote: "RemoteSpec | None" = None
    debugger: "Debugger | None" = None
    starter: "Starter | None" = None
    measured: bool = False

    @property
    def init_limit(self) -> float:
        """Seconds that loading may take by itself."""
        return INIT_LIMIT if self.debugger is None else NO_LIMIT

    @property
    def backend(self) -> str:
        """Where it runs, as reports name it."""
        if self.remote is not None:
            return "aws"
        if self.starter is not None:
            return self.starter.known.name
        return "local" if self.container is None else "docker"

    @property
    def program(self) -> str:
        """What is started, as messages name it."""
        if self.remote is not None:
            return f"a request to {self.remote.shown}"
        if self.starter is not None:
            return self.starter.known.shown
        return self.command[0] if self.container is None else f"a container of {self.container.image}"


class Task(NamedTuple):
    """One invocation to be made, of the case of that number. `fixed` are the header lines that don't
    change; `remote` is what a request to AWS needs in their place."""

    case: int
    event: bytes
    timeout: float  # seconds
    remaining_ms: float  # what the context's remaining time starts from
    fixed: bytes
    request_id: str | None = None  # None: a new one
    order: int | None = None  # its place among all tasks; None: that of its case
    remote: "RemoteCall | None" = None

    @property
    def place(self) -> int:
        """Which of several lanes goes first: that of the task with the smallest."""
        return self.case if self.order is None else self.order

    def headers(self, now: float) -> bytes:
        """Header lines of the invocation, when it is sent at `now` (seconds since the epoch)."""
        return b"%sLambda-Runtime-Deadline-Ms: %d\r\nLambda-Scenarios-Remaining-Ms: %.3f\r\n" % (
            self.fixed,
            # Not rounded up: clients round the present, and nobody has more time than the timeout.
            int(now * 1000 + self.remaining_ms),
            self.remaining_ms,
        )


class Lane(NamedTuple):
    """Tasks that the same workers may serve, in order; see Assignment."""

    spec: WorkerSpec
    tasks: tuple[Task, ...]
    apart: str | None = None
    kept: bool = False


class Assignment(NamedTuple):
    """A task and which workers may serve it: those of its `spec`, shared by all of the same `apart` (None:
    by all that have none). `kept`: they wait for more, until that word is released."""

    spec: WorkerSpec
    task: Task
    apart: str | None = None
    kept: bool = False

    @property
    def lane(self) -> tuple[int, str | None]:
        """Which lane it belongs to."""
        return self.spec.number, self.apart


class Answer(NamedTuple):
    """What comes after the end of a task.

    `then` are tasks that could not be given before. `again` is to be given to the worker that served the
    task, or where that is gone, to the next of its lane. `released` are words of `Assignment.apart`: their
    workers may end.
    """

    go_on: bool
    then: tuple[Assignment, ...] = ()
    again: Task | None = None
    released: tuple[str, ...] = ()


GO_ON = Answer(go_on=True)
STOP = Answer(go_on=False)


def lanes(assignments: Sequence[Assignment]) -> tuple[Lane, ...]:
    """Groups what may share workers. Order is kept within a lane, and lanes stand in the order of their
    first tasks."""
    tasks: dict[tuple[int, str | None], list[Task]] = {}
    first: list[Assignment] = []
    for assignment in assignments:
        key = assignment.spec.number, assignment.apart
        found = tasks.get(key)
        if found is None:
            found = tasks[key] = []
            first.append(assignment)
        found.append(assignment.task)
    return tuple(Lane(one.spec, tuple(tasks[one.lane]), one.apart, one.kept) for one in first)


def one_by_one(lanes: Sequence[Lane]) -> tuple[Lane, ...]:
    """The lanes one after another, so that none of their workers is started again."""
    found: list[Lane] = []
    place = 0
    for lane in lanes:
        tasks = tuple(task._replace(order=place + nth) for nth, task in enumerate(lane.tasks))
        found.append(lane._replace(tasks=tasks))
        place += len(tasks)
    return tuple(found)
