"""Whose AWS credentials a function sees: nobody's, the user's, or its role's (scenario-format.md)."""

import os
from collections.abc import Mapping
from typing import NamedTuple

# Keys that look like keys and open nothing, and no way to others: neither files nor the metadata endpoint.
_MADE_UP = {
    "AWS_ACCESS_KEY_ID": "AKIALOCALSCENARIOS00",
    "AWS_SECRET_ACCESS_KEY": "made-up-by-lambda-scenarios",
    "AWS_SESSION_TOKEN": "made-up-by-lambda-scenarios",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
# Where else an SDK looks: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html.
# In CI these are the usual ways: a web identity (OIDC), or the role of the container.
_ELSEWHERE = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_SDK_LOAD_CONFIG",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
)
# Everything that says which credentials an SDK takes.
_ALL = (*_KEYS, *_PROFILES, *_ELSEWHERE)


class Keys(NamedTuple):
    """Short-lived keys of a role. They go into the environment of its function, and nowhere else."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    arn: str  # of the role


class Identity(NamedTuple):
    """`variables` are all that a function's environment says of credentials (the shell's own are taken out);
    `shown` says in reports whose they are."""

    variables: tuple[tuple[str, str], ...]
    shown: str


MADE_UP = Identity(tuple(_MADE_UP.items()), "nobody's (made-up keys)")


def made_up(name: str, value: str) -> bool:
    """Whether a variable holds what this program made up, which is no secret."""
    return _MADE_UP.get(name) == value


def inherited(shell: Mapping[str, str], profile: str | None) -> Identity:
    """What the SDK finds for the default profile, or for `profile`, which wins over the shell's keys."""
    names = _ELSEWHERE if profile else _ALL
    variables = [(name, shell[name]) for name in names if name in shell]
    if profile:
        return Identity((*variables, ("AWS_PROFILE", profile)), f"the user's (profile {profile})")
    chosen = next((shell[name] for name in _PROFILES if shell.get(name)), "")
    if shell.get("AWS_ACCESS_KEY_ID"):
        shown = "the user's (keys of the shell)"
    elif chosen:
        shown = f"the user's (profile {chosen})"
    else:
        shown = "the user's (default profile)"
    return Identity(tuple(variables), shown)


def assumed(keys: Keys) -> Identity:
    """Those of a role."""
    return of_keys(keys.access_key_id, keys.secret_access_key, keys.session_token, f"the role {keys.arn}")


def of_keys(access_key_id: str, secret_access_key: str, session_token: str | None, shown: str) -> Identity:
    """These keys, and nothing else. Keys of a user have no token."""
    values = (access_key_id, secret_access_key, session_token)
    pairs = zip(_KEYS, values, strict=True)
    return Identity(tuple((name, value) for name, value in pairs if value is not None), shown)


def secrets_of_files(shell: Mapping[str, str]) -> list[str]:
    """The keys in AWS's configuration files, of all profiles: an SDK may find them, a function print them."""
    import re

    key = r"^\s*aws_(?:access_key_id|secret_access_key|session_token)\s*=\s*(\S+)"
    return re.findall(key, "\n".join(_files(shell)), re.MULTILINE)


def profiles(shell: Mapping[str, str]) -> list[str]:
    """The profiles that AWS's configuration files know, each once."""
    import re

    section = r"^\s*\[\s*(?:profile\s+)?[\"']?([^\]\"']+?)[\"']?\s*\]"
    return list(dict.fromkeys(re.findall(section, "\n".join(_files(shell)), re.MULTILINE)))


def _files(shell: Mapping[str, str]) -> list[str]:
    """The texts of the two files, as far as they are there."""
    found: list[str] = []
    home = os.path.join(shell.get("HOME", ""), ".aws")
    for variable, name in (("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config")):
        path = os.path.expanduser(shell.get(variable) or os.path.join(home, name))
        try:
            with open(path, encoding="utf-8") as file:
                found.append(file.read())
        except (OSError, ValueError):
            continue
    return found


def without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment that says nothing of credentials."""
    return {name: value for name, value in environment.items() if name not in _ALL}
