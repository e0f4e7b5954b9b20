"""Nested stacks whose template is a file of the project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.values import Json
from lambda_scenarios.services.cloudformation.builds import nested_build
from lambda_scenarios.services.cloudformation.stack import Parent, Place, Stack
from lambda_scenarios.services.references import CannotResolve
from lambda_scenarios.services.variables import Located

if TYPE_CHECKING:
    from lambda_scenarios.services.documents import Documents

_LOCATION = {"AWS::Serverless::Application": "Location", "AWS::CloudFormation::Stack": "TemplateURL"}
_DEEPEST = 10


class NestedStacks:
    """Opens nested stacks; the results are kept by those who ask."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def open(self, stack: Stack, name: str) -> Stack | None:
        """The nested stack `name` of a stack; None where its template is no local file.

        Raises CannotResolve where the file is missing or can't be read, or where stacks hold each other.
        """
        resource = stack.resource(name)
        path = template_path(resource, stack.root)
        if path is None:
            return None
        above = _files_above(stack)
        if path in above or len(above) > _DEEPEST:
            raise CannotResolve(f"the nested stacks hold each other: {os.path.relpath(path, stack.root)}")
        try:
            document = self._documents.template(path)
        except FileNotFoundError:
            shown = os.path.relpath(path, stack.root)
            raise CannotResolve(f"the template of the nested stack is missing: {shown}") from None
        except UsageError as error:
            first = error.diagnostics[0].problem
            shown = os.path.relpath(path, stack.root)
            raise CannotResolve(
                f"the template of the nested stack, {shown}, can't be read: {first}"
            ) from None
        if not isinstance(document, dict):
            raise CannotResolve(f"{os.path.relpath(path, stack.root)} is no template")
        place = Place(
            f"{stack.place.name}-{name}",
            stack.place.region,
            deployed=False,  # the name of a nested stack has something random in it
            account=stack.place.account,
        )
        return Stack(
            document,
            path,
            place,
            stack.lookups,
            given={},
            known=stack.known,
            assumptions=stack.assumptions,
            build=nested_build(stack.build, name, self._documents),
            parent=Parent(stack, _handed(stack, name)),
            open_child=self.open,
        )


def is_nested(resource: Mapping[str, Json]) -> bool:
    kind = resource.get("Type")
    return isinstance(kind, str) and kind in _LOCATION


def template_path(resource: Mapping[str, Json], root: str) -> str | None:
    """The absolute path of a nested stack's template; None where it is elsewhere."""
    metadata = resource.get("Metadata")
    asset = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
    kind = resource.get("Type")
    properties = resource.get("Properties")
    location = (
        properties.get(_LOCATION.get(kind, ""))
        if isinstance(kind, str) and isinstance(properties, dict)
        else None
    )
    found = asset if isinstance(asset, str) else location
    if not isinstance(found, str) or "://" in found.removeprefix("file://"):
        return None
    path = os.path.normpath(os.path.join(root, found.removeprefix("file://")))
    if os.path.isdir(path):  # as `sam build` takes it
        names = ("template.yaml", "template.yml", "template.json")
        path = next((p for p in (os.path.join(path, n) for n in names) if os.path.isfile(p)), path)
    return path


def _handed(stack: Stack, name: str) -> Mapping[str, Located]:
    properties = stack.resource(name).get("Properties")
    parameters = properties.get("Parameters") if isinstance(properties, dict) else None
    origin = stack.resources()[name].origin.at("Properties", "Parameters")
    found = parameters if isinstance(parameters, dict) else {}
    return {key: Located(value, origin.at(key)) for key, value in found.items()}


def _files_above(stack: Stack) -> list[str]:
    files = []
    at: Stack | None = stack
    while at is not None:
        files.append(at.file)
        at = at.parent.stack if at.parent is not None else None
    return files
