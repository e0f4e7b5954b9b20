"""Values of a resource, evaluated as far as it takes to read them, with places for what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.model.values import DocPath, Json, Origin
from lambda_scenarios.services.evaluation import function_of
from lambda_scenarios.services.intrinsics import resolve
from lambda_scenarios.services.references import CannotResolve
from lambda_scenarios.services.variables import Located, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.services.cloudformation.stack import Stack

_LONGEST_SHOWN = 60


def evaluated(found: Located, stack: Stack) -> Json:
    """The value with every function in it evaluated. Raises UnresolvableError."""
    try:
        with stack.assumptions.needed_by(found.origin):
            return resolve(found.value, stack)
    except CannotResolve as failure:
        raise unresolvable(failure, found) from None


def settled(found: Located | None, stack: Stack) -> Located | None:
    """The branch of `Fn::If` that applies, or what another function gives; what is inside stays as it is.

    None for nothing, null and AWS::NoValue. Raises UnresolvableError.
    """
    found = chosen_branch(found, stack)
    if found is None or function_of(found.value) is None:
        return found
    value = evaluated(found, stack)
    return None if value is None else Located(value, found.origin)


def chosen_branch(found: Located | None, stack: Stack) -> Located | None:
    """The same, with other functions left as they are."""
    while found is not None:
        value = found.value
        if value is None or value == {"Ref": "AWS::NoValue"}:
            return None
        arguments = value["Fn::If"] if function_of(value) == "Fn::If" and isinstance(value, dict) else None
        if not (isinstance(arguments, list) and len(arguments) == 3 and isinstance(arguments[0], str)):
            return found
        try:
            chosen = 1 if stack.condition(arguments[0]) else 2
        except CannotResolve as failure:
            failure.path = ("Fn::If", 0)
            raise unresolvable(failure, found) from None
        found = Located(arguments[chosen], found.origin.at("Fn::If", chosen))
    return None


def unresolvable(failure: CannotResolve, found: Located) -> UnresolvableError:
    """The failure with its place, and the function that failed as it would be written in YAML."""
    shown, origin = failure.text, _place(found, failure.path)
    if not shown:
        shown = _innermost(found.value, failure.path)
    problem = f"cannot resolve `{shown}`: {failure.reason}" if shown else failure.reason
    return UnresolvableError(problem, origin, failure.text, failure.label, failure.notes)


def _place(found: Located, path: DocPath) -> Origin:
    return found.origin.at(*path)


def _inside(value: Json, step: str | int | None) -> Json:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


def _innermost(value: Json, path: DocPath) -> str:
    """The last function on the path, in its short form where that is short."""
    shown = ""
    for step in (*path, None):
        name = function_of(value)
        if name is not None and isinstance(value, dict):
            argument = value[name]
            if isinstance(argument, list) and all(isinstance(part, str) for part in argument):
                argument = ".".join(map(str, argument)) if name == "Fn::GetAtt" else None
            text = f"!{name.removeprefix('Fn::')}"
            shown = f"{text} {argument}" if isinstance(argument, str) else text
        value = _inside(value, step)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
