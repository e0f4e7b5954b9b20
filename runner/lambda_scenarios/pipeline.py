"""The run, from top to bottom.

Read `run` first: each line hands what it made to the next. Nothing of the user's is started before
`_execute`, and nothing is decided after it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import (
    Diagnostic,
    Interrupted,
    MissingPart,
    NothingSelected,
    UsageError,
    settle,
    strictly,
)
from lambda_scenarios.execution import plan
from lambda_scenarios.execution.loop import raise_interrupts
from lambda_scenarios.execution.prepare import Conditions, Prepared, prepare
from lambda_scenarios.execution.scheduler import Limits, Scheduler
from lambda_scenarios.execution.starting import Means
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.scenarios import discover
from lambda_scenarios.scenarios.build import TOP, Above
from lambda_scenarios.scenarios.directory_defaults import DirectoryDefaults
from lambda_scenarios.scenarios.expand import expand_files
from lambda_scenarios.scenarios.load import load_files, read_source
from lambda_scenarios.scenarios.render import render_cases
from lambda_scenarios.scenarios.select import Chosen, select_cases
from lambda_scenarios.services.catalog import Catalog

if TYPE_CHECKING:
    from lambda_scenarios.backends.early import Early
    from lambda_scenarios.configuration.read import Configuration
    from lambda_scenarios.course import Courses
    from lambda_scenarios.coverage.measuring import Measurement
    from lambda_scenarios.model.record import Status
    from lambda_scenarios.model.scenario import Case
    from lambda_scenarios.reports.console import Console
    from lambda_scenarios.request import RunRequest, Suite
    from lambda_scenarios.runtimes.runtime import World
    from lambda_scenarios.scenarios.draft import Expanded, RenderedSuite
    from lambda_scenarios.session import Session


# In the project's root: see the module `last_failed`, which is imported only where there is something.
LAST_FAILED = (".lambda-scenarios", "last-failed")


class RunResult(NamedTuple):
    """What became of a run. `interrupted` names the signal, or `--max-time` or `-x`; None: ran to its end."""

    counts: dict[Status, int]
    interrupted: str | None


def run(
    request: RunRequest,
    world: World,
    *,
    warn: Callable[[Sequence[Diagnostic]], None],
    console: Callable[[], Console],
    say: Callable[[str], None],
    early: Early | None = None,
) -> RunResult:
    """Reads, executes, reports. `warn` tells the user, and `say` what is waited for before the run begins;
    `console` is made when it does; `early` may serve as the first worker.

    Raises UsageError and NothingSelected before anything is started, ReportNotWritten after everything has
    run, and Interrupted where that happens so late that the reports are incomplete.
    """
    began = time.monotonic()
    suite = read(request.suite, world)
    if request.suite.turn is not None:
        request.suite.turn.begin()
    if request.strict and (wrong := strictly(suite.warnings)):
        raise UsageError(*wrong)
    unfit = _unfit_options(request, suite.cases)
    order = _order(suite.cases, request, world)
    unbuilt = _build(order, request, world, began, say)
    measurement = _measurement(request, world)
    try:
        conditions = conditions_of(request)._replace(say=say, unbuilt=unbuilt, coverage=measurement)
        prepared = prepare(order, world, conditions)._replace(secrets=suite.secrets)
        for word in suite.words:
            say(word)
        missing = (Diagnostic(text, severity="warning") for text in prepared.warnings)
        warn((*suite.warnings, *unfit, *missing))
        return _execute(request, suite, prepared, world, console, early, began, say, measurement)
    except KeyboardInterrupt:
        if request.reports.temporary:
            raise Interrupted("no report was written") from None
        directory = shown_path(request.reports.directory, world.cwd)
        raise Interrupted(f"`lambda-scenarios report {directory}` writes the reports") from None
    finally:
        if measurement is not None:
            measurement.close()


def _measurement(request: RunRequest, world: World) -> Measurement | None:
    if not request.coverage:
        return None
    from lambda_scenarios.coverage.measuring import Measurement

    return Measurement(discover.project_root(world.cwd), world)


def read(suite: Suite, world: World, *, skipped_too: bool = False) -> RenderedSuite:
    """The selected scenarios, ready to be executed; with `skipped_too`, the skipped ones are checked as well.

    Raises one UsageError with the problems of all files and all stages, and NothingSelected.
    """
    with Catalog(world.environ, world.cwd) as catalog:
        return read_with(suite, world, catalog, skipped_too=skipped_too)


def read_with(suite: Suite, world: World, catalog: Catalog, *, skipped_too: bool = False) -> RenderedSuite:
    """The same with a catalog of services that is used for more."""
    root = suite.root
    problems: list[Diagnostic] = []
    expanded = expand(suite, world, catalog, problems)
    try:
        chosen = choose(expanded, suite, world, catalog)
    except NothingSelected:
        if not problems:
            raise
        chosen = Chosen(())  # what was meant may be among what could not be read
    except UsageError as error:
        problems.extend(error.diagnostics)
        chosen = Chosen(())
    rendered = render_cases(
        chosen.cases, catalog, suite.settings, root, skipped_too=skipped_too, problems=problems
    )
    if problems:
        raise UsageError(*dict.fromkeys(problems))
    return rendered._replace(
        shard=chosen.shard,
        words=chosen.words,
        stale=_stale(expanded, root),
        partial=_partial(expanded, chosen.cases),
    )


def _partial(expanded: Sequence[Expanded], chosen: Sequence[Expanded]) -> frozenset[str]:
    """The files of which not every scenario was chosen."""
    if len(chosen) == len(expanded):
        return frozenset()
    ids = {case.id for case in chosen}
    return frozenset(case.draft.head.path for case in expanded if case.id not in ids)


def _stale(expanded: Sequence[Expanded], root: str) -> frozenset[str]:
    """What is remembered as failed and exists no more."""
    if not os.path.exists(os.path.join(root, *LAST_FAILED)):
        return frozenset()
    from lambda_scenarios.last_failed import stale

    return stale(root, {case.draft.head.id for case in expanded}, {case.id for case in expanded})


def choose(expanded: Sequence[Expanded], suite: Suite, world: World, catalog: Catalog) -> Chosen:
    """Those of the expanded scenarios that the options select. Raises UsageError and NothingSelected."""
    chosen = select_cases(expanded, suite.selection)
    if not suite.selection.narrows and suite.turn is None:
        return Chosen(chosen)
    from lambda_scenarios.scenarios.narrow import Site, narrow

    site = Site(suite.root, world.cwd, catalog, suite.settings, suite.results, tuple(expanded))
    left = narrow(chosen, suite.selection, site)
    return left if suite.turn is None else suite.turn.narrow(left, site)


def expand(
    suite: Suite, world: World, catalog: Catalog, problems: list[Diagnostic] | None = None
) -> tuple[Expanded, ...]:
    """The scenarios of all files, expanded: names, tags and functions are known, the rest is as written.

    Raises UsageError; with `problems`, adds them there instead.
    """
    root, configuration = suite.root, suite.configuration
    if configuration is None:
        found = discover.discover(suite.paths, world.cwd, root)
        wrong: list[Diagnostic] = []
        above = TOP
    else:
        found, above = _configured(suite, configuration, world)
        wrong = list(configuration.problems)
    read = read_source if suite.turn is None else suite.turn.sources.read
    files = load_files(found, read, wrong, DirectoryDefaults(root, above).above)
    if configuration is not None and configuration.problems:
        raise UsageError(*dict.fromkeys(wrong))  # what is missing would be found wrong by all that comes next
    expanded = expand_files(files, catalog, suite.settings, root, wrong)
    settle(wrong, problems)
    return expanded


def _configured(
    suite: Suite, configuration: Configuration, world: World
) -> tuple[tuple[discover.FoundFile, ...], Above]:
    """The scenario files, and what they inherit, by the configuration. Raises as `discover.discover` does."""
    from lambda_scenarios.configuration.read import above

    exclude = configuration.settings.keys.get("exclude", ())
    try:
        return discover.discover(suite.paths, world.cwd, suite.root, exclude), above(configuration)
    except (UsageError, NothingSelected):
        if not configuration.problems:
            raise
        raise UsageError(*configuration.problems) from None  # the paths may be among what can't be read


def conditions_of(request: RunRequest) -> Conditions:
    """What the run says of all its workers."""
    return Conditions(
        request.suite.settings.now,
        request.inherit_env,
        request.aws_profile,
        request.role,
        request.docker,
        jobs=_jobs(request),
        qualifier=request.qualifier,
        debug=request.debug,
    )


def _unfit_options(request: RunRequest, cases: Sequence[Case]) -> tuple[Diagnostic, ...]:
    """Warnings of options that don't fit where the scenarios run. Raises UsageError."""
    if request.qualifier is None and not request.warm_check:
        return ()
    from lambda_scenarios.scenarios.on_aws import check_qualifier_is_used, left_unchecked

    if request.qualifier is not None:
        check_qualifier_is_used(cases)
    return left_unchecked(cases) if request.warm_check else ()


