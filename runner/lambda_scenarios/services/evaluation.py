"""How a value with intrinsic functions in it is evaluated: from the outside in, only as far as is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.values import DocPath, Json
from lambda_scenarios.services.references import CannotResolve, OnlyAwsKnows, References

_DEEPEST = 150  # levels; a file has at most 100, and Python's stack is finite

# Functions that CloudFormation has in the section Rules only.
_OF_RULES = frozenset(
    f"Fn::{name}"
    for name in ("Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll")
)

T = TypeVar("T")


class NoValue:
    """What `Ref: AWS::NoValue` is."""


NO_VALUE = NoValue()


# Each takes the evaluation that meets it, its argument as it is written, and how deep that stands.
Functions = Mapping[str, "Callable[[Evaluation, Json, int], Json | NoValue]"]


def function_of(value: Json) -> str | None:
    """The function that a value is (`Ref`, `Fn::Sub`, …); None for plain values."""
    if isinstance(value, dict) and len(value) == 1:
        (key,) = value
        if key == "Ref" or key.startswith("Fn::"):
            return key
        if key == "Condition" and isinstance(value[key], str):
            return key
    return None


def scalar_text(value: bool | int | float | str) -> str:
    """A scalar as CloudFormation puts it into a text: true, 1.1, and a string as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float.__repr__(value)
    return int.__repr__(value) if isinstance(value, int) else value


class Evaluation:
    """Evaluates values: what `functions` are called by, and what they ask for the values of their arguments.
    `depth` is how many levels deep a value stands."""

    def __init__(self, functions: Functions, references: References) -> None:
        self.references = references
        self._functions = functions

    def value(self, value: Json, depth: int) -> Json | NoValue:
        if not isinstance(value, (dict, list)):
            return value
        if depth > _DEEPEST:
            raise CannotResolve(f"it is nested more than {_DEEPEST} levels deep")
        if isinstance(value, list):
            return self.items(value, depth)
        name = function_of(value)
        if name is not None:
            return self.function(name, value[name], depth)
        found: dict[str, Json] = {}
        for key, item in value.items():
            if key == "Fn::Transform" or key.startswith("Fn::ForEach::"):
                raise self._refused(key, item)
            result = self.at(key, item, depth)
            if not isinstance(result, NoValue):
                found[key] = result
        return found

    def items(self, values: list[Json], depth: int) -> list[Json]:
        found = (self.at(index, item, depth) for index, item in enumerate(values))
        return [item for item in found if not isinstance(item, NoValue)]

    def at(self, step: str | int, value: Json, depth: int) -> Json | NoValue:
        """What stands at `step` inside the value at hand; a failure there gets its path."""
        try:
            return self.value(value, depth + 1)
        except CannotResolve as failure:
            failure.path = (step, *failure.path)
            raise

    def function(self, name: str, argument: Json, depth: int) -> Json | NoValue:
        if name == "Condition":
            return self.boolean({name: argument}, depth)
        evaluate = self._functions.get(name)
        try:
            if evaluate is None:
                raise self._refused(name, argument)
            return evaluate(self, argument, depth + 1)
        except CannotResolve as failure:
            failure.path = (name, *failure.path)
            raise

    def boolean(self, value: Json, depth: int) -> bool:
        """A condition, or what stands inside of one."""
        if isinstance(value, dict) and len(value) == 1 and "Condition" in value:
            name = value["Condition"]
            if not isinstance(name, str):
                raise CannotResolve("`Condition` takes the name of a condition", path=("Condition",))
            try:
                return asked(self.references.condition, name)
            except CannotResolve as failure:
                failure.path = ("Condition",)
                raise
        found = self.value(value, depth)
        if isinstance(found, bool):
            return found
        if isinstance(found, str) and found in ("true", "false"):
            return found == "true"
        raise CannotResolve("this is no condition")

    def arguments(self, name: str, argument: Json, fewest: int, most: int, form: str) -> list[Json]:
        """The arguments of a function that takes a list of them, not evaluated yet."""
        if not isinstance(argument, list) or not fewest <= len(argument) <= most:
            raise CannotResolve(f"`{name}` takes {form}")
        return argument

    def text_at(self, name: str, index: int, value: Json, depth: int) -> str:
        """An argument as text."""
        return as_text(name, self.at(index, value, depth), (index,))

    def list_at(self, name: str, index: int, value: Json, depth: int) -> list[Json]:
        """An argument that is a list, or gives one."""
        found = self.at(index, value, depth)
        if not isinstance(found, list):
            raise CannotResolve(f"`{name}` takes a list here, not {kind(found)}", path=(index,))
        return found

    def _refused(self, name: str, argument: Json) -> CannotResolve:
        if name == "Fn::Transform":
            macro = argument.get("Name") if isinstance(argument, Mapping) else None
            shown = f" `{macro}`" if isinstance(macro, str) else ""
            return CannotResolve(f"the macro{shown} runs in AWS only")
        if name.startswith("Fn::ForEach::"):
            return CannotResolve("`Fn::ForEach` can't stand here")
        if name in _OF_RULES:
            return CannotResolve(f"`{name}` is for the section Rules only")
        close = did_you_mean(name, tuple(self._functions))
        return CannotResolve(f"there is no function `{name}`", f"did you mean `{close}`?" if close else "")


def asked(question: Callable[..., T], *names: str) -> T:
    """What the references answer; a failure is raised anew, since its path is about other values."""
    try:
        return question(*names)
    except CannotResolve as failure:
        if not isinstance(failure, OnlyAwsKnows):
            raise CannotResolve(failure.reason, failure.label, failure.notes) from failure
        anew = OnlyAwsKnows(failure.reason, failure.label, failure.notes)
        anew.general = failure.general
        raise anew from failure


def as_text(name: str, value: Json | NoValue, path: DocPath) -> str:
    if isinstance(value, (str, bool, int, float)):
        return scalar_text(value)
    raise CannotResolve(f"`{name}` takes a text here, not {kind(value)}", path=path)


def kind(value: Json | NoValue) -> str:
    if value is None:
        return "null"
    if isinstance(value, NoValue):
        return "AWS::NoValue"
    return {dict: "a mapping", list: "a list", str: "a text", bool: "a boolean"}.get(type(value), "a number")
