"""What may lie behind a failure that names no cause: AWS refused the function's credentials, or the SDK that
Lambda brings with it isn't here (pure)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambda_scenarios.model.outcome import BackendFailed, Outcome, Returned

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_scenarios.model.expectation import Evaluation, Snapshot
    from lambda_scenarios.model.scenario import Credentials

# How AWS's services answer a key that they don't know. S3's and the query services' words differ.
_UNKNOWN_KEY = re.compile(
    r"UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignatureException"
    r"|SignatureDoesNotMatch|AuthFailure\b|security token included in the request is invalid"
    r"|security token in(?:cluded in)? the request is invalid|Access Key Id you provided does not exist"
)
_EXPIRED = re.compile(
    r"ExpiredToken(?:Exception)?\b|RequestExpired\b|security token included in the request is expired"
)
_DENIED = re.compile(r"AccessDenied(?:Exception)?\b|UnauthorizedOperation\b|is not authorized to perform")
# How the SDKs say that they found none: botocore, AWS SDK for JavaScript 3 and 2, for Java, for Go.
_NONE_FOUND = re.compile(
    r"NoCredentialsError|Unable to locate credentials|CredentialsProviderError|Could not load credentials"
    r"|Missing credentials in config|Unable to load credentials|failed to refresh cached credentials"
)


# What Lambda's own runtimes have beside the client, and how a program says that it isn't there.
# Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html (the notes on each runtime's SDK).
_NO_SDK = re.compile(
    r"No module named '(?P<python>boto3|botocore)\b"
    r"|Cannot find (?:module|package) '(?P<node>(?:@aws-sdk|@smithy)/[\w.-]+)"
    r"|cannot load such file -- (?P<ruby>aws-sdk[\w-]*)"
)
_INSTALL = {
    "python": "pip install {} (into the service's .venv, or the interpreter that runs it)",
    "node": "npm install --save-dev {}",
    "ruby": "gem install {} (or in the Gemfile)",
}


def hint(outcome: Outcome, credentials: Credentials) -> str | None:
    """What to try, where the outcome of a failed scenario looks as if AWS had refused the function, or
    its SDK were missing."""
    text = _text(outcome)
    missing = _NO_SDK.search(text)
    if missing is not None and missing.lastgroup is not None:
        install = _INSTALL[missing.lastgroup].format(missing.group(missing.lastgroup))
        return f"Lambda brings the AWS SDK with it, this machine does not:\n{install}"
    if credentials == "none":
        if _UNKNOWN_KEY.search(text) or _NONE_FOUND.search(text):
            return (
                "AWS was called with made-up keys, so that no run touches an account by accident.\n"
                "`credentials: inherit` (--credentials inherit) gives the function the user's own,\n"
                "`credentials: role` those of its role; AWS_ENDPOINT_URL leads to an emulated AWS"
            )
        return None
    if _NONE_FOUND.search(text):
        return "the SDK found no credentials: `aws configure`, `aws sso login`, or --aws-profile NAME"
    if _EXPIRED.search(text):
        return "the credentials have expired: log in again, as by `aws sso login`"
    if _DENIED.search(text) and credentials == "inherit":
        return (
            "the function ran under the user's identity, whose permissions are not those of its role:\n"
            "`credentials: role` (--assume-role) runs it under the role"
        )
    return None


def of_snapshot(
    snapshot: Snapshot, evaluation: Evaluation, scenario_id: str, shown: Callable[[str], str]
) -> str | None:
    """How the result becomes the snapshot, where they differ; `shown` shortens paths."""
    differing = [mismatch.expectation.endswith(".snapshot") for mismatch in evaluation.mismatches]
    if not any(differing):
        return None
    if snapshot.use == "record":
        return "it returned something else before, in this very scenario: no snapshot is stored"
    from lambda_scenarios.model.values import Origin
    from lambda_scenarios.reports.text import shell_quote
    from lambda_scenarios.scenarios.yaml_source import locate

    command = f"lambda-scenarios run {shell_quote(scenario_id)} --update-snapshots"
    if snapshot.use == "require":
        where = f"with CI set, none is written; this stores it in {shown(snapshot.file)}"
    else:
        place = locate(Origin(snapshot.file, (snapshot.key,)).as_key())
        where = f"the snapshot stands in {shown(place.file)}:{place.line}; this accepts what was found"
    if not all(differing):
        where += " (once the other expectations hold)"
    return f"{where}:\n{command}"


def _text(outcome: Outcome) -> str:
    """Everything that was said: the error, the result (errors are often caught and answered), the logs."""
    ending = outcome.ending
    logs = (outcome.init_logs + outcome.logs).decode("utf-8", "replace")
    if isinstance(ending, Returned):
        return f"{ending.payload.decode('utf-8', 'replace')}\n{logs}"
    if isinstance(ending, BackendFailed):
        return ""
    return f"{ending.error_type}: {ending.message}\n{logs}"
