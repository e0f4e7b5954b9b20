"""AWS's own runtime interface emulator, as a process: an independent server of the Runtime API.

Its program is a file of the wheel of aws-sam-cli; nothing of the package is installed.
https://github.com/aws/aws-lambda-runtime-interface-emulator
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.conformance import sam_wheel

_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
_PATH = "/2015-03-31/functions/function/invocations"
_PATIENCE = 60  # seconds for anything that is waited for


class Answer(NamedTuple):
    status: int
    body: bytes


def program() -> Path:
    """The emulator for this machine. Where there is none, or it can't be fetched, the test is skipped, in CI
    it fails."""
    machine = _MACHINES.get(os.uname().machine)
    if sys.platform != "linux" or machine is None:
        sam_wheel.missing("AWS's emulator runs on Linux, on x86_64 and arm64")
    return sam_wheel.unpacked(f"samcli/local/rapid/aws-lambda-rie-{machine}")


@contextlib.contextmanager
def emulator(command: Sequence[str], directory: Path, environ: Mapping[str, str]) -> Iterator[Emulator]:
    """The emulator with this command as its runtime; both are gone afterwards."""
    process, address = _started(command, directory, environ)
    try:
        yield Emulator(address)
    finally:
        # It gives its runtimes process groups of their own.
        for group in [*_children(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        process.wait()


class Emulator:
    """Answers one call after another: two at once stop it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    def invoke(self, event: bytes) -> Answer:
        connection = http.client.HTTPConnection(*self._address, timeout=_PATIENCE)
        try:
            connection.request("POST", _PATH, event)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            connection.close()


def _started(
    command: Sequence[str], directory: Path, environ: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], tuple[str, int]]:
    host = _own_host()
    ports = _free_ports(host)
    process = subprocess.Popen(
        (
            str(program()),
            *("--runtime-interface-emulator-address", f"{host}:{ports[0]}"),
            *("--runtime-api-address", f"{host}:{ports[1]}"),
            *command,
        ),
        cwd=directory,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = (host, ports[0])
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(address, timeout=_PATIENCE).close()
        except ConnectionRefusedError:
            if process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)  # it doesn't say when it listens
                continue
            process.kill()
            process.wait()
            raise
        return process, address


def _own_host() -> str:
    """An address of the loopback that only this process uses: its clients are told a port in advance, and
    between choosing one and listening on it, nobody else shall have it."""
    pid = os.getpid()
    return f"127.{100 + (pid >> 16)}.{pid >> 8 & 255}.{pid & 255 or 1}"


def _free_ports(host: str) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.bind((host, 0))
        return [one.getsockname()[1] for one in sockets]


def _children(parent: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_bytes()
            except OSError:
                continue
            if int(stat.rpartition(b")")[2].split()[1]) == parent:
                found.append(int(name))
    return found
