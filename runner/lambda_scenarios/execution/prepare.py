"""From cases to assignments: which worker each needs, and with which headers it is invoked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic, MissingPart, UsageError
from lambda_scenarios.execution.identities import Identities
from lambda_scenarios.execution.plan import NO_LIMIT, Assignment, Task, WorkerSpec
from lambda_scenarios.execution.tasks import task_of
from lambda_scenarios.model.function import Function
from lambda_scenarios.model.scenario import BACKENDS, Case, ContextOverride, Invocation
from lambda_scenarios.runtimes.all_runtimes import backend_of, runtime_of
from lambda_scenarios.runtimes.environment import Settings, environment, fit_for_containers, from_inside
from lambda_scenarios.runtimes.runtime import Launch, World

if TYPE_CHECKING:
    from lambda_scenarios.backends.aws.invoker import Invoker
    from lambda_scenarios.backends.docker.engine import Engine
    from lambda_scenarios.coverage.measuring import Measurement
    from lambda_scenarios.execution.containers import Containers
    from lambda_scenarios.execution.deployed import Deployed
    from lambda_scenarios.extending.backends import Starter
    from lambda_scenarios.model.container import DockerSettings
    from lambda_scenarios.runtimes.debugging import Debugging
    from lambda_scenarios.runtimes.runtime import Debugger

_MOST_NAMES = 3


class Prepared(NamedTuple):
    """`missing` says by case number why it can't be run here; `warnings` are about interpreters."""

    assignments: tuple[Assignment, ...]
    missing: dict[int, MissingPart]
    specs: tuple[WorkerSpec, ...]
    warnings: tuple[str, ...]
    assign: Callable[[int, Invocation], Assignment]  # of what is known only later; raises MissingPart
    engine: Engine | None = None  # where some of them are containers
    secrets: frozenset[str] = frozenset()  # values that no report may show
    invoker: Invoker | None = None  # where some of them are on AWS


class Conditions(NamedTuple):
    """What a run says of all its workers. `inherit`: the shell's whole environment; `profile` is AWS's, and
    `role` an ARN, which win over those of the services; `now` is seconds since the epoch. `docker` says how
    containers are made, None: as usual; `say` tells the user what is waited for. `unbuilt` are the builds
    that failed, by command and directory. At most `jobs` requests to AWS are under way at once, and go to
    `qualifier` of the deployed functions. With `debug`, every worker waits for a debugger, and nothing has a
    limit. `coverage` makes workers measure which lines run."""

    now: float
    inherit: bool = False
    profile: str | None = None
    role: str | None = None
    docker: DockerSettings | None = None
    say: Callable[[str], None] = lambda _line: None
    unbuilt: Mapping[tuple[str, str], MissingPart] = {}
    jobs: int = 1
    qualifier: str | None = None
    debug: Debugging | None = None
    coverage: Measurement | None = None


def prepare(cases: Sequence[tuple[int, Case]], world: World, conditions: Conditions) -> Prepared:
    """Assignments for the cases that have an invocation, in the order given.

    Raises UsageError where a debugger is asked for that can't be waited for, or coverage that can't be
    measured.
    """
    desk = Desk(world, conditions)
    assignments: list[Assignment] = []
    missing: dict[int, MissingPart] = {}
    for order, (number, case) in enumerate(cases):
        if case.invocation is None:
            continue
        try:
            assignments.append(desk.first(number, case, order))
        except MissingPart as part:
            missing[number] = part
    return desk.prepared(assignments, missing)


def prepare_one(invocation: Invocation, world: World, conditions: Conditions) -> Prepared:
    """The assignment of a single invocation. Raises MissingPart where it can't be run here."""
    desk = Desk(world, conditions)
    return desk.prepared([desk.assign(0, invocation)], {})


_IDENTITY = Function._fields.index("http_source")
# Runtimes whose command depends on more of a function than on where its code lies.
_OF_ITS_OWN = ("java", "provided", "go1.x")


