"""The directory that a function runs from: beside its service file, or what its artifact holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from lambda_scenarios.caching import cache_directory
from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.values import Origin
from lambda_scenarios.services.findings import Problem
from lambda_scenarios.services.handler_files import HandlerFault, check_handler
from lambda_scenarios.services.packages import ReadPackage

_OWN_BOOTSTRAP = ("provided", "go1.x")


class Wanted(NamedTuple):
    """The function whose code is looked for: of the service in `root`, with layers that are directories."""

    key: str
    handler: str
    runtime: str
    root: str
    layers: tuple[str, ...]
    read: ReadPackage
    environ: Mapping[str, str]

    def fault_in(self, directory: str) -> HandlerFault | None:
        return check_handler(self.handler, self.runtime, directory, self.layers, self.environ)


class Code(NamedTuple):
    """`directory` is absolute. `fault` is about the handler, `problem` about the package."""

    directory: str
    fault: HandlerFault | None = None
    problem: Problem | None = None
    warning: Diagnostic | None = None


def find_code(wanted: Wanted) -> Code:
    """Where the code of a function is.

    Functions run from the directory of their service. Where their handler isn't there, they run from the
    artifact that `package.artifact` names, unpacked into the cache. An artifact that exists must be one
    that Lambda takes, whether it is needed here or not.
    """
    root, read = wanted.root, wanted.read
    fault = wanted.fault_in(root)
    needed = fault is not None and fault.kind == "missing"
    if wanted.runtime.startswith(_OWN_BOOTSTRAP):
        executable = wanted.handler if wanted.runtime == "go1.x" else "bootstrap"
        needed = not os.path.exists(os.path.join(root, executable))
    elif wanted.runtime.startswith("java"):
        needed = True  # sources can't be run
    artifact = read.package.archive if read.package is not None and read.package.is_artifact else None
    if artifact is None:
        return Code(root, fault, read.problem if needed else None)
    assert read.artifact_origin is not None  # an artifact is named somewhere
    shown = os.path.relpath(artifact, root)
    if not needed:
        exists = os.path.exists(artifact)
        return Code(root, fault, _unusable(artifact, shown, read.artifact_origin) if exists else None)
    if not os.path.exists(artifact):
        problem = Problem(
            "package.artifact",
            f"{shown} does not exist",
            read.artifact_origin,
            label="build it first",
            notes=(_maker(root, shown),),
        )
        return Code(root, None, problem)
    return _unpacked(
        wanted, artifact, read.artifact_origin, f"neither beside the service file nor in {shown}"
    )


def last_packaged(wanted: Wanted, origin: Origin) -> Code:
    """Where what was packaged last is, unpacked into the cache, and how old it is.

    `origin` is the function's own mapping.
    """
    import time

    from lambda_scenarios.services.last_package import age, last_package

    root, package = wanted.root, wanted.read.package
    if package is None:
        return Code(root, None, wanted.read.problem)
    archive, expected = last_package(root, wanted.key, package)
    if archive is None:
        shown = os.path.relpath(expected, root)
        maker = _maker(root, shown) if package.is_artifact else "`serverless package` makes it"
        notes = (maker, "without --skip-package, the function runs from its sources")
        problem = Problem(
            "package", f"there is no package of {wanted.key}: no {shown}", origin.as_key(), notes=notes
        )
        return Code(root, None, problem)
    shown = os.path.relpath(archive, root)
    code = _unpacked(wanted, archive, origin.as_key(), f"not in {shown}, from which --skip-package runs it")
    if code.problem is not None:
        return code
    return code._replace(warning=age(root, wanted.key, package, archive, origin.as_key(), time.time()))


def _unpacked(wanted: Wanted, archive: str, origin: Origin, absent: str) -> Code:
    """The code in an archive; `absent` says where it is not, if the handler is missing there."""
    from lambda_scenarios.packaging.unpack import UnusableArchive, prune, unpacked

    shown = os.path.relpath(archive, wanted.root)
    cache = cache_directory(wanted.environ, "code")
    try:
        directory = unpacked(archive, cache)
    except UnusableArchive as error:
        problem = Problem("package.artifact", f"{shown} {error.problem}", origin, notes=error.notes)
        return Code(wanted.root, None, problem)
    prune(cache, directory)
    fault = wanted.fault_in(directory)
    if fault is not None and fault.kind == "missing":
        label = fault.label.replace("the service", shown)
        fault = fault._replace(label=label, notes=(*fault.notes, f"it is {absent}"))
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
