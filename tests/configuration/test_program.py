"""The configuration file, through the real program."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lambda_scenarios.configuration.find import find
from lambda_scenarios.configuration.read import read
from lambda_scenarios.configuration.settings import SETTINGS as KNOWN
from tests.docs.documents import PAGES, blocks, write_project
from tests.extending import packages
from tests.program import running

VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
HANDLER = """\
import os
def handler(event, context):
    print("PIN", os.environ.get("PIN"))
    seconds = round(context.get_remaining_time_in_millis() / 1000)
    return {"seconds": seconds, **{name: os.environ.get(name) for name in event or ()}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "f.py").write_text(HANDLER)
    service = {
        "service": "shop",
        "provider": {"name": "aws", "runtime": VERSION, "stage": "dev", "timeout": 9},
        "functions": {"f": {"handler": "src/f.handler"}},
    }
    (tmp_path / "serverless.yml").write_text(json.dumps(service))
    (tmp_path / "scenarios").mkdir()
    write(
        tmp_path,
        "scenarios/a.yml",
        {
            "defaults": {"function": "f", "event": ["A", "PIN"]},
            "scenarios": [
                {"name": "configured", "expect": {"output": {"seconds": 4, "A": "file", "PIN": "739215"}}},
                {
                    "name": "own",
                    "timeout": 2,
                    "env": {"A": "own", "PIN": None},
                    "expect": {"output": {"seconds": 2, "A": "own", "PIN": None}},
                },
            ],
        },
    )
    return tmp_path


def write(folder: Path, path: str, document: Any) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(document if isinstance(document, str) else json.dumps(document))


EXTENSION = """\
def plain(worker):
    return worker.command

def lines(run):
    yield f"{sum(1 for _ in run.records())}\\n"
"""
SETTINGS: dict[str, Any] = {
    "timeout": 4,
    "env": {"A": "file", "PIN": "739215"},
    "report_dir": "out",
    "mask": ["PIN"],
    "exclude": ["legacy"],
    "presets": {"strong": {"timeout": 6}, "slow": {"tag": "slow"}},
}


def test_a_run_by_its_settings(project: Path) -> None:
    write(project, "lambda-scenarios.yml", SETTINGS)
    write(project, "scenarios/legacy/b.yml", "scenarios: [broken")
    done = running.run(project, "run", "-v")
    assert done.status == 0, done.stdout + done.stderr
    assert done.stderr == "settings: lambda-scenarios.yml\n"
    report = (project / "out" / "report.json").read_text()
    assert "739215" not in report and "739215" not in done.stdout
    assert "739215" not in (project / "out" / "junit.xml").read_text()
    assert not (project / "reports").exists()


def test_from_a_directory_below_and_in_toml(project: Path) -> None:
    table = "".join(
        f"{name} = {json.dumps(value)}\n" for name, value in SETTINGS.items() if not isinstance(value, dict)
    )
    write(
        project,
        "pyproject.toml",
        f'[tool.lambda-scenarios]\n{table}paths = ["scenarios"]\nenv = {{A = "file", PIN = "739215"}}\n'
        "[tool.lambda-scenarios.presets.strong]\ntimeout = 6\n",
    )
    done = running.run(project / "src", "run", "-v")
    assert done.status == 0, done.stdout + done.stderr
    assert done.stderr == "settings: ../pyproject.toml\n"
    assert (project / "out" / "report.json").exists()
    assert running.run(project / "src", "run", "--preset", "strong").status == 1
    # An id begins at the root, wherever it is used.
    assert running.run(project / "src", "run", "scenarios/a.yml::own").status == 0


def test_without_paths_a_directory_below_means_the_scenarios_of_the_root(project: Path) -> None:
    (project / "lambda-scenarios.yml").write_text("")
    listed = running.run(project, "list")
    assert listed.status == 0 and listed.stdout
    below = project / "deep" / "er"
    below.mkdir(parents=True)
    assert running.run(below, "list") == listed
    cell = json.loads(running.run(below, "matrix", "--shards", "1", "--format", "json").stdout)[0]
    assert cell["args"][0] == "../../scenarios"
    (below / "scenarios").mkdir()
    assert running.run(below, "list").status == 5, "its own goes before"


