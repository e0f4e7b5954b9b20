"""Events: of the scenario, of files, with replacements; and the files themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scenarios.project import FUNCTIONS, Project

from lambda_scenarios.model.values import Place
from lambda_scenarios.scenarios.event_files import json_bytes
from lambda_scenarios.scenarios.referenced_files import without_comments


def one(project: Project, scenario: str) -> Any:
    """The invocation of the one scenario `n` with these keys."""
    project.scenarios(f"scenarios:\n  - {{name: n, function: greet, {scenario}}}\n")
    return project.invocations()["n"]


def event(project: Project, scenario: str) -> Any:
    return json.loads(one(project, scenario).event)


@pytest.mark.parametrize(
    ("written", "payload"),
    [
        ("tags: []", b"{}"),
        ("event: null", b"null"),
        ("event: '{\"a\": 1}'", b'"{\\"a\\": 1}"'),
        ("event: {é: [1.0, 010, 1e3, true]}", '{"é":[1.0,10,1000.0,true]}'.encode()),
        ("event: \"{{ '\\\\ud800' }}\"", b'"\\ud800"'),
    ],
)
def test_events_are_compact_json(written: str, payload: bytes, project: Project) -> None:
    project.scenarios(f"scenarios:\n  - {{name: n, function: greet, {written}}}\n")
    assert project.invocations()["n"].event == payload


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(categories=["L", "N", "P", "S", "Z", "C"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_any_json_survives_as_utf_8(value: Any) -> None:
    payload = json_bytes(value)
    assert json.loads(payload.decode("utf-8")) == value


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("e.json", ' {"a": 1}\n', {"a": 1}),
        ("e.json", '\ufeff{"a": 1}', {"a": 1}),
        ("e.jsonc", '{"a": "//x", /* b */ "b": [1, 2,], // c\n}', {"a": "//x", "b": [1, 2]}),
        ("e.yml", "a: [on, 010]\n", {"a": ["on", 10]}),
        ("e.yaml", "a: '{{ x }}'\n", {"a": "{{ x }}"}),
        ("e.txt", '{"a": 1}', {"a": 1}),
        ("e.txt", "a: 1", "a: 1"),
        ("e.xml", "<a/>\n", "<a/>\n"),
        ("e", "12", 12),
        ("e.json.j2", '{"a": "{{ vars.v }}", "b": {{ vars.v | length }}}', {"a": "vvv", "b": 3}),
        ("e.yml.j2", "{% for i in [1, 2] %}- {{ i }}\n{% endfor %}", [1, 2]),
        ("e.txt.j2", "{{ vars.v }}", "vvv"),
    ],
)
def test_event_files_by_their_suffix(path: str, text: str, expected: Any, project: Project) -> None:
    project.write(path, text)
    assert event(project, f"event_path: {path}, vars: {{v: vvv}}") == expected
    if not path.endswith(".j2"):
        assert event(project, f"event_path: {path}, raw: true") == text.removeprefix("\ufeff")


def test_event_paths_are_relative_to_the_file_or_the_service(project: Project) -> None:
    project.write("serverless.yml", "service: shop\nprovider: {name: aws, runtime: python3.11}\n")
    project.write("data/e.json", "1")
    project.write("s/e.json", "2")
    functions = FUNCTIONS.replace("code: .", "code: ..")
    project.scenarios(
        "scenarios:\n  - {name: a, function: greet, event_path: 'service:data/e.json'}\n"
        "  - {name: b, function: greet, event_path: e.json}\n"
        "  - {name: c, function: greet, event_path: '../{{ \"data\" }}/e.json'}\n",
        "s/a.yml",
        functions,
    )
    assert project.events() == {"a": "1", "b": "2", "c": "1"}


def test_event_set_replaces_in_events_of_any_source(project: Project) -> None:
    project.write("e.json", '{"Records": [{"body": 1}, {"body": 2}]}')
    settings = "event_set: {'Records[*].body': '{{ vars.v }}', 'Records[0].x[\"a.b\"]': [1]}, vars: {v: 3}"
    expected = {"Records": [{"body": 3, "x": {"a.b": [1]}}, {"body": 3}]}
    assert event(project, f"event_path: e.json, {settings}") == expected
    assert event(project, "event_set: {a.b: 1}") == {"a": {"b": 1}}
    # the file was not changed for others
    project.scenarios(
        f"scenarios:\n  - {{name: n, function: greet, event_path: e.json, {settings}}}\n"
        "  - {name: m, function: greet, event_path: e.json}\n"
    )
    assert json.loads(project.events()["m"]) == {"Records": [{"body": 1}, {"body": 2}]}


@pytest.mark.parametrize(
    ("keys", "file", "problem", "place", "label"),
    [
        ("event_path: f.json", None, "no file `f.json`", "a.yml:4", "did you mean `e.json`?"),
        ("event_path: d/e.json", None, "no file `d/e.json`", "a.yml:4", "there is no directory d"),
        ("event_path: .", None, "`.` is a directory", "a.yml:4", "a file is needed here"),
        (
            "event_path: 'service:x'",
            None,
            "a path begins with `service:`, but this file has no service",
            "a.yml:4",
            "no service file was found",
        ),
        ("event_path: e.json", "", "e.json is empty", "e.json:1", "JSON needs a value: `{}`, `null`"),
        (
            "event_path: e.json",
            "{\n  // c\n}",
            "e.json has comments, which JSON doesn't know",
            "e.json:2",
            "name it `e.jsonc`",
        ),
        (
            "event_path: e.json",
            '{"a":\n 1,}',
            "e.json is no JSON: expecting property name enclosed in double quotes",
            "e.json:2",
            "",
        ),
        ("event_path: e.json", "[NaN]", "e.json can't be used: NaN is not JSON", "e.json:1", ""),
        (
            "event_path: e.json",
            "[" * 100_000,
            "e.json can't be used: it is nested too deeply",
            "e.json:1",
            "",
        ),
        (
            "event_path: e.json",
            "1e999",
            "the event can't be written as JSON: Out of range float values are not JSON compliant",
            "a.yml:4",
            "",
        ),
        ("event_path: e.yml", "a: [", None, "e.yml:1", ""),
        (
            "event_path: e.json.j2",
            "{\n{{ vars.x }}\n}",
            "`vars.x` is undefined",
            "e.json.j2:2",
            "there are no keys",
        ),
        (
            "event_path: e.json.j2",
            "{\n{{ 1 + }}\n}",
            "template syntax: unexpected 'end of print statement'",
            "e.json.j2:2",
            "",
        ),
        ("event_set: {'a[': 1}", None, None, "a.yml:4", "at its character 3"),
        (
            "event: 1, event_set: {a.b: 1}",
            None,
            '`a.b` can\'t be set: the whole is a number, not an object with the key "a"',
            "a.yml:4",
            "",
        ),
    ],
)
def test_what_is_wrong_with_an_event_is_told_with_its_place(
    keys: str, file: str | None, problem: str | None, place: str, label: str, project: Project
) -> None:
    project.write("e.json", "{}")
    if file is not None:
        project.write(keys.split(": ")[1], file)
    project.scenarios(f"scenarios:\n  - {{name: n, function: greet, {keys}}}\n")
    (diagnostic,) = project.problems()
    assert problem is None or diagnostic.problem.startswith(problem)
    assert project.place(diagnostic) == place
    if problem is not None or "event_set" in keys:
        assert diagnostic.label == label
    if place.startswith("e."):
        assert diagnostic.notes[-1] == "named by a.yml:4:44"


@pytest.mark.parametrize(
    ("name", "text", "line", "column", "word"),
    [
        ("e.json", "[NaN]", 1, 2, "NaN"),
        ("e.json", '{"NaN, -Infinity": "\\"-Infinity",\n "a": [1, -Infinity]}', 2, 11, "-Infinity"),
        ("e.jsonc", '{// Infinity\n"a":Infinity}', 2, 5, "Infinity"),
    ],
)
def test_what_python_reads_and_json_has_not_is_marked(
    name: str, text: str, line: int, column: int, word: str, project: Project
) -> None:
    project.write(name, text)
    project.scenarios(f"scenarios:\n  - {{name: n, function: greet, event_path: {name}}}\n")
    (diagnostic,) = project.problems()
    assert isinstance(diagnostic.where, Place)
    assert diagnostic.where[1:] == (line, column, len(word))
    assert diagnostic.problem == f"{name} can't be used: {word} is not JSON"


NOISE = st.lists(st.sampled_from([" ", "\n", "// c, ]\n", "/* } */", "/**/", "//////\n"]), max_size=6)


@given(JSON, NOISE.map("".join))
def test_comments_and_trailing_commas_are_blanks(value: Any, noise: str) -> None:
    lines = json.dumps(value, indent=1).split("\n")
    following = [line.strip()[:1] for line in lines[1:]] + [""]
    text = noise
    for line, then in zip(lines, following, strict=True):
        text += line + ("," if then in ("]", "}") and line[-1] not in "[{" else "") + f"{noise}\n"
    without = without_comments(text)
    assert json.loads(without) == value
    assert len(without) == len(text) and without.count("\n") == text.count("\n")


def test_a_wall_of_slashes_costs_no_time() -> None:
    text = '{"a": 1, ' + "/" * 20_000 + "\n" + "/* " * 5_000 + "\n}"
    assert len(without_comments(text)) == len(text)


def test_a_sample_event_is_changed_by_event_set_and_not_rendered(project: Project) -> None:
    found = event(project, "event_from: SQS, event_set: {'Records[*].body': '{{ 6 * 7 }}', extra.deep: [1]}")
    assert [record["body"] for record in found["Records"]] == [42, 42]
    assert found["extra"] == {"deep": [1]}
    # `{####}` and `{##Click Here##}`: what looks like a template in a sample is none.
    assert event(project, "event_from: cognito-custom-message")["request"]["codeParameter"] == "{####}"


def test_a_sample_event_is_of_the_services_region(project: Project) -> None:
    assert (
        event(project, "event_from: sns")["Records"][0]["EventSubscriptionArn"].split(":")[3] == "us-east-1"
    )
    project.write(
        "serverless.yml",
        "service: shop\nprovider: {name: aws, runtime: python3.11, region: eu-west-1}\n"
        "functions: {hello: {handler: greet.handler}}\n",
    )
    project.write("greet.py", "def handler(event, context):\n    return event\n")
    project.scenarios(
        'scenarios:\n  - {name: n, function: hello, event_from: \'{{ "sq" ~ "s" }}\'}\n', functions=""
    )
    found = json.loads(project.invocations()["n"].event)
    assert {record["awsRegion"] for record in found["Records"]} == {"eu-west-1"}


def test_an_unknown_sample_is_told_at_its_place(project: Project) -> None:
    project.scenarios("scenarios:\n  - {name: n, function: greet, event_from: sqqs}\n")
    (problem,) = project.problems()
    assert (problem.problem, project.marked(problem)) == ("there is no sample event `sqqs`", "sqqs")
    assert "`sqs`" in problem.notes[0]


def test_steps_have_sample_events_of_their_own(project: Project) -> None:
    project.scenarios(
        "scenarios:\n  - name: n\n    function: greet\n    event_from: sns\n    steps:\n"
        "      - {id: one}\n      - {id: two, event_from: sqs}\n      - {id: three, event: 1}\n"
    )
    (case,) = project.rendered().cases
    events = [json.loads(step.invocation.event) for step in case.steps if step.invocation is not None]
    assert [len(one["Records"]) if isinstance(one, dict) else one for one in events] == [1, 2, 1]
