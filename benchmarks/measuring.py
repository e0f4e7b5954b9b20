"""What the benchmarks share: this program as its users have it, and what a command takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


class Spent(NamedTuple):
    wall: float  # seconds
    cpu: float  # seconds, children included
    rss: int  # KiB, the largest process


def measure(command: list[str], directory: str, environ: dict[str, str]) -> Spent:
    """One run of a command that must succeed."""
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=directory, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{command} failed with {process.returncode}:\n{output.read().decode()[-3000:]}")
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def installed(directory: str, *peers: str) -> str:
    """A virtual environment with this program as its users have it (a wheel, compiled), and `peers`."""
    wheels = os.path.join(directory, "wheels")
    quiet = ["--quiet", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "wheel", *quiet, "--no-deps", "--wheel-dir", wheels, ROOT], check=True)
    venv = os.path.join(directory, "venv")
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    wheel = os.path.join(wheels, os.listdir(wheels)[0])
    python = os.path.join(venv, "bin", "python")
    subprocess.run([python, "-m", "pip", "install", *quiet, "--compile", wheel, *peers], check=True)
    return venv


def environment() -> dict[str, str]:
    """What both sides see: this process's environment without what changes how they behave."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "CI"))}
