"""`merge`: shards to one set of reports, the same as those of one run."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambda_scenarios.reports import report_file, spool
from tests.program import running
from tests.program.reported import load
from tests.program.running import VERSION

SERVICE = f"""\
service: shop
provider: {{name: aws, runtime: python{VERSION}}}
functions:
  echo: {{handler: app.echo}}
  fail: {{handler: app.fail}}
"""
APP = """\
import os

def echo(event, context):
    print("echo", os.environ.get("CELL"))
    return event

def fail(event, context):
    raise ValueError(event)
"""
ORDERS = """\
scenarios:
  - {name: passes, function: echo, event: {a: 1}, expect: {output: {a: 1}}, tags: [good]}
  - {name: fails, function: echo, event: {a: 1}, expect: {output: {a: 2}}}
  - {name: "n {{ matrix.n }}", function: echo, matrix: {n: [1, 2, 10]}, event: {n: "{{ matrix.n }}"}}
  - {name: raises, function: fail, event: "é漢"}
"""
REST = """\
scenarios:
  - {name: skipped, function: echo, skip: not today}
  - {name: other environment, function: echo, env: {CELL: b}, expect: {logs: echo b}}
  - {name: cold, function: echo, isolation: cold}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, with the reports of one run in `whole`, and of three shards in `1` to `3`."""
    project = tmp_path_factory.mktemp("shop")
    (project / "serverless.yml").write_text(SERVICE)
    (project / "app.py").write_text(APP)
    (project / "scenarios").mkdir()
    (project / "scenarios" / "orders.yml").write_text(ORDERS)
    (project / "scenarios" / "rest.yml").write_text(REST)
    running.run(project, "run", "--seed", "1", "--report-dir", "whole")
    for number in range(1, 4):
        arguments = ("--shard", f"{number}/3", "--timings", "whole/report.json", "--seed", "1")
        running.run(project, "run", *arguments, "--report-dir", str(number))
    return project


SHARDS = ("1/report.json", "2/report.json", "3/report.json")


def test_shards_merged_say_what_one_run_says(shop: Path, tmp_path: Path) -> None:
    done = running.run(shop, "merge", *SHARDS, "--report-dir", str(tmp_path))
    assert (done.status, done.stderr) == (1, "")
    assert "6 passed · 2 failed · 1 skipped" in done.stdout
    merged, whole = load(tmp_path), load(shop / "whole")
    assert merged["summary"] == whole["summary"]

    def said(report: Any) -> list[Any]:
        return [
            (
                result["id"],
                result["status"],
                result["reason"],
                result["tags"],
                [
                    (i["event"], i.get("output"), i["error"], i["mismatches"], i["logs"], i["ending"])
                    for attempt in result["attempts"]
                    for i in attempt["invocations"]
                ],
            )
            for result in report["results"]
        ]

    assert said(merged) == said(whole)
    suites = [
        [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in ET.parse(path).getroot()]
        for path in (tmp_path / "junit.xml", shop / "whole" / "junit.xml")
    ]
    assert suites[0] == suites[1]
    # What runs a failure again is the same too: the conditions of all shards are alike.
    assert merged["run"]["command"] == ["lambda-scenarios", "run", "--seed", "1"]
    assert "2 failed" in (tmp_path / "report.html").read_text()
    assert spool.unfinished(str(tmp_path)) == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "report.html", "report.json"]


def test_workers_and_environments_are_told_apart(shop: Path, tmp_path: Path) -> None:
    running.run(shop, "merge", *SHARDS, "--report-dir", str(tmp_path))
    merged = load(tmp_path)
    variables = {one["key"]: one["variables"] for one in merged["environments"]}
    assert len(variables) == len(merged["environments"])
    seen: dict[int, set[int]] = {}
    for result in merged["results"]:
        for attempt in result["attempts"]:
            for i in attempt["invocations"]:
                assert ("CELL" in variables[i["environment"]]) == (result["name"] == "other environment")
                assert i["nth"] not in seen.setdefault(i["worker"], set()), "two workers have one number"
                seen[i["worker"]].add(i["nth"])


def test_a_missing_shard_is_named(shop: Path, tmp_path: Path) -> None:
    done = running.run(shop, "merge", SHARDS[0], SHARDS[2], "--report-dir", str(tmp_path))
    assert done.status == 1
    assert "shard 2/3 is missing" in done.stderr
    assert load(tmp_path)["end"]["interrupted"] == "shard 2/3 is missing"
    assert "shard 2/3 is missing" in (tmp_path / "report.html").read_text()


def test_of_many_missing_shards_neighbours_are_named_as_one(shop: Path, tmp_path: Path) -> None:
    paths = []
    for number in (2, 4):
        into = tmp_path / str(number)
        running.run(shop, "run", "-k", "cold", "--shard", f"{number}/{10**15}", "--report-dir", str(into))
        paths.append(str(into / "report.json"))
    done = running.run(shop, "merge", *paths, "--report-dir", str(tmp_path / "all"))
    assert done.stderr.splitlines() == [
        f"warning: shard 1/{10**15} is missing",
        f"warning: shard 3/{10**15} is missing",
        f"warning: the shards 5 to {10**15} of {10**15} are missing",
    ]


def test_without_reports_nothing_is_left_and_nothing_taken_away(shop: Path, tmp_path: Path) -> None:
    env = {"TMPDIR": str(tmp_path)}
    done = running.run(shop, "merge", *SHARDS, "--no-reports", env=env)
    assert (done.status, done.stderr) == (1, "")
    done = running.run(shop, "merge", *SHARDS, "--no-reports", "--junit", "-", env=env)
    assert done.stdout.startswith("<?xml")
    assert list(tmp_path.iterdir()) == []


def test_all_that_passed_is_status_0_and_a_missing_shard_isn_t(shop: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        arguments = (
            "-k",
            "cold or skipped",
            "--shard",
            f"{number}/2",
            "--report-dir",
            str(tmp_path / f"{number}"),
        )
        assert running.run(shop, "run", *arguments).status == 0
    paths = [str(tmp_path / number / "report.json") for number in "12"]
    into = ("--report-dir", str(tmp_path / "all"))
    assert running.run(shop, "merge", *paths, *into).status == 0
    assert running.run(shop, "merge", paths[0], *into).status == 1


def test_shards_of_different_divisions_are_told(shop: Path, tmp_path: Path) -> None:
    running.run(
        shop, "run", "--shard", "2/3", "-k", "cold or skipped or passes", "--report-dir", str(tmp_path / "2")
    )
    reports = (
        SHARDS[0],
        str(tmp_path / "2" / "report.json"),
        SHARDS[2],
        "--report-dir",
        str(tmp_path / "all"),
    )
    done = running.run(shop, "merge", *reports, "--reruns")
    assert "the shards of 3 were not made of the same scenarios and timings" in done.stderr


def test_the_same_result_twice_is_refused(shop: Path, tmp_path: Path) -> None:
    done = running.run(shop, "merge", SHARDS[0], "whole/report.json", "--report-dir", str(tmp_path))
    assert done.status == 2
    assert "in more than one report" in done.stderr
    assert "1/report.json and whole/report.json" in done.stderr
    assert "--reruns" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("also", [SHARDS[0], f"./{SHARDS[0]}"])
def test_a_report_named_twice_is_refused(shop: Path, tmp_path: Path, also: str) -> None:
    done = running.run(shop, "merge", *SHARDS, also, "--reruns", "--report-dir", str(tmp_path))
    assert done.status == 2
    assert f"{SHARDS[0]} is named twice: each report counts once" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_labels_tell_the_cells_of_a_matrix_apart(shop: Path, tmp_path: Path) -> None:
    for cell in ("a", "b"):
        arguments = ("--label", f"cell={cell}", "--label", "job=7", "-k", "passes or fails")
        running.run(shop, "run", *arguments, "--report-dir", str(tmp_path / cell))
    into = tmp_path / "all"
    paths = [str(tmp_path / cell / "report.json") for cell in "ab"]
    more = ("--ctrf", str(tmp_path / "ctrf.json"), "--tap", str(tmp_path / "tap"))
    done = running.run(shop, "merge", *paths, "--report-dir", str(into), *more)
    assert done.status == 1
    assert "2 passed · 2 failed" in done.stdout
    merged = load(into)
    assert merged["run"]["labels"] == {"job": "7"}
    found = [(result["name"], result["labels"]) for result in merged["results"]]
    assert found == [(name, [f"cell={cell}"]) for cell in "ab" for name in ("passes", "fails")]
    cases = [
        (suite.get("name"), [case.get("name") for case in suite.iter("testcase")])
        for suite in ET.parse(into / "junit.xml").getroot()
    ]
    assert cases == [("scenarios/orders.yml", [f"passes [cell={c}]", f"fails [cell={c}]"]) for c in "ab"]
    tests = json.loads((tmp_path / "ctrf.json").read_text())["results"]["tests"]
    assert len({test["testId"] for test in tests}) == 4
    assert {json.dumps(test["labels"]) for test in tests} == {
        '{"job": "7", "cell": "a"}',
        '{"job": "7", "cell": "b"}',
    }
    # Merged reports can be merged again: labels and ids say the same.
    again = running.run(
        shop, "merge", str(into / "report.json"), paths[0], "--report-dir", str(tmp_path / "2")
    )
    assert again.status == 2
    alone = running.run(shop, "merge", str(into / "report.json"), "--report-dir", str(tmp_path / "3"))
    assert alone.status == 1
    assert load(tmp_path / "3")["results"] == merged["results"]


def test_reruns_unite_attempts_and_a_pass_after_a_failure_is_flaky(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "app.py").write_text(APP)
    scenarios = tmp_path / "s.yml"
    text = "scenarios:\n" + "".join(
        f"  - {{name: {name}, function: echo, event: {{a: 1}}, expect: {{output: {{a: {number}}}}}}}\n"
        for name, number in (("mended", 2), ("passes", 1), ("fails", 3))
    )
    scenarios.write_text(text)
    running.run(tmp_path, "run", "s.yml", "--report-dir", "first")
    scenarios.write_text(text.replace("a: 2", "a: 1"))
    running.run(tmp_path, "run", "s.yml", "--last-failed", "--report-dir", "second")
    # in any order: runs know when they were started
    done = running.run(tmp_path, "merge", "second/report.json", "first/report.json", "--reruns")
    assert done.status == 1
    found = {
        result["name"]: (result["status"], [attempt["status"] for attempt in result["attempts"]])
        for result in load(tmp_path / "reports")["results"]
    }
    assert found == {
        "mended": ("flaky", ["failed", "passed"]),
        "passes": ("passed", ["passed"]),
        "fails": ("failed", ["failed", "failed"]),
    }
    assert ET.parse(tmp_path / "reports" / "junit.xml").find(".//flakyFailure") is not None


def test_a_merged_report_has_the_times_for_the_next_run(shop: Path, tmp_path: Path) -> None:
    running.run(shop, "merge", *SHARDS, "--report-dir", str(tmp_path))
    arguments = ("--json", "--shard", "1/3", "--timings")
    merged = running.run(shop, "list", *arguments, str(tmp_path / "report.json"))
    shards = running.run(shop, "list", *arguments, SHARDS[0], "--timings", SHARDS[1], "--timings", SHARDS[2])
    assert merged.stdout == shards.stdout
    assert merged.status == 0


def test_interrupted_shards_are_told(shop: Path, tmp_path: Path) -> None:
    running.run(shop, "run", "-k", "orders", "-x", "-j", "1", "--report-dir", str(tmp_path / "1"))
    done = running.run(
        shop, "merge", str(tmp_path / "1" / "report.json"), "--report-dir", str(tmp_path / "all")
    )
    assert done.status == 1
    assert "enough scenarios had failed" in done.stderr
    assert load(tmp_path / "all")["summary"]["not run"] > 0


def test_a_shard_that_was_repeated_to_its_end_is_no_gap(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "app.py").write_text(APP)
    names = "".join(f"  - {{name: s{n}, function: echo, expect: {{output: 1}}}}\n" for n in range(4))
    scenarios = tmp_path / "s.yml"
    scenarios.write_text(f"scenarios:\n{names}")
    running.run(tmp_path, "run", "s.yml", "--shard", "1/2", "-x", "-j", "1", "--report-dir", "stopped")
    scenarios.write_text(f"scenarios:\n{names.replace(', expect: {output: 1}', '')}")
    for number in (1, 2):
        running.run(tmp_path, "run", "s.yml", "--shard", f"{number}/2", "--report-dir", str(number))
    reports = ("stopped/report.json", "1/report.json", "2/report.json")
    done = running.run(tmp_path, "merge", *reports, "--reruns")
    assert (done.status, done.stderr) == (0, "")
    assert load(tmp_path / "reports")["end"]["interrupted"] is None
    done = running.run(tmp_path, "merge", reports[0], reports[2], "--reruns")
    assert done.status == 1
    assert "enough scenarios had failed" in done.stderr


@pytest.mark.parametrize("arguments", ["merge", "merge nowhere.json", "merge serverless.yml"])
def test_what_can_t_be_merged_is_refused(shop: Path, arguments: str) -> None:
    done = running.run(shop, *arguments.split())
    assert done.status == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda report: report["run"]["labels"].update(build=5), "`labels` must be text"),
        (lambda report: report["run"].update(shard={"number": 3, "of": 2, "plan": ""}), "no such shard"),
        (lambda report: report["run"].update(seed=None), "`seed` must be text"),
        (lambda report: report["run"].update(jobs="2"), "a number is none"),
        (lambda report: report["end"].update(wall_ms=None), "a number is none"),
        (lambda report: report["results"][1].update(file=None), "a text is none"),
        (lambda report: report["results"][1].update(line="7"), "a number is none"),
        (lambda report: report["results"][1].update(status="passt"), "there is no status 'passt'"),
        (lambda report: report["results"][1].update(labels=["a"], name=[]), "a text is none"),
        (lambda report: report["results"][1].update(attempts=[{"status": "passed"}]), "not a record"),
    ],
)
def test_a_report_that_somebody_changed_is_refused(
    shop: Path, tmp_path: Path, change: Callable[[Any], None], reason: str
) -> None:
    report = load(shop / "whole")
    change(report)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(report))
    done = running.run(shop, "merge", str(path), "--report-dir", str(tmp_path))
    assert done.status == 2, done
    assert "changed.json can't be used: " in done.stderr and reason in done.stderr


@pytest.mark.parametrize("spaces", [None, 2])
def test_a_report_that_another_program_wrote_anew_is_read(
    shop: Path, tmp_path: Path, spaces: int | None
) -> None:
    """Keys sorted, and with one of its own, as `jq -S` does."""
    report = load(shop / "whole")
    for result in report["results"]:
        result["x-team"] = {"owner": "é漢"}
    (tmp_path / "anew.json").write_text(json.dumps(report, sort_keys=True, indent=spaces))
    for path, to in (("whole/report.json", tmp_path / "1"), (str(tmp_path / "anew.json"), tmp_path / "2")):
        running.run(shop, "merge", path, "--report-dir", str(to))
    assert load(tmp_path / "1") == load(tmp_path / "2")


def test_empty_reports_merge(shop: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        running.run(
            shop, "run", "-k", "cold", "--shard", f"{number}/2", "--report-dir", str(tmp_path / f"{number}")
        )
    done = running.run(
        shop, "merge", str(tmp_path / "2" / "report.json"), "--report-dir", str(tmp_path / "all")
    )
    assert done.status == 1, "the other shard is missing"
    assert load(tmp_path / "all")["results"] == []
    read = report_file.read(str(tmp_path / "2" / "report.json"), str(tmp_path))
    assert list(read.records()) == []
