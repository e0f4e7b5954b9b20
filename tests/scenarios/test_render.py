"""Cases ready to run: contexts, environments, functions, expectations, and who wins over whom."""

from __future__ import annotations

import json
import tempfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scenarios.project import FUNCTIONS, Project

from lambda_scenarios.model.scenario import ContextOverride
from lambda_scenarios.scenarios.context_override import UNCHANGED
from lambda_scenarios.scenarios.draft import Overrides


def one(project: Project, scenario: str) -> Any:
    """The invocation of the one scenario `n` with these keys."""
    project.scenarios(f"scenarios:\n  - {{name: n, function: greet, {scenario}}}\n")
    return project.invocations()["n"]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("{}", UNCHANGED),
        ("text", ContextOverride(replacement='"text"')),
        ("{function_name: f, awsRequestId: r}", ContextOverride(function_name="f", aws_request_id="r")),
        ("{memoryLimitInMB: 010}", ContextOverride(memory_limit_in_mb=10)),
        ("{memory_limit_in_mb: '256'}", ContextOverride(memory_limit_in_mb=256)),
        ("{remainingTimeMs: 5}", ContextOverride(remaining_time_ms=5.0)),
        ("{identity: {id: é}, log_group_name: null}", ContextOverride(identity='{"id": "\\u00e9"}')),
        ("{custom: {a: [é]}}", ContextOverride(attributes='{"custom": {"a": ["\\u00e9"]}}')),
        ("'{{ vars.c }}'", ContextOverride(function_version="7")),
    ],
)
def test_contexts(context: str, expected: ContextOverride, project: Project) -> None:
    assert one(project, f"context: {context}, vars: {{c: {{functionVersion: '7'}}}}").context == expected
    assert project.rendered().warnings == ()


def test_contexts_of_files(project: Project) -> None:
    project.write("c.yml", "functionName: f\n")
    project.write("c.txt", "functionName: f\n")
    assert one(project, "context_path: c.yml").context == ContextOverride(function_name="f")
    assert one(project, "context_path: c.txt").context == ContextOverride(replacement='"functionName: f\\n"')
    project.write("c.json", '{"memory_limit_in_mb": 1.5}')
    project.scenarios("scenarios: [{name: n, function: greet, context_path: c.json}]\n")
    (diagnostic,) = project.problems()
    assert diagnostic.problem == "`memory_limit_in_mb` must be a whole number of megabytes"
    assert project.place(diagnostic) == "c.json:1"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("awsRequestID", "awsRequestId"),
        ("aws_requestid", "awsRequestId"),
        ("memory_limit_in_md", "memory_limit_in_mb"),
        ("functoin_name", "function_name"),
        ("custom_name", None),
        ("tenant", None),
    ],
)
def test_a_key_close_to_a_known_one_draws_a_warning(key: str, meant: str | None, project: Project) -> None:
    one(project, f"context: {{{key}: x}}")
    warnings = project.rendered().warnings
    assert [(w.severity, project.marked(w)) for w in warnings] == ([("warning", key)] if meant else [])
    if meant:
        assert (
            warnings[0].label.replace("_", "").lower() == f"did you mean `{meant}`?".replace("_", "").lower()
        )


def test_other_attributes_only_where_a_client_sets_them(project: Project) -> None:
    java = "functions: {greet: {handler: a.B::c, runtime: java21, code: .}}\n"
    project.scenarios("scenarios: [{name: n, function: greet, context: {tenant: x}}]\n", functions=java)
    assert [problem for problem, _, _ in project.told()] == ["the context has no `tenant`"]


# Environments and the other settings; who wins.


@pytest.mark.parametrize(
    ("given_value", "shown", "label"),
    [
        ("Ada", 'the string "Ada"', ""),
        ("2.5", 'the string "2.5"', "`| float` makes a number of a text"),
        (0, "the number 0", ""),
        (True, "`true`", ""),
        ([1], "a list", ""),
    ],
)
def test_a_timeout_that_is_none_says_what_its_template_gives(
    given_value: Any, shown: str, label: str, project: Project
) -> None:
    project.scenarios(
        f"vars: {{v: {json.dumps(given_value)}}}\n"
        "scenarios:\n  - {name: n, function: greet, timeout: '{{ vars.v }}'}\n"
    )
    problem = f"`timeout` must be a number of seconds, more than 0: its template gives {shown}"
    assert project.told() == [(problem, "'{{ vars.v }}'", label)]