def _order(cases: Sequence[Case], request: RunRequest, world: World) -> list[tuple[int, Case]]:
    """The cases with their numbers, in the order of execution: that of the files, or of the ids where only
    those are given."""
    order = list(enumerate(cases))
    if request.shuffled:
        import random

        random.Random(request.suite.settings.seed).shuffle(order)  # noqa: S311  # an order, not a secret
        return order
    root = discover.project_root(world.cwd)
    if ids := discover.named_in_order(request.suite.paths, world.cwd, root):
        place = {one: position for position, one in enumerate(ids)}
        order.sort(key=lambda numbered: place.get(numbered[1].id, len(ids)))
    return order


def _build(
    order: Sequence[tuple[int, Case]],
    request: RunRequest,
    world: World,
    began: float,
    say: Callable[[str], None],
) -> Mapping[tuple[str, str], MissingPart]:
    """Runs the builds of the functions that are invoked; those that failed, by command and directory."""
    functions = [
        function
        for _, case in order
        if case.invocation is not None and case.invocation.backend != "aws"
        for function in case.functions
    ]
    if all(function.build is None for function in functions):
        return {}
    from lambda_scenarios.builds import Site, run_builds

    until = None if request.max_time is None else began + request.max_time
    site = Site(request.suite.root, request.reports.directory, world.cwd, world.environ, until)
    return run_builds(functions, site, say)


