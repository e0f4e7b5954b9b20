"""Snapshots in the real program: when they are written, compared, told of, and removed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.program import reported, running

CODE = """\
import os, time

def echo(event, context):
    return event

def once_more(event, context):
    path = os.path.join(os.environ["TRACES"], event["trace"])
    with open(path, "a") as file:
        file.write("x")
    time.sleep(event.get("sleep", 0))
    n = os.path.getsize(path)
    if n in event.get("fails", []):
        raise ValueError("not yet")
    return {"n": n, "at": time.time()}

def exits(event, context):
    os._exit(3)
"""
HEAD = """\
functions:
  echo: {handler: app.echo, runtime: python3.11, code: .}
  onceMore: {handler: app.once_more, runtime: python3.11, code: ., timeout: 20}
  exits: {handler: app.exits, runtime: python3.11, code: .}
defaults: {function: echo, env: {TRACES: "{{ env.TRACES }}"}}
"""


class Project:
    """A directory with scenario files, in which the program is run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "app.py").write_text(CODE)
        (directory / "traces").mkdir()
        (directory / "lambda-scenarios.yml").touch()  # the project's root

    def write(self, name: str, *scenarios: Mapping[str, Any], head: str = HEAD) -> None:
        text = head.replace("code: .,", "code: .,") + f"scenarios: {json.dumps(scenarios)}\n"
        (self.directory / name).parent.mkdir(exist_ok=True)
        (self.directory / name).write_text(text)
        running.localise(self.directory)

    def run(self, *arguments: str, ci: bool = False) -> running.Done:
        return running.run(self.directory, "run", *arguments, env=self.environment(ci=ci))

    def environment(self, *, ci: bool = False) -> dict[str, str]:
        return {"TRACES": str(self.directory / "traces"), **({"CI": "true"} if ci else {})}

    def stored(self, name: str = "a.yml") -> dict[str, Any] | None:
        path = self.directory / "__snapshots__" / f"{name}.json"
        if not path.exists():
            return None
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = reported.load(self.directory / "reports")
        return found

    def fates(self) -> dict[str, str | None]:
        return {result["name"]: result["snapshot"] for result in self.report()["results"]}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def echoing(name: str, event: Any, **keys: Any) -> dict[str, Any]:
    return {"name": name, "event": event, "expect": {"snapshot": True, **keys}}


def test_a_missing_one_is_written_then_compared(project: Project) -> None:
    project.write("a.yml", echoing("b", {"z": [1.0, 2], "a": None}), echoing("a", "text"))
    done = project.run("a.yml")
    assert done.status == 0, done.stdout
    assert "2 passed · 2 snapshots written " in done.stdout
    text = (project.directory / "__snapshots__" / "a.yml.json").read_text()
    assert text.startswith('{\n  "a": "text",\n  "b": {\n    "a": null,\n    "z": [\n      1.0,\n')
    assert text.endswith("\n  }\n}\n")
    assert project.fates() == {"a": "written", "b": "written"}
    # JSON's equality, and nothing to say or to write.
    project.write("a.yml", echoing("b", {"a": None, "z": [1, 2.0]}), echoing("a", "text"))
    done = project.run("a.yml", ci=True)
    assert done.status == 0, done.stdout
    assert "snapshot" not in done.stdout
    assert project.fates() == {"a": None, "b": None}
    assert (project.directory / "__snapshots__" / "a.yml.json").read_text() == text


def test_each_scenario_that_is_written_is_named_where_each_has_a_line(project: Project) -> None:
    project.write("a.yml", echoing("a", 1))
    assert re.search(r"✓ a +echo .*snapshot written$", project.run("a.yml", "-v").stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("value", "fails"), [("true", True), ("1", True), ("false", False), ("0", False), ("", False)]
)
def test_a_missing_one_fails_in_ci(project: Project, value: str, fails: bool) -> None:
    project.write("a.yml", echoing("a", {"k": 1}))
    done = running.run(project.directory, "run", "a.yml", env=project.environment() | {"CI": value})
    assert done.status == fails
    assert (project.stored() is None) is fails
    if fails:
        assert "there is no snapshot yet" in done.stdout
        assert "lambda-scenarios run a.yml::a --update-snapshots" in done.stdout
        (mismatch,) = project.report()["results"][0]["attempts"][0]["invocations"][0]["mismatches"]
        assert (mismatch["expectation"], mismatch["location"]) == ("expect.snapshot", "output")
        assert project.run("a.yml::a", "--update-snapshots", ci=True).status == 0
        assert project.run("a.yml", ci=True).status == 0


