"""The options that say where functions run, and how: here, in containers, on AWS, under a debugger."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lambda_scenarios.cli.parser import Parser, pairs, port
from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.runtimes.runtime import World

if TYPE_CHECKING:
    from lambda_scenarios.model.container import DockerSettings
    from lambda_scenarios.runtimes.debugging import Debugging


def add_backend(group: argparse._ActionsContainer, parser: Parser) -> None:
    parser.verbatim["--docker-arg"] = "--docker-arg"
    group.add_argument(
        "--backend",
        type=_backend,
        metavar="auto|local|docker|aws",
        help="where functions run (default: auto), or a backend of an extension",
    )
    group.add_argument(
        "--docker-image",
        action="append",
        metavar="RUNTIME=IMAGE",
        help="instead of AWS's image of that runtime",
    )
    group.add_argument(
        "--docker-arg", action="append", metavar="ARGS", help="arguments of docker run, for all containers"
    )


_BACKENDS = ("auto", "local", "docker", "aws")


def _backend(text: str) -> str:
    """A backend's name, of this program or of an extension. Raises UsageError."""
    if text in _BACKENDS:
        return text
    from lambda_scenarios.extending.backends import known
    from lambda_scenarios.extending.entry_points import UnusableExtension, installed

    try:
        if known(text, _BACKENDS) is not None:
            return text
    except UnusableExtension as unusable:
        raise UsageError(Diagnostic(unusable.problem, notes=unusable.notes)) from None
    names = [*_BACKENDS, *(extension.name for extension in installed("backends"))]
    close = did_you_mean(text, names)
    notes = (f"did you mean `{close}`?",) if close else (f"there are: {', '.join(names)}",)
    raise UsageError(Diagnostic(f"there is no backend `{text}`", notes=notes))


def add_aws(group: argparse._ActionsContainer) -> None:
    """`qualifier_of` reads them."""
    group.add_argument(
        "--qualifier", metavar="NAME", help="version or alias of the deployed function (--backend aws)"
    )
    add_ignore_env(group)


def add_ignore_env(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--ignore-env",
        action="store_true",
        help="on AWS, environment variables of scenarios and options are left out instead of refused",
    )


def qualifier_of(options: argparse.Namespace) -> str | None:
    """Raises UsageError for what is none, and for options that say about a deployed function what only its
    deployment can."""
    qualifier: str | None = options.qualifier
    if qualifier is not None:
        from lambda_scenarios.scenarios.on_aws import check_qualifier

        check_qualifier(qualifier)
    given: frozenset[str] = options.given
    if options.backend == "aws":
        if "inherit_env" in given and options.inherit_env and not options.ignore_env:
            raise UsageError(
                Diagnostic(
                    "--inherit-env can't be had on AWS: a deployed function has its own environment",
                    notes=("--ignore-env leaves it out",),
                )
            )
        if "assume_role" in given or ("credentials" in given and options.credentials != "inherit"):
            option = "--assume-role" if "assume_role" in given else "--credentials"
            raise UsageError(
                Diagnostic(
                    f"{option} is about functions that run here: a deployed one has its own role",
                    notes=("whose credentials invoke it: --aws-profile NAME",),
                )
            )
    return qualifier


def docker_of(options: argparse.Namespace, world: World) -> DockerSettings | None:
    """What the command line says of containers; None where it says nothing. Raises UsageError."""
    if not options.docker_image and not options.docker_arg:
        return None
    from lambda_scenarios.backends.docker.arguments import parse
    from lambda_scenarios.model.container import DockerArguments, DockerSettings
    from lambda_scenarios.services.runtime_identifiers import RUNTIME_IDENTIFIERS

    images = pairs("--docker-image", options.docker_image)
    for runtime, image in images:
        if runtime not in RUNTIME_IDENTIFIERS:
            close = did_you_mean(runtime, RUNTIME_IDENTIFIERS)
            notes = (f"did you mean `{close}`?",) if close else ()
            raise UsageError(
                Diagnostic(f"--docker-image {runtime}={image}: Lambda has no such runtime", None, "", notes)
            )
        if not image:
            raise UsageError(Diagnostic(f"--docker-image {runtime}= names no image"))
    arguments = (
        parse(options.docker_arg, world.environ, world.cwd if "docker_arg" in options.given else options.root)
        if options.docker_arg
        else DockerArguments()
    )
    return DockerSettings(images, arguments)


_NO_DEBUGGER = -1


def add_debug(group: argparse._ActionsContainer, parser: Parser) -> None:
    """`debug_of` reads it."""
    parser.numeric.add("--debug")
    group.add_argument(
        "--debug",
        nargs="?",
        type=port,
        const=None,
        default=_NO_DEBUGGER,
        metavar="PORT",
        help="wait for a debugger before the handler is loaded; one worker, no timeouts "
        "(Python: debugpy, Node.js: inspector, Java: JDWP, Ruby: rdbg)",
    )


def is_debugged(options: argparse.Namespace) -> bool:
    """Whether a debugger is asked for."""
    return bool(options.debug != _NO_DEBUGGER)


def debug_of(options: argparse.Namespace) -> Debugging | None:
    """What --debug asks for; None where it isn't given."""
    if not is_debugged(options):
        return None
    from lambda_scenarios.runtimes.debugging import Debugging

    return Debugging(options.debug)
