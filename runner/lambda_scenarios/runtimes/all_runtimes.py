"""The runtimes that run on this machine, by the beginning of AWS's identifier."""

from __future__ import annotations

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.model.scenario import BackendName
from lambda_scenarios.runtimes.runtime import Runtime

# The modules of this room, imported when a function needs one.
_MODULES = {
    "python": "python",
    "nodejs": "nodejs",
    "ruby": "ruby",
    "java": "java",
    "provided": "custom",
    "go1.x": "custom",
}


def load(prefix: str) -> Runtime:
    """The runtime whose identifiers begin with `prefix`, a key of the table."""
    from importlib import import_module

    runtime: Runtime = import_module(f"lambda_scenarios.runtimes.{_MODULES[prefix]}").RUNTIME
    return runtime


def all_runtimes() -> tuple[Runtime, ...]:
    """Every runtime, each once."""
    return tuple({module: load(prefix) for prefix, module in _MODULES.items()}.values())


# scenario-format.md, section 3: by the identifier, never by what happens to be installed.
_ON_THE_MACHINE = tuple(_MODULES)


def backend_of(function: Function, asked: BackendName) -> BackendName:
    """Where a function runs: `auto` is a container for images and for runtimes that have no client here."""
    if asked != "auto":
        return asked
    return "local" if not function.image and function.runtime.startswith(_ON_THE_MACHINE) else "docker"


def runtime_of(function: Function) -> Runtime:
    """The runtime of a function. Raises MissingPart for one that has no client here."""
    for prefix in _MODULES:
        if function.runtime.startswith(prefix):
            return load(prefix)
    what = f"the image {function.image}" if function.image else f"the runtime {function.runtime}"
    raise MissingPart(f"{what} can't be run on this machine itself", ("in a container: --backend docker",))
