"""Steps in the real program: what later ones see of earlier ones, where a scenario ends, and what is told."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from lxml import etree  # type: ignore[import-untyped]  # lxml has no types of its own

from tests.program import reported, running, several


def test_what_a_step_returned_is_seen_by_later_ones(tmp_path: Path) -> None:
    ran = several.run(
        tmp_path,
        """\
  - name: order [n={{ vars.n }}]
    vars: {n: 7, order: "{{ uuid() }}"}
    env: {OF_STEP: scenario}
    steps:
      - id: create
        function: create
        event: {what: "{{ vars.order }}"}
        expect: {output_includes: {what: "{{ vars.order }}"}}
      - id: fetch
        function: get
        event: {id: "{{ steps.create.output.id }}"}
        env: {OF_STEP: "{{ steps.create.output.what }}"}
        context: {function_name: "of-{{ steps.create.output.id }}"}
        expect: {output: {found: o-1, env: "{{ vars.order }}", name: of-o-1}, logs: {$length: 0}}
      - function: get
        event: {id: "{{ steps.fetch.output.found }}"}
        expect: {output_includes: {env: scenario}}
      - id: failing
        function: get
        event: {id: unknown}
        expect: {error: {type: KeyError}}
      - function: clean
        event: {whole: "{{ steps.create.output }}", logs: "{{ steps.create.logs }}",
                error: "{{ steps.failing.error.type }}: {{ steps.failing.error.message }}"}
        expect:
          output_includes:
            echo:
              whole: {id: o-1, what: "{{ vars.order }}", secret: null}
              logs: "creating {{ vars.order }}\\n"
              error: "KeyError: 'unknown'"
""",
    )
    assert ran.done.status == 0, ran.done.stdout
    (result,) = ran.report["results"]
    (attempt,) = result["attempts"]
    assert [one["step"] for one in attempt["invocations"]] == ["create", "fetch", "3", "failing", "5"]
    assert result["function"] == "create, get, clean"
    assert result["duration_ms"] == pytest.approx(
        sum(one["duration_ms"] for one in attempt["invocations"]), abs=0.01
    )
    reported.valid(ran.report)
    environments = {one["key"]: one["variables"] for one in ran.report["environments"]}
    fetch = attempt["invocations"][1]
    order = attempt["invocations"][0]["event"]["what"]
    assert environments[fetch["environment"]]["OF_STEP"] == order, "known only when the step began"


def test_a_failed_step_ends_its_scenario(tmp_path: Path) -> None:
    ran = several.run(
        tmp_path,
        """\
  - name: three
    steps:
      - {id: one, function: create}
      - {id: two, function: get, event: {id: "{{ steps.one.output.what }}"}}
      - {id: three, function: nth, event: {trace: reached}}
      - {id: four, function: get}
  - {name: after, function: create}
""",
    )
    assert ran.done.status == 1
    assert ran.statuses == {"three": "failed", "after": "passed"}
    (attempt,) = ran.result("three")["attempts"]
    assert [one["step"] for one in attempt["invocations"]] == ["one", "two"]
    assert attempt["not_run"] == ["three", "four"]
    assert not (tmp_path / "traces" / "reached").exists()
    assert "step two (get)" in ran.done.stdout
    assert "not run: 2 steps (three, four)" in ran.done.stdout
    junit = etree.parse(tmp_path / "reports" / "junit.xml")
    (failure,) = junit.iter("failure")
    assert "step two (get)" in failure.text and "not run: three, four" in failure.text
    steps = [one.get("value") for one in junit.iter("property") if one.get("name") == "step"]
    assert steps == ["one", "two"]


def test_a_template_of_a_later_step_that_fails_is_an_error_with_its_place(tmp_path: Path) -> None:
    ran = several.run(
        tmp_path,
        """\
  - name: late
    steps:
      - {id: one, function: create}
      - {id: two, function: get, event: "{{ steps.one.output.nothing.there }}"}
      - {id: three, function: get}
""",
    )
    assert (ran.done.status, ran.statuses) == (1, {"late": "error"})
    result = ran.result("late")
    assert result["reason"].startswith("all.yml:13:")
    assert "`steps.one.output.nothing` is undefined" in result["reason"]
    assert result["attempts"][0]["not_run"] == ["two", "three"]


MISTAKES = """\
  - name: mistakes
    steps:
      - {id: one, function: create, event: "{{ steps.one.output }}"}
      - {id: one, function: create}
  - name: of its own
    function: get
    expect: {output: 1}
    steps:
      - {id: one, function: create}
  - name: late ones
    steps:
      - {id: one, function: create}
      - {id: two, function: gte, event: "{{ steps.one.output }}", timeout: "{{ steps.thre.output }}"}
      - {id: three, function: get, event: {a: "{{ steps.one.output }}", b: "{{ nothing }}"}}
  - name: too early
    steps:
      - {id: first, function: get, event: "{{ steps.fourth.output }}"}
      - {id: second, function: get, event: "{{ steps.fourth.output }}"}
      - {id: fourth, function: get}
