"""JUnit XML, as CI systems read it.

No schema is common to the readers. The default flavour gives each of them what it looks for: `file` and
`line` of a case (GitLab, CircleCI, GitHub actions), properties of suites and cases, `flakyFailure` and
`rerunFailure` as Maven Surefire writes them (Jenkins). Without the cases' `file`, `line` and `properties`
it is valid under Jenkins' `junit-10.xsd`. The strict flavour is valid under that one and under the Ant
schema (Windy Road), and therefore says less: one child a case, logs for the whole suite.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from lambda_scenarios.reports import record_reading
from lambda_scenarios.reports.rerun import rerun
from lambda_scenarios.reports.telling import LOG_OF_FAILED, LOG_OF_PASSED, end_of, labelled, logs_of, told
from lambda_scenarios.reports.text import shell_quote, strip_ansi, with_line_feeds

if TYPE_CHECKING:
    from lambda_scenarios.model.record import AttemptRecord, Record, RunEnd, RunInfo

Flavor = Literal["default", "strict"]

_PLAIN = re.compile(r"[ !#-%'-;=?-~]*", re.ASCII).fullmatch
# What XML 1.0 can't hold in any form (production 2, Char). Compiled by `re` when it is needed.
_NOT_XML = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
_SPECIAL = re.compile('[&<>"\t\n\r]')
_IN_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': '"', "\t": "\t", "\n": "\n", "\r": "&#13;"}
_IN_ATTRIBUTE = {
    **_IN_TEXT,
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
}


def _clean(text: str) -> str:
    """The text without escape sequences of terminals, and without what XML can't hold."""
    return text if _PLAIN(text) else re.sub(_NOT_XML, "", strip_ansi(text))


def _xml(text: str, special: dict[str, str]) -> str:
    return text if _PLAIN(text) else _SPECIAL.sub(lambda match: special[match[0]], _clean(text))


def _content(text: str) -> str:
    # Readers show `&#13;` as nothing: a traceback that Lambda's clients logged would be one long line.
    return _xml(text if _PLAIN(text) else with_line_feeds(text), _IN_TEXT)


def _attribute(text: str) -> str:
    return _xml(text, _IN_ATTRIBUTE)


class _Suite:
    """The cases of one scenario file, collected until its totals are known."""

    def __init__(self, file: str, labels: tuple[tuple[str, str], ...], conditions: str) -> None:
        self.file = file
        self.labels = labels
        self.name = _attribute(_clean(file).strip()) or "(no file)"
        self.tests = self.failures = self.errors = self.skipped = 0
        self.duration_ms = 0.0
        self.started = ""
        self.cases: list[str] = []
        self.logs: list[str] = []  # of the strict flavour
        self.names: set[str] = set()
        self.conditions = conditions

    def unique(self, name: str) -> str:
        """GitLab counts only the first of two cases of one name, and CircleCI drops unnamed ones."""
        name = _attribute(_clean(name).strip()) or "(no name)"
        wanted, n = name, 1
        while name in self.names:
            n += 1
            name = f"{wanted} ({n})"
        self.names.add(name)
        return name


def render(
    info: RunInfo, records: Callable[[], Iterable[str]], end: RunEnd, flavor: Flavor = "default"
) -> Iterator[str]:
    """The report in chunks, one a scenario file.

    `records` gives texts of `record_json.encode`, those of a file one after another. They are gone
    through once; one suite's cases are in memory at a time.
    """
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    # The Ant schema allows no attribute here. The totals of the cases aren't repeated: every reader adds
    # them up from the suites, and knowing them first would take a second pass over all results.
    yield (
        "<testsuites>\n"
        if flavor == "strict"
        else f'<testsuites name="lambda-scenarios" time="{end.wall_ms / 1000:.3f}">\n'
    )
    properties = _run_properties(info)
    conditions = rerun(info.command)
    number = 0
    suite: _Suite | None = None
    for text in records():
        record = record_reading.decode(text, payloads=False)
        if suite is None or suite.file != record.file or suite.labels != record.labels:
            if suite is not None:
                yield _suite(suite, number, info, properties, flavor)
                number += 1
            suite = _Suite(record.file, record.labels, conditions)
        _add(suite, record, flavor)
    if suite is not None:
        yield _suite(suite, number, info, properties, flavor)
    yield "</testsuites>\n"


def _run_properties(info: RunInfo) -> str:
    pairs = [
        ("lambda-scenarios.version", info.version),
        ("seed", info.seed),
        ("command", " ".join(map(shell_quote, info.command))),
        ("jobs", str(info.jobs)),
        *(("service", service) for service in info.services),
        *((f"label.{name}", value) for name, value in info.labels),
    ]
    lines = "".join(
        f'      <property name="{_attribute(name)}" value="{_attribute(value)}"/>\n' for name, value in pairs
    )
    return f"    <properties>\n{lines}    </properties>\n"


_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)


def _timestamp(*candidates: str) -> str:
    """The first ISO 8601 time (UTC), without fraction and zone, as the Ant schema wants it."""
    for candidate in candidates:
        if match := _TIMESTAMP.match(candidate):
            return match[0]
    return "1970-01-01T00:00:00"


