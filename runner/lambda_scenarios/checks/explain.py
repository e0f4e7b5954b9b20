"""Why an outcome does not fulfil an expectation: the second, slow walk, taken only where something fails."""

from __future__ import annotations

from typing import Final

from lambda_scenarios.checks.alignment import nearest_value
from lambda_scenarios.checks.evaluate import clause_holds, ending_holds
from lambda_scenarios.checks.explain_values import (
    ABSENT,
    Findings,
    attach_diff,
    expected_text,
    explain_value,
)
from lambda_scenarios.checks.facts import Facts, Missing, Part, Trouble
from lambda_scenarios.checks.wording import count, short
from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.expectation import (
    Clause,
    Equal,
    Evaluation,
    Expectation,
    ExtensionFailed,
    Inner,
    Mapping,
    Matchers,
    Mismatch,
    Sequence,
    Subject,
)
from lambda_scenarios.model.locations import (
    EVERY,
    InvalidLocationError,
    extend,
    format_location,
    parse_location,
)
from lambda_scenarios.model.outcome import (
    BackendFailed,
    Ending,
    FunctionError,
    InitFailed,
    Outcome,
    Returned,
    TimedOut,
    WorkerDied,
)
from lambda_scenarios.model.values import Origin

_LOCATIONS: Final[dict[Subject, str]] = {
    "output": "output",
    "output text": "output",
    "snapshot": "output",
    "response": "output",
    "status": "output.statusCode",
    "cookies": "output.cookies",
    "body text": "output.body",
    "body json": "output.body",
    "error type": "error.type",
    "error message": "error.message",
    "error stack": "error.stack",
    "logs": "logs",
    "log record": "logs",
    "duration_ms": "duration_ms",
    "init_ms": "init_ms",
    "memory_mb": "memory_mb",
}

_NO_REASON = "the expectation does not hold"


def explain(expectation: Expectation, outcome: Outcome, facts: Facts) -> Evaluation:
    """All mismatches, and the names of what holds."""
    mismatches: list[Mismatch] = []
    held: list[str] = []
    if not ending_holds(expectation, outcome.ending):
        mismatches.append(_wrong_ending(expectation, outcome.ending, facts))
    elif expectation.error == "raised":
        held.append("error")
    for clause in expectation.clauses:
        out = Findings(expectation.origin)
        out.anchor = clause.path if clause.external else None
        try:
            _explain_clause(clause, facts, out)
            if not out.mismatches and not clause_holds(clause, facts):
                # The verdict is the fast judge's: a reason that can't be found must not turn it.
                location = _location(clause)
                out.add(clause.path, location, _NO_REASON, expected_text(clause.node), "(something else)")
        except ExtensionFailed as failed:
            out.mismatches[:] = [_not_judged(failed, expectation.origin, _location(clause))]
        if clause.subject in ("logs", "log record") and facts.truncated():
            unjudged = "only a part of the logs is known"
            out.mismatches[:] = [mismatch._replace(unjudged=unjudged) for mismatch in out.mismatches]
        mismatches += out.mismatches
        if out.mismatches and clause.external:  # what holds of another file's value has no name here
            out.held.clear()
        held += [name for name in out.held if name not in held]
    return Evaluation(tuple(mismatches), tuple(held[:50]))


def _not_judged(failed: ExtensionFailed, expect: Origin, location: str) -> Mismatch:
    """In place of a clause: a matcher of an extension in it failed."""
    path = ("expect", *failed.origin.path[len(expect.path) :])
    return Mismatch(
        format_location(path),
        location,
        failed.origin,
        failed.problem,
        "(not judged)",
        "(not judged)",
        unjudged=failed.problem,
    )


def describe_ending(ending: Ending) -> str:
    """How an invocation ended, on one line: `the function failed: ValueError: negative amount`."""
    if isinstance(ending, Returned):
        return "the function returned"
    if isinstance(ending, BackendFailed):
        return f"the function could not be run: {_line(ending.problem)}"
    if isinstance(ending, TimedOut):
        return f"the function timed out after {ending.seconds:g} s"
    if isinstance(ending, WorkerDied):
        return f"the function's process ended: {_line(ending.message)}"
    what = "loading the handler failed" if isinstance(ending, InitFailed) else "the function failed"
    return f"{what}: {ending.error_type}: {_line(ending.message)}"


def _line(text: str) -> str:
    first, _, rest = text.strip().partition("\n")
    return f"{first[:300]}{'…' if rest or len(first) > 300 else ''}"


def _wrong_ending(expectation: Expectation, ending: Ending, facts: Facts) -> Mismatch:
    result = facts.result()
    found = short(result.value) if result is not None else describe_ending(ending)
    if expectation.error is None:
        return Mismatch("expect", "error", expectation.origin, describe_ending(ending), "a result", found)
    expected = "an error" if expectation.error == "any" else "an error that the handler raised"
    if result is not None:
        message = f"expected {expected}, but the function returned {found}"
    elif isinstance(ending, FunctionError):
        message = (
            f"expected {expected}, but its result was refused: {ending.error_type}: {_line(ending.message)}"
        )
    else:
        message = f"expected {expected}, but {describe_ending(ending)}"
    return Mismatch("expect.error", "output", expectation.origin.at("error"), message, expected, found)


