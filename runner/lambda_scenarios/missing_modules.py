"""What a function imports and isn't installed: what installs it, where the project says so.

The most frequent end of the first run in a fresh checkout.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from lambda_scenarios.model.outcome import FunctionError, InitFailed, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lambda_scenarios.model.function import Function

_PYTHON = re.compile(r"No module named '(?P<name>\w+)")
# Not `./x` and `/x`, which are files of the function's own.
_NODE = re.compile(r"Cannot find (?:module|package) '(?P<name>(?:@[\w.-]+/)?[\w-][\w.-]*)")
# What tells of a function's packages, and what installs them, in its directory or naming it.
_OF_PYTHON = (
    ("requirements.txt", "pip install -r {file}"),
    ("Pipfile", "pipenv install"),
    ("pyproject.toml", "pip install {folder}"),
)
_OF_NODE = (
    ("pnpm-lock.yaml", "pnpm install"),
    ("yarn.lock", "yarn install"),
    ("package-lock.json", "npm ci"),
)


def hint(outcome: Outcome, function: Function, shown: Callable[[str], str]) -> str | None:
    """What to try, where a function on this machine failed for want of a module; `shown` shortens paths."""
    ending = outcome.ending
    if not isinstance(ending, (InitFailed, FunctionError)):
        return None
    is_python = function.runtime.startswith("python")
    if not is_python and not function.runtime.startswith("nodejs"):
        return None
    missing = (_PYTHON if is_python else _NODE).search(ending.message)
    if missing is None:
        return None
    told = (_of_python if is_python else _of_node)(missing["name"], function, shown)
    return "\n".join((*told, *_of_sam(function))) or None


def _of_python(name: str, function: Function, shown: Callable[[str], str]) -> Iterator[str]:
    for folder in _folders(function):
        for file, command in _OF_PYTHON:
            path = os.path.join(folder, file)
            if os.path.isfile(path):
                install = command.format(file=shlex.quote(shown(path)), folder=shlex.quote(shown(folder)))
                yield f"`{name}` isn't installed; what this function needs stands in {shown(path)}:"
                yield f"{install} (into the service's .venv, or the interpreter that runs it)"
                return


def _of_node(name: str, function: Function, shown: Callable[[str], str]) -> Iterator[str]:
    folders = _folders(function)
    for position, folder in enumerate(folders):
        package = os.path.join(folder, "package.json")
        if not os.path.isfile(package):
            continue
        before = "" if shown(folder) == "." else f"cd {shlex.quote(shown(folder))} && "
        if name in _dependencies(package):
            yield f"`{name}` isn't installed; {shown(package)} names it:"
            yield f"{before}{_installation(folders[position:])}"
        elif name == "aws-sdk":
            yield "of the AWS SDK, Lambda has version 3 since nodejs18.x, not version 2:"
            yield f"{before}npm install aws-sdk"
        else:
            yield f"`{name}` isn't installed, and {shown(package)} doesn't name it:"
            yield f"{before}npm install {name}"
        return


def _installation(folders: Sequence[str]) -> str:
    """The command of the nearest lock file: those of workspaces lie further up."""
    for folder in folders:
        for file, command in _OF_NODE:
            if os.path.isfile(os.path.join(folder, file)):
                return command
    return "npm install"


def _dependencies(package: str) -> set[str]:
    import json

    try:
        with open(package, encoding="utf-8") as file:
            value = json.load(file)
        return {
            name
            for key in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
            for name in value.get(key) or ()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return set()


def _of_sam(function: Function) -> Iterator[str]:
    """Layers, and what one template builds out of several directories."""
    file = function.service.file
    if file is not None and os.path.basename(file).startswith("template."):
        yield "or `sam build`: what it puts into .aws-sam/build is then run"


def _folders(function: Function) -> list[str]:
    """The directories from that of the handler up to that of the repository, or else of the service."""
    root = function.service.root
    top = _repository(root) or root
    folder = os.path.normpath(os.path.join(function.code, os.path.dirname(function.handler)))
    if not (folder + os.sep).startswith(top + os.sep):  # an artifact that was unpacked elsewhere
        folder = root
    found = [folder]
    while found[-1] != top:
        found.append(os.path.dirname(found[-1]))
    return found


def _repository(folder: str) -> str | None:
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder
