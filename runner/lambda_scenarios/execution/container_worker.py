"""A worker in a container: what it printed arrives later than what it answered.

A client's answer comes straight to its Runtime API, its output by way of the container engine. So whatever
the client says is held back until all that was printed before has arrived: a marker is written into the same
pipe from inside the container (backends/docker/container.py), and comes back behind it. An image without a
shell has nothing to write markers with: there, output counts as complete when it has been quiet for a while.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from lambda_scenarios.execution import endings
from lambda_scenarios.execution.worker import Worker, WorkerPlace
from lambda_scenarios.model.outcome import BackendFailed, Ending
from lambda_scenarios.runtime_api import protocol

if TYPE_CHECKING:
    from lambda_scenarios.backends.docker.container import Container
    from lambda_scenarios.backends.docker.engine import Engine
    from lambda_scenarios.backends.early import Early
    from lambda_scenarios.backends.reaper import Reaper

# Seconds. An engine under load starts many at once; what takes longer than this has gone wrong.
_START_LIMIT = 120.0
# For a marker to come back, which takes a millisecond: a function may have ended the process that writes it.
_MARKER = 2.0
# After a timeout, when what the function printed before is all that is waited for.
_LAST_WORDS = 0.3
# Where there are no markers: how long output has to be quiet, and how long that is waited for at most.
_QUIET, _QUIET_AT_MOST = 0.03, 1.0


class ContainerWorker(Worker):
    """Feeds one container."""

    _process: Container

    def __init__(self, place: WorkerPlace, engine: Engine) -> None:
        self._engine = engine
        self._running = False  # the engine has started it
        self._expiring = False  # its time is over, and what it printed is on the way
        self._held: deque[tuple[str, protocol.Event]] = deque()
        self._hold_until = 0.0
        self._marks = bool(place.spec.nonce)  # whether markers come back
        super().__init__(place, host=engine.reach.listen)
        self.deadline = self._spawned + _START_LIMIT

    def _start(self, early: Early | None, reaper: Reaper) -> Container:  # noqa: ARG002  # of processes
        container = self.spec.container
        assert container is not None, "this class is for those"
        environment = dict(self.spec.environment)
        environment["AWS_LAMBDA_RUNTIME_API"] = self._engine.reach.address(self._server.port)
        return self._engine.start(
            container, environment, output=self._take_output, changed=self._changed, started=self._up
        )

    def _up(self) -> None:
        """The engine has started it. The time that this takes is the engine's, not the function's."""
        self._running = True
        if self.ready or self._held or not self.alive:
            return
        self._spawned = time.monotonic()
        self.deadline = self._spawned + self.spec.init_limit
        if self._sent:
            self._begin()

    def _begin(self) -> None:
        before = self.deadline
        super()._begin()
        if not self._running:
            self.deadline = before

    # What the client says is held until all that it printed before has come.

    def _heard(self, event: protocol.Event) -> None:
        if not self.alive:
            return
        self._running = True  # a fast one speaks before the engine has said that it started it
        if isinstance(event, protocol.Answered | protocol.Failed):
            if not self._sent or event.request_id != self._sent[0].request_id:
                return
            if event.duration_ms is None:
                event = event._replace(duration_ms=(time.monotonic() - self.began) * 1000)
            name = event.request_id
        elif self.ready:
            return
        else:
            name = "init"
        self._held.append((name, event))
        if len(self._held) == 1:
            self._ask()

    def _ask(self) -> None:
        now = time.monotonic()
        if self._mark(self._held[0][0]):
            self.deadline = now + _MARKER
        else:
            self.deadline = now + _QUIET
            self._hold_until = now + _QUIET_AT_MOST

    def _mark(self, name: str) -> bool:
        return self._marks and self._process.write(f"{self.spec.nonce} {name}\n".encode())

    def _pass_on(self) -> None:
        """The held event is acted on now."""
        _, event = self._held.popleft()
        self.deadline = None
        super()._heard(event)
        if self.alive:
            if self._held:
                self._ask()
            self.flush()

    def _changed(self) -> None:
        """Something was printed."""
        if not self.alive:
            return
        if self._held:
            if self._logs.has(self._held[0][0]):
                self._pass_on()
            elif not self._marks:
                self.deadline = min(time.monotonic() + _QUIET, self._hold_until)
        elif self._expiring and self._sent and self._logs.has(self._waited_for()):
            self.deadline = 0.0  # now

    def _waited_for(self) -> str:
        return self._sent[0].request_id if self.ready else "init"

    def _printed(self) -> None:
        self._process.read()

    # What the clock and the engine say.

    def expire(self) -> bool:
        if not self._running:
            self._finish(
                BackendFailed(f"the engine did not start {self.spec.program} in {_START_LIMIT:.0f} seconds")
            )
            return False
        self._server.catch_up()
        if self._held:
            if self.deadline is not None and self.deadline <= time.monotonic():
                self._marks = False  # the function has ended what writes them
                self._pass_on()
            return False
        if not self.alive:
            return False
        if not self._expiring and self._sent:
            self._expiring = True
            waits = self._mark(self._waited_for())
            self.deadline = time.monotonic() + (_LAST_WORDS if waits else _QUIET)
            return False
        if not self.ready and not self._server.met and self._init_under_timeout:
            self._take_output(self._engine.reach.advice(self._server.port).encode())
        return super().expire()

    def check(self) -> None:
        if not self.alive or not self._process.poll():
            return
        self._closing = True
        self._server.drain()
        while self._held and self.alive:
            self._pass_on()
        super().check()

    def _died(self, request_id: str) -> Ending:
        if self._process.problem is not None:
            return BackendFailed(self._process.problem)
        if self._process.out_of_memory:
            return endings.out_of_memory(request_id)
        return super()._died(request_id)

    def _release_output(self) -> None:
        self._process.close()
