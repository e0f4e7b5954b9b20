"""The variable sources that AWS answers: `ssm`, `cf`, `s3`, `aws`.

Each follows the Serverless Framework, version 3
(lib/configuration/variables/sources/instance-dependent/get-*.js). What isn't there is left to the next
fallback; what can't be looked up is an error, also where a fallback follows.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lambda_scenarios.aws.failures import LookupFailed, NoSuchStack
from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.variables import Asked, Located, Missing, Resolver, Source, SourceError

if TYPE_CHECKING:
    from lambda_scenarios.aws.lookups import Lookups
    from lambda_scenarios.model.values import Json

# `${ssm:/path~true}` and `${cf.eu-west-1:stack.Output}`, as in version 1 and 2 of the Framework.
_MODIFIER = re.compile(r"~(true|false|split|raw)$")
_WITH_REGION = re.compile(r"(ssm|cf|s3)\.([a-z0-9-]+)")


def _ssm(resolver: Resolver, asked: Asked) -> Located | Missing:
    """`${ssm(region, raw, noDecrypt):name}`: a list of StringList, JSON of SecureString, unless raw."""
    name = asked.address
    if not name:
        raise SourceError("the name of a parameter is missing", "as in ${ssm:/path/name}")
    if modifier := _MODIFIER.search(name):
        raise SourceError(*_new_way(name[: modifier.start()], modifier[1]))
    words = [text_in_text(param) for param in asked.params]
    region = next((word for word in words if word and word not in ("raw", "noDecrypt")), None)
    region = region or resolver.region()
    try:
        found = _lookups(resolver).ssm(name, region, decrypt="noDecrypt" not in words)
    except LookupFailed as failure:
        raise _refused(failure, asked) from None
    if found is None:
        return Missing(
            f"there is no parameter {name} in {region}",
            f"create it, or give a fallback: ${{ssm:{name}, 'value'}}",
            _way_out(asked),
        )
    return Located(found.value if "raw" in words else _value(found.type, found.value), asked.origin)


def _value(kind: str, text: str) -> Json:
    if kind == "StringList":
        return list(text.split(","))
    if kind == "SecureString" and text.startswith("{"):
        try:
            parsed: Json = json.loads(text)
        except ValueError:
            return text
        return parsed
    return text


def _new_way(name: str, modifier: str) -> tuple[str, str]:
    new = f"${{ssm(raw):{name}}}" if modifier == "raw" else f"${{ssm:{name}}}"
    if modifier == "false":
        new = f"${{ssm(noDecrypt):{name}}}"
    return f"`~{modifier}` is the way of version 2 of the Framework", f"write `{new}`"


def _cf(resolver: Resolver, asked: Asked) -> Located | Missing:
    """`${cf(region):stack.Output}`: an output of a deployed stack."""
    stack, dot, output = asked.address.partition(".")
    if not (stack and dot and output):
        raise SourceError(f"`{asked.address}` names no output of a stack", "as in ${cf:stack.Output}")
    region = (text_in_text(asked.params[0]) if asked.params else None) or resolver.region()
    try:
        outputs = _lookups(resolver).outputs(stack, region)
    except NoSuchStack as failure:
        return Missing(failure.reason, "deploy it, or give another stage or region", _way_out(asked))
    except LookupFailed as failure:
        raise _refused(failure, asked) from None
    if output not in outputs:
        close = did_you_mean(output, tuple(outputs))
        label = f"did you mean `{close}`?" if close else "its outputs: " + (", ".join(outputs) or "none")
        return Missing(f"the stack {stack} in {region} has no output `{output}`", label, _way_out(asked))
    return Located(outputs[output], asked.origin)


def _s3(resolver: Resolver, asked: Asked) -> Located | Missing:
    """`${s3:bucket/key}`: an object as text."""
    bucket, slash, key = asked.address.partition("/")
    if not (bucket and slash and key):
        raise SourceError(f"`{asked.address}` names no object", "as in ${s3:bucket/key}")
    try:
        text = _lookups(resolver).s3_text(bucket, key, resolver.region())
    except LookupFailed as failure:
        raise _refused(failure, asked) from None
    if text is None:
        return Missing(f"there is no {key} in the bucket {bucket}", "", _way_out(asked))
    return Located(text, asked.origin)


def _aws(resolver: Resolver, asked: Asked) -> Located | Missing:
    """`${aws:accountId}` of the credentials; `${aws:region}` of the service."""
    if asked.address == "region":
        return Located(resolver.region(), asked.origin)
    if asked.address != "accountId":
        raise SourceError(f"`aws` knows `accountId` and `region`, not `{asked.address}`")
    try:
        return Located(_lookups(resolver).account_id(resolver.region()), asked.origin)
    except LookupFailed as failure:
        raise _refused(failure, asked) from None


AWS_SOURCES: dict[str, Source] = {"ssm": _ssm, "cf": _cf, "s3": _s3, "aws": _aws}


def old_form(source: str) -> tuple[str, str] | None:
    """What is wrong with `ssm.eu-west-1` and the like, and how it is written now; None for other names."""
    match = _WITH_REGION.fullmatch(source)
    if match is None:
        return None
    now = f"${{{match[1]}({match[2]}):…}}" if match[1] != "s3" else "${s3:…}"
    return "a region in the name is the way of version 2 of the Framework", f"write `{now}`"


def _lookups(resolver: Resolver) -> Lookups:
    return resolver.settings.lookups.of_profile(resolver.profile())


def _refused(failure: LookupFailed, asked: Asked) -> SourceError:
    notes = (*failure.notes, *_way_out(asked))
    return SourceError(failure.reason, "", notes, general=failure.general)


def _way_out(asked: Asked) -> tuple[str, ...]:
    return (
        f"without AWS: `resolve: {{'{asked.source}:{asked.address}': value}}` in the scenario file,",
        "or write `${param:name}` here and pass --param name=value",
    )
