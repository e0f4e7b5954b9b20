"""The subjects of the conformance suite: one function a runtime, that does as its event says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.program.running import node_major

SOURCES = Path(__file__).parent / "subjects"


class Subject(NamedTuple):
    """A function that behaves as scenarios.yml says.

    `needs` are programs, with the command that installs them; `made` builds what the function runs from,
    in a copy of its sources. `init_error`: what an error while loading is called.
    """

    runtime: str
    handler: str
    needs: tuple[tuple[str, str], ...]
    shop_error: str
    init_error: str
    segfault: str = "segmentation fault"
    made: Callable[[Path], None] | None = None
    left_out: tuple[str, ...] = ()  # names of scenarios that don't apply, each with its reason beside it


def _go(code: Path) -> None:
    # Without C, so that it is static and starts in any container.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    subprocess.run(("go", "build", "-o", "bootstrap", "."), cwd=code, env=environment, check=True)


def _java(code: Path) -> None:
    """Compiled with the interfaces of AWS's client, as the program has them in its cache."""
    from lambda_scenarios.runtimes.java_client import client

    class_path = client(os.environ).class_path
    command = ("javac", "--release", "11", "-encoding", "UTF-8", "-cp", class_path, "Subject.java")
    subprocess.run(command, cwd=code, check=True)


SUBJECTS = {
    "python": Subject(f"python3.{sys.version_info[1]}", "subject.handler", (), "ShopError", "ValueError"),
    "nodejs": Subject(
        f"nodejs{node_major()}.x",
        "subject.handler",
        (("node", "apt-get install nodejs"),),
        "ShopError",
        "TypeError",
    ),
    "ruby": Subject(
        "ruby3.3",
        "subject.handler",
        (("ruby", "apt-get install ruby"),),
        "Function<ShopError>",
        "Init<ArgumentError>",
        segfault="aborted",  # Ruby says where it was, and aborts
    ),
    "java": Subject(
        "java17",
        "Subject::handle",
        (("javac", "apt-get install default-jdk-headless"),),
        "Subject$ShopError",
        "java.lang.IllegalStateException",
        segfault="aborted",  # Java says where it was, and aborts
        made=_java,
    ),
    "go": Subject(
        "provided.al2023",
        "bootstrap",
        (("go", "apt-get install golang-go"),),
        "ShopError",
        "",
        segfault="exit status 2",  # Go says where it was, and exits
        made=_go,
        left_out=("fails to load",),  # AWS's library for Go has no error of loading
    ),
    "shell": Subject(
        "provided.al2023",
        "bootstrap",
        (("curl", "apt-get install curl"),),
        "ShopError",
        "Shell.NoUse",
    ),
}


def missing(subject: Subject) -> str | None:
    """What isn't on this machine, and the command that installs it."""
    for program, advice in subject.needs:
        if shutil.which(program, path=os.environ.get("PATH")) is None:
            return f"needs {program} ({advice})"
    return None
