"""What a warm worker had served before a failure, and the command that does it again."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.program import running, several


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
    assert not (tmp_path / ".lambda-scenarios" / "worker-1.txt").exists()


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
    assert {name for name, status in ran.statuses.items() if status == "failed"} == {"is poisoned", "alone"}
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
