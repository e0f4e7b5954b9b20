"""YAML 1.2 to values: against ruamel.yaml and the json module as oracles, and under hostile input."""

from __future__ import annotations

import contextlib
import gc
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError as OracleRefuses

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Json, Place, WrittenFloat, WrittenInt
from lambda_scenarios.scenarios import positions, yaml_events, yaml_source
from lambda_scenarios.scenarios.yaml_source import DEEPEST, parse

from .yaml_samples import HOSTILE, VALUES, same

FILE = "/project/file.yml"


@pytest.fixture(params=["libyaml", "pure"])
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """PyYAML with libyaml, and as it is without."""
    if request.param == "pure":
        for module in (yaml_source, positions):
            monkeypatch.setattr(module, "open_parser", yaml_events._pure_parser)
    return str(request.param)


def refusals(text: str | bytes) -> tuple[Diagnostic, ...]:
    with pytest.raises(UsageError) as caught:
        parse(text.encode() if isinstance(text, str) else text, FILE)
    return caught.value.diagnostics


def place_of(diagnostic: Diagnostic) -> tuple[int, int]:
    assert isinstance(diagnostic.where, Place)
    return diagnostic.where.line, diagnostic.where.column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(word, word) for word in ("on", "off", "yes", "no", "y", "n", "On", "NO", "nULL", "tRUE", "=")],
        *[
            (word, word)
            for word in ("12:30", "2024-01-01", "1_000", "0b11", "0o8", "+0x1", "1e", ".", "--", "+.")
        ],
        *[(word, None) for word in ("", "~", "null", "Null", "NULL")],
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("+12", 12),
        ("-0", 0),
        ("00", 0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1.10", 1.1),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float 1", 1.0),
        ("! 12x", "12x"),
        ("!!map {a: 1}", {"a": 1}),
        ("!!seq [1]", [1]),
        ("[a, b: c]", ["a", {"b": "c"}]),
        ("{a: , b}", {"a": None, "b": None}),
        ("{a: 1, 'b': 2, \"c\": 3}", {"a": 1, "b": 2, "c": 3}),
        (
            "{1: a, true: b, ~: c, 010: d, 1.10: e}",
            {"1": "a", "true": "b", "~": "c", "010": "d", "1.10": "e"},
        ),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
        ("", None),
        ("# nothing\n", None),
        ("---\n...\n", None),
        ("%YAML 1.2\n---\na: 1\n", {"a": 1}),
        ("\ufeffa: 1", {"a": 1}),
        ("'<<': 1", {"<<": 1}),
        ("a\x85b", "a\x85b"),
        ('"a\u2028 b"', "a\u2028 b"),
        ("a: b\u2029c", {"a": "b\u2029c"}),
    ],
)
def test_values_of_the_core_schema(text: str, value: Json, either_parser: str) -> None:
    found = parse(text.encode(), FILE)
    assert found == value
    assert type(found) is type(value) or isinstance(found, (WrittenInt, WrittenFloat))


@pytest.mark.parametrize("text", ["010", "0x1F", "+1", "-0", "1.10", "1e3", ".5", "5.", "1E5", "-0.0e0"])
def test_numbers_remember_an_unusual_spelling(text: str) -> None:
    value = parse(text.encode(), FILE)
    assert isinstance(value, (WrittenInt, WrittenFloat))
    assert value.written == text
    assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize("text", ["10", "-3", "1.5", "0", "1e+16", "-0.0"])
def test_numbers_that_print_as_written_are_plain(text: str) -> None:
    assert type(parse(text.encode(), FILE)) in {int, float}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_encodings_with_a_byte_order_mark(encoding: str) -> None:
    assert parse("ä: '\u2028😀'".encode(encoding), FILE) == {"ä": "\u2028😀"}


