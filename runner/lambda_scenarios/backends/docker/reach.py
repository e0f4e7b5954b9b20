"""How a container reaches this process: where its Runtime API listens, and by which name it is asked."""

from __future__ import annotations

import _socket
import contextlib
import ipaddress
import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lambda_scenarios.errors import MissingPart

HOST = "host.docker.internal"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Reach(NamedTuple):
    """`listen` is the address of this machine that the Runtime API is bound to, `name` what containers call
    it; `same_machine`: the engine's processes are this machine's."""

    listen: str
    name: str
    same_machine: bool

    def address(self, port: int) -> str:
        return f"{self.name}:{port}"

    @property
    def far(self) -> bool:
        """Whether a port that the engine publishes on its 127.0.0.1 is not on this machine's."""
        return not self.same_machine and self.listen not in _LOOPBACK

    def advice(self, port: int) -> str:
        """What to tell where no container ever called."""
        return (
            f"nothing has called the Runtime API at {self.address(port)}: either the image starts no "
            "runtime interface client, or a firewall of this machine stands between (ufw, firewalld: "
            "allow what comes from the engine's networks)\n"
        )


def find(
    host: str, info: Mapping[str, Any], bridge: Mapping[str, Any] | None, environ: Mapping[str, str]
) -> Reach:
    """Raises MissingPart where containers of that engine can't reach this process.

    `host` is the engine's own URL, `info` what it says of itself, `bridge` its default network.

    An engine on this machine: the Runtime API listens on the gateway of its bridge, where only this machine
    and its containers get. One in a virtual machine (Docker Desktop, Colima, Rancher Desktop, OrbStack): on
    the loopback, which these forward as host.docker.internal. A rootless one, one beside this container, or
    one on another machine: on the address that leads there.
    """
    url = urlsplit(host)
    if url.scheme in ("tcp", "http", "https") and (url.hostname or "") not in _LOOPBACK:
        own = _address_towards(url.hostname or "", url.port or 2375)
        if own is None:
            raise MissingPart(f"there is no way from this machine to the Docker engine at {host}")
        return Reach(own, own, False)
    if any("rootless" in str(option) for option in info.get("SecurityOptions") or ()):
        own = _address_towards("192.0.2.1", 9)  # RFC 5737: nobody's; any that a default route leads to
        if own is not None:
            return Reach(own, own, True)
    desktop = "desktop" in str(info.get("OperatingSystem", "")).lower() or sys.platform == "darwin"
    gateway = None if desktop else _gateway(bridge)
    if gateway is not None:
        if _is_own(gateway):
            return Reach(gateway, gateway, True)
        if _in_container(environ):
            own = _address_towards(gateway, 9)
            if own is not None:
                return Reach(own, own, False)
    return Reach("127.0.0.1", HOST, False)


def refuse_one_way(host: str) -> None:
    """Raises MissingPart for an engine that can be told things, and whose containers can't call back."""
    if host.startswith("ssh://"):
        raise MissingPart(
            f"containers of {host} can't reach this machine",
            (
                "their functions call back to it, and SSH leads only one way",
                "run lambda-scenarios on that machine, or name an engine by DOCKER_HOST=tcp://…",
                "or: --missing-runtime skip",
            ),
        )


def _gateway(bridge: Mapping[str, Any] | None) -> str | None:
    """The address of this machine in the engine's default network."""
    for config in ((bridge or {}).get("IPAM") or {}).get("Config") or ():
        gateway = config.get("Gateway")
        if not gateway and config.get("Subnet"):
            with contextlib.suppress(ValueError):
                gateway = str(next(ipaddress.ip_network(config["Subnet"], strict=False).hosts()))
        if gateway and ":" not in gateway:
            return str(gateway)
    return None


def _is_own(address: str) -> bool:
    probe = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        probe.bind((address, 0))
    except OSError:
        return False
    finally:
        probe.close()
    return True


def _address_towards(host: str, port: int) -> str | None:
    """The address that this machine would send from; nothing is sent."""
    import socket

    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, port))
        return str(probe.getsockname()[0])
    return None


def _in_container(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("container")) or any(
        os.path.exists(path) for path in ("/.dockerenv", "/run/.containerenv")
    )
