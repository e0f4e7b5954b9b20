"""The engine's images: what is there, what is pulled, and what can't be."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils import parse_repository_tag

from lambda_scenarios.backends.docker.address import short
from lambda_scenarios.backends.docker.leftovers import labels, remove_own
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function

_ECR = re.compile(r"^(\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)/")
# Seconds between two lines about an image that is being pulled.
_EVERY = 5.0
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


class Image(NamedTuple):
    """An image that is there. `platform` as `linux/amd64`."""

    name: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    platform: str
    has_shell: bool


class ImageStore:
    """Finds each image once. `say` tells whoever waits for a pull, line by line."""

    def __init__(self, client: docker.APIClient, say: Callable[[str], None]) -> None:
        self._client = client
        self._say = say
        self._found: dict[tuple[tuple[str, ...], str | None], Image | MissingPart] = {}

    def find(self, names: tuple[str, ...], platform: str | None, *, needed_by: Function) -> Image:
        """The first of these names that is there; else the first, pulled, for that platform.

        Raises MissingPart, the same one each time.
        """
        key = (names, platform)
        found = self._found.get(key)
        if found is None:
            try:
                found = self._look(names, platform, needed_by)
            except MissingPart as part:
                found = part
            except (DockerException, OSError) as error:
                found = MissingPart(f"the Docker engine could not tell of {names[0]}: {short(error)}")
            self._found[key] = found
        if isinstance(found, MissingPart):
            raise found
        return found

    def _look(self, names: tuple[str, ...], platform: str | None, needed_by: Function) -> Image:
        others = []
        for name in names:
            there = self._inspected(name)
            if there is not None and (platform is None or _platform(there) == platform):
                return self._image(name, there)
            if there is not None:
                others.append(_platform(there))
        self._pull(names[0], platform, needed_by, others)
        there = self._inspected(names[0])
        if there is None:
            raise MissingPart(f"the engine pulled {names[0]}, and has it not")
        return self._image(names[0], there)

    def _inspected(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.inspect_image(name)  # type: ignore[no-untyped-call]  # of its stubs
        except ImageNotFound:
            return None
        except APIError as error:
            if error.status_code == 400:
                raise MissingPart(f"`{name}` can't be the name of an image") from None
            raise
        return found

    def _image(self, name: str, there: dict[str, Any]) -> Image:
        config = there.get("Config") or {}
        return Image(
            name=name,
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            platform=_platform(there),
            has_shell=self._has_shell(there["Id"]),
        )

    def _has_shell(self, image: str) -> bool:
        """Whether there is a /bin/sh: asked of a container that is never started."""
        try:
            created = self._client.create_container(image, entrypoint=["/bin/sh"], labels=dict(labels()))
            made: str = created["Id"]
            try:
                self._client.get_archive(made, "/bin/sh")[0].close()
            except NotFound:
                return False
            finally:
                self._client.remove_container(made, v=True)
        except KeyboardInterrupt:  # the engine goes on with what it was asked for
            remove_own(self._client)
            raise
        return True

    def _pull(self, name: str, platform: str | None, needed_by: Function, others: Sequence[str]) -> None:
        """`others` are the platforms that it is here for."""
        repository, tag = parse_repository_tag(name)
        if others:
            self._say(f"pulling {name} for {platform}: the one on this machine is for {others[0]} …")
        else:
            self._say(f"pulling {name}, which isn't on this machine yet …")
        began = said = time.monotonic()
        layers: dict[str, tuple[int, int]] = {}
        try:
            for line in self._client.pull(
                repository, tag=tag or "latest", stream=True, decode=True, platform=platform
            ):
                if "error" in line:
                    raise MissingPart(*_refused(name, str(line["error"]), needed_by, platform, others))
                detail = line.get("progressDetail") or {}
                if line.get("status") == "Downloading" and "id" in line:
                    layers[line["id"]] = (detail.get("current", 0), detail.get("total", 0))
                now = time.monotonic()
                if now - said >= _EVERY and layers:
                    said = now
                    have = sum(current for current, _ in layers.values()) // 1_000_000
                    total = sum(total for _, total in layers.values()) // 1_000_000
                    self._say(f"pulling {name}: {have} of {total} MB")
        except APIError as error:
            reason = str(error.explanation or error)
            raise MissingPart(*_refused(name, reason, needed_by, platform, others)) from None
        self._say(f"pulled {name} in {time.monotonic() - began:.0f} s")


def _platform(there: dict[str, Any]) -> str:
    machine = str(there.get("Architecture") or "")
    return f"{there.get('Os') or 'linux'}/{_MACHINES.get(machine, machine)}"


def _refused(
    name: str, reason: str, needed_by: Function, platform: str | None, others: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """Why an image could not be pulled, and what helps."""
    skip = "or: --missing-runtime skip"
    if others:
        return f"{name} is here for {others[0]} alone, and can't be pulled for {platform}: {reason}", (
            f"{needed_by.key} has the architecture {needed_by.architecture}",
            f"to take the one that is here: --docker-arg '--platform {others[0]}'",
            skip,
        )
    lowered = reason.lower()
    registry = _ECR.match(name)
    denied = any(
        word in lowered for word in ("denied", "unauthorized", "no basic auth", "forbidden", "expired")
    )
    if registry and (denied or "not found" in lowered):
        host, region = registry.groups()
        return f"{name} can't be pulled: {reason}", (
            f"to log in: aws ecr get-login-password --region {region} | "
            f"docker login --username AWS --password-stdin {host}",
            skip,
        )
    if name.startswith("public.ecr.aws/") and denied:
        return f"{name} can't be pulled: {reason}", (
            "an old login is in the way: docker logout public.ecr.aws",
            skip,
        )
    if needed_by.image is not None:
        return f"the image {name} isn't on this machine, and can't be pulled: {reason}", (
            f"to build it: docker build -t {name} DIRECTORY; of another registry: docker login",
            skip,
        )
    return f"{name} can't be pulled: {reason}", (
        f"another registry or image: --docker-image {needed_by.runtime}=IMAGE",
        skip,
    )
