"""The coverage of the functions' code in the HTML report: a table of files, below the head of the page."""

from __future__ import annotations

from lambda_scenarios.model.record import CoverageRecord
from lambda_scenarios.reports.html_text import escaped
from lambda_scenarios.reports.text import share


def section(coverage: CoverageRecord) -> str:
    """HTML."""
    branched = any(file.branches for file in coverage.files)
    heads = "".join(f"<th>{name}</th>" for name in ("File", "Lines", *(("Branches",) if branched else ())))
    whole = f" of {coverage.lines} lines" if coverage.files else ""
    rows = []
    for file in coverage.files:
        branches = _share(file.taken, file.branches) if file.branches else ""
        last = f"<td>{branches}</td>" if branched else ""
        rows.append(
            f"<tr><td>{escaped(file.path)}</td><td>{_share(file.covered, file.lines)}</td>{last}</tr>\n"
        )
    return (
        f'<details class="coverage"><summary>Coverage: {share(coverage.covered, coverage.lines)}{whole}'
        f"</summary>\n<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody></table>\n"
        f"{''.join(f'<p>{escaped(line)}</p>' for line in coverage.unmeasured)}</details>\n"
    )


def _share(part: int, whole: int) -> str:
    return f"{share(part, whole)} ({part}/{whole})"
