"""A run while it goes on: outcomes are judged, recorded, spooled and shown; in the end, reported."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from lambda_scenarios import __version__, recording
from lambda_scenarios.errors import ReportNotWritten, UsageError
from lambda_scenarios.judge import Judge
from lambda_scenarios.model.record import Record, RunEnd, RunInfo, Status
from lambda_scenarios.phrases import plural, shown_path
from lambda_scenarios.reports import masking, write
from lambda_scenarios.reports.rerun import rerun
from lambda_scenarios.reports.spool import Spool, SpoolWriter, read
from lambda_scenarios.runtimes.identity import made_up, secrets_of_files
from lambda_scenarios.scenarios.discover import project_root
from lambda_scenarios.scenarios.yaml_source import locate
from lambda_scenarios.sequences import Sequences

if TYPE_CHECKING:
    from lambda_scenarios.course import Courses
    from lambda_scenarios.coverage.covered import Covered
    from lambda_scenarios.execution.plan import WorkerSpec
    from lambda_scenarios.execution.prepare import Prepared
    from lambda_scenarios.model.scenario import Case
    from lambda_scenarios.reports.console import Console
    from lambda_scenarios.request import RunRequest
    from lambda_scenarios.runtimes.runtime import World
    from lambda_scenarios.scenarios.draft import RenderedSuite


class Session:
    """Opened when the first worker has been started. Raises ReportNotWritten where it can't spool."""

    def __init__(
        self,
        request: RunRequest,
        suite: RenderedSuite,
        prepared: Prepared,
        world: World,
        console: Console,
        jobs: int,
        courses: Courses | None = None,
    ) -> None:
        self._request = request
        self._cases = cases = suite.cases
        self._partial = suite.partial
        self._unstored: tuple[str, ...] = ()  # why snapshots could not be written
        self._world = world
        self._console = console
        self._interrupted: str | None = None
        self._covered: Covered | None = None
        self._secrets = _secrets(prepared, request, cases, world)
        masker = masking.Masker(self._secrets)
        console.mask_sources(masker.text)
        # What ends the part of the output in which GitHub finds no commands: nobody can guess it.
        self._token = os.urandom(16).hex() if request.reports.github is not None else ""
        self._turn = turn = request.suite.turn
        info = masking.mask_run(_info(request, cases, jobs)._replace(shard=suite.shard), masker)
        self._spool = SpoolWriter(
            request.reports.directory,
            info if turn is None else turn.info(info),
            nameless=request.reports.temporary,
        )
        planned = [recording.planned(case) for case in cases]
        self._spool.planned(planned if turn is None else turn.planned(planned))
        self._known_specs: set[int] = set()
        for spec in prepared.specs:
            self._environment(spec, masker)
        self._spool.flush()
        if self._token:
            from lambda_scenarios.reports import github

            console.message(github.stopped(self._token))
        conditions = rerun(info.command)
        console.started(_headline(info), planned, jobs, conditions)
        # The project's configuration may say otherwise.
        in_order = conditions + (" --order defined" if request.shuffled else "")
        self._judge = Judge(
            cases,
            {assignment.task.case: assignment.spec for assignment in prepared.assignments},
            courses,
            self._publish,
            masker,
            Sequences(cases, project_root(world.cwd), world.cwd, in_order),
            self._announce,
            cwd=world.cwd,
            max_failures=request.max_failures,
        )
        # What the scheduler calls: the judge itself, without a detour for each outcome.
        self.outcome = self._judge.outcome
        self._not_to_run(prepared)
        write.preload(request.reports)

    def _publish(self, record: Record) -> None:
        self._spool.result(record)
        self._console.scenario(record)

    def _not_to_run(self, prepared: Prepared) -> None:
        for number, case in enumerate(self._cases):
            if case.skip is not None:
                self._judge.record(number, recording.without_invocation(case, "skipped", case.skip or None))
            elif number in prepared.missing:
                part = prepared.missing[number]
                skipped = self._request.missing_runtime_skips and part.skippable
                status: Status = "skipped" if skipped else "error"
                asked = self._asked(case) if part.skippable else ()
                reason = "\n".join((part.problem, *asked, *part.notes))
                self._judge.record(number, recording.without_invocation(case, status, reason))

    def _environment(self, spec: WorkerSpec, masker: masking.Masker) -> None:
        self._known_specs.add(spec.number)
        self._spool.environment(
            masking.environment_record(
                spec.number, spec.environment, spec.identity, masker, self._request.mask
            )
        )

    def _announce(self, spec: WorkerSpec) -> masking.Masker | None:
        """A worker that came up while the run went on; a new masker where there was none like it before."""
        if spec.number in self._known_specs:
            return None
        variables = [pair for pair in spec.environment if not made_up(*pair)]
        self._secrets |= masking.secret_values(variables, self._request.mask)
        masker = masking.Masker(self._secrets)
        self._console.mask_sources(masker.text)
        self._environment(spec, masker)
        return masker

    def _asked(self, case: Case) -> Iterator[str]:
        """Where the function says which runtime it needs."""
        function = case.invocation.function if case.invocation is not None else None
        if function is None or function.origin is None or not function.runtime:
            return
        place = locate(function.origin.at("runtime"))
        file = shown_path(place.file, self._world.cwd)
        yield f"{file}:{place.line}: `{function.key}` has the runtime {function.runtime}"

    @property
    def failed(self) -> Sequence[str]:
        """The ids of those that failed or ended in error, so far."""
        return self._judge.failed

    def turn(self, running: int | None, since: float) -> None:
        """Something happened, or time has passed; `running` is the case that has been running longest,
        `since` (time.monotonic)."""
        self._spool.flush()
        self._console.running(None if running is None else self._cases[running].id, since)
        self._console.tick()

    def cover(self, covered: Covered) -> None:
        """How much of the code ran, before `close`."""
        self._covered = covered
        self._spool.coverage(covered.record())

    def close(
        self, interrupted: str | None, wall_ms: float, abandoned: Collection[int] = ()
    ) -> frozenset[int]:
        """Everything has run that will; `interrupted` says why the rest, which is returned, has not.
        `abandoned` of them had been sent to AWS."""
        left = [number for number in range(len(self._cases)) if number not in self._judge.judged]
        self._interrupted = _because(interrupted) if interrupted is not None and left else None
        for number in left:
            reason = self._interrupted or "it was not reached"
            if number in abandoned:
                reason += (
                    "; its request was under way, and can't be taken back: the function may still run on AWS"
                )
            self._judge.broken_off(number, reason)
        stale, removed = self._store_snapshots(whole=not left)
        if self._turn is not None:
            self._turn.carry(self._spool, self._known_specs)
        self._spool.end(RunEnd(round(wall_ms, 3), self._interrupted, stale, removed))
        self._spool.flush()
        return frozenset(left)

    def _store_snapshots(self, *, whole: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Writes what is to be stored; the names of stale snapshots, and of those that were removed."""
        update = self._request.suite.settings.snapshots == "update"
        album = self._judge.album
        directories = {os.path.dirname(file) for file in {case.origin.file for case in self._cases}}
        if (
            album is None
            and not update
            and not any(os.path.isdir(os.path.join(directory, "__snapshots__")) for directory in directories)
        ):
            return (), ()
        from lambda_scenarios.snapshotting import store_all

        stored = store_all(
            album,
            self._cases if whole else (),
            self._partial,
            [os.path.join(self._world.cwd, path) for path in self._request.suite.paths] if whole else [],
            self._request.suite.root,
            update=update,
        )
        self._unstored = stored.problems
        return stored.stale, stored.removed

    def report(self) -> dict[Status, int]:
        """Writes the reports and the last lines of the console; returns how many have which status.

        Raises ReportNotWritten in the end; the spool is then kept, and `report` can write what is missing.
        """
        try:
            spool = read(self._spool.source)
        except UsageError as error:  # a function removed it, say
            reason = error.diagnostics[0].problem
            raise ReportNotWritten(f"what the run had kept for its reports is gone: {reason}") from None
        problem: ReportNotWritten | None = None
        try:
            written = write.write(spool, spool.end, self._request.reports)
        except ReportNotWritten as error:
            problem, written = error, error.written
        coverage = None
        if self._covered is not None:
            try:
                coverage = self._coverage(self._covered)
            except OSError as error:
                told = f"the coverage was not written: {error.filename}: {error.strerror}"
                problem = ReportNotWritten(told if problem is None else f"{problem}\n{told}", written)
        unsuccessful = spool.unsuccessful(flaky=self._request.fail_on_flaky)
        if self._turn is not None:
            self._turn.keep(spool)
            unsuccessful = filter(self._turn.ran, unsuccessful)
        self._console.finished(
            unsuccessful,
            spool.counts(),
            spool.end.wall_ms,
            [(kind, shown_path(path, self._world.cwd)) for kind, path in written],
            spool.slowest(10) if self._console.verbose else (),
            self._interrupted,
            spool.end,
            () if self._judge.album is None else self._judge.album.exposing,
            coverage,
        )
        self._annotate(spool)
        unstored = "\n       ".join(self._unstored)
        if problem is not None:
            raise ReportNotWritten(f"{problem}\n       {unstored}".rstrip(), written)
        self._spool.remove()
        if unstored:
            raise ReportNotWritten(unstored, written)
        return spool.counts()

    def _coverage(self, covered: Covered) -> str:
        """Writes the files of the coverage, and says how much it is. Raises OSError."""
        said = covered.headline()
        if self._request.reports.files:
            tracefile = covered.write(self._request.reports.directory)
            said += f": {shown_path(tracefile, self._world.cwd)}"
        return "\n".join((*(f"coverage: {problem}" for problem in covered.problems), said))

    def _annotate(self, spool: Spool) -> None:
        wanted = self._request.reports.github
        if wanted is None:
            return
        from lambda_scenarios.reports import github

        records = spool.records("failed", "error", "flaky", "not run")
        lines = github.commands(spool.info, records, spool.end, wanted)
        self._console.message("\n".join((github.resumed(self._token), *lines)))


def _secrets(prepared: Prepared, request: RunRequest, cases: Sequence[Case], world: World) -> frozenset[str]:
    extra = request.mask
    variables = [pair for spec in prepared.specs for pair in spec.environment if not made_up(*pair)]
    if request.docker is not None:
        given = request.docker.arguments.environment
        variables += [(name, value) for name, value in given if value is not None]
    values = masking.secret_values(dict.fromkeys(variables), extra)
    if any(case.invocation is not None and case.invocation.credentials == "inherit" for case in cases):
        values |= frozenset(secrets_of_files(world.environ))
    values |= masking.secrets_of_command(request.command, extra)
    return values | prepared.secrets


def _because(interrupted: str) -> str:
    if interrupted == "-x":
        return "enough scenarios had failed (-x, --max-failures)"
    if interrupted == "--max-time":
        return "the time of the whole run was over (--max-time)"
    return f"the run was interrupted ({interrupted})"


def _info(request: RunRequest, cases: Sequence[Case], jobs: int) -> RunInfo:
    services: dict[tuple[str, str, str], tuple[str, set[str]]] = {}
    for case in cases:
        for function in case.functions:
            service = function.service
            key = (service.file or "", service.stage, service.region)
            if key not in services:
                what = os.path.basename(service.file) if service.file else "functions of the scenario files"
                text = f"{service.name}  {what} · stage {service.stage} · {service.region}"
                services[key] = (text, set())
            services[key][1].add(function.key)
    return RunInfo(
        version=__version__,
        started=recording.timestamp(time.time()),
        seed=request.suite.settings.seed,
        command=request.command,
        labels=request.labels,
        services=tuple(
            f"{text} · {plural(len(functions), 'function')}" for text, functions in services.values()
        ),
        jobs=jobs,
    )


def _headline(info: RunInfo) -> str:
    if len(info.services) > 3:
        return f"{len(info.services)} services"
    return "\n".join(info.services)
