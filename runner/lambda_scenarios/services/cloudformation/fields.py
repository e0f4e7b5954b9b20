"""One function of a template, property by property: what is right, and all that is wrong, at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from lambda_scenarios.model.function import ImageConfig
from lambda_scenarios.services import field_values
from lambda_scenarios.services.cloudformation.application_layers import read_application_layers
from lambda_scenarios.services.cloudformation.builds import built_text
from lambda_scenarios.services.cloudformation.code import Code, CodeWorld, Resource, build_method, read_code
from lambda_scenarios.services.cloudformation.fronts import http_front
from lambda_scenarios.services.cloudformation.inline_code import written
from lambda_scenarios.services.cloudformation.values import evaluated, settled
from lambda_scenarios.services.cloudformation.variables import NO_VARIABLES, read_variables
from lambda_scenarios.services.declared import Declared, Findings
from lambda_scenarios.services.findings import Problem, problem_of
from lambda_scenarios.services.handler_files import check_handler, in_build_output
from lambda_scenarios.services.layers import NO_LAYERS
from lambda_scenarios.services.variables import Located, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json
    from lambda_scenarios.services.cloudformation.stack import Stack
    from lambda_scenarios.services.layers import Layers

# Source: docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
_DEFAULT_TIMEOUT = 3.0
_DEFAULT_MEMORY = 128
_DEFAULT_STORAGE = 512  # MB of /tmp
_LARGEST_STORAGE = 10_240

T = TypeVar("T")


class _Fields(Findings):
    """The properties of one function, problems collected."""

    def __init__(self, resource: Resource, stack: Stack, world: CodeWorld) -> None:
        super().__init__()
        self.resource = resource
        self.properties = resource.properties
        self.stack = stack
        self.world = world

    def find(self, name: str) -> Located | None:
        return settled(self.properties.get(name), self.stack)

    def read(self, path: str, name: str, default: T | None, convert: Callable[[str, Located], T]) -> T | None:
        """A property, converted: see `converted`."""
        return self.converted(path, lambda: self.find(name), default, lambda found: convert(name, found))

    def timeout(self, name: str, found: Located) -> float:
        return field_values.timeout(name, found, self.warn)

    def memory(self, name: str, found: Located) -> int:
        return field_values.memory(name, found, self.warn)

    def architecture(self, name: str, found: Located) -> str:
        if not isinstance(found.value, list):
            raise UnresolvableError(f"`{name}` must be a list", found.origin)
        first = settled(self.properties.inside((name,), found.value, 0), self.stack) if found.value else None
        return "x86_64" if first is None else field_values.architecture(name, first)

    def storage(self, name: str, found: Located) -> int:
        size = self.inside(name, found, "Size")
        if size is None:
            raise UnresolvableError(f"`{name}` needs `Size`", found.origin)
        megabytes = size.value
        if isinstance(megabytes, str) and megabytes.isdigit():
            megabytes = int(megabytes)
        if not isinstance(megabytes, int) or not _DEFAULT_STORAGE <= megabytes <= _LARGEST_STORAGE:
            problem = f"`{name}` has from {_DEFAULT_STORAGE} to {_LARGEST_STORAGE} MB"
            raise UnresolvableError(problem, size.origin)
        return megabytes

    def inside(self, name: str, found: Located, key: str) -> Located | None:
        """What stands at a key of a property that is a mapping, settled."""
        if not isinstance(found.value, dict):
            raise UnresolvableError(f"`{name}` must be a mapping", found.origin)
        inner = found.value.get(key)
        return None if inner is None else settled(Located(inner, found.origin.at(key)), self.stack)


def read_template_function(
    resource: Resource, stack: Stack, world: CodeWorld, *, deployed: bool = False
) -> Declared:
    """All that can be known of a function of a template; of a `deployed` one neither code nor layers nor
    variables are looked at. Raises nothing but defects."""
    fields = _Fields(resource, stack, world)
    is_image = _is_image(fields)
    runtime: str | None = ""
    handler: str | None = None
    if not is_image:
        runtime = fields.read("runtime", "Runtime", None, field_values.runtime)
        handler = fields.read("handler", "Handler", None, field_values.text)
        for path, name, value in (("runtime", "Runtime", runtime), ("handler", "Handler", handler)):
            if value is None and not any(problem.path == path for problem in fields.problems):
                fields.problems.append(Problem(path, f"the function has no `{name}`", resource.origin))
    world = world._replace(runtime=runtime or "")
    layers = NO_LAYERS if deployed else read_application_layers(resource.properties, stack, world)
    code: str | None = stack.root
    code_from = _image_context(fields) if is_image else None
    if not is_image and not deployed:
        code, code_from = _read_code(fields, world)
        if handler is not None and runtime and code is not None:
            _check_handler(fields, handler, runtime, layers=layers, code=code)
    environment = NO_VARIABLES if deployed else read_variables(resource.properties, stack)
    return Declared(
        name=fields.read("name", "FunctionName", None, field_values.text),
        handler=handler,
        runtime=runtime,
        code=code,
        architecture=fields.read("architecture", "Architectures", "x86_64", fields.architecture),
        timeout=fields.read("timeout", "Timeout", _DEFAULT_TIMEOUT, fields.timeout),
        memory=fields.read("memory", "MemorySize", _DEFAULT_MEMORY, fields.memory),
        environment=environment.values,
        layers=layers,
        image=_image(fields) if is_image else None,
        image_config=_image_config(fields) if is_image else ImageConfig(),
        ephemeral=fields.read("ephemeral", "EphemeralStorage", _DEFAULT_STORAGE, fields.storage)
        or _DEFAULT_STORAGE,
        role=_role(fields),
        http_source=http_front(resource, stack),
        not_evaluated=environment.not_evaluated,
        problems=(*fields.problems, *layers.problems, *environment.problems),
        warnings=(*fields.warnings, *layers.warnings, *environment.warnings),
        code_from=code_from,
    )


def _is_image(fields: _Fields) -> bool:
    try:
        kind = fields.find("PackageType")
    except UnresolvableError:
        return False
    if kind is not None:
        return kind.value == "Image"
    code = fields.properties.value.get("Code")
    return "ImageUri" in fields.properties.value or (isinstance(code, dict) and "ImageUri" in code)


def _image(fields: _Fields) -> str | None:
    """The image's name: as it was built, as the template says, else as `sam build` would name it.

    Source: samcli/lib/build/app_builder.py (_build_lambda_image).
    """
    name, metadata = fields.resource.name, fields.resource.metadata
    found = built_text(fields.stack.build, name, "ImageUri")
    if found is not None:
        return found
    try:
        declared = fields.find("ImageUri")
        code = fields.find("Code")
        if declared is None and code is not None:
            declared = fields.inside("Code", code, "ImageUri")
        if declared is not None:
            return field_values.text("ImageUri", declared)
    except UnresolvableError as error:
        fields.problems.append(problem_of(error, "image"))
        return None
    tag = metadata.get("DockerTag")
    return f"{name.lower()}:{tag if isinstance(tag, str) else 'latest'}"


def _image_context(fields: _Fields) -> str | None:
    """The absolute directory that `sam build` makes the image from."""
    context = fields.resource.metadata.get("DockerContext")
    return os.path.normpath(os.path.join(fields.stack.root, context)) if isinstance(context, str) else None


def _image_config(fields: _Fields) -> ImageConfig:
    return (
        fields.read(
            "image",
            "ImageConfig",
            None,
            lambda name, found: ImageConfig(
                entry_point=_texts(fields, name, found, "EntryPoint"),
                command=_texts(fields, name, found, "Command"),
                working_directory=_directory(fields, name, found),
            ),
        )
        or ImageConfig()
    )


def _texts(fields: _Fields, name: str, found: Located, key: str) -> tuple[str, ...] | None:
    inner = fields.inside(name, found, key)
    if inner is None:
        return None
    value = evaluated(inner, fields.stack)
    texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    if texts != value:
        raise UnresolvableError(f"`{key}` must be a list of texts", inner.origin)
    return tuple(texts)


def _directory(fields: _Fields, name: str, found: Located) -> str | None:
    inner = fields.inside(name, found, "WorkingDirectory")
    return None if inner is None else field_values.text("WorkingDirectory", inner)


def _read_code(fields: _Fields, world: CodeWorld) -> tuple[str | None, str | None]:
    """The directory of the code, and what it is made of, both absolute."""
    resource, stack = fields.resource, fields.stack
    try:
        code = read_code(resource, stack, stack.build, world)
        directory = code.directory if code.inline is None else _written(code, code.inline, world)
    except UnresolvableError as error:
        fields.problems.append(problem_of(error, "code"))
        return None, None
    fields.warnings += code.warnings
    return directory, code.source


def _written(code: Code, text: str, world: CodeWorld) -> str:
    try:
        directory = written(text, world.runtime, world.environ)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnresolvableError(f"inline code can't be written to the cache: {reason}", code.origin) from None
    if directory is None:
        problem = f"Lambda has no inline code for {world.runtime or 'this function'}"
        raise UnresolvableError(problem, code.origin, label="for Python and Node.js only")
    return directory


def _check_handler(fields: _Fields, handler: str, runtime: str, *, layers: Layers, code: str) -> None:
    """Adds what is wrong with the handler: a problem, or a warning where its file may still come."""
    fault = check_handler(handler, runtime, code, layers.directories, fields.world.environ)
    found = fields.find("Handler")
    if fault is None or found is None:
        return
    method = build_method(fields.resource.metadata)
    by_sam = f"`sam build` makes it (BuildMethod: {method})" if method else ""
    if fault.kind == "missing" and (in_build_output(handler) or layers.left_out):
        fields.warn(fault.problem, found, by_sam or "build it first")
    else:
        label = by_sam if by_sam and fault.kind == "missing" else fault.label
        fields.problems.append(Problem("handler", fault.problem, found.origin, label=label))


def _role(fields: _Fields) -> str | None:
    """The role's ARN, where the template writes it out; else only the deployed function knows it."""
    try:
        found = fields.properties.get("Role")
    except UnresolvableError:
        return None
    value: Json = found.value if found is not None else None
    return value if isinstance(value, str) and value.startswith("arn:") else None


def metadata_of(resource: Mapping[str, Json]) -> Mapping[str, Json]:
    found = resource.get("Metadata")
    return found if isinstance(found, dict) else {}
