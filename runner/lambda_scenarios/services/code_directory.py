"""The directory that a function runs from: beside its service file, or what its artifact holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from lambda_scenarios.caching import cache_directory
from lambda_scenarios.model.values import Origin
from lambda_scenarios.services.findings import Problem
from lambda_scenarios.services.handler_files import HandlerFault, check_handler
from lambda_scenarios.services.packages import ReadPackage

_OWN_BOOTSTRAP = ("provided", "go1.x")


class Code(NamedTuple):
    """`directory` is absolute. `fault` is about the handler, `problem` about the artifact."""

    directory: str
    fault: HandlerFault | None = None
    problem: Problem | None = None


def find_code(
    handler: str,
    runtime: str,
    root: str,
    layers: tuple[str, ...],
    read: ReadPackage,
    environ: Mapping[str, str],
) -> Code:
    """Where the code of a function of the service in `root` is.

    Functions run from the directory of their service. Where their handler isn't there, they run from the
    artifact that `package.artifact` names, unpacked into the cache. An artifact that exists must be one
    that Lambda takes, whether it is needed here or not.
    """
    fault = check_handler(handler, runtime, root, layers, environ)
    artifact = read.package.archive if read.package is not None and read.package.is_artifact else None
    needed = fault is not None and fault.kind == "missing"
    if runtime.startswith(_OWN_BOOTSTRAP):
        executable = handler if runtime == "go1.x" else "bootstrap"
        needed = not os.path.exists(os.path.join(root, executable))
    if artifact is None:
        return Code(root, fault, read.problem if needed else None)
    assert read.artifact_origin is not None  # an artifact is named somewhere
    shown = os.path.relpath(artifact, root)
    if not needed:
        if not os.path.exists(artifact):
            return Code(root, fault)
        return Code(root, fault, _unusable(artifact, shown, read.artifact_origin))
    if not os.path.exists(artifact):
        problem = Problem(
            "package.artifact",
            f"{shown} does not exist",
            read.artifact_origin,
            label="build it first",
            notes=(_maker(root, shown),),
        )
        return Code(root, None, problem)
    return _unpacked(handler, runtime, root, layers, artifact, read.artifact_origin, environ)


def _unpacked(
    handler: str,
    runtime: str,
    root: str,
    layers: tuple[str, ...],
    artifact: str,
    origin: Origin,
    environ: Mapping[str, str],
) -> Code:
    from lambda_scenarios.packaging.unpack import UnusableArchive, prune, unpacked

    shown = os.path.relpath(artifact, root)
    cache = cache_directory(environ, "code")
    try:
        directory = unpacked(artifact, cache)
    except UnusableArchive as error:
        problem = Problem("package.artifact", f"{shown} {error.problem}", origin, notes=error.notes)
        return Code(root, None, problem)
    prune(cache, directory)
    fault = check_handler(handler, runtime, directory, layers, environ)
    if fault is not None and fault.kind == "missing":
        notes = (f"it is neither beside the service file nor in {shown}",)
        fault = HandlerFault("missing", fault.problem, fault.label.replace("the service", shown), notes)
    return Code(directory, fault)


def _unusable(artifact: str, shown: str, origin: Origin) -> Problem | None:
    from lambda_scenarios.packaging.unpack import UnusableArchive, inspect

    try:
        inspect(artifact)
    except UnusableArchive as error:
        return Problem("package.artifact", f"{shown} {error.problem}", origin, notes=error.notes)
    return None


def _maker(root: str, shown: str) -> str:
    """What most likely makes the artifact, by the build files that are there."""
    import json

    try:
        with open(os.path.join(root, "package.json"), "rb") as stream:
            manifest = json.loads(stream.read())
        scripts = manifest.get("scripts") if isinstance(manifest, dict) else None
        for name in ("package", "bundle", "build"):
            if isinstance(scripts, dict) and name in scripts:
                return f"`npm run {name}` of package.json perhaps makes it"
    except (OSError, ValueError, RecursionError):
        pass
    for file, command in (
        ("pom.xml", "mvn package"),
        ("build.gradle", "gradle build"),
        ("build.gradle.kts", "gradle build"),
        ("go.mod", "go build"),
        ("Cargo.toml", "cargo lambda build"),
        ("Makefile", "make"),
    ):
        if os.path.exists(os.path.join(root, file)):
            return f"`{command}` perhaps makes it: there is a {file}"
    return f"`package.artifact` names what the service's own build leaves: nothing here makes {shown}"
