"""retries, repeat, serial, xfail, --fail-on-flaky and --warm-check in the real program."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree  # type: ignore[import-untyped]  # lxml has no types of its own

from tests.program import running, several

FLAKY = """\
  - {name: flaky, function: nth, event: {trace: flaky}, retries: 3, expect: {output_includes: {n: 3}}}
  - {name: never, function: nth, event: {trace: never}, retries: 2, expect: {output_includes: {n: 9}}}
  - {name: at once, function: nth, event: {trace: once}, retries: 2}
  - {name: exits, function: nth, event: {trace: exits, exits: 1}, retries: 1}
"""


def test_a_retry_runs_on_a_fresh_worker(tmp_path: Path) -> None:
    ran = several.run(tmp_path, FLAKY)
    assert ran.done.status == 1
    assert ran.statuses == {"flaky": "flaky", "never": "failed", "at once": "passed", "exits": "flaky"}
    flaky = ran.result("flaky")
    assert [one["status"] for one in flaky["attempts"]] == ["failed", "failed", "passed"]
    assert flaky["attempts"][-1]["invocations"][0]["output"] == {"n": 3, "pids": 3}
    assert [one["invocations"][0]["nth"] for one in flaky["attempts"][1:]] == [1, 1]
    assert len(ran.result("never")["attempts"]) == 3
    assert "passed at attempt 3" in ran.done.stdout
    cases = {one.get("name"): one for one in etree.parse(tmp_path / "reports" / "junit.xml").iter("testcase")}
    flaky_failures = {name: len(list(case.iter("flakyFailure"))) for name, case in cases.items()}
    assert flaky_failures == {"flaky": 2, "exits": 1, "at once": 0, "never": 0}
    assert len(list(cases["never"].iter("failure"))) == 1
    assert len(list(cases["never"].iter("rerunFailure"))) == 2


def test_flaky_ones_may_fail_the_run(tmp_path: Path) -> None:
    scenario = "  - {name: flaky, function: nth, event: {trace: t}, expect: {output_includes: {n: 2}}}\n"
    passes = several.run(tmp_path, scenario, "--retries", "1").done
    assert passes.status == 0 and "expected 2" not in passes.stdout
    (tmp_path / "traces" / "t").unlink()
    fails = several.run(tmp_path, scenario, "--retries", "1", "--fail-on-flaky", "-q").done
    assert fails.status == 1
    assert "↻ all.yml::flaky\n" in fails.stdout and "attempt 1 of 2:" in fails.stdout
    assert "(--fail-on-flaky)" in fails.stdout and "expected 2, found 1" in fails.stdout
    (tmp_path / "traces" / "t").unlink()
    assert several.run(tmp_path, scenario, "--retries", "0").done.status == 1


def test_a_retry_repeats_all_steps(tmp_path: Path) -> None:
    ran = several.run(
        tmp_path,
        """\
  - name: steps
    retries: 1
    steps:
      - {id: one, function: nth, event: {trace: one}}
      - {id: two, function: nth, event: {trace: two}, expect: {output_includes: {n: 2, pids: 2}}}
      - {id: three, function: nth, event: {trace: "t{{ steps.one.output.n }}"}}
""",
    )
    assert ran.statuses == {"steps": "flaky"}
    attempts = ran.result("steps")["attempts"]
    assert [[one["step"] for one in attempt["invocations"]] for attempt in attempts] == [
        ["one", "two"],
        ["one", "two", "three"],
    ]
    # Both functions of the second attempt are served by one fresh worker: they are one function.
    assert len({one["worker"] for one in attempts[1]["invocations"]}) == 1
    assert {one["worker"] for one in attempts[0]["invocations"]}.isdisjoint(
        one["worker"] for one in attempts[1]["invocations"]
    )
    assert (tmp_path / "traces" / "t2").exists(), "captures are those of the attempt"


@pytest.mark.parametrize("isolation", ["warm", "cold"])
def test_repetitions_are_of_one_worker(tmp_path: Path, isolation: str) -> None:
    ran = several.run(
        tmp_path,
        f"""\
  - {{name: thrice, function: count, repeat: 3, isolation: {isolation}}}
  - {{name: other, function: count, isolation: {isolation}}}
  - name: until
    function: nth
    event: {{trace: until}}
    repeat: 5
    expect: {{output_includes: {{n: {{$lte: 3}}}}}}
