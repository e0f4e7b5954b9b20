"""serverless.yml (.yaml, .json, .js, .ts and their like) of the Serverless Framework."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean, strictly
from lambda_scenarios.model.function import Function, FunctionSummary, ServiceInfo
from lambda_scenarios.model.values import PROGRAMS, Json, Origin, Place
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.services.declared import Declared, function_of, summary_of
from lambda_scenarios.services.findings import Problem, problem_of, warnings_of
from lambda_scenarios.services.function_fields import read_fields
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.unknown_function import unknown_function
from lambda_scenarios.services.variable_sources import SOURCES
from lambda_scenarios.services.variables import Located, Resolver, Settings, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.services.modules import Modules
    from lambda_scenarios.services.service import ServiceOptions
    from lambda_scenarios.services.stack_references import StackReferences
    from lambda_scenarios.services.triggers import Trigger
    from lambda_scenarios.services.world import World

_DEFAULT_REGION = "us-east-1"
# Far more than any service has; a file that is larger was made by something that went wrong.
_LARGEST_FILE = 4 * 1024 * 1024  # bytes
_READ_OF_FUNCTIONS = (
    "handler",
    "image",
    "runtime",
    "name",
    "timeout",
    "memorySize",
    "ephemeralStorageSize",
    "architecture",
    "layers",
    "environment",
    "package",
)


class _Identity(NamedTuple):
    name: str | None
    stage: str | None
    region: str | None
    problems: tuple[Problem, ...]


class ServerlessService:
    """A service of the Serverless Framework: see `service.Service`."""

    def __init__(self, file: str, options: ServiceOptions, world: World) -> None:
        """Reads the file. Raises UsageError where it isn't a service of AWS, or can't be parsed."""
        self.file = file
        self._root = os.path.dirname(file)
        self._options = options
        self._world = world
        self._known_modules: Modules | None = None
        _check_size(file)
        document = self._evaluated(file) if file.endswith(PROGRAMS) else world.documents.parsed(file)
        _check_document(document, file)
        settings = Settings(
            root=self._root,
            environ=world.environ,
            stage=options.stage,
            region=options.region,
            params=dict(options.params),
            instance_id=world.instance_id,
            text_of=world.documents.text,
            parsed=world.documents.parsed,
            modules=self._modules,
            lookups=world.lookups,
            aws_profile=options.aws_profile,
            resolve=dict(options.resolve),
        )
        self._resolver = Resolver(document, file, SOURCES, settings)
        self._known_identity: _Identity | None = None
        self._known_index: tuple[dict[str, Located], tuple[Problem, ...]] | None = None
        self._functions: dict[str, Function] = {}
        self._fields: dict[str, Declared] = {}
        self._known_references: StackReferences | None = None
        self._told: dict[str, Diagnostic] = {}  # by reason, what is told once for all functions
        self._warnings: dict[Diagnostic, None] = {}  # in the order of finding

    def info(self) -> ServiceInfo:
        identity = self._identity()
        if identity.name is None or identity.stage is None or identity.region is None:
            raise UsageError(*(problem.diagnostic() for problem in identity.problems))
        return ServiceInfo(
            identity.name, identity.stage, identity.region, self._root, self.file, self._profile()
        )

    def _profile(self) -> str | None:
        """`provider.profile`, whose credentials the Framework takes; None where it can't be resolved, which
        matters to few."""
        try:
            found = self._resolver.lookup("provider", "profile")
        except UnresolvableError:
            return None
        return None if found is None else text_in_text(found.value)

    def keys(self) -> tuple[str, ...]:
        index, problems = self._index()
        if problems:
            raise UsageError(*(problem.diagnostic() for problem in problems))
        return tuple(index)

    def function(self, key: str, asked_at: Origin | None = None) -> Function:
        if key not in self._functions:
            located = self._find(key, asked_at)
            fields = self._fields_of(key, located)
            self._functions[key] = self._function(key, located, fields)
        return self._functions[key]

    def summary(self, key: str) -> FunctionSummary:
        fields = self._fields_of(key, self._find(key, None))
        identity = self._identity()
        name = fields.name
        if name is None and identity.name and identity.stage and not fields.has_problem("name"):
            name = f"{identity.name}-{identity.stage}-{key}"
        problems = (p for p in fields.problems if p.path != "handler" or fields.handler is None)
        return summary_of(key, name, fields, (*identity.problems, *problems))

    def triggers(self, key: str) -> tuple[Trigger, ...]:
        from lambda_scenarios.services.serverless_events import read_triggers

        functions = (self._find(one, None) for one in self.keys())
        return read_triggers(self._resolver, key, self._find(key, None), functions)

    def warnings(self) -> tuple[Diagnostic, ...]:
        left = [one for fields in self._fields.values() for one in fields.not_evaluated]
        return (*self._warnings, *warnings_of(left), *self._assumptions())

    def _function(self, key: str, located: Located, fields: Declared) -> Function:
        """The function, or a UsageError with all that is wrong."""
        diagnostics = self._diagnostics(key, (*self._identity().problems, *fields.problems))
        if self._options.strict:
            warnings = (*fields.warnings, *warnings_of(fields.not_evaluated), *self._assumptions())
            diagnostics += strictly(warnings)
        if diagnostics:
            raise UsageError(*diagnostics)
        info = self.info()
        name = fields.name or f"{info.name}-{info.stage}-{key}"
        return function_of(key, name, fields, info, located.origin)

    def _diagnostics(self, key: str, problems: tuple[Problem, ...]) -> list[Diagnostic]:
        """Of those that have one reason for all of the service, the same one each time: it is told once."""
        found: dict[Diagnostic, None] = {}
        for problem in problems:
            if not problem.general:
                found[problem.diagnostic(f"function `{key}`")] = None
                continue
            if problem.general not in self._told:
                note = "so it is with everything else that AWS has to tell"
                told = problem._replace(notes=(*problem.notes, note))
                self._told[problem.general] = told.diagnostic(f"function `{key}`")
            found[self._told[problem.general]] = None
        return list(found)

    def _references(self) -> StackReferences:
        """What intrinsic functions refer to: made where a function has any."""
        if self._known_references is None:
            from lambda_scenarios.services.stack_references import Own, StackReferences

            identity = self._identity()  # its problems are problems of every function
            own = Own(identity.name or "", identity.stage or "", self._function_names)
            self._known_references = StackReferences(self._resolver, own)
        return self._known_references

    def _function_names(self) -> dict[str, str]:
        """The names of all functions by key; those that can't be resolved are left out."""
        identity = self._identity()
        names: dict[str, str] = {}
        for key, located in self._index()[0].items():
            try:
                name = self._resolver.follow(located, ("name",))
            except UnresolvableError:
                continue
            names[key] = (
                text_in_text(name.value) if name else None
            ) or f"{identity.name}-{identity.stage}-{key}"
        return names

    def _assumptions(self) -> tuple[Diagnostic, ...]:
        """What was taken for lack of knowledge."""
        references = self._known_references
        return () if references is None else references.assumptions.warnings()

    def _fields_of(self, key: str, located: Located) -> Declared:
        if key not in self._fields:
            name = self._identity().name
            fields = read_fields(
                self._resolver,
                located,
                key,
                name,
                self.file,
                self._world.environ,
                self._references,
                skip_package=self._options.skip_package,
                deployed=self._options.deployed,
            )
            fields = fields._replace(warnings=(*fields.warnings, *self._left_alone(fields, located.origin)))
            self._fields[key] = fields
            self._warnings.update(dict.fromkeys((*fields.warnings, *self._no_values(located.origin))))
        return self._fields[key]

    def _left_alone(self, fields: Declared, function: Origin) -> Iterator[Diagnostic]:
        """Texts that only a plugin would fill in."""
        for name, value in fields.environment:
            if value is not None and "#{AWS::" in value:
                from lambda_scenarios.services.plugins import PSEUDO_PARAMETERS

                problem = f"{name} holds `#{{AWS::…}}`, which {PSEUDO_PARAMETERS} would fill in"
                label = "plugins are not run: write `${aws:region}`, `${aws:accountId}` or `!Sub`"
                yield Diagnostic(problem, function.at("environment", name), label, severity="warning")

    def _no_values(self, function: Origin) -> Iterator[Diagnostic]:
        """What a program has where a value is needed: the Framework leaves it out without a word."""
        if self._known_modules is None:
            return
        provider = Origin(self.file, ("provider", "environment"))
        of_function = (function.at(name) for name in _READ_OF_FUNCTIONS)
        for inside in (provider, *of_function):
            for origin, what in self._known_modules.left_out(inside):
                path = ".".join(str(key) for key in origin.path)
                problem = f"`{path}` is {what}, which is no value: it is left out"
                yield Diagnostic(problem, origin, severity="warning")

    def _evaluated(self, file: str) -> Json:
        from lambda_scenarios.services.modules import options_argument

        options = self._options
        argument = options_argument(options.stage, options.region, dict(options.params))
        return self._modules().exported(file, argument=argument).value

    def _modules(self) -> Modules:
        if self._known_modules is None:
            from lambda_scenarios.services.modules import Modules  # few services have programs

            arguments = _arguments(self._options)
            world = self._world
            self._known_modules = Modules(
                self._root, arguments, world.environ, world.cwd, world.documents.note
            )
            self._world.at_end.append(self._known_modules.close)
        return self._known_modules

    def _identity(self) -> _Identity:
        if self._known_identity is None:
            problems: list[Problem] = []
            name = self._text(("service", "service.name"), None, problems)
            stage = self._text(("provider.stage",), "dev", problems, self._options.stage)
            region = self._text(("provider.region",), _DEFAULT_REGION, problems, self._options.region)
            self._known_identity = _Identity(name, stage, region, tuple(problems))
        return self._known_identity

    def _text(
        self, paths: tuple[str, ...], default: str | None, problems: list[Problem], option: str | None = None
    ) -> str | None:
        """The option, else the text at the first path that has one (mappings are passed over)."""
        if option:
            return option
        path = paths[0]
        try:
            found = None
            for path in paths:
                found = self._resolver.lookup(*path.split("."))
                if found is None or not isinstance(found.value, dict):
                    break
        except UnresolvableError as error:
            problems.append(problem_of(error, path))
            return None
        text = default if found is None else text_in_text(found.value)
        if not text:
            problem = f"`{path}` is missing" if found is None else f"`{path}` must be a text"
            problems.append(Problem(path, problem, found.origin if found else Origin(self.file)))
        return text or None

    def _find(self, key: str, asked_at: Origin | None) -> Located:
        index, problems = self._index()
        if key in index:
            return index[key]
        if problems:
            raise UsageError(*(problem.diagnostic() for problem in problems))
        raise unknown_function(key, tuple(index), shown_path(self.file, self._world.cwd), asked_at)

    def _index(self) -> tuple[dict[str, Located], tuple[Problem, ...]]:
        """The functions' mappings by key, and what stands in the way of knowing all of them."""
        if self._known_index is None:
            index: dict[str, Located] = {}
            problems: list[Problem] = []
            try:
                functions = self._resolver.lookup("functions")
            except UnresolvableError as error:
                functions = None
                problems.append(problem_of(error, "functions"))
            if functions is not None:
                self._collect(functions, index, problems)
            self._known_index = index, tuple(problems)
        return self._known_index

    def _collect(self, found: Located, index: dict[str, Located], problems: list[Problem]) -> None:
        """`functions` is a mapping, or a list of mappings, which may come from variables."""
        if isinstance(found.value, list):
            for number, item in enumerate(found.value):
                try:
                    part = self._resolver.settle(Located(item, found.origin.at(number)))
                except UnresolvableError as error:
                    problems.append(problem_of(error, f"functions.{number}"))
                    continue
                if isinstance(part.value, dict):
                    self._collect(part, index, problems)
                elif part.value:
                    problems.append(
                        Problem("functions", "an item of `functions` must be a mapping", part.origin)
                    )
            return
        if not isinstance(found.value, dict):
            problems.append(Problem("functions", "`functions` must be a mapping or a list", found.origin))
            return
        for key, value in found.value.items():
            if value is None:
                continue  # as in the Framework
            located = Located(value, found.origin.at(key))
            earlier = index.get(key)
            if earlier is not None and isinstance(earlier.value, dict) and isinstance(value, dict):
                located = Located(_merged(earlier.value, value), earlier.origin)
            index[key] = located


