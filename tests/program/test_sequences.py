"""What a warm worker had served before a failure, and the command that does it again."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tests.program import reported, running, several


def scenarios(count: int) -> str:
    many = f"  - {{name: before, function: count, matrix: {{n: [{', '.join(map(str, range(count)))}]}}}}\n"
    return (
        "  - {name: another function, function: clean}\n"
        + many
        + "  - {name: victim, function: count, expect: {output_includes: {calls: 1}}}\n"
    )


@pytest.mark.parametrize("count", [2, 60])
def test_the_sequence_is_named_and_can_be_replayed(tmp_path: Path, count: int) -> None:
    ran = several.run(tmp_path, scenarios(count), "-j", "1", "--var", "a=b")
    (invocation,) = ran.result("victim")["attempts"][0]["invocations"]
    assert invocation["before"][-1] == f"all.yml::before [n={count - 1}]"
    assert all("another function" not in one for one in invocation["before"])
    assert invocation["replay"].endswith(" --var a=b")
    assert f"again, after those: {invocation['replay']}" in ran.done.stdout
    assert f"before [n={count - 1}]" in ran.done.stdout
    words = shlex.split(invocation["replay"])
    assert words[0] == "lambda-scenarios"
    done = running.run(tmp_path, *words[1:], "--no-reports")
    assert f"{count} passed" in done.stdout and f"expected 1, found {count + 1}" in done.stdout
    alone = running.run(tmp_path, "run", "all.yml::victim", "--no-reports")
    assert alone.status == 0


def test_a_random_order_is_replayed_as_it_was(tmp_path: Path) -> None:
    several.write(
        tmp_path,
        "".join(
            f"  - {{name: s{n}, function: count, expect: {{output_includes: {{calls: 7}}}}}}\n"
            for n in range(7)
        ),
    )
    first = running.run(tmp_path, "run", "all.yml", "-j", "1", "--order", "random", "--seed", "5")
    assert "1 passed" in first.stdout
    (line,) = {line for line in first.stdout.splitlines() if "again, after those:" in line and "@" in line}
    words = shlex.split(line.partition("after those:")[2])
    again = running.run(tmp_path, *words[1:], "--no-reports")
    listed = (tmp_path / words[4].removeprefix("@")).read_text().splitlines()
    assert len(listed) == 6, "the list ends with the last that failed"
    assert again.stdout.count("found ") == 6


def test_no_word_where_nothing_was_served_before(tmp_path: Path) -> None:
    ran = several.run(tmp_path, "  - {name: first, function: count, expect: {output: 0}}\n")
    (invocation,) = ran.result("first")["attempts"][0]["invocations"]
    assert (invocation["before"], invocation["replay"]) == ([], None)
    assert "its worker had served" not in ran.done.stdout
    assert not list((tmp_path / ".lambda-scenarios").glob("worker-*"))


def replays(stdout: str) -> list[list[str]]:
    """The arguments of the commands that are told."""
    lines = (line.partition("again, after those: ")[2] for line in stdout.splitlines())
    return [bash_words(line)[1:] for line in lines if line]


def bash_words(line: str) -> list[str]:
    script = f"printf '%s\\0' {line}"
    done = subprocess.run(("bash", "-c", script), capture_output=True, check=True)
    return [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]


@pytest.mark.parametrize("count", [2, 6])
def test_names_of_any_kind_are_replayed(tmp_path: Path, count: int) -> None:
    """Two are named in the command, six in a list."""
    names = ['"two\\nlines"', '"\\"quoted\\""', '"a\\u2028b"', '"\\u001b[31mred"', '"@back\\\\"', '"\'  -"']
    several.write(
        tmp_path,
        "".join(f"  - {{name: {name}, function: count}}\n" for name in names[:count])
        + '  - {name: "victim\\n", function: count, expect: {output: {}}}\n',
    )
    path = tmp_path / os.fsdecode(b"\xffall.yml")
    (tmp_path / "all.yml").rename(path)
    ran = running.run(tmp_path, "run", path.name, "-j", "1")
    (words,) = replays(ran.stdout)
    again = running.run(tmp_path, *words, "--no-reports")
    assert (again.status, again.stdout.count(f"{count} passed · 1 failed")) == (1, 1), again.stderr
    assert f'"calls": {count + 1}' in again.stdout


def test_a_list_is_of_one_run_alone(tmp_path: Path) -> None:
    """What another run writes, at the same time or later, doesn't change what an earlier one told."""
    several.write(tmp_path, scenarios(8))
    first = running.run(tmp_path, "run", "all.yml", "-j", "1")
    several.write(tmp_path, scenarios(5))
    assert running.run(tmp_path, "run", "all.yml", "-j", "1").status == 1
    several.write(tmp_path, scenarios(8))
    (words,) = replays(first.stdout)
    assert "found 9" in running.run(tmp_path, *words, "--no-reports").stdout


def test_a_configured_order_changes_no_replay(tmp_path: Path) -> None:
    (tmp_path / "lambda-scenarios.yml").write_text("order: random\n")
    names = [f"s{n}" for n in range(9)]
    expected = "{output_includes: {calls: {$gt: 7}}}"
    several.write(
        tmp_path, "".join(f"  - {{name: {name}, function: count, expect: {expected}}}\n" for name in names)
    )
    options: tuple[str, ...] = ("all.yml", "-j", "1", "--seed", "7")
    orders = []
    for _ in range(2):
        ran = running.run(tmp_path, "run", *options)
        served = [
            (one["attempts"][0]["invocations"][0], one["name"])
            for one in reported.load(tmp_path / "reports")["results"]
        ]
        served.sort(key=lambda one: one[0]["nth"])
        orders.append([name for _, name in served])
        options = tuple(bash_words(served[6][0]["replay"])[2:])
        assert ran.status == 1
    assert orders[1] == orders[0][:7] != names[:7]


