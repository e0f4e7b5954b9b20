"""Functions that a scenario file declares itself, without a service file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple, TypeGuard

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.model.values import Json, Origin, WrittenFloat, WrittenInt
from lambda_scenarios.model.variable import unfit
from lambda_scenarios.services.handler_files import check_handler, in_build_output
from lambda_scenarios.services.runtime_identifiers import RUNTIME_IDENTIFIERS

_TIMEOUT = 6.0
_MEMORY = 1024


class InlineFunctions(NamedTuple):
    """The declared functions by key, in order of definition."""

    functions: Mapping[str, Function]
    warnings: tuple[Diagnostic, ...]


def inline_functions(
    declared: Mapping[str, Json],
    origin: Origin,
    file: str,
    service: ServiceInfo | None,
    environ: Mapping[str, str] = {},
    *,
    deployed: bool = False,
) -> InlineFunctions:
    """The value of `functions` in a scenario file, whose structure is valid already.

    `origin` is that of the whole mapping, `file` the scenario file (absolute): `code` and `layers` are
    relative to it. Without a service, the functions belong to one called `local` at stage `dev`.
    `environ` says which virtual environment is active. Of `deployed` ones, no files are looked for. Raises
    UsageError with all that is wrong.
    """
    base = os.path.dirname(file)
    if service is None:
        service = ServiceInfo("local", "dev", "us-east-1", base, None)
    functions: dict[str, Function] = {}
    errors: list[Diagnostic] = []
    warnings: list[Diagnostic] = []
    for key, declaration in declared.items():
        if isinstance(declaration, dict):
            function = _function(key, declaration, origin.at(key), base, service)
            functions[key] = function
            for found in _faults(function, declaration, environ, deployed=deployed):
                (errors if found.severity == "error" else warnings).append(found)
    if errors:
        raise UsageError(*errors)
    return InlineFunctions(functions, tuple(warnings))


def _function(
    key: str, declared: dict[str, Json], origin: Origin, base: str, service: ServiceInfo
) -> Function:
    environment = declared.get("environment")
    layers = declared.get("layers")
    image = declared.get("image")
    build = declared.get("build")
    own_layers = tuple(_absolute(base, layer) for layer in layers) if isinstance(layers, list) else ()
    return Function(
        key=key,
        name=f"{service.name}-{service.stage}-{key}",
        handler=str(declared.get("handler") or ""),
        runtime=str(declared.get("runtime") or ""),
        code=_absolute(base, declared.get("code") or "."),
        service=service,
        timeout=_number(declared.get("timeout"), _TIMEOUT),
        memory=int(_number(declared.get("memory"), _MEMORY)),
        environment=_environment(environment if isinstance(environment, dict) else {}),
        layers=own_layers,
        layers_from=own_layers,
        architecture=str(declared.get("architecture") or "x86_64"),
        image=image if isinstance(image, str) else None,
        build=build if isinstance(build, str) else None,
        origin=origin,
    )


def _faults(
    function: Function, declared: dict[str, Json], environ: Mapping[str, str], *, deployed: bool
) -> list[Diagnostic]:
    assert function.origin is not None  # it is set for every inline function
    origin = function.origin
    found: list[Diagnostic] = []
    archive = function.runtime.startswith("java") and function.code.endswith((".jar", ".zip"))
    if not (deployed or os.path.isdir(function.code) or (archive and os.path.isfile(function.code))):
        where = origin.at("code") if "code" in declared else origin
        return [Diagnostic(f"the directory of function `{function.key}` does not exist", where)]
    for name in ("timeout", "memory"):
        value = declared.get(name)
        if value is not None and not (_is_number(value) and value > 0):
            found.append(Diagnostic(f"`{name}` must be a number above 0", origin.at(name)))
    unfitting = ((name, unfit(name, text)) for name, text in function.environment)
    found += [Diagnostic(why, origin.at("environment", name).as_key()) for name, why in unfitting if why]
    for index, layer in enumerate(function.layers):
        if not deployed and not os.path.isdir(layer):
            found.append(Diagnostic("the directory of this layer does not exist", origin.at("layers", index)))
    if function.image is not None:
        return found
    for name in ("handler", "runtime"):
        if not declared.get(name):
            found.append(Diagnostic(f"function `{function.key}` has no `{name}`", origin.as_key()))
    if function.runtime and function.runtime not in RUNTIME_IDENTIFIERS:
        close = did_you_mean(function.runtime, RUNTIME_IDENTIFIERS)
        label = f"did you mean `{close}`?" if close else "an identifier like python3.12 or nodejs22.x"
        found.append(Diagnostic(f"Lambda has no runtime `{function.runtime}`", origin.at("runtime"), label))
    elif function.runtime and function.handler and not deployed:
        fault = check_handler(function.handler, function.runtime, function.code, function.layers, environ)
        if fault is not None and not (fault.kind == "missing" and function.build is not None):
            to_be_built = fault.kind == "missing" and in_build_output(function.handler)
            found.append(
                Diagnostic(
                    fault.problem,
                    origin.at("handler"),
                    "build it first" if to_be_built else fault.label,
                    severity="warning" if to_be_built else "error",
                )
            )
    return found


def _environment(declared: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """As `env` of a scenario: numbers as they are written, booleans true and false, null left out."""
    return tuple((name, _text(value)) for name, value in declared.items() if value is not None)


def _text(value: Json) -> str:
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.written
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        import json

        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _number(value: Json, default: float) -> float:
    """`value` as a number; the default where it is none, which `_faults` reports."""
    return float(value) if _is_number(value) else default


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _absolute(base: str, path: Json) -> str:
    return os.path.normpath(os.path.join(base, str(path)))