def test_surrogate_pairs_are_characters_in_double_quotes_only() -> None:
    text = r"""{"a": "\ud83d\ude00 \\ud83d\\ude00", "b": '\ud83d\ude00', "c": \ud83d\ude00}"""
    pair = "\\ud83d\\ude00"
    assert parse(text.encode(), FILE) == {"a": "😀 " + pair, "b": pair, "c": pair}


def test_merges() -> None:
    text = """
base: &base {a: 1, b: 2}
more: &more {b: 3, c: 4}
one: {<<: *base, b: 5}
two: {b: 6, <<: [*base, *more]}
deep: {<<: {<<: *base, z: 0}}
"""
    value = parse(text.encode(), FILE)
    assert isinstance(value, dict)
    assert value["one"] == {"a": 1, "b": 5}
    assert value["two"] == {"a": 1, "b": 6, "c": 4}
    assert value["deep"] == {"a": 1, "b": 2, "z": 0}


def test_aliases_stand_for_values_and_keys() -> None:
    assert parse(b"a: &x 010\nb: *x\nc: {*x : 1}\n&k d: [*k]", FILE) == {
        "a": 10,
        "b": 10,
        "c": {"010": 1},
        "d": ["d"],
    }


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("a: b: c", (1, 5), "`:` can't begin a value"),
        ("a:\n\t- b", (2, 1), "tabs"),
        ("a: 1\n\tb: 2", (2, 1), "tabs"),
        ("a: [1, 2\nb: 3", (1, 4), "`[` is never closed"),
        ('x: 1\na: "x\n\n', (2, 4), "never closed"),
        ("a: @x", (1, 4), "can't begin with `@`"),
        ("a: %x", (1, 4), "can't begin with `%`"),
        ('a: "\\q"', None, "escape isn't known"),
        ("a:\n  b: 1\n c: 2", (3, 2), "doesn't continue"),
        ("a: {{ vars.x }}", (1, 5), "template needs quotes"),
        ("a: {{ vars.x }}/y", None, "template needs quotes"),
        ("---\na: 1\n---\nb: 2", (3, 1), "more than one YAML document"),
        ("a: !Ref x", (1, 4), "unknown tag `!Ref`"),
        ("a: !!binary eA==", (1, 4), "unknown tag `!!binary`"),
        ("a: !!set {x}", (1, 4), "unknown tag `!!set`"),
        ("a: !!int x", (1, 4), "no `!!int`"),
        ("!x a: 1", (1, 1), "unknown tag `!x`"),
        ("a: .inf", (1, 4), "JSON can't say"),
        ("a: -.INF", (1, 4), "JSON can't say"),
        ("a: .nan", (1, 4), "JSON can't say"),
        ("a: 1e999", (1, 4), "too large"),
        ("a: " + "9" * 5000, (1, 4), "too long"),
        ("a: 0x" + "9" * 5000, (1, 4), "too long"),
        ("a: *b", (1, 4), "no anchor `b`"),
        ("a: &x [1, *x]", (1, 11), "inside of its own anchor"),
        ("? [a]\n: 1", (1, 3), "key must be a text"),
        ("{? {a: 1} : 2}", (1, 4), "key must be a text"),
        ("a: &x [1]\n*x : 2", (2, 1), "key must be a text"),
        ("a: 1\nb: 2\na: 3", (3, 1), "duplicate key `a`"),
        ("a: {b: 1, 'b': 2}", (1, 11), "duplicate key `b`"),
        ("1: a\n'1': b", (2, 1), "duplicate key `1`"),
        ("a: &x {b: 1}\nc: {<<: *x, <<: *x}", (2, 13), "second `<<`"),
        ("a: {<<: 3}", (1, 5), "`<<` takes"),
        ("a: {<<: [{}, 3]}", (1, 5), "`<<` takes"),
        (b"a: \xe4", (1, 4), "isn't UTF-8: byte 0xE4"),
        (b"x: 1\na: \xc3", (2, 4), "isn't UTF-8"),
        ("a: 1\nb: '\x1b'", (2, 5), "U+001B"),
        (b"\xff\xfea", (1, 1), "isn't the UTF-16"),
    ],
)
def test_refusals_with_their_place(
    text: str | bytes, where: tuple[int, int] | None, problem: str, either_parser: str
) -> None:
    (diagnostic,) = refusals(text)
    assert problem in diagnostic.problem
    assert where is None or place_of(diagnostic) == where


