"""What the engine is asked to create: Lambda's limits and places, the arguments of `docker run` over them.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerCreate
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_scenarios.backends.docker import container, options
from lambda_scenarios.backends.docker.reach import HOST

if TYPE_CHECKING:
    from lambda_scenarios.model.container import ContainerSpec

_MIB = 1024 * 1024
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_DESCRIPTORS = 1024
TASK, OPT, TMP = "/var/task", "/opt", "/tmp"  # noqa: S108  # the container's own


def body(
    spec: ContainerSpec, environment: Mapping[str, str], labels: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    """The body of `POST /containers/create`."""
    given = spec.arguments
    taken = options.targets(given)
    host: dict[str, Any] = {
        "Init": True,
        "Memory": spec.memory * _MIB,
        "MemorySwap": spec.memory * _MIB,  # none beyond that: Lambda ends what takes more
        "ReadonlyRootfs": True,
        "SecurityOpt": ["no-new-privileges"],
        "Ulimits": [{"Name": "nofile", "Soft": _DESCRIPTORS, "Hard": _DESCRIPTORS}],
        "Tmpfs": {} if TMP in taken else {TMP: f"rw,exec,nosuid,nodev,mode=1777,size={spec.temporary}m"},
        "Mounts": [
            {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True}
            for source, target in ((spec.code, TASK), (spec.layers, OPT))
            if source is not None and target not in taken
        ],
        "ExtraHosts": [f"{HOST}:host-gateway"],
    }
    found: dict[str, Any] = {
        "Image": spec.image,
        "Cmd": [*spec.command],
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "User": spec.user,
        "Labels": {},
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        "StdinOnce": True,
        "HostConfig": host,
    }
    if spec.working_directory is not None:
        found["WorkingDir"] = spec.working_directory
    options.apply(given, found)
    found["Labels"].update(labels)
    inner = (given.entrypoint,) if given.entrypoint else spec.entrypoint
    if spec.wrapped:
        found["Entrypoint"] = container.entrypoint(inner)
    elif inner:
        found["Entrypoint"] = [*inner]
    return found
