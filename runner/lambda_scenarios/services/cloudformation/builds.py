"""What `sam build` has made of a template's code: `.aws-sam/build`, where it is newer than the sources."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import UsageError

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json
    from lambda_scenarios.services.documents import Documents

_DIRECTORY = os.path.join(".aws-sam", "build")
_TEMPLATE = "template.yaml"
_PASSED_OVER = frozenset(
    (
        "node_modules",
        "__pycache__",
        ".git",
        ".aws-sam",
        ".venv",
        "venv",
        ".pytest_cache",
        "cdk.out",
        "reports",
    )
)
_MOST_FILES = 20_000


class Build(NamedTuple):
    """A build of one template; `resources` are those of the template that `sam build` wrote."""

    directory: str
    time: float
    resources: Json


def find_build(template: str, documents: Documents) -> Build | None:
    """The build of the template at the root of a project; None where there is none that can be read."""
    return _build(os.path.join(os.path.dirname(template), _DIRECTORY), documents)


def nested_build(build: Build | None, logical_id: str, documents: Documents) -> Build | None:
    """The build of a nested stack, which lies in a directory named by its logical id."""
    return None if build is None else _build(os.path.join(build.directory, logical_id), documents)


def _build(directory: str, documents: Documents) -> Build | None:
    file = os.path.join(directory, _TEMPLATE)
    try:
        time = os.stat(file).st_mtime
        document = documents.parsed(file)
    except (OSError, UsageError):
        return None
    resources = document.get("Resources") if isinstance(document, dict) else None
    return Build(directory, time, resources)


def built(build: Build | None, logical_id: str, property_name: str) -> str | None:
    """The absolute path that a resource's property names in the build; None where that is no path."""
    value = built_text(build, logical_id, property_name)
    if build is None or value is None:
        return None
    path = os.path.normpath(os.path.join(build.directory, value))
    return path if os.path.exists(path) else None


def built_text(build: Build | None, logical_id: str, property_name: str) -> str | None:
    """A property of a resource as `sam build` wrote it, where it is a text."""
    resource = build.resources.get(logical_id) if build and isinstance(build.resources, dict) else None
    properties = resource.get("Properties") if isinstance(resource, dict) else None
    value = properties.get(property_name) if isinstance(properties, dict) else None
    return value if isinstance(value, str) else None


def newer_source(build: Build, template: str, source: str) -> str | None:
    """A file that was changed after the build, absolute: the template, or one in `source`; None for none."""
    for path in (template, source):
        if os.path.isfile(path) and _changed(path) > build.time:
            return path
    seen = 0
    for directory, subdirectories, names in os.walk(source):
        subdirectories[:] = [name for name in subdirectories if name not in _PASSED_OVER]
        for name in names:
            path = os.path.join(directory, name)
            if _changed(path) > build.time:
                return path
        seen += len(names)
        if seen > _MOST_FILES:
            break
    return None


def _changed(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
