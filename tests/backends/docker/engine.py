"""The engine as the tests look at it, beside the program."""

from __future__ import annotations

import contextlib
import gc
import os
import warnings
from functools import lru_cache
from typing import Any

import docker
import pytest
from docker.errors import APIError, DockerException


@lru_cache
def missing() -> str | None:
    """Why there is no engine."""
    try:
        client = docker.from_env()
    except DockerException as error:
        reason = f"needs a Docker engine: apt-get install docker.io, and start it ({error})"
        client = None
    if client is None:
        with warnings.catch_warnings():  # docker-py leaves its socket open
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        return reason
    client.close()
    return None


def require() -> None:
    """Skips the test where there is no engine; in CI it fails."""
    reason = missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def containers() -> list[str]:
    """The containers of this process and of its children, running or not."""
    client = docker.from_env()
    try:
        return [entry["Image"] for entry in _ours(client)]
    finally:
        client.close()


def _ours(client: docker.DockerClient) -> list[dict[str, Any]]:
    found = client.api.containers(all=True, filters={"label": "lambda-scenarios.runner"})
    return [entry for entry in found if _is_ours(entry["Labels"]["lambda-scenarios.runner"])]


def _is_ours(runner: str) -> bool:
    """Other processes run such tests at the same time, on the same engine."""
    runners = {os.getpid(), *_children.values()}
    return int(runner.split(" ")[2]) in runners


_children: dict[str, int] = {}


def watch(name: str, pid: int) -> None:
    """A process whose containers are to be gone, too."""
    _children[name] = pid


def logs() -> list[str]:
    """What the containers of this process and of its children have printed."""
    found = []
    client = docker.from_env()
    try:
        for entry in _ours(client):
            # One that was only asked whether it has a shell may be gone by now.
            with contextlib.suppress(APIError):
                found.append(client.api.logs(entry["Id"]).decode("utf-8", "replace"))
    finally:
        client.close()
    return found


def states() -> list[str]:
    client = docker.from_env()
    try:
        return [entry["State"] for entry in _ours(client)]
    finally:
        client.close()
