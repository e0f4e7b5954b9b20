"""Drafts: what is inherited, what is displaced, and where each value stands."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scenarios.project import Project, text_at

from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.scenarios.build import Source, build_file
from lambda_scenarios.scenarios.discover import FoundFile
from lambda_scenarios.scenarios.draft import ABSENT, Draft
from lambda_scenarios.scenarios.load import load_files, parse_source, scenario_lines
from lambda_scenarios.scenarios.yaml_source import locate, parse

if TYPE_CHECKING:
    from pathlib import Path


def build(document: dict[str, Any]) -> tuple[Draft, ...]:
    lines = tuple(range(1, len(document["scenarios"]) + 1))
    return build_file(Source(document, False, lines), "/p/a.yml", "a.yml").drafts


def test_env_context_and_vars_merge_by_key_and_the_scenario_wins() -> None:
    (draft,) = build(
        {
            "vars": {"v": 1, "top": 1},
            "defaults": {
                "env": {"A": "d", "B": "d"},
                "context": {"function_name": "d", "identity": 1},
                "vars": {"v": 2, "w": 2},
            },
            "scenarios": [
                {"name": "n", "env": {"A": "s"}, "context": {"identity": 2}, "vars": {"w": 3, "x": 3}}
            ],
        }
    )
    assert draft.env == {"A": "s", "B": "d"}
    assert draft.context == {"function_name": "d", "identity": 2}
    assert draft.vars == {"v": 2, "top": 1, "w": 3, "x": 3}


def test_tags_unite_without_repetition() -> None:
    (draft,) = build({"defaults": {"tags": ["a", "b"]}, "scenarios": [{"name": "n", "tags": ["b", "c"]}]})
    assert draft.tags == ("a", "b", "c")


@pytest.mark.parametrize(
    ("defaults", "own", "left"),
    [
        ({"event": 1, "event_set": {"a": 1}}, {"event_path": "x.json"}, {"event": ABSENT}),
        ({"event_path": "x.json"}, {"event": None}, {"event": None, "event_path": None}),
        ({"context": {"a": 1}}, {"context_path": "x.json"}, {"context": ABSENT}),
        ({"context_path": "x.json"}, {"context": "text"}, {"context": "text", "context_path": None}),
        ({"context": {"a": 1}}, {"context": "text"}, {"context": "text"}),
        ({"matrix": {"a": [1]}}, {"cases": [{"a": 1}]}, {"matrix": None}),
        ({"cases": [{"a": 1}]}, {"cases_path": "x.csv"}, {"cases": None, "cases_path": "x.csv"}),
        ({"cases_path": "x.csv"}, {"matrix": {"a": [1]}}, {"cases_path": None}),
        ({"matrix": {"a": [1, 2]}}, {"matrix_exclude": [{"a": 1}]}, {"matrix": {"a": [1, 2]}}),
        ({"expect": {"output": 1, "logs": "x"}}, {"expect": {"output": 2}}, {"expect": {"output": 2}}),
        ({"timeout": 3}, {"timeout": 4}, {"timeout": 4}),
        ({"timeout": 3}, {}, {"timeout": 3}),
    ],
)
def test_a_key_of_a_group_displaces_the_group_and_others_replace(
    defaults: dict[str, Json], own: dict[str, Json], left: dict[str, Json]
) -> None:
    (draft,) = build({"defaults": defaults, "scenarios": [{"name": "n", **own}]})
    for key, value in left.items():
        assert getattr(draft, key) == value
    for key, value in own.items():
        assert getattr(draft, key) == value


KEYS = ("event", "timeout", "description", "function", "skip", "isolation")
NUMBERED = st.lists(st.sampled_from(KEYS), unique=True)
ENTRIES = st.lists(st.sampled_from("ABCDE"), unique=True)


@given(NUMBERED, NUMBERED, ENTRIES, ENTRIES, ENTRIES, st.lists(st.sampled_from("tuvw"), unique=True))
def test_each_value_remembers_where_it_is_written(
    defaults: list[str], own: list[str], env: list[str], own_env: list[str], top: list[str], tags: list[str]
) -> None:
    """Every value is a text of its own; the place of its origin must show that very text."""
    texts = (f'"value {number}"' for number in range(1000))

    def block(indent: str, keys: list[str], entries: list[str], tagged: list[str]) -> list[str]:
        lines = [f"{indent}{key}: {next(texts)}" for key in keys]
        for mapping in ("env", "vars"):
            if entries:
                lines.append(f"{indent}{mapping}:")
                lines += [f"{indent}  {name}: {next(texts)}" for name in entries]
        if tagged:
            lines.append(f"{indent}tags: [{', '.join(tagged)}]")
        return lines

    lines = ["defaults:", "  x: 0", *block("  ", defaults, env, ["d0", "d1"])]
    if top:
        lines += ["vars:", *(f"  {name}: {next(texts)}" for name in top)]
    lines += ["scenarios:", "  - name: first", *block("    ", own, own_env, tags), "  - name: second"]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write("\n".join(lines))
        file.flush()
        with open(file.name, "rb") as source:
            document = parse(source.read(), file.name)
        for draft in build_file(Source(document, False, (1, 1)), file.name, "a.yml").drafts:
            for key in KEYS:
                value = getattr(draft, key)
                if isinstance(value, str) and value:
                    assert text_at(locate(draft.origin(key))) == f'"{value}"'
            for mapping in (draft.env, draft.vars):
                name = "env" if mapping is draft.env else "vars"
                for key, value in mapping.items():
                    assert text_at(locate(draft.origin(name, key))) == f'"{value}"'
            for position, tag in enumerate(draft.tags):
                assert text_at(locate(draft.origin("tags", position))) == tag


LAYOUTS = [
    "scenarios:\n- name: a\n- name: b\n",
    "scenarios:\n  - name: a\n    tags:\n    - x\n    - y\n\n  # - name: no\n  -\n    name: b\n",
    "# c\nscenarios:   # the list\n\n    # about a\n    - name: a\n      event: |\n        - name: no\n"
    "        scenarios:\n    - name: b\nx-after:\n    - name: no\n",
    "scenarios: [{name: a}, {name: b}]\n",
    "scenarios:\n  [{name: a},\n   {name: b}]\n",
    '"scenarios":\n  - {name: a}\n  - &b\n    name: b\n',
    "scenarios:\r\n  - name: a\r\n    event: x\r\n  - name: b\r\n",
    "x-a: |\n  scenarios:\n    - name: no\nscenarios:\n- name: a\n  event:\n  - - 1\n- name: b",
    "scenarios:\n  - name: a\n    description: one\n\n      - two\n  - name: b\ndefaults:\n  tags:\n  - x\n",
    "{scenarios: [{name: a},\n {name: b}]}",
]


@pytest.mark.parametrize("text", LAYOUTS)
def test_the_lines_of_scenarios_are_the_parsers(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_bytes(text.encode())
    scenarios = parse(text.encode(), str(path))
    assert isinstance(scenarios, dict) and scenarios["scenarios"] is not None
    lines = scenario_lines(text.encode(), str(path), 2)
    names = [locate(Origin(str(path), ("scenarios", index, "name"))).line for index in range(2)]
    # a dash on a line of its own, or an anchor, may stand before the mapping
    for line, name in zip(lines, names, strict=True):
        between = text.split("\n")[line - 1 : name - 1]
        assert line <= name and all(part.strip(" -&b\r") == "" for part in between)


STRINGS = st.text(st.sampled_from(list("a{%}# \\\"'\n\r\u0085é:-")), max_size=8)


@given(st.lists(STRINGS, min_size=1, max_size=4), st.booleans())
def test_no_template_goes_unnoticed(strings: list[str], ascii_only: bool) -> None:
    from lambda_scenarios.scenarios.templating import is_template

    text = json.dumps({"scenarios": [{"name": "a", "event": strings}]}, ensure_ascii=ascii_only)
    for data in (text.encode(), text.replace("{{", "\\u007B\\x7b").encode(), text.encode("utf-16")):
        try:
            source = parse_source(data, "/p/a.yml")
        except UsageError:
            continue
        document: Any = source.value
        if any(is_template(item) for item in document["scenarios"][0]["event"]):
            assert source.templated


def test_the_problems_of_all_files_are_told_together(project: Project) -> None:
    project.scenarios("scenarios: [{name: a, functio: greet}]\n", "a.yml")
    project.scenarios("scenarios: [{name: a}]\n", "b.yml")
    project.scenarios("scenarios: [\n", "c.yml")
    project.named.append("missing.yml")
    places = [project.place(d).split(":")[0] for d in project.problems() if d.where]
    assert [p for p in places if p != "b.yml"] == ["a.yml", "c.yml", "missing.yml"]


def test_a_file_is_read_by_the_given_reader() -> None:
    source = Source({"scenarios": [{"name": "n", "event": 1}]}, False, (3,))
    (file,) = load_files([FoundFile("/nowhere/a.yml", "a.yml", True)], lambda _path: source)
    assert file.drafts[0].event == 1
    assert file.head.lines == (3,)


def test_parameters_are_texts_as_they_are_written(project: Project) -> None:
    project.scenarios("params: {a: 1.10, b: true, c: x}\nscenarios: [{name: n}]\n")
    assert project.drafts()[0].head.params == (("a", "1.10"), ("b", "true"), ("c", "x"))
