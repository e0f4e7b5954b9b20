"""Takes outcomes as they come: evaluates, decides, records; and hands each record on."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_scenarios import recording, verdict
from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.execution.plan import WorkerSpec
from lambda_scenarios.model.expectation import Evaluation
from lambda_scenarios.model.outcome import BackendFailed, Outcome
from lambda_scenarios.model.record import Record, Status
from lambda_scenarios.model.scenario import Case
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports import masking
from lambda_scenarios.reports.console import Console
from lambda_scenarios.reports.spool import SpoolWriter
from lambda_scenarios.scenarios.yaml_source import locate

_UNJUDGED = Evaluation((), ())
_BAD: tuple[Status, ...] = ("failed", "error")


class Judge:
    """One for a run. `specs` says which worker's environment each case runs in."""

    def __init__(
        self,
        cases: Sequence[Case],
        specs: dict[int, WorkerSpec],
        spool: SpoolWriter,
        console: Console,
        masker: masking.Masker,
        *,
        cwd: str,
        max_failures: int | None,
    ) -> None:
        self.counts: dict[Status, int] = {}
        self.failed: list[str] = []  # ids, of those that ended in error too
        self._cases = cases
        self._specs = specs
        self._spool = spool
        self._console = console
        self._masker = masker
        self._cwd = cwd
        self._max_failures = max_failures

    def outcome(self, number: int, outcome: Outcome) -> bool:
        """An invocation ended; whether to go on."""
        case = self._cases[number]
        invocation = case.invocation
        assert invocation is not None, "only cases with an invocation are executed"
        if isinstance(outcome.ending, BackendFailed):
            evaluation = _UNJUDGED
        else:
            evaluation = evaluate(invocation.expectation, outcome, invocation.function, invocation.event)
        mismatches = evaluation.mismatches
        decided = verdict.decide(
            outcome.ending,
            holds=not mismatches,
            unjudged=all(mismatch.unjudged for mismatch in mismatches),
        )
        spec = self._specs[number]
        record = recording.of_invocation(
            case,
            invocation,
            outcome,
            evaluation,
            decided,
            environment=spec.number,
            backend=spec.backend,
            locate=locate,
            shown=lambda path: shown_path(path, self._cwd),
        )
        self.record(record)
        if self._max_failures is None:
            return True
        return self.counts.get("failed", 0) + self.counts.get("error", 0) < self._max_failures

    def record(self, record: Record) -> None:
        """A scenario has its result."""
        record = masking.mask_record(record, self._masker)
        self.counts[record.status] = self.counts.get(record.status, 0) + 1
        if record.status in _BAD:
            self.failed.append(record.id)
        self._spool.result(record)
        self._console.scenario(record)