"""


def test_mistakes_are_found_before_anything_runs(tmp_path: Path) -> None:
    several.write(tmp_path, MISTAKES)
    done = running.run(tmp_path, "validate", "all.yml")
    assert done.status == 2
    for said in (
        "two steps have the id `one`",
        "a scenario with `steps` has no `expect` of its own",
        "no function `gte`",
        "`steps.thre` is undefined",
        "`nothing` is undefined",
        "no step is before",
        "the steps before are: first\n",
    ):
        assert said in done.stderr, said


def test_what_steps_return_is_known_in_steps_alone(tmp_path: Path) -> None:
    several.write(
        tmp_path,
        """\
  - name: outside
    description: "{{ steps.one.output }}"
    steps:
      - {id: one, function: create}
""",
    )
    done = running.run(tmp_path, "run", "all.yml")
    assert done.status == 2
    assert "outside of `steps` asks for what a step returns" in done.stderr


def test_a_variable_may_be_made_of_what_a_step_returned(tmp_path: Path) -> None:
    ran = several.run(
        tmp_path,
        """\
  - name: by variable
    vars: {key: "{{ steps.one.output.id }}", drawn: "{{ uuid() }}"}
    steps:
      - {id: one, function: create, event: {what: "{{ vars.drawn }}"}}
      - {function: get, event: {id: "{{ vars.key }}"}, expect: {output_includes: {found: o-1}}}
      - function: clean
        event: "{{ vars.drawn }}"
        expect: {output_includes: {echo: "{{ steps.one.output.what }}"}}
""",
    )
    assert ran.done.status == 0, ran.done.stdout


def test_random_values_of_a_step_depend_on_it_alone(tmp_path: Path) -> None:
    steps = """\
  - name: random
    steps:
      - {id: one, function: clean, event: "{{ uuid() }}"}
      - {id: two, function: clean, event: "{{ steps.one.output.id[:0] }}{{ uuid() }}"}
"""
    first = several.run(tmp_path, steps, "--seed", "7").result("random")
    again = several.run(tmp_path, steps, "--seed", "7", "--repeat", "2").result("random")
    drawn = [one["event"] for one in first["attempts"][0]["invocations"]]
    assert len(set(drawn)) == 2
    assert [one["event"] for one in again["attempts"][0]["invocations"]] == drawn * 2


def test_functions_of_steps_select(tmp_path: Path) -> None:
    several.write(
        tmp_path,
        """\
  - {name: steps, steps: [{function: create}, {function: "{{ 'get' }}", event: {id: o-1}}]}
  - {name: other, function: clean}
""",
    )
    done = running.run(tmp_path, "run", "all.yml", "--function", "get", "--no-reports")
    assert done.status == 0 and "1 passed" in done.stdout


def test_steps_share_the_workers_of_the_scenario(tmp_path: Path) -> None:
    """Warm: with all others. Cold: among themselves."""
    ran = several.run(
        tmp_path,
        """\
  - {name: before, function: count}
  - name: warm
    steps:
      - {function: count}
      - {function: clean}
      - {function: count, expect: {output_includes: {calls: {$in: [3, 4]}}}}
  - name: cold
    isolation: cold
    steps: [{function: count}, {function: clean}, {function: count, expect: {output_includes: {calls: 2}}}]
  - {name: after, function: count, expect: {output_includes: {calls: {$in: [3, 4]}}}}
""",
        "-j",
        "1",
    )
    assert ran.done.status == 0, ran.done.stdout


def test_an_interrupted_scenario_keeps_the_steps_that_ran(tmp_path: Path) -> None:
    several.write(
        tmp_path,
        """\
  - name: broken off
    timeout: 50
    steps:
      - {id: one, function: create}
      - {id: two, function: wait, event: {trace: waiting}}
      - {id: three, function: get}
""",
    )
    process = running.start(tmp_path, ["run", "all.yml"])
    running.appears(tmp_path / "traces" / "waiting", process)
    done = running.interrupt(process, signal.SIGINT)
    assert done.status == 130
    (result,) = json.loads((tmp_path / "reports" / "report.json").read_text())["results"]
    assert result["status"] == "not run"
    (attempt,) = result["attempts"]
    assert [one["step"] for one in attempt["invocations"]] == ["one"]
    assert attempt["not_run"] == ["two", "three"]
