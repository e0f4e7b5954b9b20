"""`completion`: a script that completes commands, options and names in a shell."""

from __future__ import annotations

import argparse
from importlib import import_module

from lambda_scenarios.cli import statuses
from lambda_scenarios.cli.commands import Command
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.runtimes.runtime import World

_SHELLS = ("bash", "zsh", "fish")


def _configure(parser: Parser) -> None:
    parser.epilog = (
        "bash, in ~/.bashrc:  source <(lambda-scenarios completion bash)\n"
        "zsh, in ~/.zshrc:    source <(lambda-scenarios completion zsh)\n"
        "fish:                lambda-scenarios completion fish "
        "> ~/.config/fish/completions/lambda-scenarios.fish"
    )
    parser.add_argument("shell", choices=_SHELLS)


def _execute(options: argparse.Namespace, _world: World) -> int:
    from lambda_scenarios.completion.table import table

    module = import_module(f"lambda_scenarios.completion.{options.shell}")
    print(module.script(table()), end="")
    return statuses.DONE


COMMAND = Command(_configure, _execute)
