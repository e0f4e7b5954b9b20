"""Reads arguments of `docker run`, as `--docker-arg` gives them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_scenarios.backends.docker.argument_table import OPTIONS, REFUSED, Option
from lambda_scenarios.backends.docker.argument_values import Reading, Wrong, boolean
from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.container import DockerArguments


def parse(texts: Sequence[str], environ: Mapping[str, str], cwd: str) -> DockerArguments:
    """What `--docker-arg` was given, each text holding one argument or several, quoted as in a shell.

    `environ` is where `-e NAME` finds its value; relative paths are from `cwd`. Raises UsageError.
    """
    words: list[str] = []
    for text in texts:
        try:
            words += shlex.split(text)
        except ValueError as error:
            raise UsageError(Diagnostic(f"--docker-arg `{text}`: {str(error).lower()}")) from None
    try:
        return _Parser(Reading(environ, cwd)).parse(words)
    except Wrong as wrong:
        raise UsageError(Diagnostic(f"--docker-arg: {wrong}")) from None


class _Parser:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._found: dict[str, Any] = {}

    def parse(self, words: list[str]) -> DockerArguments:
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word.startswith("--") and len(word) > 2:
                name, equals, value = word.partition("=")
                self._one(name, value if equals else None, rest)
            elif word.startswith("-") and len(word) > 1:
                self._short(word, rest)
            else:
                raise _unexpected(word)
        return DockerArguments(**self._found)

    def _one(self, name: str, value: str | None, rest: list[str]) -> None:
        option = OPTIONS.get(name)
        if option is None:
            raise _unknown(name)
        if option.flag:
            self._set(name, option, boolean(name, "true" if value is None else value))
            return
        if value is None:
            if not rest:
                raise Wrong(f"`{name}` needs a value")
            value = rest.pop(0)
        self._set(name, option, value)

    def _short(self, word: str, rest: list[str]) -> None:
        """`-p 80:80`, `-p80:80`, `-p=80:80`; flags may stand together: `-itP`."""
        letters = word[1:]
        while letters:
            name, letters = "-" + letters[0], letters[1:]
            option = OPTIONS.get(name)
            if option is None:
                raise _unknown(name if len(word) == 2 else f"{name}` of `{word}")
            if option.flag:
                value = None
                if letters.startswith("="):
                    value, letters = letters[1:], ""
                self._set(name, option, boolean(name, "true" if value is None else value))
                continue
            if letters:
                value, letters = letters.removeprefix("="), ""
            elif rest:
                value = rest.pop(0)
            else:
                raise Wrong(f"`{name}` needs a value")
            self._set(name, option, value)

    def _set(self, name: str, option: Option, value: Any) -> None:
        if not option.field:
            return
        try:
            found = value if option.flag else option.read(value, self._reading)
        except Wrong:
            raise
        except (ValueError, KeyError, IndexError):
            raise Wrong(f"`{name}` can't be `{value}`") from None
        if option.many:
            found = (*self._found.get(option.field, ()), *found)
        self._found[option.field] = found


def _unknown(name: str) -> UsageError:
    bare = name.partition("`")[0]
    if bare in REFUSED:
        return UsageError(Diagnostic(f"--docker-arg: `{bare}` can't be given: {REFUSED[bare]}"))
    close = did_you_mean(bare, [*OPTIONS])
    notes = (f"did you mean `{close}`?",) if close else ()
    return UsageError(Diagnostic(f"--docker-arg: unknown argument of docker run: `{name}`", None, "", notes))


def _unexpected(word: str) -> UsageError:
    return UsageError(
        Diagnostic(
            f"--docker-arg: `{word}` is no option of docker run",
            None,
            "",
            ("the image is the function's own, or that of --docker-image RUNTIME=IMAGE",),
        )
    )
