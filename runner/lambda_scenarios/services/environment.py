"""The environment that a service file gives a function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.function import Unresolved
from lambda_scenarios.services.findings import Problem, problem_of
from lambda_scenarios.services.javascript_text import scalar_text
from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json


class Environment(NamedTuple):
    """`values` in order of definition, None for what can't be resolved."""

    values: tuple[tuple[str, str | None], ...]
    problems: tuple[Problem, ...]
    passed_as_json: tuple[Unresolved, ...]
    warnings: tuple[Diagnostic, ...]


def read_environment(resolver: Resolver, levels: tuple[Located | None, ...]) -> Environment:
    """The variables of all `levels` (of the provider, then of the function), merged by name.

    The later level wins, its null unsets. Numbers and booleans become text as in JavaScript. Only the
    winning value of a name is resolved. Intrinsic functions are passed as JSON, with a warning.
    Source: Serverless Framework, lib/plugins/aws/invoke-local/index.js (getConfiguredEnvVars).
    """
    declared: dict[str, Located] = {}
    problems: list[Problem] = []
    for level in levels:
        if level is None:
            continue
        if not isinstance(level.value, dict):
            problems.append(Problem("environment", "`environment` must be a mapping", level.origin))
            continue
        for name, value in level.value.items():
            declared[name] = Located(value, level.origin.at(name))
    values: list[tuple[str, str | None]] = []
    intrinsics: list[Unresolved] = []
    warnings: list[Diagnostic] = []
    for name, declaration in declared.items():
        path = f"environment.{name}"
        try:
            value = resolver.deep(declaration)
        except UnresolvableError as error:
            problems.append(problem_of(error, path))
            values.append((name, None))
            continue
        if value is None:
            continue
        if isinstance(value, (dict, list)):
            reason = _intrinsic_reason(value)
            intrinsics.append(Unresolved(path, reason))
            warnings.append(
                Diagnostic(f"{name} is passed as JSON: {reason}", declaration.origin, severity="warning")
            )
            values.append((name, json.dumps(value, ensure_ascii=False, separators=(",", ":"))))
        else:
            values.append((name, scalar_text(value)))
    return Environment(tuple(values), tuple(problems), tuple(intrinsics), tuple(warnings))


def _intrinsic_reason(value: Json) -> str:
    if isinstance(value, dict) and len(value) == 1:
        name = next(iter(value))
        if name in ("Ref", "Condition") or name.startswith("Fn::"):
            return f"`{name}` of CloudFormation is not resolved yet"
    kind = "a list" if isinstance(value, list) else "a mapping"
    return f"an environment variable is a text, and this is {kind}"
