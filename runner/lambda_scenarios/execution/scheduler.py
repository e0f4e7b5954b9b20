"""Gives tasks to workers, and keeps the number of workers right."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lambda_scenarios.backends.reaper import Reaper
from lambda_scenarios.execution.lanes import Lanes, OpenLane
from lambda_scenarios.execution.loop import Loop, listening
from lambda_scenarios.execution.plan import GO_ON, Answer, Assignment, Lane, Task
from lambda_scenarios.execution.starting import Means, Starter
from lambda_scenarios.model.outcome import BackendFailed, Outcome

if TYPE_CHECKING:
    from lambda_scenarios.execution.starting import AnyWorker
    from lambda_scenarios.execution.worker import Ended

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
    """`jobs` workers busy at once, `idle` more kept warm; `until` (time.monotonic) ends the run. `more`: a
    lane without tasks may get some yet, as from the next step of a scenario."""

    jobs: int
    idle: int
    until: float | None = None
    prefetch: bool = True
    more: bool = False


class Watcher(Protocol):
    """Whoever judges and shows what happens."""

    def outcome(self, case: int, outcome: Outcome) -> Answer:
        """A task ended; returns what comes next. Once for each, in the order of ending."""
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
        means: Means = Means(),  # noqa: B008  # immutable
    ) -> None:
        self._means = means
        # The cases whose requests to AWS were under way when the run was ended.
        self.abandoned: frozenset[int] = frozenset()
        self._lanes = Lanes(lanes)
        self._limits = limits
        self._lane_of: dict[int, OpenLane] = {}  # by the worker's number
        self._workers: dict[int, AnyWorker] = {}
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
        self.open()
        left: tuple[Task, ...] = ()
        try:
            with listening(self._loop) as self._signals:
                try:
                    self._go()
                finally:
                    # Still listening: a second ^C must not break off what ends the workers.
                    left = self._end()
        finally:
            self._loop.close()
        return (*left, *self._lanes.left()), self._signals.by or self._stopping

    def open(self) -> None:
        """What workers need. Before `serve`; `run` does it itself."""
        self._reapers = [Reaper()]
        self._loop = Loop()
        means, self._means = self._means, Means()
        self._starter = Starter(means, self._loop, self._reapers[0], self._ended)
        self.provide(means)

    def provide(self, means: Means) -> None:
        """What the workers that are started from now on are made with."""
        before, self._means = self._means, means
        self._starter.means = means
        if means.engine is not None and before.engine is None:
            self._reapers.append(Reaper(means.engine.remove_all))
            means.engine.begin(self._loop, self._ended_elsewhere)
        if means.invoker is not None and before.invoker is None:
            means.invoker.begin(self._loop)

    def _ended_elsewhere(self) -> None:
        self._signals.ended()

    def serve(self, assignments: Sequence[Assignment], watcher: Watcher) -> str | None:
        """These, and what follows from them, to the end; the workers wait for more. What broke it off."""
        self._watcher = watcher
        for assignment in assignments:
            self._remaining += 1
            self._lanes.add(self._lanes.of(assignment), assignment.task)
        with listening(self._loop) as self._signals:
            self._signals.ended()  # while nobody listened, perhaps
            self._go()
        return self._signals.by or self._stopping

    def close(self) -> None:
        """Ends the workers. After `serve`; `run` does it itself."""
        try:
            with listening(self._loop) as self._signals:
                self._end()
        finally:
            self._loop.close()

    def _end(self) -> tuple[Task, ...]:
        """Ends the workers; returns what they had been given and not answered."""
        self.abandoned = frozenset(
            worker.first
            for worker in self._workers.values()
            if worker.spec.remote is not None and worker.first is not None
        )
        left = [task for worker in list(self._workers.values()) for task in worker.stop()]
        if self._means.engine is not None:
            self._means.engine.end()
        if self._means.invoker is not None:
            self._means.invoker.end()
        for reaper in self._reapers:
            reaper.close()
        return tuple(left)

    def _watch(self) -> Watcher:
        if self._watcher is None:
            self._watcher = self._begin()
        return self._watcher

    def _go(self) -> None:
        signals = self._signals
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
        waiting: list[OpenLane] = []
        while busy < self._limits.jobs and (lane := self._lanes.take()) is not None:
            chosen = next((w for w in lane.workers if not w.load), None)
            if chosen is None:
                if lane.workers and not self._worth_a_worker(lane):
                    waiting.append(lane)
                    continue
                chosen = self._start(lane)
                if chosen is None:
                    if lane.pending:
                        waiting.append(lane)
                        break
                    continue
            self._give(chosen, lane)
            self._refill(chosen)
            chosen.flush()
            busy += 1
            self._lanes.ready(lane)
        for lane in waiting:
            self._lanes.ready(lane)

    def _refill(self, worker: AnyWorker) -> None:
        """Sends ahead what a fast handler will get through before this side looks again."""
        lane = self._lane_of[worker.number]
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

    def _give(self, worker: AnyWorker, lane: OpenLane) -> None:
        task = lane.pending.popleft()
        worker.give(task, task.request_id or _uuid())

    def _worth_a_worker(self, lane: OpenLane) -> bool:
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

    def _start(self, lane: OpenLane, *, init_under_timeout: bool = False) -> AnyWorker | None:
        """A worker for a lane; None where it can't be started. Its tasks have then ended, or wait for those
        of others to end."""
        self._make_room()
        try:
            worker = self._starter.start(lane.spec, init_under_timeout=init_under_timeout)
        except (OSError, ValueError) as error:
            lacking = isinstance(error, OSError) and error.errno in _SHORTAGES
            if not lacking or not any(worker.load for worker in self._workers.values()):
                problem = getattr(error, "strerror", None) or error
                self._fail(lane, f"{lane.spec.program} could not be started: {problem}")
            return None
        self._workers[worker.number] = worker
        self._lane_of[worker.number] = lane
        lane.workers.append(worker)
        return worker

    def _fail(self, lane: OpenLane, problem: str) -> None:
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
            self._done(lane, task, outcome, None)

    def _make_room(self) -> None:
        """Ends the least recently used of the idle workers where there are too many; those that a group of
        invocations keeps for itself don't count, unless none at all may be idle."""
        idle = [
            worker
            for worker in self._workers.values()
            if not worker.load and not (self._limits.idle and self._lane_of[worker.number].kept)
        ]
        idle.sort(key=lambda worker: worker.last_used)
        for worker in idle[: max(0, len(idle) - self._limits.idle)]:
            self._retire(worker)

    def _retire(self, worker: AnyWorker) -> None:
        worker.stop()
        self._forget(worker)

    def _forget(self, worker: AnyWorker) -> None:
        if self._workers.pop(worker.number, None) is not None:
            self._lane_of[worker.number].workers.remove(worker)

    # Ending.

    def _ended(self, worker: AnyWorker, ended: Ended) -> None:
        lane = self._lane_of[worker.number]
        if worker.mean_ms is not None:
            lane.mean_ms = worker.mean_ms
        self._dirty.add(worker.number)
        if not self._limits.prefetch:
            self._done(lane, ended.task, ended.outcome, worker if ended.reusable else None)
        if ended.reusable and self._stopping is None and lane.pending and self._due(worker):
            # Sent before the outcome is judged: the worker works meanwhile, and the clock of the next
            # one that it is given runs from now on.
            self._refill(worker)
            worker.flush()
        if self._limits.prefetch:
            self._done(lane, ended.task, ended.outcome, worker if ended.reusable else None)

    def _due(self, worker: AnyWorker) -> bool:
        """Whether a worker is to be given more: half empty, so that several go out in one write."""
        return worker.load <= self._depth(worker) // 2

    def _done(self, lane: OpenLane, task: Task, outcome: Outcome, worker: AnyWorker | None) -> None:
        """A task of the lane ended; `worker` served it, and can serve more."""
        self._remaining -= 1
        answer = self._watch().outcome(task.case, outcome)
        if answer is not GO_ON:
            self._follow(answer, lane, worker)

    def _follow(self, answer: Answer, lane: OpenLane, worker: AnyWorker | None) -> None:
        if not answer.go_on and self._stopping is None:
            self._stopping = "-x"
        if self._stopping is not None:
            return
        for assignment in answer.then:
            self._remaining += 1
            self._lanes.add(self._lanes.of(assignment), assignment.task)
        if answer.again is not None:
            self._remaining += 1
            if worker is not None:
                worker.give(answer.again, answer.again.request_id or _uuid())
                worker.flush()
            else:
                self._lanes.add(lane, answer.again)
        for word in answer.released:
            self._release(word)

    def _release(self, word: str) -> None:
        for lane in self._lanes.of_word(word):
            lane.kept = False
            # Not here: one of them may be telling of its end right now.
            self._dirty.update(worker.number for worker in lane.workers)

    def _expired(self, worker: AnyWorker) -> None:
        again = worker.expire()
        lane = self._lane_of[worker.number]
        self._settle(worker)
        if again and self._stopping is None:
            fresh = self._start(lane, init_under_timeout=True)
            if fresh is not None:
                self._give(fresh, lane)
                fresh.flush()

    def _settle(self, worker: AnyWorker) -> None:
        """After something ended: a worker that is gone gives back what it never began; one with nothing
        left to do in this run is ended."""
        lane = self._lane_of[worker.number]
        if not worker.alive:
            if worker.number in self._workers:
                self._lanes.give_back(lane, worker.unstarted)
            self._forget(worker)
        elif not worker.load and not lane.pending and not self._may_get_more(lane):
            self._retire(worker)

    def _may_get_more(self, lane: OpenLane) -> bool:
        """Whether tasks may come for a lane that has none."""
        return lane.kept or (self._limits.more and lane.apart is None)


def _uuid() -> str:
    """A random (version 4) UUID; `uuid` itself takes 12 ms to import."""
    text = bytearray(os.urandom(16))
    text[6] = text[6] & 0x0F | 0x40
    text[8] = text[8] & 0x3F | 0x80
    found = text.hex()
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"
