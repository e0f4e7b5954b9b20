"""What can't be asked of a deployed function: refused before anything is sent, never ignored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.scenario import ContextOverride
from lambda_scenarios.model.values import Origin
from lambda_scenarios.phrases import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_scenarios.model.scenario import Case

# Bytes of base64: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_LARGEST_CLIENT_CONTEXT = 3583
# A version or an alias, as that page has it.
_QUALIFIER = re.compile(r"[a-zA-Z0-9$_-]{1,128}")


def refused_environment(where: Origin | None) -> UsageError:
    """The error for variables that are set for one invocation."""
    return UsageError(
        Diagnostic(
            "environment variables can't be set on AWS: a deployed function has its own",
            where,
            "",
            ("--ignore-env leaves them out",),
        )
    )


def check_context(context: ContextOverride, where: Origin | None) -> None:
    """Only the client context can be sent along. Raises UsageError."""
    problems: list[Diagnostic] = []
    for name, value in context._asdict().items():
        if value is None or name == "client_context":
            continue
        if name == "replacement":
            problem = "the context of a deployed function can't be replaced"
        elif name == "attributes":
            problem = "the context of a deployed function can't be given attributes"
        else:
            problem = f"`{name}` of the context can't be chosen on AWS"
        problems.append(Diagnostic(problem, where, "only `client_context` is sent along"))
    if context.client_context is not None:
        size = -(-len(context.client_context.encode()) // 3) * 4
        if size > _LARGEST_CLIENT_CONTEXT:
            most = _LARGEST_CLIENT_CONTEXT
            problem = f"the client context has {size} bytes as base64, and Lambda takes at most {most}"
            problems.append(Diagnostic(problem, where))
    if problems:
        raise UsageError(*problems)


def check_qualifier(text: str) -> None:
    """Raises UsageError for what is neither a version nor an alias."""
    if not _QUALIFIER.fullmatch(text):
        problem = f"--qualifier takes a version or an alias, not `{text}`"
        raise UsageError(Diagnostic(problem, notes=("as in --qualifier 12 or --qualifier live",)))


def check_qualifier_is_used(cases: Sequence[Case]) -> None:
    """Raises UsageError where none of the cases runs on AWS, so that --qualifier would say nothing."""
    invocations = [case.invocation for case in cases if case.invocation is not None]
    if not invocations or any(one.backend == "aws" for one in invocations):
        return
    problem = "--qualifier is about functions on AWS, and no scenario runs there"
    raise UsageError(Diagnostic(problem, notes=("to invoke what is deployed: --backend aws",)))


def left_unchecked(cases: Sequence[Case]) -> tuple[Diagnostic, ...]:
    """A warning where --warm-check can't be done for some; raises UsageError where it can for none."""
    invocations = [case.invocation for case in cases if case.invocation is not None]
    remote = sum(one.backend == "aws" for one in invocations)
    if not remote:
        return ()
    why = "which workers serve deployed functions is up to AWS"
    if remote == len(invocations):
        raise UsageError(Diagnostic("--warm-check can't check functions on AWS", notes=(why,)))
    problem = f"--warm-check leaves out {plural(remote, 'scenario')} on AWS"
    return (Diagnostic(problem, notes=(why,), severity="warning"),)