def test_environments_are_texts(project: Project) -> None:
    environment = one(
        project,
        "env: {A: 1.10, B: true, C: null, D: '{{ 1 + 1 }}', E: '{{ none }}',"
        " F: 0x1F, G: 1e3, H: '{{ 2.0 }}'}",
    ).environment
    assert environment == (
        ("A", "1.10"),
        ("B", "true"),
        ("C", None),
        ("D", "2"),
        ("E", None),
        ("F", "0x1F"),
        ("G", "1e3"),
        ("H", "2.0"),
    )


@pytest.mark.parametrize("value", ['"{{ [1] }}"', '"a\\0b"', "\"{{ '\\ud800' }}\""])
def test_values_that_no_process_can_be_given(value: str, project: Project) -> None:
    project.scenarios(f"scenarios:\n  - name: n\n    function: greet\n    env:\n      A: {value}\n")
    (diagnostic,) = project.problems()
    assert project.place(diagnostic) == "a.yml:7"


def test_the_command_line_wins_over_the_scenario_over_the_defaults_over_the_file(project: Project) -> None:
    project.scenarios(
        "vars: {v: file, w: file}\n"
        "defaults:\n"
        "  {function: greet, env: {A: d, B: d}, timeout: 7, isolation: cold,\n"
        "   vars: {v: d, w: d}, event: '{{ vars }}'}\n"
        "scenarios:\n  - {name: n, env: {B: s}, vars: {w: s}}\n"
        "  - {name: m, timeout: 8.5, isolation: warm}\n"
    )
    n, m = project.rendered().cases
    assert n.invocation and m.invocation
    assert json.loads(n.invocation.event) == {"v": "d", "w": "s"}
    assert n.invocation.environment == (("A", "d"), ("B", "s"))
    assert (n.invocation.timeout, n.invocation.isolation) == (7.0, "cold")
    assert (m.invocation.timeout, m.invocation.isolation) == (8.5, "warm")
    project.overrides = Overrides(
        env=(("B", "cli"), ("C", "cli")),
        vars=(("w", "{{ cli }}"), ("x", "cli")),
        timeout=1.5,
        isolation="warm",
        credentials="inherit",
    )
    for case in project.rendered().cases:
        assert case.invocation
        assert (
            dict(case.invocation.environment)["B"] == "cli"
            and dict(case.invocation.environment)["C"] == "cli"
        )
        assert json.loads(case.invocation.event) == {"v": "d", "w": "{{ cli }}", "x": "cli"}
        assert case.invocation[4] == 1.5 and case.invocation[6:] == ("warm", "inherit", "auto")


def test_service_stage_region_and_parameters(project: Project) -> None:
    service = (
        "service: {name}\nprovider: {{name: aws, runtime: python3.11, stage: own, region: eu-west-1,"
        " environment: {{P: '${{param:p}}', Q: '${{param:q}}'}}}}\n"
        "functions: {{greet: {{handler: greet.handler}}}}\n"
    )
    for name in ("near", "far"):
        project.write(f"{name}/serverless.yml", service.format(name=name))
        project.write(f"{name}/greet.py", "def handler(event, context): pass\n")
    project.scenarios(
        "params: {p: file, q: file}\nscenarios: [{name: n, function: greet, event: '{{ service.name }}'}]\n",
        "near/s/a.yml",
        "",
    )
    (invocation,) = project.invocations().values()
    assert invocation.event == b'"near"'
    assert invocation.function.service[:3] == ("near", "own", "eu-west-1")
    assert dict(invocation.function.environment) == {"P": "file", "Q": "file"}
    project.scenarios(
        "service: ../../far\nstage: qa\nparams: {p: file, q: file}\n"
        "scenarios: [{name: n, function: greet}]\n",
        "near/s/a.yml",
        "",
    )
    project.overrides = Overrides(region="us-west-2", params=(("q", "cli"),))
    (invocation,) = project.invocations().values()
    assert invocation.function.service[:3] == ("far", "qa", "us-west-2")
    assert dict(invocation.function.environment) == {"P": "file", "Q": "cli"}
    project.overrides = Overrides(
        service=f"{project.root}/near", stage="cli", params=(("p", "1"), ("q", "2"))
    )
    (invocation,) = project.invocations().values()
    assert invocation.function.service[:2] == ("near", "cli")


