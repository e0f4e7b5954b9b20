# ruff: noqa: E501  # tables are read row by row
from __future__ import annotations

import datetime
import ipaddress
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_scenarios.checks.text_formats import FORMATS, SCHEMA_FORMATS

VALID = {
    "uuid": ["6F1C8A3E-0000-0000-0000-00000000000a"],
    "date-time": ["2024-02-29T23:59:59Z", "2024-01-01t00:00:00.123456+05:30", "1990-12-31T15:59:60-08:00"],
    "date": ["2000-02-29", "0001-01-01"],
    "time": ["23:59:60Z", "10:00:00.5+00:00"],
    "email": ["ada@example.test", "a.b+c@localhost", '"a b"@example.test', "a@[127.0.0.1]", "a@[IPv6:::1]"],
    "uri": [
        "https://example.test/a?b=c#d",
        "urn:isbn:1",
        "http://[::1]:80/",
        "mailto:a@b",
        "https://h:1/%C3%A9",
    ],
    "ipv4": ["0.0.0.0", "255.255.255.255"],
    "ipv6": ["::", "2001:db8::1", "::ffff:1.2.3.4"],
    "hostname": ["localhost", "a-b.example.test", "3com.test", "x" * 63],
    "uri-reference": ["", "/a", "#x", "?q", "https://h"],
    "duration": ["P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "P3W"],
}
INVALID = {
    "uuid": ["6f1c8a3e00000000000000000000000a", "{6f1c8a3e-0000-0000-0000-00000000000a}", ""],
    "date-time": ["2024-02-30T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01 00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T12:00:60Z", "２024-01-01T00:00:00Z"],
    "date": ["1900-02-29", "2024-13-01", "2024-1-1", "2024-01-00", "2024-01-01\n"],
    "time": ["10:00:00", "10:00Z", "10:00:00+24:00", "22:59:60Z"],
    "email": ["ada", "@example.test", "a@", "a..b@example.test", "a b@example.test", "a@-x.test", "a@b@c d"],
    "uri": ["/relative", "https://exa mple", "https://h/%zz", "https://é", "1a:b", "a:", "http://[::1", "http://h:x/", "a:b#c#d"],
    "ipv4": ["01.2.3.4", "256.1.1.1", "1.2.3", "1.2.3.4.5", "１.2.3.4"],
    "ipv6": ["fe80::1%eth0", ":::", "1::2::3", "12345::"],
    "hostname": ["", "-a", "a-", "a..b", "a_b", "x" * 64, "a."],
    "uri-reference": ["\\", "%", "a b"],
    "duration": ["P", "PT", "1D", "P1H", "P1DT", "P1.5D"],
}  # fmt: skip


@pytest.mark.parametrize("name", list(SCHEMA_FORMATS))
def test_format(name: str) -> None:
    assert [text for text in VALID[name] if not SCHEMA_FORMATS[name](text)] == []
    assert [text for text in INVALID[name] if SCHEMA_FORMATS[name](text)] == []


@given(st.uuids(), st.datetimes(timezones=st.timezones()), st.ip_addresses(v=4), st.ip_addresses(v=6))
@settings(max_examples=60, deadline=None)
def test_what_the_standard_library_writes_is_valid(
    identifier: uuid.UUID,
    time: datetime.datetime,
    four: ipaddress.IPv4Address,
    six: ipaddress.IPv6Address,
) -> None:
    assert FORMATS["uuid"](str(identifier))
    assert FORMATS["ipv4"](str(four))
    assert FORMATS["ipv6"](str(six))
    utc = time.replace(tzinfo=datetime.timezone.utc)
    assert FORMATS["date-time"](utc.isoformat())
    assert FORMATS["date"](utc.date().isoformat())


@given(st.text(alphabet="0123456789-", min_size=8, max_size=10))
@settings(max_examples=200, deadline=None)
def test_dates_agree_with_the_standard_library(text: str) -> None:
    try:
        expected = datetime.datetime.strptime(text, "%Y-%m-%d").date().isoformat() == text
    except ValueError:
        expected = False
    assert FORMATS["date"](text) == expected
