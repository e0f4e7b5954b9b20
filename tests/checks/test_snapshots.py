"""Snapshots as they are stored: what goes in comes out, whatever it is, and reads well."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambda_scenarios.checks import snapshots
from lambda_scenarios.checks.equality import json_equal
from lambda_scenarios.model.locations import get_at, parse_location

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

_keys = st.text(max_size=4) | st.sampled_from(["$lines", "$json", "$spaced_json", "$literal"])
_scalars: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["a\nb", "\n", "a\r\nb\n", "{}", '{"$json":1}', "[1,2]", '{"a": 1}'])
)
_plain = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=12,
)
# Results that hold JSON as text, as the body of a response does.
_values = _plain | st.recursive(
    _plain.map(json.dumps) | _plain.map(lambda v: json.dumps(v, separators=(",", ":"), ensure_ascii=False)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner, max_size=2),
    max_leaves=4,
)


def same(left: Json, right: Json) -> bool:
    """Equal, the types of numbers and the texts of strings included."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(st.dictionaries(st.text(min_size=1), _values, max_size=4))
@settings(deadline=None)
@example({"a": {"$json": {"a": 1}}, "b": {"$literal": {"$literal": 1}}, "c": '{"b":1,"a":2}', "d": "\ud800"})
def test_what_is_stored_comes_back(entries: dict[str, Json]) -> None:
    before = copy.deepcopy(entries)
    text = snapshots.file_text({key: snapshots.stored_form(value) for key, value in entries.items()})
    assert entries == before
    read = snapshots.parse(text.encode().decode())
    assert isinstance(read, dict)
    assert list(read) == sorted(entries)
    assert all(same(snapshots.value_of(read[key]), entries[key]) for key in entries)
    # Written again, as after a change of another entry, not a byte is different.
    assert snapshots.file_text(read) == text
    assert (
        snapshots.file_text({key: snapshots.stored_form(snapshots.value_of(read[key])) for key in read})
        == text
    )


@given(_plain)
@settings(deadline=None)
def test_the_order_of_keys_leaves_no_trace(value: Json) -> None:
    def reversed_keys(value: Json) -> Json:
        if isinstance(value, dict):
            return {key: reversed_keys(value[key]) for key in reversed(value)}
        return [reversed_keys(item) for item in value] if isinstance(value, list) else value

    form = snapshots.stored_form
    assert snapshots.file_text({"a": form(value)}) == snapshots.file_text({"a": form(reversed_keys(value))})


@pytest.mark.parametrize(
    "number", ["1.0", "1", "1e3", "1E+2", "0.10", "12345678901234567890123", "1.7976931348623157e309", "-0.0"]
)
def test_numbers_stay_as_the_function_wrote_them(number: str) -> None:
    value = snapshots.parse_result(f'{{"a": {number}}}')
    text = snapshots.file_text({"n": snapshots.stored_form(value)})
    assert f'"a": {number}\n' in text
    assert snapshots.file_text(snapshots.parse(text)) == text  # type: ignore[arg-type]  # it is an object


def test_it_reads_well() -> None:
    value: Json = {
        "text": "Grüße,\n\n  Ihr Laden\n",
        "body": '{"total":12.5,"id":"ä"}',
        "python": '{"b": [], "a": "\\u00e4"}',
        "other": '{ "a":1}',
        "empty": {},
    }
    assert snapshots.file_text({"z": True, "a": snapshots.stored_form(value)}) == (
        "{\n"
        '  "a": {\n'
        '    "body": {\n'
        '      "$json": {\n'
        '        "total": 12.5,\n'
        '        "id": "ä"\n'
        "      }\n"
        "    },\n"
        '    "empty": {},\n'
        '    "other": "{ \\"a\\":1}",\n'
        '    "python": {\n'
        '      "$spaced_json": {\n'
        '        "b": [],\n'
        '        "a": "ä"\n'
        "      }\n"
        "    },\n"
        '    "text": {\n'
        '      "$lines": [\n'
        '        "Grüße,",\n'
        '        "",\n'
        '        "  Ihr Laden",\n'
        '        ""\n'
        "      ]\n"
        "    }\n"
        "  },\n"
        '  "z": true\n'
        "}\n"
    )


def test_depth_is_counted_to_its_end() -> None:
    def nested(levels: int) -> Json:
        value: Json = 1
        for _ in range(levels):
            value = [value]
        return value

    assert [snapshots.depth(nested(n)) for n in (0, 1, 2, snapshots.DEEPEST)] == [0, 1, 2, snapshots.DEEPEST]
    assert snapshots.depth([]) == 1
    assert snapshots.depth(nested(5000)) == snapshots.DEEPEST + 1


_ignored = st.sampled_from(
    ["a", "b", "a.b", "a[0]", "a[*]", "a[*].b", "[0]", "[*].a", 'a["b"][1]', "b.a[*].a"]
)
_small = st.recursive(
    st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(_small, _small, st.lists(_ignored, max_size=3))
@settings(deadline=None)
def test_what_is_ignored_makes_no_difference(value: Json, other: Json, ignore: list[str]) -> None:
    from lambda_scenarios.model.locations import set_at

    before = copy.deepcopy(value)
    kept = snapshots.ignoring(value, ignore)
    assert value == before
    assert json_equal(snapshots.ignoring(kept, ignore), kept)
    for text in ignore:
        found = get_at(value, parse_location(text))
        assert all(inner == snapshots.IGNORED for _, inner in get_at(kept, parse_location(text)))
        if found:  # whatever stands there instead
            changed = value
            for path, _ in found:
                changed = set_at(changed, path, other)
            assert json_equal(snapshots.ignoring(changed, [text]), snapshots.ignoring(value, [text]))
    if not any(get_at(value, parse_location(text)) for text in ignore):
        assert kept == value
