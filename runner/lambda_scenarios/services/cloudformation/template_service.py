"""Templates as services: of SAM, of CloudFormation, and those that the CDK has synthesised."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean, strictly
from lambda_scenarios.model.function import Function, FunctionSummary, ServiceInfo
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.model.values import Place as FilePlace
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.services.assumptions import Assumptions
from lambda_scenarios.services.cloudformation.builds import find_build
from lambda_scenarios.services.cloudformation.cdk import construct_path, find_stacks
from lambda_scenarios.services.cloudformation.code import CodeWorld, Resource
from lambda_scenarios.services.cloudformation.fields import metadata_of, read_template_function
from lambda_scenarios.services.cloudformation.merging import merge
from lambda_scenarios.services.cloudformation.nested import NestedStacks, is_nested
from lambda_scenarios.services.cloudformation.samconfig import read_samconfig
from lambda_scenarios.services.cloudformation.stack import Place, Stack
from lambda_scenarios.services.cloudformation.values import unresolvable
from lambda_scenarios.services.declared import Declared, function_of, summary_of
from lambda_scenarios.services.findings import Problem, problem_of, warnings_of
from lambda_scenarios.services.intrinsics import resolve
from lambda_scenarios.services.references import CannotResolve
from lambda_scenarios.services.unknown_function import unknown_function
from lambda_scenarios.services.variables import Located

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lambda_scenarios.services.service import ServiceOptions
    from lambda_scenarios.services.triggers import Trigger
    from lambda_scenarios.services.world import World

_CODE_PROPERTY = {"AWS::Serverless::Function": "CodeUri", "AWS::Lambda::Function": "Code"}
_DEFAULT_REGION = "us-east-1"
_DEFAULT_STAGE = "default"  # as the environments of samconfig.toml are called
# docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_LARGEST_TEMPLATE = 1_048_576
# Transforms that change nothing here, or are done here.
_TRANSFORMS = frozenset(
    (
        "AWS::Serverless-2016-10-31",
        "AWS::LanguageExtensions",
        "AWS::CodeDeployBlueGreen",
        "AWS::SecretsManager-2020-07-23",
        "AWS::SecretsManager-2024-09-16",
    )
)


class _Entry(NamedTuple):
    """A function of one of the stacks. `condition` is the one for which it isn't there."""

    stack: Stack
    name: str  # the logical id
    located: Located
    condition: str | None = None


class _Index(NamedTuple):
    """The functions by key, and by other names that stand for just one of them.

    `absent` are those whose condition is false; `broken` says why a nested stack can't be read, by its key.
    """

    entries: Mapping[str, _Entry]
    aliases: Mapping[str, str]
    absent: Mapping[str, _Entry]
    broken: Mapping[str, Problem]


def template_service(file: str, options: ServiceOptions, world: World) -> TemplateService:
    """The service of one template. Raises UsageError where it is none, or can't be read."""
    config = read_samconfig(os.path.dirname(file), options.stage, world.documents)
    place = Place(
        config.stack_name or os.path.basename(os.path.dirname(file)) or "stack",
        options.region or config.region or _DEFAULT_REGION,
        deployed=config.stack_name is not None,
    )
    given = {**config.parameters, **dict(options.params)}
    profile = options.aws_profile or config.profile
    assumptions = Assumptions()
    stack = _open(file, place, given, world, options, profile, assumptions)
    info = ServiceInfo(
        place.name, options.stage or _DEFAULT_STAGE, place.region, os.path.dirname(file), file, config.profile
    )
    return TemplateService(info, (("", stack),), options, world, config.warnings, assumptions)


def cdk_service(file: str, options: ServiceOptions, world: World) -> TemplateService:
    """The service of an app of the CDK, as it was last synthesised. Raises UsageError."""
    found = find_stacks(file, world.documents, world.cwd)
    stacks = []
    assumptions = Assumptions()
    for each in found:
        region = options.region or each.region or _DEFAULT_REGION
        place = Place(each.name, region, deployed=True, account=each.account)
        key = f"{each.shown}/" if len(found) > 1 else ""
        given = dict(options.params)
        stack = _open(each.file, place, given, world, options, options.aws_profile, assumptions)
        stacks.append((key, stack))
    root = os.path.dirname(file)
    if os.path.basename(root) == "cdk.out":
        root = os.path.dirname(root)
    name = found[0].name if len(found) == 1 else os.path.basename(root) or "app"
    info = ServiceInfo(name, options.stage or _DEFAULT_STAGE, stacks[0][1].place.region, root, file)
    return TemplateService(info, tuple(stacks), options, world, (), assumptions)


