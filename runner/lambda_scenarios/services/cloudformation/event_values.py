"""The properties of events and resources, as far as a template itself says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambda_scenarios.model.values import Json
from lambda_scenarios.services.evaluation import function_of
from lambda_scenarios.services.intrinsics import resolve
from lambda_scenarios.services.references import CannotResolve
from lambda_scenarios.services.triggers import Trigger

if TYPE_CHECKING:
    from lambda_scenarios.services.cloudformation.stack import Stack


class Values:
    """The properties of an event or a resource, as far as the template itself says them.

    What refers to a resource has no value here: nobody is asked, and stand-ins would only look like facts.
    """

    def __init__(self, stack: Stack, value: Json) -> None:
        self.stack = stack
        self._value = value if isinstance(value, dict) else {}

    def raw(self, *path: str) -> Json:
        value: Json = self._value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def text(self, *path: str) -> str | None:
        value = self.raw(*path)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, dict) and _mentions_only_parameters(value, self.stack):
            try:
                value = resolve(value, self.stack)
            except CannotResolve:
                return None
        return value if isinstance(value, str) else None

    def target(self, *path: str) -> str | None:
        """The logical id of the resource that is referred to."""
        return logical_id(self.raw(*path))


def logical_id(value: Json) -> str | None:
    """What `Ref`, `Fn::GetAtt` or a `Fn::Sub` of one of them refers to."""
    kind = function_of(value)
    if kind is None or not isinstance(value, dict):
        return None
    inner = value[kind]
    if kind == "Fn::GetAtt":
        first = inner[0] if isinstance(inner, list) and inner else inner
        return first.split(".")[0] if isinstance(first, str) else None
    return inner if kind == "Ref" and isinstance(inner, str) else None


def _mentions_only_parameters(value: Mapping[str, Json], stack: Stack) -> bool:
    kind = function_of(dict(value))
    if kind == "Ref":
        return value["Ref"] in stack.section("Parameters")
    return kind == "Fn::Sub" and isinstance(value[kind], str) and "${" not in str(value[kind])


def named(trigger: Trigger, what: str, name: str | None) -> Trigger:
    """The trigger, told by the logical id of what it comes from, where that is known."""
    return trigger if name is None else trigger._replace(about=f"{what} {name}")


def mentions(value: Json, name: str) -> bool:
    """Whether the resource of that logical id is referred to anywhere inside."""
    return name in referred(value)


def referred(value: Json) -> list[str]:
    """The logical ids that are referred to anywhere inside."""
    found = logical_id(value)
    if found is not None:
        return [found]
    if isinstance(value, dict):
        parts = list(value.values())
        if isinstance(value.get("Fn::Sub"), str):
            return [
                text.partition("}")[0].partition(".")[0] for text in str(value["Fn::Sub"]).split("${")[1:]
            ]
    else:
        parts = value if isinstance(value, list) else []
    return [name for part in parts for name in referred(part)]
