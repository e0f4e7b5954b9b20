"""`_defaults.yml`: what scenario files inherit from their directories, and where each value stands."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.program import running
from tests.scenarios.project import Project, text_at

from lambda_scenarios import schemas
from lambda_scenarios.model.values import Json
from lambda_scenarios.scenarios.draft import ABSENT
from lambda_scenarios.scenarios.yaml_source import locate

GROUPS = (("event", "event_path"), ("context", "context_path"), ("matrix", "cases", "cases_path"))


def merged(levels: list[dict[str, Any]]) -> dict[str, Any]:
    """The format's rules, written down plainly: the levels from the furthest to the nearest."""
    result: dict[str, Any] = {}
    for level in levels:
        for key, value in level.items():
            before = result.get(key)
            if key in ("env", "context", "vars") and isinstance(before, dict) and isinstance(value, dict):
                result[key] = {**before, **value}
            elif key == "tags":
                result[key] = (before or []) + [tag for tag in value if tag not in (before or [])]
            else:
                for group in GROUPS:
                    if key in group:
                        for other in group:
                            result.pop(other, None)
                result[key] = value
    return result


KEYS = (
    "description",
    "function",
    "event",
    "event_path",
    "context",
    "context_path",
    "env",
    "vars",
    "tags",
    "cases_path",
    "matrix",
    "skip",
    "isolation",
    "expect",
    "timeout",
)
NAMES = st.lists(st.sampled_from("ABCD"), unique=True, max_size=3)


@st.composite
def levels(draw: st.DrawFn, count: int) -> list[dict[str, Any]]:
    """Keys of scenarios on several levels, every value with a text of its own."""
    numbers = itertools.count()

    def text() -> str:
        return f"value {next(numbers)}"

    def value(key: str) -> Any:
        if key in ("env", "vars") or (key == "context" and draw(st.booleans())):
            return {name: text() for name in draw(NAMES)}
        if key == "tags":
            return draw(st.lists(st.sampled_from("tuvwx"), unique=True, max_size=4))
        if key == "matrix":
            return {"a": [text()]}
        if key == "expect":
            return {"output": text()}
        return draw(st.sampled_from(["warm", "cold"])) if key == "isolation" else text()

    found = []
    for _ in range(count):
        keys = draw(st.lists(st.sampled_from(KEYS), unique=True))
        for group in GROUPS:
            for other in [key for key in keys if key in group][1:]:
                keys.remove(other)
        found.append({key: value(key) for key in keys if key != "timeout"})
        if "timeout" in keys:
            found[-1]["timeout"] = next(numbers) + 1
    return found


def check_places(value: Json, draft: Any, *path: str | int) -> None:
    """Each text stands where its origin says."""
    if isinstance(value, dict):
        for name, item in value.items():
            check_places(item, draft, *path, name)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            check_places(item, draft, *path, index)
    else:
        assert text_at(locate(draft.origin(*path))) == json.dumps(value), path


@settings(deadline=None, max_examples=50)
@given(levels(7), st.booleans())
def test_the_whole_chain_of_a_scenario(chain: list[dict[str, Any]], anchored: bool) -> None:
    outer, outer_defaults, inner, inner_defaults, top, defaults, own = chain
    with tempfile.TemporaryDirectory() as root:
        project = Project(root)
        for path, level, under in (
            ("_defaults.yml", outer, outer_defaults),
            ("a/b/_defaults.yaml", inner, inner_defaults),
        ):
            document = {"vars": level.get("vars", {}), "defaults": under}
            project.write(path, ("# said\n" if anchored else "") + json.dumps(document, indent=1))
        scenario = {"name": "n", **own}
        text = {"vars": top.get("vars", {}), "defaults": defaults, "scenarios": [scenario]}
        project.write("a/b/c/x.yml", json.dumps(text, indent=1))
        project.named.append("a/b/c/x.yml")
        (draft,) = project.drafts()
        expected = merged(
            [
                *({"vars": outer["vars"]} for _ in range("vars" in outer)),
                outer_defaults,
                *({"vars": inner["vars"]} for _ in range("vars" in inner)),
                inner_defaults,
                *({"vars": top["vars"]} for _ in range("vars" in top)),
                defaults,
                own,
            ]
        )
        for key in KEYS:
            found = getattr(draft, key)
            if key in expected:
                wanted = tuple(expected[key]) if key == "tags" else expected[key]
                assert found == wanted, key
                check_places(found, draft, key)
            else:
                assert not found or found is ABSENT, key