""",
    )
    assert ran.statuses == {"thrice": "passed", "other": "passed", "until": "failed"}
    (attempt,) = ran.result("thrice")["attempts"]
    assert len({one["output"]["pid"] for one in attempt["invocations"]}) == 1
    assert len(attempt["invocations"]) == 3
    (attempt,) = ran.result("until")["attempts"]
    assert [one["output"]["n"] for one in attempt["invocations"]] == [1, 2, 3, 4], "the first that fails"
    assert "\n  repetition 4\n" in ran.done.stdout
    assert (
        "\nrepetition 4:\n"
        in "\n" + etree.parse(tmp_path / "reports/junit.xml").findtext(".//failure").lstrip()
    )


def test_a_serial_group_runs_in_order_on_one_worker(tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(12)]
    scenarios = "".join(
        f"  - {{name: {name}, function: count, serial: db, expect: {{output_includes: {{calls: {n}}}}}}}\n"
        f"  - {{name: other {name}, function: count}}\n"
        for n, name in enumerate(names, 1)
    )
    for options in (("-j", "4"), ("-j", "4", "--order", "random", "--seed", "3")):
        ran = several.run(tmp_path, scenarios, *options)
        assert ran.done.status == 0, ran.done.stdout
        invocations = [ran.result(name)["attempts"][0]["invocations"][0] for name in names]
        assert len({one["worker"] for one in invocations}) == 1
        assert [one["started"] for one in invocations] == sorted(one["started"] for one in invocations)


def test_a_failure_within_a_serial_group_doesnt_keep_the_others(tmp_path: Path) -> None:
    ran = several.run(
        tmp_path,
        """\
  - {name: a, function: nth, event: {trace: a}, serial: g, retries: 1, expect: {output_includes: {n: 2}}}
  - {name: b, function: nth, event: {trace: b, exits: 1}, serial: g}
  - {name: c, serial: g, steps: [{function: nth, event: {trace: c}}, {function: create}]}
  - {name: d, function: create, serial: "{{ 'g' }}", skip: not now}
  - {name: e, function: create, serial: g}
""",
    )
    assert ran.statuses == {"a": "flaky", "b": "failed", "c": "passed", "d": "skipped", "e": "passed"}


def test_an_expected_failure_is_skipped_and_a_pass_fails(tmp_path: Path) -> None:
    scenarios = """\
  - {name: fails, function: get, xfail: "ticket 12"}
  - {name: passes, function: create, xfail: "ticket 13"}
  - {name: until then, function: get, xfail: {reason: ticket 14, until: 2030-06-01}}
  - {name: steps, steps: [{function: create}, {function: get}], xfail: ticket 15}
"""
    ran = several.run(tmp_path, scenarios, "--now", "2030-06-01T23:59:59Z")
    assert ran.statuses == {
        "fails": "skipped",
        "passes": "failed",
        "until then": "skipped",
        "steps": "skipped",
    }
    assert "ticket 12" in ran.result("fails")["reason"]
    assert "ticket 13" in ran.result("passes")["reason"]
    assert "it was expected to fail, and passed: ticket 13" in ran.done.stdout
    assert ran.result("fails")["attempts"], "what it did is in the report"
    skipped = list(etree.parse(tmp_path / "reports" / "junit.xml").iter("skipped"))
    assert len(skipped) == 3
    assert several.run(tmp_path, scenarios, "--now", "2030-06-02").statuses["until then"] == "failed"


def test_a_date_that_is_none(tmp_path: Path) -> None:
    several.write(tmp_path, "  - {name: a, function: get, xfail: {reason: r, until: 2030-02-30}}\n")
    done = running.run(tmp_path, "run", "all.yml")
    assert done.status == 2
    assert "`until` must be a day: not " in done.stderr and "2030-02-30" in done.stderr


def test_the_warm_check_finds_state_that_leaks(tmp_path: Path) -> None:
    ran = several.run(
        tmp_path,
        """\
  - {name: leaks, function: count}
  - {name: random alone, function: clean}
  - {name: same error, function: get}
  - {name: fails warm, function: count, expect: {output_includes: {calls: 1}}}
  - {name: steps, steps: [{id: one, function: clean}, {id: two, function: count}]}
  - {name: fails, function: get, event: {id: o-1}, expect: {output: 1}}
""".replace("{name: same error, function: get}", "{name: same error, function: get, expect: {error: true}}"),
        "--warm-check",
    )
    assert ran.statuses == {
        "leaks": "failed",
        "random alone": "passed",
        "same error": "passed",
        "fails warm": "failed",
        "steps": "failed",
        "fails": "failed",
    }
    leaks = ran.result("leaks")
    assert leaks["reason"] == "its result on a warm worker differs from that on a fresh one"
    told = [
        mismatch
        for attempt in leaks["attempts"]
        for one in attempt["invocations"]
        for mismatch in one["mismatches"]
    ]
    assert [(one["expectation"], one["location"]) for one in told] == [("--warm-check", "output.calls")]
    assert [one["kind"] for one in ran.result("random alone")["attempts"]][:2] == ["cold", "warm"]
    (bad,) = [one for one in ran.result("steps")["attempts"] if one["status"] == "failed"]
    assert [bool(one["mismatches"]) for one in bad["invocations"]] == [False, True]
    assert ran.result("fails warm")["reason"] == "it passes on a fresh worker, and not on a warm one"
    assert len(ran.result("fails")["attempts"]) == 1
    assert "a fresh worker gives 1, a warm one" in ran.done.stdout


def test_the_warm_check_finds_what_a_scenario_leaves_for_itself(tmp_path: Path) -> None:
    """Also where its worker was made warm by others."""
    ran = several.run(
        tmp_path,
        """\
  - {name: other, function: remember, event: {what: other}}
  - {name: remembers, function: remember, event: {what: itself, keep: true}}
  - {name: repeated, function: remember, event: {what: again, keep: true}, repeat: 2}
