"""The standard input as an event: read to its end, but never waited for without a word."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError

_CHUNK = 256 * 1024


class Patience(NamedTuple):
    """Seconds without a byte until a notice is given, and until this is given up."""

    notice: float = 1.0
    end: float = 30.0


_PATIENCE = Patience()


def read(fd: int, say: Callable[[str], None], limit: int, patience: Patience = _PATIENCE) -> bytes:
    """All bytes of `fd` to its end, at most a little more than `limit`.

    A pipe that nobody closes would otherwise hang a CI job until its own end: `say` tells what is waited for,
    and UsageError is raised where no byte has come for `patience.end` seconds.
    """
    parts: list[bytes] = []
    size = 0
    noticed = False
    while size <= limit:
        if not _ready(fd, patience.notice):
            if not noticed:
                say(
                    "waiting for the event on the standard input "
                    "(end it with ^D, or give it: --data, --path, < /dev/null)"
                )
                noticed = True
            if not _ready(fd, patience.end - patience.notice):
                raise UsageError(
                    Diagnostic(
                        f"the standard input gave nothing for {patience.end:g} seconds, and was not ended",
                        notes=(
                            "it is read as the event where neither --data nor --path is given",
                            "without an event: --data '{}', or < /dev/null",
                        ),
                    )
                )
        data = os.read(fd, _CHUNK)
        if not data:
            break
        parts.append(data)
        size += len(data)
    return b"".join(parts)


def _ready(fd: int, seconds: float) -> bool:
    """Whether there is something to read, or the end, within that time."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    # A regular file, or what poll can't watch, reports an event at once.
    return bool(poll.poll(seconds * 1000))
