"""What a scenario can't ask of a deployed function: refused before anything is sent, never ignored."""

from __future__ import annotations

import re

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.scenario import ContextOverride
from lambda_scenarios.model.values import Origin

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