def test_a_difference_is_told_with_all_that_is_needed(project: Project) -> None:
    project.write("a.yml", echoing("o'a", {"items": [{"price": 1}, {"price": 2}], "body": '{"total":5}'}))
    assert project.run("a.yml").status == 0
    project.write("a.yml", echoing("o'a", {"items": [{"price": 1}, {"price": 3}], "body": '{"total":6}'}))
    before = project.stored()
    done = project.run("a.yml")
    assert done.status == 1
    assert project.stored() == before
    invocation = project.report()["results"][0]["attempts"][0]["invocations"][0]
    found = {mismatch["location"]: mismatch for mismatch in invocation["mismatches"]}
    assert set(found) == {"output.items[1].price", "output.body.total"}
    price = found["output.items[1].price"]
    assert (price["expected"], price["found"]) == ("2", "3")
    source = (project.directory / "a.yml").read_text().splitlines()[price["line"] - 1]
    assert source[price["column"] - 1 :].startswith("true")
    signs = [line["sign"] + line["text"].strip() for line in invocation["mismatches"][0]["diff"]]
    for line in ('-"price": 2', '+"price": 3', '-"total": 5', '+"total": 6'):
        assert line in signs
    assert "__snapshots__/a.yml.json:2" in done.stdout
    command = re.search(r"^ *lambda-scenarios (run .* --update-snapshots)$", done.stdout, re.MULTILINE)
    assert command is not None
    accepted = subprocess.run(
        ["/bin/sh", "-c", f"{' '.join(running.PROGRAM)} {command[1]}"],
        cwd=project.directory,
        env=running.environment(project.environment()),
        capture_output=True,
        check=False,
    )
    assert accepted.returncode == 0
    assert "1 passed · 1 snapshot updated " in accepted.stdout.decode()
    assert project.run("a.yml", ci=True).status == 0
    for name in ("junit.xml", "report.html"):
        assert "lambda-scenarios" in (project.directory / "reports" / name).read_text()


def test_what_is_ignored_is_neither_stored_nor_compared(project: Project) -> None:
    def scenario(**event: Any) -> dict[str, Any]:
        ignore = ["at", "items[*].id", 'deep["a.b"][0]', "absent.too"]
        return {"name": "a", "event": event, "expect": {"snapshot": {"ignore": ignore}}}

    project.write("a.yml", scenario(at=1, items=[{"id": 1, "n": 1}], deep={"a.b": [1, 2]}))
    assert project.run("a.yml").status == 0
    stored = {"a": {"items": [{"n": 1}], "deep": {"a.b": ["(ignored)", 2]}}}
    assert project.stored() == stored
    for event in ({"at": "x"}, {}):
        changed = scenario(items=[{"id": [], "n": 1}], deep={"a.b": ["another", 2]}, **event)
        project.write("a.yml", changed)
        assert project.run("a.yml", ci=True).status == 0
        done = project.run("a.yml", "--update-snapshots")
        assert done.status == 0
        assert "snapshots" not in done.stdout
        assert project.stored() == stored
    project.write("a.yml", scenario(items=[{"n": 1}, {"n": 2}], deep={"a.b": [0, 2]}))
    assert project.run("a.yml").status == 1


def test_what_is_ignored_later_leaves_the_file(project: Project) -> None:
    project.write("a.yml", echoing("a", {"at": 1, "b": 2}))
    assert project.run("a.yml").status == 0
    later = echoing("a", {"at": 5, "b": 2})
    later["expect"]["snapshot"] = {"ignore": ["at"]}
    project.write("a.yml", later)
    assert project.run("a.yml", ci=True).status == 0
    assert project.run("a.yml", "--update-snapshots").status == 0
    assert project.stored() == {"a": {"b": 2}}


