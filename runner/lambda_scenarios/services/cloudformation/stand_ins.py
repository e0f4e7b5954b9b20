"""What only AWS knows of a stack: given, asked for where the stack is deployed, else something likely."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.aws.attributes import computed
from lambda_scenarios.aws.failures import LookupFailed
from lambda_scenarios.aws.lookups import Resource
from lambda_scenarios.aws.partitions import partition_of
from lambda_scenarios.model.values import Json
from lambda_scenarios.services.cloudformation.physical import LOCAL_ATTRIBUTES, NAMED, NAMES_OF_SAM
from lambda_scenarios.services.dynamic_references import look_up
from lambda_scenarios.services.evaluation import scalar_text
from lambda_scenarios.services.intrinsics import resolve
from lambda_scenarios.services.references import CannotResolve, OnlyAwsKnows

if TYPE_CHECKING:
    from lambda_scenarios.services.cloudformation.stack import Stack

# As SAM and the mock context have it.
ACCOUNT = "123456789012"
_ACCOUNT = "{account}"  # in patterns
_NO_STACK = "00000000-0000-0000-0000-000000000000"

_NOT_ASKED = LookupFailed(
    "without the name of a deployed stack, AWS is not asked", ("`stack_name` in samconfig.toml gives it",)
)
_NESTED = LookupFailed("AWS chooses the name of a nested stack")


class Guess(NamedTuple):
    """What was put in place of a value that only AWS knows.

    `name` is its key in `resolve`; `general` is that of `aws.failures.LookupFailed`.
    """

    name: str
    value: str
    reason: str
    notes: tuple[str, ...] = ()
    general: bool = False


class StandIns:
    """Answers for the resources of one stack. All of them raise CannotResolve."""

    def __init__(self, stack: Stack, guesses: list[Guess]) -> None:
        """What is put in place of a value goes into `guesses`."""
        self.guesses = guesses
        self._stack = stack
        self._dynamic: dict[str, str | LookupFailed] = {}
        self._naming: list[str] = []  # resources whose name is being evaluated

    def imported(self, export: str) -> Json:
        if export in self._stack.known:
            return self._stack.known[export]
        try:
            return self._stack.lookups.export(self._stack.place.region, export)
        except LookupFailed as failure:
            raise _only_aws("", failure) from None

    def zones(self, region: str) -> list[Json]:
        """Those of the account, else the first three by name."""
        if self._stack.parent is not None:
            return self._stack.parent.stack.zones(region)
        why: LookupFailed = _NOT_ASKED
        if self._stack.place.deployed:
            try:
                return list(self._stack.lookups.zones(region))
            except LookupFailed as failure:
                why = failure
        zones = [f"{region}{letter}" for letter in "abc"]
        what = f"the availability zones of {region} are"
        self._stack.assumptions.add(what, ", ".join(zones), why.reason, why.notes)
        return list(zones)

    def account(self) -> str:
        for key in ("AWS::AccountId", "aws:accountId"):
            if key in self._stack.known:
                return self._known_text(key)
        if self._stack.place.account is not None:
            return self._stack.place.account
        if self._stack.parent is not None:
            return self._stack.parent.stack.stand_ins.account()
        why: LookupFailed = _NOT_ASKED
        if self._stack.place.deployed:
            try:
                return self._stack.lookups.account_id(self._stack.place.region)
            except LookupFailed as failure:
                why = failure
        self._stack.assumptions.add("the account is", ACCOUNT, why.reason, why.notes, name="AWS::AccountId")
        return ACCOUNT

    def stack_id(self) -> str:
        """That of the deployed stack, else one that no stack has."""
        place = self._stack.place
        why = _NOT_ASKED if self._stack.parent is None else _NESTED
        if place.deployed:
            try:
                return self._stack.lookups.stack_id(place.name, place.region)
            except LookupFailed as failure:
                why = failure
        partition = partition_of(place.region).name
        where = f"{place.region}:{self.account()}"
        stack_id = f"arn:{partition}:cloudformation:{where}:stack/{place.name}/{_NO_STACK}"
        what = f"the id of the stack {place.name} is"
        self._stack.assumptions.add(what, stack_id, why.reason, why.notes, name="AWS::StackId")
        return stack_id

    def guess(self, name: str, value: str, why: LookupFailed | None) -> None:
        """`value` is put in place of what only AWS knows; `why` it could not be asked, if that was tried."""
        guess = Guess(name, value, "AWS chooses the name")
        if why is not None:
            guess = Guess(name, value, why.reason, why.notes, why.general)
        if guess not in self.guesses:
            self.guesses.append(guess)

    def ref(self, name: str) -> str:
        kind = self._stack.type_of(name)
        known = NAMED.get(kind)
        own = self._own_name(name, known.name) if known is not None else None
        if own is not None and known is not None and "{account}" not in known.ref:
            return self._formed(known.ref, own)
        unnamed = self._stack.function_name(name) if kind == "AWS::Lambda::Function" else name
        local = self._formed(known.ref if known else "{name}", own or unnamed)
        return (
            local
            if own is not None and not self._stack.place.deployed
            else self.deployed_ref(name, local, own)
        )

    def deployed_ref(self, name: str, local: str, own: str | None = None) -> str:
        """What AWS knows, else `local`: a guess, unless the template itself gives the name."""
        if self._stack.place.deployed:
            try:
                return self._stack.lookups.physical_id(self._stack.place.name, self._stack.place.region, name)
            except LookupFailed as failure:
                if own is None:
                    self.guess(name, local, failure)
                return local
        if own is None:
            self.guess(name, local, None)
        return local

    def attribute(self, name: str, attribute: str) -> Json:
        kind = self._stack.type_of(name)
        why: LookupFailed | None = None
        if name in self._stack.known:
            told = computed(
                Resource(kind, self._known_text(name)), attribute, self._stack.place.region, self.account
            )
            if told is not None:
                return told
        if self._stack.place.deployed:
            try:
                return self._stack.lookups.attribute(
                    self._stack.place.name, self._stack.place.region, name, attribute
                )
            except LookupFailed as failure:
                why = failure
        known = NAMED.get(kind)
        own = self._own_name(name, known.name) if known is not None else None
        if kind == "AWS::SSM::Parameter" and attribute == "Value":
            return self._property(name, "Value")
        unnamed = self._stack.function_name(name) if kind == "AWS::Lambda::Function" else name
        # What follows from an ARN need not have its account in it.
        ref = self._formed(known.ref if known else "{name}", own or unnamed, account=_ACCOUNT)
        pattern = LOCAL_ATTRIBUTES.get(kind, {}).get(attribute)
        if pattern is not None:
            path = self._own_name(name, "Path") or "/"
            found: str | None = self._formed(pattern.replace("{path}", path), own or unnamed)
        else:
            found = computed(Resource(kind, ref), attribute, self._stack.place.region, self.account)
        if found is not None and _ACCOUNT in found:
            found = found.replace(_ACCOUNT, self.account())
        if found is None:
            raise _only_aws(f"only AWS knows `{name}.{attribute}`", why)
        if own is None:
            self.guess(f"{name}.{attribute}", found, why)
        return found

    def _own_name(self, name: str, property_name: str) -> str | None:
        """The physical name that the template gives a resource."""
        kind = self._stack.resource(name).get("Type")
        if isinstance(kind, str):
            property_name = NAMES_OF_SAM.get(kind, property_name)
        if name in self._naming:
            return None
        self._naming.append(name)
        try:
            found = self._property(name, property_name)
        except CannotResolve:
            return None
        finally:
            self._naming.pop()
        return found if isinstance(found, str) and found else None

    def _property(self, name: str, property_name: str) -> Json:
        properties = self._stack.resource(name).get("Properties")
        found = properties.get(property_name) if isinstance(properties, dict) else None
        return resolve(found, self._stack)

    def _formed(self, pattern: str, name: str, *, account: str = "") -> str:
        """The pattern filled in, with the stack's account where none is given."""
        partition = partition_of(self._stack.place.region)
        if "{account}" in pattern and not account:
            account = self.account()
        return pattern.format(
            name=name,
            region=self._stack.place.region,
            account=account,
            partition=partition.name,
            suffix=partition.url_suffix,
        )

    def dynamic(self, service: str, reference: str) -> str:
        """`{{resolve:service:reference}}`; as it is written, and a guess, where AWS can't be asked."""
        name = f"{service}:{reference}"
        if name in self._stack.known:
            return self._known_text(name)
        if name not in self._dynamic:
            try:
                self._dynamic[name] = look_up(
                    self._stack.lookups, self._stack.place.region, service, reference
                )
            except LookupFailed as failure:
                self._dynamic[name] = failure
        found = self._dynamic[name]
        if isinstance(found, str):
            return found
        written = f"{{{{resolve:{name}}}}}"
        self.guess(name, written, found)
        return written

    def _known_text(self, name: str) -> str:
        value = self._stack.known[name]
        if isinstance(value, list):
            return ",".join(map(str, value))
        return scalar_text(value) if isinstance(value, (str, bool, int, float)) else ""

    def ssm(self, name: str) -> str:
        for key in (f"ssm:{name}", name):
            if key in self._stack.known:
                return self._known_text(key)
        try:
            found = self._stack.lookups.ssm(name, self._stack.place.region)
        except LookupFailed as failure:
            self.guess(f"ssm:{name}", name, failure)
            return name
        if found is None:
            raise CannotResolve(f"Systems Manager has no parameter `{name}` in {self._stack.place.region}")
        return found.value


def _only_aws(reason: str, why: LookupFailed | None) -> OnlyAwsKnows:
    """To raise for what AWS was not asked for, or was asked in vain (`why`)."""
    if why is None:
        return OnlyAwsKnows(reason)
    failure = OnlyAwsKnows(why.reason, "", why.notes)
    failure.general = why.general
    return failure