SERVICE = "service: {}\nprovider: {{name: aws, runtime: python3.11, stage: dev}}\n"


def test_the_top_level_is_inherited_the_nearer_first(project: Project) -> None:
    project.write("_defaults.yml", "service: null\nstage: far\nparams: {a: far, b: far}\nresolve: {x: far}\n")
    project.write("s/_defaults.yml", "service: one\nstage: near\nparams: {b: 1.10}\nresolve: {y: [p, 2]}\n")
    project.write("s/x.yml", "params: {c: own}\nscenarios: [{name: n}]\n")
    project.write("s/y.yml", "service: ../two\nstage: own\nscenarios: [{name: n}]\n")
    project.named += ["s/x.yml", "s/y.yml"]
    first, second = (draft.head for draft in project.drafts())
    assert first.service == str(Path(project.root, "s/one"))
    assert second.service == str(Path(project.root, "two"))
    assert (first.stage, second.stage) == ("near", "own")
    assert dict(first.params) == {"a": "far", "b": "1.10", "c": "own"}
    assert dict(first.resolve) == {"x": "far", "y": ("p", "2")}
    assert first.service_at is not None
    assert text_at(locate(first.service_at)) == "one"


def test_paths_begin_at_the_file_that_they_are_written_in(project: Project) -> None:
    project.write(
        "s/_defaults.yml",
        "functions: {far: {handler: greet.handler, runtime: python3.11, code: ..}}\n"
        'vars: {said: \'{{ read_text("text.txt") }}\', both: "{{ vars.said }}"}\n'
        "defaults:\n"
        "  function: far\n"
        "  context_path: context.json\n"
        "  expect: {output_path: expected.json}\n",
    )
    project.write("s/text.txt", "far")
    project.write("s/deep/text.txt", "near")
    project.write("s/context.json", '{"function_name": "far"}')
    project.write("s/expected.json", '"far"')
    project.write("s/event.json", '"shared"')
    project.write("s/deep/event.json", '"own"')
    project.write("s/deep/_defaults.yml", "defaults: {event_path: ../event.json}\n")
    project.write(
        "s/deep/x.yml",
        "scenarios:\n- {name: inherits}\n- {name: own, event_path: event.json}\n"
        "- {name: template, event: '{{ vars.both }} {{ read_text(\"text.txt\") }} {{ vars.said }}'}\n",
    )
    project.named.append("s/deep/x.yml")
    found = project.invocations()
    assert {name: one.event for name, one in found.items()} == {
        "inherits": b'"shared"',
        "own": b'"own"',
        "template": b'"far near far"',
    }
    assert {one.function.code for one in found.values()} == {project.root}
    assert {one.context.function_name for one in found.values()} == {"far"}


def test_functions_of_a_directory_stand_beside_those_of_a_file(project: Project) -> None:
    project.write("lib/greet.py", "def handler(event, context):\n    return event\n")
    project.write(
        "s/_defaults.yml",
        "functions:\n"
        "  shared: {handler: greet.handler, runtime: python3.11, code: ../lib, timeout: 1}\n"
        "  again: {handler: greet.handler, runtime: python3.11, code: ../lib, timeout: 2}\n",
    )
    project.write(
        "s/x.yml",
        "functions: {again: {handler: greet.handler, runtime: python3.11, code: ../lib, timeout: 3}}\n"
        "scenarios: [{name: a, function: shared}, {name: b, function: again}]\n",
    )
    project.named.append("s/x.yml")
    assert {name: one.timeout for name, one in project.invocations().items()} == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("text", "problem", "marked", "label"),
    [
        (
            "defaults: {timout: 3}",
            "unknown key `timout`",
            "timout",
            "did you mean `timeout`?",
        ),
        ("timeout: 3", "`timeout` belongs under `defaults`", "timeout", ""),
        (
            "scenarios: [{name: a}]",
            "unknown key `scenarios`",
            "scenarios",
            "scenarios stand in files of their own, which inherit from this one",
        ),
        (
            "defaults: {name: a}",
            "unknown key `name`",
            "name",
            "a name can't be a default: each scenario has its own",
        ),
        (
            "[1]",
            "the defaults of a directory are a mapping, not a list",
            "[1]",
            "keys of scenarios stand under `defaults:`",
        ),
        (
            "functions: {f: {handler: a.b}}",
            "`runtime` is missing",
            "{handler: a.b}",
            "a function needs `handler` and `runtime`, or `image`",
        ),
        ("a: &x 1\na: 2\n", "duplicate key `a`", "a", "first given on line 1"),
    ],
)
def test_what_is_wrong_is_told_once_at_its_place(
    project: Project, text: str, problem: str, marked: str, label: str
) -> None:
    project.write("_defaults.yml", text)
    project.scenarios("scenarios: [{name: a, function: greet}]\n", "a.yml")
    project.scenarios("scenarios: [{name: b, function: greet}]\n", "b.yml")
    project.scenarios("scenarios: [{name: c, functoin: greet}]\n", "c.yml")
    assert sorted(set(project.told())) == sorted(
        {(problem, marked, label), ("unknown key `functoin`", "functoin", "did you mean `function`?")}
    )


