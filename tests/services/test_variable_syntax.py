from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.services.variable_syntax import (
    Literal,
    Lookup,
    Template,
    Variable,
    VariableSyntaxError,
    number,
    parse,
)

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json


def at_zero(template: Template) -> Template:
    """Without offsets, to compare with trees that were not parsed."""

    def variable(part: str | Variable) -> str | Variable:
        return part if isinstance(part, str) else Variable(0, 0, tuple(source(s) for s in part.sources))

    def source(item: Lookup | Literal) -> Lookup | Literal:
        if isinstance(item, Literal):
            return item
        params = None if item.params is None else tuple(param(p) for p in item.params)
        return Lookup(item.source, params, None if item.address is None else at_zero(item.address))

    def param(item: Literal | Template) -> Literal | Template:
        return item if isinstance(item, Literal) else at_zero(item)

    return Template(tuple(variable(part) for part in template.parts))


def lookup(
    source: str, *address: str | Variable, params: tuple[Literal | Template, ...] | None = None
) -> Lookup:
    return Lookup(source, params, Template(address) if address else None)


def one(*sources: Lookup | Literal) -> Variable:
    return Variable(0, 0, sources)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ("plain",)),
        ("", ()),
        ("${self:a.b}", (one(lookup("self", "a.b")),)),
        ("${self:}", (one(lookup("self")),)),
        ("a-${self:b}-c", ("a-", one(lookup("self", "b")), "-c")),
        ("${self: b }", (one(lookup("self", "b")),)),
        ("${env:A, env:B , 'c'}", (one(lookup("env", "A"), lookup("env", "B"), Literal("c")),)),
        ('${env:A, "a\\nb"}', (one(lookup("env", "A"), Literal("a\nb")),)),
        ("${env:A, true}", (one(lookup("env", "A"), Literal(True)),)),
        ("${env:A, null}", (one(lookup("env", "A"), Literal(None)),)),
        ("${env:A, 007}", (one(lookup("env", "A"), Literal(7)),)),
        ("${env:A, -1.5e3}", (one(lookup("env", "A"), Literal(-1500)),)),
        ("${env:A, 0x1f}", (one(lookup("env", "A"), Literal(31)),)),
        ("${file(a.yml):b}", (one(lookup("file", "b", params=(Template(("a.yml",)),))),)),
        ("${strToBool('a)b')}", (one(lookup("strToBool", params=(Literal("a)b"),))),)),
        ("${strToBool(1)}", (one(lookup("strToBool", params=(Literal(1),))),)),
        ("${ssm(eu-west-1, raw):/a/b}", None),
        ("${self:a.${self:b}}", (one(lookup("self", "a.", one(lookup("self", "b")))),)),
        (
            "${strToBool(${env:A, 'x'})}",
            (one(lookup("strToBool", params=(Template((one(lookup("env", "A"), Literal("x")),)),))),),
        ),
        # CloudFormation's own are text, and variables within them are variables.
        ("${AWS::Region}", ("${AWS::Region}",)),
        ("${aws::region}", ("${aws::region}",)),
        ("${bucket.Arn}${bucket}", ("${bucket.Arn}${bucket}",)),
        ("${  self:a}", ("${  self:a}",)),
        ("${AWS::Region-${self:a}}", ("${AWS::Region-", one(lookup("self", "a")), "}")),
        # Escapes, as `serverless print` shows them.
        ("\\${self:a}", ("${self:a}",)),
        ("\\\\${self:a}", ("\\", one(lookup("self", "a")))),
        ("\\\\\\${self:a}", ("\\${self:a}",)),
        ("$${self:a}", (one(lookup("self", "a")),)),
        ("a\\b $5 {x}", ("a\\b $5 {x}",)),
    ],
)
def test_parts(text: str, parts: tuple[str | Variable, ...] | None) -> None:
    if parts is None:
        params = (Template(("eu-west-1",)), Template(("raw",)))
        parts = (one(lookup("ssm", "/a/b", params=tuple(Literal(str(p.parts[0])) for p in params))),)
    found = at_zero(parse(text))
    expected = tuple(as_param(part) for part in parts)
    assert found == Template(expected)


def as_param(part: str | Variable) -> str | Variable:
    """A parameter without variables is a literal."""
    if isinstance(part, str):
        return part
    sources: list[Lookup | Literal] = []
    for source in part.sources:
        if isinstance(source, Lookup) and source.params is not None:
            params = tuple(
                Literal(p.parts[0]) if isinstance(p, Template) and isinstance(p.parts[0], str) else p
                for p in source.params
            )
            sources.append(source._replace(params=params))
        else:
            sources.append(source)
    return part._replace(sources=tuple(sources))


