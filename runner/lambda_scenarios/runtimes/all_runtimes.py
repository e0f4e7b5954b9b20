"""The runtimes that run on this machine, by the beginning of AWS's identifier."""

from __future__ import annotations

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.model.scenario import BackendName
from lambda_scenarios.runtimes import custom, java, nodejs, python, ruby
from lambda_scenarios.runtimes.runtime import Runtime

RUNTIMES = {
    "python": python.RUNTIME,
    "nodejs": nodejs.RUNTIME,
    "ruby": ruby.RUNTIME,
    "java": java.RUNTIME,
    "provided": custom.RUNTIME,
    "go1.x": custom.RUNTIME,
}


# scenario-format.md, section 3: by the identifier, never by what happens to be installed.
_ON_THE_MACHINE = tuple(RUNTIMES)


def backend_of(function: Function, asked: BackendName) -> BackendName:
    """Where a function runs: `auto` is a container for images and for runtimes that have no client here."""
    if asked != "auto":
        return asked
    return "local" if not function.image and function.runtime.startswith(_ON_THE_MACHINE) else "docker"


def runtime_of(function: Function) -> Runtime:
    """The runtime of a function. Raises MissingPart for one that has no client here."""
    for prefix, runtime in RUNTIMES.items():
        if function.runtime.startswith(prefix):
            return runtime
    what = f"the image {function.image}" if function.image else f"the runtime {function.runtime}"
    raise MissingPart(f"{what} can't be run on this machine itself", ("in a container: --backend docker",))
