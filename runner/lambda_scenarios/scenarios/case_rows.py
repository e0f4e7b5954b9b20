"""The rows of `cases_path`: CSV with a header, JSON, YAML."""

from __future__ import annotations

import os
from io import StringIO
from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Json, Place
from lambda_scenarios.scenarios.templating import Scope, located_file

if TYPE_CHECKING:
    from lambda_scenarios.scenarios.draft import Draft
    from lambda_scenarios.scenarios.function_lookup import FunctionLookup
    from lambda_scenarios.scenarios.referenced_files import ReferencedFiles


def read_rows(draft: Draft, scope: Scope, lookup: FunctionLookup, referenced: ReferencedFiles) -> Json:
    """What the file holds: a list of mappings where it is right. CSV cells are strings.

    Raises UsageError, at the line of a CSV file where its rows don't fit its header.
    """
    origin = draft.origin("cases_path")
    path = located_file(
        scope.render(draft.cases_path, "cases_path"),
        origin,
        lambda: lookup.service(draft.head),
        referenced,
    )
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".csv":
        return _csv_rows(referenced.text(path), path)
    parsed = referenced.parsed(path)
    if parsed.is_text:
        raise UsageError(Diagnostic("`cases_path` takes .csv, .json, .jsonc, .yml or .yaml", origin))
    if not isinstance(parsed.value, list):
        problem = f"{referenced.shown(path)} must hold a list, one mapping per case"
        raise UsageError(Diagnostic(problem, Place(path, 1), "", (referenced.named_by(origin),)))
    for number, row in enumerate(parsed.value, 1):
        if not isinstance(row, dict):
            problem = f"{referenced.shown(path)}: item {number} of the list must be a mapping"
            raise UsageError(Diagnostic(problem, Place(path, 1), "", (referenced.named_by(origin),)))
    return parsed.value


def _csv_rows(text: str, path: str) -> list[Json]:
    import csv

    # Line ends are CR and LF alone: `str.splitlines` knows eight more, which stand in cells.
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    rows: list[Json] = []
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            if not cells:
                pass  # a blank line
            elif not header:
                header = [cell.strip() for cell in cells]
                _check_header(header, path, line)
            elif len(cells) != len(header):
                problem = f"this row has {len(cells)} cells, the header {len(header)}"
                fix = "a cell with a comma in it stands in double quotes"
                raise UsageError(Diagnostic(problem, Place(path, line), "", (fix,)))
            else:
                rows.append(dict(zip(header, cells, strict=True)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(Diagnostic(f"this is no CSV: {error}", Place(path, line))) from None
    if not header:
        raise UsageError(Diagnostic("the file is empty: its first line names the columns", Place(path, 1)))
    if not rows:
        raise UsageError(
            Diagnostic("there is no row under the header", Place(path, 1), "the scenario would never run")
        )
    return rows


def _check_header(header: list[str], path: str, line: int) -> None:
    for position, name in enumerate(header):
        if not name:
            raise UsageError(Diagnostic(f"column {position + 1} has no name", Place(path, line)))
        if name in header[:position]:
            raise UsageError(Diagnostic(f"two columns are named `{name}`", Place(path, line)))
