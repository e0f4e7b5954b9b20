"""`--last-failed`, `--shard` and `--timings`, through the real program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from lambda_scenarios import last_failed
from tests.program import reported, running
from tests.program.running import VERSION

SERVICE = f"""\
service: shop
provider: {{name: aws, runtime: python{VERSION}}}
functions:
  echo: {{handler: app.echo}}
"""
APP = """\
import os
import time

def echo(event, context):
    if event.get("wait"):
        open(event["wait"], "w").close()
        time.sleep(60)
    return event
"""
# What each expects is a number: 1 passes.
ONE = "  - {name: %s, function: echo, event: {a: 1}, expect: {output: {a: %d}}}\n"


def write(project: Path, file: str = "s.yml", /, **expected: int) -> None:
    lines = "".join(ONE % (name, number) for name, number in expected.items())
    (project / "scenarios" / file).write_text("scenarios:\n" + lines)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "scenarios").mkdir()
    return tmp_path


def start_waiting(shop: Path) -> subprocess.Popen[bytes]:
    """A run in which `a` fails, and the next scenario says by the file `waiting` that it goes on for long."""
    write(shop, a=2)
    with (shop / "scenarios" / "s.yml").open("a") as file:
        event = json.dumps({"wait": str(shop / "waiting")})
        file.write(f"  - {{name: waits, function: echo, timeout: 60, event: {event}}}\n")
    return running.start(shop, ["run", "-j", "1"])


def report(project: Path) -> Any:
    return reported.load(project / "reports")


def ran(project: Path) -> list[str]:
    return [result["name"] for result in report(project)["results"]]


def listed(project: Path, *arguments: str) -> list[str]:
    done = running.run(project, "list", "--json", *arguments)
    assert done.status == 0, done
    return [entry["name"] for entry in json.loads(done.stdout)]


class TestLastFailed:
    def test_it_runs_what_failed_until_nothing_does(self, shop: Path) -> None:
        write(shop, a=1, b=2, c=3)
        assert running.run(shop, "run").status == 1
        assert listed(shop, "--last-failed") == ["b", "c"]
        write(shop, a=1, b=1, c=3)
        done = running.run(shop, "run", "--last-failed")
        assert (done.status, ran(shop)) == (1, ["b", "c"])
        assert "--last-failed: 2 of 3 scenarios" in done.stderr
        write(shop, a=1, b=1, c=1)
        assert running.run(shop, "run", "--last-failed").status == 0
        assert ran(shop) == ["c"]
        done = running.run(shop, "run", "--last-failed")
        assert (done.status, ran(shop)) == (0, [])
        assert "--last-failed: nothing is known to have failed" in done.stderr
        assert not Path(last_failed.path(str(shop))).exists()

    def test_a_run_of_a_part_changes_only_what_it_ran(self, shop: Path) -> None:
        write(shop, a=2, b=2, c=1)
        running.run(shop, "run")
        write(shop, a=1, b=2, c=2)
        running.run(shop, "run", "-k", "::a or ::c", "--no-reports")
        assert listed(shop, "--last-failed") == ["b", "c"]

    def test_a_run_that_passes_where_nothing_failed_writes_nothing(self, shop: Path) -> None:
        write(shop, a=1)
        assert running.run(shop, "run").status == 0
        assert not (shop / ".lambda-scenarios").exists()

    def test_what_can_t_be_judged_counts_and_what_was_not_reached_stays_as_it_was(self, shop: Path) -> None:
        write(shop, a=1, b=2)
        running.run(shop, "run")
        with (shop / "scenarios" / "s.yml").open("a") as file:
            file.write("  - {name: gone, function: echo, backend: docker}\n")
        write(shop, "t.yml", a=2, b=1)
        running.run(
            shop, "run", "-x", "-j", "1", env={"DOCKER_HOST": "unix:///nowhere/docker.sock", "PATH": ""}
        )
        kept = last_failed.known(str(shop))
        assert "scenarios/s.yml::b" in kept
        assert "scenarios/s.yml::gone" in kept

    def test_scenarios_that_no_longer_exist_are_dropped(self, shop: Path) -> None:
        write(shop, a=2, b=2)
        write(shop, "t.yml", c=2)
        running.run(shop, "run")
        assert len(last_failed.known(str(shop))) == 3
        (shop / "scenarios" / "t.yml").unlink()
        write(shop, a=2, renamed=1)
        running.run(shop, "run", "-k", "renamed")
        assert last_failed.known(str(shop)) == {"scenarios/s.yml::a"}

    def test_names_and_directories_with_colons_are_kept(self, shop: Path) -> None:
        (shop / "scenarios" / "a::b").mkdir()
        (shop / "scenarios" / "t.yml").write_text("scenarios:\n" + ONE % ('":x"', 2) + ONE % ('":"', 2))
        write(shop, "a::b/u.yml", y=2)
        write(shop, s=2)
        running.run(shop, "run")
        running.run(shop, "run", "scenarios/s.yml")
        assert listed(shop, "--last-failed") == ["y", "s", ":x", ":"]
        for name in (":x", ":"):
            assert listed(shop, f"scenarios/t.yml::{name}") == [name]

    def test_it_is_kept_in_the_project_s_root_and_hidden_from_git(self, shop: Path) -> None:
        write(shop, a=2)
        (shop / ".git").mkdir()
        running.run(shop / "scenarios", "run", "s.yml", "--report-dir", "../reports")
        assert (shop / ".lambda-scenarios" / ".gitignore").read_text() == "*\n"
        assert listed(shop, "--last-failed") == ["a"]

    @pytest.mark.parametrize("damage", [b"", b"[1, 2", b"{}", b"\xff\xfe", b"[" * 100_000, b'["s", 1, null]'])
    def test_a_damaged_file_is_as_good_as_none_and_told(self, shop: Path, damage: bytes) -> None:
        write(shop, a=1, b=2)
        (shop / ".lambda-scenarios").mkdir()
        Path(last_failed.path(str(shop))).write_bytes(damage)
        done = running.run(shop, "run", "--last-failed")
        assert done.status == 0
        assert ".lambda-scenarios/last-failed can't be read: what failed is known again" in done.stderr
        assert running.run(shop, "run").status == 1
        assert last_failed.known(str(shop)) >= {"scenarios/s.yml::b"}

    def test_a_project_that_can_t_be_written_to_is_run_all_the_same(self, shop: Path) -> None:
        write(shop, a=2)
        (shop / ".lambda-scenarios").write_text("in the way")
        assert running.run(shop, "run").status == 1

    def test_runs_at_the_same_time_lose_nothing(self, shop: Path) -> None:
        """Each of several processes adds its own and takes away one of its own, again and again."""
        program = (
            "import sys\n"
            "from lambda_scenarios.last_failed import update\n"
            "root, me = sys.argv[1:]\n"
            "for n in range(100):\n"
            "    update(root, [f'{me}::{n - 1}'], [f'{me}::{n}'])\n"
        )
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(shop), f"f{n}.yml"], env=running.environment()
            )
            for n in range(4)
        ]
        assert [process.wait(timeout=60) for process in processes] == [0] * 4
        assert last_failed.known(str(shop)) == {f"f{n}.yml::99" for n in range(4)}

    def test_a_kill_leaves_a_whole_file(self, shop: Path) -> None:
        """A writer is killed at any moment; readers always see one of its states."""
        program = (
            "import sys\n"
            "from lambda_scenarios.last_failed import update\n"
            "print(flush=True)\n"
            "n = 0\n"
            "while True:\n"
            "    n += 1\n"
            "    update(sys.argv[1], (), [f'file.yml::{n}'])\n"
        )
        text = Path(last_failed.path(str(shop)))
        last_failed.update(str(shop), (), ["file.yml::0"])
        for _ in range(5):
            with subprocess.Popen(
                [sys.executable, "-c", program, str(shop)], stdout=subprocess.PIPE, env=running.environment()
            ) as process:
                assert process.stdout is not None
                process.stdout.readline()
                for _ in range(50):
                    assert "file.yml::0" in json.loads(text.read_text())
                process.send_signal(signal.SIGKILL)
            assert "file.yml::0" in json.loads(text.read_text())
        last_failed.update(str(shop), (), ["file.yml::last"])
        assert sorted(os.listdir(shop / ".lambda-scenarios")) == [".gitignore", "last-failed"]

    def test_an_interrupted_run_remembers_what_had_failed(self, shop: Path) -> None:
        process = start_waiting(shop)
        running.appears(shop / "waiting", process)
        assert running.interrupt(process).status == 130
        assert listed(shop, "--last-failed") == ["a"]

    def test_a_killed_run_is_remembered_by_its_report(self, shop: Path) -> None:
        process = start_waiting(shop)
        while not any(b"\nR" in path.read_bytes() for path in shop.glob("reports/.spool-*.jsonl")):
            assert process.poll() is None, "the program has ended"
            os.sched_yield()
        running.interrupt(process, signal.SIGKILL)
        assert listed(shop, "--last-failed") == []
        assert running.run(shop, "report").status == 0
        assert listed(shop, "--last-failed") == ["a"]


class TestShards:
    def test_the_shards_are_the_whole(self, shop: Path) -> None:
        names = [f"n{number}" for number in range(11)]
        for file, of_file in (("a.yml", names[:4]), ("b.yml", names[4:])):
            write(shop, file, **dict.fromkeys(of_file, 1))
        found = []
        plans = set()
        for number in range(1, 5):
            done = running.run(shop, "run", "--shard", f"{number}/4")
            assert done.status == 0
            run = report(shop)["run"]
            assert (run["shard"]["number"], run["shard"]["of"]) == (number, 4)
            plans.add(run["shard"]["plan"])
            assert listed(shop, "--shard", f"{number}/4") == ran(shop)
            found += ran(shop)
            assert f"shard {number}/4: {len(ran(shop))} of 11 scenarios" in done.stderr
        assert found == names
        assert len(plans) == 1

    def test_an_empty_shard_passes_with_valid_reports(self, shop: Path) -> None:
        write(shop, a=1)
        done = running.run(shop, "run", "--shard", "3/3")
        assert done.status == 0, done
        found = report(shop)
        assert found["results"] == []
        assert found["summary"]["total"] == 0
        assert ET.parse(shop / "reports" / "junit.xml").getroot().tag == "testsuites"
        assert "<html" in (shop / "reports" / "report.html").read_text()

    def test_timings_of_an_earlier_run_balance(self, shop: Path) -> None:
        write(shop, **{f"n{number}": 1 for number in range(6)})
        running.run(shop, "run")
        path = shop / "reports" / "report.json"
        old = report(shop)
        for result in old["results"]:
            result["duration_ms"] = 5000.0 if result["name"] == "n0" else 1000.0
        (shop / "timings.json").write_text(json.dumps(old, indent=2))  # laid out anew by another program
        assert listed(shop, "--shard", "1/2", "--timings", "timings.json") == ["n0"]
        assert listed(shop, "--shard", "2/2", "--timings", "timings.json") == ["n1", "n2", "n3", "n4", "n5"]
        # of several, the later says it
        assert listed(shop, "--shard", "1/2", "--timings", "timings.json", "--timings", str(path)) != ["n0"]
        assert listed(shop, "--timings", "timings.json") == [f"n{number}" for number in range(6)]

    def test_starts_of_a_cold_run_balance_too(self, shop: Path) -> None:
        write(shop, **{f"n{number}": 1 for number in range(6)})
        running.run(shop, "run", "--isolation", "cold")
        old = report(shop)
        for result in old["results"]:
            result["duration_ms"] = 1.0
            (invocation,) = result["attempts"][0]["invocations"]
            assert invocation["init_ms"] > 0
            invocation["init_ms"] = 5000.0 if result["name"] == "n0" else 1000.0
        (shop / "timings.json").write_text(json.dumps(old))
        assert listed(shop, "--shard", "1/2", "--timings", "timings.json") == ["n0"]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (None, "can't read nowhere.json: No such file"),
            ("", "it is no JSON, or only the beginning of a report"),
            ("[]", "it is no report.json of lambda-scenarios"),
            ('{"results": [], "run": {}}', "it is no report.json of lambda-scenarios"),
            (
                '{"schema_version": 1, "run": {"version": "1", "started": "", "seed": "", "command": [], '
                '"labels": {}, "services": [], "jobs": 1}, "end": {"wall_ms": 1, "interrupted": null}, '
                '"environments": [], "results": [{"id": 1}]}',
                "one of its results can't be read",
            ),
            (
                '{"schema_version": 99, "run": {"version": "9.1"}, "results": []}',
                "is a report of version 99, and this program reads version",
            ),
        ],
    )
    def test_what_is_no_report_is_refused(self, shop: Path, text: str | None, reason: str) -> None:
        write(shop, a=1)
        if text is not None:
            (shop / "nowhere.json").write_text(text)
        done = running.run(shop, "run", "--shard", "1/2", "--timings", "nowhere.json")
        assert done.status == 2
        assert reason in done.stderr

    def test_a_report_that_is_cut_off_is_refused(self, shop: Path) -> None:
        write(shop, a=1, b=1)
        running.run(shop, "run")
        path = shop / "reports" / "report.json"
        whole = path.read_bytes()
        for at in (whole.index(b'"results"'), whole.rindex(b"{"), whole.rindex(b"]}")):
            (shop / "cut.json").write_bytes(whole[:at])
            done = running.run(shop, "list", "--shard", "1/2", "--timings", "cut.json")
            assert done.status == 2, at
            assert "cut.json can't be used" in done.stderr

    @pytest.mark.parametrize("value", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3", "²/3"])
    def test_what_is_no_shard_is_refused(self, shop: Path, value: str) -> None:
        write(shop, a=1)
        done = running.run(shop, "run", f"--shard={value}")
        assert done.status == 2
        assert "takes I/N" in done.stderr
