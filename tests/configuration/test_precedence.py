"""Which place counts: the command line, scenarios, their files, directories, the configuration file."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lambda_scenarios.cli.commands import load
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.cli.run_command import request_of
from lambda_scenarios.cli.settings import configure
from lambda_scenarios.configuration.settings import SETTINGS
from lambda_scenarios.model.scenario import Case
from lambda_scenarios.pipeline import read
from lambda_scenarios.request import RunRequest
from lambda_scenarios.runtimes.runtime import World

VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"


class Project:
    """A service and one scenario; each level that is given writes what it says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("nearest", *LEVELS):
            directory = root if name == "nearest" else root / "services" / name
            directory.mkdir(parents=True, exist_ok=True)
            service = {
                "service": name,
                "provider": {
                    "name": "aws",
                    "runtime": VERSION,
                    "timeout": 99,
                    "environment": {"GIVEN": "service"},
                },
                "params": {"default": {"SHARED": "service"}},
                "functions": {"f": {"handler": "f.handler", "environment": {"SEEN": "${param:SHARED}"}}},
            }
            (directory / "serverless.yml").write_text(json.dumps(service))
            (directory / "f.py").write_text("def handler(event, context):\n    return event\n")

    def write(self, path: str, document: Any) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(document))

    def request(self, *arguments: str) -> RunRequest:
        command = load("run")
        parser = Parser(prog="run", description="")
        command.configure(parser)
        options = parser.parse_args(list(arguments))
        world = World({"HOME": str(self.root)}, str(self.root))
        configure(options, world)
        return request_of(options, world)

    def case(self, *arguments: str) -> Case:
        (case,) = read(self.request(*arguments).suite, World({}, str(self.root))).cases
        return case


# From the weakest to the strongest; the service itself is below all of them.
LEVELS = ("settings", "preset", "outer", "inner", "file", "defaults", "scenario", "command")


class Row(NamedTuple):
    """One setting: what scenario files call it and at which levels they do, a value of each level, how the
    command line says it, and what becomes of it in the case."""

    setting: str
    key: str
    levels: tuple[str, ...]
    values: tuple[Any, ...]
    option: tuple[str, ...]
    of: Any
    otherwise: Any


SCENARIO = ("settings", "preset", "outer", "inner", "defaults", "scenario", "command")
TOP = ("settings", "preset", "outer", "inner", "file", "command")


def invocation(case: Case) -> Any:
    assert case.invocation is not None
    return case.invocation


ROWS = (
    Row(
        "timeout",
        "timeout",
        SCENARIO,
        (1, 2, 3, 4, 5, 6, 7),
        ("--timeout", "{}"),
        lambda c: invocation(c).timeout,
        99.0,
    ),
    Row(
        "isolation",
        "isolation",
        SCENARIO,
        tuple(["warm", "cold"] * 3 + ["warm"]),
        ("--isolation", "{}"),
        lambda c: invocation(c).isolation,
        "warm",
    ),
    Row("retries", "retries", SCENARIO, (1, 2, 3, 4, 5, 6, 7), ("--retries", "{}"), lambda c: c.retries, 0),
    Row("repeat", "repeat", SCENARIO, (2, 3, 4, 5, 6, 7, 8), ("--repeat", "{}"), lambda c: c.repeat, 1),
    Row(
        "credentials",
        "credentials",
        SCENARIO,
        ("inherit", "role", "none", "inherit", "role", "inherit", "none"),
        ("--credentials", "{}"),
        lambda c: invocation(c).credentials,
        "none",
    ),
    Row(
        "backend",
        "backend",
        SCENARIO,
        ("local", "docker", "auto", "local", "docker", "local", "auto"),
        ("--backend", "{}"),
        lambda c: invocation(c).backend,
        "auto",
    ),
    Row(
        "stage",
        "stage",
        TOP,
        ("a", "b", "c", "d", "e", "f"),
        ("--stage", "{}"),
        lambda c: invocation(c).function.service.stage,
        "dev",
    ),
    Row(
        "service",
        "service",
        TOP,
        ("settings", "preset", "outer", "inner", "file", "command"),
        ("--service", "services/{}"),
        lambda c: invocation(c).function.service.name,
        "nearest",
    ),
)
_PREFIX = {"outer": "services/", "inner": "../services/", "file": "../../services/"}
_HERE = {"settings": "services/", "preset": "services/"}


