"""One function of a serverless.yml, field by field: what is right, and all that is wrong, at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.function import ImageConfig
from lambda_scenarios.services import field_values
from lambda_scenarios.services.code_directory import Wanted, find_code, last_packaged
from lambda_scenarios.services.declared import Declared, Findings
from lambda_scenarios.services.environment import read_environment
from lambda_scenarios.services.findings import Problem, problem_of
from lambda_scenarios.services.handler_files import in_build_output
from lambda_scenarios.services.http_source import read_http_source
from lambda_scenarios.services.image_fields import read_image_config
from lambda_scenarios.services.layers import NO_LAYERS, Layers, read_layers
from lambda_scenarios.services.packages import ReadPackage, read_package
from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.services.stack_references import StackReferences

# Source of the defaults: Serverless Framework 3, lib/plugins/aws/provider.js and
# lib/plugins/aws/package/compile/functions.js.
_DEFAULT_TIMEOUT = 6.0
_DEFAULT_MEMORY = 1024
_DEFAULT_RUNTIME = "nodejs16.x"

T = TypeVar("T")


class _Fields(Findings):
    """The fields of one function over those of the provider, problems collected."""

    def __init__(self, resolver: Resolver, function: Located) -> None:
        super().__init__()
        self.resolver = resolver
        self.function = function

    def find(self, name: str, of_provider: str | None = None) -> Located | None:
        """The function's own value, else the provider's under `of_provider`."""
        found = self.resolver.follow(self.function, (name,))
        if found is None and of_provider is not None:
            found = self.resolver.lookup("provider", of_provider)
        return found

    def read(
        self, name: str, of_provider: str | None, default: T | None, convert: Callable[[str, Located], T]
    ) -> T | None:
        """A field, converted: see `converted`."""
        return self.converted(
            name, lambda: self.find(name, of_provider), default, lambda found: convert(name, found)
        )

    def image(self, name: str, found: Located) -> str:
        """The image's URI; its name where `provider.ecr.images` says how to build it."""
        where = found
        if isinstance(found.value, dict):
            entry = self.resolver.follow(found, ("uri",)) or self.resolver.follow(found, ("name",))
            if entry is None:
                raise UnresolvableError("`image` needs `uri` or `name`", found.origin)
            where = entry
        image = field_values.text(name, where)
        known = self.resolver.lookup("provider", "ecr", "images", image)
        if known is None:
            return image
        uri = known if isinstance(known.value, str) else self.resolver.follow(known, ("uri",))
        return image if uri is None else field_values.text(name, uri)


def read_fields(
    resolver: Resolver,
    function: Located,
    key: str,
    service: str | None,
    file: str,
    environ: Mapping[str, str],
    references: Callable[[], StackReferences],
    *,
    skip_package: bool = False,
    deployed: bool = False,
) -> Declared:
    """All that can be known of function `key` (its mapping, settled) of the service file `file`.

    `service` is its name, None where that can't be resolved. With `skip_package`, the code is what was
    packaged last; of a `deployed` one neither code nor layers nor variables are looked at. Raises nothing but
    defects.
    """
    root = os.path.dirname(file)
    fields = _Fields(resolver, function)
    image = fields.read("image", None, None, fields.image)
    handler = fields.read("handler", None, None, field_values.text)
    problem_paths = {problem.path for problem in fields.problems}
    if image is None and handler is None and not problem_paths & {"image", "handler"}:
        fields.problems.append(Problem("handler", "the function has no `handler`", function.origin))
    elif image is not None and handler is not None:
        fields.problems.append(
            Problem("image", "a function has a `handler` or an `image`, not both", function.origin)
        )
    layers = NO_LAYERS if deployed else _read_layers(fields, root, references)
    runtime: str | None = ""
    if image is None:
        runtime = fields.read("runtime", "runtime", _DEFAULT_RUNTIME, field_values.runtime)
        _warn_of_default_runtime(fields, runtime)
    package = ReadPackage(None)
    code = root
    if handler is not None and runtime and not deployed:
        package = read_package(resolver, function, key, service, file)
        wanted = Wanted(key, handler, runtime, root, layers.directories, package, environ)
        code = _find_code(fields, wanted, layers, skip_package=skip_package)
    environment_levels = []
    for level in () if deployed else (resolver.document, function):
        path = ("provider", "environment") if level is resolver.document else ("environment",)
        try:
            environment_levels.append(resolver.follow(level, path))
        except UnresolvableError as error:
            fields.problems.append(problem_of(error, "environment"))
    environment = read_environment(resolver, tuple(environment_levels), references)
    return Declared(
        name=fields.read("name", None, None, field_values.text),
        handler=handler,
        runtime=runtime,
        architecture=fields.read("architecture", "architecture", "x86_64", field_values.architecture),
        timeout=fields.read(
            "timeout",
            "timeout",
            _DEFAULT_TIMEOUT,
            lambda name, found: field_values.timeout(name, found, fields.warn),
        ),
        memory=fields.read(
            "memorySize",
            "memorySize",
            _DEFAULT_MEMORY,
            lambda name, found: field_values.memory(name, found, fields.warn),
        ),
        environment=environment.values,
        layers=layers,
        image=image,
        image_config=_image_config(fields),
        ephemeral=fields.read("ephemeralStorageSize", None, 512, field_values.ephemeral),
        code=code,
        package=package.package,
        role=_role(fields),
        http_source=read_http_source(resolver, function),
        not_evaluated=environment.not_evaluated,
        problems=(*fields.problems, *layers.problems, *environment.problems),
        warnings=(*fields.warnings, *layers.warnings),
    )


