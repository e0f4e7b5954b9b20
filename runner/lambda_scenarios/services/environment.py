"""The environment that a service file gives a function."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.model.variable import unfit
from lambda_scenarios.services.findings import NotEvaluated, Problem, problem_of
from lambda_scenarios.services.javascript_text import scalar_text
from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json, Origin
    from lambda_scenarios.services.stack_references import StackReferences


class Environment(NamedTuple):
    """`values` in order of definition, None for what can't be resolved."""

    values: tuple[tuple[str, str | None], ...]
    problems: tuple[Problem, ...]
    not_evaluated: tuple[NotEvaluated, ...]


def read_environment(
    resolver: Resolver, levels: tuple[Located | None, ...], references: Callable[[], StackReferences]
) -> Environment:
    """The variables of all `levels` (of the provider, then of the function), merged by name.

    The later level wins, its null unsets. Numbers and booleans become text as in JavaScript. Only the
    winning value of a name is resolved. Intrinsic functions are evaluated by `references`; what can't be
    is passed as JSON.
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
    evaluation = _Evaluation(references)
    for name, declaration in declared.items():
        try:
            value = resolver.deep(declaration)
        except UnresolvableError as error:
            problems.append(problem_of(error, f"environment.{name}"))
            values.append((name, None))
            continue
        if isinstance(value, (dict, list)) or (isinstance(value, str) and "{{resolve:" in value):
            value = evaluation.value(name, value, declaration.origin)
        if value is None:
            continue
        text = scalar_text(value)
        fault = unfit(name, text)
        if fault:
            problems.append(Problem(f"environment.{name}", fault, declaration.origin.as_key()))
        values.append((name, None if fault else text))
    return Environment(tuple(values), tuple(problems), tuple(evaluation.left))


class _Evaluation:
    """Values that CloudFormation would fill in, and what is to be said of those that stay as they are."""

    def __init__(self, references: Callable[[], StackReferences]) -> None:
        self._references = references
        self.left: list[NotEvaluated] = []

    def value(self, name: str, value: Json, origin: Origin) -> str | bool | int | float | None:
        """The value; where it can't be evaluated it is as written, a mapping or a list as JSON."""
        from lambda_scenarios.services import dynamic_references, intrinsics
        from lambda_scenarios.services.references import CannotResolve

        how = "left as written" if isinstance(value, str) else "left as JSON"
        try:
            references = self._references()
            with references.assumptions.needed_by(origin):
                found = intrinsics.resolve(value, references)
                if isinstance(found, str):
                    found = dynamic_references.replaced(found, references.dynamic)
            if not isinstance(found, (dict, list)):
                return found
            value = found
            kind = "a list" if isinstance(found, list) else "a mapping"
            reason = f"an environment variable is a text, and this is {kind}"
            self.left.append(NotEvaluated(name, how, reason, origin))
        except CannotResolve as failure:
            general = _is_general(failure)
            self.left.append(
                NotEvaluated(
                    name, how, failure.reason, origin, failure.text, failure.label, failure.notes, general
                )
            )
        except UnresolvableError as error:
            self.left.append(NotEvaluated(name, how, error.problem, origin, "", error.label, error.notes))
        if isinstance(value, str):
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_general(failure: BaseException | None) -> bool:
    """Whether every other look-up fails for the same reason. The evaluation raises failures anew."""
    while failure is not None:
        if getattr(failure, "general", False):
            return True
        failure = failure.__cause__
    return False
