"""One thread, one selector: sockets, pipes and signals of a whole run."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
from collections.abc import Callable, Iterator
from types import FrameType

Ready = Callable[[], None]


class Loop:
    """Calls back when descriptors are ready."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def watch(self, fd: int, ready: Ready, *, writing: bool = False) -> None:
        """Calls `ready` when `fd` can be read (or, with `writing`, written); replaces an earlier watch."""
        events = selectors.EVENT_READ | selectors.EVENT_WRITE if writing else selectors.EVENT_READ
        try:
            self._selector.register(fd, events, ready)
        except KeyError:
            self._selector.modify(fd, events, ready)

    def unwatch(self, fd: int) -> None:
        # Not watched, or closed meanwhile: either way nothing calls back any more.
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(fd)

    def turn(self, timeout: float | None) -> None:
        """Waits for something to happen, at most `timeout` seconds (None: for ever), and handles it."""
        for key, _ in self._selector.select(timeout):
            # An earlier callback of this turn may have ended the watch.
            if self._selector.get_map().get(key.fd) is key:
                key.data()

    def close(self) -> None:
        self._selector.close()


class Signals:
    """What the process was told meanwhile: that it should stop, that a child has ended."""

    def __init__(self) -> None:
        self.interrupts = 0
        self.by = ""
        self.child_ended = False

    def _interrupted(self, number: int, _frame: FrameType | None) -> None:
        self.interrupts += 1
        self.by = signal.Signals(number).name
        if self.interrupts > 2:
            # Whatever this side is busy with (an expression that backtracks for ever) doesn't come back.
            raise KeyboardInterrupt

    def ended(self) -> None:
        """Something that is no child of this process has ended, like one."""
        self.child_ended = True

    def _child(self, _number: int, _frame: FrameType | None) -> None:
        self.child_ended = True


def raise_interrupts() -> None:
    """From now on, SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt: there is something to put in order.

    What the process was started to ignore (nohup, a background job of a script) stays ignored.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


@contextlib.contextmanager
def listening(loop: Loop) -> Iterator[Signals]:
    """Within it, SIGINT, SIGTERM, SIGHUP and SIGCHLD are noted, and wake the loop.

    Whoever insists, with a third signal, gets a KeyboardInterrupt.
    """
    signals = Signals()
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    handlers = {
        signal.SIGINT: signals._interrupted,
        signal.SIGTERM: signals._interrupted,
        signal.SIGHUP: signals._interrupted,
        signal.SIGCHLD: signals._child,
    }
    before = {number: signal.getsignal(number) for number in handlers}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A run started under nohup, or in the background of a script, keeps ignoring what it was told to.
        if before[number] == signal.SIG_IGN:
            del handlers[number]
    previous_fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number, handler in handlers.items():
        signal.signal(number, handler)

    def drain() -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(reader, 4096)

    loop.watch(reader, drain)
    try:
        yield signals
    finally:
        for number in handlers:
            signal.signal(number, before[number] or signal.SIG_DFL)
        signal.set_wakeup_fd(previous_fd)
        loop.unwatch(reader)
        os.close(reader)
        os.close(writer)
