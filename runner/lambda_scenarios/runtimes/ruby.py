"""Ruby on this machine, through this project's own client."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.runtimes import programs
from lambda_scenarios.runtimes.runtime import CLIENTS, Found, Launch, Runtime, World

CLIENT = os.path.join(CLIENTS, "ruby_client.rb")
_CREDITS = 16
# ruby3.1 of Debian; …/versions/3.3.6/bin/ruby of rbenv, …/ruby-3.3.6/bin/ruby of others.
_NAMED = re.compile(r"/ruby(\d+\.\d+)$|/(?:ruby-)?(\d+\.\d+)\.\d+[^/]*/bin/ruby$")


def launch(function: Function, world: World) -> Launch:
    """The `ruby` of the runtime's version on PATH, else the first one there."""
    wanted = function.runtime.removeprefix("ruby")
    found = _ruby(wanted, world)
    if found is None:
        raise MissingPart(
            f"scenario needs Ruby {wanted}, which isn't on this machine",
            (
                programs.os_advice(world.environ, "apt-get install ruby", f"brew install ruby@{wanted}"),
                "or: --missing-runtime skip",
            ),
        )
    instead = ""
    if found.version != wanted:
        instead = f"Ruby {found.version} ({found.path}){_other_bundle(function, found.version)}"
    return Launch(
        command=(found.path, CLIENT),
        credits=_CREDITS,
        environment=(
            ("GEM_PATH", os.pathsep.join(_gem_paths(function, found.version))),
            ("RUBYLIB", os.pathsep.join(_layer_directories(function, "ruby/lib"))),
            *programs.utf8_locale(world.environ),
        ),
        search_paths=("GEM_PATH", "RUBYLIB"),
        version=found.version,
        instead=instead,
    )


def _ruby(wanted: str, world: World) -> programs.Interpreter | None:
    first = None
    for path in programs.on_path((f"ruby{wanted}", "ruby"), world.environ):
        version = _version(path, world.environ)
        if version == wanted:
            return programs.Interpreter(path, version)
        if first is None and version is not None:
            first = programs.Interpreter(path, version)
    return first


def _version(path: str, environ: Mapping[str, str]) -> str | None:
    """`3.1` of a Ruby: from its name where that tells, else by asking it."""
    named = _NAMED.search(os.path.realpath(path))
    if named is not None:
        return named[1] or named[2]
    told = _told(path, environ)
    return None if told is None else ".".join(told.split(".")[:2])


def _told(path: str, environ: Mapping[str, str]) -> str | None:
    """`3.1.2`, as it says itself: `ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]`."""
    found = re.search(r"\d+\.\d+\.\d+", programs.ask((path, "--version"), environ) or "")
    return None if found is None else found[0]


def _gem_paths(function: Function, version: str) -> list[str]:
    """What Lambda has on GEM_PATH, as far as it is there: the bundle, then the layers.

    https://docs.aws.amazon.com/lambda/latest/dg/ruby-package.html, …/packaging-layers.html
    """
    folders = dict.fromkeys((function.code, function.service.root))
    bundles = [os.path.join(folder, f"vendor/bundle/ruby/{version}.0") for folder in folders]
    return [
        *(path for path in bundles if os.path.isdir(path)),
        *_layer_directories(function, f"ruby/gems/{version}.0"),
    ]


def _layer_directories(function: Function, inner: str) -> list[str]:
    paths = [os.path.join(layer, inner) for layer in reversed(function.layers)]
    return [path for path in paths if os.path.isdir(path)]


def _other_bundle(function: Function, version: str) -> str:
    """What to say where the gems beside the code are of another version: this one won't find them."""
    bundle = os.path.join(function.code, "vendor/bundle/ruby")
    versions = sorted(os.listdir(bundle)) if os.path.isdir(bundle) else []
    if not versions or f"{version}.0" in versions:
        return ""
    return f", which doesn't see the gems in vendor/bundle/ruby/{versions[-1]}"


def inspect(world: World) -> tuple[Found, ...]:
    """Every Ruby on PATH."""
    from lambda_scenarios.runtimes.debugging import rdbg_of

    advice = programs.os_advice(world.environ, "apt-get install ruby", "brew install ruby")
    names = ("ruby", *(f"ruby3.{minor}" for minor in range(9, -1, -1)), "ruby2.7")
    seen: dict[str, Found] = {}
    for path in programs.on_path(names, world.environ):
        version = _told(path, world.environ)
        if version is not None and version not in seen:
            seen[version] = Found("ruby", version, path, advice, (rdbg_of(path, world),))
    return tuple(seen.values()) or (Found("ruby", None, None, advice),)


RUNTIME = Runtime("ruby", launch, inspect)
