"""Templates: types, names, functions and filters, faults with their place, limits."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scenarios.project import NOW, Project

from lambda_scenarios.errors import UsageError
from lambda_scenarios.scenarios.build import Source, build_file
from lambda_scenarios.scenarios.draft import RunSettings
from lambda_scenarios.scenarios.referenced_files import ReferencedFiles
from lambda_scenarios.scenarios.templating import Scope

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

VARS: dict[str, Json] = {
    "s": "text",
    "i": 3,
    "f": 1.5,
    "t": True,
    "n": None,
    "l": [1, [2]],
    "m": {"items": "key", "a": {"b": 1}},
    "empty": {},
}


def scope(identity: str = "a.yml::n", seed: str = "seed", **options: Any) -> Scope:
    document: Json = {"vars": VARS, "scenarios": [{"name": "n"}]}
    draft = build_file(Source(document, True, (1,)), "/p/a.yml", "a.yml").drafts[0]
    environ = {"HOME": "/home/x", "STAGE": "dev"}
    run = RunSettings(environ, NOW, seed)
    return Scope(draft, run, ReferencedFiles("/p"), lambda: None, identity, **options)


def render(text: Json, **options: Any) -> Json:
    return scope(**options).render(text, "event")


@pytest.mark.parametrize(("name", "value"), VARS.items())
def test_a_whole_expression_keeps_its_type(name: str, value: Json) -> None:
    for text in (f"{{{{ vars.{name} }}}}", f"{{{{vars['{name}']}}}}", f"{{{{- vars.{name} -}}}}"):
        assert render(text) == value
        assert type(render(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a {{ vars.i }}", "a 3"),
        ("{{ vars.i }}{{ vars.i }}", "33"),
        ("{{ vars.i }} ", "3 "),
        ("{{ 'a' }}\n", "a\n"),
        ("{{ '1000' }}", "1000"),
        ("{{ 'None' }}", "None"),
        ("{{ {'a': {}} }}", {"a": {}}),
        ("{{ 1, 2 }}", [1, 2]),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ vars.l | map('string') }}", ["1", "[2]"]),
        ("{{ vars.m.a.keys() }}", ["b"]),
        ("{{ vars.m.items }}", "key"),
        ("{{ vars.m['items'] }}", "key"),
        ("{{ vars.m.get('zz', 7) }}", 7),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{# nothing #}a", "a"),
        ("{% if vars.t %}yes{% endif %}", "yes"),
        (
            "{% for x in [1, 2] %}{{ loop.index }}/{{ loop.length }}{{ ' ' if not loop.last }}{% endfor %}",
            "1/2 2/2",
        ),
        ("{% for k, v in vars.m.a.items() recursive %}{{ k }}{{ v }}{% else %}none{% endfor %}", "b1"),
        ("a\r\n{{ vars.s }}\r\nb{{ 'c\r\n' }}", "a\r\ntext\r\nbc\r\n"),
        ("{{ env.STAGE }}", "dev"),
        ("{{ env.NOPE | default('x') }}", "x"),
        ("{{ env.NOPE is defined }}", False),
        ("{{ scenario.file }}", "a.yml"),
        ("{{ '<b>' | escape }}", "&lt;b&gt;"),
        ("{ {x} }", "{ {x} }"),
    ],
)
def test_values_of_templates(text: str, value: Json) -> None:
    assert render(text) == value


def test_names_of_the_scenario() -> None:
    known = {"name": "the name", "matrix": {"values": 1}, "case": {"items": [2]}}
    assert render("{{ scenario.name }} {{ matrix.values }} {{ case.items[0] }}", **known) == "the name 1 2"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(JSON.filter(lambda value: not any(mark in repr(value) for mark in ("{{", "{%", "{#"))))
def test_without_templates_rendering_is_the_identity(value: Json) -> None:
    assert render(value) is value


@given(JSON)
def test_a_variable_comes_back_as_it_is(value: Json) -> None:
    assert render("{{ case }}", case={"v": value}) == {"v": value}
    assert render("{{ case.v | to_json | from_json }}", case={"v": value}) == value


def test_a_tree_shares_what_has_no_template() -> None:
    same: Json = {"deep": [1, {"x": "y"}]}
    rendered = render({"a": same, "b": ["{{ vars.i }}", same]})
    assert rendered == {"a": same, "b": [3, same]}
    assert isinstance(rendered, dict) and rendered["a"] is same


def test_keys_are_no_templates_and_literals_stay_in_expectations() -> None:
    tree: Json = {"{{ x }}": 1, "$literal": {"a": "{{ y }}"}}
    assert scope().render(tree, "expect", literals=True) is tree
    with pytest.raises(UsageError, match="`y` is undefined"):
        scope().render(tree, "event")


# Functions and filters, against the standard library.


def test_random_values_depend_on_seed_scenario_and_call_alone() -> None:
    text = "{{ [uuid(), uuid(), random_int(1, 10**9), [1, 2, 3] | random] }}"
    assert render(text) == render(text)
    several = [render(text), render(text, identity="b"), render(text, seed="other")]
    assert len({json.dumps(values) for values in several}) == 3
    first = render(text)
    assert isinstance(first, list) and first[0] != first[1]


@given(st.text(), st.integers(-(10**12), 10**12), st.integers(0, 10**12))
def test_uuid_and_random_int_are_what_they_say(seed: str, a: int, more: int) -> None:
    given_uuid, number = render(f"{{{{ [uuid(), random_int({a}, {a + more})] }}}}", seed=seed)  # type: ignore[misc, str-unpack]  # a list of two
    parsed = uuid.UUID(str(given_uuid))
    assert str(parsed) == given_uuid and parsed.version == 4 and parsed.variant == uuid.RFC_4122
    assert isinstance(number, int) and a <= number <= a + more


@given(st.integers(-(10**9), 10**9))
def test_the_clock(offset: int) -> None:
    moment = datetime.fromtimestamp(NOW, tz=timezone.utc) + timedelta(seconds=offset)
    assert render(f"{{{{ now({offset}) }}}}") == moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert render(f"{{{{ now(offset_seconds={offset}, format='%d %j') }}}}") == moment.strftime("%d %j")
    assert render("{{ timestamp() }}") == int(NOW)


@given(st.text())
def test_filters_on_any_text(text: str) -> None:
    case = {"t": text}
    assert render("{{ case.t | b64encode }}", case=case) == base64.b64encode(text.encode()).decode()
    assert render("{{ case.t | b64encode | b64decode }}", case=case) == text
    assert render("{{ case.t | sha256 }}", case=case) == hashlib.sha256(text.encode()).hexdigest()
    assert render("{{ case.t | to_json }}", case=case) == json.dumps(text, ensure_ascii=False)


@given(st.binary())
def test_base64_of_bytes(data: bytes) -> None:
    for encoded in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode().rstrip("=")):
        again = render("{{ case.t | b64decode | b64encode }}", case={"t": encoded})
        assert again == base64.b64encode(data).decode()


def test_a_variable_that_draws_has_one_value(project: Project) -> None:
    project.scenarios(
        'vars: {id: "{{ uuid() }}", twice: "{{ vars.id }}{{ vars.id }}"}\n'
        'scenarios:\n  - {name: "n {{ vars.id }}", function: greet,\n'
        '     event: ["{{ vars.twice }}", "{{ vars.id }}"]}\n'
    )
    ((name, event),) = project.events().items()
    twice, once = json.loads(event)
    assert (twice, f"n {once}") == (once * 2, name)


def test_variables_that_nobody_uses_are_not_rendered(project: Project) -> None:
    project.scenarios(
        'vars: {token: "{{ env.TOKEN }}", x: 1}\n'
        'scenarios:\n  - {name: n, function: greet, event: "{{ vars.x }}"}\n'
        '  - {name: o, function: greet, event: "{{ vars.token }}"}\n'
    )
    assert [label for _, _, label in project.told()] == [
        "set it, or give a fallback: `env.TOKEN | default('…')`"
    ]
    project.environ["TOKEN"] = "t"
    assert project.events() == {"n": "1", "o": '"t"'}


def test_files_and_services(project: Project) -> None:
    project.write("data/x.json", '{"a": [1]}')
    project.write("data/t.txt", "text {{ y }}")
    project.write("serverless.yml", "service: shop\nprovider: {name: aws, runtime: python3.11}\n")
    project.scenarios(
        "scenarios:\n"
        "  - {name: n, function: greet, event: \"{{ load_json('x.json').a[0] }}{{ read_text('t.txt') }}\"}\n"
        '  - {name: o, function: greet, event: "{{ service.name }} {{ service.stage }}"}\n'
        "  - {name: p, function: greet, event: \"{{ read_text('service:data/t.txt') }}\"}\n",
        "data/a.yml",
        "functions:\n  greet: {handler: greet.handler, runtime: python3.11, code: ..}\n",
    )
    assert project.events() == {"n": '"1text {{ y }}"', "o": '"shop dev"', "p": '"text {{ y }}"'}


# Faults: problem, the text that is marked, label.

TOO_LARGE = "a template makes a number that is too large: 1.8e308 is the limit"

FAULTS = [
    ("{{ vars.custmer }}", "`vars.custmer` is undefined", "vars.custmer", "did you mean `customer`?"),
    ("a {{ vars['custmer'] }}", "`vars.custmer` is undefined", "", "did you mean `customer`?"),
    ("{{ vars.zzz }}", "`vars.zzz` is undefined", "vars.zzz", "there are: customer, deep"),
    ("{{ vars.deep.lvl }}", "`vars.deep.lvl` is undefined", "vars.deep.lvl", "did you mean `level`?"),
    ("{{ [[vars.custmer]] }}", "`vars.custmer` is undefined", "vars.custmer", "did you mean `customer`?"),
    (
        "{{ vars.customer.x }}",
        "`vars.customer.x` is undefined: what stands before it is a string",
        "vars.customer.x",
        "",
    ),
    ("{{ customer }}", "`customer` is undefined", "customer", "did you mean `vars.customer`?"),
    ("{{ matrix.a }}", "`matrix` is undefined", "matrix", "this scenario has no matrix"),
    (
        "{{ steps.a.output }}",
        "`steps` is undefined",
        "steps",
        "only what belongs to a step can ask for earlier ones",
    ),
    ("{{ rand_int(1, 2) }}", "`rand_int` is undefined", "rand_int", "did you mean `random_int`?"),
    ("{{ 1 | uper }}", "no filter `uper`", "uper", "did you mean `upper`?"),
    ("{{ 1 is defind }}", "no test `defind`", "defind", "did you mean `defined`?"),
    ("x {{ 1 + }}", "template syntax: unexpected 'end of print statement'", "{{ 1 + }}", ""),
    ("x {{ a b }}", "template syntax: expected token 'end of print statement', got 'b'", "b", ""),
    ("{{ uuid }}", "a template gives the function `uuid`", "", "call it: `uuid()`"),
    ("{{ now }}", "a template gives the function `now`", "", "call it: `now()`"),
    ("at {{ timestamp }}", "a template gives the function `timestamp`", "", "call it: `timestamp()`"),
    ("{{ [load_json] }}", "a template gives the function `load_json`", "", "call it: `load_json(path)`"),
    ("{{ read_text }}", "a template gives the function `read_text`", "", "call it: `read_text(path)`"),
    ("{{ range }}", "a template gives the function `range`", "", "call it: `range(bound)`"),
    ("{% macro m() %}{% endmacro %}{{ m }}", "a template gives the function `m`", "", "call it: `m()`"),
    ("{{ uuid(5) }}", "`uuid` doesn't take these arguments", "uuid", "it is `uuid()`"),
    (
        "{{ random_int(5) }}",
        "`random_int` doesn't take these arguments",
        "random_int",
        "it is `random_int(a, b)`",
    ),
    (
        "{{ now(offset=1) }}",
        "`now` doesn't take these arguments",
        "now",
        "it is `now(offset_seconds, format)`",
    ),
    (
        "{{ now(1, offset_seconds=1) }}",
        "`now` doesn't take these arguments",
        "now",
        "it is `now(offset_seconds, format)`",
    ),
    ("{{ range() }}", "`range` doesn't take these arguments", "range", "it is `range(bound, …)`"),
    (
        "{{ 'a' | upper(5) }}",
        "`upper` doesn't take these arguments",
        "upper",
        "the filter takes no arguments",
    ),
    (
        "{{ 'a' | replace }}",
        "`replace` doesn't take these arguments",
        "replace",
        "the filter takes `(old, new, count)`",
    ),
    (
        "{{ 'a' | sha256(5) }}",
        "`sha256` doesn't take these arguments",
        "sha256",
        "the filter takes no arguments",
    ),
    ("{{ 1 is odd(2) }}", "`odd` doesn't take these arguments", "odd", ""),
    ("{{ 'a'.upper(1) }}", "`upper` doesn't take these arguments", "upper", ""),
    ("{{ 5 | sha256 }}", "`sha256` takes text, not a number", "sha256", ""),
    ("{{ vars | b64encode }}", "`b64encode` takes text, not a mapping", "b64encode", ""),
    (
        "{{ ''.__class__ }}",
        "a template may not do that: access to attribute '__class__' of 'str' object is unsafe.",
        "",
        "",
    ),
    ("{{ 1 / 0 }}", "a template fails: division by zero", "", ""),
    ("{{ {1: 2} }}", "a template gives a mapping with the key 1: keys must be strings", "", ""),
    (
        "{{ 'x' | from_json }}",
        "`from_json`: the text is no JSON: Expecting value: line 1 column 1 (char 0)",
        "from_json",
        "",
    ),
    (
        "{{ '!' | b64decode }}",
        "`b64decode`: the text is no Base64: Only base64 data is allowed",
        "b64decode",
        "",
    ),
    ("{{ '_w==' | b64decode }}", "a template gives bytes that are no UTF-8 text", "", ""),
    ("{{ random_int(2, 1) }}", "random_int(2, 1): the first is greater than the second", "random_int", ""),
    ("{{ now(1e300) }}", None, "now", ""),
    ("{{ 1e308 * 10 }}", TOO_LARGE, "", ""),
    ("{{ 1e400 }}", TOO_LARGE, "", ""),
    ("{{ [-1e400] }}", TOO_LARGE, "", ""),
    ("a {{ 1e400 }}", TOO_LARGE, "", ""),
    ("{{ '1e400' | float }}", TOO_LARGE, "", ""),
    ("{{ 'nan' | float }}", "a template gives NaN, which JSON can't say", "", ""),
    ("{% include 'x' %}", "templates can't include, import or extend others", "", ""),
    (
        "{{ read_text('customr.txt') }}",
        "no file `customr.txt`",
        "customr.txt",
        "did you mean `customer.txt`?",
    ),
    (
        "{{ service.name }}",
        "`service.name`: this file has no service",
        "service.name",
        "no service file in its directory or above it",
    ),
    (
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "a template is nested too deeply, or calls itself without end",
        "",
        "",
    ),
    ("{{ vars.customer.append(1) }}", None, "vars.customer.append", ""),
    (
        "{{ vars.list.append(1) }}",
        "a template may not do that: access to attribute 'append' of 'list' object is unsafe.",
        "",
        "",
    ),
]


@pytest.mark.parametrize(("text", "problem", "marked", "label"), FAULTS, ids=[case[0] for case in FAULTS])
def test_a_fault_is_told_where_it_stands(
    text: str, problem: str | None, marked: str, label: str, project: Project
) -> None:
    project.write("customer.txt", "x")
    project.scenarios(
        "vars: {customer: c-42, deep: {level: 1}}\n".replace(
            "}}", ", list: [1]}}" if "list" in text else "}}"
        )
        + f"scenarios:\n  - name: n\n    function: greet\n    event:\n      key: {json.dumps(text)}\n"
    )
    if "vars.list" in text:
        project.scenarios(
            "vars: {list: [1]}\nscenarios:\n  - name: n\n    function: greet\n    event:\n"
            f"      key: {json.dumps(text)}\n"
        )
    ((told, at, beside),) = project.told()
    if problem is not None:
        assert told == problem
    assert at == (marked or json.dumps(text))
    assert beside == label


def test_a_fault_in_a_block_is_told_on_its_line(project: Project) -> None:
    project.scenarios(
        "vars: {a: 1}\nscenarios:\n  - name: n\n    function: greet\n    event: |\n"
        "      {{ vars.a }}\n      vars.b\n      {{ vars.b }}\n"
    )
    (diagnostic,) = project.problems()
    assert project.marked(diagnostic) == "vars.b"
    assert project.place(diagnostic) == "a.yml:10"


def test_a_cycle_of_variables_names_its_members(project: Project) -> None:
    project.scenarios(
        'vars: {a: "{{ vars.b }}", b: "{{ [vars.c] }}", c: "{{ vars.a }}"}\n'
        'scenarios: [{name: n, function: greet, event: ["{{ vars.a }}", "{{ vars.b }}"]}]\n'
    )
    assert project.told()[0][2] == "a → b → c → a"


def test_all_faults_of_a_scenario_are_told_together(project: Project) -> None:
    project.scenarios(
        "scenarios:\n  - name: n\n    function: gret\n"
        "    timeout: \"{{ 'x' }}\"\n    isolation: \"{{ 'wrm' }}\"\n"
        '    event: ["{{ vars.a }}", "{{ vars.b }}"]\n    env: {A: "{{ vars.c }}"}\n'
        "    expect: {output: '{{ vars.d }}'}\n"
    )
    assert {problem for problem, _, _ in project.told()} == {
        "no function `gret`",
        "`vars.a` is undefined",
        "`vars.b` is undefined",
        "`vars.c` is undefined",
        "`vars.d` is undefined",
        '`timeout` must be a number of seconds, more than 0: its template gives the string "x"',
        '`isolation` must be one of warm, cold: its template gives the string "wrm"',
    }


BOMBS = [
    "{{ 'x' * 10**10 }}",
    "{{ 10**10 * ['x'] }}",
    "{{ 10 ** (10 ** 10) }}",
    "{{ 2 ** 20000 }}",
    "{{ 'x' | center(10**9) }}",
    "{{ 'x'.ljust(10**9) }}",
    "{{ 'x'.zfill(width=10**9) }}" if sys.version_info >= (3, 13) else "{{ 'x'.zfill(10**9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' % (10**9, 1) }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, 10**9) }}",
    "{{ '{x:1000000000}'.format_map({'x': 1}) }}",
    "{{ ('x' * 10**6).replace('x', 'y' * 10**6) }}",
    "{{ ('x' * 10**6) | replace('x', 'y' * 10**6) }}",
    "{{ ('x' * 10**6).join('y' * 10**6) }}",
    "{{ ('y' * 10**6) | join('x' * 10**6) }}",
    "{{ range(10**9) }}",
    "{{ range(10**9) | list }}",
    "{{ [1] | batch(10**9, 'x') | list }}",
    "{{ [1] | slice(10**9) | list }}",
    "{{ 1.5 | round(10**9) }}",
    "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "{% set l = range(9999) | list %}{% for a in l %}{% for b in l %}{% for c in l %}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in range(9999) %}{{ 'x' * 9999999 }}{% endfor %}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
]


@pytest.mark.parametrize("text", BOMBS)
def test_a_template_that_would_eat_the_machine_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        render(text)


WORDS = """{{ }} {% %} {# #} {%- -%} for if in endfor endif set = == ( ) [ ] { } ' " . , | ~ + - * ** / // %
vars env matrix uuid now range load_json read_text random_int l m s i x loop self super caller 0 1 9 1e9
items upper join map attr sort from_json to_json b64decode sha256 random default is defined not and or
else raw endraw block endblock macro endmacro call endcall filter endfilter import extends include with
__class__ _ é"""
FRAGMENTS = st.sampled_from([*WORDS.split(), "\n", "\r", "\ud800", "\0", "\ufdd0"])


@given(st.lists(FRAGMENTS, max_size=12).map(" ".join) | st.lists(FRAGMENTS, max_size=8).map("".join))
@settings(max_examples=200)
def test_any_text_renders_or_is_a_usage_error(text: str) -> None:
    for whole in (text, f"{{{{ {text} }}}}", f"{{% {text} %}}"):
        try:
            value = render(whole)
        except UsageError as error:
            assert all(d.problem and "\n" not in d.problem for d in error.diagnostics)
        else:
            json.dumps(value, allow_nan=False)


def test_without_templates_jinja_is_not_imported(project: Project) -> None:
    project.scenarios("scenarios: [{name: n, function: greet, event: {a: '{ {x} }'}}]\n")
    program = (
        "import sys\n"
        "from tests.scenarios.project import Project\n"
        f"project = Project({project.root!r}); project.named = ['a.yml']\n"
        "assert project.events() == {'n': '{\"a\":\"{ {x} }\"}'}\n"
        "heavy = ['jinja2', 'asyncio', 'dataclasses', 'jsonschema', 'subprocess', 'pathlib', 'uuid']\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    checkout = os.path.abspath(os.path.join(__file__, "..", "..", ".."))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=checkout
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
