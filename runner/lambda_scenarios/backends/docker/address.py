"""Where the Docker engine is, how it is spoken to, and what is said where it does not answer."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import docker
from docker.errors import DockerException
from docker.utils import parse_host

from lambda_scenarios.errors import MissingPart


def host_of(environ: Mapping[str, str]) -> tuple[str, str]:
    """The engine's URL, and what names it (empty: nothing does): DOCKER_HOST, else the context (that of
    DOCKER_CONTEXT, or as `docker context use` chose it), else the socket of the system or of Docker Desktop.

    Raises MissingPart for what is no URL of an engine, and for a context that isn't there.
    """
    named = environ.get("DOCKER_HOST", "").strip()
    if named:
        return _url(named, "DOCKER_HOST", environ), "DOCKER_HOST"
    from docker.context import ContextAPI

    chosen = environ.get("DOCKER_CONTEXT") or None
    context = ContextAPI.get_context(chosen)
    if context is None and chosen is not None:
        raise MissingPart(
            f"there is no Docker context `{chosen}`, which DOCKER_CONTEXT names",
            ("docker context ls lists them", "or: --missing-runtime skip"),
        )
    if context is not None and context.Host:
        by = f"the context `{context.Name}`"
        found = _url(str(context.Host), by, environ)
        if found != "unix:///var/run/docker.sock":
            return found, by
    usual = "/var/run/docker.sock"
    of_desktop = os.path.join(environ.get("HOME", "/"), ".docker", "run", "docker.sock")
    exists = not os.path.exists(usual) and os.path.exists(of_desktop)
    return "unix://" + (of_desktop if exists else usual), ""


def _url(text: str, by: str, environ: Mapping[str, str]) -> str:
    """`unix:///path`, `tcp://host:port` or `ssh://…`, whatever is left out: as Docker completes it."""
    if text.startswith("ssh://"):
        return text
    try:
        url = urlsplit(text)
        if url.scheme == "tcp" and url.hostname and url.port is None:
            text = f"{text.rstrip('/')}:{2376 if tls_of(environ) else 2375}"
        completed = str(parse_host(text))
    except (DockerException, ValueError) as error:
        raise MissingPart(
            f"`{text}`, which {by} names, is no address of a Docker engine: {short(error)}",
            ("as in unix:///var/run/docker.sock or tcp://127.0.0.1:2375", "or: --missing-runtime skip"),
        ) from None
    return completed.replace("http+unix://", "unix://").replace("http://", "tcp://")


def tls_of(environ: Mapping[str, str]) -> docker.tls.TLSConfig | bool:
    """What DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say."""
    if not environ.get("DOCKER_TLS_VERIFY") and not environ.get("DOCKER_CERT_PATH"):
        return False
    return docker.tls.TLSConfig(
        client_cert=certificate_of(environ),
        ca_cert=os.path.join(_certificates(environ), "ca.pem"),
        verify=bool(environ.get("DOCKER_TLS_VERIFY")),
    )


def _certificates(environ: Mapping[str, str]) -> str:
    return environ.get("DOCKER_CERT_PATH") or os.path.join(environ.get("HOME", "/"), ".docker")


def certificate_of(environ: Mapping[str, str]) -> tuple[str, str]:
    folder = _certificates(environ)
    return os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")


def explained(host: str, by: str, error: Exception) -> MissingPart:
    """Why there is no engine, and what helps. `by` is what names the host, empty where nothing does."""
    text = str(error)
    skip = "or: --missing-runtime skip"
    path = host.removeprefix("unix://") if host.startswith("unix://") else None
    if "Permission denied" in text or "PermissionError" in text:
        return MissingPart(
            f"this user may not use the Docker engine ({path or host}: permission denied)",
            ("to allow it: sudo usermod -aG docker $USER, and log in again", skip),
        )
    if by:
        why = "there is no such socket" if path and not os.path.exists(path) else short(error)
        other = "unset DOCKER_HOST" if by == "DOCKER_HOST" else "docker context use default"
        return MissingPart(
            f"no Docker engine answers at {path or host}, which {by} names: {why}",
            (f"start that one; or, for the usual engine of this machine: {other}", skip),
        )
    if path is not None and os.path.exists(path):
        return MissingPart(
            f"no Docker engine answers at {path}",
            ("to start it: systemctl start docker, or open Docker Desktop", skip),
        )
    if path is not None:
        return MissingPart("this needs a Docker engine, and none runs on this machine", (advice(), skip))
    return MissingPart(f"no Docker engine answers at {host}: {short(error)}", (skip,))


def advice() -> str:
    """What installs or starts an engine here."""
    import shutil
    import sys

    if sys.platform == "darwin":
        if os.path.exists("/Applications/Docker.app"):
            return "to start it: open -a Docker"
        return "to install it: brew install --cask docker, and open Docker Desktop"
    if shutil.which("dockerd") is not None:
        return "to start it: systemctl start docker (or dockerd)"
    return "to install it: apt-get install docker.io (Debian, Ubuntu)"


def short(error: Exception) -> str:
    """What the system said, out of what the HTTP client made of it."""
    text = str(error) or type(error).__name__
    if "timed out" in text:
        return "no answer in time"
    told = re.search(r"\[Errno -?\d+\] ([\w ]+)|\(\d+, '([\w ]+)'|[A-Z]\w+\('([\w ]+)'", text)
    if told is not None:
        return str(next(filter(None, told.groups()))).lower()
    return text.rpartition(": ")[2].rstrip(")'\"") if len(text) > 100 else text
