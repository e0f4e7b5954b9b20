"""The script for bash, from 3.2 on, as macOS has it (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lambda_scenarios.completion.table import QUESTIONS, CommandWords, Value

_SCRIPT = """\
# Completion of lambda-scenarios for bash. In ~/.bashrc:
#   source <(lambda-scenarios completion bash)
_lambda_scenarios() {
    local cur prev command options argument
    local IFS=$'\\n'
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    # `--option=value` is three words for bash.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "@COMMANDS@" -- "$cur"))
        return
    fi
    command=${COMP_WORDS[1]}
    case "$command $prev" in
@VALUES@
    esac
    case "$command" in
@ARGUMENTS@
    *) return ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
        return
    fi
    case "$argument" in
    @file) _lambda_scenarios_files -f ;;
    @directory) _lambda_scenarios_files -d ;;
    ?*) COMPREPLY=($(compgen -W "$argument" -- "$cur")) ;;
    esac
}

# Words that are read, one a line. `compgen -W` would run the commands that names and tags may hold.
_lambda_scenarios_found() {
    local word
    while IFS= read -r word; do
        if [[ -n $word && $word == "$cur"* ]]; then
            COMPREPLY+=("$(printf %q "$word")")
        fi
    done
}

_lambda_scenarios_files() {
    local name
    compopt -o filenames 2>/dev/null
    while IFS= read -r name; do
        COMPREPLY+=("$name")
    done < <(compgen "$1" -- "$cur")
}

complete -F _lambda_scenarios lambda-scenarios
"""


def script(commands: Sequence[CommandWords]) -> str:
    return (
        _SCRIPT.replace("@COMMANDS@", _list([command.name for command in commands]))
        .replace("@VALUES@", "\n".join(_values(commands)))
        .replace("@ARGUMENTS@", "\n".join(_arguments(commands)))
    )


def _list(words: Sequence[str]) -> str:
    return "\n".join(words)


def _values(commands: Sequence[CommandWords]) -> Iterator[str]:
    """What is completed behind an option; nothing, where the value may be anything."""
    by_action: dict[str, list[str]] = {}
    for command in commands:
        for option in command.options:
            if option.value is not None and not option.optional:
                by_action.setdefault(_action(option.value), []).extend(
                    f"'{command.name} {name}'" for name in option.names
                )
    for action, patterns in by_action.items():
        yield f"    {' | '.join(patterns)})"
        yield f"        {action}"
        yield "        return"
        yield "        ;;"


def _action(value: Value) -> str:
    if value.kind == "words":
        return f'COMPREPLY=($(compgen -W "{_list(value.words)}" -- "$cur"))'
    if value.kind in ("file", "directory"):
        return f"_lambda_scenarios_files {'-f' if value.kind == 'file' else '-d'}"
    if value.kind in QUESTIONS:
        return f"_lambda_scenarios_found < <({QUESTIONS[value.kind]})"
    return ":"


def _arguments(commands: Sequence[CommandWords]) -> Iterator[str]:
    for command in commands:
        names = [name for option in command.options for name in option.names]
        value = command.argument
        argument = ""
        if value is not None:
            argument = _list(value.words) if value.kind == "words" else f"@{value.kind}"
        yield f"    {command.name})"
        yield f'        options="{_list(names)}"'
        yield f'        argument="{argument}"'
        yield "        ;;"
