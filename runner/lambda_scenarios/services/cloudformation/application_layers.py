"""The layers of a function of a template: resources of the same application, or what AWS keeps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.aws.failures import LookupFailed
from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.services.cloudformation.code import CodeWorld, Resource, build_method, read_code
from lambda_scenarios.services.cloudformation.merging import merge
from lambda_scenarios.services.cloudformation.values import chosen_branch, settled, unresolvable
from lambda_scenarios.services.findings import Problem, problem_of
from lambda_scenarios.services.intrinsics import resolve
from lambda_scenarios.services.layers import Layers
from lambda_scenarios.services.references import CannotResolve, OnlyAwsKnows
from lambda_scenarios.services.variables import Located, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json
    from lambda_scenarios.services.cloudformation.merging import Properties
    from lambda_scenarios.services.cloudformation.stack import Stack

_CODE_PROPERTY = {"AWS::Serverless::LayerVersion": "ContentUri", "AWS::Lambda::LayerVersion": "Content"}
_MOST_HANDED = 20  # stacks that a layer goes through, from parameter to parameter
# What Lambda looks into: docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
_INSIDE = ("python", "nodejs", "ruby", "java", "lib", "bin", "extensions")


def read_application_layers(properties: Properties, stack: Stack, world: CodeWorld) -> Layers:
    """The function's layers in order. Raises nothing: what is wrong is in the result."""
    try:
        layers = settled(properties.get("Layers"), stack)
    except UnresolvableError as error:
        return Layers((), (), False, (problem_of(error, "layers"),), ())
    if layers is None:
        return Layers((), (), False, (), ())
    if not isinstance(layers.value, list):
        problem = Problem("layers", "`Layers` must be a list", layers.origin)
        return Layers((), (), False, (problem,), ())
    directories: list[str] = []
    declared: list[Json] = []
    problems: list[Problem] = []
    warnings: list[Diagnostic] = []
    sources: list[str] = []
    left_out = False
    for index in range(len(layers.value)):
        item = properties.inside(("Layers",), layers.value, index)
        try:
            item = chosen_branch(item, stack)
            if item is None:
                continue
            declared.append(item.value)
            found = _found(item, stack, world)
            declared[-1] = found.arn or shown_path(found.directory, stack.root)
            warnings += found.warnings
            directories.append(found.directory)
            if found.source is not None:
                sources.append(found.source)
        except UnresolvableError as error:
            problems.append(problem_of(error, f"layers.{index}"))
        except _LeftOut as failure:
            left_out = True
            if failure.shown.startswith("arn:"):
                declared[-1] = failure.shown
            text = f"layer {failure.shown} is left out: {failure.reason}"
            where = layers.origin.at(index) if item is None else item.origin
            warnings.append(Diagnostic(text, where, notes=failure.notes, severity="warning"))
    return Layers(
        tuple(directories), tuple(declared), left_out, tuple(problems), tuple(warnings), tuple(sources)
    )


class _LeftOut(Exception):
    """A layer can't be had. `shown` names it."""

    def __init__(self, shown: str, reason: str, notes: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.shown = shown
        self.reason = reason
        self.notes = notes


class _Found(NamedTuple):
    """A layer's directory, absolute; of one that AWS has, the ARN as well, of others what their
    directory was made of, or itself."""

    directory: str
    arn: str = ""
    warnings: tuple[Diagnostic, ...] = ()
    source: str | None = None


def _found(item: Located, stack: Stack, world: CodeWorld) -> _Found:
    """The layer. Raises UnresolvableError, and _LeftOut for what only AWS has."""
    for _ in range(_MOST_HANDED):
        name = _reference(item.value)
        kind = stack.resource(name).get("Type") if name is not None else None
        if name is not None and isinstance(kind, str) and kind in _CODE_PROPERTY:
            return _own(name, _CODE_PROPERTY[kind], item, stack, world)
        handed = stack.handed(item)
        if handed is None:
            break
        stack, item = handed
    try:
        with stack.assumptions.needed_by(item.origin):
            arn = resolve(item.value, stack)
    except OnlyAwsKnows as failure:
        raise _LeftOut(_shown(item.value), failure.reason, failure.notes) from None
    except CannotResolve as failure:
        raise unresolvable(failure, item) from None
    if not isinstance(arn, str):
        raise UnresolvableError("a layer is named by its ARN or by `!Ref`", item.origin)
    if not arn.startswith("arn:"):
        raise _LeftOut(arn, "it is no layer of this template, and no ARN")
    try:
        return _Found(stack.lookups.layer(arn), arn)
    except LookupFailed as failure:
        raise _LeftOut(arn, failure.reason, failure.notes) from None


def _own(name: str, property_name: str, item: Located, stack: Stack, world: CodeWorld) -> _Found:
    try:
        condition = stack.missing_condition(name)
    except CannotResolve as failure:
        raise unresolvable(failure, item) from None
    if condition is not None:
        raise UnresolvableError(
            f"layer `{name}` isn't there: its condition `{condition}` is false", item.origin
        )
    located = stack.resources()[name]
    resource = stack.resource(name)
    metadata = resource.get("Metadata")
    properties = Located(resource.get("Properties"), located.origin.at("Properties"))
    shared = stack.globals_of("LayerVersion") if property_name == "ContentUri" else None
    layer = Resource(
        name,
        merge(shared, properties, resource.get("IgnoreGlobals")),
        metadata if isinstance(metadata, dict) else {},
        property_name,
        located.origin,
    )
    code = read_code(layer, stack, stack.build, world)
    method = build_method(layer.metadata)
    warnings = list(code.warnings)
    if method and not any(os.path.isdir(os.path.join(code.directory, inside)) for inside in _INSIDE):
        warnings.append(
            Diagnostic(
                f"layer `{name}` is not built (BuildMethod: {method}): nothing in it is where Lambda looks",
                code.origin,
                "`sam build` makes it",
                severity="warning",
            )
        )
    return _Found(code.directory, "", tuple(warnings), code.source or code.directory)


def _reference(value: Json) -> str | None:
    name = value.get("Ref") if isinstance(value, dict) and len(value) == 1 else None
    return name if isinstance(name, str) else None


def _shown(value: Json) -> str:
    if isinstance(value, str):
        return value
    name = _reference(value)
    return f"`{name}`" if name is not None else "by an intrinsic function"
