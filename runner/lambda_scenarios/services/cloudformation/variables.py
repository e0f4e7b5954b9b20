"""The environment variables that a template gives a function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.variable import unfit
from lambda_scenarios.services.cloudformation.values import settled, unresolvable
from lambda_scenarios.services.dynamic_references import replaced
from lambda_scenarios.services.evaluation import scalar_text
from lambda_scenarios.services.findings import NotEvaluated, Problem, problem_of
from lambda_scenarios.services.intrinsics import resolve
from lambda_scenarios.services.references import CannotResolve, OnlyAwsKnows
from lambda_scenarios.services.variables import Located, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json
    from lambda_scenarios.services.cloudformation.merging import Properties
    from lambda_scenarios.services.cloudformation.stack import Stack


class Environment(NamedTuple):
    """`values` in order of definition, None for what can't be resolved."""

    values: tuple[tuple[str, str | None], ...]
    problems: tuple[Problem, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    warnings: tuple[Diagnostic, ...]


NO_VARIABLES = Environment((), (), (), ())


class _Reader:
    """Collects the variables and all that is to be said about them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.values: list[tuple[str, str | None]] = []
        self.problems: list[Problem] = []
        self.not_evaluated: list[NotEvaluated] = []
        self.warnings: list[Diagnostic] = []

    def read(self, name: str, declared: Located) -> None:
        path = f"environment.{name}"
        self.stack.guesses.clear()
        try:
            with self.stack.assumptions.needed_by(declared.origin):
                value = resolve(declared.value, self.stack)
            if isinstance(value, str) and "{{resolve:" in value:
                value = replaced(value, self.stack.stand_ins.dynamic)
        except OnlyAwsKnows as failure:
            self.pass_as_json(name, declared, declared.value, failure.reason)
            last = self.not_evaluated[-1]
            self.not_evaluated[-1] = last._replace(notes=failure.notes, general=failure.general)
            return
        except CannotResolve as failure:
            self.problems.append(problem_of(unresolvable(failure, declared), path))
            self.values.append((name, None))
            return
        if value is None:
            if declared.value is None:
                self.warn(f"{name} is null, which CloudFormation refuses", declared, 'write "" for nothing')
            return  # else AWS::NoValue
        fault = unfit(name, value if isinstance(value, str) else "")
        if fault:
            self.problems.append(Problem(path, fault, declared.origin.as_key()))
            self.values.append((name, None))
            return
        if isinstance(value, (dict, list)):
            kind = "a list" if isinstance(value, list) else "a mapping"
            reason = f"an environment variable is a text, and this is {kind}"
            self.pass_as_json(name, declared, value, reason)
            return
        self.values.append((name, scalar_text(value)))
        for guess in self.stack.guesses:
            self.not_evaluated.append(
                NotEvaluated(
                    name,
                    # Those with the same general reason are told of together.
                    "made with stand-ins" if guess.general else f"made with `{guess.value}` for {guess.name}",
                    guess.reason,
                    declared.origin,
                    label=f"`resolve: {{'{guess.name}': …}}` in the scenario file gives it",
                    notes=guess.notes,
                    general=guess.general,
                )
            )

    def pass_as_json(self, name: str, declared: Located, value: Json, reason: str) -> None:
        """What the Serverless Framework documents for what it can't resolve, here too."""
        self.values.append((name, json.dumps(value, ensure_ascii=False, separators=(",", ":"))))
        self.not_evaluated.append(NotEvaluated(name, "left as JSON", reason, declared.origin))

    def warn(self, problem: str, found: Located, label: str = "") -> None:
        self.warnings.append(Diagnostic(problem, found.origin, label, severity="warning"))


def read_variables(properties: Properties, stack: Stack) -> Environment:
    """The variables of a function, each evaluated. Raises nothing: what is wrong is in the result.

    What only AWS knows is passed as JSON, with a warning; what has a likely value (a name that AWS would
    choose) gets that, with a warning as well. Numbers and booleans become text as in `sam local`.
    Source: samcli/local/lambdafn/env_vars.py (_stringify_value).
    """
    reader = _Reader(stack)
    try:
        path: tuple[str, ...] = ("Environment",)
        declared = settled(properties.get("Environment"), stack)
        if declared is not None and isinstance(declared.value, dict):
            path = (*path, "Variables")
            declared = settled(_inside(properties, ("Environment",), declared, "Variables"), stack)
        if declared is not None:
            if not isinstance(declared.value, dict):
                raise UnresolvableError(f"`{path[-1]}` must be a mapping", declared.origin)
            for name, value in declared.value.items():
                found = _inside(properties, path, declared, name) or Located(value, declared.origin.at(name))
                reader.read(name, found)
    except UnresolvableError as error:
        reader.problems.append(problem_of(error, "environment"))
    return Environment(
        tuple(reader.values), tuple(reader.problems), tuple(reader.not_evaluated), tuple(reader.warnings)
    )


def _inside(properties: Properties, path: tuple[str, ...], container: Located, key: str) -> Located | None:
    """What stands at `key`: where Globals put it, unless a function gave the container."""
    if container.origin != properties.origin_of(path):
        value = container.value.get(key) if isinstance(container.value, dict) else None
        return None if value is None else Located(value, container.origin.at(key))
    return properties.inside(path, container.value, key)
