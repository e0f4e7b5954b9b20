"""What a runtime has to say, and the world that it looks at."""

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from lambda_scenarios.model.function import Function

# Where the runtime clients are.
CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")


class World(NamedTuple):
    """This machine as a runtime may look at it. `environ` is the runner's own environment."""

    environ: Mapping[str, str]
    cwd: str


class Launch(NamedTuple):
    """How a worker for a function is started here.

    `command` is complete but for the client's own two arguments, which are appended where `credits` is
    more than 1. `environment` is what this runtime adds below the function's own variables;
    `search_paths` names variables that hold search paths, in front of which `environment` is put.
    `code`: the absolute directory of the code, where it is another than the function's own. `options_at` is
    where further options of the interpreter stand in `command`. `instead` says what runs it, where that is of
    another version than the runtime's.
    """

    command: tuple[str, ...]
    credits: int
    environment: tuple[tuple[str, str], ...]
    search_paths: tuple[str, ...]
    version: str
    warnings: tuple[str, ...] = ()
    code: str | None = None
    options_at: int = 1
    instead: str = ""


class Debugger(NamedTuple):
    """What a worker waits for. `listening` is in what it prints when it can be attached to, `headline` tells
    that it waits, and `how` (lines) what to do then."""

    listening: bytes
    headline: str
    how: str


class Found(NamedTuple):
    """What `doctor` says of a runtime or a backend: `version` is None where it is missing, `advice` then says
    how to install it. `more` are lines about what belongs to it."""

    name: str
    version: str | None
    path: str | None
    advice: str
    more: tuple[str, ...] = ()


class Runtime(NamedTuple):
    """One family of runtimes. `launch` raises errors.MissingPart where it can't be run on this machine."""

    name: str
    launch: Callable[[Function, World], Launch]
    inspect: Callable[[World], tuple[Found, ...]]