def _jobs(request: RunRequest) -> int:
    return request.jobs or _processors()


def _processors() -> int:
    """How many this process may use, which in a container are fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _execute(
    request: RunRequest,
    suite: RenderedSuite,
    prepared: Prepared,
    world: World,
    console: Callable[[], Console],
    early: Early | None,
    began: float,
    say: Callable[[str], None],
    measurement: Measurement | None,
) -> RunResult:
    jobs = _jobs(request)
    limits = Limits(
        jobs=jobs,
        idle=max(8, 2 * jobs),
        until=None if request.max_time is None else began + request.max_time,
        prefetch=request.max_failures is None,
    )
    courses = _courses(suite.cases, prepared, request, world)
    if courses is not None:
        limits = limits._replace(more=True)
    lanes = plan.lanes(prepared.assignments if courses is None else courses.first)
    if request.debug is not None:
        jobs = 1
        limits = limits._replace(jobs=1, idle=0, prefetch=False)  # another worker may need the port
        lanes = plan.one_by_one(lanes)
    sessions: list[Session] = []
    raise_interrupts()

    def begin() -> Session:
        # Called when the first worker has been started: while it starts, this side imports what it needs
        # for judging and reporting.
        from lambda_scenarios.session import Session

        sessions.append(Session(request, suite, prepared, world, console(), jobs, courses))
        return sessions[0]

    means = Means(early, engine=prepared.engine, invoker=prepared.invoker, say=say)
    scheduler = Scheduler(lanes, limits, means)
    _, interrupted = scheduler.run(begin)
    (session,) = sessions
    if measurement is not None:
        session.cover(measurement.covered())
    wall_ms = (time.monotonic() - began) * 1000
    left = session.close(interrupted, wall_ms, scheduler.abandoned)
    _remember(suite, left, session.failed, request.suite.root)
    return RunResult(session.report(), interrupted)


def _remember(suite: RenderedSuite, left: frozenset[int], failed: Sequence[str], root: str) -> None:
    """For `--last-failed`: a run in which all pass has nothing to say, but where others failed before."""
    if not failed and not os.path.exists(os.path.join(root, *LAST_FAILED)):
        return
    from lambda_scenarios.last_failed import update

    ran = (case.id for number, case in enumerate(suite.cases) if number not in left)
    update(root, suite.stale.union(ran), failed)


def _courses(cases: Sequence[Case], prepared: Prepared, request: RunRequest, world: World) -> Courses | None:
    """The scenarios that aren't over with one invocation; None where there are none."""
    if not request.warm_check and not any(case.goes_on for case in cases):
        return None
    from lambda_scenarios.course import Courses, Supply

    supply = Supply(prepared.assign, world.cwd)
    if not request.warm_check:
        return Courses(cases, prepared.assignments, supply)
    from lambda_scenarios.warm_check import WARM_CHECK

    return Courses(cases, prepared.assignments, supply, WARM_CHECK)
