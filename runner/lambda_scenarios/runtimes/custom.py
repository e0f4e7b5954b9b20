"""Custom runtimes on this machine: the executable `bootstrap` of the code speaks the Runtime API itself.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.runtimes import programs
from lambda_scenarios.runtimes.archives import archive_of, shown_file
from lambda_scenarios.runtimes.runtime import Found, Launch, Runtime, World

if TYPE_CHECKING:
    from lambda_scenarios.runtimes.executables import Executable

# Lambda starts it in the directory of the code.
_START = ("/bin/sh", "-c", 'cd -- "$LAMBDA_TASK_ROOT" && exec "$0"')
_DOCKER = "or: --backend docker · --missing-runtime skip"
_OTHER_NAMES = {"aarch64": "arm64", "amd64": "x86_64"}
_GO_NAMES = {"x86_64": "amd64", "arm64": "arm64"}


def launch(function: Function, world: World) -> Launch:
    """The bootstrap as a worker.

    Raises MissingPart where it isn't there, can't be executed, or is for another machine.
    """
    from lambda_scenarios.runtimes.executables import Executable, executable

    path = _bootstrap(function, world)
    shown = shown_file(path, function, world)
    found = executable(path) if os.access(path, os.R_OK) else Executable("linux")
    _refuse_broken(found, shown)
    _refuse_foreign(found, shown)
    _refuse_unexecutable(path, shown, function, world)
    warnings: tuple[str, ...] = ()
    if found.machine is not None and found.machine != function.architecture:
        warnings = (
            f"{shown} is built for {found.machine}, and {function.key} is declared for "
            f"{function.architecture}: Lambda would not run it",
        )
    return Launch(
        command=(*_START, path),
        credits=1,
        environment=(("LD_LIBRARY_PATH", os.pathsep.join(_libraries(function))),),
        search_paths=("LD_LIBRARY_PATH",),
        version=found.machine or found.kind,
        warnings=warnings,
    )


def check_for_container(function: Function, platform: str, world: World) -> None:
    """Raises MissingPart where no container of `platform` (`linux/arm64`) can start the bootstrap: an exit
    status would say little."""
    from lambda_scenarios.runtimes.executables import executable

    path = _bootstrap(function, world)
    shown = shown_file(path, function, world)
    if os.access(path, os.R_OK):
        found = executable(path)
        _refuse_broken(found, shown)
        machine = platform.removeprefix("linux/")
        machine = _OTHER_NAMES.get(machine, machine)
        if found.kind in ("macos", "windows"):
            told = f"{shown} is built for {_SYSTEMS[found.kind]}, and Lambda runs Linux"
            note = f"for Go: GOOS=linux GOARCH={_GO_NAMES.get(machine, machine)}"
            raise MissingPart(told, (note,), skippable=False)
        if found.machine not in (None, machine) and not _emulated(found.machine or ""):
            raise MissingPart(
                f"{shown} is built for {found.machine}, and its container is {machine}",
                (f"build it for that (for Go: GOARCH={_GO_NAMES.get(machine, machine)})",),
                skippable=False,
            )
    _refuse_unexecutable(path, shown, function, world)


def _bootstrap(function: Function, world: World) -> str:
    """The executable: of the code, else of a layer; with go1.x the one that the handler names."""
    name = function.handler if function.runtime == "go1.x" else "bootstrap"
    for folder in (function.code, *reversed(function.layers)):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    place = shown_file(os.path.join(function.code, name), function, world)
    notes = [f"Lambda starts the executable `{name}` of the code, or of a layer"]
    elsewhere = [found for found in _executables(function.code) if os.path.basename(found) == "bootstrap"]
    if elsewhere:
        archive = archive_of(function, world)
        where = "let `code` be its directory" if archive is None else "it has to lie at the top"
        notes.append(f"there is one in {shown_file(elsewhere[0], function, world)}: {where}")
    if function.build is None:
        notes.append("build it first, or give the function of a scenario file a `build` command")
    else:
        notes.append(f"`{function.build}` didn't make it")
    raise MissingPart(f"{place} of {function.key} is missing", tuple(notes), skippable=False)


def _executables(root: str) -> list[str]:
    """Executable files not far below `root`."""
    found = []
    for folder, folders, names in os.walk(root):
        depth = os.path.relpath(folder, root).count(os.sep)
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if depth < 3 else []
        found += [path for name in names if os.access(path := os.path.join(folder, name), os.X_OK)]
    return found


def _refuse_unexecutable(path: str, shown: str, function: Function, world: World) -> None:
    if not os.access(path, os.X_OK):
        archive = archive_of(function, world)
        how = f"chmod +x {shown}" if archive is None else "chmod +x before it is packed, by what keeps modes"
        raise MissingPart(f"{shown} is not executable", (f"to make it so: {how}",), skippable=False)


def _refuse_broken(found: Executable, shown: str) -> None:
    """Raises MissingPart for what no machine can start."""
    if found.kind == "unknown":
        raise MissingPart(
            f"{shown} is no executable: it begins neither with `#!` nor with the header of a program",
            ("a script begins with a line such as `#!/bin/sh`",),
            skippable=False,
        )
    interpreter = found.interpreter or ""
    if found.kind == "script" and interpreter.endswith("\r"):
        raise MissingPart(
            f"{shown} has line ends of Windows, and the kernel looks for `{interpreter[:-1]}\\r`",
            ("save it with the line ends of Unix",),
            skippable=False,
        )


_SYSTEMS = {"linux": "Linux", "macos": "macOS", "windows": "Windows"}


def _refuse_foreign(found: Executable, shown: str) -> None:
    """Raises MissingPart for what this machine can't start, and says why: the kernel would only say
    `exec format error`, or that there is no such file."""
    here = "macos" if sys.platform == "darwin" else "linux"
    machine = this_machine()
    if found.kind == "script":
        _refuse_script(found.interpreter or "", shown)
    elif found.kind != here:
        told = f"{shown} is built for {_SYSTEMS[found.kind]}, and this machine is {_SYSTEMS[here]}"
        goos = "darwin" if here == "macos" else "linux"
        raise MissingPart(told, (f"for Go: GOOS={goos} GOARCH={_GO_NAMES.get(machine, machine)}", _DOCKER))
    elif found.machine not in (None, machine) and not _emulated(found.machine or ""):
        raise MissingPart(
            f"{shown} is built for {found.machine}, and this machine is {machine}",
            (
                f"build it for this machine (for Go: GOARCH={_GO_NAMES.get(machine, machine)}), where the "
                "scenarios run",
                _DOCKER,
            ),
        )
    elif found.kind == "linux" and found.interpreter and not os.path.exists(found.interpreter):
        raise MissingPart(
            f"{shown} needs the dynamic linker {found.interpreter}, which isn't on this machine",
            ("link it statically (for Go: CGO_ENABLED=0), or build it for this machine's C library", _DOCKER),
        )


def _refuse_script(interpreter: str, shown: str) -> None:
    if not os.path.exists(interpreter):
        named = f"the interpreter {interpreter}, which isn't on this machine" if interpreter else "none"
        raise MissingPart(f"{shown} names {named}", ("its first line says `#!…`", _DOCKER))


def this_machine() -> str:
    """`x86_64` or `arm64`, in Lambda's words; another name as the kernel has it."""
    name = os.uname().machine
    return _OTHER_NAMES.get(name, name)


