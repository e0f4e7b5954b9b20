"""Expectations are what dotenv 16.6 and dotenv-expand 10 of Node.js give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.services.dotenv import expand, parse


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1\nB = two words  \n", {"A": "1", "B": "two words"}),
        ("# comment\n\nA=1 # comment", {"A": "1"}),
        ("export A=1", {"A": "1"}),
        ("A: 1", {"A": "1"}),
        ("A='x # y' # z", {"A": "x # y"}),
        ('A="x\\ny"', {"A": "x\ny"}),
        ("A='x\\ny'", {"A": "x\\ny"}),
        ('A="one\ntwo"\nB=3', {"A": "one\ntwo", "B": "3"}),
        ("A=`it's`", {"A": "it's"}),
        ("A=\nB=", {"A": "", "B": ""}),
        ("A=1\r\nB=2\rC=3", {"A": "1", "B": "2", "C": "3"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A.b-c=1", {"A.b-c": "1"}),
        ("not a line\nA=1", {"A": "1"}),
        ("A='open\nB=2", {"A": "'open", "B": "2"}),
        ("A=x'y'", {"A": "x'y'"}),
    ],
)
def test_parse(text: str, values: dict[str, str]) -> None:
    assert parse(text) == values


@pytest.mark.parametrize(
    ("value", "expanded"),
    [
        ("${HOST}", "h"),
        ("$HOST/x", "h/x"),
        ("a${HOST}b${PORT}", "ahb80"),
        ("${NONE}", ""),
        ("${NONE:-d}", "d"),
        ("${NONE:-$HOST}", "h"),
        ("${HOST:-d}", "h"),
        ("\\$HOST", "$HOST"),
        ("5$", "5$"),
        ("$SELF", ""),
    ],
)
def test_expand(value: str, expanded: str) -> None:
    values = {"HOST": "h", "VALUE": value}
    assert expand(values, {"PORT": "80"})["VALUE"] == expanded


def test_the_environment_wins_and_is_left_as_it_is() -> None:
    assert expand({"A": "file", "B": "$A"}, {"A": "pa$$word"})["A"] == "pa$$word"
    assert expand({"A": "file", "B": "$A"}, {"A": "shell"})["B"] == "shell"


def test_a_reference_to_itself_ends() -> None:
    assert set(expand({"A": "$A", "B": "$C", "C": "$B"}, {})) == {"A", "B", "C"}


@given(st.text("AB=$ {}:-'\"`#\\\n", max_size=30))
def test_any_text_is_read(text: str) -> None:
    values = parse(text)
    assert set(expand(values, {"A": "1"})) == set(values)


@given(st.dictionaries(st.text("ABC_", min_size=1, max_size=4), st.text("xyz 019/=@", max_size=10)))
def test_quoted_values_come_back(values: dict[str, str]) -> None:
    text = "".join(f"{name}='{value}'\n" for name, value in values.items())
    assert parse(text) == values