def test_all_refusals_of_a_file_come_together() -> None:
    text = "a: .inf\nb: !Ref x\nc: {d: 1, d: 2}\ne: *f\ng: ["
    assert [place_of(d)[0] for d in sorted(refusals(text), key=place_of)] == [1, 2, 3, 4, 5]


def test_a_duplicate_key_names_the_first() -> None:
    (diagnostic,) = refusals("x:\n  a: 1\n  b: 2\n  a: 3\n")
    assert diagnostic.label == "first given on line 2"


def test_an_unknown_anchor_names_the_nearest() -> None:
    (diagnostic,) = refusals("a: &base 1\nb: *bsae")
    assert diagnostic.label == "did you mean `*base`?"


@pytest.mark.parametrize(
    "text",
    [
        "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
        "[" * 100_000,
        "- " * 5_000 + "a",
        "".join(f"{'  ' * n}a:\n" for n in range(DEEPEST + 1)) + "  " * (DEEPEST + 1) + "b: 1",
        "a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5000)),
    ],
)
def test_too_deep_is_refused(text: str) -> None:
    assert "levels deep" in refusals(text)[0].problem


def test_just_deep_enough() -> None:
    value = parse(b"[" * DEEPEST + b"]" * DEEPEST, FILE)
    assert json.dumps(value) == "[" * DEEPEST + "]" * DEEPEST


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        "a: &a '" + "x" * 100_000 + "'\nb: [" + "*a, " * 1_000 + "]",
        "a: &a {"
        + ", ".join(f"k{n}: 1" for n in range(2000))
        + "}\n"
        + "".join(f"m{n}: {{<<: *a}}\n" for n in range(500)),
    ],
)
def test_alias_bombs_are_refused(text: str) -> None:
    assert "too large" in refusals(text)[0].problem


def test_ordinary_use_of_aliases_is_no_bomb() -> None:
    text = "x-base: &base {a: 1, b: [1, 2, 3]}\nlist:\n" + "- {<<: *base, c: *base}\n" * 5_000
    value = parse(text.encode(), FILE)
    assert isinstance(value, dict)
    assert value["list"] == [{"a": 1, "b": [1, 2, 3], "c": {"a": 1, "b": [1, 2, 3]}}] * 5_000


def test_cloudformation_tags_become_long_forms() -> None:
    text = b"""
a: !Ref x
b: !GetAtt a.b.c
c: !If [cond, !Sub "${x}", !Ref "AWS::NoValue"]
d: !Transform {Name: n}
e: !Condition c
f: !GetAZs ""
g: !Select [0, !Split [",", x]]
"""
    assert parse(text, FILE, "cloudformation") == {
        "a": {"Ref": "x"},
        "b": {"Fn::GetAtt": ["a", "b.c"]},
        "c": {"Fn::If": ["cond", {"Fn::Sub": "${x}"}, {"Ref": "AWS::NoValue"}]},
        "d": {"Fn::Transform": {"Name": "n"}},
        "e": {"Condition": "c"},
        "f": {"Fn::GetAZs": ""},
        "g": {"Fn::Select": [0, {"Fn::Split": [",", "x"]}]},
    }
    with pytest.raises(UsageError, match="unknown tag `!Rf`"):
        parse(b"a: !Rf x", FILE, "cloudformation")


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("text", [b"a: 1", b"a: ["])
def test_the_collector_is_left_as_it_was(enabled: bool, text: bytes) -> None:
    before = gc.isenabled()
    try:
        gc.enable() if enabled else gc.disable()
        with contextlib.suppress(UsageError):
            parse(text, FILE)
        assert gc.isenabled() is enabled
    finally:
        gc.enable() if before else gc.disable()


