"""What ran in a run: its figures, and the files that tell of it."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from lambda_scenarios import __version__
from lambda_scenarios.coverage import cobertura, lcov
from lambda_scenarios.coverage.lcov import FileCoverage
from lambda_scenarios.model.record import CoverageRecord, CoveredFile
from lambda_scenarios.phrases import plural
from lambda_scenarios.reports.targets import COVERAGE
from lambda_scenarios.reports.text import share
from lambda_scenarios.reports.write import replace


class Covered(NamedTuple):
    """Files by paths from the project's `root` (absolute), sorted; `problems` say what is missing,
    `unmeasured` which functions aren't measured."""

    files: tuple[FileCoverage, ...]
    root: str
    problems: tuple[str, ...] = ()
    unmeasured: str | None = None

    def record(self) -> CoverageRecord:
        """What reports say of it."""
        files = tuple(
            CoveredFile(
                file.path,
                len(file.lines),
                sum(1 for hits in file.lines.values() if hits),
                len(file.branches),
                sum(1 for taken in file.branches.values() if taken),
            )
            for file in self.files
        )
        return CoverageRecord(files, (*((self.unmeasured,) if self.unmeasured else ()), *self.problems))

    def headline(self) -> str:
        """`coverage 83.4 % of 412 lines`."""
        record = self.record()
        if not record.lines:
            return "coverage of no line: none was measured"
        return f"coverage {share(record.covered, record.lines)} of {plural(record.lines, 'line')}"

    def write(self, directory: str) -> str:
        """Writes a tracefile and an XML document into a directory; returns the path of the first. Raises
        OSError."""
        tracefile, document = (os.path.join(directory, name) for name in COVERAGE)
        replace(tracefile, lcov.render(self.files))
        now = int(time.time() * 1000)
        replace(document, cobertura.render(self.files, self.root, __version__, now))
        return tracefile