""",
        *("--warm-check", "-j", "1"),
    )
    assert ran.statuses == {"other": "passed", "remembers": "failed", "repeated": "failed"}
    assert 'a fresh worker gives null, a warm one "itself"' in ran.done.stdout
    (bad,) = [one for one in ran.result("remembers")["attempts"] if one["status"] == "failed"]
    assert bad["invocations"][0]["before"] == ["all.yml::other", "all.yml::remembers"]


def test_the_warm_check_says_nothing_of_what_is_drawn_at_random(tmp_path: Path) -> None:
    ran = several.run(
        tmp_path,
        "".join(f"  - {{name: draws {n}, function: clean, event: {{draw: true}}}}\n" for n in range(4))
        + "  - {name: leaks, function: count}\n",
        "--warm-check",
    )
    assert [name for name, status in ran.statuses.items() if status == "failed"] == ["leaks"]
    told = [
        one["mismatches"] for attempt in ran.result("leaks")["attempts"] for one in attempt["invocations"]
    ]
    assert [one["location"] for mismatches in told for one in mismatches] == ["output.calls"]


def test_what_failed_and_was_not_tried_again_has_failed(tmp_path: Path) -> None:
    several.write(
        tmp_path,
        """\
  - name: retried
    timeout: 50
    retries: 2
    steps:
      - {function: nth, event: {trace: first}, expect: {output_includes: {n: 2}}}
      - {function: wait, event: {trace: waiting}}
  - {name: waits, timeout: 50, function: wait, event: {trace: alone}}
""",
    )
    process = running.start(tmp_path, ["run", "all.yml"])
    running.appears(tmp_path / "traces" / "waiting", process)
    done = running.interrupt(process)
    assert done.status == 130
    assert "1 failed · 1 not run" in done.stdout
    assert "it was not tried again: the run was interrupted (SIGINT)" in done.stdout
    assert "expected 2, found 1" in done.stdout
    found = json.loads((tmp_path / "reports" / "report.json").read_text())["results"]
    assert [(one["status"], len(one["attempts"])) for one in found] == [("failed", 2), ("not run", 0)]
    junit = etree.parse(tmp_path / "reports" / "junit.xml")
    assert len(list(junit.iter("failure"))) == 1 and not list(junit.iter("rerunFailure"))
    assert "1 of 2 scenarios" in running.run(tmp_path, "list", "all.yml", "--last-failed").stderr


BOOTSTRAP = """\
import json, os, time
from urllib.request import Request, urlopen

api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
answered = 0
while True:
    got = urlopen(api + "next")
    seconds = json.load(got)
    # Whole milliseconds, rounded down.
    in_time = int(got.headers["Lambda-Runtime-Deadline-Ms"]) + 1 >= (answered + 20) * 1000
    time.sleep(seconds)
    answered = time.time()
    answer = api + got.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    urlopen(Request(answer, data=json.dumps(in_time).encode()))
"""


def test_the_time_of_a_repetition_runs_from_its_own_beginning(tmp_path: Path) -> None:
    """Of a client that knows no other deadline than AWS's, which is absolute."""
    bootstrap = tmp_path / "bootstrap"
    bootstrap.write_text(f"#!{sys.executable}\n{BOOTSTRAP}")
    bootstrap.chmod(0o755)
    (tmp_path / "all.yml").write_text(
        """\
functions: {own: {handler: none, runtime: provided.al2023, code: ., timeout: 20}}
defaults: {function: own, event: 0.1, expect: {output: true}}
scenarios:
  - {name: repeated, repeat: 4}
  - {name: others, matrix: {n: [1, 2, 3]}}
"""
    )
    done = running.run(tmp_path, "run", "all.yml", "-j", "1", "--no-reports")
    assert done.status == 0, done.stdout


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    mark = f"several-{tmp_path.name}-{id(tmp_path)}"
    several.run(tmp_path, FLAKY, "--repeat", "2", "--warm-check", env={running.MARK: mark})
    assert running.left_behind(mark) == []


def test_a_group_of_serial_ones_ends_before_another_begins(tmp_path: Path) -> None:
    groups = 12
    ran = several.run(
        tmp_path,
        "".join(
            f"  - {{name: s{n}, function: count, serial: g{n % groups}, expect: {{output_includes: "
            f"{{calls: {n // groups + 1}}}}}}}\n"
            for n in range(3 * groups)
        ),
        *("-j", "1"),
    )
    assert ran.done.status == 0
    begun = [one["attempts"][0]["invocations"][0] for one in ran.report["results"]]
    order = [one["worker"] for one in sorted(begun, key=lambda one: one["started"])]
    changes = sum(1 for one, other in pairwise(order) if one != other)
    assert changes == groups - 1, "no more workers wait for the rest of a group than run at once"
