"""Threads for what waits for AWS: botocore's calls block, and the run's loop must not.

A thread runs one job at a time. What became of it is handed over in the loop's own thread, which a pipe
wakes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from lambda_scenarios.execution.loop import Loop

T = TypeVar("T")

# Bytes, of address space: musl's 128 KiB are too few for TLS, glibc's 8 MiB too many for a thousand of them.
_STACK = 2 * 1024 * 1024

_Job = Callable[[], Callable[[], None]]


class Pool:
    """At most `most` threads. All methods are called by the loop's thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._ended: deque[Callable[[], None]] = deque()
        self._seats = 0
        self._threads = 0
        self._closed = False
        self._closing = threading.Lock()

    def begin(self, loop: Loop) -> None:
        self._loop = loop
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        loop.watch(self._reader, self._woken)

    def take_seat(self) -> None:
        """Makes sure that one more job can run at once; given back by `leave_seat`.

        Raises OSError where there can't be another thread.
        """
        if self._seats >= self._most:
            raise OSError(errno.EMFILE, "too many files would be open at once (ulimit -n)")
        if self._seats >= self._threads:
            before = threading.stack_size(_STACK)
            try:
                # A daemon: what AWS has not answered yet must not keep the end of the program waiting.
                threading.Thread(target=self._work, name="aws", daemon=True).start()
            except RuntimeError:
                raise OSError(errno.EAGAIN, "there can't be another thread") from None
            finally:
                threading.stack_size(before)
            self._threads += 1
        self._seats += 1

    def leave_seat(self) -> None:
        self._seats -= 1

    def run(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        """Runs `job` in a thread, then `done` with its result in the loop's; what `job` raises is raised
        there."""

        def work() -> Callable[[], None]:
            try:
                result = job()
            except BaseException as error:  # noqa: BLE001 - raised where the run is
                problem = error

                def fail() -> None:
                    raise problem

                return fail
            return lambda: done(result)

        self._jobs.put(work)

    def end(self) -> None:
        """No further results are handed over. What is under way is left to itself."""
        with self._closing:
            self._closed = True
        self._loop.unwatch(self._reader)
        os.close(self._reader)
        os.close(self._writer)
        for _ in range(self._threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            ended = job()
            # The number of a closed descriptor may be that of another file by now.
            with self._closing:
                if self._closed:
                    return
                self._ended.append(ended)
                with contextlib.suppress(BlockingIOError):  # full: it has been woken often enough
                    os.write(self._writer, b"\0")

    def _woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 65536)
        for _ in range(len(self._ended)):
            self._ended.popleft()()
