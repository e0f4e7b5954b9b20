"""One invocation of a deployed function: sent, and sent again where AWS refused to begin it.

A request that AWS may have begun is never sent again: what a function does twice can't be undone.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore import exceptions as of_botocore

from lambda_scenarios.aws.reasons import Call, code_of, explain, is_of_network, message_of

if TYPE_CHECKING:
    from lambda_scenarios.aws.failures import LookupFailed
    from lambda_scenarios.model.remote import RemoteCall, RemoteSpec

# Seconds. The first waits at most so long before it tries again; no wait is longer than the last.
_FIRST_WAIT = 0.25
_LONGEST_WAIT = 10.0
# So long (seconds) a request is refused before it is given up, if meanwhile no other has been answered.
PATIENCE = 60.0

# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors: what passes by itself.
_PASSING = frozenset(
    (
        *("TooManyRequestsException", "ServiceException", "EC2ThrottledException"),
        *("ResourceConflictException", "ResourceNotReadyException", "SnapStartNotReadyException"),
    )
)
# The same page: what is the matter with the function itself, though the status says that it is the server.
_LASTING = frozenset(
    (
        *("EC2AccessDeniedException", "EC2UnexpectedException", "ENILimitReachedException"),
        *("InvalidRuntimeException", "InvalidSecurityGroupIDException", "InvalidSubnetIDException"),
        *("InvalidZipFileException", "KMSAccessDeniedException", "KMSDisabledException"),
        *("KMSInvalidStateException", "KMSNotFoundException", "SnapStartException"),
        *("SubnetIPAddressLimitReachedException",),
    )
)
# Of 429: the function has a limit of its own, and what others are answered says nothing about it.
_OF_THE_FUNCTION = "ReservedFunctionConcurrentInvocationLimitExceeded"
# What the next invocation of the same function would be answered too.
_OF_ALL_CALLS = frozenset(("ResourceNotFoundException", "AccessDeniedException"))
_NOT_SENT = (
    of_botocore.EndpointConnectionError,
    of_botocore.ConnectTimeoutError,
    of_botocore.ProxyConnectionError,
)

_BROKEN = (
    of_botocore.ConnectionClosedError,
    of_botocore.ResponseStreamingError,
    of_botocore.IncompleteReadError,
)
_PERHAPS = "it may have run, and is therefore not invoked again"


class Answer(NamedTuple):
    """An answer of Lambda's. `is_error` is its `FunctionError`; `tail` is empty where it sent no log."""

    payload: bytes
    is_error: bool
    tail: bytes
    request_id: str
    started_at: float  # seconds since the epoch, when the request was sent
    took_ms: float  # until the answer was here


class Unanswered(NamedTuple):
    """None came in time; the function may still run."""

    started_at: float
    waited_ms: float


class Refused(NamedTuple):
    """It was not invoked, or it can't be known what became of it."""

    problem: str


Result = Answer | Unanswered | Refused


class Standing:
    """What the calls of a run know of each other, from several threads: each attribute is set at once."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.ending = threading.Event()
        self._hopeless: dict[tuple[object, ...], str] = {}
        self._answered: dict[tuple[object, ...], float] = {}

    def hopeless(self, spec: RemoteSpec) -> str | None:
        """Why no request to this function, or to none of its account and region, can succeed."""
        return self._hopeless.get(spec) or self._hopeless.get(_place(spec))

    def give_up(self, spec: RemoteSpec, problem: str, *, all_there: bool) -> None:
        self._hopeless[_place(spec) if all_there else spec] = problem

    def answered(self, spec: RemoteSpec) -> None:
        self._answered[spec] = self._answered[_place(spec)] = time.monotonic()

    def last_answer(self, spec: RemoteSpec, *, of_function: bool) -> float:
        """When (time.monotonic) Lambda last answered an invocation of this function, or any one there; 0:
        never."""
        return self._answered.get(spec if of_function else _place(spec), 0.0)


def _place(spec: RemoteSpec) -> tuple[object, ...]:
    return (spec.profile, spec.region)


def invoke(client: Any, spec: RemoteSpec, call: RemoteCall, event: bytes, standing: Standing) -> Result:
    """Invokes, to the end; blocks. `client` is botocore's, and retries nothing by itself."""
    parameters: dict[str, Any] = {"FunctionName": spec.name, "Payload": event, "LogType": "Tail"}
    if spec.qualifier is not None:
        parameters["Qualifier"] = spec.qualifier
    if call.client_context is not None:
        parameters["ClientContext"] = call.client_context
    first: float | None = None
    tries = 0
    while not standing.ending.is_set():
        hopeless = standing.hopeless(spec)
        if hopeless is not None:
            return Refused(hopeless)
        started_at, began = time.time(), time.monotonic()
        first = began if first is None else first
        try:
            response = client.invoke(**parameters)
            standing.answered(spec)
            return _answer(response, started_at, began)
        except Exception as error:  # noqa: BLE001 - botocore raises ValueError and OSError as well
            outcome = _failed(error, spec, first, tries, standing)
            if isinstance(outcome, Unanswered):
                return Unanswered(started_at, (time.monotonic() - began) * 1000)
            if isinstance(outcome, Refused):
                return outcome
            tries += 1
            standing.ending.wait(outcome)
    return Refused("the run has ended")