def _explain_clause(clause: Clause, facts: Facts, out: Findings) -> None:
    if clause.subject == "log record":
        _explain_record(clause, facts, out)
        return
    found = facts.find(clause)
    location = _location(clause)
    if isinstance(found, Trouble):
        out.add(
            clause.path,
            found.location,
            found.problem,
            expected_text(clause.node),
            found.found or "(not known)",
        )
    elif isinstance(found, Missing):
        _explain_missing(clause, facts, location, out)
    elif clause.subject == "snapshot" and isinstance(found, Part):
        if clause_holds(clause, facts):
            out.hold(clause.path)
            return
        from lambda_scenarios.checks.explain_snapshot import explain_snapshot

        explain_snapshot(clause, found.value, location, out)
    elif isinstance(found, Part) and clause.subject != "response":
        if clause.subject == "logs" and not clause_holds(clause, facts):
            _explain_logs(clause, facts, out)
            return
        explain_value(clause.node, found.value, clause.path, location, out)
        if out.mismatches:
            _add_reason(clause, facts, found, out)
            attach_diff(out, 0, clause.node, found.value)


def _location(clause: Clause) -> str:
    if clause.subject in ("header", "header list"):
        return extend("output.headers", clause.path[-1])
    if clause.subject in ("cookie", "cookie attributes"):
        return extend("output.cookies", clause.path[-1])
    if clause.subject != "query":
        return _LOCATIONS[clause.subject]
    try:
        steps = parse_location(clause.detail)
    except InvalidLocationError:
        return f"output | {clause.detail}"
    plain = EVERY not in steps and format_location(steps) == clause.detail and clause.detail.isidentifier()
    plain = plain or all(isinstance(s, int) or (isinstance(s, str) and s.isidentifier()) for s in steps)
    if not plain:
        return f"output | {clause.detail}"
    return clause.detail if clause.detail.startswith("[") else f"output.{clause.detail}"


def _explain_missing(clause: Clause, facts: Facts, location: str, out: Findings) -> None:
    from lambda_scenarios.checks.judge import holds_absent

    if holds_absent(clause.node):
        out.hold(clause.path)
        return
    expected = expected_text(clause.node)
    if clause.subject in ("body text", "body json"):
        message = f"the response has no body; expected {expected}"
    else:
        noun = "header" if clause.subject.startswith("header") else "cookie"
        name = str(clause.path[-1])
        near = did_you_mean(name.lower() if noun == "header" else name, facts.names(noun))
        hint = f" (there is `{near}`)" if near else ""
        message = f"the {noun} `{name}` is missing{hint}; expected {expected}"
    out.add(clause.path, location, message, expected, ABSENT)


def _add_reason(clause: Clause, facts: Facts, found: Part, out: Findings) -> None:
    """Text where JSON was expected: says that it is no JSON, and why."""
    if not isinstance(found.value, str) or isinstance(getattr(clause.node, "value", None), str):
        return
    reason = ""
    result = facts.result()
    if clause.subject == "output" and result is not None and result.not_json is not None:
        reason = f"the result is not JSON: {result.not_json}"
    elif clause.subject == "body json" and isinstance(clause.node, (Equal, Mapping, Sequence)):
        reason = "the body is not JSON"
    if reason:
        first = out.mismatches[0]
        out.mismatches[0] = first._replace(message=f"{first.message} ({reason})")


def _explain_logs(clause: Clause, facts: Facts, out: Findings) -> None:
    text = facts.log_text()
    node = clause.node
    if isinstance(node, Matchers) and len(node.parts) == 1:
        node = node.parts[0][1]
    if isinstance(node, Inner) and node.name == "$contains" and isinstance(node.node, Equal):
        wanted = short(node.node.value)
        message = f"the logs do not contain {wanted}{_nearest_line(node.node.value, text)}"
        out.add(clause.path, "logs", message, f"contains {wanted}", _lines_of(text))
    else:
        explain_value(clause.node, text, clause.path, "logs", out)
        attach_diff(out, 0, clause.node, text)
    if facts.truncated():
        note = " (only a part of the logs is known)"
        out.mismatches[:] = [m._replace(message=m.message + note) for m in out.mismatches]


def _lines_of(text: str) -> str:
    return count(len(text.splitlines()), "line") if text else "nothing was written"


def _nearest_line(wanted: object, text: str) -> str:
    if not text.strip():
        return "; nothing was written"
    if not isinstance(wanted, str) or len(text) > 100_000:
        return ""
    import difflib

    lines = text.splitlines()
    near = difflib.get_close_matches(wanted.strip(), [line.strip() for line in lines[:500]], n=1, cutoff=0.5)
    if not near:
        return ""
    number = next(i for i, line in enumerate(lines, 1) if line.strip() == near[0])
    return f"; the nearest is line {number}: {short(near[0])}"


def _explain_record(clause: Clause, facts: Facts, out: Findings) -> None:
    if clause_holds(clause, facts):
        out.hold(clause.path)
        return
    records = facts.log_records()
    expected = expected_text(clause.node)
    note = " (only a part of the logs is known)" if facts.truncated() else ""
    if not records:
        message = f"expected a log line in JSON that includes {expected}, found none in JSON{note}"
        out.add(clause.path, "logs", message, expected, "no line in JSON")
        return
    number, record = records[nearest_value(clause.node, [record for _, record in records])]
    explain_value(clause.node, record, clause.path, f"logs<line {number}>", out)
    first = out.mismatches[0]
    head = f"no log line of {len(records)} in JSON includes it; the nearest, line {number}: "
    out.mismatches[0] = first._replace(message=f"{head}{first.message}{note}")
    attach_diff(out, 0, clause.node, record)