def write_levels(project: Project, said: dict[str, dict[str, Any]]) -> None:
    """What each level says, in the file of that level; `said` has the keys that the level knows."""

    def top(level: str) -> dict[str, Any]:
        keys = said.get(level, {})
        inside = {
            key: value for key, value in keys.items() if key not in ("stage", "service", "params", "vars")
        }
        outside = {key: value for key, value in keys.items() if key not in inside}
        return {**outside, **({"defaults": inside} if inside else {})}

    settings = said.get("settings", {})
    project.write(
        "lambda-scenarios.yml", {**settings, "presets": {"p": said.get("preset", {}), "unused": {"jobs": 3}}}
    )
    project.write("_defaults.yml", top("outer"))
    project.write("scenarios/_defaults.yml", top("inner"))
    project.write(
        "scenarios/deep/a.yml",
        {
            "defaults": said.get("defaults", {}),
            **said.get("file", {}),
            "scenarios": [{"name": "a", "function": "f", **said.get("scenario", {})}],
        },
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.setting)
def test_the_nearest_that_says_it_counts(row: Row, tmp_path: Path) -> None:
    project = Project(tmp_path)
    for length in range(len(row.levels) + 1):
        for present in itertools.combinations(range(len(row.levels)), length):
            said: dict[str, dict[str, Any]] = {}
            arguments: tuple[str, ...] = ("--preset", "p")
            for index in present:
                level, value = row.levels[index], row.values[index]
                if level == "command":
                    arguments += tuple(part.format(value) for part in row.option)
                    continue
                name = row.setting if level in _HERE else row.key
                if row.setting == "service":
                    value = f"{ {**_HERE, **_PREFIX}[level] }{value}"
                said[level] = {name: value}
            write_levels(project, said)
            expected = row.values[present[-1]] if present else row.otherwise
            assert row.of(project.case(*arguments)) == expected, (row.setting, present)


MAPPINGS = {
    "env": ("env", ("settings", "preset", "outer", "inner", "defaults", "scenario", "command"), "--env"),
    "var": ("vars", LEVELS, "--var"),
    "param": ("params", TOP, "--param"),
}


@pytest.mark.parametrize("setting", MAPPINGS)
def test_mappings_are_merged_by_key(setting: str, tmp_path: Path) -> None:
    """Every level says a name that all of them say, and one of its own."""
    project = Project(tmp_path)
    key, levels, option = MAPPINGS[setting]
    for present in itertools.chain.from_iterable(
        itertools.combinations(levels, length) for length in range(1, len(levels) + 1)
    ):
        said: dict[str, dict[str, Any]] = {}
        arguments = ["--preset", "p"]
        expected: dict[str, str] = {}
        for level in present:
            values = {"SHARED": level, level: level}
            expected.update(values)
            if level == "command":
                arguments += [part for name, value in values.items() for part in (option, f"{name}={value}")]
            else:
                said[level] = {setting if level in _HERE else key: values}
        if setting == "var":
            said.setdefault("scenario", {})["event"] = {name: f"{{{{ vars.{name} }}}}" for name in expected}
        write_levels(project, said)
        found = invocation(project.case(*arguments))
        if setting == "env":
            assert dict(found.environment) == expected
        elif setting == "var":
            assert json.loads(found.event) == expected
        else:
            assert dict(found.function.environment)["SEEN"] == expected["SHARED"]


def test_every_setting_that_files_can_say_is_in_these_tables() -> None:
    weak = {name for name, setting in SETTINGS.items() if setting.weak}
    assert weak - {row.setting for row in ROWS} - set(MAPPINGS) == {"assume_role"}


ROLE = "arn:aws:iam::123456789012:role/configured"
OTHER = "arn:aws:iam::123456789012:role/given"