@pytest.mark.parametrize(
    ("snapshot", "problem"),
    [
        (False, "snapshot"),
        ({"ignre": ["a"]}, "did you mean `ignore`?"),
        ({"ignore": "a"}, "ignore"),
        ({"ignore": ["a[x]"]}, "this is no location"),
        ({"ignore": [""]}, "ignore"),
    ],
)
def test_a_mistake_has_its_place(project: Project, snapshot: Any, problem: str) -> None:
    project.write("a.yml", {"name": "a", "expect": {"snapshot": snapshot}})
    done = project.run("a.yml")
    assert done.status == 2
    assert problem in done.stderr
    assert "--> a.yml:" in done.stderr


def test_an_error_has_no_snapshot(project: Project) -> None:
    project.write("a.yml", {"name": "a", "expect": {"error": True, "snapshot": True}})
    done = project.run("a.yml")
    assert done.status == 2
    assert "`error`" in done.stderr


@pytest.mark.parametrize("options", [(), ("--update-snapshots",)])
def test_nothing_is_stored_of_what_did_not_pass(project: Project, options: tuple[str, ...]) -> None:
    wrong = echoing("wrong", {"a": 1}, output={"a": 2})
    raises = {"name": "raises", "function": "onceMore", "event": {"trace": "r", "fails": [1]}}
    slow = {"name": "slow", "function": "onceMore", "event": {"trace": "s", "sleep": 60}, "timeout": 0.2}
    exits = {"name": "exits", "function": "exits"}
    others = [{**one, "expect": {"snapshot": True}} for one in (raises, slow, exits)]
    project.write("a.yml", echoing("right", 1), wrong, *others)
    done = project.run("a.yml", *options)
    assert done.status == 1
    assert project.stored() == {"right": 1}
    assert project.fates() == {"right": "written", **dict.fromkeys(("wrong", "raises", "slow", "exits"))}


def test_an_update_leaves_what_did_not_pass_as_it_is(project: Project) -> None:
    project.write("a.yml", echoing("a", 1), echoing("b", 1))
    assert project.run("a.yml").status == 0
    project.write("a.yml", echoing("a", 2, output=3), echoing("b", 2))
    assert project.run("a.yml", "--update-snapshots").status == 1
    assert project.stored() == {"a": 1, "b": 2}
    assert project.fates() == {"a": None, "b": "updated"}


def test_an_update_without_a_change_leaves_the_file_as_it_is(project: Project) -> None:
    project.write("a.yml", echoing("a", {"b": [1, 2]}), echoing("c", 1))
    assert project.run("a.yml").status == 0
    path = project.directory / "__snapshots__" / "a.yml.json"
    formatted = '{"c": 1, "a": {"b": [1, 2.0]}}'
    path.write_text(formatted)
    assert project.run("a.yml", "--update-snapshots").status == 0
    assert path.read_text() == formatted


def test_stale_ones_are_told_of_and_removed(project: Project) -> None:
    project.write("a.yml", echoing("a", 1), echoing("b", 1), echoing("c", 1), echoing("d", 1))
    assert project.run("a.yml").status == 0
    skipped = {**echoing("c", 1), "skip": "later"}
    without = {"name": "d", "event": 1, "expect": {"output": 1}}
    project.write("a.yml", echoing("a", 1), skipped, without)
    done = project.run("a.yml")
    assert done.status == 0
    assert "2 snapshots belong to no scenario any more:\n    a.yml::b\n    a.yml::d\n" in done.stdout
    assert project.report()["end"]["stale_snapshots"] == ["a.yml::b", "a.yml::d"]
    assert set(project.stored() or ()) == {"a", "b", "c", "d"}
    done = project.run("a.yml", "--update-snapshots")
    assert done.status == 0
    assert " · 2 snapshots removed " in done.stdout
    end = project.report()["end"]
    assert (end["stale_snapshots"], end["removed_snapshots"]) == ([], ["a.yml::b", "a.yml::d"])
    assert project.stored() == {"a": 1, "c": 1}


