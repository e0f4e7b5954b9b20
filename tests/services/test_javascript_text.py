"""Expectations are what Node.js prints for `String(value)`."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.scenarios.yaml_scalars import resolve_in_service
from lambda_scenarios.services.javascript_text import scalar_text, text_in_text

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-0.0, "0"),
        (1.10, "1.1"),
        (5.0, "5"),
        (-2.5, "-2.5"),
        (1000000.0, "1000000"),
        (12345678901, "12345678901"),
        (12345678901234567890, "12345678901234567000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (0.000001, "0.000001"),
        (0.0000001, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (0.1, "0.1"),
        (10**400, "Infinity"),
        ("text", "text"),
    ],
)
def test_scalars(value: bool | int | float | str, text: str) -> None:
    assert scalar_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, "two", None, [3, 4]], "1,two,,3,4"),
        ([], ""),
        ({"a": 1}, None),
        ([{"a": 1}], None),
        (None, None),
        (2.0, "2"),
    ],
)
def test_inside_of_a_text(value: Json, text: str | None) -> None:
    assert text_in_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_text_of_a_number_is_that_number(value: float) -> None:
    assert float(scalar_text(value)) == value


def test_against_node() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is needed: apt-get install nodejs")
    values = [m * 10.0**e for m in (1, 1.5, 9.007199254740993, 123456789.125) for e in range(-30, 31)]
    script = f"console.log({[repr(v) for v in values]}.map(v => String(Number(v))).join('\\n'))"
    printed = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True).stdout
    assert [scalar_text(v) for v in values] == printed.split()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2021-02-03", "2021-02-03T00:00:00.000Z"),
        ("2021-02-03T04:05:06Z", "2021-02-03T04:05:06.000Z"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-15T02:59:43.100Z"),
        ("2001-12-14 21:59:43.1234 +1", "2001-12-14T20:59:43.123Z"),
        ("2021-13-40", "2022-02-09T00:00:00.000Z"),
        ("2021-02-3 1:02:03", "2021-02-03T01:02:03.000Z"),
        ("2021-2-3", "2021-2-3"),
        ("0000-01-01", "0000-01-01"),
        ("0b101", "5"),
        ("-0b11", "-3"),
    ],
)
def test_dates_and_binary_numbers_are_those_of_js_yaml(written: str, text: str) -> None:
    assert text_in_text(resolve_in_service(written)) == text
