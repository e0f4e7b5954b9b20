"""Judging an outcome by an expectation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.checks.facts import Facts, Missing, Part, Trouble
from lambda_scenarios.checks.judge import holds, holds_absent
from lambda_scenarios.model.expectation import Clause, Evaluation, Expectation, ExtensionFailed
from lambda_scenarios.model.outcome import BackendFailed, Ending, FunctionError, Outcome, Returned

if TYPE_CHECKING:
    from lambda_scenarios.model.function import Function

_ALL_HOLDS = Evaluation((), ())


def evaluate(expectation: Expectation, outcome: Outcome, function: Function, event: bytes) -> Evaluation:
    """What of `expectation` does not hold for `outcome`; changes nothing.

    `function` and `event` tell which HTTP source invokes it. A failed backend is no outcome of the
    function: the caller handles it before.
    """
    assert not isinstance(outcome.ending, BackendFailed)
    facts = Facts(outcome, function, event)
    if ending_holds(expectation, outcome.ending):
        try:
            for clause in expectation.clauses:
                if not clause_holds(clause, facts):
                    break
            else:
                return _ALL_HOLDS
        except ExtensionFailed:
            pass  # it fails again below, where it is told
    from lambda_scenarios.checks.explain import explain

    return explain(expectation, outcome, facts)


def ending_holds(expectation: Expectation, ending: Ending) -> bool:
    """Did the invocation end in the way that is expected: by returning, by raising, by any error?"""
    if expectation.error is None:
        return isinstance(ending, Returned)
    if expectation.error == "raised":
        return isinstance(ending, FunctionError) and ending.raised
    return not isinstance(ending, Returned)


def clause_holds(clause: Clause, facts: Facts) -> bool:
    """Does the clause hold? One that can't be judged because of another's failure does."""
    if clause.subject == "log record":
        return any(holds(clause.node, record) for _, record in facts.log_records())
    found = facts.find(clause)
    if isinstance(found, Part):
        return holds(clause.node, found.value)
    if isinstance(found, Missing):
        return holds_absent(clause.node)
    return not isinstance(found, Trouble)
