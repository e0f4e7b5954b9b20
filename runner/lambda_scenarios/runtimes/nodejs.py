"""Node.js on this machine, through this project's own client."""

from __future__ import annotations

import os
from functools import lru_cache

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.runtimes import programs
from lambda_scenarios.runtimes.runtime import CLIENTS, Found, Launch, Runtime, World

CLIENT = os.path.join(CLIENTS, "nodejs_client.cjs")
_CREDITS = 16


def launch(function: Function, world: World) -> Launch:
    """The `node` of PATH (which version managers put there)."""
    wanted = function.runtime.removeprefix("nodejs").removesuffix(".x")
    found = _node(world)
    if found is None:
        raise MissingPart(
            f"scenario needs Node.js {wanted}, which isn't on this machine",
            (
                programs.os_advice(world.environ, "apt-get install nodejs", f"brew install node@{wanted}"),
                "or: --missing-runtime skip",
            ),
        )
    major = found.version.split(".")[0]
    instead = f"Node.js {found.version} ({found.path})" if wanted and major != wanted else ""
    return Launch(
        command=(found.path, CLIENT),
        credits=_CREDITS,
        environment=(("NODE_PATH", os.pathsep.join(_layer_paths(function, major))),),
        search_paths=("NODE_PATH",),
        version=found.version,
        instead=instead,
    )


def _node(world: World) -> programs.Interpreter | None:
    for path in programs.on_path(("node", "nodejs"), world.environ):
        version = _version(path, frozenset(world.environ.items()))
        if version is not None:
            return programs.Interpreter(path, version)
    return None


@lru_cache
def _version(path: str, environ: frozenset[tuple[str, str]]) -> str | None:
    text = programs.ask((path, "--version"), dict(environ))
    return text.strip().removeprefix("v") if text else None


def _layer_paths(function: Function, major: str) -> list[str]:
    """What Lambda has of layers on NODE_PATH.

    https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
    """
    paths = []
    for layer in reversed(function.layers):
        for inner in (f"nodejs/node{major}/node_modules", "nodejs/node_modules"):
            path = os.path.join(layer, inner)
            if os.path.isdir(path):
                paths.append(path)
    return paths


def inspect(world: World) -> tuple[Found, ...]:
    """The Node.js that would be used."""
    advice = programs.os_advice(world.environ, "apt-get install nodejs", "brew install node")
    found = _node(world)
    if found is None:
        return (Found("nodejs", None, None, advice),)
    more = (
        "debugger: its inspector",
        "coverage: its own",
        f"TypeScript in service files: {_typescript(found.version, world.cwd)}",
    )
    return (Found("nodejs", found.version, found.path, advice, more),)


# What reads TypeScript, as services/node/evaluate.cjs looks for it.
_READERS = ("ts-node", "tsx", "esbuild", "typescript")


def _typescript(version: str, folder: str) -> str:
    there = [name for name in _READERS if os.path.isdir(os.path.join(folder, "node_modules", name))]
    if there:
        return f"by {there[0]}"
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers >= (23, 6) or (22, 18) <= numbers < (23, 0):
        return "by Node.js itself"
    return "nothing here reads it: npm install --save-dev tsx, or Node.js 22.18 or later"


RUNTIME = Runtime("nodejs", launch, inspect)
