"""One invocation, from top to bottom: read `invoke`, each line hands what it made to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic, Interrupted, UsageError, strictly
from lambda_scenarios.execution import plan
from lambda_scenarios.execution.loop import raise_interrupts
from lambda_scenarios.execution.prepare import Conditions, prepare_one
from lambda_scenarios.execution.scheduler import Limits, Scheduler
from lambda_scenarios.execution.starting import Means
from lambda_scenarios.invoke.event import Given, context_of, event_of
from lambda_scenarios.model.expectation import Expectation
from lambda_scenarios.model.outcome import Outcome
from lambda_scenarios.model.scenario import BackendName, Credentials, Invocation
from lambda_scenarios.model.values import Origin
from lambda_scenarios.services.catalog import Catalog, ServiceOptions

if TYPE_CHECKING:
    from lambda_scenarios.backends.early import Early
    from lambda_scenarios.runtimes.runtime import World


class InvokeRequest(NamedTuple):
    """One invocation, as the command line asked for it. `service` is an absolute file or directory;
    `timeout` (seconds) is None for the function's own."""

    function: str
    service: str
    options: ServiceOptions
    event: Given
    context: Given
    conditions: Conditions
    raw: bool = False
    environment: tuple[tuple[str, str | None], ...] = ()  # None unsets
    timeout: float | None = None
    credentials: Credentials = "inherit"
    backend: BackendName = "auto"
    strict: bool = False


class Invoked(NamedTuple):
    invocation: Invocation
    outcome: Outcome


class Console(NamedTuple):
    """What is told while it goes on: warnings, and the function's output as it comes, byte for byte.
    `standard_input` reads the event, where none is given."""

    warn: Callable[[Sequence[Diagnostic]], None]
    output: Callable[[bytes], None]
    standard_input: Callable[[], bytes]


def invoke(request: InvokeRequest, world: World, console: Console, early: Early | None = None) -> Invoked:
    """Reads, invokes. Raises UsageError and MissingPart before anything is started, and Interrupted."""
    with Catalog(world.environ, world.cwd) as catalog:
        service = catalog.open(request.service, request.options)
        function = service.function(request.function)
    warnings = list(service.warnings())
    root = function.service.root
    event = event_of(request.event, root, world, raw=request.raw, standard_input=console.standard_input)
    context = context_of(request.context, root, function, world, warnings)
    if request.backend == "aws":
        from lambda_scenarios.scenarios.on_aws import check_context

        check_context(context, None)
    invocation = Invocation(
        function=function,
        event=event,
        context=context,
        environment=request.environment,
        timeout=request.timeout or function.timeout,
        expectation=Expectation((), None, Origin(service.file)),
        credentials=request.credentials,
        backend=request.backend,
    )
    if request.strict and (wrong := strictly(warnings)):
        raise UsageError(*wrong)
    prepared = prepare_one(invocation, world, request.conditions)
    console.warn((*warnings, *(Diagnostic(text, severity="warning") for text in prepared.warnings)))
    raise_interrupts()
    watcher = _Watcher()
    scheduler = Scheduler(
        plan.lanes(prepared.assignments),
        Limits(jobs=1, idle=0, prefetch=False),
        Means(early, console.output, prepared.engine, prepared.invoker, request.conditions.say),
    )
    _, stopped_by = scheduler.run(lambda: watcher)
    if watcher.ended is None:
        if scheduler.abandoned:
            raise Interrupted(f"nothing is waited for ({stopped_by}); the function may still run on AWS")
        raise Interrupted(f"the function was ended ({stopped_by})")
    return Invoked(invocation, watcher.ended)


class _Watcher:
    """Keeps the one outcome."""

    def __init__(self) -> None:
        self.ended: Outcome | None = None

    def outcome(self, case: int, outcome: Outcome) -> plan.Answer:  # noqa: ARG002 - as the scheduler calls it
        self.ended = outcome
        return plan.GO_ON

    def turn(self, running: int | None, since: float) -> None:
        pass