def test_a_value_is_complained_of_where_it_stands(project: Project) -> None:
    project.write("_defaults.yml", 'defaults:\n  function: greet\n  timeout: "{{ vars.limit }}"\n')
    project.scenarios("vars: {limit: none}\nscenarios: [{name: a}]\n", "s/a.yml", functions=(
        "functions: {greet: {handler: greet.handler, runtime: python3.11, code: ..}}\n"
    ))  # fmt: skip
    (diagnostic,) = project.problems()
    assert project.place(diagnostic) == "_defaults.yml:3"
    assert project.marked(diagnostic) == '"{{ vars.limit }}"'


def test_two_files_of_one_directory_are_one_too_many(project: Project) -> None:
    project.write("_defaults.yml", "stage: a\n")
    project.write("_defaults.yaml", "stage: b\n")
    project.scenarios("scenarios: [{name: a, function: greet}]\n")
    assert {told[0] for told in project.told()} == {"_defaults.yml and _defaults.yaml both stand here"}


def test_above_the_projects_root_and_beside_it_nothing_is_read(tmp_path: Path) -> None:
    project = Project(str(tmp_path / "project"))
    (tmp_path / "_defaults.yml").write_text("broken: [")
    project.scenarios("scenarios: [{name: a, function: greet}]\n")
    project.write("beside/_defaults.yml", "also: [")
    assert project.problems() == ()


def test_comments_alone_are_no_defaults(project: Project) -> None:
    project.write("_defaults.yml", "# nothing yet\n")
    project.scenarios("scenarios: [{name: a, function: greet}]\n")
    assert project.problems() == ()


def test_the_program_knows_them(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text("def handler(event, context):\n    return event\n")
    folder = tmp_path / "scenarios" / "deep"
    folder.mkdir(parents=True)
    (folder / "_defaults.yml").write_text(
        "functions: {echo: {handler: echo.handler, runtime: python3.11, code: ../..}}\n"
        "defaults: {function: echo, tags: [deep], event: 1, expect: {output: 1}}\n"
    )
    (folder / "a.yml").write_text("scenarios: [{name: a, tags: [own]}, {name: b, event: 2}]\n")
    listed = running.run(tmp_path, "list")
    assert listed.stdout == (
        "scenarios/deep/a.yml::a  echo  [deep, own]\nscenarios/deep/a.yml::b  echo  [deep]\n"
    )
    assert running.run(tmp_path, "validate").status == 0
    done = running.run(tmp_path, "run")
    assert done.status == 1
    assert "scenarios/deep/_defaults.yml:2" in done.stdout
    (folder / "_defaults.yml").write_text("defaults: {functoin: echo}\n")
    for command in ("run", "list", "validate"):
        refused = running.run(tmp_path, command)
        assert refused.status == 2
        assert refused.stderr.count("scenarios/deep/_defaults.yml:1:12") == 1


def test_the_schema_is_a_scenario_files_without_scenarios() -> None:
    schema = schemas.load("defaults")
    scenario = schemas.load("scenario")
    assert set(schema["properties"]) == set(scenario["properties"]) - {"scenarios"}
    text = json.dumps(schema)
    assert all(f"#/definitions/{name}" in text for name in schema["definitions"])
    for name in scenario["definitions"]:
        assert (f'#/definitions/{name}"' in text) is (name in schema["definitions"])
