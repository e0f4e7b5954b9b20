"""`record`: invokes, and writes the scenario that expects what came back."""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.invoke_command import add_invocation, invoked, request_of
from lambda_scenarios.cli.parser import Parser, pairs
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.runtimes.runtime import World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_scenarios.model.scenario import Case


def _configure(parser: Parser) -> None:
    parser.epilog = (
        "Ids and times of the run become matchers; everything else is expected as it is. A file that is\n"
        "there keeps its comments and its form: the scenario is added at the end of its list."
    )
    group = parser.add_argument_group("scenario")
    group.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="scenario file: a new one, or one to add to"
    )
    group.add_argument("--name", help="of the scenario (default: one that says what was invoked)")
    add_invocation(parser, "none")


def _execute(options: argparse.Namespace, world: World) -> int:
    from lambda_scenarios.recorder.record import Recording, record, target

    path = os.path.join(world.cwd, options.output)

    def read(file: str) -> tuple[Case, ...]:
        return _cases(file, options, world)

    found = invoked(options, world, "none", lambda: target(os.path.realpath(path), options.name, world, read))
    if found is None:
        return statuses.FAILED
    recording = Recording(path, options.root, options.name, request_of(options, world), *found)
    recorded = record(recording, world, read)
    shown = [shown_path(file, world.cwd) for file in recorded.files]
    print(f"{shown[0]}: {recorded.name}")
    for file in shown[1:]:
        print(f"  with {file}")
    if recorded.remark:
        print(f"warning: {recorded.remark}", file=sys.stderr)
    selected = shlex.quote(f"{shown[0]}::{recorded.name}")
    secrets = [f"{name}=…" for name in _secrets(options) if name not in world.environ]
    print("next:", *secrets, "lambda-scenarios run", selected, *_needed(options))
    return statuses.DONE


def _secrets(options: argparse.Namespace) -> dict[str, str]:
    from lambda_scenarios.recorder.record import secrets_of

    return secrets_of(pairs("--env", options.env))


def _cases(file: str, options: argparse.Namespace, world: World) -> tuple[Case, ...]:
    """The scenarios of a file, as `run` with the same options sees them."""
    from lambda_scenarios.pipeline import read
    from lambda_scenarios.request import Suite
    from lambda_scenarios.scenarios.draft import Overrides, RunSettings
    from lambda_scenarios.scenarios.select import Selection

    overrides = Overrides(
        region=options.region, skip_package=options.skip_package, aws_profile=options.aws_profile
    )
    settings = RunSettings({**world.environ, **_secrets(options)}, 0.0, "seed", overrides)
    suite = Suite((file,), Selection(), settings, options.root, options.configuration)
    return read(suite, world).cases


def _needed(options: argparse.Namespace) -> list[str]:
    """Options that no scenario can say."""
    words: list[str] = []
    if options.region is not None and "region" in options.given:
        words += ["--region", options.region]
    for name in ("inherit_env", "skip_package"):
        if getattr(options, name) and name in options.given:
            words.append(f"--{name.replace('_', '-')}")
    return words


COMMAND = Command(_configure, _execute)
