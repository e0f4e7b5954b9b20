"""What an outcome says to a clause: each part is read once, when the first clause asks for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.checks.json_text import parse_json
from lambda_scenarios.model.expectation import (
    Clause,
    Equal,
    Inner,
    Matchers,
    Matches,
    Node,
    Scalar,
    Several,
    TypeIs,
)
from lambda_scenarios.model.outcome import (
    FunctionError,
    InitFailed,
    Outcome,
    Returned,
    TimedOut,
    WorkerDied,
)

if TYPE_CHECKING:
    from lambda_scenarios.checks.http_response import HttpResponse
    from lambda_scenarios.model.function import Function
    from lambda_scenarios.model.values import Json


_CONSOLE_PREFIX = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z\t[^\t]*\t[A-Z]+\t")


class Missing(NamedTuple):
    """The part is not there: a header, a cookie, a body that the response does not have."""


class Untold(NamedTuple):
    """Not to be judged by this clause: another one reports why, or there is nothing to judge."""


class Trouble(NamedTuple):
    """The part can't be had, which is a mismatch of its own."""

    problem: str
    location: str
    found: str


MISSING = Missing()
UNTOLD = Untold()


class Part(NamedTuple):
    """A part that was found. A JSON value may be a tuple's equal, so it is never handed out bare."""

    value: Json


Finding = Part | Missing | Untold | Trouble


class Result(NamedTuple):
    """The result of a function. `not_json`: why the payload is no JSON (the value is then its text)."""

    value: Json
    not_json: str | None


def read_result(payload: bytes) -> Result:
    """The value of a payload; of one that is not JSON (NaN is not), its text."""
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        return Result(payload.decode("utf-8", "replace"), f"byte {error.start} is not UTF-8")
    try:
        return Result(parse_json(text), None)
    except ValueError as error:
        return Result(text, str(error))


class Facts:
    """The parts of one outcome."""

    __slots__ = ("_event", "_function", "_log", "_outcome", "_records", "_response", "_result")

    def __init__(self, outcome: Outcome, function: Function, event: bytes) -> None:
        self._outcome = outcome
        self._function = function
        self._event = event
        self._result: Result | None = None
        self._response: object = None
        self._log: str | None = None
        self._records: tuple[tuple[int, dict[str, Json]], ...] | None = None

    def result(self) -> Result | None:
        """What the function returned; None where it did not."""
        if self._result is None and type(self._outcome.ending) is Returned:
            self._result = read_result(self._outcome.ending.payload)
        return self._result

    def find(self, clause: Clause) -> Finding:
        """The part that a clause is about."""
        subject = clause.subject
        if subject in ("output", "output text", "query", "snapshot"):
            result = self.result()
            if result is None:
                return UNTOLD
            if subject == "output":
                return Part(result.value)
            if subject == "snapshot":
                return _to_be_stored(result.value, clause.ignore)
            if subject == "query":
                return _query(clause.detail, result.value)
            from lambda_scenarios.checks.compile import without_final_newline

            text = result.value
            return Part(without_final_newline(text) if isinstance(text, str) else text)
        if subject in ("duration_ms", "init_ms", "memory_mb"):
            return self._figure(clause)
        if subject in ("error type", "error message", "error stack"):
            return self._error(clause)
        if subject == "logs":
            if self._outcome.logs_truncated and not judged_by_tail(clause.node):
                problem = "the logs are cut off: only a part is known, by which this can't be judged"
                return Trouble(problem, "logs", "")
            return Part(self.log_text())
        if subject == "log record":
            return UNTOLD  # many parts, of which one has to match: `log_records`
        return self._http(clause)

    def log_text(self) -> str:
        """What the invocation wrote, as text: `\\r` is a newline, a no-break space a space.

        AWS's clients join the lines of a traceback with `\\r`, and the Python one indents them with
        no-break spaces, so that a log collector takes them for one event. Of a failed init, which has
        no invocation, it is what loading wrote.
        """
        if self._log is None:
            raw = self._outcome.logs
            if type(self._outcome.ending) is InitFailed:
                raw = self._outcome.init_logs + raw
            text = raw.decode("utf-8", "replace")
            self._log = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
        return self._log

    def truncated(self) -> bool:
        """Are the logs only a part of what was written?"""
        return self._outcome.logs_truncated

    def log_records(self) -> tuple[tuple[int, dict[str, Json]], ...]:
        """The lines of the log that are JSON objects, with their numbers from 1.

        What Node.js's `console.log(JSON.stringify(…))` writes counts: the prefix of the text format
        (LogPatch.js of AWS's client) is taken away.
        """
        if self._records is None:
            records: list[tuple[int, dict[str, Json]]] = []
            for number, line in enumerate(self.log_text().split("\n"), 1):
                # Node.js in text format puts the time, the request id and the level before what it is given.
                text = line if line[:1] != "2" else _CONSOLE_PREFIX.sub("", line)
                if not text.lstrip().startswith("{"):
                    continue
                try:
                    record = parse_json(text)
                except ValueError:
                    continue
                if isinstance(record, dict):
                    records.append((number, record))
            self._records = tuple(records)
        return self._records

    def names(self, noun: str) -> tuple[str, ...]:
        """The names of the headers (in lower case) or cookies of the response."""
        from lambda_scenarios.checks.http_response import HttpResponse, set_cookie

        if not isinstance(self._response, HttpResponse):
            return ()
        if noun == "header":
            return tuple(self._response.headers)
        return tuple(set_cookie(text)[0] for text in self._response.cookies)

    def _figure(self, clause: Clause) -> Finding:
        if clause.subject == "duration_ms":
            return Part(self._outcome.duration_ms)
        if clause.subject == "init_ms":
            # A warm worker has no init that could have taken too long.
            return UNTOLD if self._outcome.init_ms is None else Part(self._outcome.init_ms)
        if self._outcome.memory_mb is None:
            return Trouble("the memory that was used is not known", "memory_mb", "")
        return Part(self._outcome.memory_mb)

    def _error(self, clause: Clause) -> Finding:
        ending = self._outcome.ending
        if not isinstance(ending, (FunctionError, InitFailed, TimedOut, WorkerDied)):
            return UNTOLD
        if clause.subject == "error type":
            return Part(ending.error_type)
        if clause.subject == "error message":
            return Part(ending.message)
        stack = ending.stack if isinstance(ending, (FunctionError, InitFailed)) else ()
        return Part("\n".join(line.rstrip("\n") for line in stack))

    def _http(self, clause: Clause) -> Finding:
        from lambda_scenarios.checks.http_response import HttpResponse, Malformed, read_response

        if self._response is None:
            result, returned = self.result(), self._outcome.ending
            if result is None or not isinstance(returned, Returned):
                return UNTOLD
            source = self._function.http_source
            # Where the source is known, only an HTTP API's event says more: its payload version.
            event = read_result(self._event).value if source in (None, "http") else None
            self._response = read_response(returned, result.value, result.not_json, source, event)
        response = self._response
        if isinstance(response, Malformed):
            return Trouble(*response) if clause.subject == "response" else UNTOLD
        assert isinstance(response, HttpResponse)
        return _http_part(clause, response)