def test_presets_and_the_command_line(project: Path) -> None:
    write(project, "lambda-scenarios.yml", SETTINGS)
    assert running.run(project, "run", "--timeout", "4").status == 1  # it counts more than `own`'s 2
    assert running.run(project, "run", "--preset", "strong", "-v").stderr == (
        "settings: lambda-scenarios.yml · preset strong\n"
    )
    refused = running.run(project, "run", "--preset", "strnog")
    assert refused.status == 2
    assert "no preset `strnog`" in refused.stderr and "did you mean `strong`?" in refused.stderr
    assert "lambda-scenarios.yml:1:" in refused.stderr
    nothing = running.run(project, "list", "--preset", "slow")
    assert nothing.status == 5
    assert nothing.stderr.endswith("lambda-scenarios.yml:1 says `tag`\n")
    (project / "lambda-scenarios.yml").unlink()
    refused = running.run(project, "run", "--preset", "ci")
    assert refused.status == 2 and "there is no configuration file" in refused.stderr


def test_one_invocation_has_the_settings_of_its_options(project: Path) -> None:
    settings = {
        **SETTINGS,
        "env": {"A": "file", "PIN": None},
        "tag": "x",
        "function": ["other"],
        "junit": "j",
    }
    write(project, "lambda-scenarios.yml", settings)
    done = running.run(project, "invoke", "-f", "f", "-d", '["A"]')
    assert json.loads(done.stdout) == {"seconds": 4, "A": "file"}, done.stderr
    done = running.run(project, "invoke", "-f", "f", "-d", '["A"]', "-e", "A=mine", "--preset", "strong")
    assert json.loads(done.stdout) == {"seconds": 6, "A": "mine"}, done.stderr
    write(project, "lambda-scenarios.yml", {"env": {"A": "{{ uuid() }}"}})
    refused = running.run(project, "invoke", "-f", "f", "-d", "1")
    assert refused.status == 2 and "nothing renders it" in refused.stderr
    assert running.run(project, "invoke", "-f", "f", "-d", "[]", "-e", "A=x").status == 0
    write(project, "lambda-scenarios.yml", {"jbos": 1})
    assert running.run(project, "invoke", "-f", "f", "-d", "1").status == 2
    assert running.run(project, "functions").status == 2


def test_a_template_of_the_file_is_rendered_for_scenarios(project: Path) -> None:
    write(project, "lambda-scenarios.yml", {"env": {"A": "{{ vars.a }}"}, "var": {"a": "{{ 'fi' }}le"}})
    write(
        project,
        "scenarios/a.yml",
        {
            "scenarios": [
                {"name": "n", "function": "f", "event": ["A"], "expect": {"output_includes": {"A": "file"}}}
            ]
        },
    )
    assert running.run(project, "run").status == 0
    write(project, "lambda-scenarios.yml", {"env": {"A": "{{ vars.b }}"}})
    refused = running.run(project, "validate")
    assert refused.status == 2 and "lambda-scenarios.yml:1:" in refused.stderr


def test_all_problems_are_told_together(project: Path) -> None:
    write(project, "lambda-scenarios.yml", "jbos: 1\ntimeout: x\n")
    write(project, "scenarios/b.yml", {"scenarios": [{"nme": "b"}]})
    for command in ("run", "validate", "list"):
        refused = running.run(project, command)
        assert refused.status == 2
        assert "3 errors in 2 files" in refused.stderr, refused.stderr


@pytest.mark.parametrize(
    ("settings", "problem", "marked"),
    [
        ({"now": "soon"}, "--now takes a time", '"soon"'),
        ({"docker_image": {"pyhton3.12": "x"}}, "Lambda has no such runtime", "{"),
        ({"tag": "a and"}, "--tag", '"a and"'),
        ({"keyword": "(a"}, "-k", '"(a"'),
        ({"shard": "5/2"}, "`shard`", '"5/2"'),
        ({"service": "nowhere"}, "no such service: nowhere", '"nowhere"'),
        ({"paths": ["nowhere"]}, "no file or directory nowhere", "["),
        ({"qualifier": "no such"}, "--qualifier", '"no such"'),
        ({"docker_arg": ["--nme x"]}, "--docker-arg", "["),
    ],
)
def test_what_cant_be_used_is_told_at_its_place(
    project: Path, settings: dict[str, Any], problem: str, marked: str
) -> None:
    write(project, "lambda-scenarios.yml", settings)
    refused = running.run(project, "run")
    assert refused.status == 2
    head, place, _, source, caret = refused.stderr.splitlines()[:5]
    assert problem in head
    assert place.strip().startswith("--> lambda-scenarios.yml:1:")
    assert source[caret.index("^") :].startswith(marked), refused.stderr


def test_doctor_tells_which_file_counts(project: Path) -> None:
    assert "settings  none" in running.run(project, "doctor").stdout
    write(project, "lambda-scenarios.yml", SETTINGS)
    done = running.run(project / "src", "doctor")
    assert "root      ..\n" in done.stdout
    assert "settings  ../lambda-scenarios.yml · presets: strong, slow\n" in done.stdout
    write(project, "lambda-scenarios.yml", "a: [")
    assert "can't be used" in running.run(project, "doctor").stdout


