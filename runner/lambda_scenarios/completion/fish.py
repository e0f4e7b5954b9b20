"""The script for fish (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lambda_scenarios.completion.table import PROGRAM, QUESTIONS, CommandWords, Option, Value


def script(commands: Sequence[CommandWords]) -> str:
    return "\n".join(_lines(commands)) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _lines(commands: Sequence[CommandWords]) -> Iterator[str]:
    yield "# Completion of lambda-scenarios for fish:"
    yield "#   lambda-scenarios completion fish > ~/.config/fish/completions/lambda-scenarios.fish"
    yield f"complete -c {PROGRAM} -f"
    for command in commands:
        about = _quoted(command.about)
        yield f"complete -c {PROGRAM} -n __fish_use_subcommand -a {command.name} -d {about}"
    for command in commands:
        start = f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {command.name}'"
        for option in command.options:
            yield f"{start} {_option(option)}"
        if command.argument is not None:
            yield f"{start} {_values(command.argument)}"


def _option(option: Option) -> str:
    words = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.value is not None and not option.optional:
        words += ["-r", _values(option.value)]
    return " ".join((*words, "-d", _quoted(option.about)))


def _values(value: Value) -> str:
    if value.kind == "words":
        return f"-f -a {_quoted(' '.join(value.words))}"
    if value.kind in QUESTIONS:
        return f"-f -a {_quoted(f'({QUESTIONS[value.kind]})')}"
    if value.kind == "directory":
        return "-f -a '(__fish_complete_directories)'"
    return "-F" if value.kind == "file" else "-f"
