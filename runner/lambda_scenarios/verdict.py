"""From an ending and what was expected of it to a status. Only here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from lambda_scenarios.model.outcome import (
    BackendFailed,
    Ending,
    FunctionError,
    InitFailed,
    Returned,
    TimedOut,
    WorkerDied,
)
from lambda_scenarios.model.record import AttemptRecord, EndingKind, Status

if TYPE_CHECKING:
    if sys.version_info >= (3, 11):
        from typing import assert_never
    else:
        from typing_extensions import assert_never
else:

    def assert_never(value: object) -> NoReturn:
        raise AssertionError(f"unhandled: {value!r}")


class Verdict(NamedTuple):
    """A status; `reason` says why a scenario could not be judged."""

    status: Status
    reason: str | None = None


def decide(ending: Ending, *, holds: bool, unjudged: str = "") -> Verdict:
    """The status of one invocation. `holds`: every expectation of it does; `unjudged`: why those that don't
    may do, for all that is known."""
    if isinstance(ending, BackendFailed):
        return Verdict("error", ending.problem)
    if unjudged and not holds:
        return Verdict("error", f"it can't be judged: {unjudged}")
    return Verdict("passed" if holds else "failed")


def settle(attempts: Sequence[AttemptRecord], xfail: str | None) -> Verdict:
    """The status of a scenario after all its attempts; `xfail` is why it is expected to fail."""
    last = attempts[-1]
    status, reason = last.status, last.reason
    if xfail is not None and status == "failed":
        return Verdict("skipped", f"it failed, as expected: {xfail}")
    if status == "passed" and len(attempts) > 1:
        status = "flaky"
    if xfail is not None and status in ("passed", "flaky"):
        return Verdict("failed", f"it was expected to fail, and passed: {xfail}")
    return Verdict(status, reason)


def unfinished(attempts: Sequence[AttemptRecord], reason: str) -> Verdict:
    """The status of a scenario that was not reached, or left before its end for that `reason`. Where it had
    failed, and would have been tried again, it has failed."""
    failed = [attempt for attempt in attempts if attempt.status in ("failed", "error")]
    if not failed:
        return Verdict("not run", reason)
    last = failed[-1]
    again = f"it was not tried again: {reason}"
    return Verdict(last.status, again if last.reason is None else f"{last.reason}\n{again}")


def kind_of(ending: Ending) -> EndingKind:
    """The name of an ending in reports."""
    if isinstance(ending, Returned):
        return "returned"
    if isinstance(ending, FunctionError):
        return "function error"
    if isinstance(ending, InitFailed):
        return "init failed"
    if isinstance(ending, TimedOut):
        return "timed out"
    if isinstance(ending, WorkerDied):
        return "worker died"
    if isinstance(ending, BackendFailed):
        return "backend failed"
    assert_never(ending)
