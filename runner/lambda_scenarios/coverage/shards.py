"""The coverage of several runs, by the tracefiles beside their reports."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lambda_scenarios.coverage.covered import Covered
from lambda_scenarios.coverage.lcov import FileCoverage, merge, parse
from lambda_scenarios.reports.report_file import ReportFile
from lambda_scenarios.reports.targets import COVERAGE


def united(reports: Sequence[ReportFile], root: str) -> Covered:
    """What ran in any of the runs. `root` is the directory that the paths are told from."""
    found: list[tuple[FileCoverage, ...]] = []
    problems: list[str] = []
    unmeasured: dict[str, None] = {}
    for report in reports:
        if report.coverage is None:
            problems.append(f"{report.shown} has no coverage")
            continue
        unmeasured |= dict.fromkeys(report.coverage.unmeasured)
        path = os.path.join(os.path.dirname(report.path), COVERAGE[0])
        try:
            with open(path, encoding="utf-8") as file:
                found.append(parse(file.read()))
        except OSError as error:
            problems.append(
                f"the coverage of {report.shown} is missing: {COVERAGE[0]} beside it: {error.strerror}"
            )
        except ValueError as error:
            problems.append(f"the coverage of {report.shown} can't be read: {COVERAGE[0]} beside it: {error}")
    return Covered(merge(found), root, (*unmeasured, *problems))
