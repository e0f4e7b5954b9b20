"""The workflow files under docs/ci: valid by the published schemas, and their steps executed."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from tests.program import running
from tests.program.running import VERSION

from lambda_scenarios.scenarios.yaml_source import parse

CI = Path(__file__).parents[2] / "docs" / "ci"
SCENARIOS = """\
scenarios:
  - {name: "n {{ matrix.n }}", function: echo, matrix: {n: [1, 2, 3, 4, 5]}}
  - {name: "it's $HOME", function: echo}
  - {name: fails, function: echo, expect: {output: 1}}
"""
# What is installed on the machines of CI systems, and here by the tests' own environment.
INSTALLS = ("pip install ", "apt-get ")


@pytest.mark.parametrize(
    ("name", "schema"),
    [("github.yml", "github-workflows"), ("gitlab.yml", "gitlab-ci"), ("gitlab-child.yml", "gitlab-ci")],
)
def test_they_are_valid(name: str, schema: str) -> None:
    pytest.importorskip("check_jsonschema", reason="pip install check-jsonschema")
    checker = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}")
    done = subprocess.run((*checker, str(CI / name)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def read(name: str) -> Any:
    return parse((CI / name).read_bytes(), str(CI / name))


class Machine:
    """A job's checkout, with the program on PATH."""

    def __init__(self, project: Path, directory: Path, variables: dict[str, str]) -> None:
        shutil.copytree(project, directory)
        self.directory = directory
        programs = directory.parent / "bin"
        programs.mkdir(exist_ok=True)
        program = programs / "lambda-scenarios"
        program.write_text(f'#!/bin/sh\nexec {shlex.join(running.PROGRAM)} "$@"\n')
        program.chmod(0o755)
        self.environment = running.environment(variables)
        self.environment["PATH"] = f"{programs}{os.pathsep}{self.environment['PATH']}"

    def bash(self, *lines: str) -> int:
        """Ends at the first command that fails, as on both systems."""
        script = "\n".join(line for line in lines if not line.startswith(INSTALLS))
        command = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script)
        return subprocess.run(command, cwd=self.directory, env=self.environment, check=False).returncode


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    (directory / "scenarios").mkdir(parents=True)
    (directory / "app.py").write_text("def handler(event, context):\n    return event\n")
    functions = f"functions: {{echo: {{handler: app.handler, runtime: python{VERSION}, code: ..}}}}\n"
    (directory / "scenarios" / "s.yml").write_text(functions + SCENARIOS)
    return directory


class GitHub:
    """What a workflow's steps ask of GitHub: artifacts, the cache, expressions. Conditions count as true."""

    def __init__(self, project: Path, directory: Path) -> None:
        self.project = project
        self.directory = directory
        self.artifacts = directory / "artifacts"
        self.cache = directory / "cache"
        self.outputs: dict[str, str] = {}

    def job(self, job: dict[str, Any], name: str, matrix: dict[str, str]) -> list[int]:
        output = self.directory / f"{name}.output"
        machine = Machine(self.project, self.directory / name, {"GITHUB_OUTPUT": str(output)})
        statuses = []
        for step in job["steps"]:
            if "run" in step:
                statuses.append(machine.bash(self.expanded(step["run"], matrix)))
                continue
            given = {key: self.expanded(str(value), matrix) for key, value in step.get("with", {}).items()}
            self.action(step["uses"].partition("@")[0], given, machine.directory)
        if output.exists():
            self.outputs |= dict(line.split("=", 1) for line in output.read_text().splitlines())
        return statuses

    def expanded(self, text: str, matrix: dict[str, str]) -> str:
        known = {f"matrix.{key}": value for key, value in matrix.items()}
        known |= {"github.run_id": "4711", "github.run_attempt": "1"}
        return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: known[found[1]], text)

    def action(self, name: str, given: dict[str, str], here: Path) -> None:
        if name == "actions/upload-artifact":
            source, target = here / given["path"], self.artifacts / given["name"]
            if source.is_dir():
                shutil.copytree(source, target)
            elif source.exists() or given.get("if-no-files-found") != "ignore":
                target.mkdir(parents=True)
                shutil.copy(source, target)
        elif name == "actions/download-artifact":
            names = sorted(os.listdir(self.artifacts)) if self.artifacts.exists() else []
            for one in fnmatch.filter(names, given["pattern"]):
                below = "" if given.get("merge-multiple") == "True" else one
                shutil.copytree(self.artifacts / one, here / given["path"] / below, dirs_exist_ok=True)
        elif name == "actions/cache/restore" and self.cache.exists():
            shutil.copytree(self.cache, here / given["path"])
        elif name == "actions/cache/save":
            shutil.rmtree(self.cache, ignore_errors=True)
            shutil.copytree(here / given["path"], self.cache)
        else:
            assert name.startswith(("actions/checkout", "actions/setup-", "actions/cache/restore")), name