def _emulated(machine: str) -> bool:
    """Whether the kernel hands such executables to an emulator (binfmt_misc)."""
    name = {"arm64": "aarch64"}.get(machine, machine)
    if sys.platform == "darwin":
        return machine == "x86_64" and os.path.exists("/Library/Apple/usr/libexec/oah/libRosettaRuntime")
    return os.path.exists(f"/proc/sys/fs/binfmt_misc/qemu-{name}")


def _libraries(function: Function) -> list[str]:
    """What Lambda has on LD_LIBRARY_PATH of the code and of layers, where it is there."""
    layers = (os.path.join(layer, "lib") for layer in reversed(function.layers))
    paths = (function.code, os.path.join(function.code, "lib"), *layers)
    return [path for path in paths if os.path.isdir(path)]


# What bootstraps are mostly built with, and how it tells its version.
_BUILDERS = (("go", "version"), ("cargo", "--version"), ("gcc", "-dumpfullversion"))


def inspect(world: World) -> tuple[Found, ...]:
    """The machine, since executables for it need nothing else; and what builds them."""
    built = []
    for name, argument in _BUILDERS:
        path = next(programs.on_path((name,), world.environ), None)
        told = None if path is None else programs.ask((path, argument), world.environ)
        version = re.search(r"\d+(\.\d+)+", told or "")
        if version is not None:
            built.append(f"{name} {version[0]}")
    more = (f"to build it: {', '.join(built)}",) if built else ()
    return (Found("provided", this_machine(), "any executable `bootstrap` for this machine", "", more),)


RUNTIME = Runtime("provided", launch, inspect)