def _http_part(clause: Clause, response: HttpResponse) -> Finding:
    from lambda_scenarios.checks.http_response import body_value, set_cookie

    if clause.subject == "response":
        return Part(None)
    if clause.subject == "status":
        return Part(response.status)
    if clause.subject in ("header", "header list"):
        values = response.headers.get(clause.detail)
        if clause.detail == "set-cookie" and response.cookies:
            values = response.cookies
        if values is None:
            return MISSING
        return Part(list(values) if clause.subject == "header list" else ", ".join(values))
    if clause.subject == "cookies":
        return Part(list(response.cookies))
    if clause.subject in ("cookie", "cookie attributes"):
        cookies = dict(map(set_cookie, response.cookies))
        if clause.detail not in cookies:
            return MISSING
        cookie = cookies[clause.detail]
        return Part(cookie["value"] if clause.subject == "cookie" else cookie)
    if response.body is None and _is_presence(clause.node):
        return MISSING
    try:
        return Part(body_value(response, clause.subject))
    except ValueError as error:
        return Trouble(str(error), "output.body", "")


def _is_presence(node: Node) -> bool:
    """Does the node ask whether there is a body at all?"""
    if isinstance(node, Matchers):
        return any(_is_presence(part) for _, part in node.parts)
    return (isinstance(node, Scalar) and node.name == "$present") or (
        isinstance(node, Inner) and node.name in ("$optional", "$not") and _is_presence(node.node)
    )


def _to_be_stored(value: Json, ignore: tuple[str, ...]) -> Finding:
    """The result as its snapshot has it."""
    from lambda_scenarios.checks import snapshots

    if snapshots.depth(value) > snapshots.DEEPEST:
        problem = f"the result is nested more than {snapshots.DEEPEST} levels deep: too deep for a snapshot"
        return Trouble(problem, "output", "")
    return Part(snapshots.ignoring(value, ignore))


def _query(expression: str, value: Json) -> Finding:
    import jmespath
    import jmespath.exceptions

    try:
        return Part(jmespath.search(expression, value))
    except (
        jmespath.exceptions.JMESPathError,
        ValueError,
        TypeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        text = str(error).replace("\n", " ")
        return Trouble(f"the expression fails: {text}", f"output | {expression}", "")


def judged_by_tail(node: Node) -> bool:
    """Does the node, where it holds for the end of a text, hold for the whole text?

    Only where something is said to be in it. A regular expression must not look at its beginning, nor
    at what is not there.
    """
    if isinstance(node, Matchers):
        return all(judged_by_tail(part) for _, part in node.parts)
    if isinstance(node, Several):
        return node.name in ("$any_of", "$all_of") and all(map(judged_by_tail, node.nodes))
    if isinstance(node, Inner):
        return node.name == "$contains" and isinstance(node.node, Equal)
    if isinstance(node, Scalar):
        return node.name in ("$ends_with", "$present")
    if isinstance(node, Matches):
        pattern = node.pattern.pattern.replace("[^", "[").replace("\\^", "")
        return not any(sign in pattern for sign in ("(?!", "(?<!", "^", "\\A"))
    return isinstance(node, TypeIs)