@pytest.mark.parametrize(
    "arguments", [("a.yml::a",), ("a.yml", "-k", "not zz"), ("a.yml", "--function", "echo")]
)
@pytest.mark.parametrize("update", [False, True])
def test_a_part_of_a_file_makes_nothing_stale(
    project: Project, arguments: tuple[str, ...], update: bool
) -> None:
    other = {"name": "zz", "function": "onceMore", "event": {"trace": "z"}}
    project.write("a.yml", echoing("a", 1), echoing("b", 1), other)
    assert project.run("a.yml").status == 0
    project.write("a.yml", echoing("a", 2 if update else 1), other)
    done = project.run(*arguments, *(("--update-snapshots",) if update else ()))
    assert done.status == 0
    assert "no scenario" not in done.stdout
    assert project.stored() == {"a": 2 if update else 1, "b": 1}


def test_what_was_interrupted_makes_nothing_stale_and_keeps_what_passed(project: Project) -> None:
    project.write("a.yml", echoing("a", 1), echoing("old", 1))
    assert project.run("a.yml").status == 0
    slow = {"name": "slow", "function": "onceMore", "event": {"trace": "slow", "sleep": 15}}
    project.write("a.yml", {**echoing("new", 5)}, echoing("a", 2), {**slow, "expect": {"snapshot": True}})
    process = running.start(
        project.directory, ["run", "a.yml", "--update-snapshots", "-j", "2"], project.environment()
    )
    while not (project.directory / "traces" / "slow").exists():
        assert process.poll() is None
    spools = project.directory / "reports"
    while not any(
        b'"name":"a"' in path.read_bytes() and path.read_bytes().count(b"\nR") >= 2
        for path in spools.glob(".*")
    ):
        assert process.poll() is None
    done = running.interrupt(process, signal.SIGINT)
    assert done.status == 130
    assert project.stored() == {"a": 2, "new": 5, "old": 1}


def test_a_whole_file_whose_scenarios_are_gone(project: Project) -> None:
    project.write("s/a.yml", echoing("a", 1), head=HEAD.replace("code: .", "code: .."))
    project.write("s/b.yml", echoing("b", 1), head=HEAD.replace("code: .", "code: .."))
    assert project.run("s").status == 0
    (project.directory / "s" / "b.yml").unlink()
    gone = project.directory / "s" / "__snapshots__" / "b.yml.json"
    for arguments in (("s/a.yml",), ("s", "-k", "a"), ("s",)):  # the last is told of it
        done = project.run(*arguments)
        assert done.status == 0
        assert ("s/__snapshots__/b.yml.json" in done.stdout) is (arguments != ("s/a.yml",))
    assert project.run("s/a.yml", "--update-snapshots").status == 0
    assert gone.exists()
    assert project.run("s", "--update-snapshots").status == 0
    assert not gone.exists()


def test_damage_is_told_before_anything_runs(project: Project) -> None:
    event = {"trace": "ran"}
    project.write(
        "a.yml", {"name": "a", "function": "onceMore", "event": event, "expect": {"snapshot": True}}
    )
    directory = project.directory / "__snapshots__"
    directory.mkdir()
    (directory / "a.yml.json").write_text('{\n<<<<<<< HEAD\n  "a": 1\n=======\n  "a": 2\n>>>>>>> b\n}\n')
    for command in ("run", "validate"):
        done = running.run(project.directory, command, "a.yml", env=project.environment())
        assert done.status == 2
        assert "--> __snapshots__/a.yml.json:2:1" in done.stderr
    assert not (project.directory / "traces" / "ran").exists()


def test_damage_that_concerns_nobody_is_no_matter(project: Project) -> None:
    project.write("a.yml", {"name": "a", "event": 1})
    directory = project.directory / "__snapshots__"
    directory.mkdir()
    (directory / "a.yml.json").write_text("{")
    for options in ((), ("--update-snapshots",)):
        done = project.run("a.yml", *options)
        assert (done.status, done.stderr) == (0, "")
    assert (directory / "a.yml.json").read_text() == "{"


