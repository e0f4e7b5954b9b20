"""The run, from top to bottom.

Read `run` first: each line hands what it made to the next. Nothing of the user's is started before
`_execute`, and nothing is decided after it.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from typing import NamedTuple

from lambda_scenarios import __version__, diagnostics, recording
from lambda_scenarios.errors import Diagnostic, Interrupted, ReportNotWritten, UsageError
from lambda_scenarios.execution import plan
from lambda_scenarios.execution.prepare import Prepared, prepare
from lambda_scenarios.execution.scheduler import Limits, Scheduler
from lambda_scenarios.judge import Judge
from lambda_scenarios.model.record import RunEnd, RunInfo, Status
from lambda_scenarios.model.scenario import Case
from lambda_scenarios.phrases import plural, shown_path
from lambda_scenarios.reports import masking, write
from lambda_scenarios.reports.console import Console
from lambda_scenarios.reports.spool import SpoolWriter, read
from lambda_scenarios.runtimes.environment import made_up
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.scenarios import discover
from lambda_scenarios.scenarios.draft import Expanded, RunSettings
from lambda_scenarios.scenarios.expand import expand_files
from lambda_scenarios.scenarios.load import load_files
from lambda_scenarios.scenarios.render import render_cases
from lambda_scenarios.scenarios.select import Selection, select_cases
from lambda_scenarios.services.catalog import Catalog


class Suite(NamedTuple):
    """What to read and how to render it."""

    paths: tuple[str, ...]
    selection: Selection
    settings: RunSettings


class RunRequest(NamedTuple):
    """One run, as the command line asked for it. `jobs` 0 means as many as there are processors."""

    suite: Suite
    reports: write.Targets
    command: tuple[str, ...]
    jobs: int = 0
    missing_runtime_skips: bool = False
    inherit_env: bool = False
    max_failures: int | None = None
    max_time: float | None = None
    shuffled: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    mask: tuple[str, ...] = ()
    strict: bool = False


class RunResult(NamedTuple):
    """What became of a run. `interrupted` names the signal, or `--max-time` or `-x`; None: ran to its end."""

    counts: dict[Status, int]
    interrupted: str | None


def run(request: RunRequest, world: World, console: Console) -> RunResult:
    """Reads, executes, reports. Raises UsageError and NothingSelected before anything is started,
    ReportNotWritten after everything has run."""
    began = time.monotonic()
    catalog = Catalog(world.environ, world.cwd)
    expanded = expand(request.suite, world, catalog)
    chosen = select_cases(expanded, request.suite.selection)
    suite = render_cases(chosen, catalog, request.suite.settings, discover.project_root(world.cwd))
    _warn(suite.warnings, console, world, strict=request.strict)
    order = _order(suite.cases, request)
    prepared = prepare(
        order,
        world,
        inherit=request.inherit_env,
        seed=request.suite.settings.seed,
        now=request.suite.settings.now,
    )
    _warn([Diagnostic(text, severity="warning") for text in prepared.warnings], console, world, strict=False)
    interrupted, spool = _execute(request, suite.cases, prepared, console, world, began)
    try:
        return _report(request, spool, interrupted, console, world)
    except KeyboardInterrupt:
        directory = shown_path(request.reports.directory, world.cwd)
        raise Interrupted(f"`lambda-scenarios report {directory}` writes the reports") from None


def expand(suite: Suite, world: World, catalog: Catalog) -> tuple[Expanded, ...]:
    """The scenarios of all files, expanded: names, tags and functions are known, the rest is as written."""
    root = discover.project_root(world.cwd)
    found = discover.discover(suite.paths, world.cwd, root, ())
    return expand_files(load_files(found), catalog, suite.settings, root)


def _warn(warnings: Sequence[Diagnostic], console: Console, world: World, *, strict: bool) -> None:
    if strict and warnings:
        raise UsageError(*(warning._replace(severity="error") for warning in warnings))
    if warnings:
        console.message(diagnostics.render(warnings, world.cwd, console.colour))


def _order(cases: Sequence[Case], request: RunRequest) -> list[tuple[int, Case]]:
    """The cases with their numbers, in the order of execution."""
    order = list(enumerate(cases))
    if request.shuffled:
        random.Random(request.suite.settings.seed).shuffle(order)  # noqa: S311  # an order, not a secret
    return order


def _execute(
    request: RunRequest,
    cases: Sequence[Case],
    prepared: Prepared,
    console: Console,
    world: World,
    began: float,
) -> tuple[str | None, SpoolWriter]:
    """Runs everything; returns what interrupted it (None: nothing), and the spool."""
    jobs = request.jobs or os.cpu_count() or 1
    extra = request.mask
    variables = [pair for spec in prepared.specs for pair in spec.environment if not made_up(*pair)]
    masker = masking.Masker(masking.secret_values(dict.fromkeys(variables), extra))
    console.mask_sources(masker.text)
    info = _info(request, cases, jobs)
    spool = SpoolWriter(request.reports.directory, masking.mask_run(info, masker))
    planned = [recording.planned(case) for case in cases]
    spool.planned(planned)
    for spec in prepared.specs:
        spool.environment(masking.environment_record(spec.number, spec.environment, masker, extra))
    spool.flush()
    console.started(_headline(info), planned, jobs)
    specs = {assignment.task.case: assignment.spec for assignment in prepared.assignments}
    judge = Judge(cases, specs, spool, console, masker, cwd=world.cwd, max_failures=request.max_failures)
    for number, case in enumerate(cases):
        if case.skip is not None:
            judge.record(recording.without_invocation(case, "skipped", case.skip or None))
        elif number in prepared.missing:
            part = prepared.missing[number]
            status: Status = "skipped" if request.missing_runtime_skips else "error"
            judge.record(recording.without_invocation(case, status, "\n".join((part.problem, *part.notes))))
    spool.flush()
    scheduler = Scheduler(
        plan.lanes(prepared.assignments),
        Limits(
            jobs=jobs,
            idle=max(8, 2 * jobs),
            until=None if request.max_time is None else began + request.max_time,
            prefetch=request.max_failures is None,
        ),
        judge.outcome,
        judge.turn,
    )
    left, interrupted = scheduler.run()
    for number in sorted(task.case for task in left):
        reason = f"not run: {_because(interrupted)}"
        judge.record(recording.without_invocation(cases[number], "not run", reason))
    wall = (time.monotonic() - began) * 1000
    spool.end(RunEnd(round(wall, 3), interrupted if left or interrupted != "-x" else None))
    spool.flush()
    return interrupted, spool


def _because(interrupted: str | None) -> str:
    if interrupted == "-x":
        return "enough scenarios had failed (-x, --max-failures)"
    if interrupted == "--max-time":
        return "the time of the whole run was over (--max-time)"
    return f"the run was interrupted ({interrupted})"


def _info(request: RunRequest, cases: Sequence[Case], jobs: int) -> RunInfo:
    services: dict[tuple[str, str, str], tuple[str, set[str]]] = {}
    for case in cases:
        if case.invocation is not None:
            function = case.invocation.function
            service = function.service
            what = os.path.basename(service.file) if service.file else "functions of the scenario files"
            text = f"{service.name}  {what} · stage {service.stage} · {service.region}"
            key = (service.file or "", service.stage, service.region)
            services.setdefault(key, (text, set()))[1].add(function.key)
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


def _report(
    request: RunRequest, writer: SpoolWriter, interrupted: str | None, console: Console, world: World
) -> RunResult:
    """Writes the reports, and the last lines of the console."""
    spool = read(writer.path)
    problem: ReportNotWritten | None = None
    written: tuple[tuple[write.Kind, str], ...] = ()
    try:
        written = write.write(spool, spool.end, request.reports)
    except ReportNotWritten as error:
        problem = error
    console.finished(
        spool.unsuccessful(),
        spool.counts(),
        spool.end.wall_ms,
        [(kind, shown_path(path, world.cwd)) for kind, path in written],
        spool.slowest(10) if console.verbose else (),
        None if interrupted is None or not spool.counts().get("not run") else _because(interrupted),
    )
    if problem is not None:
        # What could not be written can still be, by `report`, when there is room again.
        raise problem
    writer.remove()
    return RunResult(spool.counts(), interrupted)
