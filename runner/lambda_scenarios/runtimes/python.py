"""Python on this machine, through this project's own client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.runtimes import programs
from lambda_scenarios.runtimes.runtime import CLIENTS, Found, Launch, Runtime, World

# A script is compiled at every start, an imported module once.
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); import python_client as client; client.main()"
_CREDITS = 16
_VIRTUALENVS = (".venv", "venv", "env")


def launch(function: Function, world: World) -> Launch:
    """The interpreter of the service's virtualenv, else of the runtime's version, else the one on PATH."""
    wanted = function.runtime.removeprefix("python")
    found = _interpreter(function, wanted, world)
    if found is None:
        raise MissingPart(
            f"scenario needs Python {wanted}, which isn't on this machine",
            (
                programs.os_advice(
                    world.environ, f"apt-get install python{wanted}", f"brew install python@{wanted}"
                ),
                "or: --missing-runtime skip",
            ),
        )
    instead = ""
    if found.version != wanted:
        instead = (
            f"Python {found.version} ({found.path}): no interpreter of its version was found in the "
            "service's virtualenv or on PATH"
        )
    return Launch(
        command=_command(found.path),
        credits=_CREDITS,
        environment=(("PYTHONPATH", os.pathsep.join(_layer_paths(function, found.version))),),
        search_paths=("PYTHONPATH",),
        version=found.version,
        instead=instead,
    )


def _interpreter(function: Function, wanted: str, world: World) -> programs.Interpreter | None:
    return _find((function.service.root, function.code), wanted, world)


def _find(roots: tuple[str, ...], wanted: str, world: World) -> programs.Interpreter | None:
    for folder in dict.fromkeys(roots):
        for name in _VIRTUALENVS:
            path = os.path.join(folder, name, "bin", "python")
            if os.access(path, os.X_OK):
                version = programs.python_version(path, world.environ)
                if version is not None:
                    return programs.Interpreter(path, version)
    for path in programs.on_path((f"python{wanted}", "python3", "python"), world.environ):
        version = programs.python_version(path, world.environ)
        if version is not None and version.startswith("3."):
            return programs.Interpreter(path, version)
    return None


def _command(interpreter: str) -> tuple[str, ...]:
    return (interpreter, "-u", "-c", _START, CLIENTS)


def early_command(root: str, wanted: str, world: World) -> tuple[str, ...] | None:
    """How an interpreter for functions of the service in `root` is started ahead of time: the command of
    `launch`. None where there is none."""
    found = _find((root,), wanted, world)
    return None if found is None else _command(found.path)


def _layer_paths(function: Function, version: str) -> list[str]:
    """What Lambda has of layers on sys.path, in its order.

    https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
    """
    paths = []
    for layer in reversed(function.layers):  # later layers lie over earlier ones
        for inner in (f"python/lib/python{version}/site-packages", "python"):
            path = os.path.join(layer, inner)
            if os.path.isdir(path):
                paths.append(path)
    return paths


def inspect(world: World) -> tuple[Found, ...]:
    """The Pythons of virtualenvs, which services are run by that have one, and every Python 3 on PATH."""
    from lambda_scenarios.coverage.python import coverage_of
    from lambda_scenarios.runtimes.debugging import debugpy_of

    advice = programs.os_advice(world.environ, "apt-get install python3", "brew install python")
    names = ("python3", *(f"python3.{minor}" for minor in range(15, 7, -1)))
    own = [(path, path) for path in _virtualenvs(world.cwd)]
    others = ((path, None) for path in programs.on_path(names, world.environ))
    seen: dict[str, Found] = {}
    for path, key in (*own, *others):
        version = programs.python_version(path, world.environ)
        if version is not None and (key or version) not in seen:
            seen[key or version] = Found(
                "python", version, path, advice, (debugpy_of(path, world), coverage_of(path, world))
            )
    return tuple(seen.values()) or (Found("python", None, None, advice),)


# Of directories below this one: how deep a service's virtualenv is looked for, and in how many of them.
_DEPTH, _DIRECTORIES = 3, 2000


def _virtualenvs(cwd: str) -> Iterator[str]:
    """Pythons of the virtualenvs here, above as far as the repository goes, and in the directories below."""
    for folder in (*_upwards(cwd), *islice(_downwards(cwd, _DEPTH), _DIRECTORIES)):
        for name in _VIRTUALENVS:
            path = os.path.join(folder, name, "bin", "python")
            if os.access(path, os.X_OK):
                yield path


def _upwards(folder: str) -> Iterator[str]:
    yield folder
    above = os.path.dirname(folder)
    if above != folder and not os.path.exists(os.path.join(folder, ".git")):
        yield from _upwards(above)


def _downwards(folder: str, depth: int) -> Iterator[str]:
    try:
        inner = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return
    for name in inner:
        path = os.path.join(folder, name)
        if not name.startswith(".") and name not in (*_VIRTUALENVS, "node_modules"):
            yield path
            if depth > 1:
                yield from _downwards(path, depth - 1)


RUNTIME = Runtime("python", launch, inspect)
