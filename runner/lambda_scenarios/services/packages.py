"""The key `package` of a serverless.yml: of the service, and of one function."""

from __future__ import annotations

import os
from typing import NamedTuple

from lambda_scenarios.model.function import Package, Unresolved
from lambda_scenarios.model.values import Origin
from lambda_scenarios.services.findings import Problem, problem_of
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

# The Framework's own, before all others.
_DEFAULT_EXCLUDES = (
    ".git/**",
    ".gitignore",
    ".DS_Store",
    "npm-debug.log",
    "yarn-*.log",
    ".serverless/**",
    ".serverless_plugins/**",
)


class ReadPackage(NamedTuple):
    """`artifact_origin` is where the artifact is named; `problem` stands in the way of knowing which archive
    it is."""

    package: Package | None
    artifact_origin: Origin | None = None
    problem: Problem | None = None


def read_package(
    resolver: Resolver, function: Located, key: str, service: str | None, file: str
) -> ReadPackage:
    """How function `key` of a service is packaged. `service` is its name, `file` its absolute file.

    Patterns that can't be resolved are kept as such: they matter only to whoever packages. Source: Serverless
    Framework 3, lib/plugins/package/lib/package-service.js.
    """
    root = os.path.dirname(file)
    try:
        of_service = resolver.lookup("package")
        of_function = resolver.follow(function, ("package",))
        alone = _flag(resolver, of_function, "individually")
        own = _text(resolver, of_function, "artifact")
        shared = None if alone else _text(resolver, of_service, "artifact")
        artifact = own or shared
        if artifact is None:
            alone = alone or _flag(resolver, of_service, "individually")
    except UnresolvableError as error:
        return ReadPackage(None, error.origin, problem_of(error, "package"))
    if artifact is not None:
        text, origin = artifact
        if _in_s3(text):
            label = "download it, and name the file here"
            problem = Problem("package.artifact", "artifacts in S3 are not fetched", origin, label=label)
            return ReadPackage(None, origin, problem)
        return ReadPackage(Package(os.path.normpath(os.path.join(root, text)), is_artifact=True), origin)
    if service is None:
        return ReadPackage(None)
    unresolved: list[Unresolved] = []
    levels = (of_service, of_function if alone else None)
    lists = [
        _Lists(
            _texts(resolver, level, "exclude", unresolved),
            _texts(resolver, level, "include", unresolved),
            _texts(resolver, level, "patterns", unresolved),
        )
        for level in levels
    ]
    exclude = (
        *_DEFAULT_EXCLUDES,
        os.path.basename(file),
        *_local_plugins(resolver),
        *lists[0].exclude,
        *_layer_patterns(resolver),
        *((".env*",) if _uses_dotenv(resolver) else ()),
        *lists[1].exclude,
    )
    include = (*lists[0].include, *lists[0].patterns, *lists[1].include, *lists[1].patterns)
    name = key if alone else service
    return ReadPackage(
        Package(
            os.path.join(root, ".serverless", f"{name}.zip"),
            exclude=tuple(dict.fromkeys(exclude)),
            include=tuple(dict.fromkeys(include)),
            without_development=_without_development(resolver, of_service, unresolved),
            unresolved=tuple(unresolved),
        )
    )


class _Lists(NamedTuple):
    exclude: tuple[str, ...]
    include: tuple[str, ...]
    patterns: tuple[str, ...]


def _flag(resolver: Resolver, level: Located | None, name: str) -> bool:
    found = None if level is None else resolver.follow(level, (name,))
    if found is None:
        return False
    if not isinstance(found.value, bool):
        raise UnresolvableError(f"`package.{name}` must be true or false", found.origin)
    return found.value


def _text(resolver: Resolver, level: Located | None, name: str) -> tuple[str, Origin] | None:
    found = None if level is None else resolver.follow(level, (name,))
    if found is None:
        return None
    if not isinstance(found.value, str) or not found.value:
        raise UnresolvableError(f"`package.{name}` must be a text", found.origin)
    return found.value, found.origin


def _texts(
    resolver: Resolver, level: Located | None, name: str, unresolved: list[Unresolved]
) -> tuple[str, ...]:
    try:
        found = None if level is None else resolver.follow(level, (name,))
        if found is None:
            return ()
        if not isinstance(found.value, list):
            raise UnresolvableError(f"`package.{name}` must be a list of patterns", found.origin)
        texts = []
        for index, item in enumerate(found.value):
            value = resolver.settle(Located(item, found.origin.at(index)))
            text = None if isinstance(value.value, (list, dict)) else text_in_text(value.value)
            if not text or text == "!":
                raise UnresolvableError(f"an item of `package.{name}` is no pattern", value.origin)
            texts.append(text)
        return tuple(texts)
    except UnresolvableError as error:
        unresolved.append(Unresolved(f"package.{name}", error.problem))
        return ()


def _without_development(
    resolver: Resolver, of_service: Located | None, unresolved: list[Unresolved]
) -> bool:
    """True unless the service says otherwise: the Framework asks no function."""
    try:
        found = None if of_service is None else resolver.follow(of_service, ("excludeDevDependencies",))
    except UnresolvableError as error:
        unresolved.append(Unresolved("package.excludeDevDependencies", error.problem))
        return True
    return found is None or bool(found.value)


def _local_plugins(resolver: Resolver) -> tuple[str, ...]:
    try:
        found = resolver.lookup("plugins", "localPath")
    except UnresolvableError:
        return ()
    return (found.value,) if found is not None and isinstance(found.value, str) and found.value else ()


def _layer_patterns(resolver: Resolver) -> tuple[str, ...]:
    """What keeps the service's own layers out of its functions. A layer that can't be resolved has none."""
    patterns = []
    try:
        layers = resolver.lookup("layers")
    except UnresolvableError:
        return ()
    for name in layers.value if layers is not None and isinstance(layers.value, dict) else ():
        try:
            path = resolver.lookup("layers", name, "path")
        except UnresolvableError:
            continue
        if path is not None and isinstance(path.value, str):
            patterns.append(f"{path.value}/**")
    return tuple(patterns)


def _uses_dotenv(resolver: Resolver) -> bool:
    try:
        found = resolver.lookup("useDotenv")
    except UnresolvableError:
        return False
    return found is not None and bool(found.value)


def _in_s3(artifact: str) -> bool:
    """Source: Serverless Framework 3, lib/plugins/aws/utils/parse-s3-uri.js."""
    if artifact.startswith("s3://"):
        return True
    host = artifact.removeprefix("https://").partition("/")[0]
    return artifact.startswith("https://") and "s3" in host and host.endswith("amazonaws.com")
