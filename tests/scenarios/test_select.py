"""Selection by name, expression, tag and function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.errors import NothingSelected, UsageError
from lambda_scenarios.scenarios.select import Selection, parse_expression, select_cases

if TYPE_CHECKING:
    from tests.scenarios.project import Project

SCENARIOS = """\
scenarios:
  - {name: creates an order, function: greet, tags: [fast, orders]}
  - {name: "the customer's order", function: greet, tags: [slow]}
  - {name: pays, function: greet, matrix: {amount: [0, 1]}}
"""


@pytest.fixture
def orders(project: Project) -> Project:
    project.scenarios(
        SCENARIOS, "s/Orders.yml", "functions: {greet: {handler: greet.handler, runtime: python3.11}}\n"
    )
    return project


def names(project: Project, selection: Selection, wanted: tuple[str, ...] = ()) -> list[str]:
    expanded = project.expanded({"s/Orders.yml": wanted})
    return [case.name for case in select_cases(expanded, selection)]


ALL = ["creates an order", "the customer's order", "pays [amount=0]", "pays [amount=1]"]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), ALL),
        (Selection(keyword="ORDERS.yml"), ALL),
        (Selection(keyword="creates an order"), ALL[:1]),
        (Selection(keyword="customer's"), ALL[1:2]),
        (Selection(keyword="not order::x and not (pays or creates)"), ALL[1:2]),
        (Selection(keyword="'amount=1'"), ALL[3:]),
        (Selection(keyword='"and" or pays'), ALL[2:]),
        (Selection(keyword="[amount=1]"), ALL[3:]),
        (Selection(tag="fast or slow"), ALL[:2]),
        (Selection(tag="not fast"), ALL[1:]),
        (Selection(tag="slow", keyword="customer"), ALL[1:2]),
        (Selection(functions=("greet", "greet")), ALL),
    ],
)
def test_what_is_selected(selection: Selection, expected: list[str], orders: Project) -> None:
    assert names(orders, selection) == expected


def test_names_select_a_scenario_or_all_that_a_matrix_made_of_it(orders: Project) -> None:
    assert names(orders, Selection(), ("pays",)) == ALL[2:]
    assert names(orders, Selection(), ("pays [amount=1]", "creates an order")) == [ALL[0], ALL[3]]


@pytest.mark.parametrize(
    ("selection", "wanted", "told"),
    [
        (Selection(), ("creates an ordr",), "did you mean `creates an order`?"),
        (Selection(keyword="nothing"), (), "-k 'nothing' selects none of 4 scenarios"),
        (Selection(tag="fats"), (), "did you mean `fast`?"),
        (Selection(tag="fas"), (), "did you mean `fast`?"),
        (Selection(functions=("gret",)), (), "did you mean `greet`?"),
        (Selection(functions=("greet", "other")), (), "no scenario calls the function `other`"),
    ],
)
def test_what_selects_nothing_is_told(
    selection: Selection, wanted: tuple[str, ...], told: str, orders: Project
) -> None:
    with pytest.raises(NothingSelected, match=re.escape(told)):
        names(orders, selection, wanted)


@pytest.mark.parametrize(
    ("expression", "position", "told"),
    [
        ("", 0, "it ends: a text, `not` or `(` must stand here"),
        ("a and", 5, "it ends: a text, `not` or `(` must stand here"),
        ("a (b)", 2, "`(`: `and` or `or` must stand here"),
        ("(a or b", 7, "`)` is missing here"),
        ("a)", 1, "`)`: `and` or `or` must stand here"),
        ("or a", 0, "`or`: a text, `not` or `(` must stand here"),
        ("a or 'b", 5, "this quotation mark isn't closed"),
        ("a or ''", 6, "this text is empty"),
        ("(" * 60 + "a", 50, "more than 50 brackets inside one another"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_position(expression: str, position: int, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_expression(expression, "-k")
    assert raised.value.diagnostics[0].notes == (expression, " " * position + "^ " + told)


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "c"]),
    lambda inner: (
        st.builds("not {}".format, inner)
        | st.builds("({})".format, inner)
        | st.builds("{} and {}".format, inner, inner)
        | st.builds("{} or  {}".format, inner, inner)
    ),
    max_leaves=12,
)


@given(EXPRESSIONS, st.sets(st.sampled_from(["a", "b", "c"])))
def test_expressions_mean_what_python_means(expression: str, true: set[str]) -> None:
    values = {name: name in true for name in "abc"}
    expected = eval(expression, {}, values)
    assert parse_expression(expression, "-k")(true.__contains__) is expected


@given(st.text(st.sampled_from(list("ab ()'\"\n\t")) | st.characters(), max_size=20) | EXPRESSIONS)
def test_any_text_is_an_expression_or_a_usage_error(text: str) -> None:
    try:
        predicate = parse_expression(text, "--tag")
    except UsageError:
        return
    assert predicate(lambda _: True) in (True, False)


def test_nesting_costs_no_recursion() -> None:
    assert parse_expression("not " * 10_001 + "a", "-k")({"a"}.__contains__) is False
    assert parse_expression(" or ".join(["a"] * 10_000), "-k")(set[str]().__contains__) is False
