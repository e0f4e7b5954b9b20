"""Which configurations are sound: a quick check, a schema, and what people are told."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_scenarios import schemas
from lambda_scenarios.cli.commands import load
from lambda_scenarios.cli.parser import Parser
from lambda_scenarios.configuration.find import Found, find
from lambda_scenarios.configuration.read import above, read
from lambda_scenarios.configuration.settings import SETTINGS, are_plainly_sound
from lambda_scenarios.diagnostics import render
from lambda_scenarios.model.values import Origin
from lambda_scenarios.scenarios.structure import accepts
from lambda_scenarios.scenarios.yaml_source import locate
from tests.scenarios.project import text_at

SCHEMA = schemas.load("config")
EXACT = jsonschema.Draft7Validator(SCHEMA)

VALUES = st.sampled_from(
    [
        *(
            "",
            "auto",
            "docker",
            "warm",
            "none",
            "error",
            "random",
            "strict",
            "text",
            "a=b",
            "1/2",
            None,
            True,
        ),
        *(
            False,
            0,
            1,
            3,
            -1,
            1.5,
            1.0,
            999_999_999,
            999_999_999.5,
            1e9,
            70000,
            [],
            {},
            ["a"],
            [""],
            [1],
            {"A": "b"},
        ),
        *({"A": None}, {"A=": 1}, {"": 1}, {"A": [1]}, {"A": True}, {"A\n": 1.5}),
    ]
)
TABLES = st.dictionaries(st.sampled_from([*SETTINGS, "x-mine", "unknown"]), VALUES, max_size=3)


@given(TABLES, st.none() | VALUES | st.dictionaries(st.sampled_from(["ci", ""]), TABLES | VALUES, max_size=2))
def test_the_judges_agree(table: dict[str, Any], presets: Any) -> None:
    document = table if presets is None else {**table, "presets": presets}
    accepted = EXACT.is_valid(document)
    assert accepts(document, "config") is accepted
    assert accepted or not are_plainly_sound(document)


def test_every_setting_by_itself() -> None:
    for name in SETTINGS:
        for value in VALUES.elements:  # type: ignore[attr-defined]  # a sampled_from has them
            sound = are_plainly_sound({name: value})
            assert EXACT.is_valid({name: value}) or not sound, (name, value)
        assert any(are_plainly_sound({name: value}) for value in VALUES.elements), name  # type: ignore[attr-defined]  # Hypothesis types it as a strategy alone


def test_the_schema_has_the_settings() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == {*SETTINGS, "presets"}
    assert set(SCHEMA["definitions"]["preset"]["properties"]) == set(SETTINGS)
    assert all(SCHEMA["definitions"][name]["description"] for name in SETTINGS)


def test_every_option_of_run_is_a_setting() -> None:
    parser = Parser(prog="run", description="")
    load("run").configure(parser)
    # `-x` is `max_failures: 1`; whether a run ends is said each time.
    options = {action.dest for action in parser.actions()} - {"help", "first", "preset", "watch"}
    assert options == {setting.option or name for name, setting in SETTINGS.items()} - {"exclude"}


def told(folder: Path) -> list[tuple[str, str, str]]:
    found = []
    for problem in read(find(str(folder))).problems:
        where = problem.where
        assert where is not None
        marked = text_at(locate(where) if isinstance(where, Origin) else where)
        found.append((problem.problem, marked, problem.label))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("job: 2", ("unknown key `job`", "job", "did you mean `jobs`?")),
        ("report-dir: x", ("unknown key `report-dir`", "report-dir", "did you mean `report_dir`?")),
        ("vars: {a: 1}", ("unknown key `vars`", "vars", "did you mean `var`?")),
        ("fail_fast: true", ("unknown key `fail_fast`", "fail_fast", "did you mean `max_failures`?")),
        (
            "matrix: {a: [1]}",
            ("`matrix` belongs to scenarios, or under `defaults` of a `_defaults.yml`", "matrix", ""),
        ),
        (
            "scenarios: []",
            (
                "`scenarios` belongs to the top level of scenario files, or of a `_defaults.yml`",
                "scenarios",
                "",
            ),
        ),
        ("zzz: 1", ("unknown key `zzz`", "zzz", "`lambda-scenarios schema config` has them all")),
        ("jobs: none", ('`jobs` must be a whole number or `auto`, not the string "none"', "none", "")),
        ("jobs: 0", ("`jobs` must be at least 1, not 0", "0", "")),
        (
            "backend: dokcer",
            (
                '`backend` must be `auto`, `local`, `docker` or `aws`, not the string "dokcer"',
                "dokcer",
                "did you mean `docker`?",
            ),
        ),
        ("exclude: x", ('`exclude` must be a list, not the string "x"', "x", "put it into brackets: `[…]`")),
        (
            "presets: {ci: {presets: {}}}",
            ("unknown key `presets`", "presets", "a preset holds settings, no presets"),
        ),
        ("- a", ("a configuration is a mapping, not a list", "-", "settings stand as `jobs: 4`")),
        (
            "credentials: none\nassume_role: true",
            ("`assume_role` and `credentials: none` contradict each other", "assume_role", ""),
        ),
        (
            "presets: {ci: {assume_role: me}}",
            (
                "`assume_role` must be true or the ARN of a role, not `me`",
                "me",
                "as in arn:aws:iam::123456789012:role/orders",
            ),
        ),
        ("jobs: 1\njobs: 2", ("duplicate key `jobs`", "jobs", "first given on line 1")),
    ],
)
def test_what_people_are_told(tmp_path: Path, text: str, expected: tuple[str, str, str]) -> None:
    (tmp_path / "lambda-scenarios.yml").write_text(text)
    (found,) = told(tmp_path)
    assert found[0] == expected[0] and found[1].startswith(expected[1])
    assert found[2] == expected[2]


def test_two_files_with_settings_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "lambda-scenarios.yml").write_text("jobs: 2\n")
    (tmp_path / "pyproject.toml").write_text("[tool.lambda-scenarios]\njobs = 2\n")
    (problem,) = read(find(str(tmp_path))).problems
    assert problem.problem == "lambda-scenarios.yml and pyproject.toml both have settings of lambda-scenarios"
    (tmp_path / "lambda-scenarios.yml").write_text("# the root\n")
    configuration = read(find(str(tmp_path)))
    assert configuration.problems == ()
    assert configuration.settings.keys == {"jobs": 2}
    assert configuration.file == str(tmp_path / "pyproject.toml")


def test_anchors_and_keys_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "lambda-scenarios.yml").write_text("x-a: &a {jobs: 2}\npresets: {p: {<<: *a, tag: t}}\n")
    configuration = read(find(str(tmp_path)), ["p"])
    assert configuration.problems == ()
    assert configuration.settings.keys == {"jobs": 2, "tag": "t"}


PIECES = [*"[]{}:,-#'\"&*!|>=.\n \\0123", "jobs", "presets", "env", "{{", "é", "\0", "x-", "tool"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(deadline=None)
@given(
    st.one_of(
        TEXTS.map(str.encode),
        TEXTS.map(lambda text: f"[tool.lambda-scenarios]\n{text}".encode()),
        TABLES.map(lambda table: json.dumps(table).encode()),
        st.binary(max_size=20),
    ),
    st.sampled_from(["lambda-scenarios.yml", "pyproject.toml"]),
    st.lists(st.sampled_from(["ci", "jobs", ""]), max_size=2),
)
def test_no_file_makes_it_fail(data: bytes, name: str, presets: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        configuration = read(Found(folder, ((path, data),)), presets)
        if configuration.problems:
            assert render(configuration.problems, folder, colour=False)
        else:
            above(configuration)
            assert configuration.settings.keys.keys() <= SETTINGS.keys()