@pytest.mark.parametrize(
    ("top", "function", "problem", "label"),
    [
        (
            "",
            "function: greet",
            "no function `greet`: a.yml declares none, and no service file was found",
            "declare it under `functions`, or name the service: `service: PATH`",
        ),
        (FUNCTIONS, "function: gret", "no function `gret`", "did you mean `greet`? There are: greet"),
        (FUNCTIONS, "function: '{{ \"zz\" }}'", "no function `zz`", "there are: greet"),
        (
            FUNCTIONS,
            "tags: []",
            "scenario `n` names no function",
            "add `function: NAME` here or under `defaults`",
        ),
        (
            "service: null\n",
            "function: f",
            "no function `f`: a.yml declares none, and no service (`service: null`)",
            "declare it under `functions`, or name the service: `service: PATH`",
        ),
        ("service: nowhere\n", "function: f", "no such service: nowhere", ""),
    ],
)
def test_functions_that_are_not_there(
    top: str, function: str, problem: str, label: str, project: Project
) -> None:
    project.scenarios(f"scenarios:\n  - {{name: n, {function}}}\n", functions=top)
    ((told, _, beside),) = project.told()
    assert (told, beside) == (problem, label)


# Skipping, expectations, and all of it together.


def test_skipped_scenarios_are_not_rendered_unless_asked(project: Project) -> None:
    project.environ["CI"] = "1"
    project.scenarios(
        "scenarios:\n"
        "  - {name: a, skip: true, function: nope, event: '{{ vars.x }}', description: 'd {{ vars.x }}'}\n"
        "  - {name: b, skip: needs SES, function: greet}\n"
        "  - {name: c, skip: '{{ env.CI is defined }}', function: greet}\n"
        "  - {name: d, skip: \"{{ 'in CI' if env.CI }}\", function: greet}\n"
        "  - {name: e, skip: \"{{ 'x' if env.CI != '1' else '' }}\", function: greet,\n"
        "     description: '{{ 1 }}'}\n"
        "  - {name: f, skip: false, function: greet}\n"
    )
    cases = project.rendered().cases
    assert [case.skip for case in cases] == [
        "no reason given",
        "needs SES",
        "no reason given",
        "in CI",
        None,
        None,
    ]
    assert [case.invocation is None for case in cases] == [True] * 4 + [False] * 2
    assert cases[0].description == "d {{ vars.x }}" and cases[4].description == "1"
    problems = project.problems(lambda: project.rendered(skipped_too=True))
    assert [d.problem for d in problems] == ["no function `nope`", "`vars.x` is undefined"]


def test_expectations_are_rendered_and_their_files_read(project: Project) -> None:
    project.write("out.json", '{"a": 1}')
    project.write("out.txt.j2", "hello {{ vars.v }}")
    project.write("schema.json", '{"type": "objec"}')
    project.scenarios(
        "vars: {v: x}\nscenarios:\n"
        "  - {name: a, function: greet, expect: {output: {v: '{{ vars.v }}', l: {$literal: '{{ y }}'}}}}\n"
        "  - {name: b, function: greet, expect: {output_path: out.json}}\n"
        "  - {name: c, function: greet, expect: {output_path: out.txt.j2}}\n"
    )
    texts = {name: repr(invocation.expectation) for name, invocation in project.invocations().items()}
    assert "'x'" in texts["a"] and "'{{ y }}'" in texts["a"]
    assert "{'a': 1}" in texts["b"] and "hello x" in texts["c"]
    project.scenarios(
        "scenarios:\n  - {name: a, function: greet, expect: {output_path: ot.json}}\n"
        "  - {name: b, function: greet, expect: {output_schema: schema.json}}\n"
        "  - {name: c, function: greet, expect: {output: {$regex: '('}}}\n"
    )
    (missing, schema, regex) = project.problems()
    assert (missing.problem, missing.label) == ("no file `ot.json`", "did you mean `out.json`?")
    assert [project.place(d).split(":")[0] for d in (missing, schema, regex)] == ["a.yml"] * 3


