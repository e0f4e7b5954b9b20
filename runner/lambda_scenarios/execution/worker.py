"""One worker: a process that serves invocations of one function in one environment, one after another."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from lambda_scenarios.backends import local
from lambda_scenarios.backends.early import Early
from lambda_scenarios.backends.reaper import Reaper
from lambda_scenarios.execution import endings
from lambda_scenarios.execution.logs import Listener, LogSplitter
from lambda_scenarios.execution.loop import Loop
from lambda_scenarios.execution.plan import Task, WorkerSpec
from lambda_scenarios.model.outcome import Ending, FunctionError, InitFailed, Outcome
from lambda_scenarios.runtime_api import protocol
from lambda_scenarios.runtime_api.server import Server

_READ = 256 * 1024
# Bytes of an answer that the kernel takes from a client at once, whatever this side does meanwhile.
_BUFFERED = 64 * 1024


class Ended(NamedTuple):
    """A task's end, as a worker reports it. `reusable`: the worker can serve further ones."""

    task: Task
    outcome: Outcome
    reusable: bool


class _Sent(NamedTuple):
    task: Task
    request_id: str


class Started(Protocol):
    """What a worker needs of the process that it feeds."""

    exit: int | None  # as os.waitpid gives it; None while it runs

    def poll(self) -> bool:
        """Whether it has ended."""
        ...

    def kill(self) -> None:
        """Ends it, and all that it started. Idempotent."""
        ...

    def peak_memory_kb(self) -> int | None:
        """Peak resident size so far; None where it isn't known."""
        ...


class WorkerPlace(NamedTuple):
    """What a worker on this machine is put into. `on_end` is called for each task, see `Worker`."""

    number: int
    spec: WorkerSpec
    loop: Loop
    reaper: Reaper
    on_end: Callable[[Worker, Ended], None]
    init_under_timeout: bool = False
    live: Listener | None = None