def _open(
    file: str,
    place: Place,
    given: Mapping[str, Json],
    world: World,
    options: ServiceOptions,
    profile: str | None,
    assumptions: Assumptions,
) -> Stack:
    size = os.path.getsize(file) if os.path.exists(file) else 0
    name = shown_path(file, world.cwd)
    if size > _LARGEST_TEMPLATE:
        problem = f"{name} has {size:,} bytes: CloudFormation takes {_LARGEST_TEMPLATE:,} at most"
        raise UsageError(Diagnostic(problem, FilePlace(file, 1)))
    try:
        document = world.documents.template(file)
    except FileNotFoundError:
        raise UsageError(Diagnostic(f"there is no {name}", FilePlace(file, 1))) from None
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise UsageError(_no_template(document, file, name))
    known: dict[str, Json] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in options.resolve
    }
    return Stack(
        document,
        file,
        place,
        world.lookups.of_profile(profile),
        given=given,
        known=known,
        assumptions=assumptions,
        build=find_build(file, world.documents),
        open_child=NestedStacks(world.documents).open,
    )


def _no_template(document: Json, file: str, name: str) -> Diagnostic:
    if not isinstance(document, dict):
        return Diagnostic(f"{name} is no template: it must be a mapping", FilePlace(file, 1))
    if "Resources" in document:
        return Diagnostic("`Resources` must be a mapping", Origin(file, ("Resources",)))
    close = did_you_mean("Resources", tuple(document))
    where = Origin(file, (close,)).as_key() if close else FilePlace(file, 1)
    label = f"did you mean `Resources` by `{close}`?" if close else "every template has one"
    return Diagnostic("the section `Resources` is missing", where, label)


class TemplateService:
    """Templates as a service: see `service.Service`."""

    def __init__(
        self,
        info: ServiceInfo,
        stacks: tuple[tuple[str, Stack], ...],
        options: ServiceOptions,
        world: World,
        warnings: tuple[Diagnostic, ...],
        assumptions: Assumptions,
    ) -> None:
        """`stacks` are those that are no nested ones, each with what its functions' keys begin with."""
        assert info.file is not None  # a template is a file
        self.file = info.file
        self._info = info
        self._stacks = stacks
        self._options = options
        self._world = world
        self._assumptions = assumptions
        self._known_index: _Index | None = None
        self._functions: dict[str, Function] = {}
        self._read: dict[str, Declared] = {}
        self._warnings: dict[Diagnostic, None] = dict.fromkeys(warnings)
        self._warnings.update(dict.fromkeys(self._of_parameters()))
        self._warnings.update(dict.fromkeys(self._of_macros()))

    def info(self) -> ServiceInfo:
        return self._info

    def keys(self) -> tuple[str, ...]:
        return tuple(self._index().entries)

    def function(self, key: str, asked_at: Origin | None = None) -> Function:
        if key not in self._functions:
            canonical, entry = self._find(key, asked_at)
            if canonical not in self._functions:
                self._functions[canonical] = self._function(canonical, entry)
            self._functions[key] = self._functions[canonical]
        return self._functions[key]

    def summary(self, key: str) -> FunctionSummary:
        key, entry = self._find(key, None)
        fields = self._fields_of(key, entry)
        unnamed = None if fields.has_problem("name") else entry.stack.function_name(entry.name)
        return summary_of(key, fields.name or unnamed, fields, fields.problems)

    def triggers(self, key: str) -> tuple[Trigger, ...]:
        from lambda_scenarios.services.cloudformation.events import read_template_triggers

        _, entry = self._find(key, None)
        return read_template_triggers(_resource(entry), entry.stack)

    def warnings(self) -> tuple[Diagnostic, ...]:
        left = [one for fields in self._read.values() for one in fields.not_evaluated]
        return (*self._warnings, *warnings_of(left), *self._assumptions.warnings())

    def _function(self, key: str, entry: _Entry) -> Function:
        """The function, or a UsageError with all that is wrong."""
        fields = self._fields_of(key, entry)
        diagnostics = [_diagnostic(problem, key, entry.located.origin) for problem in fields.problems]
        if self._options.strict:
            left = warnings_of(fields.not_evaluated)
            warnings = (*fields.warnings, *left, *self._assumptions.warnings())
            diagnostics += strictly(warnings)
        if diagnostics:
            raise UsageError(*diagnostics)
        given = entry.stack.known.get(entry.name)
        name = fields.name or (given if isinstance(given, str) else None)
        service = self._info._replace(region=entry.stack.place.region)
        shown = name or entry.stack.function_name(entry.name)
        function = function_of(key, shown, fields, service, entry.located.origin)
        return function._replace(in_stack=None if name else (entry.stack.place.name, entry.name))

    def _fields_of(self, key: str, entry: _Entry) -> Declared:
        if key not in self._read:
            resource = _resource(entry)
            world = CodeWorld(self._world.environ, self._world.cwd, self._world.documents)
            found = read_template_function(resource, entry.stack, world, deployed=self._options.deployed)
            self._read[key] = found
            self._warnings.update(dict.fromkeys(found.warnings))
        return self._read[key]

    def _find(self, key: str, asked_at: Origin | None) -> tuple[str, _Entry]:
        index = self._index()
        key = index.aliases.get(key, key)
        if key in index.entries:
            return key, index.entries[key]
        if key in index.absent:
            entry = index.absent[key]
            problem = f"function `{key}` isn't there: its condition `{entry.condition}` is false"
            where = entry.located.origin.at("Condition")
            raise UsageError(Diagnostic(problem, where, "", ("parameters decide: --param NAME=VALUE",)))
        broken = [problem.diagnostic() for prefix, problem in index.broken.items() if key.startswith(prefix)]
        if broken:
            raise UsageError(*broken)
        raise unknown_function(key, tuple(index.entries), shown_path(self.file, self._world.cwd), asked_at)

    def _index(self) -> _Index:
        if self._known_index is None:
            entries: dict[str, _Entry] = {}
            absent: dict[str, _Entry] = {}
            broken: dict[str, Problem] = {}
            for prefix, stack in self._stacks:
                for key, entry in _functions(stack, prefix, broken):
                    (absent if entry.condition else entries)[key] = entry
            self._known_index = _Index(entries, _aliases(entries), absent, broken)
            self._warnings.update(
                (problem.diagnostic()._replace(severity="warning"), None) for problem in broken.values()
            )
        return self._known_index

    def _of_parameters(self) -> Iterator[Diagnostic]:
        """Parameters that were given, and that look like one of the templates' misspelt."""
        declared = [name for _, stack in self._stacks for name in stack.section("Parameters")]
        for name, _ in self._options.params:
            close = did_you_mean(name, declared) if name not in declared else None
            if close:
                where = shown_path(self.file, self._world.cwd)
                problem = f"{where} has no parameter `{name}`: did you mean `{close}`?"
                yield Diagnostic(problem, severity="warning")

    def _of_macros(self) -> Iterator[Diagnostic]:
        for _, stack in self._stacks:
            transform = stack.document.get("Transform")
            for index, name in enumerate(transform if isinstance(transform, list) else [transform]):
                if isinstance(name, str) and name not in _TRANSFORMS:
                    path = ("Transform", index) if isinstance(transform, list) else ("Transform",)
                    problem = f"the macro `{name}` runs in AWS only: what it changes is not seen here"
                    yield Diagnostic(problem, Origin(stack.file, path), severity="warning")