def test_a_long_list_is_written_in_parts(tmp_path: Path) -> None:
    names = [f"{'long ' * 40}{n}" for n in range(60)]
    bad = {10, 11, 59}
    ran = several.run(
        tmp_path,
        "".join(
            f"  - {{name: {name}, function: count"
            f"{', expect: {output_includes: {calls: 0}}' if n in bad else ''}}}\n"
            for n, name in enumerate(names)
        ),
        *("-j", "1"),
    )
    (word,) = {words[3] for words in replays(ran.done.stdout)}
    listed = (tmp_path / word.removeprefix("@")).read_text().splitlines()
    assert listed == [f"all.yml::{name}" for name in names]


def test_old_lists_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / ".lambda-scenarios"
    folder.mkdir()
    old = [folder / f"worker-1-{number:06x}.txt" for number in range(120)]
    for number, path in enumerate(old):
        path.touch()
        os.utime(path, (number, number))
    several.run(tmp_path, scenarios(8), "-j", "1")
    assert [path.exists() for path in old] == [number >= 20 for number in range(120)]
    assert len(list(folder.glob("worker-*"))) == 101


def test_a_killed_run_has_its_list(tmp_path: Path) -> None:
    several.write(tmp_path, scenarios(8) + "  - {name: waits, function: wait, event: {trace: waiting}}\n")
    process = running.start(tmp_path, ["run", "all.yml", "-j", "1"])
    running.appears(tmp_path / "traces" / "waiting", process)
    running.interrupt(process, signal.SIGKILL)
    assert running.run(tmp_path, "report").status == 0
    report = json.loads((tmp_path / "reports" / "report.json").read_text())
    (replay,) = [
        one["replay"]
        for result in report["results"]
        for attempt in result["attempts"]
        for one in attempt["invocations"]
        if one["replay"]
    ]
    again = running.run(tmp_path, *bash_words(replay)[1:], "--no-reports")
    assert "8 passed · 1 failed" in again.stdout and "found 9" in again.stdout


def test_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / ".lambda-scenarios").write_text("in its place")
    ran = several.run(tmp_path, scenarios(8), "-j", "1")
    assert ran.done.status == 1
    (invocation,) = ran.result("victim")["attempts"][0]["invocations"]
    assert len(invocation["before"]) == 8 and invocation["replay"] is None
    assert "its worker had served before: …, before [n=5], before [n=6], before [n=7]" in ran.done.stdout
    assert "after those" not in ran.done.stdout


def test_what_others_ran_between_comes_before(tmp_path: Path) -> None:
    """Of a scenario whose steps others ran between, each of which failed as well."""
    ran = several.run(
        tmp_path,
        """  - name: long
    steps:
      - {id: one, function: count}
      - {id: other, function: clean, event: {}}
      - {id: two, function: count, expect: {output_includes: {calls: 1}}}
"""
        + "".join(
            f"  - {{name: s{n}, function: count, expect: {{output_includes: {{calls: 1}}}}}}\n"
            for n in range(9)
        ),
        *("-j", "1"),
    )
    words = {
        one["id"].rpartition("::")[2]: bash_words(invocation["replay"])[1:]
        for one in ran.report["results"]
        for invocation in one["attempts"][0]["invocations"]
        if invocation["replay"] and "@" in invocation["replay"]
    }
    listed = (tmp_path / words["s8"][3].removeprefix("@")).read_text().splitlines()
    assert listed == ["all.yml::long", *(f"all.yml::s{n}" for n in range(9))]
    assert words["s8"][4:] == []


def test_a_difference_of_the_warm_check_names_what_came_before(tmp_path: Path) -> None:
    ran = several.run(
        tmp_path,
        """\
  - {name: innocent, function: remember, event: {what: nothing}}
  - {name: poisons, function: remember, event: {what: poison, keep: true}}
  - name: is poisoned
    steps:
      - {id: one, function: clean}
      - {id: two, function: remember}
      - {id: three, function: clean}
  - {name: alone, function: count}
""",
        *("-j", "1", "--warm-check"),
    )
    assert {name for name, status in ran.statuses.items() if status == "failed"} == {
        "poisons",
        "is poisoned",
        "alone",
    }
    (bad,) = [one for one in ran.result("is poisoned")["attempts"] if one["status"] == "failed"]
    one, two, three = bad["invocations"]
    assert (one["before"], one["replay"], three["before"]) == ([], None, [])
    assert two["before"] == ["all.yml::innocent", "all.yml::poisons"]
    said = "its worker had served before: innocent, poisons"
    assert f"  {said}\n  again, after those: {two['replay']}\n" in ran.done.stdout
    assert f"{said}\nagain, after those: {two['replay']}" in (tmp_path / "reports/junit.xml").read_text()
    again = running.run(tmp_path, *shlex.split(two["replay"])[1:], "--no-reports")
    assert again.status == 1
    assert (
        "✗ all.yml::is poisoned" in again.stdout
        and 'a fresh worker gives null, a warm one "poison"' in again.stdout
    )
    # What a scenario leaves for itself.
    (alone,) = [one for one in ran.result("alone")["attempts"] if one["status"] == "failed"]
    assert alone["invocations"][0]["before"] == ["all.yml::alone"]
    assert alone["invocations"][0]["replay"] == "lambda-scenarios run -j 1 all.yml::alone --warm-check"
