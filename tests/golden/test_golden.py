"""Whole runs through the real program, compared with what they should look like.

Each directory beside this file is a project; each `*.transcript` in it is a case: the command, and what came
of it, as in a terminal. The project is copied for every case, so that none sees what another wrote.

    $ NAME=value lambda-scenarios run -q
    the standard output
    ── stderr
    the standard error
    ── status 1
    ── reports/junit.xml
    a file that the command wrote

`GOLDEN_UPDATE=1` writes what came out instead (files that are already shown are shown again). To add a case,
write its first line; read what came out before you commit it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.program import running

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*/*.transcript"))
SECTION = "── "


class Transcript(NamedTuple):
    """What is run, and what is shown of it: `sections` by their titles."""

    command: str
    sections: dict[str, str]


def read(text: str) -> Transcript:
    """A transcript from its text. Raises ValueError where a file names the same section twice."""
    command, _, rest = text.partition("\n")
    sections = {"stdout": ""}
    title = "stdout"
    for line in rest.splitlines(keepends=True):
        if line.startswith(SECTION):
            title = line.removeprefix(SECTION).strip()
            if title in sections:
                raise ValueError(f"{title} occurs twice")
            sections[title] = ""
        else:
            sections[title] += line
    return Transcript(command.removeprefix("$ "), sections)


def shown(transcript: Transcript) -> str:
    """The text of a transcript; sections are left out where they are empty, but for the status."""
    text = f"$ {transcript.command}\n"
    for title, content in transcript.sections.items():
        if title == "stdout":
            text += content
        elif content or title.startswith("status"):
            text += f"{SECTION}{title}\n{content}"
    return text


def _in_order(text: str) -> str:
    """The slowest scenarios in an order that doesn't depend on how slow they were."""
    before, heading, after = text.partition("\nslowest\n")
    listed, gap, rest = after.partition("\n\n")
    return before + heading + "\n".join(sorted(listed.split("\n"))) + gap + rest if heading else text


def outcome(wanted: Transcript, project: Path) -> Transcript:
    """Runs the command of a transcript in a project, and shows the same files."""
    words = shlex.split(wanted.command)
    program = words.index("lambda-scenarios")
    # A command line is the place to show a variable in, but not this machine's directory.
    variables = dict(word.replace("$PWD", str(project)).split("=", 1) for word in words[:program])
    done = running.run(project, *words[program + 1 :], env=variables)
    sections = {
        "stdout": _in_order(running.normal(done.stdout, str(project))),
        "stderr": running.normal(done.stderr, str(project)),
        f"status {done.status}": "",
    }
    for title in wanted.sections:
        if "." in title:
            sections[title] = running.normal_junit((project / title).read_text(), str(project))
    return Transcript(wanted.command, sections)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_golden(case: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(case.parent, project, ignore=shutil.ignore_patterns("*.transcript", "__pycache__"))
    localised = running.localise(project)
    expected = case.read_text(encoding="utf-8")
    found = localised(shown(outcome(read(expected), project)))
    if os.environ.get("GOLDEN_UPDATE"):
        case.write_text(found, encoding="utf-8")
        expected = found
    assert found == expected
    assert running.left_behind(str(project)) == []


def test_every_project_is_shown() -> None:
    projects = {path for path in HERE.iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert {case.parent for case in CASES} == projects


def test_nothing_of_this_machine_is_frozen() -> None:
    for case in CASES:
        text = case.read_text(encoding="utf-8")
        assert re.findall(r"(?:/tmp|/root|/home|/usr/lib)/\S*", text) == [], case
        assert "lambda_scenarios/" not in text, case  # no frame of the program itself
