"""What `doctor` says of the container engine."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_scenarios.backends.docker.engine import connect
from lambda_scenarios.backends.docker.images import REGISTRY
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.runtimes.runtime import Found


def inspect(environ: Mapping[str, str]) -> Found:
    """The engine's version and place; `version` None with what helps, where it can't be used."""
    try:
        engine = connect(environ)
    except MissingPart as missing:
        return Found("docker", None, None, "; ".join((missing.problem, *missing.notes[:1])))
    try:
        told = engine.client.version()
        tags = sorted({tag for image in engine.client.images() for tag in image.get("RepoTags") or ()})
    finally:
        engine.client.close()
    images = [tag.removeprefix(REGISTRY) for tag in tags if tag.startswith(REGISTRY)]
    more = (
        f"API {told.get('ApiVersion', '?')}, {told.get('Os', '?')}/{told.get('Arch', '?')}",
        f"images of AWS: {', '.join(images)}"
        if images
        else "images of AWS: pulled when they are first needed",
    )
    return Found("docker", str(told.get("Version", "?")), engine.host.removeprefix("unix://"), "", more)
