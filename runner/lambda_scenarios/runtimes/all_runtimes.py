"""The runtimes that run on this machine, by the beginning of AWS's identifier."""

from __future__ import annotations

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.model.scenario import BackendName
from lambda_scenarios.runtimes import custom, nodejs, python, ruby
from lambda_scenarios.runtimes.runtime import Runtime

RUNTIMES = {
    "python": python.RUNTIME,
    "nodejs": nodejs.RUNTIME,
    "ruby": ruby.RUNTIME,
    "provided": custom.RUNTIME,
    "go1.x": custom.RUNTIME,
}


# scenario-format.md, section 3: by the identifier, never by what happens to be installed.
_ON_THE_MACHINE = ("python", "nodejs", "ruby", "java", "provided", "go1.x")


def backend_of(function: Function, asked: BackendName) -> BackendName:
    """Where a function runs: `auto` is a container for images and for runtimes that have no client here."""
    if asked != "auto":
        return asked
    return "local" if not function.image and function.runtime.startswith(_ON_THE_MACHINE) else "docker"


def runtime_of(function: Function) -> Runtime:
    """The runtime of a function. Raises MissingPart for one that this version can't run."""
    for prefix, runtime in RUNTIMES.items():
        if function.runtime.startswith(prefix):
            return runtime
    if function.image or not function.runtime.startswith(_ON_THE_MACHINE):
        what = f"the image {function.image}" if function.image else f"the runtime {function.runtime}"
        raise MissingPart(
            f"{what} can't be run on this machine itself", ("in a container: --backend docker",)
        )
    what = f"runtime {function.runtime}"
    raise MissingPart(
        f"{what} can't be run yet",
        ("python*, nodejs*, ruby* and provided* can", "or: --missing-runtime skip"),
    )
