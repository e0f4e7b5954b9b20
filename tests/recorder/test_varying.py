"""What of a result is taken for the run's own."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lambda_scenarios.recorder.varying import Known, expected, has_varying

ID = "6f1c8a3e-0b1d-4c5e-8f00-0123456789ab"
OTHER = "00000000-1111-4222-8333-444444444444"
NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z
KNOWN = Known((f'{{"given": "{OTHER}", "at": "2023-11-13T00:00:00Z"}}',), NOW, ID)


@pytest.mark.parametrize(
    ("value", "matcher"),
    [
        (ID, {"$format": "uuid"}),
        ("0f1c8a3e-0b1d-4c5e-8f00-0123456789ab", {"$format": "uuid"}),
        ("2023-11-14T22:13:21.5Z", {"$format": "date-time"}),
        (1_700_000_000, {"$type": "number"}),
        (1_700_000_000_123, {"$type": "number"}),
        (1_700_000_000.25, {"$type": "number"}),
    ],
)
def test_ids_and_times_of_the_run_are_matchers(value: Any, matcher: Any) -> None:
    assert expected(value, KNOWN) == matcher
    assert has_varying(expected({"a": [value]}, KNOWN))


@pytest.mark.parametrize(
    "text",
    [
        f"order {ID} (new)",
        f"o-{ID[:8]}",
        ID.replace("-", ""),
        "Tue, 14 Nov 2023 22:13:20 GMT",
        "2023-11-14 22:13:20",
        "on 2023-11-14.",
        "2023/11/14/[$LATEST]0123456789abcdef0123456789abcdef",
        "t=1700000000123;",
        "Root=1-6553f1c0-0123456789abcdef01234567",
    ],
)
def test_parts_of_texts_are_patterns(text: str) -> None:
    found = expected(text, KNOWN)
    assert isinstance(found, dict) and found.keys() == {"$regex"}
    assert re.search(str(found["$regex"]), text)
    assert not re.search(str(found["$regex"]), f"{text}!")


@pytest.mark.parametrize(
    "value",
    [
        OTHER,
        "2023-11-13T00:00:00Z",
        "1999-12-31T23:59:59Z",
        "1999-12-31",
        "9999-99-99",
        f"x{ID[:8]}f",
        1_500_000_000,
        "call 1234567890",
        1700,
        True,
        None,
        "text",
        "",
    ],
)
def test_everything_else_is_expected_as_it_is(value: Any) -> None:
    assert expected(value, KNOWN) == value
    assert expected({"a": [value]}, KNOWN) == {"a": [value]}


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("{{ x }}", {"$literal": "{{ x }}"}),
        ({"$gt": 1}, {"$literal": {"$gt": 1}}),
        ({"a": {"$x": 1, "b": 2}}, {"a": {"$literal": {"$x": 1, "b": 2}}}),
    ],
)
def test_what_looks_like_templates_and_matchers_is_literal(value: Any, literal: Any) -> None:
    assert expected(value, KNOWN) == literal
