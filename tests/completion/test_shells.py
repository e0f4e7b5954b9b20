"""The scripts in real shells: what is completed where."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.program import running
from tests.program.running import VERSION

from lambda_scenarios.cli.commands import COMMANDS
from lambda_scenarios.completion.table import table

# Each line, the word that is completed last, and what has to be among the answers.
LINES: dict[str, set[str]] = {
    "ru": {"run"},
    "invoke -f c": {"createOrder", "cancelOrder"},
    "run --function create": {"createOrder"},
    "run --iso": {"--isolation"},
    "run --isolation ": {"warm", "cold"},
    "run --backend d": {"docker"},
    "run --tag s": {"smoke", "slow"},
    "run scen": {"scenarios"},
    "events sqs": {"sqs", "sqs-fifo", "sqs-sns", "sqs-s3"},
    "completion f": {"fish"},
    "record -o scen": {"scenarios"},
    "init scen": {"scenarios"},
}
# Nothing of these is completed there.
NOT: dict[str, set[str]] = {
    "run --seed ": {"scenarios"},
    "invoke -f c": {"remind"},
    "validate --": {"--jobs"},
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    functions = "".join(f"  {name}: {{handler: a.b}}\n" for name in ("createOrder", "cancelOrder", "remind"))
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.py").write_text("def b(event, context):\n    return 1\n")
    (tmp_path / "serverless.yml").write_text(
        f"service: shop\nprovider: {{name: aws, runtime: python{VERSION}}}\nfunctions:\n{functions}"
    )
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "a.yml").write_text(
        "scenarios:\n  - {name: 'a [x=1]', function: remind, tags: [smoke, slow]}\n"
        "  - {name: b, function: remind}\n"
    )
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "lambda-scenarios"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(running.PROGRAM)} "$@"\n')
    program.chmod(0o755)
    return tmp_path


def script(directory: Path, shell: str) -> Path:
    done = running.run(directory, "completion", shell)
    assert (done.status, done.stderr) == (0, "")
    path = directory / f"completion.{shell}"
    path.write_text(done.stdout)
    return path


def ask(directory: Path, shell: str, text: str, *arguments: str) -> str:
    if shutil.which(shell) is None:
        reason = f"{shell} is missing: apt-get install {shell}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    environ: Mapping[str, str] = running.environment({"HOME": str(directory), "TERM": "dumb"})
    done = subprocess.run(
        [shell, *arguments, text],
        cwd=directory,
        env={**environ, "PATH": f"{directory / 'bin'}{os.pathsep}{environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def in_bash(directory: Path, line: str) -> set[str]:
    words = ["lambda-scenarios", *line.split(" ")]
    text = (
        f"source {script(directory, 'bash')}\nCOMP_WORDS=({shlex.join(words)})\nCOMP_CWORD={len(words) - 1}\n"
        "_lambda_scenarios\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    return set(ask(directory, "bash", text, "--norc", "-c").split())


def in_fish(directory: Path, line: str) -> set[str]:
    text = f"source {script(directory, 'fish')}; complete -C {shlex.quote(f'lambda-scenarios {line}')}"
    answers = ask(directory, "fish", text, "--no-config", "-c").splitlines()
    return {answer.partition("\t")[0].rstrip("/") for answer in answers}


@pytest.mark.parametrize("line", sorted({*LINES, *NOT}))
@pytest.mark.parametrize("complete", [in_bash, in_fish])
def test_what_is_completed(shop: Path, complete: object, line: str) -> None:
    assert callable(complete)
    found = complete(shop, line)
    assert LINES.get(line, set()) <= found
    assert not NOT.get(line, set()) & found


def test_a_value_behind_an_equals_sign_in_bash(shop: Path) -> None:
    assert in_bash(shop, "run --isolation = w") == {"warm"}
    assert in_bash(shop, "run --isolation =") >= {"warm", "cold"}


@pytest.mark.parametrize("complete", [in_bash, in_fish])
def test_nothing_of_names_and_tags_is_run(shop: Path, complete: object) -> None:
    assert callable(complete)
    made, also = shop / "made", shop / "also"
    tags = f"['$(touch${{IFS}}{made})', \"it's\", '`touch${{IFS}}{also}`']"
    (shop / "scenarios" / "b.yml").write_text(
        f"scenarios:\n  - {{name: c, function: remind, tags: {tags}}}\n"
    )
    assert {"smoke", "slow"} <= complete(shop, "run --tag s")
    assert len(complete(shop, "run --tag ")) == 5
    assert not made.exists()
    assert not also.exists()


# zsh completes in its editor only: it is run in a terminal of its own, and shows what it would insert.
ZSH = """\
zmodload zsh/zpty
zpty terminal zsh -f -i
zpty -w terminal 'PS1= PROMPT_EOL_MARK=; autoload -U compinit; compinit -u -D'
zpty -w terminal 'source @SCRIPT@; print READY-NOW'
zpty -r terminal seen '*READY-NOW*READY-NOW*'
zpty -n -w terminal $'lambda-scenarios @LINE@\\t'
zpty -r terminal seen '*@WANTED@*'
print -r -- "$seen"
zpty -d terminal
"""


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("valid", "validate"),
        ("run --isol", "--isolation"),
        ("run --isolation c", "cold"),
        ("invoke -f can", "cancelOrder"),
        ("run --tag smo", "smoke"),
        ("events sqs-fi", "sqs-fifo"),
        ("run scen", "scenarios"),
    ],
)
def test_zsh_completes(shop: Path, line: str, wanted: str) -> None:
    text = (
        ZSH.replace("@SCRIPT@", str(script(shop, "zsh"))).replace("@LINE@", line).replace("@WANTED@", wanted)
    )
    assert wanted in ask(shop, "zsh", text, "-f", "-c")


def test_every_option_of_every_command_is_known(shop: Path) -> None:
    commands = table()
    assert [command.name for command in commands] == list(COMMANDS)
    for shell in ("bash", "zsh", "fish"):
        text = script(shop, shell).read_text()
        for command in commands:
            assert command.name in text
            for name in (name for option in command.options for name in option.names):
                assert (name if shell != "fish" else name.lstrip("-")) in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_sound(shop: Path, shell: str) -> None:
    assert ask(shop, shell, str(script(shop, shell)), "-n") == ""


def test_other_shells_are_told(tmp_path: Path) -> None:
    done = running.run(tmp_path, "completion", "csh")
    assert done.status == 2 and "bash" in done.stderr