class Desk:
    """Looks every runtime up once, and every worker's environment."""

    def __init__(self, world: World, conditions: Conditions) -> None:
        self.specs: list[WorkerSpec] = []
        self.warnings: list[str] = []
        self.engine: Engine | None = None
        self._known: Containers | MissingPart | None = None
        self._deployed: Deployed | None = None
        self._world = world
        self._conditions = conditions
        self._identities = Identities(world.environ, conditions.profile, conditions.role)
        day = time.strftime("%Y/%m/%d", time.gmtime(conditions.now))
        stream = f"{day}/[$LATEST]{os.urandom(16).hex()}"
        self._settings = Settings(world.environ, conditions.inherit, stream)
        self._launches: dict[tuple[object, ...], Launch | MissingPart] = {}
        self._instead: dict[tuple[str, str], list[str]] = {}  # functions, by runtime and what runs it
        self._by_input: dict[tuple[object, ...], WorkerSpec] = {}
        self._by_environment: dict[tuple[object, ...], WorkerSpec] = {}

    def prepared(self, assignments: Sequence[Assignment], missing: dict[int, MissingPart]) -> Prepared:
        """What has been planned, and what is to be said of it, each thing once."""
        said = self.said()
        coverage = self._conditions.coverage
        if coverage is not None and coverage.unmeasured is not None:
            said[coverage.unmeasured] = None
        if self._conditions.docker is not None and self._known is None:
            said["--docker-arg and --docker-image change nothing: no function runs in a container"] = None
        return Prepared(
            tuple(assignments),
            missing,
            tuple(self.specs),
            tuple(said),
            self.assign,
            self.engine,
            invoker=self.invoker,
        )

    def said(self, *, apart: bool = False) -> dict[str, None]:
        """What there is to warn of so far, each thing once; `apart`: of functions one by one, for whoever
        asks while there may be more."""
        deployed = self._deployed
        groups = self._instead.items()
        found = [(names, [key]) for names, keys in groups for key in keys] if apart else groups
        instead = (_run_by(*names, keys) for names, keys in found)
        return dict.fromkeys((*instead, *self.warnings, *(() if deployed is None else deployed.warnings)))

    @property
    def invoker(self) -> Invoker | None:
        """Calls deployed functions; None where there has been none."""
        return None if self._deployed is None else self._deployed.invoker

    def spec(self, invocation: Invocation) -> WorkerSpec:
        if invocation.backend == "aws":
            if self._conditions.debug is not None:
                raise UsageError(Diagnostic(f"--debug can't stop {invocation.function.key} on AWS"))
            return self._remote(invocation)
        carried = _carried(invocation.context)
        function = invocation.function
        # A file's own functions are as many objects as there are files, and mostly equal in all but origin.
        key = (
            function[:_IDENTITY],
            carried,
            invocation.environment,
            invocation.credentials,
            invocation.backend,
        )
        spec = self._by_input.get(key)
        if spec is None:
            spec = self._by_input[key] = self._new(invocation, carried)
        return spec

    def first(self, number: int, case: Case, order: int) -> Assignment:
        """The first invocation of a case that has one. Raises MissingPart, also for what later steps need."""
        invocation = case.invocation
        assert invocation is not None, "skipped scenarios are not prepared"
        spec = self.spec(invocation)
        for step in case.steps[1:]:
            if step.invocation is not None:
                self.spec(step.invocation)
        task = self.task(number, invocation)._replace(order=order)
        # Which of its own workers serves a request is Lambda's choice.
        cold = invocation.isolation == "cold" and spec.remote is None
        return Assignment(spec, task, f"scenario {number}" if cold else None)

    def assign(self, number: int, invocation: Invocation) -> Assignment:
        """Raises MissingPart."""
        return Assignment(self.spec(invocation), self.task(number, invocation))

    def task(self, number: int, invocation: Invocation) -> Task:
        task = task_of(number, invocation)
        return task if self._conditions.debug is None else task._replace(timeout=NO_LIMIT)

    def _new(self, invocation: Invocation, carried: ContextOverride) -> WorkerSpec:
        function = invocation.function
        unbuilt = self._conditions.unbuilt.get((function.build or "", function.code))
        if unbuilt is not None:
            raise unbuilt
        if backend_of(function, invocation.backend) == "docker":
            return self._contained(invocation, carried)
        starter = self._starter(invocation)
        own_client = starter is not None and starter.known.backend.own_client
        launch = Launch((), 1, (), (), "") if own_client else self._launch(function)
        identity = self._identities.of(invocation)

        def variables_of(launch: Launch) -> tuple[tuple[str, str], ...]:
            overrides = invocation.environment
            return environment(function, launch, carried, overrides, identity, self._settings)

        variables = variables_of(launch)
        # Two scenarios that spell the same environment differently share workers.
        key = (launch.command, variables, starter)
        spec = self._by_environment.get(key)
        if spec is None:
            debugger: Debugger | None = None
            if self._conditions.debug is not None:
                from lambda_scenarios.runtimes.debugging import attachable

                launch, debugger = attachable(launch, function, self._conditions.debug, self._world)
                variables = variables_of(launch)
            measured = None
            if self._conditions.coverage is not None and starter is not None:
                self._conditions.coverage.passes(function, f"by the backend {invocation.backend}")
            elif self._conditions.coverage is not None:
                measured = self._conditions.coverage.measured(launch, function)
                launch = measured or launch
            number = len(self.specs) + 1
            nonce = os.urandom(8).hex()
            command = launch.command
            if launch.credits > 1:
                command = (*command, str(launch.credits), nonce)
            else:
                nonce = ""
            spec = WorkerSpec(
                command,
                variables,
                launch.credits,
                nonce,
                number,
                identity.shown,
                debugger=debugger,
                starter=starter,
                measured=measured is not None,
            )
            self._by_environment[key] = spec
            self.specs.append(spec)
        return spec

    def _starter(self, invocation: Invocation) -> Starter | None:
        """What starts the function's workers, where that is a backend of an extension. Raises UsageError."""
        if invocation.backend in BACKENDS:
            return None
        from lambda_scenarios.extending.backends import Starter, known

        found = known(invocation.backend, BACKENDS)
        assert found is not None, "whoever read the name has found it"
        if self._conditions.debug is not None and found.backend.own_client:
            raise UsageError(Diagnostic(f"--debug doesn't know the client that {found.shown} starts"))
        return Starter(found, invocation.function, self._world.cwd)

    def _remote(self, invocation: Invocation) -> WorkerSpec:
        """A deployed function. Raises MissingPart where there are no credentials to invoke it with."""
        if self._deployed is None:
            from lambda_scenarios.execution.deployed import Deployed

            conditions = self._conditions
            self._deployed = Deployed(
                self._world.environ, conditions.profile, conditions.qualifier, conditions.jobs
            )
        remote = self._deployed.spec(invocation)
        spec = self._by_environment.get(remote)
        if spec is None:
            spec = WorkerSpec(
                (), (), 1, "", len(self.specs) + 1, "the deployed function's role", remote=remote
            )
            self._by_environment[remote] = spec
            self.specs.append(spec)
            if self._conditions.coverage is not None:
                self._conditions.coverage.passes(invocation.function, "on AWS")
        return spec

    def _contained(self, invocation: Invocation, carried: ContextOverride) -> WorkerSpec:
        """A worker in a container."""
        function = invocation.function
        if function.runtime.startswith("java"):
            from lambda_scenarios.runtimes.java_code import find_code

            code = find_code(function, self._world.cwd, self._world.environ)
            function = function._replace(code=code.directory)
            self.warnings += code.warnings
        containers = self._containers(invocation)
        inside = containers.spec(function)
        self.warnings += containers.warnings
        identity = self._identities.of(invocation, with_keys=True)
        variables = from_inside(
            environment(
                function._replace(code=containers.TASK_ROOT, layers=()),
                Launch((), 1, (), (), ""),
                carried,
                invocation.environment,
                identity,
                self._settings._replace(
                    shell=fit_for_containers(self._world.environ, inherit=self._conditions.inherit),
                    inherit=True,
                ),
            ),
            containers.host,
        )
        key = (inside, variables)
        spec = self._by_environment.get(key)
        if spec is None:
            debugger: Debugger | None = None
            if self._conditions.debug is not None:
                from lambda_scenarios.runtimes.debugging import attachable_container

                engine = containers.engine
                variables, arguments, debugger = attachable_container(
                    variables,
                    inside.arguments,
                    function,
                    self._conditions.debug,
                    containers.TASK_ROOT,
                    far=engine.host if engine.reach.far else None,
                )
                inside = inside._replace(arguments=arguments)
            nonce = os.urandom(8).hex() if inside.wrapped else ""
            number = len(self.specs) + 1
            spec = WorkerSpec((), variables, 1, nonce, number, identity.shown, inside, debugger=debugger)
            self._by_environment[key] = spec
            self.specs.append(spec)
            if self._conditions.coverage is not None:
                self._conditions.coverage.passes(function, "in a container")
        return spec

    def _containers(self, invocation: Invocation) -> Containers:
        """The engine, found when the first function needs it. Raises MissingPart, which says why it is
        needed."""
        if self._known is None:
            from lambda_scenarios.execution.containers import Containers
            from lambda_scenarios.model.container import DockerSettings

            conditions = self._conditions
            try:
                self._known = Containers(
                    conditions.docker or DockerSettings(),
                    self._world.environ,
                    self._world.cwd,
                    conditions.say,
                )
                self.engine = self._known.engine
            except MissingPart as part:
                self._known = part
        if isinstance(self._known, MissingPart):
            missing, function = self._known, invocation.function
            if invocation.backend == "docker":
                raise missing
            what = f"the image {function.image}" if function.image else f"the runtime {function.runtime}"
            raise MissingPart(missing.problem, (f"{what} is run in a container", *missing.notes))
        return self._known

    def _launch(self, function: Function) -> Launch:
        if function.runtime.startswith(_OF_ITS_OWN):
            key: tuple[object, ...] = function[:_IDENTITY]
        else:
            key = (function.runtime, function.service.root, function.code, function.layers)
        launch = self._launches.get(key)
        if launch is None:
            try:
                launch = runtime_of(function).launch(function, self._world)
                self.warnings += launch.warnings
                if launch.instead:
                    self._instead.setdefault((function.runtime, launch.instead), []).append(function.key)
            except MissingPart as part:
                launch = part
            self._launches[key] = launch
        if isinstance(launch, MissingPart):
            raise launch
        return launch


def _run_by(runtime: str, program: str, keys: Sequence[str]) -> str:
    names = list(dict.fromkeys(keys))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"`{runtime}` of {', '.join(names[:_MOST_NAMES])}{more} is run by {program}"


def _carried(context: ContextOverride) -> ContextOverride:
    """The part of the context that reaches the function by its environment."""
    return ContextOverride(
        function_name=context.function_name,
        function_version=context.function_version,
        memory_limit_in_mb=context.memory_limit_in_mb,
        log_group_name=context.log_group_name,
        log_stream_name=context.log_stream_name,
    )
