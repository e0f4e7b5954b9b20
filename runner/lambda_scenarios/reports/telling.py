"""A scenario that did not pass, as plain text: what JUnit, CTRF, TAP and GitHub say of it alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.phrases import plural
from lambda_scenarios.reports.text import shell_quote
from lambda_scenarios.scenarios.discover import split_id

if TYPE_CHECKING:
    from lambda_scenarios.model.record import AttemptRecord, InvocationRecord, Record

# Readers hold the whole file in memory, and GitLab refuses more than 30 MB. The JSON and the HTML report have
# everything.
LOG_OF_PASSED = 8_000
LOG_OF_FAILED = 64_000
_MESSAGE = 4_000
_MAX_BEFORE = 3  # so many names of what a worker had served


class Told(NamedTuple):
    """`message` is the most telling line, `type` the error's or `ExpectationFailed`, `text` everything."""

    message: str
    type: str
    text: str


def labelled(text: str, record: Record) -> str:
    """A record's name or id, told apart from those of other cells of a matrix in one report."""
    if not record.labels:
        return text
    return f"{text} [{', '.join(f'{name}={value}' for name, value in record.labels)}]"


def most_telling(record: Record) -> int | None:
    """Which attempt (from 0) to tell of: the last that did not pass, else the last; None: there was none."""
    numbers = range(len(record.attempts) - 1, -1, -1)
    bad = (number for number in numbers if record.attempts[number].status in ("failed", "error"))
    return next(bad, len(record.attempts) - 1 if record.attempts else None)


def attempts_of(record: Record) -> int:
    """How many attempts there were; passes of `--warm-check` are parts of one."""
    return 1 if record.attempts and record.attempts[0].kind else len(record.attempts)


def told_attempt(record: Record) -> AttemptRecord | None:
    """The attempt to tell of, see `most_telling`."""
    number = most_telling(record)
    return None if number is None else record.attempts[number]


def nth_attempt(record: Record, number: int) -> str:
    """`attempt 2 of 3`, `pass 2 of 3, on a warm worker`."""
    kind = record.attempts[number].kind
    if kind:
        return (
            f"pass {number + 1} of {len(record.attempts)}, on a {'fresh' if kind == 'cold' else kind} worker"
        )
    return f"attempt {number + 1} of {len(record.attempts)}"


def which(attempt: AttemptRecord, number: int) -> str:
    """Which of its invocations that is (from 0): `step pay (charge)`, `repetition 3`, or both; nothing where
    it is the only one."""
    invocation = attempt.invocations[number]
    earlier = attempt.invocations[:number]
    words = [f"step {invocation.step} ({invocation.function})"] if invocation.step else []
    if repetitions := sum(1 for one in earlier if one.step == invocation.step):
        words.append(f"repetition {repetitions + 1}")
    return ", ".join(words)


def served_before(i: InvocationRecord, more: str) -> str:
    """The names of the last scenarios that its worker had served; `more` stands for those before."""
    names = [split_id(scenario_id)[1] for scenario_id in i.before]
    hidden = f"{more}, " if len(names) > _MAX_BEFORE else ""
    return f"its worker had served before: {hidden}{', '.join(names[-_MAX_BEFORE:])}"


def told(record: Record, attempt: AttemptRecord | None, conditions: str = "") -> Told:
    """What an attempt that did not pass is told as; None: there was none.

    `conditions` is `rerun` of its run.
    """
    invocations = attempt.invocations if attempt else ()
    mismatches = [m for i in invocations for m in i.mismatches]
    errors = [i.error for i in invocations if i.error is not None]
    failed_by_ending = [i.ending for i in invocations if i.ending != "returned"]
    if mismatches:
        message = f"{mismatches[0].location}: {mismatches[0].message}".removeprefix(": ")
        if len(mismatches) > 1:
            message += f" (and {plural(len(mismatches) - 1, 'other expectation')})"
    elif errors:
        message = f"{errors[-1].type}: {errors[-1].message}"
    else:
        message = (record.reason or record.status).partition("\n")[0]
    if errors:
        kind = errors[-1].type
    elif mismatches:
        kind = "ExpectationFailed"
    else:
        kind = failed_by_ending[-1] if failed_by_ending else record.status
    parts = [record.reason] if record.reason else []
    for number, i in enumerate(invocations):
        if (of_invocation := list(_parts(i, record.reason))) and attempt is not None:
            if name := which(attempt, number):
                parts.append(f"{name}:")
            parts += of_invocation
    if attempt is not None and attempt.not_run:
        parts.append(f"not run: {', '.join(attempt.not_run)}")
    again = f"again: lambda-scenarios run {shell_quote(record.id)}{conditions}"
    text = _beginning("\n\n".join(parts), LOG_OF_FAILED)
    return Told(_beginning(message, _MESSAGE), kind or "error", f"{text}\n\n{again}" if parts else again)


def _parts(i: InvocationRecord, reason: str | None) -> Iterator[str]:
    for m in i.mismatches:
        place = f"  {m.file}:{m.line}:{m.column}" if m.file else ""
        diff = "".join(f"\n  {line.sign} {line.text}" for line in m.diff)
        yield f"{m.expectation}{place}\n  {m.location}: {m.message}{diff}"
    if i.error is not None and i.error.message != reason:
        stack = "".join("\n" + line.rstrip("\n") for line in i.error.stack)
        yield f"{i.error.type}: {i.error.message}{stack}"
    if i.hint is not None:
        yield f"hint: {i.hint}"
    if i.mismatches and i.held:
        verb = "holds" if len(i.held) == 1 else "hold"
        yield f"{plural(len(i.held), 'other expectation')} {verb}: {', '.join(i.held)}"
    if i.before:
        again = "" if i.replay is None else f"\nagain, after those: {i.replay}"
        yield f"{served_before(i, '...')}{again}"


def logs_of(attempt: AttemptRecord) -> str:
    """What the functions wrote, what they wrote while they were loaded included."""
    return "".join(i.init_logs + i.logs for i in attempt.invocations)


def end_of(logs: str, limit: int) -> str:
    """The last `limit` characters of a log, with a word about what is left out."""
    if len(logs) <= limit:
        return logs
    return f"({len(logs) - limit} characters more in the other reports)\n{logs[-limit:]}"


def _beginning(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n({len(text) - limit} characters more in the other reports)"
