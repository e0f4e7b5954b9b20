"""What `doctor` says of AWS: whose credentials there are, found without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.session import Session

from lambda_scenarios.aws.session import environment
from lambda_scenarios.runtimes.runtime import Found

_ADVICE = "aws configure (or aws sso login), AWS_PROFILE, or the keys in the environment"
# Where CI and containers have them: the first that is set.
_PLACES = (
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "a web identity"),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "the container's role"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "the container's role"),
)


def inspect(environ: Mapping[str, str]) -> Found:
    """The credentials that an SDK would take first, and the region; nothing is fetched, and nothing shown of
    them but where they are from."""
    with environment(environ):
        chosen = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
        session = Session()
        profiles = session.available_profiles
        source = _source(environ, chosen, profiles)
        region = None
        if chosen is None or chosen in profiles:
            region = environ.get("AWS_REGION") or session.get_config_variable("region")
    if source is None:
        what = f"no profile `{chosen}`; " if chosen else ""
        return Found("aws", None, None, f"{what}{_ADVICE}")
    more = (f"region {region}",) if region else ("no region: that of the service holds",)
    return Found("aws", "found", source, "", more)


def _source(environ: Mapping[str, str], chosen: str | None, profiles: list[str]) -> str | None:
    if environ.get("AWS_ACCESS_KEY_ID"):
        return "keys of the shell"
    if chosen is not None:
        return f"profile {chosen}" if chosen in profiles else None
    for name, what in _PLACES:
        if environ.get(name):
            return what
    if "default" in profiles:
        return "profile default"
    return None
