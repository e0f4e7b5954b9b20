"""What intrinsic functions of a serverless.yml refer to: given, declared there, or looked up in the stack.

The order: `resolve` of the scenario file; what the service file itself says for certain (names that it gives
to its resources, and those that the Framework gives to functions); the deployed stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.aws.attributes import computed
from lambda_scenarios.aws.failures import LookupFailed, NoSuchStack
from lambda_scenarios.aws.lookups import Resource
from lambda_scenarios.aws.partitions import partition_of
from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.values import Json
from lambda_scenarios.services import logical_ids
from lambda_scenarios.services.assumptions import Assumptions
from lambda_scenarios.services.cloudformation.physical import NAMED
from lambda_scenarios.services.intrinsics import resolve, resolve_condition
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.references import CannotResolve
from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.aws.lookups import Lookups

# The account of the mock context's ARN (scenarios/…: the mock context).
MADE_UP_ACCOUNT = "123456789012"


class Unanswered(CannotResolve):
    """AWS could not be asked. `general` is that of `aws.failures.LookupFailed`."""

    def __init__(self, failure: LookupFailed, notes: tuple[str, ...]) -> None:
        super().__init__(failure.reason, notes=(*failure.notes, *notes))
        self.general = failure.general


class Own(NamedTuple):
    """What the Framework makes of the service. `functions` are the names of functions by their keys."""

    service: str
    stage: str
    functions: Callable[[], Mapping[str, str]]


class StackReferences:
    """See `references.References`."""

    def __init__(self, resolver: Resolver, own: Own) -> None:
        self._resolver = resolver
        self._own = own
        self._region = resolver.region()
        self._given = resolver.settings.resolve
        self._known: dict[str, Resource | None] = {}
        self._conditions: list[str] = []  # being evaluated, from the asker to the asked
        self.assumptions = Assumptions()

    def ref(self, name: str) -> Json:
        given = self._given.get(name)
        if given is not None:
            return given if isinstance(given, str) else list(given)
        if name.startswith("AWS::"):
            return self._pseudo(name)
        parameter = self._section("Parameters", name)
        if parameter is not None:
            return self._parameter(name, parameter)
        declared = self._declared(name)
        if declared is not None and declared.physical_id:
            return declared.physical_id
        try:
            return self._lookups().physical_id(self._stack(), self._region, name)
        except LookupFailed as failure:
            raise self._unanswered(failure, name, tuple(self._resources())) from None

    def attribute(self, resource: str, attribute: str) -> Json:
        name = f"{resource}.{attribute}"
        given = self._given.get(name)
        if given is not None:
            return given if isinstance(given, str) else list(given)
        found = self._declared_attribute(resource, attribute)
        if found is not None:
            return found
        try:
            return self._lookups().attribute(self._stack(), self._region, resource, attribute)
        except LookupFailed as failure:
            raise self._unanswered(failure, name, ()) from None

    def imported(self, export: str) -> Json:
        given = self._given.get(export)
        if given is not None:
            return given if isinstance(given, str) else list(given)
        try:
            return self._lookups().export(self._region, export)
        except LookupFailed as failure:
            raise self._unanswered(failure, export, ()) from None

    def mapped(self, name: str, top: str, second: str) -> Json:
        mapping = self._section("Mappings", name)
        if mapping is None:
            raise CannotResolve(f"`resources.Mappings` has no `{name}`", _near(name, self._names("Mappings")))
        found: Json = self._deep(mapping)
        for key in (top, second):
            if not isinstance(found, dict) or key not in found:
                known = tuple(found) if isinstance(found, dict) else ()
                raise CannotResolve(f"the mapping `{name}` has no `{key}`", _near(key, known))
            found = found[key]
        return found

    def condition(self, name: str) -> bool:
        declared = self._section("Conditions", name)
        if declared is None:
            near = _near(name, self._names("Conditions"))
            raise CannotResolve(f"`resources.Conditions` has no `{name}`", near)
        if name in self._conditions:
            ring = " → ".join((*self._conditions, name))
            raise CannotResolve(f"these conditions refer to each other in a circle: {ring}")
        self._conditions.append(name)
        try:
            return resolve_condition(self._deep(declared), self)
        finally:
            self._conditions.pop()

    def zones(self, region: str) -> list[Json]:
        try:
            return list(self._lookups().zones(region))
        except LookupFailed as failure:
            raise Unanswered(failure, ()) from None

    def dynamic(self, service: str, reference: str) -> str:
        """What `{{resolve:service:reference}}` gives. Raises CannotResolve."""
        name = f"{service}:{reference}"
        given = self._given.get(name)
        if given is not None:
            return given if isinstance(given, str) else ",".join(given)
        from lambda_scenarios.services.dynamic_references import look_up

        try:
            return look_up(self._lookups(), self._region, service, reference)
        except LookupFailed as failure:
            raise self._unanswered(failure, name, ()) from None

    def _pseudo(self, name: str) -> Json:
        partition = partition_of(self._region)
        if name == "AWS::AccountId":
            return self._account()
        if name == "AWS::StackId":
            return self._stack_id()
        known: dict[str, Json] = {
            "AWS::NotificationARNs": [],
            "AWS::Partition": partition.name,
            "AWS::Region": self._region,
            "AWS::StackName": self._stack(),
            "AWS::URLSuffix": partition.url_suffix,
        }
        if name not in known:
            more = (*known, "AWS::AccountId", "AWS::StackId", "AWS::NoValue")
            raise CannotResolve(f"there is no pseudo parameter `{name}`", _near(name, more))
        return known[name]

    def _account(self) -> str:
        given = self._given.get("AWS::AccountId")
        if isinstance(given, str):
            return given
        try:
            return self._lookups().account_id(self._region)
        except LookupFailed as failure:
            self.assumptions.add(
                "the account is", MADE_UP_ACCOUNT, failure.reason, failure.notes, name="AWS::AccountId"
            )
            return MADE_UP_ACCOUNT

    def _stack_id(self) -> str:
        try:
            return self._lookups().stack_id(self._stack(), self._region)
        except LookupFailed as failure:
            raise self._unanswered(failure, "AWS::StackId", ()) from None

    def _parameter(self, name: str, declared: Located) -> Json:
        """The value that the Framework deploys with: of `provider.stackParameters`, else the default."""
        value: Json = None
        for parameter in self._stack_parameters():
            if parameter.get("ParameterKey") == name:
                value = parameter.get("ParameterValue")
        default = self._resolver.follow(declared, ("Default",))
        if value is None and default is not None:
            value = self._deep(default)
        if value is None:
            raise CannotResolve(
                f"the parameter `{name}` has no default", notes=_way_out(name, "a value for it")
            )
        kind = self._resolver.follow(declared, ("Type",))
        kind_text = kind.value if kind is not None and isinstance(kind.value, str) else "String"
        if kind_text.startswith("AWS::SSM::Parameter::Value"):
            return self._parameter_of_ssm(str(value), name)
        if "List" in kind_text and isinstance(value, str):
            return [item.strip() for item in value.split(",")]
        return value

    def _parameter_of_ssm(self, path: str, name: str) -> Json:
        try:
            found = self._lookups().ssm(path, self._region)
        except LookupFailed as failure:
            raise self._unanswered(failure, name, ()) from None
        if found is None:
            raise CannotResolve(f"there is no parameter {path} in {self._region}", notes=_way_out(name))
        return found.value.split(",") if found.type == "StringList" else found.value  # type: ignore[return-value]  # a list of texts is Json

    def _stack_parameters(self) -> Iterator[dict[str, Json]]:
        found = self._resolver.lookup("provider", "stackParameters")
        value = self._deep(found) if found is not None else None
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict):
                yield item

    def _declared_attribute(self, name: str, attribute: str) -> str | None:
        """An attribute that follows from what is given or declared; None where AWS has to be asked."""
        declared = self._declared(name)
        given = self._given.get(name)
        if declared is None:
            return None
        if isinstance(given, str):
            declared = declared._replace(physical_id=given)
        if not declared.physical_id:
            return None
        if declared.type == "AWS::IAM::Role" and attribute == "Arn":
            path = "/" if name == logical_ids.ROLE else self._role_path(name)
            partition = partition_of(self._region).name
            return f"arn:{partition}:iam::{self._account()}:role{path}{declared.physical_id}"
        return computed(declared, attribute, self._region, self._account)

    def _role_path(self, name: str) -> str:
        path = self._property(name, "Path")
        return path if isinstance(path, str) else "/"

    def _declared(self, name: str) -> Resource | None:
        """A resource of the service; its physical id is empty where only the stack knows it."""
        if name not in self._known:
            self._known[name] = None  # while its name is resolved, which may refer to itself
            self._known[name] = self._of_framework(name) or self._of_resources(name)
        return self._known[name]

    def _of_framework(self, name: str) -> Resource | None:
        if name.endswith(("LambdaFunction", "LogGroup")):
            for key, function in self._own.functions().items():
                if name == logical_ids.of_function(key):
                    return Resource("AWS::Lambda::Function", function)
                if name == logical_ids.of_log_group(key):
                    return Resource("AWS::Logs::LogGroup", f"/aws/lambda/{function}")
        if name == logical_ids.ROLE:
            given = self._resolver.lookup("provider", "iam", "role", "name")
            role = text_in_text(given.value) if given is not None else None
            # Source: lib/plugins/aws/lib/naming.js, getRoleName
            default = f"{self._own.service}-{self._own.stage}-{self._region}-lambdaRole"
            return Resource("AWS::IAM::Role", role or default)
        return None

    def _of_resources(self, name: str) -> Resource | None:
        kind = self._section("Resources", name, "Type")
        if kind is None or not isinstance(kind.value, str):
            return None
        named_by, form = NAMED.get(kind.value, ("", ""))
        value = self._property(name, named_by) if named_by else None
        if not isinstance(value, str):
            return Resource(kind.value, "")
        partition = partition_of(self._region)
        return Resource(
            kind.value,
            form.format(
                name=value,
                region=self._region,
                account=self._account() if "{account}" in form else "",
                partition=partition.name,
                suffix=partition.url_suffix,
            ),
        )

    def _property(self, resource: str, name: str) -> Json:
        """A property of a declared resource; None where it is absent or can't be known from the file."""
        found = self._section("Resources", resource, "Properties", name)
        if found is None:
            return None
        try:
            return resolve(self._deep(found), self)
        except CannotResolve:
            return None

    def _section(self, *path: str) -> Located | None:
        """A value of `resources`, which is a template, or a list of templates of which the later win."""
        found = None
        for part in self._parts():
            try:
                found = self._resolver.follow(part, path) or found
            except UnresolvableError as error:
                raise CannotResolve(error.problem, error.label, error.notes) from None
        return found

    def _parts(self) -> Iterator[Located]:
        try:
            resources = self._resolver.lookup("resources")
        except UnresolvableError as error:
            raise CannotResolve(error.problem, error.label, error.notes) from None
        if resources is None:
            return
        if isinstance(resources.value, list):
            for index, item in enumerate(resources.value):
                yield Located(item, resources.origin.at(index))
        else:
            yield resources

    def _names(self, section: str) -> tuple[str, ...]:
        found = self._section(section)
        return tuple(found.value) if found is not None and isinstance(found.value, dict) else ()

    def _resources(self) -> tuple[str, ...]:
        return (*self._names("Resources"), *map(logical_ids.of_function, self._own.functions()))

    def _deep(self, found: Located) -> Json:
        try:
            return self._resolver.deep(found)
        except UnresolvableError as error:
            raise CannotResolve(error.problem, error.label, error.notes) from None

    def _lookups(self) -> Lookups:
        return self._resolver.settings.lookups.of_profile(self._resolver.profile())

    def _stack(self) -> str:
        found = self._resolver.lookup("provider", "stackName")
        if found is not None and isinstance(found.value, str):
            return found.value
        return f"{self._own.service}-{self._own.stage}"

    def _unanswered(self, failure: LookupFailed, name: str, known: tuple[str, ...]) -> CannotResolve:
        notes = _way_out(name)
        close = did_you_mean(name, tuple(self._given))
        if close:
            notes = (f"`resolve` has `{close}`: was that meant?", *notes)
        elif isinstance(failure, NoSuchStack) and known and name not in known:
            near = _near(name, known)
            notes = (near, *notes) if near else notes
        return Unanswered(failure, notes)


def _way_out(name: str, value: str = "value") -> tuple[str, ...]:
    return (f"or give it in the scenario file: `resolve: {{'{name}': {value}}}`",)


def _near(name: str, known: tuple[str, ...]) -> str:
    close = did_you_mean(name, known)
    return f"did you mean `{close}`?" if close else ""
