"""Scenarios before rendering: typed, defaults merged, templates as written.

A `Draft` is one mapping of the list `scenarios`; an `Expanded` is one test that comes of it (one per
combination of its matrix, one per row of its cases).
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.record import ShardRecord
from lambda_scenarios.model.scenario import BackendName, Case, Credentials, Isolation
from lambda_scenarios.model.values import DocPath, Json, Origin, Resolved


class Absent:
    """The type of `ABSENT`: no value was given, where `null` is a value like any other."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()

Given = Json | Absent


class Overrides(NamedTuple):
    """What the command line says over every file. `service` is an absolute path."""

    stage: str | None = None
    region: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    service: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    vars: tuple[tuple[str, str], ...] = ()
    timeout: float | None = None
    isolation: Isolation | None = None
    credentials: Credentials | None = None
    backend: BackendName | None = None
    aws_profile: str | None = None
    skip_package: bool = False
    ignore_env: bool = False
    retries: int | None = None
    repeat: int | None = None


Snapshots = Literal["require", "write", "update"]


class RunSettings(NamedTuple):
    """The world that scenarios are rendered in.

    `environ` is what templates see as `env`; `now` is seconds since the epoch (the start of the run,
    or `--now`); `seed` is what random functions draw from; `snapshots` says what becomes of a result that has
    no snapshot: it fails, or is stored, as with "update" every one is.
    """

    environ: Mapping[str, str]
    now: float
    seed: str
    overrides: Overrides = Overrides()
    snapshots: Snapshots = "require"


class FileHead(NamedTuple):
    """The top level of a scenario file.

    `id` is the POSIX path from the project root; `wanted` the names of `PATH::NAME`, empty for all;
    `templated` is False only where no string of the file can be a template; `lines` has the line of
    each scenario, from 1. `service` (an absolute path) is ABSENT where the nearest service file is meant,
    None for none; `service_at` is where it is given. `functions_at` has, by function, where the mapping
    stands that declares it: in this file, or in one that it inherits from.
    """

    path: str
    id: str
    directory: str
    wanted: tuple[str, ...]
    templated: bool
    lines: tuple[int, ...]
    service: str | Absent | None = ABSENT
    service_at: Origin | None = None
    stage: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    functions: Mapping[str, Json] = {}
    functions_at: Mapping[str, Origin] = {}
    resolve: tuple[tuple[str, Resolved], ...] = ()


class Draft(NamedTuple):
    """One scenario as written, with everything that it inherits.

    Values may be templates still; their types are checked when they are rendered. `inherited` says
    where a value stands that is not the scenario's own: keyed by its path inside the scenario.
    """

    head: FileHead
    position: int  # in the list `scenarios`, from 0
    name: str
    inherited: Mapping[DocPath, Origin]
    description: str = ""
    function: str | None = None
    event: Given = ABSENT
    event_path: str | None = None
    event_from: str | None = None
    event_set: Mapping[str, Json] = {}
    raw: Json = False
    context: Given = ABSENT
    context_path: str | None = None
    env: Mapping[str, Json] = {}
    expect: dict[str, Json] | None = None
    vars: Mapping[str, Json] = {}
    tags: tuple[Json, ...] = ()
    matrix: Json = None
    matrix_exclude: Json = None
    cases: Json = None
    cases_path: str | None = None
    timeout: Json = None
    isolation: Json = None
    skip: Json = None
    credentials: Json = None
    backend: Json = None
    steps: tuple[Mapping[str, Json], ...] = ()
    retries: Json = None
    repeat: Json = None
    serial: str | None = None
    xfail: Json = None
    place: Origin | None = None  # of a step: where its mapping is written

    def origin(self, *path: str | int) -> Origin:
        """Where the value at `path` (from the scenario's mapping) is written."""
        inherited = self.inherited
        if inherited:
            for length in (2, 1):
                start = inherited.get(path[:length])
                if start is not None:
                    return start.at(*path[length:])
        if self.place is not None:
            return self.place.at(*path)
        return Origin(self.head.path, ("scenarios", self.position, *path))


class ScenarioFile(NamedTuple):
    head: FileHead
    drafts: tuple[Draft, ...]


class Expanded(NamedTuple):
    """One test: name, tags and functions rendered, the rest as in its draft.

    `settled` holds the variables that were rendered on the way, so that one which draws at random
    has the same value in the name and in the event.
    """

    draft: Draft
    id: str
    name: str
    tags: tuple[str, ...]
    function: str | None
    matrix: Mapping[str, Json] | None = None
    case: Mapping[str, Json] | None = None
    settled: Mapping[str, object] = {}
    step_functions: tuple[str | None, ...] = ()
    files: tuple[str, ...] = ()  # absolute: those that were read on the way
    serial: str | None = None  # its group, as it is written where it can't be rendered yet

    @property
    def functions(self) -> tuple[str, ...]:
        """The keys of all functions that it invokes, each once, in order."""
        named = self.step_functions or (self.function,)
        return tuple(dict.fromkeys(key for key in named if key is not None))


class RenderedSuite(NamedTuple):
    """`secrets` are values that no report may show, whatever the variable is called that holds them.

    `words` is what the selection has to say; `stale` are ids that `--last-failed` need not keep;
    `partial` are the files (absolute paths) of which not every scenario was selected.
    """

    cases: tuple[Case, ...]
    warnings: tuple[Diagnostic, ...]
    secrets: frozenset[str] = frozenset()
    shard: ShardRecord | None = None
    words: tuple[str, ...] = ()
    stale: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
