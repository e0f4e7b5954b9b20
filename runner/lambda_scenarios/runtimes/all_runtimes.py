"""The runtimes that run on this machine, by the beginning of AWS's identifier."""

from __future__ import annotations

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.runtimes import nodejs, python, ruby
from lambda_scenarios.runtimes.runtime import Runtime

RUNTIMES = {
    "python": python.RUNTIME,
    "nodejs": nodejs.RUNTIME,
    "ruby": ruby.RUNTIME,
}


def runtime_of(function: Function) -> Runtime:
    """The runtime of a function. Raises MissingPart for one that this version can't run."""
    for prefix, runtime in RUNTIMES.items():
        if function.runtime.startswith(prefix):
            return runtime
    what = f"container image {function.image}" if function.image else f"runtime {function.runtime}"
    raise MissingPart(
        f"{what} can't be run yet", ("python*, nodejs* and ruby* can", "or: --missing-runtime skip")
    )
