"""Matrices, cases, names."""

from __future__ import annotations

import csv
import io
import itertools
import json
import tempfile
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.scenarios.project import Project

from lambda_scenarios.scenarios.expand import same_json


def names(project: Project) -> list[str]:
    return [case.name for case in project.expanded()]


def test_a_matrix_makes_the_product(project: Project) -> None:
    project.scenarios(
        "scenarios:\n"
        "  - {name: pays, function: greet, matrix: {amount: [0, 1.50], currency: [EUR, USD]},\n"
        "     matrix_exclude: [{amount: 0, currency: USD}]}\n"
    )
    assert names(project) == [
        "pays [amount=0, currency=EUR]",
        "pays [amount=1.50, currency=EUR]",
        "pays [amount=1.50, currency=USD]",
    ]
    assert project.expanded()[0].id == "a.yml::pays [amount=0, currency=EUR]"


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["a", "b", "1", "é"])
    | st.lists(st.just(1))
)


@given(
    st.dictionaries(st.sampled_from("abc"), st.lists(VALUES, min_size=1, max_size=3), min_size=1),
    st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1, max_size=2), max_size=2),
)
def test_the_product_minus_the_exclusions(
    axes: dict[str, list[Any]], exclusions: list[dict[str, Any]]
) -> None:
    exclusions = [{k: v for k, v in row.items() if k in axes} for row in exclusions]
    exclusions = [row for row in exclusions if row]
    scenario: dict[str, Any] = {"name": "n", "function": "greet", "matrix": axes}
    if exclusions:
        scenario["matrix_exclude"] = exclusions
    # the oracle compares JSON texts, which tell 1 from true
    expected = [
        values
        for values in (dict(zip(axes, row, strict=True)) for row in itertools.product(*axes.values()))
        if not any(all(json.dumps(values[k]) == json.dumps(v) for k, v in row.items()) for row in exclusions)
    ]
    with tempfile.TemporaryDirectory() as root:
        project = Project(root)
        project.scenarios(json.dumps({"scenarios": [scenario]}), functions="")
        if not expected:
            assert [d.problem for d in project.problems(project.expanded)] == [
                "`matrix_exclude` takes out every combination"
            ]
            return
        expanded = project.expanded()
    assert [json.dumps(case.matrix) for case in expanded] == [json.dumps(values) for values in expected]
    assert len({case.id for case in expanded}) == len(expanded)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 0.0, 0.5, "1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(JSON, JSON)
def test_equality_is_that_of_json(left: Any, right: Any) -> None:
    def canonical(value: Any) -> str:
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, list):
            return f"[{','.join(map(canonical, value))}]"
        if isinstance(value, dict):
            return f"{{{','.join(f'{k}:{canonical(value[k])}' for k in sorted(value))}}}"
        return json.dumps(value)

    assert same_json(left, right) is (canonical(left) == canonical(right))


def test_values_that_a_name_cannot_hold_go_by_their_number(project: Project) -> None:
    cases = [
        {"v": "a::b"},
        {"v": [1]},
        {"v": {"a": 1}},
        {"v": "x\ny"},
        {"v": "z" * 200},
        {"v": None},
        {"v": True},
    ]
    project.scenarios(json.dumps({"scenarios": [{"name": "n", "cases": cases}]}), functions="")
    assert names(project) == [*(f"n [v=#{i}]" for i in range(1, 6)), "n [v=null]", "n [v=true]"]


def test_equal_suffixes_are_told_apart(project: Project) -> None:
    project.scenarios('scenarios: [{name: n, cases: [{a: 1}, {a: "1"}, {a: 2}, {}]}]\n')
    assert names(project) == ["n [a=1, #1]", "n [a=1, #2]", "n [a=2]", "n"]


def test_templates_of_names_tags_functions_and_matrices(project: Project) -> None:
    project.environ["STAGE"] = "dev"
    project.write("serverless.yml", "service: shop\nprovider: {name: aws, runtime: python3.11, stage: qa}\n")
    project.scenarios(
        "vars: {f: greet, amounts: [1, 2], double: '{{ matrix.a * 2 }}'}\n"
        "scenarios:\n"
        "  - name: '{{ matrix.a }} {{ vars.double }} {{ service.stage }} {{ env.STAGE }}'\n"
        "    function: '{{ vars.f }}'\n"
        "    tags: ['t{{ matrix.a }}', '{{ 3 }}']\n"
        "    matrix: {a: ['{{ vars.amounts[0] }}', '{{ vars.amounts[1] }}']}\n"
    )
    assert [(case.name, case.function, case.tags) for case in project.expanded()] == [
        ("1 2 qa dev", "greet", ("t1", "3")),
        ("2 4 qa dev", "greet", ("t2", "3")),
    ]


ROWS = st.lists(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")),
        min_size=2,
        max_size=2,
    ),
    min_size=1,
    max_size=4,
)


