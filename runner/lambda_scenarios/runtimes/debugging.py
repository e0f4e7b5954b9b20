"""`--debug`: a worker that waits for a debugger before it loads its handler, and how one attaches to it.

Nothing of a debugger is part of this program: debugpy has to be there for the function's own interpreter, as
the gem `debug` for its Ruby; Node.js and Java have theirs.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.runtimes import programs
from lambda_scenarios.runtimes.runtime import Debugger, Launch, World

if TYPE_CHECKING:
    from lambda_scenarios.model.container import DockerArguments
    from lambda_scenarios.model.function import Function

_HOST = "127.0.0.1"


class Debugging(NamedTuple):
    """What `--debug` asks for. `port` None: each debugger's usual one; 0: any that is free."""

    port: int | None = None


class Site(NamedTuple):
    """Where a debugger attaches: a port of this machine, and the directory of the code, absolute, as this
    machine (`local`) and as the worker (`remote`) has it."""

    port: int
    local: str
    remote: str


class _Kind(NamedTuple):
    """The debugger of one family of runtimes.

    `launch` makes a worker wait, and raises UsageError where the debugger isn't to be had. `option` is the
    same for a container: a variable and what it is given, with `{port}`; None where there is no such way.
    `listening` begins what the worker prints when it can be attached to. `configuration` is that of VS Code's
    `launch.json`, and `otherwise` says what else attaches, with `{port}`.
    """

    name: str
    port: int
    listening: bytes
    launch: Callable[[Launch, Function, int, World], Launch]
    option: tuple[str, str] | None
    extension: str
    configuration: Callable[[Site], dict[str, Any]]
    otherwise: str


# Python. debugpy: https://github.com/microsoft/debugpy/wiki/API-Reference

_DEBUGPY_LISTENS = "debugpy listens on "
# It is looked for where the interpreter, layers and the code have it; not in the working directory, which is
# this program's and comes first where Python is started so.
_WAIT_IN_PYTHON = """\
import os, sys
aside = [sys.path.pop(0)] if sys.path[0] == "" else []
try:
    import debugpy
except ImportError:
    sys.path.append(os.environ["LAMBDA_TASK_ROOT"])
    import debugpy
    sys.path.remove(os.environ["LAMBDA_TASK_ROOT"])
sys.path[:0] = aside
debugpy.listen(("{host}", {port}))
print("{listens}{host}:{port}", file=sys.stderr)
debugpy.wait_for_client()
"""


def _python(launch: Launch, function: Function, port: int, world: World) -> Launch:
    interpreter = launch.command[0]
    if debugpy_version(interpreter, (*_paths(launch, "PYTHONPATH"), function.code), world.environ) is None:
        shown = shlex.quote(shown_path(interpreter, world.cwd))
        notes = [f"to install it: {shown} -m pip install debugpy"]
        if not os.path.exists(os.path.join(os.path.dirname(os.path.dirname(interpreter)), "pyvenv.cfg")):
            root = shlex.quote(shown_path(os.path.join(function.service.root, ".venv"), world.cwd))
            notes.append(
                f"or in a virtualenv of the service, which is then used: {shown} -m venv {root} && "
                f"{root}/bin/pip install debugpy"
            )
        raise UsageError(
            Diagnostic(f"{shown}, which runs {function.key}, has no debugpy", notes=tuple(notes))
        )
    wait = _WAIT_IN_PYTHON.format(host=_HOST, port=port, listens=_DEBUGPY_LISTENS)
    at = launch.command.index("-c")
    # Frozen modules of the standard library have no lines to stop at, of which debugpy warns.
    command = (*launch.command[:at], "-X", "frozen_modules=off", "-c", wait + launch.command[at + 1])
    return launch._replace(command=(*command, *launch.command[at + 2 :]))


