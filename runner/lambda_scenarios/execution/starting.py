"""Starts workers: processes, containers, requests to AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.execution.logs import Awaiting, Listener, LiveOutput
from lambda_scenarios.execution.worker import Ended, Worker, WorkerPlace

if TYPE_CHECKING:
    from lambda_scenarios.backends.aws.invoker import Invoker
    from lambda_scenarios.backends.docker.engine import Engine
    from lambda_scenarios.backends.early import Early
    from lambda_scenarios.backends.reaper import Reaper
    from lambda_scenarios.execution.loop import Loop
    from lambda_scenarios.execution.plan import WorkerSpec
    from lambda_scenarios.execution.remote_worker import RemoteWorker

    AnyWorker = Worker | RemoteWorker


class Means(NamedTuple):
    """What workers are made with. `early` may serve as the first; `live` gets all output of all, as it comes;
    `engine` runs those in containers, `invoker` calls those on AWS, where there are any; `say` tells the user
    which debugger is waited for."""

    early: Early | None = None
    live: Callable[[bytes], None] | None = None
    engine: Engine | None = None
    invoker: Invoker | None = None
    say: Callable[[str], None] = lambda _line: None


class Starter:
    """One for a run. `on_end` is called for each task of each worker."""

    def __init__(
        self,
        means: Means,
        loop: Loop,
        reaper: Reaper,
        on_end: Callable[[AnyWorker, Ended], None],
    ) -> None:
        self.means = means
        self._loop = loop
        self._reaper = reaper
        self._on_end = on_end
        self._count = 0
        self._told: set[int] = set()  # numbers of the specs whose debuggers have been told of

    def start(self, spec: WorkerSpec, *, init_under_timeout: bool) -> AnyWorker:
        """A worker with the next number. Raises OSError and ValueError where it can't be started."""
        if spec.debugger is not None:
            self._reaper.sweep()  # debugpy's adapter is in no process group of its worker, and keeps the port
        self._count += 1
        if spec.remote is not None:
            return self._remote(spec)
        place = WorkerPlace(
            self._count,
            spec,
            self._loop,
            self._reaper,
            self._on_end,
            init_under_timeout=init_under_timeout,
            live=self._listener(spec),
        )
        if spec.container is None:
            return Worker(place, early=self.means.early)
        from lambda_scenarios.execution.container_worker import ContainerWorker

        assert self.means.engine is not None, "whoever plans a container has found an engine"
        return ContainerWorker(place, self.means.engine)

    def _remote(self, spec: WorkerSpec) -> RemoteWorker:
        from lambda_scenarios.execution.remote_worker import RemoteWorker

        assert self.means.invoker is not None, "whoever plans for AWS has its clients"
        return RemoteWorker(
            number=self._count,
            spec=spec,
            invoker=self.means.invoker,
            on_end=self._on_end,
            live=self.means.live,
        )

    def _listener(self, spec: WorkerSpec) -> Listener | None:
        means = self.means
        live = None if means.live is None else LiveOutput(spec.nonce, means.live)
        debugger = spec.debugger
        if debugger is None:
            return live

        def listens() -> None:
            means.say(debugger.headline)
            if spec.number not in self._told:
                self._told.add(spec.number)
                means.say(debugger.how)

        return Awaiting(debugger.listening, listens, live)