def check(reports: Path, shards: int) -> None:
    """Those of the whole suite."""
    found = json.loads((reports / "report.json").read_text())
    assert (found["summary"]["passed"], found["summary"]["failed"], found["summary"]["total"]) == (6, 1, 7)
    assert found["end"]["interrupted"] is None
    assert found["run"]["seed"] == "4711"
    assert len(list(ET.parse(reports / "junit.xml").iter("testcase"))) == 7
    assert shards == 4


def test_github_s_workflow_runs_and_merges_all_shards(project: Path, tmp_path: Path) -> None:
    workflow = read("github.yml")["jobs"]
    cache = None
    for attempt in ("without times", "with the times of the last run"):
        github = GitHub(project, tmp_path / attempt.replace(" ", "-"))
        github.directory.mkdir()
        if cache is not None:
            github.cache = cache
        assert github.job(workflow["plan"], "plan", {}) == [0, 0]
        cells = json.loads(github.outputs["matrix"])["include"]
        assert all(("--timings" in cell["args"]) == (cache is not None) for cell in cells)
        for number, cell in enumerate(cells):
            *_, status = github.job(workflow["run"], f"run{number}", cell)
            assert status in (0, 1)
        assert github.job(workflow["merge"], "merge", {}) == [0, 1, 0]
        check(github.directory / "merge" / "reports", len(cells))
        cache = github.cache


def test_gitlab_s_pipelines_run_and_merge_all_shards(project: Path, tmp_path: Path) -> None:
    parent, child = read("gitlab.yml"), read("gitlab-child.yml")
    timings = tmp_path / "cache"
    for attempt in ("first", "second"):
        here = tmp_path / attempt
        here.mkdir()
        plan = Machine(project, here / "plan", {})
        if timings.exists():
            shutil.copytree(timings, plan.directory / "timings")
        assert plan.bash(*parent["plan"]["script"]) == 0
        jobs = json.loads((plan.directory / ".lambda-scenarios" / "matrix.yml").read_text())
        merge = Machine(project, here / "merge", {})
        for number, job in enumerate(jobs.values()):
            template = child[job["extends"]]
            # GitLab expands variables in variables: `$$` is a dollar.
            variables = {name: value.replace("$$", "$") for name, value in job["variables"].items()}
            machine = Machine(project, here / f"job{number}", {**variables, "PLAN_PIPELINE": "4711"})
            if (plan.directory / "timings").exists():
                shutil.copytree(plan.directory / "timings", machine.directory / "timings")
            assert machine.bash(*template["script"]) in (0, 1)
            for path in template["artifacts"]["paths"]:
                shutil.copytree(machine.directory / path, merge.directory / path, dirs_exist_ok=True)
        assert merge.bash(*child["merge"]["script"]) == 1
        check(merge.directory / "reports", len(jobs))
        shutil.copytree(merge.directory / "timings", timings, dirs_exist_ok=True)


def test_gitlab_s_merge_job_passes_where_there_was_nothing_to_run(project: Path, tmp_path: Path) -> None:
    child = read("gitlab-child.yml")
    assert Machine(project, tmp_path / "merge", {}).bash(*child["merge"]["script"]) == 0
    assert "test" in child["stages"], "the job of an empty matrix names no stage, which is `test` then"
