"""Whether the file that a handler names is there: told when the service is read, not by a failed init."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

from lambda_scenarios.errors import did_you_mean

# Directories that compilers write into: the file may appear when the sources are built.
_BUILD_OUTPUT = (
    "dist",
    "build",
    ".build",
    "lib",
    "out",
    "output",
    "target",
    ".webpack",
    ".esbuild",
    "_optimize",
)
_NODE_SUFFIXES = (".js", ".mjs", ".cjs", "")
_NODE_SOURCES = (".ts", ".mts", ".cts", ".tsx", ".jsx")
_PYTHON_SUFFIXES = (".py", ".pyc", ".so")
_RUBY_SUFFIXES = (".rb", ".so")
_PASSED_OVER = ("node_modules", "__pycache__", ".git", ".serverless", "venv", ".venv")


class HandlerFault(NamedTuple):
    """What is wrong with a handler. A `missing` one may yet come from a build or a layer."""

    kind: Literal["malformed", "outside", "missing"]
    problem: str
    label: str = ""
    notes: tuple[str, ...] = ()


def check_handler(
    handler: str, runtime: str, root: str, layers: tuple[str, ...], environ: Mapping[str, str]
) -> HandlerFault | None:
    """What is wrong with `handler` of a Python, Node.js or Ruby function in `root`; None for others.

    Module look-up follows AWS's clients: awslambdaric/bootstrap.py (_get_handler),
    aws-lambda-nodejs-runtime-interface-client/src/UserFunction.js and aws_lambda_ric/lambda_handler.rb.
    """
    python = runtime.startswith("python")
    ruby = runtime.startswith("ruby")
    if handler.startswith("/opt/") and not python:
        return None  # inside a layer
    if handler.startswith("/"):
        return HandlerFault(
            "outside", f"the handler `{handler}` is an absolute path", "it must be in the service"
        )
    if runtime.startswith("java"):
        return _check_java(handler)
    if not python and not ruby and not runtime.startswith("nodejs"):
        return None
    directory, _, name = handler.rpartition("/")
    module, dot, function = name.rpartition(".") if python else name.partition(".")
    if not dot or not module or not function:
        return HandlerFault(
            "malformed", f"the handler `{handler}` names no function", "it has the form `file.function`"
        )
    if ruby and ("." in directory or name.count(".") > 2):
        return HandlerFault(
            "malformed",
            f"the handler `{handler}` has too many dots",
            "it has the form `file.method` or `file.Module::Class.method`",
        )
    relative = os.path.normpath(os.path.join(directory, module))
    if relative.split("/")[0] == "..":
        return HandlerFault(
            "outside",
            f"the handler `{handler}` leaves the service's directory",
            "it must be below the service file",
        )
    if python:
        return _check_python(handler, relative, root, layers, environ)
    check = _check_ruby if ruby else _check_node
    return check(handler, relative, root, layers)


def _check_python(
    handler: str, relative: str, root: str, layers: tuple[str, ...], environ: Mapping[str, str]
) -> HandlerFault | None:
    relative = relative.replace(".", "/")  # pkg.module.function and pkg/module.function are the same
    places = (root, *(os.path.join(layer, "python") for layer in layers), *layers)
    if any(_python_module(os.path.join(place, relative)) for place in places):
        return None
    if any(_python_module(os.path.join(place, relative)) for place in _site_packages(root, environ)):
        return None
    return _missing(handler, relative + ".py", root, _PYTHON_SUFFIXES[:1])


def _check_node(handler: str, relative: str, root: str, layers: tuple[str, ...]) -> HandlerFault | None:
    places = (root, *(os.path.join(layer, "nodejs") for layer in layers), *layers)
    if any(_node_module(os.path.join(place, relative)) for place in places):
        return None
    for suffix in _NODE_SOURCES:
        if os.path.isfile(os.path.join(root, relative + suffix)):
            return HandlerFault(
                "missing",
                f"the handler `{handler}` is not compiled: there is only {relative}{suffix}",
                "Lambda runs JavaScript: point it at the compiled file",
            )
    return _missing(handler, relative + ".js", root, _NODE_SUFFIXES[:3])


def _check_ruby(handler: str, relative: str, root: str, layers: tuple[str, ...]) -> HandlerFault | None:
    places = (root, *(os.path.join(layer, "ruby/lib") for layer in layers))
    if any(_is_file(os.path.join(place, relative), _RUBY_SUFFIXES) for place in places):
        return None
    return _missing(handler, relative + ".rb", root, _RUBY_SUFFIXES[:1])


def _check_java(handler: str) -> HandlerFault | None:
    """Only its form: the class is looked for where the function is run, since a build makes it."""
    name, separator, method = handler.rpartition("::")
    if (separator and name and method and ":" not in name) or ":" not in handler:
        return None
    return HandlerFault(
        "malformed",
        f"the handler `{handler}` names no class and method",
        "it has the form `package.Class::method` or `package.Class`",
    )


def in_build_output(handler: str) -> bool:
    """Whether the handler's file looks like one that a build makes."""
    return any(part in _BUILD_OUTPUT for part in handler.split("/")[:-1])


def _is_file(path: str, suffixes: tuple[str, ...]) -> bool:
    return any(os.path.isfile(path + suffix) for suffix in suffixes)


def _python_module(path: str) -> bool:
    if _is_file(path, _PYTHON_SUFFIXES) or os.path.isfile(path + "/__init__.py"):
        return True
    name = os.path.basename(path) + "."
    try:
        entries = os.listdir(os.path.dirname(path))
    except OSError:
        return False
    return any(entry.startswith(name) and entry.endswith((".so", ".pyd")) for entry in entries)


def _node_module(path: str) -> bool:
    return _is_file(path, _NODE_SUFFIXES) or any(
        os.path.isfile(os.path.join(path, name)) for name in ("index.js", "index.cjs", "package.json")
    )


def _site_packages(root: str, environ: Mapping[str, str]) -> list[str]:
    """Where a package that the function is deployed with may be installed on this machine."""
    found = []
    for environment in (environ.get("VIRTUAL_ENV"), os.path.join(root, ".venv"), os.path.join(root, "venv")):
        library = os.path.join(environment, "lib") if environment else ""
        if library and os.path.isdir(library):
            found += [os.path.join(library, entry, "site-packages") for entry in sorted(os.listdir(library))]
    return found


def _missing(handler: str, relative: str, root: str, suffixes: tuple[str, ...]) -> HandlerFault:
    close = did_you_mean(relative, _files(root, suffixes))
    label = f"did you mean {close}?" if close else f"there is no {relative} in the service"
    return HandlerFault("missing", f"the handler's file is missing: {relative} of `{handler}`", label)


def _files(root: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    """Files that could hold handlers: at most some hundred, not too deep."""
    found: list[str] = []
    for directory, subdirectories, names in os.walk(root):
        depth = os.path.relpath(directory, root).count(os.sep)
        subdirectories[:] = (
            [name for name in sorted(subdirectories) if name not in _PASSED_OVER and not name.startswith(".")]
            if depth < 4
            else []
        )
        found += [
            os.path.relpath(os.path.join(directory, name), root) for name in names if name.endswith(suffixes)
        ]
        if len(found) > 500:
            break
    return tuple(found)
