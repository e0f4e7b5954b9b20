"""Functions of a service as tests in Python call them: what the fixture `lambda_function` of pytest gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.expectation import Expectation
from lambda_scenarios.model.outcome import BackendFailed, Returned
from lambda_scenarios.model.scenario import LARGEST_EVENT, ContextOverride, Invocation
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.model.variable import unfit
from lambda_scenarios.scenarios.build import as_text
from lambda_scenarios.scenarios.context_override import override_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from lambda_scenarios.model.function import Function
    from lambda_scenarios.model.outcome import Outcome
    from lambda_scenarios.scenarios.draft import Overrides
    from lambda_scenarios.scenarios.parts import Part

    class Caller(Protocol):
        """Who invokes: see `pytest_project.Project`."""

        def invoke(self, callee: Callee, call: Call) -> Result: ...


_NO_EVENT: Json = {}  # as of a scenario without one
_LONGEST = 999_999_999  # seconds: as of settings


class Unusable(Exception):
    """A file, an option, a function or a call that can't be used; the text says why."""


class LambdaError(Exception):
    """The function ended in an error: `error_type`, `error_message`, `stack` (lines), `logs`."""

    def __init__(self, error_type: str, error_message: str, stack: tuple[str, ...], logs: str) -> None:
        super().__init__(f"{error_type}: {error_message}" if error_message else error_type)
        self.error_type = error_type
        self.error_message = error_message
        self.stack = stack
        self.logs = logs


class Result(NamedTuple):
    """What an invocation returned. `output` is the parsed result; durations are milliseconds, `init_ms` None
    where the worker was warm."""

    output: Any
    logs: str
    duration_ms: float
    init_ms: float | None
    request_id: str


class Callee(NamedTuple):
    """A function, and what the project says of its invocations, as of a scenario where the test stands."""

    function: Function
    part: Part


class Call(NamedTuple):
    """What a test says of one invocation; None: nothing."""

    event: Json
    env: Mapping[str, Json] | None
    timeout: float | None
    context: Mapping[str, Json] | str | None


class LambdaFunction:
    """A function of a service, ready to be invoked."""

    def __init__(self, caller: Caller, callee: Callee) -> None:
        self._caller = caller
        self._callee = callee

    def __call__(self, event: Json = _NO_EVENT, **options: Any) -> Any:
        """The result of `invoke`. Raises LambdaError."""
        __tracebackhide__ = True
        return self.invoke(event, **options).output

    def invoke(
        self,
        event: Json = _NO_EVENT,
        *,
        env: Mapping[str, str | float | bool | None] | None = None,
        timeout: float | None = None,
        context: Mapping[str, Json] | str | None = None,
    ) -> Result:
        """One invocation. `env` goes over the function's own variables (None unsets), `timeout` is in
        seconds, `context` are fields of the mock context, as in a scenario: a mapping of them, or a text in
        its place. Raises LambdaError, and Unusable where nothing could be invoked."""
        __tracebackhide__ = True
        try:
            return self._caller.invoke(self._callee, Call(event, env, timeout, context))
        except BaseException as error:  # noqa: BLE001  # raised again, only shorter
            # How this package came to it tells a test nothing.
            raise error.with_traceback(None) from None


def invocation_of(callee: Callee, call: Call, overrides: Overrides, warnings: list[Diagnostic]) -> Invocation:
    """What is to be invoked: `overrides`, of the command line, go over what the test says, and that over
    the project's settings. Raises UsageError and Unusable; adds to `warnings`."""
    function, part = callee
    backend = part.backend()
    return Invocation(
        function=function,
        event=_event(call.event),
        context=_context(callee, call.context, backend, warnings),
        environment=_environment(callee, call.env, backend, overrides),
        timeout=_timeout(callee, call.timeout, overrides),
        expectation=Expectation((), None, Origin(function.service.file or "")),
        isolation=part.isolation(),
        credentials=part.credentials(),
        backend=backend,
    )


def _event(event: Json) -> bytes:
    try:
        text = json.dumps(event, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unusable(f"the event can't be written as JSON: {error}") from None
    try:
        data = text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can write by its number alone
        data = json.dumps(event).encode()
    if len(data) > LARGEST_EVENT:
        raise Unusable(f"the event has {len(data)} bytes, and Lambda takes at most {LARGEST_EVENT}")
    return data


def _context(
    callee: Callee, given: Mapping[str, Json] | str | None, backend: str, warnings: list[Diagnostic]
) -> ContextOverride:
    function, part = callee
    if given is None:
        return part.context(function)
    value: Json = given if isinstance(given, str) else dict(given)
    try:
        context = override_of(value, None, lambda _key: None, function, warnings)
    except TypeError as error:
        raise Unusable(f"the context can't be written as JSON: {error}") from None
    if backend == "aws":
        from lambda_scenarios.scenarios.on_aws import check_context

        check_context(context, None)
    return context


def _environment(
    callee: Callee, given: Mapping[str, Json] | None, backend: str, overrides: Overrides
) -> tuple[tuple[str, str | None], ...]:
    of_project = callee.part.environment()
    if not given:
        return of_project
    if backend == "aws":
        from lambda_scenarios.scenarios.on_aws import refused_environment

        if not overrides.ignore_env:
            raise refused_environment(None)
        return of_project
    said: dict[str, str | None] = {}
    for name, value in given.items():
        if value is not None and not isinstance(value, (str, bool, int, float)):
            raise Unusable(
                f"the environment variable `{name}` must be a text, not {type(value).__name__}: {value!r:.80}"
            )
        said[name] = None if value is None else as_text(value)
        problem = unfit(name, said[name])
        if problem:
            raise Unusable(problem)
    return tuple({**dict(of_project), **said, **dict(overrides.env)}.items())


def _timeout(callee: Callee, given: float | None, overrides: Overrides) -> float:
    if given is None or overrides.timeout is not None:
        return callee.part.timeout(callee.function.timeout)
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given <= _LONGEST:
        raise Unusable(f"`timeout` must be a number of seconds, more than 0, not {given!r:.80}")
    return float(given)


def result_of(outcome: Outcome, logs: str) -> Result:
    """Raises LambdaError, and Unusable where the function was not reached."""
    ending = outcome.ending
    if isinstance(ending, Returned):
        text = ending.payload.decode("utf-8", "replace")
        try:
            output = json.loads(text)
        except ValueError:
            output = text
        return Result(output, logs, outcome.duration_ms, outcome.init_ms, outcome.request_id)
    if isinstance(ending, BackendFailed):
        raise Unusable(ending.problem)
    raise LambdaError(ending.error_type, ending.message, getattr(ending, "stack", ()), logs)


def without_place(error: UsageError, file: str) -> UsageError:
    """The same, where what is wrong is said by the test in `file`: pytest shows its line."""
    return UsageError(
        *(
            one._replace(where=None) if isinstance(one.where, Origin) and one.where.file == file else one
            for one in error.diagnostics
        )
    )
