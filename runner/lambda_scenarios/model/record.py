"""What a report says about a run: the spooled form of everything that happened.

The JSON form of these types is that of `report.json` (schemas/report.schema.json), so that the spool
and the JSON report are the same text.
"""

from typing import Literal, NamedTuple

Status = Literal["passed", "failed", "error", "skipped", "flaky", "not run"]
SnapshotFate = Literal["written", "updated"]
EndingKind = Literal[
    "returned", "function error", "init failed", "timed out", "worker died", "backend failed"
]

PassKind = Literal["", "cold", "warm"]


class DiffLine(NamedTuple):
    """One line of a structural diff: `sign` is ' ' (both), '-' (expected) or '+' (found)."""

    sign: str
    text: str


class MismatchRecord(NamedTuple):
    """One expectation that does not hold.

    `expectation` is its own path (`expect.http.body.total`), `location` the place in the result
    (`output.body.total`); `file`, `line` and `column` (from 1) where it stands in the YAML, with
    `width` in characters.
    """

    expectation: str
    location: str
    message: str
    expected: str
    found: str
    file: str
    line: int
    column: int
    width: int
    diff: tuple[DiffLine, ...]


class ErrorRecord(NamedTuple):
    """The error of an invocation, as Lambda would report it."""

    type: str
    message: str
    stack: tuple[str, ...]


class InvocationRecord(NamedTuple):
    """One invocation. `event`, `context` and `output` are JSON texts; times in milliseconds."""

    function: str
    function_name: str
    runtime: str
    backend: str
    request_id: str
    started: str  # ISO 8601, UTC, with milliseconds
    duration_ms: float
    billed_ms: int
    init_ms: float | None
    memory_mb: int | None
    memory_size_mb: int
    timeout_s: float
    worker: int
    nth: int
    environment: int  # key into the run's table of environments
    event: str
    context: str | None
    ending: EndingKind
    output: str | None
    error: ErrorRecord | None
    logs: str
    init_logs: str
    logs_truncated: bool
    hint: str | None  # what may lie behind a failure, where something is known
    held: tuple[str, ...]  # expectations that hold; filled where one does not
    mismatches: tuple[MismatchRecord, ...]
    step: str = ""  # its id; nothing where the scenario has no steps
    before: tuple[str, ...] = ()  # ids of the last that its worker had served; filled where it failed
    replay: str | None = None  # the command that runs all of those, and it, on one worker


class AttemptRecord(NamedTuple):
    """One pass through a scenario. `kind` says "cold" or "warm" where it is one of a `--warm-check`;
    `reason` why it could not be judged; `not_run` has the steps that were not reached."""

    status: Status
    invocations: tuple[InvocationRecord, ...]
    kind: PassKind = ""
    reason: str | None = None
    not_run: tuple[str, ...] = ()


class Record(NamedTuple):
    """One scenario's result. `reason` says why it was skipped, not run, or could not be judged; `snapshot`
    what became of its stored result, None where that stays as it is or there is none.

    `labels` are those in which the runs differ that a merged report is made of: with the id, they say which
    result it is.
    """

    id: str
    file: str
    line: int
    name: str
    description: str
    tags: tuple[str, ...]
    function: str
    status: Status
    reason: str | None
    duration_ms: float  # of all invocations of the last attempt
    attempts: tuple[AttemptRecord, ...]
    snapshot: SnapshotFate | None = None
    labels: tuple[tuple[str, str], ...] = ()


class EnvironmentRecord(NamedTuple):
    """The environment of a worker, secrets masked, by the number that invocations name; `identity` says
    whose AWS credentials it has."""

    key: int
    variables: tuple[tuple[str, str], ...]
    identity: str


class Planned(NamedTuple):
    """A scenario that a run set out to execute: enough to report it where it never ran."""

    id: str
    file: str
    line: int
    name: str
    function: str
    labels: tuple[tuple[str, str], ...] = ()


class ShardRecord(NamedTuple):
    """Which part of a suite a run was: `number`, from 1. `plan` agrees where shards were made of the same
    scenarios in the same way."""

    number: int
    of: int
    plan: str


class RunInfo(NamedTuple):
    """The run itself. `labels` says which cell of a matrix it is; `version` is this program's."""

    version: str
    started: str  # ISO 8601, UTC
    seed: str
    command: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    services: tuple[str, ...]  # as the console's first line shows them
    jobs: int
    shard: ShardRecord | None = None


class RunEnd(NamedTuple):
    """How the run ended. `interrupted` is None, or says by what (a signal, --max-time, -x).

    `stale_snapshots` belong to no scenario, `removed_snapshots` did not: `file::name`, or the path of a whole
    file of them.
    """

    wall_ms: float
    interrupted: str | None
    stale_snapshots: tuple[str, ...] = ()
    removed_snapshots: tuple[str, ...] = ()


class CoveredFile(NamedTuple):
    """How much of a file ran (--coverage), in lines and in alternatives of branches. `path` is relative to
    the project's root."""

    path: str
    lines: int
    covered: int
    branches: int
    taken: int


class CoverageRecord(NamedTuple):
    """How much of the functions' code a run has run. `unmeasured` says what of it isn't known."""

    files: tuple[CoveredFile, ...]
    unmeasured: tuple[str, ...] = ()

    @property
    def lines(self) -> int:
        return sum(file.lines for file in self.files)

    @property
    def covered(self) -> int:
        return sum(file.covered for file in self.files)