def test_validate_writes_and_judges_nothing(project: Project) -> None:
    project.write("a.yml", echoing("a", 1), {**echoing("b", 1), "skip": True})
    for ci in (False, True):
        env = project.environment(ci=ci)
        done = running.run(project.directory, "validate", "a.yml", env=env)
        assert (done.status, done.stdout) == (0, "2 scenarios in 1 file: valid\n")
    assert project.stored() is None


def test_what_can_not_be_written_is_status_3_after_all_reports(project: Project) -> None:
    """The function itself stands in the way: before it ran, nothing was wrong."""
    in_the_way = "def handler(event, context):\n    open('__snapshots__', 'w').close()\n    return 1\n"
    (project.directory / "way.py").write_text(in_the_way)
    head = "functions: {f: {handler: way.handler, runtime: python3.11, code: .}}\n"
    project.write("a.yml", {"name": "a", "function": "f", "expect": {"snapshot": True}}, head=head)
    done = project.run("a.yml")
    assert done.status == 3
    assert "error: __snapshots__/a.yml.json can't be written: " in done.stderr
    assert "1 passed" in done.stdout
    assert project.report()["summary"]["passed"] == 1
    assert sorted(os.listdir(project.directory / "reports")) == ["junit.xml", "report.html", "report.json"]


def test_runs_at_the_same_time_write_one_file(project: Project) -> None:
    names = [f"n{number}" for number in range(12)]
    project.write("a.yml", *(echoing(name, {"is": name}) for name in names))
    processes = [
        running.start(
            project.directory,
            ["run", f"a.yml::{name}", "--report-dir", f"reports/{name}", "--no-reports"],
            project.environment(),
        )
        for name in names
    ]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert project.stored() == {name: {"is": name} for name in names}
    assert os.listdir(project.directory / "__snapshots__") == ["a.yml.json"]


# The program, killed at the n-th thing that it does to something under `__snapshots__`.
KILLED = """\
import os, signal, sys
left = int(sys.argv.pop(1))
def hook(event, arguments):
    global left
    if event != "os.kill" and any("__snapshots__" in str(one) for one in arguments[:2]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from lambda_scenarios.cli.main import console_script
console_script()
"""


