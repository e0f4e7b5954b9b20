"""What `doctor` says of the container engine."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_scenarios.backends.docker.engine import connect
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.runtimes.runtime import Found


def inspect(environ: Mapping[str, str]) -> Found:
    """The engine's version and place; `version` None with what helps, where it can't be used."""
    try:
        engine = connect(environ)
    except MissingPart as missing:
        return Found("docker", None, None, "; ".join((missing.problem, *missing.notes[:1])))
    try:
        version = str(engine.client.version().get("Version", "?"))
    finally:
        engine.client.close()
    return Found("docker", version, engine.host.removeprefix("unix://"), "")