@pytest.mark.parametrize(
    ("settings", "scenario", "arguments", "credentials", "role"),
    [
        ({"assume_role": ROLE}, {}, (), "role", ROLE),
        ({"assume_role": True}, {}, (), "role", None),
        ({"assume_role": False}, {}, (), "none", None),
        ({"assume_role": ROLE}, {"credentials": "none"}, (), "none", ROLE),
        ({"assume_role": ROLE}, {"credentials": "none"}, ("--assume-role", OTHER), "role", OTHER),
        ({"assume_role": ROLE}, {}, ("--credentials", "inherit"), "inherit", None),
        ({"credentials": "inherit"}, {}, ("--assume-role", OTHER), "role", OTHER),
        (
            {"credentials": "inherit", "presets": {"p": {"assume_role": ROLE}}},
            {},
            ("--preset", "p"),
            "role",
            ROLE,
        ),
        (
            {"assume_role": ROLE, "presets": {"p": {"credentials": "none"}}},
            {},
            ("--preset", "p"),
            "none",
            None,
        ),
    ],
)
def test_whose_credentials(
    tmp_path: Path,
    settings: dict[str, Any],
    scenario: dict[str, Any],
    arguments: tuple[str, ...],
    credentials: str,
    role: str | None,
) -> None:
    project = Project(tmp_path)
    project.write("lambda-scenarios.yml", settings)
    project.write("scenarios/a.yml", {"scenarios": [{"name": "a", "function": "f", **scenario}]})
    assert invocation(project.case(*arguments)).credentials == credentials
    assert project.request(*arguments).role == role


class Strong(NamedTuple):
    """A setting of the run alone: its value in the file, on the command line, and what the request holds."""

    setting: str
    value: Any
    arguments: tuple[str, ...]
    of: Any
    configured: Any
    given: Any


REQUESTED = (
    Strong("jobs", 3, ("--jobs", "5"), lambda r: r.jobs, 3, 5),
    Strong("jobs", "auto", ("-j", "5"), lambda r: r.jobs, 0, 5),
    Strong(
        "missing_runtime",
        "skip",
        ("--missing-runtime", "error"),
        lambda r: r.missing_runtime_skips,
        True,
        False,
    ),
    Strong("max_time", 1.5, ("--max-time", "2"), lambda r: r.max_time, 1.5, 2.0),
    Strong("max_failures", 3, ("--max-failures", "4"), lambda r: r.max_failures, 3, 4),
    Strong("max_failures", 3, ("-x",), lambda r: r.max_failures, 3, 1),
    Strong("order", "random", ("--order", "defined"), lambda r: r.shuffled, True, False),
    Strong("seed", 1.10, ("--seed", "b"), lambda r: r.suite.settings.seed, "1.1", "b"),
    Strong(
        "now",
        "2026-01-01",
        ("--now", "1970-01-01T00:00:05Z"),
        lambda r: r.suite.settings.now,
        1767225600.0,
        5.0,
    ),
    Strong(
        "region",
        "eu-west-1",
        ("-r", "us-west-2"),
        lambda r: r.suite.settings.overrides.region,
        "eu-west-1",
        "us-west-2",
    ),
    Strong("aws_profile", "a", ("--aws-profile", "b"), lambda r: r.aws_profile, "a", "b"),
    Strong("inherit_env", True, ("--no-inherit-env",), lambda r: r.inherit_env, True, False),
    Strong("strict", True, ("--no-strict",), lambda r: r.strict, True, False),
    Strong(
        "skip_package",
        True,
        ("--no-skip-package",),
        lambda r: r.suite.settings.overrides.skip_package,
        True,
        False,
    ),
    Strong(
        "ignore_env", True, ("--no-ignore-env",), lambda r: r.suite.settings.overrides.ignore_env, True, False
    ),
    Strong("warm_check", True, ("--no-warm-check",), lambda r: r.warm_check, True, False),
    Strong("qualifier", "live", ("--qualifier", "7"), lambda r: r.qualifier, "live", "7"),
    Strong("keyword", "a and b", ("-k", "c"), lambda r: r.suite.selection.keyword, "a and b", "c"),
    Strong("tag", "a", ("--tag", "b"), lambda r: r.suite.selection.tag, "a", "b"),
    Strong(
        "function", ["a", "b"], ("--function", "c"), lambda r: r.suite.selection.functions, ("a", "b"), ("c",)
    ),
    Strong(
        "label",
        {"py": 3.10, "os": "linux"},
        ("--label", "os=mac"),
        lambda r: dict(r.labels),
        {"py": "3.1", "os": "linux"},
        {"py": "3.1", "os": "mac"},
    ),
    Strong("mask", ["A"], ("--mask", "B"), lambda r: r.mask, ("A",), ("A", "B")),
    Strong("debug", 5000, ("--debug", "1234"), lambda r: r.debug.port, 5000, 1234),
    Strong("debug", True, ("--debug",), lambda r: r.debug.port, None, None),
    Strong(
        "junit_flavor",
        "strict",
        ("--junit-flavor", "default"),
        lambda r: r.reports.flavor,
        "strict",
        "default",
    ),
    Strong(
        "docker_image",
        {"python3.12": "a", "ruby3.3": "b"},
        ("--docker-image", "ruby3.3=c"),
        lambda r: dict(r.docker.images),
        {"python3.12": "a", "ruby3.3": "b"},
        {"python3.12": "a", "ruby3.3": "c"},
    ),
    Strong(
        "docker_arg",
        ["-e A=1", "-e B=2"],
        ("--docker-arg", "-e C=3"),
        lambda r: dict(r.docker.arguments.environment),
        {"A": "1", "B": "2"},
        {"C": "3"},
    ),
    Strong("no_reports", True, ("--reports",), lambda r: r.reports.temporary, True, False),
)


