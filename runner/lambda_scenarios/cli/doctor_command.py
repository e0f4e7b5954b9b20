"""`doctor`: what is there, what is missing, and the command that installs it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator

from lambda_scenarios import __version__
from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.runtimes.all_runtimes import all_runtimes
from lambda_scenarios.runtimes.runtime import Found, World


def _configure(_parser: Parser) -> None:
    pass


def _execute(_options: argparse.Namespace, world: World) -> int:
    print(f"lambda-scenarios {__version__} on Python {sys.version.split()[0]}, {sys.platform}")
    print("\nin this project")
    for line in _project(world):
        print(f"  {line}")
    # What takes longer to look at comes later: something is there to read meanwhile.
    _tell("on this machine", _runtimes(world), world)
    _tell("in containers", _engine(world), world)
    _tell("on AWS", _aws(world), world)
    _extensions()
    return statuses.DONE


def _project(world: World) -> Iterator[str]:
    from lambda_scenarios.configuration.find import find
    from lambda_scenarios.configuration.read import read

    found = find(world.cwd)
    configuration = read(found)
    yield f"root      {shown_path(found.root, world.cwd)}"
    if configuration.file is None:
        yield "settings  none: they would stand in lambda-scenarios.yml at the root"
        return
    path = shown_path(configuration.file, world.cwd)
    if configuration.problems:
        yield f"settings  {path} can't be used: `lambda-scenarios validate` tells why"
    else:
        presets = f" · presets: {', '.join(configuration.presets)}" if configuration.presets else ""
        yield f"settings  {path}{presets}"


def _runtimes(world: World) -> Iterator[Found]:
    for runtime in all_runtimes():
        yield from runtime.inspect(world)


def _engine(world: World) -> Iterator[Found]:
    from lambda_scenarios.backends.docker.inspect import inspect

    yield inspect(world.environ)


def _aws(world: World) -> Iterator[Found]:
    from lambda_scenarios.aws.inspect import inspect

    yield inspect(world.environ)


def _extensions() -> None:
    """Nothing where there is none: most people need none."""
    from lambda_scenarios.extending.inspect import inspect

    headline = "\nextensions\n"
    for written, package, problem in inspect():
        print(f"{headline}  {'✗' if problem else '✓'} {written:<23} {package}")
        headline = ""
        if problem:
            print(f"{'':<28}{problem}")


def _tell(where: str, all_found: Iterable[Found], world: World) -> None:
    print(f"\n{where}")
    for found in all_found:
        if found.version is None:
            print(f"  ✗ {found.name:<8} {'missing':<14} {found.advice}")
        else:
            print(f"  ✓ {found.name:<8} {found.version:<14} {shown_path(found.path or '', world.cwd)}")
        for line in found.more:
            print(f"{'':<28}{line}")


COMMAND = Command(_configure, _execute)
