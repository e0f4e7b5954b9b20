"""What `cdk synth` leaves in cdk.out: the stacks of an app, and where the code of their functions is.

Source: aws-cdk-lib/cloud-assembly-schema (AssemblyManifest, AssetManifest).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Json, Place
from lambda_scenarios.phrases import shown_path

if TYPE_CHECKING:
    from lambda_scenarios.services.documents import Documents

MANIFEST = "manifest.json"
_TEMPLATE_END = ".template.json"
_NESTED_END = ".nested.template.json"  # they belong to the stacks that hold them
_DEEPEST = 5  # assemblies in assemblies


class CdkStack(NamedTuple):
    """A stack of an app. `file` is its template, absolute; what the app leaves open is None."""

    shown: str  # as `cdk ls` shows it
    name: str
    file: str
    account: str | None
    region: str | None


def find_stacks(file: str, documents: Documents, cwd: str) -> tuple[CdkStack, ...]:
    """The stacks of the app that `file` belongs to: its cdk.json, a manifest.json, or one template.

    Without a manifest, those whose templates are there.

    Raises UsageError where nothing was synthesised.
    """
    if file.endswith(_TEMPLATE_END):
        known = [stack for stack in _of_assembly(os.path.dirname(file), documents, 0) if stack.file == file]
        name = os.path.basename(file)[: -len(_TEMPLATE_END)]
        return tuple(known) or (CdkStack(name, name, file, None, None),)
    directory = os.path.dirname(file)
    if os.path.basename(file) == "cdk.json":
        settings = documents.parsed(file)
        output = settings.get("output") if isinstance(settings, dict) else None
        directory = os.path.join(directory, output if isinstance(output, str) else "cdk.out")
    shown = shown_path(directory, cwd)
    if os.path.isfile(os.path.join(directory, MANIFEST)):
        found = tuple(_of_assembly(directory, documents, 0))
        if not found:
            raise UsageError(Diagnostic(f"{shown} has no stacks", Place(file, 1)))
        return found
    found = tuple(_without_manifest(directory))
    if not found:
        missing = f"{shown}/{MANIFEST}" if os.path.isdir(directory) else shown
        raise UsageError(
            Diagnostic(
                f"there is no {missing}: the app has not been synthesised",
                Place(file, 1),
                "",
                ("`cdk synth` writes it; functions are read from there",),
            )
        )
    return found


def _without_manifest(directory: str) -> Iterator[CdkStack]:
    """The stacks whose templates lie there, by their file names: templates may be all that was kept."""
    names = os.listdir(directory) if os.path.isdir(directory) else ()
    for file in sorted(names):
        if file.endswith(_TEMPLATE_END) and not file.endswith(_NESTED_END):
            name = file[: -len(_TEMPLATE_END)]
            yield CdkStack(name, name, os.path.join(directory, file), None, None)


def _of_assembly(directory: str, documents: Documents, depth: int) -> Iterator[CdkStack]:
    try:
        manifest = documents.parsed(os.path.join(directory, MANIFEST))
    except FileNotFoundError:
        return
    artifacts = manifest.get("artifacts") if isinstance(manifest, dict) else None
    for name, artifact in artifacts.items() if isinstance(artifacts, dict) else ():
        if not isinstance(artifact, dict):
            continue
        properties = artifact.get("properties")
        settings: dict[str, Any] = properties if isinstance(properties, dict) else {}
        if artifact.get("type") == "aws:cloudformation:stack":
            template = settings.get("templateFile")
            if isinstance(template, str):
                yield _stack(name, artifact, settings, os.path.normpath(os.path.join(directory, template)))
        elif artifact.get("type") == "cdk:cloud-assembly" and depth < _DEEPEST:
            inner = settings.get("directoryName")
            if isinstance(inner, str):
                yield from _of_assembly(os.path.join(directory, inner), documents, depth + 1)


def _stack(name: str, artifact: Mapping[str, Json], settings: Mapping[str, Any], file: str) -> CdkStack:
    environment = str(artifact.get("environment") or "").removeprefix("aws://")
    account, _, region = environment.partition("/")
    shown = artifact.get("displayName") or artifact.get("id")
    deployed = settings.get("stackName")
    return CdkStack(
        shown if isinstance(shown, str) else name,
        deployed if isinstance(deployed, str) else name,
        file,
        None if account in ("", "unknown-account") else account,
        None if region in ("", "unknown-region") else region,
    )


def construct_path(metadata: Mapping[str, Json]) -> str | None:
    """The path of a construct inside of its stack, as `Api/Handler`; None where the template doesn't say."""
    path = metadata.get("aws:cdk:path")
    if not isinstance(path, str):
        return None
    parts = path.split("/")[1:]
    if len(parts) > 1 and parts[-1] == "Resource":
        parts.pop()
    return "/".join(parts) or None


def asset_path(template: str, key: Json, documents: Documents) -> str | None:
    """Where the asset with this S3 key is, relative to the template: for templates without metadata."""
    if not template.endswith(_TEMPLATE_END) or not isinstance(key, str):
        return None
    try:
        manifest = documents.parsed(template[: -len(_TEMPLATE_END)] + ".assets.json")
    except (FileNotFoundError, UsageError):
        return None
    files = manifest.get("files") if isinstance(manifest, dict) else None
    entry = files.get(key.partition(".")[0]) if isinstance(files, dict) else None
    source = entry.get("source") if isinstance(entry, dict) else None
    path = source.get("path") if isinstance(source, dict) else None
    return path if isinstance(path, str) else None
