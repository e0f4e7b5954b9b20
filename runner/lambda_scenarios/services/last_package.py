"""What was packaged last, for `--skip-package`."""

from __future__ import annotations

import os
from typing import NamedTuple

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.function import Package
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.phrases import plural

_STATE = os.path.join(".serverless", "serverless-state.json")


class LastPackage(NamedTuple):
    """`archive` is None where there is none: `expected` is then where it was looked for; both absolute."""

    archive: str | None
    expected: str


def last_package(root: str, key: str, package: Package) -> LastPackage:
    """The archive that function `key` of the service in `root` was packaged to last.

    The file that its packaging would write; else what the Framework wrote down when it packaged, by the
    file's own name where the whole directory has been moved.
    """
    candidates = [package.archive]
    artifact = _in_state(root, key)
    if artifact is not None:
        candidates += [
            os.path.join(root, artifact),
            os.path.join(root, ".serverless", os.path.basename(artifact)),
        ]
    found = next((path for path in candidates if os.path.isfile(path)), None)
    return LastPackage(found, package.archive)


def _in_state(root: str, key: str) -> str | None:
    """Source: Serverless Framework 3, lib/plugins/aws/package/lib/save-service-state.js."""
    import json

    try:
        with open(os.path.join(root, _STATE), "rb") as stream:
            state: Json = json.loads(stream.read())
    except (OSError, ValueError, RecursionError):
        return None
    for path in (("service", "functions", key, "package", "artifact"), ("package", "artifact")):
        found: Json = state
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, str) and found:
            return found
    return None


def age(root: str, key: str, package: Package, archive: str, origin: Origin, now: float) -> Diagnostic:
    """Says how old a package is; a warning where sources have changed since.

    `now` is in seconds since the epoch. Of an artifact only its age is known: not what it is made of.
    """
    packaged = os.stat(archive).st_mtime
    shown = os.path.relpath(archive, root)
    problem = f"{key} runs from {shown}, packaged {_ago(now - packaged)}"
    newer = [] if package.is_artifact else _newer(root, package, packaged)
    if not newer:
        return Diagnostic(problem, origin, severity="remark")
    problem += f"; {plural(len(newer), 'source file')} {'is' if len(newer) == 1 else 'are'} newer"
    note = "newer: " + ", ".join(newer[:3]) + (", …" if len(newer) > 3 else "")
    return Diagnostic(
        problem, origin, notes=(note, "without --skip-package it runs from its sources"), severity="warning"
    )


def _newer(root: str, package: Package, since: float) -> list[str]:
    from lambda_scenarios.packaging.packager import packaged_files
    from lambda_scenarios.packaging.selection import UnusablePackage

    try:
        entries = packaged_files(root, package)
    except UnusablePackage:
        return []
    return [entry.name for entry in entries if entry.status.st_mtime > since]


def _ago(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return f"{plural(int(seconds // length), unit)} ago"
    return "just now"