@pytest.mark.parametrize("row", REQUESTED, ids=lambda row: f"{row.setting}-{row.value}")
def test_the_command_line_counts_more_than_the_file(row: Strong, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("lambda-scenarios.yml", {row.setting: row.value})
    assert row.of(project.request()) == row.configured
    assert row.of(project.request(*row.arguments)) == row.given
    project.write("lambda-scenarios.yml", {"presets": {"p": {row.setting: row.value}}})
    assert row.of(project.request("--preset", "p")) == row.configured
    assert row.of(project.request("--preset", "p", *row.arguments)) == row.given


def test_paths_begin_at_the_file(tmp_path: Path) -> None:
    project = Project(tmp_path)
    keys = ("junit", "html", "json", "ctrf", "tap")
    project.write(
        "lambda-scenarios.yml",
        {
            "paths": ["a", "b/c.yml::n"],
            "report_dir": "out",
            **{key: f"x/{key}" for key in keys},
            "timings": ["t"],
        },
    )
    (tmp_path / "deep").mkdir()
    project.root = tmp_path / "deep"
    request = project.request()
    assert request.suite.paths == ("../a", "../b/c.yml::n")
    assert request.suite.root == str(tmp_path)
    assert Path(request.reports.directory).resolve() == tmp_path / "out"
    assert {Path(path).resolve() for _, path in request.reports.files} == {
        tmp_path / "x" / key for key in keys
    }
    assert project.request("q").suite.paths == ("q",)
    assert Path(project.request("--report-dir", "r").reports.directory) == tmp_path / "deep" / "r"
    project.root = tmp_path
    project.write("lambda-scenarios.yml", {"junit": "-"})
    assert ("junit", "-") in project.request().reports.files


def test_a_named_scenario_is_selected_whatever_the_file_selects(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("lambda-scenarios.yml", {"tag": "x", "keyword": "y", "function": ["z"], "shard": "1/2"})
    selection = project.request("scenarios/a.yml::n").suite.selection
    assert (selection.tag, selection.keyword, selection.functions, selection.shard) == (None, None, (), None)
    assert project.request("scenarios/a.yml").suite.selection.tag == "x"


def test_presets_go_over_each_other_in_their_order(tmp_path: Path) -> None:
    project = Project(tmp_path)
    presets = {
        "a": {"jobs": 1, "label": {"x": "a", "a": "a"}, "mask": ["A"]},
        "b": {"jobs": 2, "label": {"x": "b", "b": "b"}, "mask": ["B", "A"]},
    }
    project.write("lambda-scenarios.yml", {"jobs": 9, "mask": ["TOP"], "presets": presets})
    request = project.request("--preset", "a", "--preset", "b")
    assert (request.jobs, request.mask) == (2, ("TOP", "A", "B"))
    assert dict(request.labels) == {"x": "b", "a": "a", "b": "b"}
    assert project.request("--preset", "b", "--preset", "a").jobs == 1
