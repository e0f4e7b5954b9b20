"""Java on this machine, through AWS's own client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.runtimes import programs
from lambda_scenarios.runtimes.runtime import Found, Launch, Runtime, World

if TYPE_CHECKING:
    from lambda_scenarios.runtimes.java_homes import Java

# AWS's client takes the working directory for that of the code.
_START = ("/bin/sh", "-c", 'cd -- "$LAMBDA_TASK_ROOT" && exec "$0" "$@"')
_NATIVE = "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI"
_HEAP = 0.85  # of the function's memory, as in Lambda


def launch(function: Function, world: World) -> Launch:
    """The Java of the runtime's version; else the next later one, else the latest.

    Raises MissingPart where there is none, where AWS's client can't be had, and where there is no such class.
    """
    # Imported where they are used, since most runs need none of it.
    from lambda_scenarios.runtimes import java_client, java_code, java_start
    from lambda_scenarios.runtimes.java_homes import javas

    wanted = int(function.runtime.removeprefix("java").partition(".")[0] or 0)
    chosen = _java(wanted, world)
    if chosen is None:
        raise MissingPart(
            f"scenario needs Java {wanted}, which isn't on this machine",
            (
                programs.os_advice(
                    world.environ, "apt-get install default-jre-headless", f"brew install openjdk@{wanted}"
                ),
                "or: --backend docker · --missing-runtime skip",
            ),
        )
    code = java_code.find_code(function, world.cwd, world.environ)
    client = java_client.client(world.environ)
    layers = tuple(os.path.join(layer, "java", "lib") for layer in reversed(function.layers))
    directory = java_code.with_jars(code.directory, layers, world.environ)
    options = _options(chosen.major, function.memory)
    javac = java_start.compiler(chosen, javas(world.environ))
    start = None if javac is None else java_start.own(client, chosen, javac, options)
    if start is None:
        start = java_start.of_aws(client, chosen)
        options += (f"-D{_NATIVE}={java_client.native_library(client)}",)
    if start.archive is not None:
        options += (f"-XX:SharedArchiveFile={start.archive}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off")
    return Launch(
        command=(
            *(*_START, chosen.path, *options),
            *("-cp", start.class_path, java_start.MAIN, function.handler),
        ),
        credits=1,
        environment=programs.utf8_locale(world.environ),
        search_paths=(),
        version=chosen.version,
        warnings=code.warnings,
        code=directory,
        options_at=len(_START) + 1,
        instead="" if chosen.major == wanted else f"Java {chosen.version} ({chosen.path})",
    )


def _java(wanted: int, world: World) -> Java | None:
    from lambda_scenarios.runtimes.java_homes import javas

    found = javas(world.environ)
    later = [java for java in found if java.major >= wanted]
    if later:
        return min(later, key=lambda java: java.major)  # of equals the first: the user's own choice
    return max(found, key=lambda java: java.major, default=None)


def _options(major: int, memory: int) -> tuple[str, ...]:
    """Those that Lambda starts Java with (as seen in its process list), but for what concerns its machine.

    JAVA_TOOL_OPTIONS of the function come before them, read by Java itself.
    """
    options = [
        f"-XX:MaxHeapSize={int(memory * 1024 * _HEAP)}k",
        "-XX:+UseSerialGC",
        "-Xshare:auto",
        "-XX:+TieredCompilation",
        "-XX:TieredStopAtLevel=1",
        "-Djava.net.preferIPv4Stack=true",
        "-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac",
        # A crash is told in the log, not in a file beside the code.
        "-XX:+IgnoreUnrecognizedVMOptions",
        "-XX:+ErrorFileToStderr",
        # A file in /tmp for `jps`, which a worker that is killed would leave there.
        "-XX:-UsePerfData",
        # Archives of classes stay where they were made for: to move them takes a fifth of Java's start.
        "-XX:+UnlockDiagnosticVMOptions",
        "-XX:ArchiveRelocationMode=0",
    ]
    if major >= 9:
        options.append("--add-opens=java.base/java.io=ALL-UNNAMED")
    if major >= 17:
        options.append("--enable-native-access=ALL-UNNAMED")  # else 24 and later warn of it
    return tuple(options)


def inspect(world: World) -> tuple[Found, ...]:
    """Every Java: the first of each version."""
    from lambda_scenarios.runtimes.java_client import cached
    from lambda_scenarios.runtimes.java_homes import javas
    from lambda_scenarios.runtimes.java_start import compiler

    client = "there" if cached(world.environ) else "fetched when it is first needed (5.4 MB)"
    more = ("debugger: JDWP", f"AWS's client for Java: {client}")
    advice = programs.os_advice(world.environ, "apt-get install default-jre-headless", "brew install openjdk")
    seen: dict[int, Found] = {}
    found = javas(world.environ)
    for java in found:
        slow = () if compiler(java, found) else ("workers start slowly: there is no JDK (javac)",)
        seen.setdefault(java.major, Found("java", java.version, java.path, advice, (*more, *slow)))
    return tuple(seen.values()) or (Found("java", None, None, advice),)


RUNTIME = Runtime("java", launch, inspect)
