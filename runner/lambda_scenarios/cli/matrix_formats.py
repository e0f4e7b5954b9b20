"""A matrix as CI systems read it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.reports.text import shell_quote
from lambda_scenarios.scenarios.cells import Cell

# https://docs.github.com/actions/writing-workflows/choosing-what-your-workflow-does/running-variations-of-jobs-in-a-workflow
_GITHUB_MOST = 256
# Job names have 255 characters at most: https://docs.gitlab.com/ci/jobs/#job-name-limitations
_GITLAB_NAME = 150
_KEY = 80


def as_json(cells: Sequence[Cell]) -> str:
    """A list of objects: for everything else."""
    found = [
        {
            **_described(cell, key),
            "args": list(cell.arguments),
            "command": command(cell),
            "scenarios": len(cell.cases),
        }
        for cell, key in _keyed(cells)
    ]
    return json.dumps(found, indent=2, ensure_ascii=False)


def as_github(cells: Sequence[Cell]) -> str:
    """One line, for `strategy: {matrix: ${{ fromJSON(…) }}}`. Raises UsageError above GitHub's limit."""
    if len(cells) > _GITHUB_MOST:
        raise UsageError(
            Diagnostic(
                f"the matrix has {len(cells)} cells, and GitHub Actions takes at most {_GITHUB_MOST}",
                notes=(f"--shards {_GITHUB_MOST} makes no more than that",),
            )
        )
    found = [{**_described(cell, key), "args": command(cell)} for cell, key in _keyed(cells)]
    return json.dumps({"include": found})


def as_azure(cells: Sequence[Cell]) -> str:
    """One line, for `strategy: {matrix: $[ … ]}`: names of jobs, and their variables."""
    found: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for cell, key in _keyed(cells, "_"):
        plain = re.sub(r"\W", "_", f"c_{key}" if key[0].isdigit() else key, flags=re.ASCII)
        # What was told apart by `.` or `-` is alike now.
        name = _other(plain, "_", taken)
        found[name] = {**_described(cell, key), "args": command(cell)}
    return json.dumps(found)


def as_gitlab(cells: Sequence[Cell]) -> str:
    """A child pipeline: a job for each cell, which extends the job `.lambda-scenarios` of another file.

    GitLab refuses pipelines without jobs, so that an empty matrix has one that says so.
    """
    if not cells:
        return json.dumps({"no scenarios": {"script": ["echo 'there is nothing to run'"]}}, indent=2)
    found: dict[str, dict[str, Any]] = {}
    for cell, key in _keyed(cells):
        shown = cell.name if len(cell.name) < _GITLAB_NAME else f"{cell.name[:_GITLAB_NAME]} {key}"
        name = f"scenarios: {shown}"
        if name in found:  # a tag may be called `the rest`
            name = f"{name} ({key})"
        found[name] = {
            "extends": ".lambda-scenarios",
            "variables": {
                "LAMBDA_SCENARIOS_CELL": key,
                # GitLab reads `$` in variables as the beginning of another one's name.
                "LAMBDA_SCENARIOS_ARGS": command(cell).replace("$", "$$"),
            },
        }
    return json.dumps(found, indent=2, ensure_ascii=False)


def command(cell: Cell) -> str:
    """The arguments as a shell reads them."""
    return " ".join(map(shell_quote, cell.arguments))


def _described(cell: Cell, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": cell.name, "key": key}
    if cell.runtimes:
        found["runtime"] = " ".join(cell.runtimes)
    return found


def _keyed(cells: Sequence[Cell], joint: str = "-") -> list[tuple[Cell, str]]:
    """With a name for artifacts and directories: letters, digits, `.`, `_`, `-`; each another one."""
    taken: set[str] = set()
    found = []
    for cell in cells:
        plain = re.sub(r"[^A-Za-z0-9._-]+", joint, cell.name).strip("-._")[:_KEY] or "cell"
        found.append((cell, _other(plain, joint, taken)))
    return found


def _other(plain: str, joint: str, taken: set[str]) -> str:
    """The name, or the first with a number that nobody has, whatever the case of its letters."""
    name, n = plain, 1
    while name.lower() in taken:
        n += 1
        name = f"{plain}{joint}{n}"
    taken.add(name.lower())
    return name


FORMATS = {"json": as_json, "github": as_github, "gitlab": as_gitlab, "azure": as_azure}
