"""TAP 14, as others read it: node-tap's parser, and Perl's, which knows a part of YAML."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports import samples
from tests.services import npm_packages

from lambda_scenarios.model.record import Record, RunEnd, RunInfo
from lambda_scenarios.reports import record_json, tap
from lambda_scenarios.reports.text import printable, strip_ansi

# Reads documents as JSON strings, one a line, and answers each with what was found in it.
READER = """
const { Parser } = require("tap-parser");
require("readline").createInterface({ input: process.stdin }).on("line", line => {
  const points = [], extra = [];
  const parser = new Parser({}, result => process.stdout.write(JSON.stringify({
    points, extra, ok: result.ok, count: result.count, plan: result.plan, bailout: result.bailout,
    failures: result.failures.length }) + "\\n"));
  parser.on("assert", found => points.push(found));
  parser.on("extra", found => extra.push(found));
  parser.on("child", () => extra.push("a subtest"));
  parser.end(JSON.parse(line));
});
"""
PERL = """
use TAP::Parser; use JSON::PP; local $/; my @found;
my $parser = TAP::Parser->new({ tap => scalar <STDIN> });
while (my $result = $parser->next) {
    if ($result->is_test) { push @found, [$result->is_ok ? 1 : 0, $result->directive, undef] }
    elsif ($result->is_yaml) { $found[-1][2] = $result->data }
}
print encode_json({ points => \\@found, errors => [$parser->parse_errors],
                    failed => scalar $parser->failed });
"""

Read = Callable[[str], Any]


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    directory = npm_packages.installed("tap-parser@18.3.4")
    with subprocess.Popen(
        ("node", "-e", READER), cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(text: str) -> Any:
            stdin.write(json.dumps(text).encode() + b"\n")
            stdin.flush()
            return json.loads(stdout.readline())

        yield ask
        stdin.close()


def document(records: tuple[Record, ...], info: RunInfo = samples.INFO, end: RunEnd = samples.END) -> str:
    counts = Counter(record.status for record in records)
    text = "".join(tap.render(info, counts, lambda: map(record_json.encode, records), end))
    return text.encode().decode()


def test_one_of_each(read: Read) -> None:
    found = read(document(samples.ALL))
    assert found["extra"] == []
    assert found["plan"] == {"start": 1, "end": 8, "skipAll": False, "skipReason": "", "comment": ""}
    assert (found["ok"], found["count"], found["failures"]) == (False, 8, 3)
    assert [(point["ok"], point["skip"]) for point in found["points"]] == [
        (True, False),
        (False, False),
        (False, False),
        (True, False),
        (True, False),
        (True, "needs SES"),
        (False, False),
        (True, "not run: --max-time"),
    ]
    assert [point["name"] for point in found["points"]] == [record.id for record in samples.ALL]


def test_a_failure_says_what_and_where(read: Read) -> None:
    (point,) = read(document((samples.FAILED,)))["points"]
    said = point["diag"]
    assert said["message"] == 'output.body.total.currency: expected "USD", found "EUR"'
    assert said["at"] == {"file": samples.FILE, "line": 31, "column": 24}
    assert (said["expected"], said["found"], said["severity"]) == ('"USD"', '"EUR"', "fail")
    assert '+     "currency": "EUR"' in said["detail"]
    assert said["output"].endswith("order o-17 stored\n")


def test_an_error_and_what_is_flaky(read: Read) -> None:
    error, flaky = read(document((samples.ERROR, samples.FLAKY)))["points"]
    assert error["diag"]["severity"] == "error"
    assert error["diag"]["at"] == {"file": samples.FILE, "line": 12}
    assert (flaky["ok"], flaky["diag"]["flaky"], flaky["diag"]["attempts"]) == (True, True, 2)
    assert flaky["diag"]["failed_attempts"].keys() == {"1"} and flaky["diag"]["failed_attempts"]["1"]


def test_every_attempt_is_told(read: Read) -> None:
    failed = samples.FAILED.attempts[0]
    record = samples.FAILED._replace(attempts=(failed, failed._replace(status="not run"), failed))
    (point,) = read(document((record,)))["points"]
    message = 'output.body.total.currency: expected "USD", found "EUR"'
    assert point["diag"]["failed_attempts"] == {"1": message, "3": message}
    assert point["diag"]["message"] == message


def test_nothing_ran(read: Read) -> None:
    found = read(document(()))
    assert (found["ok"], found["plan"]["skipReason"]) == (True, "no scenario was run")


def test_an_interrupted_run_is_no_success(read: Read) -> None:
    found = read(document((samples.record(), samples.NOT_RUN), end=RunEnd(1.0, "SIGINT")))
    assert (found["ok"], found["bailout"]) == (False, "SIGINT")


@pytest.mark.parametrize(
    "name", ["a {", "# TODO later", "a # SKIP b", "\\", "\\# x", "ok 1", "1..2", "- x", "…"]
)
def test_no_name_is_a_directive(read: Read, name: str) -> None:
    record = samples.record(name)
    found = read(document((record, samples.record())))
    point = found["points"][0]
    assert (point["ok"], point["skip"], point["todo"], found["extra"]) == (True, False, False, [])
    assert point["name"] in (record.id, f"{record.id} .")


@given(st.lists(samples.records, max_size=3).map(tuple), samples.runs)
def test_anything(read: Read, records: tuple[Record, ...], info: RunInfo) -> None:
    found = read(document(records, info))
    assert found["extra"] == []
    assert found["count"] == len(records)
    bad = ("failed", "error")
    assert [point["ok"] for point in found["points"]] == [record.status not in bad for record in records]
    for record, point in zip(records, found["points"], strict=True):
        if record.status in bad:
            assert isinstance(point["diag"], dict), point
            assert point["diag"]["at"].keys() >= {"file", "line"}


@given(samples.texts)
def test_messages_come_back(read: Read, text: str) -> None:
    reason = f"because: {text}"
    (point,) = read(document((samples.ERROR._replace(reason=reason),)))["points"]
    wanted = strip_ansi(reason.partition("\n")[0])
    # YAML can't say a lone surrogate.
    assert point["diag"]["message"] == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in wanted)


def test_perl_reads_it_too() -> None:
    """Its TAP::Parser of before version 14 knows all but the number."""
    perl = shutil.which("perl")
    # Debian's perl-base has no modules.
    needed = (perl or "false", "-MTAP::Parser", "-MJSON::PP", "-e", "1")
    if perl is None or subprocess.run(needed, capture_output=True, check=False).returncode != 0:
        missing = "perl or its modules are missing: apt-get install perl"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    text = document(samples.ALL).replace("TAP version 14", "TAP version 13")
    done = subprocess.run((perl, "-e", PERL), input=text.encode(), capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert done.stderr == b""
    assert (found["errors"], found["failed"]) == ([], 3)
    assert [(ok, directive) for ok, directive, _ in found["points"]] == [
        *((1, ""), (0, ""), (0, ""), (1, ""), (1, ""), (1, "SKIP"), (0, ""), (1, "SKIP"))
    ]
    assert '+     "currency": "EUR"' in found["points"][1][2]["detail"]
    assert found["points"][3][2]["flaky"] == "true"


def test_descriptions_are_one_line() -> None:
    text = document((samples.record("a\nok 2 - b"),))
    assert f"ok 1 - {samples.FILE}::{printable('a' + chr(10) + 'ok 2 - b')}".replace("\\", "\\\\") in text
