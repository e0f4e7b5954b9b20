"""One template with what it refers to: parameters, conditions, mappings, resources, nested stacks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.aws.partitions import partition_of
from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.services.cloudformation.loops import expanded
from lambda_scenarios.services.cloudformation.parameters import parameter_value
from lambda_scenarios.services.cloudformation.physical import CLOUDFORMATION_TYPES
from lambda_scenarios.services.cloudformation.stand_ins import Guess, StandIns
from lambda_scenarios.services.intrinsics import resolve, resolve_condition
from lambda_scenarios.services.references import CannotResolve, OnlyAwsKnows
from lambda_scenarios.services.variables import Located

if TYPE_CHECKING:
    from lambda_scenarios.aws.lookups import Lookups
    from lambda_scenarios.services.assumptions import Assumptions
    from lambda_scenarios.services.cloudformation.builds import Build

_SAM_TRANSFORM = "AWS::Serverless-2016-10-31"


class Place(NamedTuple):
    """Where a stack is, or would be. `deployed` says that `name` is known to be its name in AWS.

    `account` is None where only AWS knows it.
    """

    name: str
    region: str
    deployed: bool
    account: str | None = None


class Parent(NamedTuple):
    """The stack that a nested one belongs to, and the parameters that it hands over, not evaluated yet."""

    stack: Stack
    parameters: Mapping[str, Located]


class Stack:
    """The `References` of a template's functions. Every value is evaluated when it is asked for."""

    def __init__(
        self,
        document: Mapping[str, Json],
        file: str,
        place: Place,
        lookups: Lookups,
        *,
        given: Mapping[str, Json],
        known: Mapping[str, Json],
        assumptions: Assumptions,
        build: Build | None = None,
        parent: Parent | None = None,
        open_child: Callable[[Stack, str], Stack | None],
    ) -> None:
        """`given` are parameters from outside.

        `known` are values by name, as `resolve` of a scenario file has them (`Table`, `Table.Arn`).
        `assumptions` are those of the whole service.
        `open_child` gives a nested stack by its logical id, None where its template is no local file; it may
        raise CannotResolve.
        """
        self.document = document
        self.file = file
        self.root = os.path.dirname(file)
        self.place = place
        self.lookups = lookups
        self.known = known
        self.build = build
        self.parent = parent
        # Values go from one stack of an application to the other.
        self.guesses: list[Guess] = [] if parent is None else parent.stack.guesses
        self.assumptions = assumptions
        self.stand_ins = StandIns(self, self.guesses)
        self._given = given
        self._open_child = open_child
        self._children: dict[str, Stack | None] = {}
        self._resources: dict[str, Located] | None = None
        self._conditions: dict[str, bool | CannotResolve] = {}
        self._asked: list[str] = []  # conditions being evaluated, from the asker to the asked

    # What the template has

    def section(self, name: str) -> Mapping[str, Json]:
        found = self.document.get(name)
        return found if isinstance(found, dict) else {}

    def resources(self) -> Mapping[str, Located]:
        """All resources by logical id, with `Fn::ForEach` expanded, those that a condition leaves out too."""
        if self._resources is None:
            origin = Origin(self.file, ("Resources",))
            self._resources = {}  # a loop can't refer to resources
            try:
                found = list(expanded(self.section("Resources"), origin, self))
            except CannotResolve:
                self._resources = None
                raise
            self._resources = {name: item for name, item in found if isinstance(item.value, dict)}
        return self._resources

    def resource(self, name: str) -> Mapping[str, Json]:
        found = self.resources().get(name)
        return found.value if found is not None and isinstance(found.value, dict) else {}

    def type_of(self, name: str) -> str:
        """The resource's type as CloudFormation has it; SAM's own are those that SAM makes of them."""
        kind = self.resource(name).get("Type")
        return CLOUDFORMATION_TYPES.get(kind, kind) if isinstance(kind, str) else ""

    def missing_condition(self, name: str) -> str | None:
        """The condition for which a resource isn't there, None where it is. Raises CannotResolve."""
        condition = self.resource(name).get("Condition")
        return None if not isinstance(condition, str) or self.condition(condition) else condition

    def is_sam(self) -> bool:
        transform = self.document.get("Transform")
        return _SAM_TRANSFORM in (transform if isinstance(transform, list) else [transform])

    # References

    def ref(self, name: str) -> Json:
        if name in self.known:
            return self.known[name]
        if name.startswith("AWS::"):
            return self._pseudo(name)
        declared = self.section("Parameters")
        if name in declared:
            return self.parameter(name)
        if name not in self.resources():
            return self._generated(name)
        self._must_exist(name)
        return self.stand_ins.ref(name)

    def attribute(self, resource: str, attribute: str) -> Json:
        if f"{resource}.{attribute}" in self.known:
            return self.known[f"{resource}.{attribute}"]
        if resource not in self.resources():
            self._generated(resource)
            raise OnlyAwsKnows(f"only AWS knows `{resource}.{attribute}`")
        self._must_exist(resource)
        if attribute.startswith("Outputs."):
            child = self.child(resource)
            if child is not None:
                return child.output(attribute.partition(".")[2])
        return self.stand_ins.attribute(resource, attribute)

    def imported(self, export: str) -> Json:
        return self.stand_ins.imported(export)

    def zones(self, region: str) -> list[Json]:
        return self.stand_ins.zones(region)

    def mapped(self, name: str, top: str, second: str) -> Json:
        found: Json = dict(self.section("Mappings"))
        for kind, key in (("mapping", name), ("key", top), ("key", second)):
            if not isinstance(found, dict) or key not in found:
                close = did_you_mean(key, tuple(found)) if isinstance(found, dict) else None
                where = "" if kind == "mapping" else f" in mapping `{name}`"
                label = f"did you mean `{close}`?" if close else ""
                raise CannotResolve(f"there is no {kind} `{key}`{where}", label)
            found = found[key]
        return found

    def condition(self, name: str) -> bool:
        if name in self._asked:
            ring = " → ".join([*self._asked[self._asked.index(name) :], name])
            raise CannotResolve(f"these conditions refer to each other in a circle: {ring}")
        if name not in self._conditions:
            self._conditions[name] = self._evaluated(name)
        found = self._conditions[name]
        if isinstance(found, CannotResolve):
            raise found
        return found

    def parameter(self, name: str) -> Json:
        given = self._given
        if self.parent is not None and name in self.parent.parameters:
            value = resolve(self.parent.parameters[name].value, self.parent.stack)
            given = {name: value}
        return parameter_value(name, self.section("Parameters")[name], given, self.stand_ins.ssm)

    def output(self, name: str) -> Json:
        """A value of the section Outputs. Raises CannotResolve."""
        outputs = self.section("Outputs")
        found = outputs.get(name)
        if not isinstance(found, dict) or "Value" not in found:
            close = did_you_mean(name, tuple(outputs))
            label = f"did you mean `{close}`?" if close else ""
            raise CannotResolve(f"the nested stack has no output `{name}`", label)
        return resolve(found["Value"], self)

    def child(self, name: str) -> Stack | None:
        """A nested stack whose template is a local file; None for others. Raises CannotResolve."""
        if name not in self._children:
            self._children[name] = self._open_child(self, name)
        return self._children[name]

    def handed(self, item: Located) -> tuple[Stack, Located] | None:
        """Where a value comes from that is a parameter of this stack, or an output of a nested one."""
        name = item.value.get("Ref") if isinstance(item.value, dict) else None
        if isinstance(name, str) and self.parent is not None and name in self.parent.parameters:
            return self.parent.stack, self.parent.parameters[name]
        attribute = item.value.get("Fn::GetAtt") if isinstance(item.value, dict) else None
        if not isinstance(attribute, list) or len(attribute) != 2 or not isinstance(attribute[0], str):
            return None
        prefix, _, output = str(attribute[1]).partition(".")
        child = self.child(attribute[0]) if prefix == "Outputs" and attribute[0] in self.resources() else None
        found = child.section("Outputs").get(output) if child is not None else None
        if child is None or not isinstance(found, dict) or "Value" not in found:
            return None
        return child, Located(found["Value"], Origin(child.file, ("Outputs", output, "Value")))

    def globals_of(self, kind: str) -> Located | None:
        """The part of SAM's section Globals for a kind of resource: Function, LayerVersion."""
        found = self.section("Globals").get(kind)
        return None if found is None else Located(found, Origin(self.file, ("Globals", kind)))

    def function_name(self, name: str) -> str:
        """The name of a function that has none of its own; AWS adds something random to it."""
        return f"{self.place.name}-{name}"

    def _pseudo(self, name: str) -> Json:
        place, partition = self.place, partition_of(self.place.region)
        if name == "AWS::AccountId":
            return self.stand_ins.account()
        if name == "AWS::StackId":
            return self.stand_ins.stack_id()
        values: dict[str, Json] = {
            "AWS::Region": place.region,
            "AWS::StackName": place.name,
            "AWS::Partition": partition.name,
            "AWS::URLSuffix": partition.url_suffix,
            "AWS::NotificationARNs": [],
        }
        if name not in values:
            close = did_you_mean(name, (*values, "AWS::AccountId", "AWS::StackId", "AWS::NoValue"))
            label = f"did you mean `{close}`?" if close else ""
            raise CannotResolve(f"there is no pseudo parameter `{name}`", label)
        return values[name]

    def _evaluated(self, name: str) -> bool | CannotResolve:
        conditions = self.section("Conditions")
        if name not in conditions:
            close = did_you_mean(name, tuple(conditions))
            return CannotResolve(
                f"there is no condition `{name}`", f"did you mean `{close}`?" if close else ""
            )
        self._asked.append(name)
        try:
            with self.assumptions.needed_by(Origin(self.file, ("Conditions", name))):
                return resolve_condition(conditions[name], self)
        except CannotResolve as failure:
            kind = OnlyAwsKnows if isinstance(failure, OnlyAwsKnows) else CannotResolve
            return kind(f"condition `{name}`: {failure.reason}", failure.label, failure.notes)
        finally:
            self._asked.pop()

    def _must_exist(self, name: str) -> None:
        condition = self.missing_condition(name)
        if condition is not None:
            raise CannotResolve(f"`{name}` isn't there: its condition `{condition}` is false")

    def _generated(self, name: str) -> Json:
        """What a name stands for that the template doesn't have: an error, or a resource that SAM makes."""
        resources, parameters = self.resources(), self.section("Parameters")
        made_by_sam = name.startswith("Serverless") or any(name.startswith(known) for known in resources)
        if self.is_sam() and made_by_sam:
            return self.stand_ins.deployed_ref(name, name)
        close = did_you_mean(name, (*parameters, *resources))
        label = f"did you mean `{close}`?" if close else ""
        raise CannotResolve(f"there is no parameter or resource `{name}`", label)
