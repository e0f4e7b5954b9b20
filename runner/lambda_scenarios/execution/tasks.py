"""From an invocation to the task that a worker is given: its headers, or what a request to AWS needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.execution.plan import Task

if TYPE_CHECKING:
    from lambda_scenarios.model.function import Function
    from lambda_scenarios.model.remote import RemoteCall
    from lambda_scenarios.model.scenario import ContextOverride, Invocation


def task_of(number: int, invocation: Invocation) -> Task:
    """The task of the case of that number."""
    context = invocation.context
    remaining = context.remaining_time_ms
    return Task(
        case=number,
        event=invocation.event,
        timeout=invocation.timeout,
        remaining_ms=invocation.timeout * 1000 if remaining is None else remaining,
        fixed=_headers(invocation.function, context),
        request_id=context.aws_request_id,
        remote=_call(invocation),
    )


def _call(invocation: Invocation) -> RemoteCall | None:
    if invocation.backend != "aws":
        return None
    from lambda_scenarios.execution.deployed import call_of

    return call_of(invocation)


def _arn(function: Function, context: ContextOverride) -> str:
    """The ARN that the function is invoked by."""
    name = context.function_name or function.name
    return context.invoked_function_arn or (
        f"arn:aws:lambda:{function.service.region}:123456789012:function:{name}"
    )


def _headers(function: Function, context: ContextOverride) -> bytes:
    lines = [f"Lambda-Runtime-Invoked-Function-Arn: {_arn(function, context)}"]
    if context.client_context is not None:
        lines.append(f"Lambda-Runtime-Client-Context: {context.client_context}")
    if context.identity is not None:
        lines.append(f"Lambda-Runtime-Cognito-Identity: {context.identity}")
    if context.replacement is not None:
        lines.append(f'Lambda-Scenarios-Context: {{"replace": {context.replacement}}}')
    elif context.attributes is not None:
        lines.append(f'Lambda-Scenarios-Context: {{"set": {context.attributes}}}')
    # The texts are JSON of ASCII, without line ends; an ARN of a scenario's own may hold anything.
    return "".join(line.replace("\r", " ").replace("\n", " ") + "\r\n" for line in lines).encode()
