"""The engine as the tests look at it, beside the program."""

from __future__ import annotations

import os
from functools import lru_cache

import docker
from docker.errors import DockerException


@lru_cache
def missing() -> str | None:
    """Why there is no engine."""
    try:
        client = docker.from_env()
    except DockerException as error:
        return f"needs a Docker engine: apt-get install docker.io, and start it ({error})"
    client.close()
    return None


def containers() -> list[str]:
    """The containers of this process and of its children, running or not."""
    client = docker.from_env()
    try:
        found = client.api.containers(all=True, filters={"label": "lambda-scenarios.runner"})
    finally:
        client.close()
    return [entry["Image"] for entry in found if _is_ours(entry["Labels"]["lambda-scenarios.runner"])]


def _is_ours(runner: str) -> bool:
    """Other processes run such tests at the same time, on the same engine."""
    runners = {os.getpid(), *_children.values()}
    return int(runner.split(" ")[2]) in runners


_children: dict[str, int] = {}


def watch(name: str, pid: int) -> None:
    """A process whose containers are to be gone, too."""
    _children[name] = pid
