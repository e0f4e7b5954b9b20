"""The lanes of a run while it goes on: the tasks that are to come, and whose turn is next."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lambda_scenarios.execution.plan import Assignment, Lane, Task, WorkerSpec

if TYPE_CHECKING:
    from lambda_scenarios.execution.starting import AnyWorker


class OpenLane:
    """A lane with its workers. `mean_ms` is how long an invocation takes, where one has ended."""

    __slots__ = ("apart", "kept", "mean_ms", "number", "pending", "spec", "workers")

    def __init__(self, lane: Lane, number: int) -> None:
        self.number = number
        self.spec: WorkerSpec = lane.spec
        self.apart = lane.apart
        self.kept = lane.kept
        self.pending: deque[Task] = deque(lane.tasks)
        self.workers: list[AnyWorker] = []
        self.mean_ms: float | None = None


class Lanes:
    """All lanes: first comes the one whose first task has the smallest place."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._all: list[OpenLane] = []
        self._by_key: dict[tuple[int, str | None], OpenLane] = {}
        self._by_word: dict[str | None, list[OpenLane]] = {}  # by what sets them apart
        # Places of first tasks, each with its lane's number; what is out of date is passed over.
        self._heads: list[tuple[int, int]] = []
        for lane in lanes:
            self.ready(self._open(lane))

    def _open(self, lane: Lane) -> OpenLane:
        opened = OpenLane(lane, len(self._all))
        self._all.append(opened)
        self._by_key[lane.spec.number, lane.apart] = opened
        self._by_word.setdefault(lane.apart, []).append(opened)
        return opened

    def of(self, assignment: Assignment) -> OpenLane:
        """Where the task of an assignment belongs: opened, where there is none yet."""
        lane = self._by_key.get(assignment.lane)
        if lane is None:
            lane = self._open(Lane(assignment.spec, (), assignment.apart))
        lane.kept |= assignment.kept
        return lane

    def of_word(self, word: str) -> Sequence[OpenLane]:
        """Those that the word sets apart."""
        return self._by_word.get(word, ())

    def take(self) -> OpenLane | None:
        """The lane whose turn it is; it has none again until it is `ready`."""
        while self._heads:
            place, number = heapq.heappop(self._heads)
            lane = self._all[number]
            if lane.pending and lane.pending[0].place == place:
                return lane
            self.ready(lane)
        return None

    def ready(self, lane: OpenLane) -> None:
        """Lets a lane have its turn, where it has tasks."""
        if lane.pending:
            heapq.heappush(self._heads, (lane.pending[0].place, lane.number))

    def add(self, lane: OpenLane, task: Task) -> None:
        """Puts a task among those of a lane, by its place."""
        later = len(lane.pending)
        while later and lane.pending[later - 1].place > task.place:
            later -= 1
        lane.pending.insert(later, task)
        if not later:
            self.ready(lane)

    def give_back(self, lane: OpenLane, tasks: Sequence[Task]) -> None:
        """Puts tasks that were taken of a lane, and not begun, before all others of it."""
        if tasks:
            lane.pending.extendleft(reversed(tasks))
            self.ready(lane)

    def left(self) -> Iterator[Task]:
        """What nobody has taken."""
        return (task for lane in self._all for task in lane.pending)
