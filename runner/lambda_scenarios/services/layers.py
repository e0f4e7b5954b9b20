"""Layers of the Serverless Framework: directories of the same service, or ARNs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.aws.failures import LookupFailed
from lambda_scenarios.caching import cache_directory
from lambda_scenarios.errors import Diagnostic, did_you_mean
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.services import logical_ids
from lambda_scenarios.services.findings import Problem, problem_of
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json, Origin
    from lambda_scenarios.services.stack_references import StackReferences


class Layers(NamedTuple):
    """`directories` are absolute, as are `sources`: what the declaration names of the service's own, the same
    directories or archives. `declared` says what the layers are, as far as it can be resolved: the ARN,
    or the directory or archive of one of the service's own, relative to the service where that is shorter."""

    directories: tuple[str, ...]
    declared: tuple[Json, ...]
    left_out: bool
    problems: tuple[Problem, ...]
    warnings: tuple[Diagnostic, ...]
    sources: tuple[str, ...] = ()


NO_LAYERS = Layers((), (), False, (), ())


def read_layers(
    resolver: Resolver, layers: Located | None, root: str, references: Callable[[], StackReferences]
) -> Layers:
    """The layers of a function. One of the service's own is named by `{Ref: <Name>LambdaLayer}`.

    Those that AWS keeps are downloaded; one that can't be had is left out, with a warning.
    Source: Serverless Framework, lib/plugins/aws/lib/naming.js (getLambdaLayerLogicalId).
    """
    if layers is None:
        return Layers((), (), False, (), ())
    if not isinstance(layers.value, list):
        problem = Problem("layers", "`layers` must be a list", layers.origin)
        return Layers((), (), False, (problem,), ())
    directories: list[str] = []
    declared: list[Json] = []
    problems: list[Problem] = []
    warnings: list[Diagnostic] = []
    sources: list[str] = []
    for index, item in enumerate(layers.value):
        located = Located(item, layers.origin.at(index))
        try:
            value = resolver.deep(located)
            if value is None:
                continue
            declared.append(value)
            own = _own_layer(resolver, value, located)
            if own is not None:
                directory, source = _directory(resolver, own, located, root)
                declared[-1] = shown_path(source, root)
                sources.append(source)
            else:
                declared[-1] = arn = _arn(value, located.origin, references)
                directory = _of_aws(resolver, arn)
            directories.append(directory)
        except UnresolvableError as error:
            problems.append(problem_of(error, f"layers.{index}"))
        except _LeftOut as left_out:
            warnings.append(_warning(left_out, located))
    return Layers(
        tuple(directories), tuple(declared), bool(warnings), tuple(problems), tuple(warnings), tuple(sources)
    )


class _LeftOut(Exception):
    """A layer can't be had. `shown` names it."""

    def __init__(self, shown: str, reason: str, notes: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.shown = shown
        self.reason = reason
        self.notes = notes


def _warning(left_out: _LeftOut, located: Located) -> Diagnostic:
    notes = (
        *left_out.notes,
        "without AWS: unpack it, and give it as a layer of the service: `layers: {name: {path: …}}`",
    )
    return Diagnostic(
        f"layer {left_out.shown} is left out: {left_out.reason}",
        located.origin,
        notes=notes,
        severity="warning",
    )


def _own_layer(resolver: Resolver, value: Json, located: Located) -> str | None:
    """The name of the service's own layer that is meant; None for those of AWS."""
    reference = value.get("Ref") if isinstance(value, dict) else None
    if not isinstance(reference, str) or not reference.endswith("LambdaLayer"):
        return None
    own = resolver.lookup("layers")
    names = list(own.value) if own is not None and isinstance(own.value, dict) else []
    by_reference = {logical_ids.of_layer(name): name for name in names}
    if reference in by_reference:
        return by_reference[reference]
    close = did_you_mean(reference, tuple(by_reference))
    label = f"did you mean `{close}`?" if close else f"its layers: {', '.join(by_reference) or 'none'}"
    raise UnresolvableError(f"no layer `{reference}` in this service", located.origin, reference, label)


def _directory(resolver: Resolver, name: str, located: Located, root: str) -> tuple[str, str]:
    """The directory of a layer of the service, its own or what its artifact holds; and which of the two the
    service names. Both are absolute."""
    path = resolver.lookup("layers", name, "path")
    if path is not None:
        directory = os.path.normpath(os.path.join(root, text_in_text(path.value) or ""))
        if not os.path.isdir(directory):
            raise UnresolvableError(f"the directory of layer `{name}` does not exist", path.origin)
        return directory, directory
    artifact = resolver.lookup("layers", name, "package", "artifact")
    if artifact is None:
        raise UnresolvableError(f"layer `{name}` has neither `path` nor `package.artifact`", located.origin)
    from lambda_scenarios.packaging.unpack import UnusableArchive, unpacked

    shown = text_in_text(artifact.value) or ""
    try:
        cache = cache_directory(resolver.settings.environ, "layers")
        archive = os.path.normpath(os.path.join(root, shown))
        return unpacked(archive, cache), archive
    except UnusableArchive as error:
        label = "build it first" if "not exist" in error.problem else ""
        raise UnresolvableError(
            f"{shown} {error.problem}", artifact.origin, label=label, notes=error.notes
        ) from None


def _arn(value: Json, origin: Origin, references: Callable[[], StackReferences]) -> str:
    """The ARN of a layer that AWS keeps: as it is written, or what it refers to."""
    shown = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    if isinstance(value, dict):
        from lambda_scenarios.services.intrinsics import resolve
        from lambda_scenarios.services.references import CannotResolve

        try:
            with references().assumptions.needed_by(origin):
                value = resolve(value, references())
        except CannotResolve as failure:
            raise _LeftOut(shown, failure.reason, failure.notes) from None
    if not isinstance(value, str):
        raise _LeftOut(shown, "it is no ARN", ())
    return value


def _of_aws(resolver: Resolver, arn: str) -> str:
    """The directory of a layer that AWS keeps."""
    try:
        return resolver.settings.lookups.of_profile(resolver.profile()).layer(arn)
    except LookupFailed as failure:
        raise _LeftOut(arn, failure.reason, failure.notes) from None
