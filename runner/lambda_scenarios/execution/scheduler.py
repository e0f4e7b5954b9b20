"""Gives tasks to workers, and keeps the number of workers right."""

from __future__ import annotations

import errno
import heapq
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lambda_scenarios.backends.early import Early
from lambda_scenarios.backends.reaper import Reaper
from lambda_scenarios.execution.logs import Awaiting, Listener, LiveOutput
from lambda_scenarios.execution.loop import Loop, Signals, listening
from lambda_scenarios.execution.plan import Lane, Task, WorkerSpec
from lambda_scenarios.execution.worker import Ended, Worker, WorkerPlace
from lambda_scenarios.model.outcome import BackendFailed, Outcome

if TYPE_CHECKING:
    from lambda_scenarios.backends.aws.invoker import Invoker
    from lambda_scenarios.backends.docker.engine import Engine
    from lambda_scenarios.execution.remote_worker import RemoteWorker

    AnyWorker = Worker | RemoteWorker

# A handler that takes longer than this is given its invocations one by one: what there is to gain is the
# waking of a sleeping process, about a quarter of a millisecond.
_PREFETCH_BELOW_MS = 2.0
# A further worker for the same lane has to save more than its own start costs, and that is contended.
_WORTH_A_WORKER_MS = 120.0
# At least so often (seconds) whoever watches hears that the run goes on.
_TURN = 0.1
# What there is too little of while others have it.
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS)
# Where no invocation of a lane has ended yet, one that takes this many seconds says that they are long.
_LONG = 0.02


class Limits(NamedTuple):
    """`jobs` workers busy at once, `idle` more kept warm; `until` (time.monotonic) ends the run."""

    jobs: int
    idle: int
    until: float | None = None
    prefetch: bool = True


class _Lane:
    __slots__ = ("mean_ms", "pending", "spec", "workers")

    def __init__(self, lane: Lane) -> None:
        self.spec: WorkerSpec = lane.spec
        self.pending: deque[Task] = deque(lane.tasks)
        self.workers: list[AnyWorker] = []
        self.mean_ms: float | None = None


class Watcher(Protocol):
    """Whoever judges and shows what happens."""

    def outcome(self, case: int, outcome: Outcome) -> bool:
        """A task ended; returns whether to go on. Once for each, in the order of ending."""
        ...

    def turn(self, running: int | None, since: float) -> None:
        """Ten times a second, or more often: the case that has been running longest, and since when."""
        ...


