"""Dynamic references of CloudFormation, `{{resolve:service:reference}}`, inside of texts.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from lambda_scenarios.aws.failures import LookupFailed
from lambda_scenarios.aws.lookups import Lookups

_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


def replaced(text: str, dynamic: Callable[[str, str], str]) -> str:
    """`text` with what `dynamic(service, reference)` gives for each reference."""
    return _REFERENCE.sub(lambda match: dynamic(match[1], match[2]), text)


def look_up(lookups: Lookups, region: str, service: str, reference: str) -> str:
    """The value that a reference stands for. Raises LookupFailed."""
    if service == "secretsmanager":
        return _of_secret(lookups, region, reference)
    # A version behind the name stays there: SSM takes `name:version` as a name.
    found = lookups.ssm(reference, region)
    if found is None:
        raise LookupFailed(f"there is no parameter {reference} in {region}")
    if found.type == "SecureString" and service == "ssm":
        raise LookupFailed(
            f"{reference} is a SecureString, which `{{{{resolve:ssm:…}}}}` doesn't read",
            ("`${ssm:…}` of the Framework does",),
        )
    return found.value


def _of_secret(lookups: Lookups, region: str, reference: str) -> str:
    """`secret-id:SecretString:json-key:version-stage:version-id`; the id may be an ARN."""
    parts = reference.split(":")
    if parts[0] == "arn":
        parts = [":".join(parts[:7]), *parts[7:]]
    name, kind, key, stage, version = (*parts, "", "", "", "")[:5]
    if kind not in ("", "SecretString"):
        raise LookupFailed(f"`{kind}` can't be read of a secret, only SecretString")
    text = lookups.secret(name, region, stage=stage, version=version)
    if not key:
        return text
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict) or key not in values:
        raise LookupFailed(f"the secret {name} has no key `{key}`")
    value = values[key]
    return value if isinstance(value, str) else json.dumps(value)
