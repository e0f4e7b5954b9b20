"""The subjects of the conformance suite: one function a runtime, that does as its event says."""

from __future__ import annotations

import os
import shutil
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
}


def missing(subject: Subject) -> str | None:
    """What isn't on this machine, and the command that installs it."""
    for program, advice in subject.needs:
        if shutil.which(program, path=os.environ.get("PATH")) is None:
            return f"needs {program} ({advice})"
    return None