@given(ROWS, st.sampled_from(["excel", "unix"]))
@example([["a\u2028b", "\x0c\x85\x1e"]], "excel")
def test_rows_of_csv_are_what_the_csv_module_wrote(rows: list[list[str]], dialect: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, dialect=dialect).writerows([["a", "b b"], *rows])
    with tempfile.TemporaryDirectory() as root:
        project = Project(root)
        project.write("rows.csv", text.getvalue())
        project.scenarios("scenarios: [{name: n, cases_path: rows.csv}]\n")
        assert [case.case for case in project.expanded()] == [{"a": a, "b b": b} for a, b in rows]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("rows.json", '[{"a": 1}, {"a": [2]}]'),
        ("rows.jsonc", '[{"a": 1}, // first\n {"a": [2]},]'),
        ("rows.yml", "- a: 1\n- a: [2]\n"),
    ],
)
def test_rows_of_json_and_yaml(path: str, text: str, project: Project) -> None:
    project.write(path, text)
    project.scenarios(f"scenarios: [{{name: n, cases_path: {path}}}]\n")
    assert [case.case for case in project.expanded()] == [{"a": 1}, {"a": [2]}]
    assert names(project) == ["n [a=1]", "n [a=#2]"]


BIG = list(range(1000))


@pytest.mark.parametrize(
    ("scenario", "file", "problem", "place"),
    [
        ("matrix: {a: [1]}, matrix_exclude: [{b: 1}]", None, "the matrix has no `b`", "a.yml:6"),
        (
            "matrix: {a: [1]}, matrix_exclude: [{a: 1}]",
            None,
            "`matrix_exclude` takes out every combination",
            "a.yml:6",
        ),
        (
            f"matrix: {{a: {BIG}, b: {BIG}}}",
            None,
            "the matrix makes 1,000,000 scenarios; 100,000 is the limit",
            "a.yml:6",
        ),
        ("cases_path: c.csv", "a,b\n1,2\n\n3\n", "this row has 1 cells, the header 2", "c.csv:4"),
        ("cases_path: c.csv", "a,a\n1,2\n", "two columns are named `a`", "c.csv:1"),
        ("cases_path: c.csv", "a,b\n", "there is no row under the header", "c.csv:1"),
        ("cases_path: c.csv", "", "the file is empty: its first line names the columns", "c.csv:1"),
        ("cases_path: c.csv", b"a\n\xff\n", "c.csv is no UTF-8 text", "c.csv:2"),
        ("cases_path: c.json", '{"a": 1}', "c.json must hold a list, one mapping per case", "c.json:1"),
        ("cases_path: c.json", "[1]", "c.json: item 1 of the list must be a mapping", "c.json:1"),
        ("cases_path: c.json", '[\n {"a" 1}]', "c.json is no JSON: expecting ':' delimiter", "c.json:2"),
        ("cases_path: c.txt", "x", "`cases_path` takes .csv, .json, .jsonc, .yml or .yaml", "a.yml:6"),
        ("cases_path: d.csv", None, "no file `d.csv`", "a.yml:6"),
    ],
)
def test_what_is_wrong_with_cases_is_told_with_its_place(
    scenario: str, file: str | bytes | None, problem: str, place: str, project: Project
) -> None:
    if file is not None:
        project.write(scenario.split(": ")[1], file)
    project.scenarios(f"scenarios:\n  - name: fine\n  - name: n\n  - {{name: m, {scenario}}}\n")
    (diagnostic, *_) = project.problems(project.expanded)
    assert diagnostic.problem == problem
    assert project.place(diagnostic) == place


def test_names_must_differ_and_both_places_are_told(project: Project) -> None:
    project.scenarios("scenarios:\n  - name: n\n  - name: m\n  - name: n\n")
    (diagnostic,) = project.problems(project.expanded)
    assert project.place(diagnostic) == "a.yml:6"
    assert (diagnostic.label, diagnostic.notes) == ("the first begins on line 4", ())
    project.scenarios("scenarios:\n  - name: '{{ 1 }}'\n    cases: [{a: 1}, {a: 2}, {a: 3}]\n")
    assert [d.problem for d in project.problems(project.expanded)] == ["the name `1` comes out twice"]


@pytest.mark.parametrize("name", ["a::b", "'{{ \"a::b\" }}'", "'{{ \" \" }}'", "'{{ [1] }}'", "'{{ none }}'"])
def test_names_that_cannot_be(name: str, project: Project) -> None:
    project.scenarios(f"scenarios:\n  - name: {name}\n  - name: fine\n")
    (diagnostic,) = project.problems(project.expanded)
    assert project.place(diagnostic) == "a.yml:4"


def test_the_problems_of_all_files_are_told_together(project: Project) -> None:
    project.scenarios("scenarios: [{name: '{{ vars.a }}'}, {name: '{{ vars.b }}'}]\n", "a.yml")
    project.scenarios("scenarios: [{name: n, tags: ['{{ vars.c }}']}]\n", "b.yml")
    assert [d.problem for d in project.problems(project.expanded)] == [
        f"`vars.{name}` is undefined" for name in "abc"
    ]


def test_a_random_name_is_the_same_every_time(project: Project) -> None:
    project.scenarios("scenarios: [{name: '{{ uuid() }}', matrix: {a: [1, 2]}}]\n")
    first = names(project)
    assert len(set(first)) == 2 and names(project) == first
    project.seed = "other"
    assert not set(names(project)) & set(first)
