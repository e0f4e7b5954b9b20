"""The command that runs one scenario again, under the conditions that it was run under (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lambda_scenarios.reports.text import shell_quote

# Options of `run` that change what a scenario finds or how it ends, by every spelling. Which scenarios were
# run, how many at once and what was reported is of that run.
_WITH_VALUE = frozenset(
    (
        *(
            "--backend",
            "--docker-image",
            "--docker-arg",
            "--qualifier",
            "--isolation",
            "--timeout",
            "--preset",
            "--retries",
            "--repeat",
        ),
        *("--service", "-s", "--stage", "-r", "--region", "--param", "--aws-profile", "--var", "-e", "--env"),
        *("--credentials", "--now", "--seed"),
    )
)
_FLAGS = frozenset(
    (
        *("--inherit-env", "--ignore-env", "--skip-package", "--warm-check"),
        *("--no-inherit-env", "--no-ignore-env", "--no-skip-package"),
    )
)
# Its value may be missing.
_ROLE = "--assume-role"


def rerun(command: Sequence[str]) -> str:
    """The options of a `run` that belong to its scenarios' conditions, as a shell takes them, each after a
    blank: what stands behind `lambda-scenarios run ID`."""
    return "".join(f" {shell_quote(word)}" for word in conditions(command))


def conditions(command: Sequence[str]) -> Iterator[str]:
    """The same, word by word."""
    words = iter((*command, ""))
    word = next(words)
    while word:
        following = next(words, "")
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        if word in _FLAGS:
            yield word
        elif word in _WITH_VALUE:
            yield from (word, following)
            following = next(words, "")
        elif name in _WITH_VALUE or name == _ROLE:
            yield word
            if word == _ROLE and following.startswith("arn:"):
                yield following
                following = next(words, "")
        word = following
