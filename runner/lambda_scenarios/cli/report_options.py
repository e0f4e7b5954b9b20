"""The options that say which reports are written, and where."""

from __future__ import annotations

import argparse
import os

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.reports import targets
from lambda_scenarios.runtimes.runtime import World


def add_reports(group: argparse._ActionsContainer) -> None:
    """What a run says of its reports: `targets_of` reads where they go."""
    add_targets(group)
    group.add_argument("--label", action="append", metavar="K=V", help="what this cell of a CI matrix is")
    group.add_argument("--mask", action="append", metavar="NAME", help="a further variable that is secret")


def add_targets(group: argparse._ActionsContainer) -> None:
    """`targets_of` reads them."""
    group.add_argument("--report-dir", default="reports", metavar="DIR", help="default: reports/")
    for kind in targets.NAMES:
        group.add_argument(f"--{kind}", metavar="PATH", help=f"the {kind} report; - is the standard output")
    group.add_argument(
        "--report", action="append", metavar="NAME=PATH", help="a report of an extension's reporter NAME"
    )
    group.add_argument("--junit-flavor", choices=("default", "strict"), default="default")
    group.add_argument(
        "--history", metavar="DIR", help="keep results there, and show trends in the HTML report"
    )
    group.add_argument(
        "--github",
        action="store_true",
        default=None,
        help="annotations and a job summary (default: in GitHub Actions)",
    )
    group.add_argument("--no-github", dest="github", action="store_false", help="none of them")
    group.add_argument("--no-reports", action="store_true", help="only the console, and what is asked for")


def targets_of(options: argparse.Namespace, world: World) -> targets.Targets:
    """Where the reports go. Raises UsageError where two would go to one place."""
    given: dict[targets.Kind, str | None] = {kind: getattr(options, kind) for kind in targets.NAMES}
    found = targets.targets(
        world.cwd,
        options.report_dir,
        given,
        flavor=options.junit_flavor,
        none=options.no_reports,
        more=_of_extensions(options.report),
    )
    history = os.path.join(world.cwd, options.history) if options.history else None
    return found._replace(github=_github(options, world), history=history)


def _of_extensions(given: list[str] | None) -> tuple[tuple[str, str], ...]:
    """Reporters and paths. Raises UsageError where there is no such reporter."""
    if not given:
        return ()
    from lambda_scenarios.extending.entry_points import UnusableExtension, installed
    from lambda_scenarios.extending.reporters import known

    reports = []
    for text in given:
        name, _, path = text.partition("=")
        if not name or not path:
            raise UsageError(Diagnostic(f"--report takes NAME=PATH, not `{text}`"))
        reports.append((name, path))
        if name in targets.NAMES:
            raise UsageError(Diagnostic(f"--report: the {name} report is built in: --{name} {path}"))
        try:
            found = known(name, tuple(targets.NAMES))
        except UnusableExtension as unusable:
            raise UsageError(Diagnostic(f"--report: {unusable.problem}", notes=unusable.notes)) from None
        if found is None:
            names = [extension.name for extension in installed("reporters")]
            close = did_you_mean(name, names)
            there = f"there are: {', '.join(names)}" if names else "no extension with reporters is installed"
            note = f"did you mean `{close}`?" if close else there
            raise UsageError(Diagnostic(f"--report: there is no reporter `{name}`", notes=(note,)))
    return tuple(reports)


def _github(options: argparse.Namespace, world: World) -> targets.GitHub | None:
    wanted: bool | None = options.github
    if wanted is None:
        wanted = world.environ.get("GITHUB_ACTIONS") == "true" and not options.no_reports
    if not wanted:
        return None
    from lambda_scenarios.scenarios.discover import project_root

    workspace = world.environ.get("GITHUB_WORKSPACE", "")
    return targets.GitHub(
        summary=world.environ.get("GITHUB_STEP_SUMMARY", ""),
        workspace=os.path.realpath(workspace) if workspace else "",
        root=os.path.realpath(project_root(world.cwd)),
        cwd=os.path.realpath(world.cwd),
    )