def test_cases_know_where_they_come_from(project: Project) -> None:
    project.scenarios(
        "scenarios:\n  - {name: a, function: greet, tags: [x]}\n\n  - name: b\n    function: greet\n"
        "    description: why\n    cases: [{i: 1}, {i: 2}]\n",
        "s/a.yml",
        FUNCTIONS.replace("code: .", "code: .."),
    )
    told = [
        (c.id, c.file, c.name, c.line, c.tags, c.description, c.function) for c in project.rendered().cases
    ]
    assert told == [
        ("s/a.yml::a", "s/a.yml", "a", 4, ("x",), "", "greet"),
        ("s/a.yml::b [i=1]", "s/a.yml", "b [i=1]", 6, (), "why", "greet"),
        ("s/a.yml::b [i=2]", "s/a.yml", "b [i=2]", 6, (), "why", "greet"),
    ]


def test_the_problems_of_all_cases_are_told_once_each(project: Project) -> None:
    project.scenarios(
        "defaults: {function: greet, event: '{{ vars.nope }}'}\n"
        "scenarios: [{name: a}, {name: b}, {name: c, env: {A: '{{ vars.other }}'}}]\n"
    )
    assert [problem for problem, _, _ in project.told()] == [
        "`vars.nope` is undefined",
        "`vars.other` is undefined",
    ]


@given(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True), st.text(max_size=5))
def test_random_values_are_the_same_alone_and_together(chosen: list[str], seed: str) -> None:
    with tempfile.TemporaryDirectory() as root:
        project = Project(root)
        project.seed = seed
        project.scenarios(
            "vars: {v: '{{ random_int(0, 10**9) }}'}\n"
            "defaults: {function: greet, event: ['{{ uuid() }}', '{{ vars.v }}', '{{ uuid() }}',\n"
            "             '{{ matrix.i }}'],\n"
            "           matrix: {i: [1, 2]}}\n"
            "scenarios: [" + ", ".join(f"{{name: {name}}}" for name in "abcdef") + "]\n"
        )
        together = project.events()
        expanded = tuple(item for item in project.expanded() if item.name[0] in chosen)
        alone = {c.name: c.invocation.event.decode() for c in project.render(expanded).cases if c.invocation}
    assert len(set(together.values())) == 12
    assert alone == {name: text for name, text in together.items() if name[0] in chosen}


def test_functions_of_the_file_need_no_service_that_works(project: Project) -> None:
    project.write("template.yaml", "Resources: []\n")
    project.scenarios("scenarios: [{name: n, function: greet}]\n")
    (diagnostic,) = project.problems()
    assert diagnostic.notes[-1].endswith("`service: null` there does without this one")
    project.scenarios("service: null\nscenarios: [{name: n, function: greet}]\n")
    assert list(project.invocations()) == ["n"]


def test_what_the_services_warn_of_is_handed_on(project: Project) -> None:
    project.write(
        "serverless.yml",
        "service: s\nprovider: {name: aws, runtime: python3.11, environment: {TABLE: {Ref: Orders}}}\n"
        "functions: {pay: {handler: greet.handler}}\n",
    )
    project.scenarios(
        "scenarios: [{name: n, function: pay, context: {awsRequestID: x}}, {name: m, function: greet}]\n"
    )
    warnings = project.rendered().warnings
    assert [project.place(w).split(":")[0] for w in warnings] == ["serverless.yml", "a.yml"]
    assert {w.severity for w in warnings} == {"warning"}