def test_a_run_that_is_killed_leaves_the_old_file_or_the_new_one(project: Project) -> None:
    project.write("a.yml", echoing("a", 1), echoing("b", 1))
    assert project.run("a.yml").status == 0
    project.write("a.yml", echoing("a", 2), echoing("c", 2))
    old, new = {"a": 1, "b": 1}, {"a": 2, "c": 2}
    seen = []
    for moment in range(40):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(moment), "run", "a.yml", "--update-snapshots", "--no-reports"],
            cwd=project.directory,
            env=running.environment(project.environment()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        stored = project.stored()
        assert stored in (old, new)
        seen.append(stored == new)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        if stored == new:  # the next moment begins with the old one too
            path = project.directory / "__snapshots__" / "a.yml.json"
            path.write_text(json.dumps(old))
    assert done.returncode == 0
    assert {True, False} == set(seen)
    assert os.listdir(project.directory / "__snapshots__") == ["a.yml.json"]
    assert project.run("a.yml", ci=True).status == 0


def test_merged_reports_keep_what_is_said_of_snapshots(project: Project) -> None:
    head = HEAD.replace("code: .", "code: ..")
    project.write("s/a.yml", echoing("a", 1), echoing("old", 1), head=head)
    project.write("s/b.yml", echoing("b", 1), echoing("old", 1), head=head)
    assert project.run("s").status == 0
    project.write("s/a.yml", echoing("a", 1), echoing("new", 1), head=head)
    project.write("s/b.yml", echoing("b", 1), head=head)
    for name in ("a", "b"):
        assert project.run(f"s/{name}.yml", "--report-dir", f"reports/{name}").status == 0
    parts = [f"reports/{name}/report.json" for name in ("a", "b")]
    done = running.run(project.directory, "merge", *parts, "--report-dir", "reports")
    assert done.status == 0, done.stderr
    assert project.report()["end"]["stale_snapshots"] == ["s/a.yml::old", "s/b.yml::old"]
    assert project.fates() == {"a": None, "new": "written", "b": None}


def test_the_examples_of_a_matrix_have_one_each(project: Project) -> None:
    project.write("a.yml", {**echoing("a", {"n": "{{ matrix.n }}"}), "matrix": {"n": [1, 2]}})
    assert project.run("a.yml").status == 0
    assert project.stored() == {"a [n=1]": {"n": 1}, "a [n=2]": {"n": 2}}
    assert project.run("a.yml", ci=True).status == 0


def test_each_step_has_its_own_and_all_or_none_are_written(project: Project) -> None:
    def scenario(second: int) -> dict[str, Any]:
        later = "{{ steps.first.output.n + 1 }}"
        first = {"id": "first", "event": {"n": 1}, "expect": {"snapshot": True}}
        steps = [first, {"event": {"is": later}, "expect": {"snapshot": True, "output": {"is": second}}}]
        return {"name": "a", "steps": steps}

    project.write("a.yml", scenario(3))
    assert project.run("a.yml").status == 1
    assert project.stored() is None
    project.write("a.yml", scenario(2))
    assert project.run("a.yml").status == 0
    assert project.stored() == {"a::2": {"is": 2}, "a::first": {"n": 1}}
    assert project.fates() == {"a": "written"}
    done = project.run("a.yml", ci=True)
    assert done.status == 0
    assert "snapshot" not in done.stdout
    changed = scenario(2)
    changed["steps"][0].update(id="start", event={"n": 1, "more": 0})
    changed["steps"][1]["event"]["is"] = "{{ steps.start.output.n + 1 }}"
    project.write("a.yml", changed)
    done = project.run("a.yml")
    assert "    a.yml::a::first\n" in done.stdout
    assert project.run("a.yml", "--update-snapshots").status == 0
    assert project.stored() == {"a::2": {"is": 2}, "a::start": {"n": 1, "more": 0}}
    changed["steps"][0]["event"] = {"n": 1, "more": 5}
    project.write("a.yml", changed)
    done = project.run("a.yml")
    assert done.status == 1
    assert "lambda-scenarios run a.yml::a --update-snapshots" in done.stdout
    assert "__snapshots__/a.yml.json:5;" in done.stdout


def test_of_several_attempts_the_one_that_passes_is_stored(project: Project) -> None:
    at = {"snapshot": {"ignore": ["at"]}}
    once = {"function": "onceMore", "expect": at}
    steps = [
        {"function": "onceMore", "event": {"trace": "s1"}, "expect": at},
        {"function": "onceMore", "event": {"trace": "s2", "fails": [1]}},
    ]
    project.write(
        "a.yml",
        {**once, "name": "flaky", "event": {"trace": "f", "fails": [1, 2]}, "retries": 2},
        {**once, "name": "failed", "event": {"trace": "n", "fails": [1, 2]}, "retries": 1},
        {"name": "steps", "steps": steps, "retries": 1},
    )
    assert project.run("a.yml").status == 1
    assert project.stored() == {"flaky": {"n": 3}, "steps::1": {"n": 2}}
    assert project.fates() == {"flaky": "written", "failed": None, "steps": "written"}


def test_repetitions_are_compared_with_the_first(project: Project) -> None:
    same = {**echoing("same", 1), "repeat": 3}
    other = {"name": "other", "function": "onceMore", "event": {"trace": "o"}, "repeat": 3}
    project.write("a.yml", same, {**other, "expect": {"snapshot": {"ignore": ["at"]}}})
    done = project.run("a.yml")
    assert done.status == 1
    assert "output.n: expected 1, found 2" in done.stdout
    assert "it returned something else before" in done.stdout
    assert project.stored() == {"same": 1}


def test_what_is_expected_to_fail_keeps_what_it_has(project: Project) -> None:
    project.write("a.yml", echoing("a", 1), echoing("b", 1))
    assert project.run("a.yml").status == 0
    fails = {**echoing("a", 2), "xfail": "a known fault"}
    passes = {**echoing("b", 1), "xfail": "mended"}
    for options in ((), ("--update-snapshots",)):
        project.write("a.yml", fails, passes)
        done = project.run("a.yml", *options)
        assert done.status == 1
        assert "no scenario any more" not in done.stdout
        assert project.stored() == {"a": 1, "b": 1}


def test_cold_and_warm_are_compared_and_stored_once(project: Project) -> None:
    project.write("a.yml", echoing("a", {"n": 1}))
    done = project.run("a.yml", "--warm-check")
    assert done.status == 0, done.stdout
    assert project.stored() == {"a": {"n": 1}}


def test_a_shard_makes_nothing_stale_of_what_others_run(project: Project) -> None:
    names = [f"n{number}" for number in range(6)]
    project.write("a.yml", *(echoing(name, name) for name in names))
    for shard in ("1/2", "2/2"):
        done = project.run("a.yml", "--shard", shard)
        assert done.status == 0
        assert "no scenario any more" not in done.stdout
    assert project.stored() == {name: name for name in names}


def test_a_result_that_is_too_deep_is_refused(project: Project) -> None:
    deep: Any = 1
    for _ in range(90):
        deep = [deep]
    code = (
        "def handler(event, context):\n    for _ in range(150):\n        event = [event]\n    return event\n"
    )
    (project.directory / "deep.py").write_text(code)
    head = "functions: {f: {handler: deep.handler, runtime: python3.11, code: .}}\n"
    deep = {"name": "a", "function": "f", "event": deep, "expect": {"snapshot": True}}
    project.write("a.yml", deep, head=head)
    done = project.run("a.yml")
    assert done.status == 1
    assert "too deep for a snapshot" in done.stdout
    assert project.stored() is None


def test_a_stored_secret_is_warned_of_by_name_alone(project: Project) -> None:
    secret = "a-secret-that-is-stored"
    scenario = echoing("a", {"token": secret, "n": 1})
    project.write("a.yml", {**scenario, "env": {"TRACES": "", "API_TOKEN": secret}}, echoing("b", 1))
    done = project.run("a.yml")
    assert done.status == 0
    assert "stored with the value of a secret in it, which `ignore` leaves out:\n    a\n" in done.stdout
    assert secret not in done.stdout + (project.directory / "reports" / "report.json").read_text()
    assert project.stored() == {"a": {"n": 1, "token": secret}, "b": 1}
    scenario["expect"]["snapshot"] = {"ignore": ["token"]}
    project.write("a.yml", {**scenario, "env": {"TRACES": "", "API_TOKEN": secret}}, echoing("b", 1))
    done = project.run("a.yml", "--update-snapshots")
    assert "secret" not in done.stdout
    assert project.stored() == {"a": {"n": 1}, "b": 1}


def test_git_merges_what_two_branches_added(project: Project) -> None:
    def git(*arguments: str) -> None:
        who = {
            f"GIT_{role}_{what}": "a@example.com"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        subprocess.run(
            ["git", *arguments],
            cwd=project.directory,
            check=True,
            capture_output=True,
            env=running.environment(who),
        )

    def store(**events: Any) -> None:
        project.write("a.yml", *(echoing(name, event) for name, event in events.items()))
        assert project.run("a.yml", "--update-snapshots").status == 0

    one = {"deep": {"list": [1, 2, 3], "text": "a\nb\n"}}
    git("init", "-q", "-b", "main")
    store(b=one, f=one, k=one)
    git("add", "__snapshots__")
    git("commit", "-q", "-m", "b f k")
    git("checkout", "-q", "-b", "other")
    store(b=one, d=one, f=one, k={"deep": 1})
    git("commit", "-q", "-a", "-m", "d, k")
    git("checkout", "-q", "main")
    store(a=one, b=one, f=one, h=one, k=one)
    git("commit", "-q", "-a", "-m", "a h")
    git("merge", "-q", "other")
    project.write("a.yml", *(echoing(name, one) for name in "abdfh"), echoing("k", {"deep": 1}))
    assert project.run("a.yml", ci=True).status == 0
