"""Packages with extensions, put where the program finds them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GROUPS = ("matchers", "template_functions", "reporters", "backends")


def write(
    directory: Path,
    entry_points: Mapping[str, Mapping[str, str]],
    modules: Mapping[str, str],
    *,
    name: str = "acme-testing",
    version: str = "1.0",
) -> dict[str, str]:
    """A package as an installer would leave it in `directory`: its modules, and what it says of itself.

    `entry_points` by the last word of their group. Returns the environment in which it is found.
    """
    directory.mkdir(parents=True, exist_ok=True)
    information = directory / f"{name.replace('-', '_')}-{version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = []
    for group, points in entry_points.items():
        lines.append(f"[lambda_scenarios.{group}]")
        lines += [f"{point} = {value}" for point, value in points.items()]
    (information / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for module, text in modules.items():
        path = directory / f"{module.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return found_in(directory)


def of_project(project: Path) -> dict[str, str]:
    """The same for a project with a pyproject.toml: what installing it in place would do."""
    found = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {
        group.removeprefix("lambda_scenarios."): points
        for group, points in found["entry-points"].items()
        if group.startswith("lambda_scenarios.")
    }
    assert set(groups) <= set(GROUPS)
    return write(project, groups, {}, name=found["name"], version=found["version"])


def found_in(*directories: Path) -> dict[str, str]:
    more = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([*map(str, directories), *([more] if more else [])])}