class Worker:
    """Feeds one process through its Runtime API, and tells how each invocation ended.

    `on_end` is called for each task in the order given; after an end that isn't `reusable` the worker is
    gone (`alive` is false), and what it had not begun is in `unstarted`.
    """

    def __init__(self, place: WorkerPlace, *, early: Early | None = None, host: str = "127.0.0.1") -> None:
        """`early` may have a process that fits; `host` is where its Runtime API listens."""
        self.number = place.number
        self.spec = spec = place.spec
        self.alive = True
        self.ready = False
        self._memory: int | None = None  # peak resident size, KiB, as last known
        self._closing = False
        self.last_used = time.monotonic()
        self.deadline: float | None = None  # time.monotonic() at which `expire` is due
        self.mean_ms: float | None = None  # what an invocation takes, of those seen
        self.answers_fit = True  # whether each of those seen fits into the buffers of a connection
        self._sent: deque[_Sent] = deque()
        self._loop = place.loop
        self._on_end = place.on_end
        self._served = 0
        self._init_ms: float | None = None
        self._init_logs: tuple[bytes, bool] = (b"", False)
        self._init_under_timeout = place.init_under_timeout
        self.began = 0.0  # time.monotonic() at which the first unanswered invocation began
        self._began_at = 0.0  # the same as seconds since the epoch
        self._logs = LogSplitter(spec.nonce)
        self._live = place.live
        self._server = Server(place.loop, self._heard, host)
        self._spawned = time.monotonic()
        try:
            self._process = self._start(early, place.reaper)
        except BaseException:
            self._server.close()
            raise
        if not place.init_under_timeout:
            self.deadline = self._spawned + spec.init_limit

    def _start(self, early: Early | None, reaper: Reaper) -> Started:
        spec, address = self.spec, self._server.address
        environment = dict(spec.environment)
        environment["AWS_LAMBDA_RUNTIME_API"] = address
        command = spec.command
        if spec.starter is not None:
            command, environment = spec.starter.command(command, environment, address)
            early = None
        process = early.take(command, environment, address, reaper) if early is not None else None
        if process is None:
            process = local.start(command, environment, address, reaper)
        self._output = process.output
        self._loop.watch(self._output, self._printed)
        return process

    @property
    def load(self) -> int:
        """How many tasks it has been given and not answered."""
        return len(self._sent)

    @property
    def first(self) -> int | None:
        """The case of the first unanswered task."""
        return self._sent[0].task.case if self._sent else None

    def running_for(self, now: float) -> float:
        """Seconds (of time.monotonic) that the invocation at hand has taken; 0 where there is none."""
        return now - self.began if self.ready and self._sent else 0.0

    def give(self, task: Task, request_id: str) -> None:
        """Hands the worker a task, to be begun when those before it have ended; sent by `flush`."""
        self._sent.append(_Sent(task, request_id))
        self.last_used = time.monotonic()
        if len(self._sent) == 1:
            self._begin()
        if self.ready and (self._ahead or len(self._sent) == 1):
            self._send(self._sent[-1])

    @property
    def _ahead(self) -> bool:
        """Whether its client may be sent what it is to begin later: it has to know how much time is left, for
        the deadline of AWS's header is counted from the sending."""
        return self.spec.credits > 1

    def _send(self, sent: _Sent) -> None:
        self._server.api.invoke(sent.request_id, sent.task.headers(time.time()), sent.task.event)

    def flush(self) -> None:
        self._server.flush()

    def _begin(self) -> None:
        """The first of the tasks begins now, or when loading is done."""
        self.began = time.monotonic()
        self._began_at = time.time()
        timeout = self._sent[0].task.timeout
        if self.ready:
            self.deadline = self.began + timeout
        elif self._init_under_timeout:
            self.deadline = self._spawned + timeout

    # What the client says.

    def _heard(self, event: protocol.Event) -> None:
        if not self.alive:
            return
        if isinstance(event, protocol.Ready):
            self._loaded()
        elif isinstance(event, protocol.InitFailed):
            # After its first `next`, a client has no init to fail any more.
            if not self.ready:
                self._load_failed(event)
        elif self._sent and event.request_id == self._sent[0].request_id:
            self._answered(event)
        # An answer to a later invocation than the first can only come from a client that answers out of
        # order; the protocol has taken it, the deadline of the first will end this worker.

    def _loaded(self) -> None:
        self.ready = True
        self._init_ms = (time.monotonic() - self._spawned) * 1000
        self._init_logs = self._take_logs("init")
        self.deadline = None
        # Held back until now: the deadline of AWS's clients is an absolute time.
        for sent in self._sent if self._ahead else list(self._sent)[:1]:
            self._send(sent)
        if self._sent:
            self._begin()
            if self._init_under_timeout:
                self.deadline = self._spawned + self._sent[0].task.timeout

    def _load_failed(self, event: protocol.InitFailed) -> None:
        error = endings.error_of(event.body, event.error_type)
        self._init_ms = (time.monotonic() - self._spawned) * 1000
        self._finish(InitFailed(error.error_type, error.message, error.stack))

    def _answered(self, event: protocol.Answered | protocol.Failed) -> None:
        task, request_id = self._sent[0]
        duration = event.duration_ms
        if duration is None:
            duration = (time.monotonic() - self.began) * 1000
        took = duration
        if self._init_under_timeout and not self._served:
            # Loading was repeated inside this invocation: it is part of its time.
            duration += self._init_ms or 0.0
        if duration >= task.timeout * 1000:
            # It answered before this side noticed that its time was over; Lambda would have ended it.
            self._timed_out()
            return
        self._memory = event.memory_kb or self._process.peak_memory_kb() or self._memory
        # This project's clients say so when they will begin nothing more; others may say it at each request,
        # and those in containers are others.
        spoiled = event.last and bool(self.spec.nonce) and self.spec.container is None
        if isinstance(event, protocol.Answered):
            ending = endings.of_answer(event)
        else:
            ending = endings.of_failure(event)
        if isinstance(ending, FunctionError) and not ending.raised:
            # AWS's clients exit after a result that is too large. This project's clients begin nothing
            # after it: what lies ready in them goes to a new worker. Others may be about to exit.
            spoiled = spoiled or not self.spec.nonce or ending.error_type == endings.TOO_LARGE
        if isinstance(event, protocol.Answered) and event.size > _BUFFERED:
            self.answers_fit = False
        self.mean_ms = took if self.mean_ms is None else (self.mean_ms * 3 + took) / 4
        self._sent.popleft()
        logs = self._take_logs(request_id)
        if spoiled:
            self._abandon()
        elif self._sent:
            if not self._ahead:
                self._send(self._sent[0])
            self._begin()
        else:
            self.deadline = None
        self._report(task, request_id, ending, duration, logs, reusable=not spoiled and not self._closing)

    def _timed_out(self) -> None:
        task, request_id = self._sent[0]
        self._finish(endings.timed_out(request_id, task.timeout), duration=task.timeout * 1000)

    # What the clock and the kernel say.

    def expire(self) -> bool:
        """The deadline has passed. Returns whether the tasks are to be given to a new worker whose init
        counts under the function's timeout, since loading took longer than Lambda grants it alone."""
        served, loading = self._served, not self.ready
        # This side may be late, not the worker: what it has said by now lies in its socket.
        self._server.catch_up()
        if not self.alive or self._served > served or (loading and self.ready):
            self.flush()
            return False
        self._closing = True
        self._memory = self._process.peak_memory_kb() or self._memory
        self._end_process()
        self._server.drain()
        if not self.alive or self._served > served:
            # The answer came just now; what began after it never got its time.
            self._abandon()
            return False
        if loading and not self._init_under_timeout:
            self._abandon()
            return True
        self._timed_out()
        return False

    def check(self) -> None:
        """A child of this process has ended: was it this worker's?"""
        if not self.alive or not self._process.poll():
            return
        self._closing = True
        self._server.drain()
        if not self.alive:
            return
        if not self._sent:
            self._abandon()
            return
        self._finish(self._died(self._sent[0].request_id))

    def _died(self, request_id: str) -> Ending:
        return endings.died(request_id, self._process.exit or 0)

    def stop(self) -> tuple[Task, ...]:
        """Ends the worker; returns what it had been given and not answered."""
        unanswered = tuple(sent.task for sent in self._sent)
        self._abandon()
        return unanswered

    @property
    def unstarted(self) -> tuple[Task, ...]:
        return tuple(sent.task for sent in self._sent)

    # The end of one invocation, and of the worker.

    def _printed(self) -> None:
        """Reads what the pipe holds, at least as much as one ever does where it is so full; and no more
        than that: a writer that never stops must not keep this side here."""
        for _ in range(16):
            try:
                data = os.read(self._output, _READ)
            except OSError:  # nothing there now, or closed
                return
            if not data:
                self._loop.unwatch(self._output)
                return
            self._take_output(data)

    def _take_output(self, data: bytes) -> None:
        self._logs.feed(data)
        if self._live is not None:
            self._live.feed(data)

    def _take_logs(self, name: str) -> tuple[bytes, bool]:
        if not self.spec.nonce:
            self._printed()
            return self._logs.rest()
        taken = self._logs.take(name)
        if taken is None:
            # The client wrote its marker before it answered: what is not here yet lies in the pipe.
            self._printed()
            taken = self._logs.take(name)
        # Without a marker, the function has closed the descriptor: there is none to come.
        return self._logs.rest() if taken is None else taken

    def _finish(self, ending: Ending, duration: float | None = None) -> None:
        """The first task's end is the worker's end. There is one: a worker is started for a task."""
        task, request_id = self._sent.popleft()
        if duration is None:
            duration = (time.monotonic() - self.began) * 1000 if self.ready else 0.0
        self._memory = self._process.peak_memory_kb() or self._memory
        self._end_process()
        self._printed()
        if self.ready:
            # Its marker is there where it answered too late: what follows is of those that began after it.
            logs = self._logs.take(request_id) or self._logs.rest()
        else:
            logs, self._init_logs = (b"", False), self._logs.rest()
        self._close()
        self._report(task, request_id, ending, duration, logs, reusable=False)

    def _report(
        self,
        task: Task,
        request_id: str,
        ending: Ending,
        duration: float,
        logs: tuple[bytes, bool],
        *,
        reusable: bool,
    ) -> None:
        self._served += 1
        first = self._served == 1
        # Where loading was repeated inside the invocation, it is part of its duration.
        init_ms = self._init_ms if first and not self._init_under_timeout else None
        outcome = Outcome(
            ending=ending,
            request_id=request_id,
            started_at=self._began_at,
            duration_ms=duration,
            init_ms=init_ms,
            memory_mb=None if self._memory is None else -(-self._memory // 1024),
            logs=logs[0],
            init_logs=self._init_logs[0] if first else b"",
            worker=self.number,
            nth=self._served,
            logs_truncated=logs[1],
        )
        self._on_end(self, Ended(task, outcome, reusable))

    def _abandon(self) -> None:
        if self.alive:
            self._end_process()
            self._close()

    def _end_process(self) -> None:
        if self.spec.measured and isinstance(self._process, local.Process):
            self._process.ask_to_leave()
        self._process.kill()

    def _close(self) -> None:
        self.alive = False
        self.deadline = None
        self._server.close()
        self._release_output()
        if self._live is not None:
            self._live.close()

    def _release_output(self) -> None:
        self._loop.unwatch(self._output)
        with contextlib.suppress(OSError):
            os.close(self._output)
