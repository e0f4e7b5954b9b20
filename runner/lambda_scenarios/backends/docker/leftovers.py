"""Containers know whose they are, so that those of a run which was killed are removed by the next.

Three things end containers: the run itself, its reaper where it was killed (backends/reaper.py), and the next
run where both were.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from functools import lru_cache

import docker
from docker.errors import APIError

_PROJECT = "lambda-scenarios"
_RUNNER = f"{_PROJECT}.runner"


@lru_cache
def labels() -> tuple[tuple[str, str], ...]:
    """Those of every container of this process: `HOST BOOT PID STARTED` says which one it is."""
    return ((_PROJECT, "worker"), (_RUNNER, f"{_host()} {_boot()} {os.getpid()} {_started(os.getpid())}"))


def _host() -> str:
    return socket.gethostname() or "-"


def _boot() -> str:
    """This start of this machine; `-` where it has no name."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "-"


def _started(pid: int) -> str:
    """When a process was started, in a form that is only compared; `-` where there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode()
    except OSError:
        pass
    if os.path.isdir("/proc/self"):
        return "-"
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ("/bin/ps", "-o", "lstart=", "-p", str(pid)),
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return "_".join(done.stdout.split()) or "-"
    return "-"


def _gone(runner: str) -> bool:
    """Whether the process of that label is certainly gone."""
    parts = runner.split(" ")
    if len(parts) != 4 or parts[0] != _host():
        return False  # of another machine that shares the engine
    _, boot, pid, started = parts
    if boot != _boot():
        return True
    return pid.isdigit() and _started(int(pid)) != started


def remove(client: docker.APIClient) -> int:
    """Removes the containers of runs that are gone; returns how many there were."""
    found = client.containers(all=True, filters={"label": _RUNNER})
    gone = {runner for entry in found if _gone(runner := entry["Labels"][_RUNNER])}
    return _remove(client, [entry["Id"] for entry in found if entry["Labels"][_RUNNER] in gone])


def remove_own(client: docker.APIClient) -> int:
    """Removes all containers of this process."""
    return remove_labelled(client, labels())


def remove_labelled(client: docker.APIClient, wanted: tuple[tuple[str, str], ...]) -> int:
    """Removes those of a run; also what the engine was about to create when the run was killed."""
    total = 0
    for wait in (0.0, 0.5):
        time.sleep(wait)
        found = client.containers(all=True, filters={"label": [f"{name}={value}" for name, value in wanted]})
        total += _remove(client, [entry["Id"] for entry in found])
    return total


def _remove(client: docker.APIClient, containers: list[str]) -> int:
    for container in containers:
        with contextlib.suppress(APIError):  # somebody else was faster
            client.remove_container(container, force=True, v=True)
    return len(containers)