def debugpy_version(interpreter: str, paths: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    """Of the debugpy that a Python imports, from its own directories or `paths`; None where it has none."""
    look = (
        "import sys; sys.path[:1] = []; sys.path += sys.argv[1:]; import debugpy; print(debugpy.__version__)"
    )
    text = programs.ask((interpreter, "-c", look, *paths), environ)
    return None if text is None else text.strip()


def debugpy_of(interpreter: str, world: World) -> str:
    """What `doctor` says of the debugger of a Python."""
    version = debugpy_version(interpreter, (), world.environ)
    if version is None:
        return f"no debugger: {shlex.quote(shown_path(interpreter, world.cwd))} -m pip install debugpy"
    return f"debugger: debugpy {version}"


def _of_debugpy(site: Site) -> dict[str, Any]:
    return {
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": _HOST, "port": site.port},
        "pathMappings": [{"localRoot": site.local, "remoteRoot": site.remote}],
    }


# Node.js. https://nodejs.org/en/learn/getting-started/debugging

# The client goes by the name that AWS has for its own.
_CLIENT = "/var/runtime/**"


def _node(launch: Launch, _function: Function, port: int, _world: World) -> Launch:
    return _with_options(launch, f"--inspect-brk={_HOST}:{port}")


def _of_node(site: Site) -> dict[str, Any]:
    """https://github.com/microsoft/vscode-js-debug/blob/main/OPTIONS.md#node-attach"""
    return {
        "type": "node",
        "request": "attach",
        "address": _HOST,
        "port": site.port,
        "localRoot": os.path.realpath(site.local),  # modules are known by their real paths
        "remoteRoot": os.path.realpath(site.remote) if site.local == site.remote else site.remote,
        "continueOnAttach": True,  # else it stops in the first line of the client
        "skipFiles": ["<node_internals>/**", _CLIENT],
    }


# Java. https://docs.oracle.com/en/java/javase/17/docs/specs/jpda/conninv.html

_JDWP = "-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address={host}:{port}"


def _java(launch: Launch, _function: Function, port: int, _world: World) -> Launch:
    return _with_options(launch, _JDWP.format(host=_HOST, port=port))


def _of_java(site: Site) -> dict[str, Any]:
    return {"type": "java", "request": "attach", "hostName": _HOST, "port": site.port}


# Ruby. https://github.com/ruby/debug#remote-debugging


def _ruby(launch: Launch, function: Function, port: int, world: World) -> Launch:
    interpreter = launch.command[0]
    if rdbg_version(interpreter, _paths(launch, "GEM_PATH"), world.environ) is None:
        shown = shown_path(interpreter, world.cwd)
        gem = os.path.join(os.path.dirname(interpreter), "gem")
        raise UsageError(
            Diagnostic(
                f"{shown}, which runs {function.key}, has no gem `debug`",
                notes=(f"to install it: {gem if os.access(gem, os.X_OK) else 'gem'} install debug",),
            )
        )
    variables = [("RUBY_DEBUG_HOST", _HOST), ("RUBY_DEBUG_PORT", str(port))]
    # It waits where it stops first: in the first line of the handler's file, else of the client's.
    file = os.path.realpath(
        os.path.join(launch.code or function.code, f"{function.handler.partition('.')[0]}.rb")
    )
    if os.path.isfile(file):
        variables.append(("RUBY_DEBUG_INITIAL_SUSPEND_PATH", file))
    launch = launch._replace(environment=(*launch.environment, *variables))
    return _with_options(launch, "-r", "debug/open")


def rdbg_version(interpreter: str, paths: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    """Of the gem `debug` that a Ruby finds, in its own directories or `paths`; None where it has none."""
    environ = {**environ, "GEM_PATH": os.pathsep.join(paths)} if paths else environ
    look = 'require "debug/version"; puts DEBUGGER__::VERSION'
    text = programs.ask((interpreter, "-e", look), environ)
    return None if text is None else text.strip()


def rdbg_of(interpreter: str, world: World) -> str:
    """What `doctor` says of the debugger of a Ruby."""
    version = rdbg_version(interpreter, (), world.environ)
    return "no debugger: gem install debug" if version is None else f"debugger: rdbg {version}"


def _of_rdbg(site: Site) -> dict[str, Any]:
    """https://github.com/ruby/vscode-rdbg#configurations"""
    return {"type": "rdbg", "request": "attach", "debugPort": f"{_HOST}:{site.port}", "localfs": True}


def _with_options(launch: Launch, *options: str) -> Launch:
    at = launch.options_at
    return launch._replace(command=(*launch.command[:at], *options, *launch.command[at:]))


def _paths(launch: Launch, name: str) -> tuple[str, ...]:
    value = dict(launch.environment).get(name, "")
    return tuple(part for part in value.split(os.pathsep) if part)


_KINDS = {
    "python": _Kind(
        "debugpy",
        5678,
        _DEBUGPY_LISTENS.encode(),
        _python,
        None,
        "ms-python.debugpy",
        _of_debugpy,
        "another client of the Debug Adapter Protocol, at port {port}",
    ),
    "nodejs": _Kind(
        "the inspector of Node.js",
        9229,
        b"Debugger listening on ws://",
        _node,
        ("NODE_OPTIONS", "--inspect-brk=0.0.0.0:{port}"),
        "built in",
        _of_node,
        "chrome://inspect in Chrome, or: node inspect 127.0.0.1:{port}",
    ),
    "java": _Kind(
        "JDWP",
        5005,
        b"Listening for transport dt_socket at address: ",
        _java,
        ("JAVA_TOOL_OPTIONS", _JDWP.format(host="0.0.0.0", port="{port}")),  # noqa: S104  # of the container
        "vscjava.vscode-java-debug",
        _of_java,
        "a configuration `Remote JVM Debug` of IntelliJ IDEA, or: jdb -attach 127.0.0.1:{port}",
    ),
    "ruby": _Kind(
        "rdbg",
        12345,
        b"Debugger can attach via TCP/IP",
        _ruby,
        None,
        "KoichiSasada.vscode-rdbg",
        _of_rdbg,
        "rdbg --attach 127.0.0.1 {port}",
    ),
}


def attachable(
    launch: Launch, function: Function, debugging: Debugging, world: World
) -> tuple[Launch, Debugger]:
    """The launch of a worker on this machine that waits for its debugger, and what to tell of that.

    Raises UsageError where there is no debugger for that runtime, or it isn't there, or its port is taken.
    """
    kind = _kind(function)
    port = _free(kind, debugging)
    code = launch.code or function.code
    return kind.launch(launch, function, port, world), _debugger(kind, function, Site(port, code, code))


def attachable_container(
    variables: tuple[tuple[str, str], ...],
    arguments: DockerArguments,
    function: Function,
    debugging: Debugging,
    task_root: str,
    *,
    far: str | None = None,
) -> tuple[tuple[tuple[str, str], ...], DockerArguments, Debugger]:
    """The same of a container: its environment, its arguments, and what to tell. `far` is the address of an
    engine whose 127.0.0.1 isn't this machine's."""
    kind = _kind(function)
    if kind.option is None:
        raise UsageError(
            Diagnostic(
                f"--debug can't make {kind.name} wait in a container, where {function.key} runs",
                notes=(
                    "on this machine it can: --backend local",
                    f"or let the code itself listen at 0.0.0.0:{kind.port}, with "
                    f"--docker-arg '-p {_HOST}:{kind.port}:{kind.port}' --timeout 3600",
                ),
            )
        )
    port = _free(kind, debugging)
    name, option = kind.option
    found = dict(variables)
    found[name] = f"{found.get(name, '')} {option.format(port=port)}".lstrip()
    if arguments.network != "host":
        arguments = arguments._replace(ports=(*arguments.ports, f"{_HOST}:{port}:{port}"))
    debugger = _debugger(kind, function, Site(port, function.code, task_root))
    if far is not None:
        host = urlsplit(far).hostname or "HOST"
        tunnel = f"  the port is on the machine of {far}; first: ssh -L {port}:{_HOST}:{port} {host}"
        debugger = debugger._replace(how=f"{tunnel}\n{debugger.how}")
    return tuple(sorted(found.items())), arguments, debugger


def _kind(function: Function) -> _Kind:
    family = re.match("[a-z]*", function.runtime)
    kind = _KINDS.get(family[0] if family else "")
    if kind is not None:
        return kind
    by_hand = "it can be attached to while it runs, with a long --timeout"
    notes: tuple[str, ...]
    if function.image is not None:
        problem = f"--debug doesn't know what runs in the image of {function.key}"
        notes = (
            "for Node.js: -e NODE_OPTIONS=--inspect-brk=0.0.0.0:9229 --docker-arg '-p 127.0.0.1:9229:9229'",
            by_hand + ": --timeout 3600",
        )
    else:
        notes = (f"{by_hand}: --timeout 3600, then `dlv attach PID` (Go) or `gdb -p PID`",)
        problem = f"--debug doesn't know what the bootstrap of {function.key} ({function.runtime}) is made of"
    raise UsageError(Diagnostic(problem, notes=notes))


def _free(kind: _Kind, debugging: Debugging) -> int:
    """The port that is asked for, which nobody has. Raises UsageError."""
    wanted = kind.port if debugging.port is None else debugging.port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As debuggers themselves do it: what was closed just now is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, wanted))
        except OSError as error:
            raise UsageError(
                Diagnostic(
                    f"{kind.name} can't have the port {wanted}: {(error.strerror or str(error)).lower()}",
                    notes=("another one: --debug PORT; --debug 0 takes any that is free",),
                )
            ) from None
        port: int = probe.getsockname()[1]
        return port


def _debugger(kind: _Kind, function: Function, site: Site) -> Debugger:
    import json

    configuration = {"name": f"lambda-scenarios: {function.key}", **kind.configuration(site)}
    snippet = json.dumps(configuration, indent=2, ensure_ascii=False).replace("\n", "\n    ")
    return Debugger(
        listening=kind.listening,
        headline=f"{function.key} waits for its debugger: {kind.name}, {_HOST}:{site.port}",
        how=(
            f"  VS Code ({kind.extension}), one of the `configurations` of .vscode/launch.json:\n"
            f"    {snippet}\n"
            f"  or: {kind.otherwise.format(port=site.port)}"
        ),
    )