def _answer(response: Mapping[str, Any], started_at: float, began: float) -> Answer:
    import base64

    payload: bytes = response["Payload"].read()
    took_ms = (time.monotonic() - began) * 1000
    metadata = response.get("ResponseMetadata") or {}
    return Answer(
        payload=payload,
        is_error=bool(response.get("FunctionError")),
        tail=base64.b64decode(response.get("LogResult") or ""),
        request_id=str(metadata.get("RequestId") or ""),
        started_at=started_at,
        took_ms=took_ms,
    )


def _failed(
    error: Exception, spec: RemoteSpec, first: float, tries: int, standing: Standing
) -> Refused | Unanswered | float:
    """What to do after an attempt that failed: give up, or wait (seconds) and try again."""
    if isinstance(error, (of_botocore.ReadTimeoutError, TimeoutError)):
        return Unanswered(0.0, 0.0)
    failure = explain(error, Call("lambda", spec.region, "Invoke", spec.profile))
    passing = _passes(error)
    if passing or isinstance(error, _NOT_SENT):
        of_function = _reason(error) == _OF_THE_FUNCTION
        last = standing.last_answer(spec, of_function=of_function)
        # AWS was never reached at all: there is no network, which one more attempt makes sure of.
        reachable = passing or last > 0 or (tries == 0 and _is_quick(error))
        if reachable and time.monotonic() - max(first, last) < standing.patience:
            return _wait(error, tries)
        if passing:
            return Refused(_worn_out(error, spec, time.monotonic() - max(first, last)))
    problem = _told(error, failure, spec)
    # A connection that breaks says nothing about others, where some have held.
    broken = is_of_network(error) and standing.last_answer(spec, of_function=False) > 0
    if failure.general and not broken and not isinstance(error, _BROKEN):
        standing.give_up(spec, problem, all_there=True)
    elif code_of(error) in _OF_ALL_CALLS:
        standing.give_up(spec, problem, all_there=False)
    return Refused(problem)


def _passes(error: Exception) -> bool:
    """Did AWS refuse it for a reason that passes by itself?"""
    if not isinstance(error, of_botocore.ClientError):
        return False
    code = code_of(error)
    status = _status(error)
    return code in _PASSING or status == 429 or (status in (500, 503) and code not in _LASTING)


def _status(error: Exception) -> int:
    """Of HTTP; 0 where nobody answered."""
    if not isinstance(error, of_botocore.ClientError):
        return 0
    return int((error.response.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0)


def _is_quick(error: Exception) -> bool:
    return not isinstance(error, of_botocore.ConnectTimeoutError)


def _reason(error: Exception) -> str:
    """Which limit a 429 is about."""
    return str(error.response.get("Reason") or "") if isinstance(error, of_botocore.ClientError) else ""


def _wait(error: Exception, tries: int) -> float:
    """Seconds: longer each time, at random, so that those refused together don't come back together."""
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries, 10))
    waited = random.uniform(longest / 2, longest)  # noqa: S311 - no secret
    headers: Mapping[str, str] = {}
    if isinstance(error, of_botocore.ClientError):
        headers = (error.response.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    asked = headers.get("retry-after", "")
    return max(waited, min(float(asked), _LONGEST_WAIT)) if asked.isdecimal() else waited


def _worn_out(error: Exception, spec: RemoteSpec, seconds: float) -> str:
    reason, code = _reason(error), code_of(error)
    what = f"{code}, {reason}" if reason else code
    lines = [f"AWS did not invoke {spec.shown} in {spec.region} for {seconds:.0f} seconds: {what}"]
    if message := message_of(error):
        lines.append(f"AWS says: {message}")
    if code == "TooManyRequestsException" and reason == _OF_THE_FUNCTION:
        lines.append("its reserved concurrency is used up, or 0")
    elif code == "TooManyRequestsException":
        lines.append("fewer at once: -j N")
    return "\n".join(lines)


def _told(error: Exception, failure: LookupFailed, spec: RemoteSpec) -> str:
    code = code_of(error)
    if code == "ResourceNotFoundException":
        which = f" with the qualifier {spec.qualifier}" if spec.qualifier else ""
        problem = f"there is no function {spec.name}{which} in {spec.region}"
        notes: tuple[str, ...] = (
            f"deploy it (stage {spec.stage}), or choose what is deployed: --stage, --region, --aws-profile",
        )
        if spec.qualifier:
            notes = (*notes, "--qualifier takes a version or an alias that is published")
    elif isinstance(error, _BROKEN):
        problem, notes = f"the connection broke off before {spec.shown} had answered", (_PERHAPS,)
    else:
        # What is general is told once, whichever function came first.
        what = "deployed functions" if failure.general else spec.shown
        problem, notes = f"{what} can't be invoked: {failure.reason}", failure.notes
        if _status(error) >= 500 and code not in _LASTING:
            notes = (*notes, _PERHAPS)  # something between here and Lambda may have said so
    return "\n".join((problem, *notes))