def _functions(stack: Stack, prefix: str, broken: dict[str, Problem]) -> Iterator[tuple[str, _Entry]]:
    """The functions of a stack and of those nested in it."""
    try:
        resources = stack.resources()
    except CannotResolve as failure:
        located = Located(dict(stack.section("Resources")), Origin(stack.file, ("Resources",)))
        raise UsageError(problem_of(unresolvable(failure, located), "Resources").diagnostic()) from None
    for name, located in resources.items():
        resource = stack.resource(name)
        kind = resource.get("Type")
        if isinstance(kind, str) and kind in _CODE_PROPERTY:
            key = prefix + (construct_path(metadata_of(resource)) or name)
            try:
                condition = stack.missing_condition(name)
            except CannotResolve:
                condition = None  # told when the function is asked for
            yield key, _Entry(stack, name, located, condition)
        elif is_nested(resource):
            try:
                child = None if stack.missing_condition(name) else stack.child(name)
                if child is not None:
                    yield from _functions(child, f"{prefix}{name}/", broken)
            except CannotResolve as failure:
                broken[f"{prefix}{name}/"] = Problem(
                    name, failure.reason, located.origin, label=failure.label, notes=failure.notes
                )


def _aliases(entries: Mapping[str, _Entry]) -> Mapping[str, str]:
    """Names that stand for one function: its logical id, FunctionName, and the last part of its key."""
    found: dict[str, list[str]] = {}
    for key, entry in entries.items():
        names = {entry.name, key.rpartition("/")[2]}
        properties = entry.stack.resource(entry.name).get("Properties")
        declared = properties.get("FunctionName") if isinstance(properties, dict) else None
        try:
            name = resolve(declared, entry.stack)
        except CannotResolve:
            name = None
        if isinstance(name, str):
            names.add(name)
        for alias in names - {key}:
            found.setdefault(alias, []).append(key)
    return {alias: keys[0] for alias, keys in found.items() if len(keys) == 1 and alias not in entries}


def _resource(entry: _Entry) -> Resource:
    declared = entry.stack.resource(entry.name)
    kind = declared["Type"]
    assert isinstance(kind, str)  # it is a key of _CODE_PROPERTY
    own = Located(declared.get("Properties"), entry.located.origin.at("Properties"))
    shared = entry.stack.globals_of("Function") if kind == "AWS::Serverless::Function" else None
    return Resource(
        entry.name,
        merge(shared, own, declared.get("IgnoreGlobals")),
        metadata_of(declared),
        _CODE_PROPERTY[kind],
        entry.located.origin,
    )


def _diagnostic(problem: Problem, key: str, function: Origin) -> Diagnostic:
    """Where the place is inside of the function itself, it says whose it is."""
    inside = problem.origin.file == function.file and problem.origin.path[:2] == function.path[:2]
    return problem.diagnostic("" if inside else f"function `{key}`")
