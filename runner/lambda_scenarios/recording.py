"""From what happened to what reports say of it: `Record`s."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from lambda_scenarios.model.expectation import Evaluation, Mismatch
from lambda_scenarios.model.outcome import BackendFailed, Ending, Outcome, Returned
from lambda_scenarios.model.record import (
    AttemptRecord,
    ErrorRecord,
    InvocationRecord,
    MismatchRecord,
    Planned,
    Record,
    Status,
)
from lambda_scenarios.model.scenario import Case, ContextOverride, Invocation
from lambda_scenarios.model.values import Origin, Place
from lambda_scenarios.reports.record_json import json_text
from lambda_scenarios.sequences import Before
from lambda_scenarios.verdict import Verdict, kind_of

Locate = Callable[[Origin], Place]


def planned(case: Case) -> Planned:
    return Planned(case.id, case.file, case.line, case.name, case.function)


def without_invocation(case: Case, status: Status, reason: str | None) -> Record:
    """A scenario that was skipped, can't be run here, or was not reached."""
    return of_attempts(case, Verdict(status, reason), ())


def of_attempts(case: Case, verdict: Verdict, attempts: tuple[AttemptRecord, ...]) -> Record:
    """A scenario that has come to its end, or was broken off."""
    last = attempts[-1].invocations if attempts else ()
    return _record(case, verdict, round(sum(one.duration_ms for one in last), 3), attempts)


def of_one(case: Case, verdict: Verdict, invocation: InvocationRecord) -> Record:
    """A scenario that is over with one invocation."""
    attempt = AttemptRecord(verdict.status, (invocation,))
    return _record(case, verdict, invocation.duration_ms, (attempt,))


def of_invocation(
    invocation: Invocation,
    outcome: Outcome,
    evaluation: Evaluation,
    verdict: Verdict,
    *,
    scenario: str,
    step: str,
    before: Before,
    environment: int,
    backend: str,
    locate: Locate,
    shown: Callable[[str], str],
) -> InvocationRecord:
    """One invocation: of the `scenario` and its `step` (their ids), on a worker that had served what is
    `before`. `locate` finds places in YAML files, `shown` shortens their paths."""
    function = invocation.function
    ending = outcome.ending
    return InvocationRecord(
        step=step,
        function=function.key,
        function_name=invocation.context.function_name or function.name,
        runtime=function.runtime,
        backend=backend,
        request_id=outcome.request_id,
        started=timestamp(outcome.started_at),
        duration_ms=round(outcome.duration_ms, 3),
        billed_ms=billed(outcome),
        init_ms=None if outcome.init_ms is None else round(outcome.init_ms, 3),
        memory_mb=outcome.memory_mb,
        memory_size_mb=outcome.memory_size_mb or invocation.context.memory_limit_in_mb or function.memory,
        timeout_s=invocation.timeout,
        worker=outcome.worker,
        nth=outcome.nth,
        environment=environment,
        event=invocation.event.decode(),
        context=_context(invocation.context),
        ending=kind_of(ending),
        output=_output(ending),
        error=_error(ending),
        logs=outcome.logs.decode("utf-8", "replace"),
        init_logs=outcome.init_logs.decode("utf-8", "replace"),
        logs_truncated=outcome.logs_truncated,
        before=before.scenarios,
        replay=before.replay,
        hint=None
        if verdict.status == "passed"
        else _hint(scenario, outcome, invocation, evaluation, backend, shown),
        held=evaluation.held,
        mismatches=tuple(mismatch_of(mismatch, locate, shown) for mismatch in evaluation.mismatches),
    )


def _hint(
    scenario: str,
    outcome: Outcome,
    invocation: Invocation,
    evaluation: Evaluation,
    backend: str,
    shown: Callable[[str], str],
) -> str | None:
    from lambda_scenarios import hints  # most runs have no failure

    snapshot = invocation.expectation.snapshot
    found = None if snapshot is None else hints.of_snapshot(snapshot, evaluation, scenario, shown)
    if found is None and backend != "aws":
        found = hints.hint(outcome, invocation.credentials)
    if found is None and backend == "local":
        from lambda_scenarios import missing_modules

        found = missing_modules.hint(outcome, invocation.function, shown)
    return found


def _record(case: Case, verdict: Verdict, duration_ms: float, attempts: tuple[AttemptRecord, ...]) -> Record:
    return Record(
        id=case.id,
        file=case.file,
        line=case.line,
        name=case.name,
        description=case.description,
        tags=case.tags,
        function=case.function,
        status=verdict.status,
        reason=verdict.reason,
        duration_ms=duration_ms,
        attempts=attempts,
    )


def timestamp(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds."""
    whole = int(seconds)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{text}.{int((seconds - whole) * 1000):03d}Z"


def billed(outcome: Outcome) -> int:
    """Billed duration: milliseconds begun, those of loading included.

    https://aws.amazon.com/lambda/pricing/: since August 2025 for all functions.
    """
    if outcome.billed_ms is not None:
        return outcome.billed_ms
    total = outcome.duration_ms + (outcome.init_ms or 0.0)
    return max(1, int(total) + (total > int(total)))


def _output(ending: Ending) -> str | None:
    """The result as JSON text; a result that is not JSON becomes a JSON string."""
    if not isinstance(ending, Returned):
        return None
    return json_text(ending.payload)


def _error(ending: Ending) -> ErrorRecord | None:
    if isinstance(ending, Returned):
        return None
    if isinstance(ending, BackendFailed):
        return ErrorRecord("BackendFailed", ending.problem, ())
    return ErrorRecord(ending.error_type, ending.message, getattr(ending, "stack", ()))


def _context(context: ContextOverride) -> str | None:
    if context == _NO_OVERRIDE:
        return None
    if context.replacement is not None:
        return json.dumps(json.loads(context.replacement), ensure_ascii=False)
    changed = {
        name: value for name, value in context._asdict().items() if value is not None and name != "attributes"
    }
    for name in ("identity", "client_context"):
        if name in changed:
            changed[name] = json.loads(changed[name])
    if context.attributes is not None:
        changed.update(json.loads(context.attributes))
    return json.dumps(changed, ensure_ascii=False)


_NO_OVERRIDE = ContextOverride()


def mismatch_of(mismatch: Mismatch, locate: Locate, shown: Callable[[str], str]) -> MismatchRecord:
    place = locate(mismatch.origin)
    return MismatchRecord(
        expectation=mismatch.expectation,
        location=mismatch.location,
        message=mismatch.message,
        expected=mismatch.expected,
        found=mismatch.found,
        file=shown(place.file),
        line=place.line,
        column=place.column,
        width=place.width,
        diff=mismatch.diff,
    )
