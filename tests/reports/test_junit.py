"""JUnit: valid where it can be, and every text survives an XML parser.

The schemas belong to others and aren't part of this project: they are looked for in the directory that
LAMBDA_SCENARIOS_XSD_DIR names, and beside the checkout.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]  # lxml has no types of its own
from tests.reports import samples

from lambda_scenarios.model.record import AttemptRecord, ErrorRecord, Record
from lambda_scenarios.reports import junit, record_json
from lambda_scenarios.reports.text import strip_ansi

ROOT = Path(__file__).parents[2]
XSD_DIR = Path(os.environ.get("LAMBDA_SCENARIOS_XSD_DIR") or ROOT.parent / "shared" / "xsd")
JENKINS = "jenkins-xunit-junit-10.xsd"
ANT = "windyroad-JUnit.xsd"


def schema(name: str) -> Any:
    path = XSD_DIR / name
    if not path.exists():
        pytest.skip(f"{name} is not in {XSD_DIR}; LAMBDA_SCENARIOS_XSD_DIR may say where it is")
    return etree.XMLSchema(etree.parse(str(path)))


def xml(records: tuple[Record, ...], flavor: junit.Flavor = "default") -> str:
    return "".join(junit.render(samples.INFO, lambda: map(record_json.encode, records), samples.END, flavor))


def parsed(records: tuple[Record, ...], flavor: junit.Flavor = "default") -> Any:
    return etree.fromstring(xml(records, flavor).encode())


def case(name: str, flavor: junit.Flavor = "default") -> Any:
    (found,) = [c for c in parsed(samples.ALL, flavor).iter("testcase") if c.get("name") == name]
    return found


def one(parent: Any, path: str) -> Any:
    found = parent.findall(path)
    assert len(found) == 1
    return found[0]


records_in_files = st.lists(samples.records, max_size=4).map(
    lambda found: tuple(sorted(found, key=lambda record: record.file))
)


@pytest.mark.parametrize("name", [JENKINS, ANT])
def test_strict_is_valid_under_both_schemas(name: str) -> None:
    schema(name).assertValid(parsed(samples.ALL, "strict"))
    schema(name).assertValid(parsed((), "strict"))


@pytest.mark.parametrize("name", [JENKINS, ANT])
def test_strict_is_valid_whatever_the_records_hold(name: str) -> None:
    validator = schema(name)

    @given(records_in_files)
    def valid(records: tuple[Record, ...]) -> None:
        validator.assertValid(parsed(records, "strict"))

    valid()


def test_default_is_valid_for_jenkins_but_for_what_others_need() -> None:
    validator = schema(JENKINS)

    @given(records_in_files)
    def valid(records: tuple[Record, ...]) -> None:
        root = parsed((*samples.ALL, *records))
        for found in root.iter("testcase"):
            del found.attrib["file"], found.attrib["line"]
            found.remove(one(found, "properties"))
        validator.assertValid(root)

    valid()


def test_suites_have_the_totals_of_their_files() -> None:
    other = samples.record("sends", file="scenarios/notify.yml", duration_ms=1500.0)
    first, second = parsed((*samples.ALL, other)).findall("testsuite")
    totals = ("name", "file", "id", "tests", "failures", "errors", "skipped", "time", "timestamp")
    assert [first.get(key) for key in totals] == [
        samples.FILE, samples.FILE, "0", "8", "2", "1", "2", "1.016", "2026-03-01T10:00:01"
    ]  # fmt: skip
    assert [second.get(key) for key in totals] == [
        "scenarios/notify.yml", "scenarios/notify.yml", "1",
        "1", "0", "0", "0", "1.500", "2026-03-01T10:00:01"
    ]  # fmt: skip
    properties = {p.get("name"): p.get("value") for p in first.findall("properties/property")}
    assert properties["seed"] == "4711"
    assert properties["label.python"] == "3.11"
    assert properties["command"] == "lambda-scenarios run scenarios/"


def test_a_case() -> None:
    found = case("gives up after its timeout")
    assert dict(found.attrib) == {
        "name": "gives up after its timeout", "classname": samples.FILE, "time": "1.002",
        "file": samples.FILE, "line": "12",
    }  # fmt: skip
    properties = [(p.get("name"), p.get("value")) for p in found.findall("properties/property")]
    assert properties == [
        ("function", "createOrder"),
        ("tag", "orders"),
        ("runtime", "python3.11"),
        ("request_id", "6f1c8a3e-24a8-4f5c-9f0e-8d9a1c7b2e10"),
        ("worker", "1, invocation 17"),
        ("init_ms", "31.500"),
        ("memory_mb", "45"),
    ]
    assert one(found, "system-out").text == "order o-17 stored\n"
    assert not found.findall("failure")


def test_a_failure_says_what_was_expected_where() -> None:
    found = one(case("keeps the customer's currency"), "failure")
    assert found.get("message") == 'output.body.total.currency: expected "USD", found "EUR"'
    assert found.get("type") == "ExpectationFailed"
    text = found.text or ""
    for part in (
        f"expect.output.body.total.currency  {samples.FILE}:31:24\n",
        '\n  -     "currency": "USD"\n  +     "currency": "EUR"\n',
        "2 other expectations hold: expect.http.status, expect.http.body.total.amount",
        "again: lambda-scenarios run 'scenarios/orders/create.yml::keeps the customer'\\''s currency'",
    ):
        assert part in text


@pytest.mark.parametrize("flavor", ["default", "strict"])
def test_a_logged_traceback_has_lines(flavor: junit.Flavor) -> None:
    # As awslambdaric writes it: readers show `&#13;` as nothing.
    logged = "[ERROR] KeyError: 'x'\rTraceback (most recent call last):\r\xa0\xa0File \"a.py\", line 1\r\n"
    raised = ErrorRecord("KeyError", "first\r\nsecond", ())
    invocation = samples.invocation(ending="function error", error=raised, logs=logged)
    record = samples.RAISED._replace(attempts=(AttemptRecord("failed", (invocation,)),))
    written = xml((record,), flavor)
    assert "[ERROR] KeyError: 'x'\nTraceback (most recent call last):\n  File \"a.py\", line 1\n" in written
    assert "KeyError: first\nsecond" in written
    assert "&#13;" not in "".join(re.findall(">[^<]*<", written))


def test_an_error_of_the_function_has_its_stack() -> None:
    found = one(case("reads the body"), "failure")
    assert (found.get("type"), found.get("message")) == (
        "JSONDecodeError",
        "JSONDecodeError: Expecting value: line 1",
    )
    assert 'File "src/orders.py", line 2, in create' in (found.text or "")


def test_statuses() -> None:
    assert (
        one(case("runs on Ruby"), "error").get("message")
        == "scenario needs Ruby 3.3, which isn't on this machine"
    )
    assert one(case("sends an e-mail"), "skipped").get("message") == "needs SES"
    assert one(case("comes too late"), "skipped").get("message") == "not run: --max-time"
    flaky = case("pays at the second attempt")
    assert [child.tag for child in flaky] == ["properties", "flakyFailure", "system-out"]
    assert "expected" in (one(flaky, "flakyFailure/stackTrace").text or "")
    assert one(flaky, "flakyFailure/system-out").text == samples.FAILED.attempts[0].invocations[0].logs
    assert not list(case("pays at the second attempt", "strict"))


def test_each_attempt_after_the_first_is_a_rerun() -> None:
    thrice = samples.FAILED._replace(attempts=(*samples.FAILED.attempts * 2, AttemptRecord("error", ())))
    (found,) = parsed((thrice,)).iter("testcase")
    assert [child.tag for child in found] == ["properties", "failure", "rerunFailure", "rerunError"]


def test_strict_has_the_logs_of_what_failed_in_the_suite() -> None:
    suite = one(parsed(samples.ALL, "strict"), "testsuite")
    text = one(suite, "system-out").text or ""
    assert "keeps the customer's currency:\ncurrency of c-42 not found" in text
    assert "creates an order" not in text


def test_names_are_unique_and_never_empty() -> None:
    names = ["", "\0", "a", "a\x1b", "a (2)", " "]
    records = tuple(samples.record(name) for name in names)
    found = [c.get("name") for c in parsed(records).iter("testcase")]
    assert found == ["(no name)", "(no name) (2)", "a", "a (2)", "a (2) (2)", "(no name) (3)"]


def test_long_logs_are_cut_at_the_beginning() -> None:
    logs = "".join(f"line {n}\n" for n in range(50_000))
    invocations = (samples.invocation(logs=logs),)
    for status, limit in (("passed", 10_000), ("failed", 70_000)):
        record = samples.record(status=status, attempts=(AttemptRecord(status, invocations),))  # type: ignore[arg-type]  # literals
        (found,) = parsed((record,)).iter("testcase")
        text = one(found, "system-out").text or ""
        assert text.endswith("line 49999\n") and len(text) < limit
        assert "characters more" in text.splitlines()[0]


def test_a_huge_error_is_cut() -> None:
    raised = ErrorRecord("E", "x" * 1_000_000, ("y" * 1_000_000,))
    invocation = samples.invocation(ending="function error", error=raised, logs="")
    record = samples.RAISED._replace(attempts=(AttemptRecord("failed", (invocation,)),))
    found = one(parsed((record,)), "testsuite/testcase/failure")
    assert found.get("message") == "E: " + "x" * 3_997 + "\n(996003 characters more in the other reports)"
    text = found.text or ""
    assert len(text) < 65_000
    assert " characters more in the other reports)\n\nagain: lambda-scenarios run " in text


def allowed(text: str) -> str:
    """What XML 1.0 can hold, by its production for characters."""

    def ok(code: int) -> bool:
        return code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code >= 0x10000

    return "".join(character for character in strip_ansi(text) if ok(ord(character)))


def in_lines(text: str) -> str:
    """What a text becomes between tags: with one kind of line ends and of spaces."""
    return allowed(re.sub("\r\n?", "\n", text).replace("\xa0", " "))


def no_surrogate_pairs(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "", text)


any_text = (samples.texts | st.text()).map(no_surrogate_pairs)


@given(any_text, any_text, any_text, any_text)
def test_any_text_survives(name: str, logs: str, reason: str, message: str) -> None:
    record = samples.record(
        name,
        file=f"f{name}",
        status="failed",
        description=reason,
        attempts=(
            AttemptRecord(
                "failed",
                (
                    samples.invocation(
                        logs=logs, mismatches=(samples.mismatch(message=message, location=""),)
                    ),
                ),
            ),
        ),
    )
    (found,) = parsed((record,)).iter("testcase")
    assert found.get("name") == (allowed(name).strip() or "(no name)")
    assert found.get("classname") == allowed(f"f{name}").strip()
    assert (found.findtext("system-out") or "") == in_lines(logs)
    assert one(found, "failure").get("message") == allowed(message)
    assert in_lines(message) in (one(found, "failure").text or "")
    described = [
        p.get("value") for p in found.findall("properties/property") if p.get("name") == "description"
    ]
    assert described == ([allowed(reason)] if reason else [])


@given(records_in_files, st.sampled_from(["default", "strict"]))
def test_any_record_is_well_formed(records: tuple[Record, ...], flavor: junit.Flavor) -> None:
    root = parsed(records, flavor)
    assert len(list(root.iter("testcase"))) == len(records)
    for suite in root.iter("testsuite"):
        names = [c.get("name") for c in suite.iter("testcase")]
        assert len(set(names)) == len(names) == int(suite.get("tests") or 0)


def test_an_end_of_cdata_is_harmless() -> None:
    record = samples.FAILED._replace(
        attempts=(AttemptRecord("failed", (samples.invocation(logs="]]> <b> &amp;"),)),)
    )
    (found,) = parsed((record,)).iter("testcase")
    assert one(found, "system-out").text == "]]> <b> &amp;"
    assert "]]>" not in xml((record,))
