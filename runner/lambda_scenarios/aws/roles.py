"""The role of a function, assumed: short-lived keys for the function's environment, and for nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_scenarios.aws.failures import LookupFailed
from lambda_scenarios.aws.lookups import Lookups
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.runtimes.identity import Keys

if TYPE_CHECKING:
    from lambda_scenarios.model.function import Function

_SESSION = "lambda-scenarios"  # in CloudTrail, who it was
# What a role allows where nobody has changed it; a suite may take longer than the least, 15 minutes.
_SECONDS = 3600
_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:role/(?:.*/)?(?P<name>[^/]+)")
_SESSION_ARN = re.compile(r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/")


def is_role(arn: str) -> bool:
    """Whether a text is the ARN of a role of IAM."""
    return _ROLE_ARN.fullmatch(arn) is not None


class Roles:
    """Assumes each role once a run. `arn` is the role to take for all functions; None: each its own."""

    def __init__(self, environ: Mapping[str, str], profile: str | None, arn: str | None) -> None:
        self._lookups = Lookups(environ, profile)
        self._arn = arn
        self._keys: dict[tuple[str, str], Keys | MissingPart] = {}

    def keys(self, function: Function) -> Keys:
        """Keys of the function's role. Raises MissingPart where it isn't known, or can't be assumed."""
        lookups = self._lookups.of_profile(self._profile_of(function))
        region = function.service.region
        arn = self._arn or function.role or self._deployed(lookups, function)
        known = self._keys.get((arn, region))
        if known is None:
            try:
                known = _assumed(lookups, arn, region)
            except MissingPart as missing:
                known = missing
            self._keys[arn, region] = known
        if isinstance(known, MissingPart):
            raise known
        return known

    def _profile_of(self, function: Function) -> str | None:
        return self._lookups.profile or function.service.profile

    def _deployed(self, lookups: Lookups, function: Function) -> str:
        """The role of the deployed function."""
        try:
            found = lookups.ask(
                "lambda",
                function.service.region,
                "GetFunctionConfiguration",
                FunctionName=function.name,
            )
        except LookupFailed as failure:
            reason = failure.reason
            if failure.code == "ResourceNotFoundException":
                reason = f"there is no function {function.name} in {function.service.region}"
            raise _refused(
                f"the role of `{function.key}` isn't known: {reason}",
                (
                    *failure.notes,
                    "it is that of `provider.iam.role`, or of the deployed function",
                    "another can be given: --assume-role ARN",
                ),
            ) from None
        return str(found["Role"])


def _assumed(lookups: Lookups, arn: str, region: str) -> Keys:
    try:
        answer = lookups.ask(
            "sts",
            region,
            "AssumeRole",
            RoleArn=arn,
            RoleSessionName=_SESSION,
            DurationSeconds=_SECONDS,
        )
    except LookupFailed as failure:
        notes = failure.notes
        if failure.code in ("AccessDenied", "AccessDeniedException"):
            notes = _ways_out(lookups, arn, region)
        raise _refused(f"the role {arn} can't be assumed: {failure.reason}", notes) from None
    found = answer["Credentials"]
    return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], arn)


def _refused(problem: str, notes: tuple[str, ...]) -> MissingPart:
    return MissingPart(problem, notes, skippable=False)


def _ways_out(lookups: Lookups, arn: str, region: str) -> tuple[str, ...]:
    """What to add where: most roles of functions trust Lambda alone, as they should."""
    try:
        caller = str(lookups.ask("sts", region, "GetCallerIdentity")["Arn"])
    except LookupFailed:
        return ()
    principal = _principal(caller)
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    addition = "add this statement to its trust policy:"
    text = json.dumps(statement)  # a note of its own, to be copied as it is
    trusted = _trusted(lookups, arn, region)
    if trusted is None:
        return (
            f"you are {caller}",
            f"a function's role usually trusts Lambda alone: {addition}",
            text,
            f"or your own policy doesn't allow sts:AssumeRole on {arn}",
        )
    if principal in trusted:
        return (
            f"its trust policy names {principal}:",
            f"your own policy has to allow sts:AssumeRole on {arn}",
        )
    if trusted == {"lambda.amazonaws.com"}:
        return (f"its trust policy names Lambda alone: {addition}", text)
    return (f"its trust policy doesn't name {caller}: {addition}", text)


def _principal(caller: str) -> str:
    """Who has to be trusted so that the caller is: a session is trusted by its role, and the role of single
    sign-on, whose ARN has a path that the session's lacks, by its account."""
    session = _SESSION_ARN.match(caller)
    if session is None:
        return caller
    partition, account, role = session.group("partition", "account", "role")
    if role.startswith("AWSReservedSSO_"):
        return f"arn:{partition}:iam::{account}:root"
    return f"arn:{partition}:iam::{account}:role/{role}"


def _trusted(lookups: Lookups, arn: str, region: str) -> set[str] | None:
    """Whom the trust policy of a role names; None where it can't be read."""
    match = _ROLE_ARN.fullmatch(arn)
    if match is None:
        return None
    try:
        role = lookups.ask("iam", region, "GetRole", RoleName=match["name"])["Role"]
        policy: Any = role["AssumeRolePolicyDocument"]
    except (LookupFailed, KeyError):
        return None
    found: set[str] = set()
    statements = policy.get("Statement", []) if isinstance(policy, dict) else []
    for statement in statements if isinstance(statements, list) else [statements]:
        principals = statement.get("Principal", {}) if isinstance(statement, dict) else {}
        for names in principals.values() if isinstance(principals, dict) else [principals]:
            found.update(names if isinstance(names, list) else [names])
    return found