@pytest.mark.parametrize(
    ("text", "problem", "marked"),
    [
        ("${self:a", "closing `}`", "${self:a"),
        ("x ${env:A, 'b}", "closing `}`", "${env:A, 'b}"),
        ("${env:A, word}", "neither a source nor a number", "word"),
        ("${env:A, 1.2.3}", "neither a source nor a number", "1.2.3"),
        ("${env:A, }", "must follow the comma", "}"),
        ("${env:A, 'b', 'c'}", "only `}`", ","),
        ("${env:A, %}", "must follow the comma", "%"),
        ("${file(a}", "`)` is missing", "}"),
        ("${file('a' b)}", "must follow the parameter", "b"),
        ("${file(a)b}", "must follow `)`", "b"),
        ("${self:${AWS::Region}}", "a source name", "A"),
        ('${env:A, "\\x"}', "double quotes", '"\\x"'),
        ("${self:" * 30 + "a" + "}" * 30, "nested more than", "s"),
    ],
)
def test_what_begins_as_a_variable_and_is_none(text: str, problem: str, marked: str) -> None:
    with pytest.raises(VariableSyntaxError, match=problem.replace("(", r"\(").replace(")", r"\)")) as caught:
        parse(text)
    assert text[caught.value.start : caught.value.end] == marked


def test_offsets_are_those_of_the_text() -> None:
    text = "a\\${b} ${self:c} ${env:D, 'e'}"
    variables = [part for part in parse(text).parts if isinstance(part, Variable)]
    assert [text[v.start : v.end] for v in variables] == ["${self:c}", "${env:D, 'e'}"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("1.50", 1.5),
        ("-3", -3),
        ("1e3", 1000),
        (".5", 0.5),
        ("0o17", 15),
        ("0b11", 3),
        ("12a", None),
    ],
)
def test_numbers(text: str, value: float | None) -> None:
    assert number(text) == value


words = st.text("abcXYZ019._/-", min_size=1, max_size=8)
names = st.sampled_from(["self", "env", "opt", "file", "sls", "myPlugin2"])
literals: st.SearchStrategy[Json] = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.text(max_size=8)
)


def addresses(inner: st.SearchStrategy[Variable]) -> st.SearchStrategy[Template]:
    # Text beside text would be read as one part.
    return st.one_of(
        words.map(lambda w: Template((w,))),
        inner.map(lambda v: Template((v,))),
        st.tuples(words, inner).map(Template),
        st.tuples(words, inner, words).map(Template),
    )


def variables(inner: st.SearchStrategy[Variable]) -> st.SearchStrategy[Variable]:
    params = st.none() | st.lists(
        st.one_of(literals.map(Literal), inner.map(lambda v: Template((v,)))), max_size=2
    ).map(tuple)
    lookups = st.builds(Lookup, names, params, st.none() | addresses(inner))
    return st.builds(
        lambda first, more, last: Variable(0, 0, (first, *more, *last)),
        lookups,
        st.lists(lookups, max_size=2),
        st.lists(literals.map(Literal), max_size=1),
    )


leaf = words.map(lambda w: Variable(0, 0, (Lookup("self", None, Template((w,))),)))
templates = st.lists(
    st.one_of(st.text("ab {}:,'-", min_size=1), st.recursive(leaf, variables, max_leaves=6)), max_size=4
)


def written(part: str | Variable) -> str:
    if isinstance(part, str):
        return part
    return "${" + ", ".join(written_source(source) for source in part.sources) + "}"


def written_source(source: Lookup | Literal) -> str:
    if isinstance(source, Literal):
        return json.dumps(source.value)
    text = source.source
    if source.params is not None:
        params = [
            json.dumps(p.value) if isinstance(p, Literal) else "".join(map(written, p.parts))
            for p in source.params
        ]
        text += "(" + ", ".join(params) + ")"
        if source.address is None:
            return text
    return text + ":" + "".join(written(part) for part in (source.address.parts if source.address else ()))


@given(templates)
def test_what_is_written_is_read_back(parts: list[str | Variable]) -> None:
    merged: list[str | Variable] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    assert at_zero(parse("".join(written(part) for part in merged))) == Template(tuple(merged))


pieces = st.sampled_from(
    ["${", "}", "$", "\\", ",", ":", "(", ")", "'", '"', "self", "env:X", "a", " ", "\n", "é"]
)


@given(st.lists(pieces, max_size=14).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        template = parse(text)
    except VariableSyntaxError as error:
        assert 0 <= error.start < error.end <= len(text)
    else:
        for part in template.parts:
            assert isinstance(part, str) or text[part.start : part.end].endswith("}")