def _suite(suite: _Suite, number: int, info: RunInfo, properties: str, flavor: Flavor) -> str:
    name = suite.name
    strict = flavor == "strict"
    package = name.rpartition("/")[0] or "."
    extra = f' package="{package}" hostname="localhost"' if strict else f' file="{name}"'
    head = (
        f'  <testsuite name="{name}" id="{number}" tests="{suite.tests}" failures="{suite.failures}" '
        f'errors="{suite.errors}" skipped="{suite.skipped}" time="{suite.duration_ms / 1000:.3f}" '
        f'timestamp="{_timestamp(suite.started, info.started)}"{extra}>\n'
    )
    tail = f"    <system-out>{''.join(suite.logs)}</system-out>\n    <system-err/>\n" if strict else ""
    return "".join((head, properties, *suite.cases, tail, "  </testsuite>\n"))


def _add(suite: _Suite, record: Record, flavor: Flavor) -> None:
    suite.tests += 1
    suite.duration_ms += record.duration_ms
    if not suite.started and record.attempts and record.attempts[0].invocations:
        suite.started = record.attempts[0].invocations[0].started
    status = record.status
    if status == "failed":
        suite.failures += 1
    elif status == "error":
        suite.errors += 1
    elif status in ("skipped", "not run"):
        suite.skipped += 1
    head = (
        f'    <testcase name="{suite.unique(labelled(record.name, record))}" classname="{suite.name}" '
        f'time="{record.duration_ms / 1000:.3f}"'
    )
    if flavor == "strict":
        child = _outcome(record, suite.conditions, reruns=False)
        suite.cases.append(f"{head}>\n{child}    </testcase>\n" if child else f"{head}/>\n")
        if status not in ("passed", "skipped", "not run") and (logs := _logs(record)):
            suite.logs.append(_content(f"{record.name}:\n{logs}\n"))
        return
    logs = _logs(record)
    suite.cases += (
        f'{head} file="{suite.name}" line="{record.line}">\n',
        _case_properties(record),
        _outcome(record, suite.conditions, reruns=True),
        f"      <system-out>{_content(logs)}</system-out>\n" if logs else "",
        "    </testcase>\n",
    )


def _case_properties(record: Record) -> str:
    lines = [_property("function", record.function)]
    lines += [_property("tag", tag) for tag in record.tags]
    if record.snapshot is not None:
        lines.append(_property("snapshot", record.snapshot))
    if record.description:
        lines.append(_property("description", record.description))
    for i in record.attempts[-1].invocations if record.attempts else ():
        if i.step:
            lines.append(_property("step", i.step))
        lines.append(
            f"{_property('runtime', i.runtime)}{_property('request_id', i.request_id)}"
            f'        <property name="worker" value="{i.worker}, invocation {i.nth}"/>\n'
        )
        if i.init_ms is not None:
            lines.append(f'        <property name="init_ms" value="{i.init_ms:.3f}"/>\n')
        if i.memory_mb is not None:
            lines.append(f'        <property name="memory_mb" value="{i.memory_mb}"/>\n')
    return f"      <properties>\n{''.join(lines)}      </properties>\n"


def _property(name: str, value: str) -> str:
    return f'        <property name="{name}" value="{_attribute(value)}"/>\n'


def _outcome(record: Record, conditions: str, *, reruns: bool) -> str:
    """The children of a case that say how it ended: at most one without `reruns`."""
    status = record.status
    if status == "passed":
        return ""
    if status in ("skipped", "not run"):
        reason = (record.reason or "").removeprefix("not run: ")
        message = f"not run: {reason or 'interrupted'}" if status == "not run" else reason or "skipped"
        return f'      <skipped message="{_attribute(message)}"/>\n'
    if status == "flaky":
        unsuccessful = [a for a in record.attempts if a.status != "passed"]
        return (
            "".join(_again("flaky", record, attempt, conditions) for attempt in unsuccessful)
            if reruns
            else ""
        )
    element = "failure" if status == "failed" else "error"
    # As in Surefire, the first attempt is the failure and the others are its reruns.
    unsuccessful = [a for a in record.attempts if a.status in ("failed", "error")]
    unsuccessful = unsuccessful or list(record.attempts[-1:])
    verdict = told(record, unsuccessful[0] if unsuccessful else None, conditions)
    shown = (
        f'      <{element} message="{_attribute(verdict.message)}" type="{_attribute(verdict.type)}">'
        f"{_content(verdict.text)}</{element}>\n"
    )
    if reruns:
        shown += "".join(_again("rerun", record, attempt, conditions) for attempt in unsuccessful[1:])
    return shown


def _again(kind: str, record: Record, attempt: AttemptRecord, conditions: str) -> str:
    element = kind + ("Error" if attempt.status == "error" else "Failure")
    verdict = told(record, attempt, conditions)
    logs = end_of(logs_of(attempt), LOG_OF_FAILED)
    return (
        f'      <{element} message="{_attribute(verdict.message)}" type="{_attribute(verdict.type)}">'
        f"<stackTrace>{_content(verdict.text)}</stackTrace>"
        f"{f'<system-out>{_content(logs)}</system-out>' if logs else ''}</{element}>\n"
    )


def _logs(record: Record) -> str:
    if not record.attempts:
        return ""
    limit = LOG_OF_PASSED if record.status == "passed" else LOG_OF_FAILED
    return end_of(logs_of(record.attempts[-1]), limit)
