"""Values are those that `serverless print` (version 3.40) gives for the same files."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.services.conftest import Workshop, faults

from lambda_scenarios.errors import UsageError
from lambda_scenarios.services.catalog import ServiceOptions

CUSTOM = """
custom:
  five: 5
  yes_: true
  none: null
  zero: 0
  empty: ''
  key: five
  list: [1, two, null, [3, 4]]
  escaped: \\${self:service}
  map: {a: {b: deep}}
  regions: {prod: us-west-2}
params:
  default: {dom: 'def-${self:service}', only: d}
  qa: {dom: 'qa-${sls:stage}', only: null}
"""
FILES = {
    "lib/x.yml": "deep:\n  k: kk\n  list: [a, 'b-${self:service}']\nuses: us-${self:custom.five}\n"
    "esc: \\${self:service}\n",
    "lib/t.txt": "text ${self:service}\n",
    "lib/j.json": '{"a": {"b": "j-${sls:stage}"}, "n": 1.0}',
}
ENVIRON = {"FROMENV": "fe", "INDIRECT": "${self:service}", "EMPTY": "", "NUMBER": "30"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${self:service}", "orders"),
        ("${self:custom.five}", "5"),
        ("${self:custom.list.1}", "two"),
        ("a-${self:custom.list}", "a-1,two,,3,4"),
        ("${self:custom.${self:custom.key}}", "5"),
        ("${self:custom.map.a.b}", "deep"),
        ('${self:"custom.map.a.b"}', "deep"),
        ("n${self:custom.five}b${self:custom.yes_}", "n5btrue"),
        ("${self:custom.zero, 'no'}", "0"),
        ("${self:custom.empty, 'no'}", ""),
        ("${self:custom.none, 'null falls back'}", "null falls back"),
        ("${self:custom.list.-1, 'neg'}", "neg"),
        ("${self:custom.regions.${opt:stage, 'none'}, self:custom.regions.prod}", "us-west-2"),
        ("\\${self:service}", "${self:service}"),
        ("\\\\${self:service}", "\\orders"),
        ("${self:custom.escaped}", "orders"),  # what a variable gives is read once more
        ("x-${self:custom.escaped}", "x-orders"),
        ("$${self:service}", "orders"),
        ("a$ ${self:service}$", "a$ orders$"),
        ("${AWS::Region}-${self:service}", "${AWS::Region}-orders"),
        ("${bucket}-${bucket.Arn}", "${bucket}-${bucket.Arn}"),
        ("${env:FROMENV}", "fe"),
        ("${env:INDIRECT}", "orders"),
        ("${env:EMPTY, 'no'}", ""),
        ("${env:NOPE, self:custom.nope, 'lit ${self:service}'}", "lit orders"),
        ("${env:NOPE, 007}", "7"),
        ("${env:NOPE, 0x1f}", "31"),
        ("v${env:NOPE, 1.50}", "v1.5"),
        ("${env:NOPE, true}", "true"),
        ("${env:NOPE , 'x' }", "x"),
        ("${opt:foo, 'x'}", "x"),
        ("${opt:stage, self:provider.stage, 'fallback'}", "fallback"),
        ("${sls:stage}", "dev"),
        ("${file(lib/x.yml):deep.k}", "kk"),
        ("${file(./lib/x.yml):deep.list.1}", "b-orders"),
        ("${file(lib/x.yml):uses}", "us-5"),
        ("${file(lib/x.yml):esc}", "${self:service}"),
        ("x ${file(lib/x.yml):esc}", "x ${self:service}"),
        ("${file(lib/${env:NOPE, 'x'}.yml):deep.k}", "kk"),
        ("${file(lib/t.txt)}", "text orders\n"),
        ("${file(lib/t.txt):x, 'no key'}", "no key"),
        ("${file(lib/j.json):a.b}", "j-dev"),
        ("${file(lib/j.json):n}", "1"),
        ("${file(lib/none.yml):a, 'none'}", "none"),
        ("${strToBool('TRUE')}", "true"),
        ("${strToBool(1)}", "true"),
        ("${strToBool(${env:NOPE, 'False'})}", "false"),
        ("${strToBool(${self:custom.yes_})}", "true"),
        ("${param:dom}", "def-orders"),
        ("${param:nope, 'p'}", "p"),
    ],
)
def test_value(workshop: Workshop, written: str, value: str) -> None:
    quoted = written.replace("'", "''")
    found = workshop.environment(f"V: '{quoted}'", FILES, rest=CUSTOM, environ=ENVIRON)
    assert found == {"V": value}


def test_null_unsets(workshop: Workshop) -> None:
    assert workshop.environment("V: ${env:NOPE, null}\nW: null\nX: x") == {"X": "x"}


def test_block_scalar(workshop: Workshop) -> None:
    found = workshop.environment("V: |\n  a ${self:service}\n  b ${sls:stage} \\${x:y}\n")
    assert found == {"V": "a orders\nb dev ${x:y}\n"}


def test_stage_and_its_parameters(workshop: Workshop) -> None:
    values = "S: ${sls:stage}\nO: ${opt:stage}\nD: ${param:dom}\nP: ${param:only}"
    found = workshop.environment(values, rest=CUSTOM, options=ServiceOptions(stage="qa"))
    assert found == {"S": "qa", "O": "qa", "D": "qa-qa", "P": "d"}


def test_parameters_given_win(workshop: Workshop) -> None:
    options = ServiceOptions(params=(("dom", "first"), ("dom", "given")))
    assert workshop.environment("D: ${param:dom}", rest=CUSTOM, options=options) == {"D": "given"}


def test_parameters_of_version_4(workshop: Workshop) -> None:
    rest = "stages:\n  default: {params: {a: d, b: d}}\n  dev: {params: {a: v}}\n"
    assert workshop.environment("A: ${param:a}\nB: ${param:b}", rest=rest) == {"A": "v", "B": "d"}


def test_instance_id_stays_the_same(workshop: Workshop) -> None:
    found = workshop.environment("A: ${sls:instanceId}\nB: x${sls:instanceId}")
    assert found["A"].isdigit()
    assert found["B"] == "x" + found["A"]


@pytest.mark.parametrize(
    ("env_files", "value"),
    [
        ({".env": "FROMDOT=plain"}, "plain"),
        ({".env": "FROMDOT=plain", ".env.dev": "FROMDOT=staged"}, "staged"),
        ({".env": "FROMDOT=plain", ".env.prod": "FROMDOT=other"}, "plain"),
        ({".env": "A=x\nFROMDOT=${A}-$FROMENV"}, "x-fe"),
        ({}, "unset"),
    ],
)
def test_dotenv(workshop: Workshop, env_files: dict[str, str], value: str) -> None:
    values = "V: ${env:FROMDOT, 'unset'}"
    found = workshop.environment(values, env_files, rest="useDotenv: true\n", environ=ENVIRON)
    assert found == {"V": value}
    shell = {**ENVIRON, "FROMDOT": "shell"}
    assert workshop.environment(values, rest="useDotenv: true\n", environ=shell) == {"V": "shell"}
    assert workshop.environment(values, environ=ENVIRON) == {"V": "unset"}


@pytest.mark.parametrize(
    ("written", "problem", "marked", "label"),
    [
        ("a ${env:TABEL}", "the environment variable TABEL is not set", "${env:TABEL}", "fallback"),
        (
            "${self:custom.fiv}",
            "there is no value `custom.fiv` in this file",
            "${self:custom.fiv}",
            "`custom.five`",
        ),
        ("${self:custm.five}", "no value `custm.five`", "${self:custm.five}", "`custom.five`"),
        ("${self:custom.none}", "`custom.none` is null", "${self:custom.none}", ""),
        ("${opt:foo}", "the option --foo is not given", "${opt:foo}", "fallback"),
        ("${param:dmo}", "there is no parameter `dmo` for stage dev", "${param:dmo}", "did you mean `dom`?"),
        ("${param:other}", "there is no parameter `other`", "${param:other}", "--param other=value"),
        ("${file(lib/y.yml)}", "there is no file lib/y.yml", "${file(lib/y.yml)}", "`x.yml`"),
        (
            "${file(lib/x.yml):deep.q}",
            "there is no value `deep.q` in lib/x.yml",
            "${file(lib/x.yml):deep.q}",
            "",
        ),
        ("${file(a.js):x}", "there is no file a.js", "${file(a.js):x}", ""),
        ("${slef:service}", "there is no variable source `slef`", "${slef:service}", "did you mean `self`?"),
        ("${gitVersion:sha1}", "there is no variable source `gitVersion`", "${gitVersion:sha1}", "plugins"),
        (
            "${strToBool('maybe')}",
            "strToBool takes true, false, 1 or 0, not `maybe`",
            "${strToBool('maybe')}",
            "",
        ),
        ("${sls:nope}", "`sls` knows", "${sls:nope}", ""),
        ("x ${self:custom.map}", "`${self:custom.map}` is a mapping", "${self:custom.map}", ""),
        ("${self:service", "the closing `}` of this variable is missing", "${self:service", ""),
        ("${env:A, word}", "`word` is neither a source nor a number", "word", ""),
        ("${env:${self:custom.nope}}", "cannot resolve `${self:custom.nope}`", "${self:custom.nope}", ""),
    ],
)
def test_fault(workshop: Workshop, written: str, problem: str, marked: str, label: str) -> None:
    quoted = written.replace("'", "''")
    service = workshop.service_with(f"V: '{quoted}'", FILES, rest=CUSTOM)
    (fault,) = faults(lambda: service.function("one"))
    assert problem in fault.problem
    assert (fault.file, fault.line) == ("serverless.yml", 8)
    doubled = marked.replace("'", "''")
    if doubled == marked:  # else the caret stands under the whole value
        assert fault.marked == marked
        assert fault.column == 11 + quoted.index(marked)
    assert label in fault.label


def test_fault_in_a_block_scalar(workshop: Workshop) -> None:
    service = workshop.service_with("V: |\n  first\n  second ${env:NOPE}\n")
    (fault,) = faults(lambda: service.function("one"))
    assert (fault.line, fault.column, fault.marked) == (10, 16, "${env:NOPE}")


def test_fault_behind_a_reference_stands_where_it_is_written(workshop: Workshop) -> None:
    service = workshop.service_with("V: ${self:custom.a}", rest="custom:\n  a: x ${env:NOPE}\n")
    (fault,) = faults(lambda: service.function("one"))
    assert (fault.line, fault.column, fault.marked) == (10, 8, "${env:NOPE}")
    with pytest.raises(UsageError) as raised:
        service.function("one")
    assert raised.value.diagnostics[0].needed_for == ("environment.V", "function `one`")


def test_fault_in_an_included_file_stands_there(workshop: Workshop) -> None:
    service = workshop.service_with("V: ${file(lib/env.yml):a}", {"lib/env.yml": "b: 1\na: ${env:NOPE}\n"})
    (fault,) = faults(lambda: service.function("one"))
    assert (fault.file, fault.line, fault.column) == ("env.yml", 2, 4)


def test_an_included_file_that_can_not_be_parsed(workshop: Workshop) -> None:
    files = {"lib/env.yml": "a: 1\na: 2\n", "lib/env.json": '{\n "a": 1,,\n}'}
    service = workshop.service_with("V: ${file(lib/env.yml):a}\nW: ${file(lib/env.json):a}", files)
    first, second = faults(lambda: service.function("one"))
    assert first.problem == "cannot resolve `${file(lib/env.yml):a}`: lib/env.yml can't be read"
    assert first.notes[0].startswith("lib/env.yml:2:1: duplicate key `a`")
    assert second.notes[0].startswith("lib/env.json:2:9: this is not JSON")


@pytest.mark.parametrize(
    ("rest", "chain"),
    [
        ("custom:\n  a: ${self:custom.a}\n", "custom.a → custom.a"),
        ("custom:\n  a: ${self:custom.b}\n  b: x${self:custom.a}\n", "custom.a → custom.b → custom.a"),
        ("custom:\n  a: {x: '${self:custom.a}'}\n", "custom.a → custom.a"),
        ("custom:\n  a: ['${self:custom.b}']\n  b: ['${self:custom.a}']\n", "custom.a → custom.b → custom.a"),
    ],
)
def test_circles(workshop: Workshop, rest: str, chain: str) -> None:
    service = workshop.service_with("V: ${self:custom.a}", rest=rest)
    (fault,) = faults(lambda: service.function("one"))
    assert "in a circle" in fault.problem
    assert chain in fault.problem


def test_circle_through_a_file(workshop: Workshop) -> None:
    service = workshop.service_with("V: ${file(a.yml):k}", {"a.yml": "k: ${file(a.yml):k}\n"})
    (fault,) = faults(lambda: service.function("one"))
    assert fault.problem == "cannot resolve `${file(a.yml):k}`: it refers to itself"
    assert (fault.file, fault.column) == ("a.yml", 4)
    files = {"a.yml": "k: ${file(b.yml):k}\n", "b.yml": "k: ${file(a.yml):k}\n"}
    (fault,) = faults(lambda: workshop.service_with("V: ${file(a.yml):k}", files).function("one"))
    assert fault.problem == "these values refer to each other in a circle: k → k → k"


def test_variables_that_never_end(workshop: Workshop) -> None:
    service = workshop.service_with("V: ${env:LOOP}", environ={"LOOP": "${env:LOOP}"})
    (fault,) = faults(lambda: service.function("one"))
    assert "more than 10 deep" in fault.problem


def test_long_chains_and_multiplication(workshop: Workshop) -> None:
    chain = (
        "custom:\n" + "".join(f"  a{i}: ${{self:custom.a{i + 1}}}\n" for i in range(500)) + "  a500: end\n"
    )
    (fault,) = faults(lambda: workshop.service_with("V: ${self:custom.a0}", rest=chain).function("one"))
    assert "in a row" in fault.problem
    double = "custom:\n  b0: xxxxxxxxxx\n" + "".join(
        f"  b{i + 1}: ${{self:custom.b{i}}}${{self:custom.b{i}}}\n" for i in range(30)
    )
    (fault,) = faults(lambda: workshop.service_with("V: ${self:custom.b30}", rest=double).function("one"))
    assert "too long" in fault.problem
    lists = "custom:\n  c0: [x, x]\n" + "".join(
        f"  c{i + 1}: ['${{self:custom.c{i}}}', '${{self:custom.c{i}}}']\n" for i in range(30)
    )
    (fault,) = faults(lambda: workshop.service_with("V: ${self:custom.c30}", rest=lists).function("one"))
    assert "multiply without end" in fault.problem


def test_all_faults_of_a_function_at_once(workshop: Workshop) -> None:
    service = workshop.service_with("A: ${env:A}\nB: fine\nC: ${env:C}")
    assert [fault.marked for fault in faults(lambda: service.function("one"))] == ["${env:A}", "${env:C}"]


def test_only_what_is_needed_is_resolved(workshop: Workshop) -> None:
    rest = "custom: {broken: '${env:NOPE}', loop: '${self:custom.loop}', bad: '${self:', used: 1}\n"
    rest += "resources: ${ssm:/x}\n"
    assert workshop.environment("V: ${self:custom.used}", rest=rest) == {"V": "1"}


pieces = st.sampled_from(
    [
        "${",
        "}",
        "$",
        "\\",
        ",",
        ":",
        "(",
        ")",
        "'",
        '"',
        "self",
        "env",
        "file",
        "custom",
        ".",
        "V",
        "strToBool",
        "opt:stage",
        "param:x",
        "sls:stage",
        "${self:custom.v}",
        "functions.one",
        "${env:V,'x'}",
        "5",
        "\x00",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pieces, max_size=10).map("".join))
def test_no_text_makes_it_crash(workshop: Workshop, text: str) -> None:
    """Whatever stands in a value: it is resolved or refused, and `summary` says why."""
    files = {"serverless.json": "{}"}
    environ = {"V": text}
    service = workshop.service_with(
        "V: ${env:V, 'x'}", files, rest="custom: {v: '${env:V}'}\n", environ=environ
    )
    try:
        service.function("one")
    except UsageError as error:
        assert error.diagnostics
        assert all(diagnostic.problem for diagnostic in error.diagnostics)
    summary = service.summary("one")
    assert dict(summary.environment).get("V") is not None or summary.unresolved or "null" in text
