"""Where the code of a function or a layer is: a directory, an archive, a build, an asset, the template."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.caching import cache_directory
from lambda_scenarios.errors import Diagnostic, did_you_mean
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.services.cloudformation.builds import Build, built, newer_source
from lambda_scenarios.services.cloudformation.cdk import asset_path
from lambda_scenarios.services.cloudformation.values import evaluated, settled
from lambda_scenarios.services.handler_files import in_build_output
from lambda_scenarios.services.variables import Located, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.services.cloudformation.merging import Properties
    from lambda_scenarios.services.cloudformation.stack import Stack
    from lambda_scenarios.services.documents import Documents

# What runs only when it is built: the sources can't stand in for a build.
_COMPILED = ("java", "dotnet", "go", "provided")
_BUILT_BY = ("makefile", "esbuild", "dotnet7", "go1.x", "rust-cargolambda")


class Code(NamedTuple):
    """`directory` is absolute. `inline` is the code itself where it stands in the template; else `source` is
    the absolute path that the template names, from which the directory was unpacked or built, if it isn't it.
    """

    directory: str
    origin: Origin
    inline: str | None = None
    warnings: tuple[Diagnostic, ...] = ()
    source: str | None = None


class Resource(NamedTuple):
    """A function or a layer. `property_name` is the one that says where its code is."""

    name: str
    properties: Properties
    metadata: Mapping[str, Json]
    property_name: str
    origin: Origin  # of the whole resource


def read_code(resource: Resource, stack: Stack, build: Build | None, world: CodeWorld) -> Code:
    """The code of a resource. Raises UnresolvableError where there is none on this machine.

    A path is relative to the template. What `sam build` made is taken where it is newer than the template and
    the sources, and for what has to be compiled in any case.
    """
    declared = _declared(resource, stack, world)
    if isinstance(declared, Code):
        return declared
    directory = built(build, resource.name, resource.property_name)
    if directory is None or build is None:
        return declared_code(declared, stack.root, world)
    path = _local_path(declared.value)
    source = os.path.normpath(os.path.join(stack.root, path)) if path is not None else stack.root
    newer = newer_source(build, stack.file, source)
    if newer is None:
        return Code(_opened(directory, declared.origin, world), declared.origin, source=source)
    must_be_built = world.runtime.startswith(_COMPILED) or build_method(resource.metadata) in _BUILT_BY
    shown = os.path.relpath(newer, stack.root)
    what = "the sources are run, not the build" if not must_be_built else "what was built is run all the same"
    warning = Diagnostic(
        f"the build of `{resource.name}` is older than {shown}: {what}",
        declared.origin,
        "`sam build` renews it",
        severity="warning",
    )
    if must_be_built:
        opened = _opened(directory, declared.origin, world)
        return Code(opened, declared.origin, warnings=(warning,), source=source)
    found = declared_code(declared, stack.root, world)
    return found._replace(warnings=(*found.warnings, warning))


class CodeWorld(NamedTuple):
    """What is the same for all code of one function."""

    environ: Mapping[str, str]
    cwd: str
    documents: Documents
    runtime: str = ""


def build_method(metadata: Mapping[str, Json]) -> str:
    """`BuildMethod` of the resource's Metadata, "" where none is given."""
    method = metadata.get("BuildMethod")
    return method if isinstance(method, str) else ""


def _declared(resource: Resource, stack: Stack, world: CodeWorld) -> Located | Code:
    """What the template says; the asset of the CDK before all, since its property names an S3 bucket."""
    asset = resource.metadata.get("aws:asset:path")
    if isinstance(asset, str) and resource.metadata.get("aws:asset:property", resource.property_name) == (
        resource.property_name
    ):
        return Located(asset, resource.origin.at("Metadata", "aws:asset:path"))
    inline = settled(resource.properties.get("InlineCode"), stack)
    found = settled(resource.properties.get(resource.property_name), stack)
    if inline is None and found is not None and isinstance(found.value, dict) and "ZipFile" in found.value:
        inline = settled(Located(found.value["ZipFile"], found.origin.at("ZipFile")), stack)
    if inline is not None:
        text = evaluated(inline, stack)
        if not isinstance(text, str):
            raise UnresolvableError("inline code must be a text", inline.origin)
        return Code("", inline.origin, text)
    if found is None:
        return Located(".", resource.origin)
    if isinstance(found.value, dict) and "S3Key" in found.value:
        path = asset_path(stack.file, found.value["S3Key"], world.documents)
        if path is not None:
            return Located(path, found.origin)
    return Located(evaluated(found, stack), found.origin)


def declared_code(declared: Located, root: str, world: CodeWorld) -> Code:
    """A directory, or an archive that is unpacked. Raises UnresolvableError."""
    path = _local_path(declared.value)
    if path is None:
        raise _elsewhere(declared)
    absolute = os.path.normpath(os.path.join(root, path))
    opened = _opened(absolute, declared.origin, world)
    return Code(opened, declared.origin, source=None if opened == absolute else absolute)


def _local_path(value: Json) -> str | None:
    if not isinstance(value, str) or value.startswith(("s3://", "http://", "https://")):
        return None
    return value.removeprefix("file://") or "."


def _elsewhere(declared: Located) -> UnresolvableError:
    """The code is in S3, or nowhere."""
    value = declared.value
    where = value if isinstance(value, str) else ""
    if isinstance(value, dict):
        bucket = value.get("S3Bucket", value.get("Bucket"))
        key = value.get("S3Key", value.get("Key"))
        if isinstance(bucket, str) and isinstance(key, str):
            where = f"s3://{bucket}/{key}"
    if not where:
        return UnresolvableError(
            "this names no code on this machine", declared.origin, "", "a path is needed"
        )
    return UnresolvableError(
        f"the code is in S3, not on this machine: {where}",
        declared.origin,
        "",
        "only a path can be run",
        ("declare the function under `functions` of the scenario file, with `code: PATH`",),
    )


def _built_by(path: str) -> str:
    return "build it first" if in_build_output(path) else ""


def _opened(path: str, origin: Origin, world: CodeWorld) -> str:
    if os.path.isdir(path):
        return path
    shown = os.path.relpath(path, world.cwd)
    shown = path if shown.startswith("../..") else shown
    if not os.path.exists(path):
        close = None
        with contextlib.suppress(OSError):
            close = did_you_mean(os.path.basename(path), os.listdir(os.path.dirname(path)))
        label = f"did you mean `{close}`?" if close else _built_by(shown)
        raise UnresolvableError(f"the code is missing: there is no {shown}", origin, "", label)
    from lambda_scenarios.packaging.unpack import UnusableArchive, unpacked

    try:
        return unpacked(path, cache_directory(world.environ, "code"))
    except UnusableArchive as error:
        raise UnresolvableError(f"{shown} {error.problem}", origin, notes=error.notes) from None