class Scheduler:
    """Runs lanes to their end. Tasks that never ran are returned by `run`."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        limits: Limits,
        early: Early | None = None,
        live: Callable[[bytes], None] | None = None,
        engine: Engine | None = None,
        invoker: Invoker | None = None,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`early` may serve as the first worker; `live` gets all output of all workers, as it comes; `engine`
        runs those in containers, `invoker` calls those on AWS, where there are any; `say` tells the user
        which debugger is waited for."""
        self._early = early
        self._live = live
        self._engine = engine
        self._invoker = invoker
        # The cases whose requests to AWS were under way when the run was ended.
        self.abandoned: frozenset[int] = frozenset()
        self._say = say
        self._told: set[int] = set()  # numbers of the specs whose debuggers have been told of
        self._lanes = [_Lane(lane) for lane in lanes]
        self._limits = limits
        self._heads: list[tuple[int, int]] = []  # (index of the first pending task, lane)
        self._lane_of: dict[int, int] = {}  # worker number -> lane
        self._workers: dict[int, AnyWorker] = {}
        self._count = 0
        self._remaining = sum(len(lane.tasks) for lane in lanes)
        self._stopping: str | None = None
        self._dirty: set[int] = set()
        self._watcher: Watcher | None = None
        self._undecided = False  # whether a lane may soon be worth a further worker

    def run(self, begin: Callable[[], Watcher]) -> tuple[tuple[Task, ...], str | None]:
        """Everything, to the end. Returns what never ran, and why (None: all ran).

        `begin` is called when the first worker has been started, so that what it costs overlaps with that.
        """
        self._begin = begin
        for number, lane in enumerate(self._lanes):
            heapq.heappush(self._heads, (lane.pending[0].place, number))
        engine = self._engine
        self._reaper = Reaper(None if engine is None else engine.remove_all)
        self._loop = Loop()
        left: list[Task] = []
        try:
            with listening(self._loop) as signals:
                if engine is not None:
                    engine.begin(self._loop, signals.ended)
                if self._invoker is not None:
                    self._invoker.begin(self._loop)
                try:
                    self._go(signals)
                finally:
                    self.abandoned = frozenset(
                        worker.first
                        for worker in self._workers.values()
                        if worker.spec.remote is not None and worker.first is not None
                    )
                    # Still listening: a second ^C must not break off what ends the workers.
                    left += [task for worker in list(self._workers.values()) for task in worker.stop()]
                    if engine is not None:
                        engine.end()
                    if self._invoker is not None:
                        self._invoker.end()
                    self._reaper.close()
        finally:
            self._loop.close()
        left += [task for lane in self._lanes for task in lane.pending]
        return tuple(left), signals.by or self._stopping

    def _watch(self) -> Watcher:
        if self._watcher is None:
            self._watcher = self._begin()
        return self._watcher

    def _go(self, signals: Signals) -> None:
        while self._remaining and self._stopping is None:
            if self._limits.until is not None and time.monotonic() >= self._limits.until:
                self._stopping = "--max-time"
                break
            self._dispatch()
            self._watch().turn(*self._longest())
            self._loop.turn(self._patience())
            if signals.child_ended:
                signals.child_ended = False
                for worker in list(self._workers.values()):
                    worker.check()
                    self._settle(worker)
            now = time.monotonic()
            for worker in list(self._workers.values()):
                if worker.deadline is not None and worker.deadline <= now:
                    self._expired(worker)
            for number in [*self._dirty]:
                found = self._workers.get(number)
                if found is not None:
                    self._settle(found)
            self._dirty.clear()
            if signals.interrupts:
                self._stopping = signals.by
        self._watch()  # even where nothing was to be run

    def _patience(self) -> float | None:
        """Seconds until something is due."""
        if not self._remaining:
            return 0.0
        due = [worker.deadline for worker in self._workers.values() if worker.deadline is not None]
        if self._limits.until is not None:
            due.append(self._limits.until)
        wait = max(0.0, min(due) - time.monotonic()) if due else None
        if self._undecided:
            wait = _LONG if wait is None else min(wait, _LONG)
        return _TURN if wait is None else min(wait, _TURN)

    def _longest(self) -> tuple[int | None, float]:
        """The case that has been running longest, and since when."""
        busy = [worker for worker in self._workers.values() if worker.load]
        if not busy:
            return None, 0.0
        worker = min(busy, key=lambda worker: worker.began)
        return worker.first, worker.began

    # Giving.

    def _dispatch(self) -> None:
        self._undecided = False
        busy = sum(1 for worker in self._workers.values() if worker.load)
        put_back: list[tuple[int, int]] = []
        while busy < self._limits.jobs and self._heads:
            index, number = heapq.heappop(self._heads)
            lane = self._lanes[number]
            if not lane.pending or lane.pending[0].place != index:
                if lane.pending:
                    heapq.heappush(self._heads, (lane.pending[0].place, number))
                continue
            chosen = next((w for w in lane.workers if not w.load), None)
            if chosen is None:
                if lane.workers and not self._worth_a_worker(lane):
                    put_back.append((index, number))
                    continue
                chosen = self._start(number)
                if chosen is None:
                    if lane.pending:
                        put_back.append((index, number))
                        break
                    continue
            self._give(chosen, lane)
            self._refill(chosen)
            chosen.flush()
            busy += 1
            if lane.pending:
                heapq.heappush(self._heads, (lane.pending[0].place, number))
        for head in put_back:
            heapq.heappush(self._heads, head)

    def _refill(self, worker: AnyWorker) -> None:
        """Sends ahead what a fast handler will get through before this side looks again."""
        lane = self._lanes[self._lane_of[worker.number]]
        depth = self._depth(worker)
        while worker.load < depth and lane.pending:
            self._give(worker, lane)

    def _depth(self, worker: AnyWorker) -> int:
        mean = worker.mean_ms
        if not self._limits.prefetch or not worker.ready or mean is None or mean >= _PREFETCH_BELOW_MS:
            return 1
        if not worker.answers_fit:
            # A process that exits while it has something unread takes back what is still on its way: the
            # answer to the invocation before. What it has not been sent it can't leave unread.
            return 1
        return max(1, min(worker.spec.credits, int(_PREFETCH_BELOW_MS / max(mean, 0.05))))

    def _give(self, worker: AnyWorker, lane: _Lane) -> None:
        task = lane.pending.popleft()
        worker.give(task, task.request_id or _uuid())

    def _worth_a_worker(self, lane: _Lane) -> bool:
        """Whether what is left of the lane takes so long that one more worker shortens it."""
        if lane.spec.remote is not None:
            return True  # one that costs no start
        if lane.mean_ms is None:
            now = time.monotonic()
            if any(worker.running_for(now) > _LONG for worker in lane.workers):
                return True
            self._undecided = True
            return False
        return lane.mean_ms * len(lane.pending) / len(lane.workers) > _WORTH_A_WORKER_MS

    def _start(self, number: int, *, init_under_timeout: bool = False) -> AnyWorker | None:
        """A worker for a lane; None where it can't be started. Its tasks have then ended, or wait for those
        of others to end."""
        lane = self._lanes[number]
        self._make_room()
        if lane.spec.debugger is not None:
            self._reaper.sweep()  # debugpy's adapter is in no process group of its worker, and keeps the port
        self._count += 1
        try:
            worker: AnyWorker
            if lane.spec.remote is not None:
                worker = self._remote(lane.spec)
            else:
                worker = self._local(
                    WorkerPlace(
                        self._count,
                        lane.spec,
                        self._loop,
                        self._reaper,
                        self._ended,
                        init_under_timeout=init_under_timeout,
                        live=self._listener(lane.spec),
                    )
                )
        except (OSError, ValueError) as error:
            lacking = isinstance(error, OSError) and error.errno in _SHORTAGES
            if not lacking or not any(worker.load for worker in self._workers.values()):
                problem = getattr(error, "strerror", None) or error
                self._fail(lane, f"{lane.spec.program} could not be started: {problem}")
            return None
        self._workers[worker.number] = worker
        self._lane_of[worker.number] = number
        lane.workers.append(worker)
        return worker

    def _remote(self, spec: WorkerSpec) -> RemoteWorker:
        from lambda_scenarios.execution.remote_worker import RemoteWorker

        assert self._invoker is not None, "whoever plans for AWS has its clients"
        return RemoteWorker(
            number=self._count, spec=spec, invoker=self._invoker, on_end=self._ended, live=self._live
        )

    def _listener(self, spec: WorkerSpec) -> Listener | None:
        live = None if self._live is None else LiveOutput(spec.nonce, self._live)
        debugger = spec.debugger
        if debugger is None:
            return live

        def listens() -> None:
            self._say(debugger.headline)
            if spec.number not in self._told:
                self._told.add(spec.number)
                self._say(debugger.how)

        return Awaiting(debugger.listening, listens, live)

    def _local(self, place: WorkerPlace) -> Worker:
        if place.spec.container is None:
            return Worker(place, early=self._early)
        from lambda_scenarios.execution.container_worker import ContainerWorker

        assert self._engine is not None, "whoever plans a container has found an engine"
        return ContainerWorker(place, self._engine)

    def _fail(self, lane: _Lane, problem: str) -> None:
        while lane.pending:
            task = lane.pending.popleft()
            outcome = Outcome(
                BackendFailed(problem),
                task.request_id or _uuid(),
                time.time(),
                0.0,
                None,
                None,
                b"",
                b"",
                0,
                0,
            )
            self._done(task, outcome)

    def _make_room(self) -> None:
        """Ends the least recently used of the idle workers where there are too many."""
        idle = [worker for worker in self._workers.values() if not worker.load]
        idle.sort(key=lambda worker: worker.last_used)
        for worker in idle[: max(0, len(idle) - self._limits.idle)]:
            self._retire(worker)

    def _retire(self, worker: AnyWorker) -> None:
        worker.stop()
        self._forget(worker)

    def _forget(self, worker: AnyWorker) -> None:
        if self._workers.pop(worker.number, None) is not None:
            self._lanes[self._lane_of[worker.number]].workers.remove(worker)

    # Ending.

    def _ended(self, worker: AnyWorker, ended: Ended) -> None:
        lane = self._lanes[self._lane_of[worker.number]]
        if worker.mean_ms is not None:
            lane.mean_ms = worker.mean_ms
        self._dirty.add(worker.number)
        if not self._limits.prefetch:
            self._done(ended.task, ended.outcome)
        if ended.reusable and self._stopping is None and lane.pending and self._due(worker):
            # Sent before the outcome is judged: the worker works meanwhile, and the clock of the next
            # one that it is given runs from now on.
            self._refill(worker)
            worker.flush()
        if self._limits.prefetch:
            self._done(ended.task, ended.outcome)

    def _due(self, worker: AnyWorker) -> bool:
        """Whether a worker is to be given more: half empty, so that several go out in one write."""
        return worker.load <= self._depth(worker) // 2

    def _done(self, task: Task, outcome: Outcome) -> None:
        self._remaining -= 1
        if not self._watch().outcome(task.case, outcome) and self._stopping is None:
            self._stopping = "-x"

    def _expired(self, worker: AnyWorker) -> None:
        again = worker.expire()
        number = self._lane_of[worker.number]
        self._settle(worker)
        if again and self._stopping is None:
            fresh = self._start(number, init_under_timeout=True)
            if fresh is not None:
                self._give(fresh, self._lanes[number])
                fresh.flush()

    def _settle(self, worker: AnyWorker) -> None:
        """After something ended: a worker that is gone gives back what it never began; one with nothing
        left to do in this run is ended."""
        number = self._lane_of[worker.number]
        lane = self._lanes[number]
        if not worker.alive:
            unstarted = worker.unstarted
            if unstarted and worker.number in self._workers:
                lane.pending.extendleft(reversed(unstarted))
                heapq.heappush(self._heads, (lane.pending[0].place, number))
            self._forget(worker)
        elif not worker.load and not lane.pending:
            self._retire(worker)


def _uuid() -> str:
    """A random (version 4) UUID; `uuid` itself takes 12 ms to import."""
    text = bytearray(os.urandom(16))
    text[6] = text[6] & 0x0F | 0x40
    text[8] = text[8] & 0x3F | 0x80
    found = text.hex()
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"
