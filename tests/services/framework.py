"""The Serverless Framework as an oracle: what `serverless print` says of the functions of a service."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.services import npm_packages

PACKAGE = "serverless@3.40.0"

# Defaults: lib/plugins/aws/provider.js and lib/plugins/aws/package/compile/functions.js.
_DEFAULTS = {"runtime": "nodejs16.x", "timeout": 6, "memorySize": 1024, "architecture": "x86_64"}


class Printed(NamedTuple):
    """`configuration` as it was resolved; None where it was refused: `refusal` says why."""

    configuration: dict[str, Any] | None
    refusal: str


def run(
    arguments: tuple[str, ...], directory: Path, home: Path, environ: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    """`serverless` in the directory of a service. `environ` is all that it sees of an environment."""
    program = npm_packages.installed(PACKAGE) / "node_modules/serverless/bin/serverless.js"
    return subprocess.run(
        ("node", str(program), *arguments),
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "CI": "1",
            "SLS_TELEMETRY_DISABLED": "1",
            "SLS_NOTIFICATIONS_MODE": "off",
            "SLS_DEPRECATION_DISABLE": "*",
            **environ,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def prints(directory: Path, arguments: tuple[str, ...], environ: Mapping[str, str], home: Path) -> Printed:
    """What `serverless print` makes of the service in `directory`. `environ` is all that it sees."""
    done = run(("print", "--format", "json", *arguments), directory, home, environ)
    if done.returncode != 0:
        return Printed(None, (done.stderr + done.stdout).strip())
    configuration: dict[str, Any] = json.loads(done.stdout)
    return Printed(configuration, "")


class Fields(NamedTuple):
    """What matters of a function. Where the Framework leaves a value to CloudFormation, the environment
    has its configuration object."""

    name: str
    handler: str | None
    runtime: str | None
    timeout: float
    memory: int
    architecture: str
    environment: dict[str, Any]
    layers: list[Any]


def fields_of(configuration: dict[str, Any]) -> dict[str, Fields]:
    """The functions of a printed configuration, merged with the provider's values as when deployed."""
    provider = configuration["provider"]
    found = {}
    for key, function in (configuration.get("functions") or {}).items():

        def value(name: str, function: dict[str, Any] = function) -> Any:
            for place in (function, provider, _DEFAULTS):
                if place.get(name) is not None:
                    return place[name]
            return None

        environment = {**(provider.get("environment") or {}), **(function.get("environment") or {})}
        image = function.get("image") is not None
        found[key] = Fields(
            function["name"],
            function.get("handler"),
            None if image else value("runtime"),
            float(value("timeout")),
            int(value("memorySize")),
            value("architecture"),
            {name: _text(item) for name, item in environment.items() if item is not None},
            [_layer(configuration, layer) for layer in value("layers") or []],
        )
    return found


def _layer(configuration: dict[str, Any], declared: Any) -> Any:
    """What a layer of the service's own is: the Framework has its logical id there."""
    reference = declared.get("Ref") if isinstance(declared, dict) else None
    for name, layer in (configuration.get("layers") or {}).items():
        logical_id = name[:1].upper() + name[1:].replace("-", "Dash").replace("_", "Underscore")
        if reference == f"{logical_id}LambdaLayer":
            return os.path.normpath(layer.get("path") or layer["package"]["artifact"])
    return declared


def _text(value: Any) -> Any:
    """As CloudFormation is given it: texts, and what it resolves itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else value


def differences(printed: dict[str, Fields], ours: list[dict[str, Any]]) -> list[str]:
    """Where the entries of `functions --json` say something else."""
    found = []
    if list(printed) != [entry["key"] for entry in ours]:
        found.append(f"functions: {list(printed)} and {[entry['key'] for entry in ours]}")
    for entry in ours:
        theirs = printed.get(entry["key"])
        if theirs is None:
            continue
        unresolved = {missing["path"] for missing in entry["unresolved"]}
        for name, expected in theirs._asdict().items():
            here = entry[name]
            if name == "environment":
                for variable in {**expected, **here}:
                    pair = expected.get(variable), here.get(variable)
                    if not _same_variable(*pair, f"environment.{variable}" in unresolved):
                        found.append(f"{entry['key']}.environment.{variable}: {pair[0]!r} and {pair[1]!r}")
            elif (here or None) != (expected or None):
                found.append(f"{entry['key']}.{name}: {expected!r} and {here!r}")
    return found


def _same_variable(expected: Any, here: str | None, unresolved: bool) -> bool:
    if not isinstance(expected, (dict, list)):
        return bool(here == expected)
    # Left to CloudFormation: resolved here, or passed as JSON and told so.
    return here is not None and (not unresolved or bool(json.loads(here) == expected))