def test_flags_are_taken_back_on_the_command_line(project: Path) -> None:
    write(project, "lambda-scenarios.yml", {**SETTINGS, "no_reports": True, "quiet": True})
    assert running.run(project, "run").stdout.count("\n") == 1
    assert not (project / "out").exists()
    assert running.run(project, "run", "--reports").status == 0
    assert (project / "out" / "report.json").exists()
    assert running.run(project, "run", "-v").stdout.count("\n") > 5
    refused = running.run(project, "run", "--no-such")
    assert refused.status == 2 and "unknown option `--no-such`" in refused.stderr


def test_a_step_counts_more_than_its_scenario_and_that_more_than_the_settings(project: Path) -> None:
    write(project, "lambda-scenarios.yml", {"timeout": 4, "env": {"A": "file", "PIN": "1"}, "retries": 1})
    steps = [
        {"id": "first", "expect": {"output": {"seconds": 4, "A": "scenario", "PIN": "1"}}},
        {
            "id": "second",
            "timeout": 2,
            "env": {"A": "step"},
            "expect": {"output": {"seconds": 2, "A": "step", "PIN": "1"}},
        },
    ]
    scenario = {"name": "n", "function": "f", "event": ["A", "PIN"], "env": {"A": "scenario"}, "steps": steps}
    write(project, "scenarios/a.yml", {"scenarios": [scenario]})
    done = running.run(project, "run")
    assert done.status == 0, done.stdout + done.stderr
    assert "attempt 2 of 2" in running.run(project, "run", "--timeout", "3").stdout
    assert "attempt" not in running.run(project, "run", "--timeout", "3", "--retries", "0").stdout


def test_extensions_may_be_named(project: Path, tmp_path: Path) -> None:
    env = packages.write(
        tmp_path / "installed",
        {"backends": {"plain": "acme:plain"}, "reporters": {"lines": "acme:lines"}},
        {"acme": EXTENSION},
    )
    settings = {**SETTINGS, "backend": "plain", "report": {"lines": "out/lines.txt"}}
    write(project, "lambda-scenarios.yml", settings)
    done = running.run(project / "src", "run", "../scenarios", env=env)
    assert done.status == 0, done.stdout + done.stderr
    assert (project / "out" / "lines.txt").read_text() == "2\n"
    write(project, "lambda-scenarios.yml", {**settings, "backend": "plian"})
    refused = running.run(project, "run", env=env)
    assert refused.status == 2 and "did you mean `plain`?" in refused.stderr


def test_reports_go_where_the_settings_say(project: Path) -> None:
    write(project, "lambda-scenarios.yml", SETTINGS)
    assert running.run(project, "run").status == 0
    (project / "shard.json").write_bytes((project / "out" / "report.json").read_bytes())
    (project / "out" / "junit.xml").unlink()
    merged = running.run(project / "src", "merge", "../shard.json")
    assert merged.status == 0, merged.stderr
    assert (project / "out" / "junit.xml").exists()
    assert running.run(project / "src", "report").stderr.startswith("error: ../out holds nothing")


def test_the_files_of_the_documents_are_sound(project: Path) -> None:
    page = next(page for page in PAGES if page.name == "configuration.md")
    write_project(page, project)
    (table,) = (block.text for block in blocks(page) if block.language == "toml")
    write(project, "python/pyproject.toml", table)
    for folder in (project, project / "python"):
        configuration = read(find(str(folder)), ["ci"])
        assert configuration.problems == ()
        assert configuration.settings.keys["retries"] == 1
    text = page.read_text()
    assert [name for name in KNOWN if f"`{name}`" not in text] == []


RUN = """\
import json, os, sys
from lambda_scenarios.cli.main import main
from lambda_scenarios.runtimes.runtime import World
status = main(["run"], World(os.environ, os.getcwd()))
print(json.dumps({"status": status, "modules": list(sys.modules)}))
"""


@pytest.mark.parametrize("settings", [None, SETTINGS])
def test_what_settings_cost(project: Path, settings: Any) -> None:
    """Without a file, none of it is imported; with one, no schema engine is."""
    if settings is not None:
        write(project, "lambda-scenarios.yml", {**settings, "mask": ["OTHER"]})
    else:
        write(project, "scenarios/a.yml", {"scenarios": [{"name": "n", "function": "f"}]})
    found = running.told_by(RUN, project)
    assert found["status"] == 0
    modules = set(found["modules"])
    assert modules.isdisjoint({"jsonschema", "jsonschema_rs", "jinja2", "tomllib", "difflib"})
    assert ("lambda_scenarios.configuration.read" in modules) is (settings is not None)
