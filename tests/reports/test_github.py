"""GitHub: commands that its runner reads back as meant, and a summary that no text breaks out of."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # rich brings it
from tests.program import running
from tests.reports import samples

from lambda_scenarios.model.record import Record, RunEnd
from lambda_scenarios.reports import github
from lambda_scenarios.reports.targets import GitHub

TOLD = ("failed", "error", "flaky", "not run")
PLACES = GitHub("", "/repo", "/repo/project", "/repo/project/inner")
PROJECT = {
    "echo.py": "def handler(event, context):\n    print('::error::forged')\n    return event\n",
    "scenarios/a.yml": f"""\
functions: {{echo: {{handler: echo.handler, runtime: python3.{sys.version_info[1]}, code: ..}}}}
defaults: {{function: echo}}
scenarios:
  - {{name: passes, event: 1, expect: {{output: 1}}}}
  - {{name: "100% wrong, really: yes", event: 1, expect: {{output: 2}}}}
""",
}


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    data: str


def read(line: str) -> Command:
    """A command as the runner reads it (`ActionCommand.TryParseV2`)."""
    head, _, data = line[2:].partition("::")
    assert line.startswith("::")
    name, _, rest = head.partition(" ")
    properties = dict(pair.split("=", 1) for pair in rest.split(",") if pair)
    unescaped = {key: _plain(value, ":", ",") for key, value in properties.items()}
    return Command(name, unescaped, _plain(data))


def _plain(text: str, *more: str) -> str:
    for character in ("\r", "\n", *more, "%"):
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def commands(
    records: tuple[Record, ...], end: RunEnd = samples.END, places: GitHub = PLACES
) -> list[Command]:
    told = [record for record in records if record.status in TOLD]
    return [read(line) for line in github.commands(samples.INFO, told, end, places)]


def shown(records: tuple[Record, ...], room: int = github.SUMMARY_BYTES, end: RunEnd = samples.END) -> str:
    counts = Counter(record.status for record in records)
    told = [record for record in records if record.status in TOLD]
    return "".join(github.summary(samples.INFO, counts, told, end, room))


def test_stale_snapshots_are_one_warning() -> None:
    stale = tuple(f"a.yml::{number}" for number in range(30))
    _, found, _ = commands((), RunEnd(1.0, None, stale))
    assert (found.name, found.properties["title"]) == (
        "warning",
        "30 snapshots belong to no scenario any more [python=3.11]",
    )
    assert found.data.splitlines()[-2:] == ["a.yml::19", "--update-snapshots removes them"]


def test_one_of_each() -> None:
    first, *found, last = commands(samples.ALL, RunEnd(1.0, "the run was interrupted (SIGINT)"))
    assert (first, last) == (Command("group", {}, "5 annotations"), Command("endgroup", {}, ""))
    assert [(each.name, each.properties["title"]) for each in found] == [
        ("error", "keeps the customer's currency [python=3.11]"),
        ("error", "reads the body [python=3.11]"),
        ("error", "runs on Ruby [python=3.11]"),
        ("warning", "flaky, passed at attempt 2: pays at the second attempt [python=3.11]"),
        ("warning", "1 scenario was not run [python=3.11]"),
    ]
    failed, _, error, _, not_run = found
    assert failed.properties["file"] == f"project/inner/{samples.FILE}"  # of an expectation: from cwd
    assert [failed.properties[name] for name in ("line", "col", "endColumn")] == ["31", "24", "37"]
    assert '+     "currency": "EUR"' in failed.data
    assert (error.properties["file"], error.properties["line"]) == (f"project/{samples.FILE}", "12")
    assert "file" not in not_run.properties
    assert not_run.data == "the run was interrupted (SIGINT)"


def test_what_passed_is_not_told() -> None:
    assert commands((samples.record(), samples.SKIPPED)) == []


def test_only_as_many_as_github_shows() -> None:
    many = tuple(samples.FAILED._replace(name=f"number {number}") for number in range(31))
    found = [each for each in commands(many) if each.name == "error"]
    assert len(found) == 10
    assert [each.properties["title"].split(" [")[0] for each in found[-2:]] == ["number 8", "22 more"]


def test_one_reason_is_one_annotation() -> None:
    many = tuple(samples.ERROR._replace(name=f"number {number}") for number in range(31))
    (found,) = [each for each in commands(many) if each.name == "error"]
    assert found.properties["title"] == "31 scenarios could not be judged [python=3.11]"


def test_a_file_outside_of_the_repository_keeps_its_path() -> None:
    _, found, _ = commands((samples.ERROR,), places=PLACES._replace(workspace="/other"))
    assert found.properties["file"] == f"/repo/project/{samples.FILE}"


@given(st.lists(samples.records, max_size=4).map(tuple))
def test_any_text_is_a_command_of_one_line(records: tuple[Record, ...]) -> None:
    told = [record for record in records if record.status in TOLD]
    for line in github.commands(samples.INFO, told, samples.END, PLACES):
        assert line.isprintable() or not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)
        found = read(line)
        assert found.name in ("group", "endgroup", "error", "warning")
        assert found.properties.keys() <= {"file", "line", "col", "endColumn", "title"}
        assert len(found.data) <= 4096


# All that a summary may hold of HTML.
_TAG = re.compile(r"</?(?:p|br|details|summary|b|code)>")


def tokens(markdown: str) -> list[Any]:
    return MarkdownIt("commonmark").parse(markdown)


@given(st.lists(samples.records, max_size=4).map(tuple))
def test_any_text_stays_text_in_the_summary(records: tuple[Record, ...]) -> None:
    for token in tokens(shown(records)):
        if token.type == "html_block":
            assert "<" not in _TAG.sub("", token.content)
        else:
            assert token.type in (
                "fence",
                "inline",
                *(f"{kind}_{end}" for kind in ("heading", "paragraph") for end in ("open", "close")),
            )
        if token.type == "inline":
            assert [child.type for child in token.children or ()] == ["text"]


def test_the_summary_has_the_diff_and_the_output() -> None:
    found = shown(samples.ALL)
    assert found.startswith(
        "## ❌ 2 failed · ❗ 1 error · 🔁 1 flaky · ➖ 1 not run · ⚪ 1 skipped · ✅ 2 passed\n"
    )
    fences = [token.content for token in tokens(found) if token.type == "fence"]
    assert any('\n+     "currency": "EUR"\n' in text for text in fences)
    assert "order o-17 stored" in found
    assert "apt-get install ruby" in found


@pytest.mark.parametrize("room", [0, 500, 3_000, 20_000])
def test_the_summary_fits(room: int) -> None:
    many = tuple(samples.FAILED._replace(name=f"number {number} …") for number in range(50))
    found = shown(many, room)
    assert len(found.encode()) <= room
    told = found.count("<details>")
    left = re.search(r"and (\d+) more", found)
    assert not room or (left is not None and told + int(left[1]) == 50)


def project(directory: Path) -> None:
    for name, text in PROJECT.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)


def environment(directory: Path) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(directory.parent),
        "GITHUB_STEP_SUMMARY": str(directory / "summary.md"),
    }


def test_in_github_actions_it_is_on_by_itself(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "summary.md").write_text("of another command\n")
    done = running.run(tmp_path, "run", env=environment(tmp_path))
    assert done.status == 1, done.stderr
    lines = done.stdout.splitlines()
    stopped = read(lines[0])
    assert stopped.name == "stop-commands"
    end = lines.index(f"::{stopped.data}::")
    # What the function printed lies in the part in which the runner takes no commands.
    (forged,) = [at for at, line in enumerate(lines) if line.strip() == "::error::forged"]
    assert forged < end
    (error,) = [read(line) for line in lines[end + 1 :] if line.startswith("::error")]
    assert error.properties["title"] == "100% wrong, really: yes"
    assert error.properties["file"] == f"{tmp_path.name}/scenarios/a.yml"
    column = PROJECT["scenarios/a.yml"].splitlines()[4].index("2}}") + 1
    assert (error.properties["line"], error.properties["col"]) == ("5", str(column))
    found = (tmp_path / "summary.md").read_text()
    assert found.startswith("of another command\n## ❌ 1 failed · ✅ 1 passed\n")


def test_a_report_on_the_standard_output_is_alone_there(tmp_path: Path) -> None:
    project(tmp_path)
    done = running.run(tmp_path, "run", "--tap", "-", env=environment(tmp_path))
    assert done.stdout.startswith("TAP version 14\n")
    assert not re.search("^::(?!error::forged)", done.stdout, re.MULTILINE)
    assert "::error file=" in done.stderr


@pytest.mark.parametrize("option", ["--no-github", "--no-reports"])
def test_it_can_be_turned_off(tmp_path: Path, option: str) -> None:
    project(tmp_path)
    done = running.run(tmp_path, "run", option, env=environment(tmp_path))
    assert done.status == 1
    assert "::stop-commands" not in done.stdout
    assert not (tmp_path / "summary.md").exists()


def test_a_summary_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    project(tmp_path)
    done = running.run(tmp_path, "run", "--github", env={"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "x")})
    assert done.status == 3
    assert "the job summary was not written" in done.stderr
    assert "::error file=" in done.stdout


def test_a_secret_is_masked(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "echo.py").write_text(
        "import os\ndef handler(event, context):\n    raise ValueError('with ' + os.environ['API_TOKEN'])\n"
    )
    done = running.run(tmp_path, "run", "-e", "API_TOKEN=hunter2hunter2", env=environment(tmp_path))
    assert "ValueError: with ***" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr + (tmp_path / "summary.md").read_text()