def _image_config(fields: _Fields) -> ImageConfig:
    try:
        return read_image_config(fields.resolver, fields.function)
    except UnresolvableError as error:
        fields.problems.append(problem_of(error, "image"))
        return ImageConfig()


def _read_layers(fields: _Fields, root: str, references: Callable[[], StackReferences]) -> Layers:
    try:
        return read_layers(fields.resolver, fields.find("layers", "layers"), root, references)
    except UnresolvableError as error:
        return Layers((), (), False, (problem_of(error, "layers"),), ())


def _role(fields: _Fields) -> str | None:
    """The role's ARN, where it is written out; else only the deployed function knows it.

    Source: Serverless Framework, docs/providers/aws/guide/iam.md. It matters only to whoever asks for it, so
    that what can't be resolved is no problem of the function.
    """
    for start, path in (
        (fields.function, ("role",)),
        (fields.resolver.document, ("provider", "iam", "role")),
        (fields.resolver.document, ("provider", "role")),
    ):
        try:
            found = fields.resolver.follow(start, path)
        except UnresolvableError:
            return None
        if found is not None:
            return found.value if isinstance(found.value, str) and found.value.startswith("arn:") else None
    return None


def _warn_of_default_runtime(fields: _Fields, runtime: str | None) -> None:
    if runtime == _DEFAULT_RUNTIME and fields.find("runtime", "runtime") is None:
        fields.warn(
            f"no `runtime` is given: the Serverless Framework takes {_DEFAULT_RUNTIME}",
            fields.function,
            "give one here or under `provider`",
        )


def _find_code(fields: _Fields, wanted: Wanted, layers: Layers, *, skip_package: bool) -> str:
    """The function's directory. Adds what is wrong with the handler: a problem, or a warning where its file
    may still come."""
    code = last_packaged(wanted, fields.function.origin) if skip_package else find_code(wanted)
    if code.warning is not None:
        fields.warnings.append(code.warning)
    if code.problem is not None:
        fields.problems.append(code.problem)
    fault = code.fault
    if fault is None:
        return code.directory
    if fault.kind == "missing":
        from lambda_scenarios.services.plugins import with_builder

        fault = with_builder(fault, fields.resolver)
    found = fields.find("handler")
    assert found is not None  # the handler was read from it
    built = in_build_output(wanted.handler)
    may_come = layers.left_out or (built and code.directory == wanted.root)
    if fault.kind == "missing" and may_come:
        label = "build it first" if built else fault.label
        fields.warnings.append(Diagnostic(fault.problem, found.origin, label, fault.notes, "warning"))
    else:
        fields.problems.append(
            Problem("handler", fault.problem, found.origin, label=fault.label, notes=fault.notes)
        )
    return code.directory