def _merged(first: dict[str, Json], second: dict[str, Json]) -> dict[str, Json]:
    """Two declarations of one function in a list: the later wins, mappings are merged."""
    merged = dict(first)
    for key, value in second.items():
        before = merged.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[key] = _merged(before, value) if both else value  # type: ignore[arg-type]  # `both` says so
    return merged


def _arguments(options: ServiceOptions) -> tuple[str, ...]:
    """What a service file that is a program sees in `process.argv` of the command line."""
    words = []
    for name, value in (("--stage", options.stage), ("--region", options.region)):
        if value:
            words += [name, value]
    for name, value in options.params:
        words += ["--param", f"{name}={value}"]
    return tuple(words)


def _check_size(file: str) -> None:
    size = os.path.getsize(file)
    if size > _LARGEST_FILE:
        problem = f"{os.path.basename(file)} has {size:,} bytes: at most {_LARGEST_FILE:,} are read"
        note = "parts of it can stand in files of their own: `${file(path.yml)}`"
        raise UsageError(Diagnostic(problem, Place(file, 1), notes=(note,)))


def _check_document(document: Json, file: str) -> None:
    if not isinstance(document, dict):
        problem = "a service file must be a mapping"
        if file.endswith(PROGRAMS):
            problem = f"{os.path.basename(file)} must export an object"
        raise UsageError(Diagnostic(problem, Place(file, 1)))
    if not document and file.endswith(PROGRAMS):
        problem = f"{os.path.basename(file)} exports nothing"
        raise UsageError(Diagnostic(problem, Place(file, 1), "as in `module.exports = {service: …}`"))
    if "service" not in document:
        close = did_you_mean("service", tuple(document))
        label = f"did you mean `service` by `{close}`?" if close else "every serverless.yml has one"
        where = Origin(file, (close,)).as_key() if close else Place(file, 1)
        raise UsageError(Diagnostic("the key `service` is missing", where, label))
    provider = document.get("provider")
    if provider is None:
        raise UsageError(
            Diagnostic("the key `provider` is missing", Place(file, 1), "as in `provider: {name: aws}`")
        )
    name = provider.get("name") if isinstance(provider, dict) else provider
    if isinstance(name, str) and "${" not in name and name != "aws":
        path = ("provider", "name") if isinstance(provider, dict) else ("provider",)
        raise UsageError(Diagnostic(f"the provider is `{name}`: only aws is known", Origin(file, path)))
