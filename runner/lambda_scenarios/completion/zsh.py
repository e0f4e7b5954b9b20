"""The script for zsh (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lambda_scenarios.completion.table import QUESTIONS, CommandWords, Option, Value

_SCRIPT = """\
#compdef lambda-scenarios
# Completion of lambda-scenarios for zsh. In ~/.zshrc, below `autoload -U compinit; compinit`:
#   source <(lambda-scenarios completion zsh)
_lambda_scenarios_functions() {
    local -a found
    found=(${(f)"$(@FUNCTIONS@)"})
    compadd -a found
}

_lambda_scenarios_tags() {
    local -a found
    found=(${(f)"$(@TAGS@)"})
    compadd -a found
}

_lambda_scenarios() {
    local -a commands
    commands=(
@COMMANDS@
    )
    if ((CURRENT == 2)); then
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
@CASES@
    esac
}

compdef _lambda_scenarios lambda-scenarios
"""


def script(commands: Sequence[CommandWords]) -> str:
    names = "\n".join(f"        {_quoted(f'{one.name}:{one.about}')}" for one in commands)
    return (
        _SCRIPT.replace("@FUNCTIONS@", QUESTIONS["function"])
        .replace("@TAGS@", QUESTIONS["tag"])
        .replace("@COMMANDS@", names)
        .replace("@CASES@", "\n".join(_cases(commands)))
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _cases(commands: Sequence[CommandWords]) -> Iterator[str]:
    for command in commands:
        specs = [spec for option in command.options for spec in _specs(option)]
        if command.argument is not None:
            specs.append(_quoted(f"*:argument:{_action(command.argument)}"))
        yield f"    {command.name})"
        yield "        _arguments \\"
        yield " \\\n".join(f"            {spec}" for spec in specs)
        yield "        ;;"


def _specs(option: Option) -> Iterator[str]:
    about = re.sub(r"([\[\]:\\])", r"\\\1", option.about)
    for name in option.names:
        equals = "=" if option.value is not None and name.startswith("--") else ""
        if option.value is not None and not name.startswith("--"):
            equals = "+"
        spec = f"*{name}{equals}[{about}]"
        if option.value is not None:
            colons = "::" if option.optional else ":"
            spec += f"{colons}value:{_action(option.value)}"
        yield _quoted(spec)


def _action(value: Value) -> str:
    if value.kind == "words":
        return f"({' '.join(value.words)})"
    return {
        "file": "_files",
        "directory": "_files -/",
        "function": "_lambda_scenarios_functions",
        "tag": "_lambda_scenarios_tags",
        "text": " ",
    }[value.kind]