# Oracles.

# ruamel.yaml takes `_` within numbers, `0b`, sexagesimals and dates for more than strings, as YAML 1.1
# did; its resolver for dates is taken out, and the others aren't generated.
ORACLE = YAML(typ="safe", pure=True)
for _rules in ORACLE.resolver.versioned_resolver.values():
    _rules[:] = [rule for rule in _rules if not rule[0].endswith((":timestamp", ":value"))]

# ruamel.yaml drops unknown tags when it loads safely; here they are refused.
KNOWN_TO_DIFFER = ("!x",)

WORDS = st.sampled_from(
    [
        *("on", "yes", "010", "0x1F", "0o17", "+1", "-0", "1.10"),
        *("1e3", ".5", "5.", "~", "null", "True", "FALSE", "tRUE"),
        *("2024-01-01", "a-b", "a.b", "x:y", "0x", ".", "..", "e1"),
        *("1e", "1e+2", "-.5", "+.5e-1", "''", '""', "'a''b'", '"\\t\\u00e9"'),
        *("'on'", '"1"', "-", "a#b", "http://x/y", "@", "`", "&"),
        *("*a", "!x"),
    ]
)
SPACES = st.sampled_from(["", " ", "  "])


@st.composite
def yaml_texts(draw: st.DrawFn) -> str:
    """Text of small documents in block and flow style, most of them valid."""

    def flow(depth: int) -> str:
        if depth == 0 or draw(st.integers(0, 2)) == 0:
            return draw(WORDS)
        items = [flow(depth - 1) for _ in range(draw(st.integers(0, 3)))]
        if draw(st.booleans()):
            return f"[{draw(SPACES)}" + ", ".join(items) + f"{draw(SPACES)}]"
        return "{" + ", ".join(f"k{n}: {item}" for n, item in enumerate(items)) + "}"

    def block(indent: str, depth: int) -> str:
        lines = []
        is_list = draw(st.booleans())
        for n in range(draw(st.integers(1, 3))):
            head = "-" if is_list else f"k{n}{draw(SPACES)}:"
            if depth and draw(st.booleans()):
                lines.append(f"{indent}{head}\n{block(indent + '  ', depth - 1)}")
            else:
                comment = draw(st.sampled_from(["", " # c", " "]))
                lines.append(f"{indent}{head} {flow(2)}{comment}\n")
        return "".join(lines)

    return block("", 2)


@given(yaml_texts())
def test_same_values_as_ruamel(text: str) -> None:
    try:
        expected = ORACLE.load(text)
    except (OracleRefuses, ValueError):
        return
    try:
        found = parse(text.encode(), FILE)
    except UsageError:
        assert any(sign in text for sign in KNOWN_TO_DIFFER), text
        return
    assert same(found, expected)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_json_is_yaml(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert same(parse(text.encode(), FILE), json.loads(text))


# Hostile input.


@given(HOSTILE, st.sampled_from(["refuse", "cloudformation"]))
def test_nothing_but_usage_errors(data: bytes, tags: Any) -> None:
    try:
        value = parse(data, FILE, tags)
    except UsageError as error:
        assert error.diagnostics
        for diagnostic in error.diagnostics:
            line, column = place_of(diagnostic)
            assert line >= 1
            assert column >= 1
            assert diagnostic.problem
    else:
        json.dumps(value, allow_nan=False)


@given(HOSTILE)
def test_nothing_but_usage_errors_without_libyaml(data: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_source, "open_parser", yaml_events._pure_parser)
        patch.setattr(positions, "open_parser", yaml_events._pure_parser)
        try:
            json.dumps(parse(data, FILE), allow_nan=False)
        except UsageError as error:
            assert error.diagnostics
