"""Scenarios: as selected (`Case`), and rendered, ready to be executed (`Invocation`)."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from lambda_scenarios.model.expectation import Expectation
from lambda_scenarios.model.function import Function
from lambda_scenarios.model.values import Origin

Isolation = Literal["warm", "cold"]
# Those of this program, the first by default; any other is that of an extension.
BACKENDS = ("auto", "local", "docker", "aws")
BackendName = str
Credentials = Literal["none", "inherit", "role"]


# Of a synchronous invocation, in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST_EVENT = 6 * 1024 * 1024


class ContextOverride(NamedTuple):
    """What a scenario changes of the mock context.

    `replacement` is passed in place of the context object (JSON text, ASCII only). `remaining_time_ms`
    is where the remaining time starts. `attributes` is a JSON object of further attributes of the
    context object (ASCII only). The rest are Lambda's own fields, None where the mock's value stays.
    """

    replacement: str | None = None
    aws_request_id: str | None = None
    function_name: str | None = None
    function_version: str | None = None
    invoked_function_arn: str | None = None
    memory_limit_in_mb: int | None = None
    log_group_name: str | None = None
    log_stream_name: str | None = None
    identity: str | None = None  # JSON text
    client_context: str | None = None  # JSON text
    remaining_time_ms: float | None = None
    attributes: str | None = None  # JSON text of an object


class Invocation(NamedTuple):
    """One call of one function: all templates rendered, all files read."""

    function: Function
    event: bytes  # JSON, UTF-8
    context: ContextOverride
    environment: tuple[tuple[str, str | None], ...]  # over the function's own; None unsets
    timeout: float  # seconds
    expectation: Expectation
    isolation: Isolation = "warm"
    credentials: Credentials = "none"
    backend: BackendName = "auto"


class Captured(NamedTuple):
    """What a step leaves to the templates of later ones.

    `output` is JSON text, None where there is no result; `error` has type, message and stack (lines).
    """

    step: str  # its id
    output: str | None
    logs: str
    error: tuple[str, str, tuple[str, ...]] | None


class Step(NamedTuple):
    """One invocation of a scenario that has several.

    `invocation` is None where templates need what earlier steps returned; `render` makes it then, and raises
    UsageError.
    """

    id: str  # its position (from 1) where it has none of its own
    function: Function
    invocation: Invocation | None
    render: Callable[[tuple[Captured, ...]], Invocation]


class Case(NamedTuple):
    """A scenario after expansion: one test, one result.

    `skip` is the reason where it is skipped. `invocation` is None exactly where `skip` is given; of a
    scenario with steps it is that of the first. `xfail` is the reason where it is expected to fail; `serial`
    names a group that runs one after another.
    """

    id: str  # scenarios/orders/create.yml::creates an order
    file: str  # POSIX path from the project root
    name: str
    origin: Origin
    line: int  # of the scenario in its file, from 1
    description: str
    tags: tuple[str, ...]
    function: str  # key
    skip: str | None
    invocation: Invocation | None
    steps: tuple[Step, ...] = ()
    retries: int = 0
    repeat: int = 1
    serial: str | None = None
    xfail: str | None = None

    @property
    def functions(self) -> tuple[Function, ...]:
        """What it invokes, in order; nothing where it is skipped."""
        if self.steps:
            return tuple(step.function for step in self.steps)
        return () if self.invocation is None else (self.invocation.function,)

    @property
    def goes_on(self) -> bool:
        """Whether more may come of it than one invocation, or its end is more than that of its invocation."""
        return bool(
            self.steps or self.retries or self.repeat > 1 or self.serial is not None or self.xfail is not None
        )
