"""Errors of botocore and of AWS, in words: what is wrong, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from botocore import exceptions as of_botocore
from botocore.parsers import ResponseParserError

from lambda_scenarios.aws.failures import LookupFailed, unreadable

# What AWS's services answer in fact. The codes that they share:
# docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
_EXPIRED = frozenset(("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"))
_BAD_KEYS = frozenset(
    (
        *(
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
        ),
        *("InvalidSignatureException", "IncompleteSignature", "AuthFailure", "InvalidToken"),
        *("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
    )
)
_DENIED = frozenset(
    (
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "403",
        "Forbidden",
    )
)
THROTTLED = frozenset(
    (
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "SlowDown"),
        *("RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded"),
    )
)

# Actions of IAM that aren't called as the operation is.
_ACTIONS = {
    ("lambda", "GetLayerVersionByArn"): "lambda:GetLayerVersion",
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    ("cloudcontrol", "GetResource"): "cloudformation:GetResource",
}


class Call(NamedTuple):
    """What was asked. `profile` is the one that was chosen, None for what the SDK finds."""

    service: str
    region: str
    operation: str  # as in the API: GetParameter
    profile: str | None


def explain(error: Exception, call: Call) -> LookupFailed:
    """What an exception of botocore says about a call."""
    code = code_of(error)
    if code:
        failure = _answered(code, message_of(error), call)
        failure.code = code
        return failure
    for kinds, reason_of in _REASONS:
        if isinstance(error, kinds):
            return reason_of(error, call)
    return LookupFailed(f"AWS could not be asked: {one_line(str(error))}")


def code_of(error: Exception) -> str:
    """The error code of AWS, "" where AWS did not answer."""
    return str(_answer(error).get("Code") or "")


def message_of(error: Exception) -> str:
    """What AWS says of an error, on one line."""
    return one_line(str(_answer(error).get("Message") or ""))


def is_unanswered(error: Exception) -> bool:
    """Whether a connection or a request was never answered, which takes its whole time out, each time."""
    return isinstance(error, (of_botocore.ConnectTimeoutError, of_botocore.ReadTimeoutError))


def is_of_network(error: Exception) -> bool:
    """Whether AWS was not reached at all."""
    return isinstance(error, _NETWORK)


def one_line(text: str) -> str:
    return " ".join(text.split())


def _answer(error: Exception) -> Mapping[str, object]:
    if isinstance(error, of_botocore.ClientError):
        answer: Mapping[str, object] = error.response.get("Error") or {}
        return answer
    return {}


def _answered(code: str, message: str, call: Call) -> LookupFailed:
    if code in _EXPIRED:
        return _general(f"the AWS credentials{_of(call)} have expired", f"get new ones: {_sign_in(call)}")
    if code in _BAD_KEYS:
        reason = f"AWS does not accept the credentials{_of(call)} ({code})"
        return _general(reason, "`aws sts get-caller-identity` tells whether they work")
    if code == "RequestTimeTooSkewed":
        return _general("AWS refuses signatures by the clock of this machine", "set it right")
    if code in _DENIED:
        action = _ACTIONS.get((call.service, call.operation), f"{call.service}:{call.operation}")
        said = (f"AWS says: {message}",) if message else ()
        return LookupFailed(f"access denied{_of(call)}", (f"it needs the permission {action}", *said))
    if code in THROTTLED:
        return LookupFailed(f"AWS has too many requests for {call.service} in {call.region}")
    said_of_it = f"{code}: {message}" if message else code
    return LookupFailed(f"{call.operation} of {call.service} in {call.region} ends with {said_of_it}")


def _no_credentials(_error: Exception, call: Call) -> LookupFailed:
    if call.profile is not None:
        return _general(
            f"the profile `{call.profile}` has no AWS credentials",
            f"`aws configure --profile {call.profile}` sets them",
        )
    return _general(
        "there are no AWS credentials",
        "`aws configure` sets them; --aws-profile NAME takes those of a profile",
    )


def _no_profile(error: Exception, call: Call) -> LookupFailed:
    name = call.profile or getattr(error, "kwargs", {}).get("profile", "")
    return _general(
        f"there is no AWS profile `{name}`",
        "`aws configure list-profiles` lists what there is; --aws-profile NAME takes another",
    )


def _signed_out(_error: Exception, call: Call) -> LookupFailed:
    return _general(f"the AWS sign-in{_of(call)} is missing or over", f"sign in: {_sign_in(call)}")


def _not_had(error: Exception, call: Call) -> LookupFailed:
    return _general(f"the AWS credentials{_of(call)} can't be had: {one_line(str(error))}")


def _misconfigured(error: Exception, call: Call) -> LookupFailed:
    return _general(f"the configuration of AWS{_of(call)} can't be used: {one_line(str(error))}")


def _unreachable(error: Exception, _call: Call) -> LookupFailed:
    return _general(
        f"AWS can't be reached: {one_line(str(error))}", "is there a network, and does the region exist?"
    )


def _unreadable(_error: Exception, call: Call) -> LookupFailed:
    return unreadable(f"{call.service} in {call.region}")


def _general(reason: str, *notes: str) -> LookupFailed:
    return LookupFailed(reason, notes, general=True)


_NETWORK = (of_botocore.ConnectionError, of_botocore.HTTPClientError)

_REASONS: tuple[tuple[tuple[type[Exception], ...], Callable[[Exception, Call], LookupFailed]], ...] = (
    ((of_botocore.NoCredentialsError,), _no_credentials),
    ((of_botocore.ProfileNotFound,), _no_profile),
    (
        (
            of_botocore.SSOError,
            of_botocore.TokenRetrievalError,
            getattr(of_botocore, "LoginError", of_botocore.SSOError),  # of 2025
        ),
        _signed_out,
    ),
    (
        (
            of_botocore.CredentialRetrievalError,
            of_botocore.PartialCredentialsError,
            of_botocore.MetadataRetrievalError,
            of_botocore.RefreshWithMFAUnsupportedError,
        ),
        _not_had,
    ),
    (
        (
            of_botocore.ConfigNotFound,
            of_botocore.ConfigParseError,
            of_botocore.InvalidConfigError,
            of_botocore.InfiniteLoopConfigError,
            of_botocore.UnknownCredentialError,
            of_botocore.NoRegionError,
            of_botocore.InvalidRegionError,
        ),
        _misconfigured,
    ),
    (_NETWORK, _unreachable),
    # What botocore's parsers raise: the first is its own, the others are accidents.
    (
        (ResponseParserError, UnicodeDecodeError, AttributeError, LookupError, TypeError),
        _unreadable,
    ),
)


def _sign_in(call: Call) -> str:
    return f"`aws sso login --profile {call.profile}`" if call.profile else "`aws sso login`"


def _of(call: Call) -> str:
    return f" of profile `{call.profile}`" if call.profile else ""
