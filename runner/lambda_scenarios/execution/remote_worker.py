"""A worker that is on AWS: one request to a deployed function at a time.

It stands in the place of a process, so that a run treats both alike. Lambda has its own workers behind it,
and decides by itself which of them serves a request.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lambda_scenarios.backends.aws.calls import Answer, Refused, Result, Unanswered
from lambda_scenarios.backends.aws.invoker import Invoker
from lambda_scenarios.backends.aws.log_tail import Tail, read_tail
from lambda_scenarios.execution.plan import Task, WorkerSpec
from lambda_scenarios.execution.remote_endings import ending_of
from lambda_scenarios.execution.worker import Ended
from lambda_scenarios.model.outcome import BackendFailed, Ending, Outcome, TimedOut
from lambda_scenarios.model.remote import RemoteCall, RemoteSpec


class RemoteWorker:
    """What the scheduler needs of a worker: see `worker.Worker`.

    Raises OSError where there can't be one request more at once.
    """

    ready = True
    deadline = None  # the client's own: it closes the connection as well
    mean_ms: float | None = None
    answers_fit: bool = True
    unstarted: tuple[Task, ...] = ()

    def __init__(
        self,
        *,
        number: int,
        spec: WorkerSpec,
        invoker: Invoker,
        on_end: Callable[[RemoteWorker, Ended], None],
        live: Callable[[bytes], None] | None = None,
    ) -> None:
        self.number = number
        self.spec = spec
        self.alive = True
        self.last_used = time.monotonic()
        self.began = 0.0
        self._invoker = invoker
        self._on_end = on_end
        self._live = live
        self._task: Task | None = None
        self._sent = False
        self._served = 0
        invoker.take_seat()

    @property
    def load(self) -> int:
        return 0 if self._task is None else 1

    @property
    def first(self) -> int | None:
        return None if self._task is None else self._task.case

    def running_for(self, now: float) -> float:
        return 0.0 if self._task is None else now - self.began

    def give(self, task: Task, request_id: str) -> None:  # noqa: ARG002 - Lambda chooses it
        self.began = self.last_used = time.monotonic()
        self._task = task
        self._sent = False

    def flush(self) -> None:
        if self._task is None or self._sent:
            return
        self._sent = True
        spec, call = self._parts(self._task)
        self._invoker.invoke(spec, call, self._task.event, self._answered)

    def _parts(self, task: Task) -> tuple[RemoteSpec, RemoteCall]:
        assert self.spec.remote is not None, "only plans for AWS lead here"
        assert task.remote is not None, "whoever plans for AWS says how long to wait"
        return self.spec.remote, task.remote

    def _answered(self, result: Result) -> None:
        task = self._task
        if not self.alive or task is None:
            return
        self._task = None
        self._served += 1
        outcome = self._outcome(result, task)
        if self._live is not None and (logs := outcome.init_logs + outcome.logs):
            self._live(logs)
        self._on_end(self, Ended(task, outcome, reusable=True))

    def _outcome(self, result: Result, task: Task) -> Outcome:
        spec, call = self._parts(task)
        if isinstance(result, Refused):
            return self._without_answer(BackendFailed(result.problem), time.time(), 0.0)
        if isinstance(result, Unanswered):
            ending = _unanswered(spec, call, task, result)
            return self._without_answer(ending, result.started_at, result.waited_ms)
        return self._of(result, task.timeout if call.limited else None)

    def _of(self, answer: Answer, limit: float | None) -> Outcome:
        tail = read_tail(answer.tail, answer.request_id) if answer.tail else Tail()
        return Outcome(
            ending=ending_of(answer, tail, limit),
            request_id=answer.request_id,
            started_at=answer.started_at,
            duration_ms=answer.took_ms if tail.duration_ms is None else tail.duration_ms,
            init_ms=tail.init_ms,
            memory_mb=tail.memory_mb,
            logs=tail.logs,
            init_logs=tail.init_logs,
            worker=self.number,
            nth=self._served,
            logs_truncated=tail.truncated,
            billed_ms=tail.billed_ms,
            memory_size_mb=tail.memory_size_mb,
        )

    def _without_answer(self, ending: Ending, started_at: float, duration_ms: float) -> Outcome:
        return Outcome(
            ending=ending,
            request_id="",
            started_at=started_at,
            duration_ms=duration_ms,
            init_ms=None,
            memory_mb=None,
            logs=b"",
            init_logs=b"",
            worker=self.number,
            nth=self._served,
            logs_truncated=True,
        )

    # What the scheduler asks of every worker.

    def expire(self) -> bool:
        return False

    def check(self) -> None:
        """No child of this process."""

    def stop(self) -> tuple[Task, ...]:
        """Nothing is waited for any more; returns what was not answered. Its request can't be taken back."""
        left = () if self._task is None else (self._task,)
        if self.alive:
            self.alive = False
            self._invoker.leave_seat()
        self._task = None
        return left


def _unanswered(spec: RemoteSpec, call: RemoteCall, task: Task, result: Unanswered) -> Ending:
    if call.limited:
        return TimedOut(
            task.timeout,
            f"Task timed out after {task.timeout:.2f} seconds (no answer of {spec.shown} in "
            f"{result.waited_ms / 1000:.0f} seconds; it may still run on AWS)",
        )
    return BackendFailed(
        f"{spec.shown} did not answer in {result.waited_ms / 1000:.0f} seconds, and its timeout is "
        f"{task.timeout:g} by the service file\n"
        "the deployed function's may be longer: --timeout S waits for it; it may still run on AWS"
    )
