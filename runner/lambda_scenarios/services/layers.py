"""Layers of the Serverless Framework: directories of the same service, or ARNs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic, did_you_mean
from lambda_scenarios.services import logical_ids
from lambda_scenarios.services.findings import Problem, problem_of
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json


class Layers(NamedTuple):
    """`directories` are absolute; `declared` is what the file says, as far as it can be resolved."""

    directories: tuple[str, ...]
    declared: tuple[Json, ...]
    left_out: bool
    problems: tuple[Problem, ...]
    warnings: tuple[Diagnostic, ...]


def read_layers(resolver: Resolver, layers: Located | None, root: str) -> Layers:
    """The layers of a function. One of the service's own is named by `{Ref: <Name>LambdaLayer}`.

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
    left_out = False
    for index, item in enumerate(layers.value):
        located = Located(item, layers.origin.at(index))
        try:
            value = resolver.deep(located)
            declared.append(value)
            if value is None:
                continue
            directory = _directory(resolver, value, located, root)
        except UnresolvableError as error:
            problems.append(problem_of(error, f"layers.{index}"))
            continue
        if directory is None:
            left_out = True
            shown = value if isinstance(value, str) else "by an intrinsic function"
            warnings.append(
                Diagnostic(
                    f"layer {shown} is left out",
                    located.origin,
                    "layers that AWS keeps are not downloaded yet",
                    severity="warning",
                )
            )
        else:
            directories.append(directory)
    return Layers(tuple(directories), tuple(declared), left_out, tuple(problems), tuple(warnings))


def _directory(resolver: Resolver, value: Json, located: Located, root: str) -> str | None:
    """The layer's directory; None for one that only AWS has."""
    reference = value.get("Ref") if isinstance(value, dict) else None
    if not isinstance(reference, str):
        return None
    own = resolver.lookup("layers")
    names = list(own.value) if own is not None and isinstance(own.value, dict) else []
    by_reference = {logical_ids.of_layer(name): name for name in names}
    name = by_reference.get(reference)
    if name is None:
        if not reference.endswith("LambdaLayer"):
            return None  # some resource of the template
        close = did_you_mean(reference, tuple(by_reference))
        label = f"did you mean `{close}`?" if close else f"its layers: {', '.join(by_reference) or 'none'}"
        raise UnresolvableError(f"no layer `{reference}` in this service", located.origin, reference, label)
    path = resolver.lookup("layers", name, "path")
    if path is None:
        return None  # `package.artifact` instead
    directory = os.path.normpath(os.path.join(root, text_in_text(path.value) or ""))
    if not os.path.isdir(directory):
        raise UnresolvableError(f"the directory of layer `{name}` does not exist", path.origin)
    return directory
