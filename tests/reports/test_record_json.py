"""Records survive their JSON form, which is one line of valid UTF-8 whatever they hold."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports import samples

from lambda_scenarios.model.record import (
    AttemptRecord,
    EnvironmentRecord,
    InvocationRecord,
    Planned,
    Record,
    RunEnd,
    RunInfo,
)
from lambda_scenarios.reports import record_json, record_reading


def joined_surrogates(text: str) -> str:
    """JSON has no way to tell a pair of lone surrogates from the character that they encode."""
    return re.sub(
        "[\ud800-\udbff][\udc00-\udfff]",
        lambda m: m[0].encode("utf-16", "surrogatepass").decode("utf-16"),
        text,
    )


def settled(value: object) -> object:
    """What a record becomes: surrogates joined, line ends of JSON texts gone."""
    if isinstance(value, str):
        return joined_surrogates(value)
    if isinstance(value, tuple):
        return tuple(settled(item) for item in value)
    return value


def payloads(record: Record) -> list[tuple[str, str | None, str | None]]:
    return [(i.event, i.context, i.output) for a in record.attempts for i in a.invocations]


def without_payloads(record: Record) -> object:
    attempts = tuple(
        a._replace(
            invocations=tuple(i._replace(event="null", context=None, output=None) for i in a.invocations)
        )
        for a in record.attempts
    )
    return settled(record._replace(attempts=attempts))


@given(samples.records)
def test_record_round_trip(record: Record) -> None:
    text = record_json.encode(record)
    assert "\n" not in text and "\r" not in text
    text = text.encode().decode()
    json.loads(text)
    again = record_reading.decode(text)
    assert record_reading.id_of(text) == again.id
    assert without_payloads(again) == without_payloads(record)
    for before, after in zip(payloads(record), payloads(again), strict=True):
        for was, found in zip(before, after, strict=True):
            assert (was is None) == (found is None)
            if was is not None and found is not None:
                expected = was.replace("\n", " ").replace("\r", " ")
                # A lone surrogate comes back as its escape.
                assert found == expected or json.loads(found) == json.loads(joined_surrogates(was))


@given(samples.records)
def test_decoding_without_payloads_loses_nothing_else(record: Record) -> None:
    text = record_json.encode(record)
    assert record_reading.decode(text, payloads=False) == without_payloads(record)


@given(
    st.builds(
        lambda base, **changes: base._replace(**changes),
        samples.invocations, ending=st.just("returned"), error=st.none(),
        held=st.just(()), mismatches=st.just(()),
    ),
    samples.texts,
)  # fmt: skip
def test_passed_ones_are_decoded_alike_on_the_quick_way(invocation: InvocationRecord, name: str) -> None:
    record = samples.record(name, attempts=(AttemptRecord("passed", (invocation,)),))
    text = record_json.encode(record)
    assert record_reading.decode(text, payloads=False) == without_payloads(record)


def test_a_number_keeps_its_digits_and_null_is_not_nothing() -> None:
    found = record_reading.decode(
        record_json.encode(
            samples.record(
                attempts=(
                    AttemptRecord(
                        "passed", (samples.invocation(event='{"n": 1.10, "m": 1e400}', output="null"),)
                    ),
                    AttemptRecord("failed", (samples.invocation(output=None, context="null"),)),
                )
            )
        )
    )
    first, second = found.attempts[0].invocations[0], found.attempts[1].invocations[0]
    assert (first.event, first.context, first.output) == ('{"n": 1.10, "m": 1e400}', None, "null")
    assert (second.context, second.output) == ("null", None)


@given(samples.environments, samples.plans, samples.runs, samples.ends)
def test_the_others_round_trip(
    environment: EnvironmentRecord, planned: Planned, info: RunInfo, end: RunEnd
) -> None:
    assert record_reading.decode_environment(record_json.encode_environment(environment)) == settled(
        environment
    )
    assert record_reading.decode_planned(record_json.encode_planned(planned)) == settled(planned)
    assert record_reading.decode_run(record_json.encode_run(info)) == settled(info)
    assert record_reading.decode_end(record_json.encode_end(end)) == settled(end)


@given(samples.json_values | st.text(), st.sampled_from(["utf-8", "latin-1", "utf-16"]), st.booleans())
def test_any_payload_becomes_one_line_of_json(value: object, encoding: str, pretty: bool) -> None:
    payload = (json.dumps(value, indent=2 if pretty else None)).encode(encoding)
    text = record_json.json_text(payload)
    assert "\n" not in text
    found = json.loads(text)
    if encoding == "utf-8":
        assert found == json.loads(payload)


@given(st.binary(max_size=50))
def test_any_bytes_become_one_line_of_json(payload: bytes) -> None:
    text = record_json.json_text(payload)
    assert "\n" not in text
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize("payload", ["NaN", '{"a": Infinity}', "{", "", "[" * 100_000, "[" * 300 + "]" * 300])
def test_what_other_readers_refuse_is_kept_as_text(payload: str) -> None:
    assert json.loads(record_json.json_text(payload)) == payload


def test_brackets_in_strings_are_no_depth() -> None:
    payload = json.dumps({"a": "[" * 500 + '"'})
    assert record_json.json_text(payload) == payload


@given(samples.records, st.data())
def test_a_torn_record_is_a_value_error(record: Record, data: st.DataObject) -> None:
    text = record_json.encode(record)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    for with_payloads in (True, False):
        with pytest.raises(ValueError):
            record_reading.decode(cut, with_payloads)


@given(st.text() | samples.json_texts)
def test_anything_else_is_a_value_error(text: str) -> None:
    for decode in (
        record_reading.decode,
        record_reading.decode_environment,
        record_reading.decode_planned,
        record_reading.decode_run,
        record_reading.decode_end,
    ):
        with pytest.raises(ValueError):
            decode(text)
