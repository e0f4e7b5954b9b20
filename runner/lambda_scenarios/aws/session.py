"""A botocore session that answers soon: short timeouts, no retries, no waiting for a metadata service.

botocore, which boto3 is made of, takes a fifth of a second to load: import this module where it is needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.credentials import CredentialProvider
from botocore.exceptions import CredentialRetrievalError
from botocore.session import Session

# Seconds. An endpoint of AWS answers a connection in a tenth of the first from anywhere.
_CONNECT_TIMEOUT = 2
_READ_TIMEOUT = 5
_METADATA_TIMEOUT = 0.25

_METADATA_ENDPOINT = "http://169.254.169.254/"

# Lookups tries once more where AWS asks for it; botocore itself would retry anything for half a minute.
CONFIG = Config(
    connect_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT, retries={"total_max_attempts": 1}
)


@contextmanager
def environment(environ: Mapping[str, str]) -> Iterator[None]:
    """`os.environ` is `environ` inside: botocore reads it in a dozen places and takes no other."""
    if environ is os.environ:
        yield
        return
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def open_session(profile: str | None) -> Session:
    """A session with the credentials that every SDK of AWS would find, or those of `profile`.

    With a profile, keys in the environment are passed over. Raises botocore's exceptions.
    """
    session = Session(profile=profile)
    session.user_agent_name = "lambda-scenarios"
    # It holds for the clients too by which credentials are fetched (assumed roles, single sign-on).
    session.set_default_client_config(CONFIG)
    resolver = session.get_component("credential_provider")
    try:
        metadata = resolver.get_provider("iam-role")
    except Exception:  # noqa: BLE001, S110 - a chain without it has nothing to wait for
        pass
    else:
        resolver.insert_after("iam-role", _AnsweringMetadata(metadata))
        resolver.remove("iam-role")  # the first of that name
    for provider in resolver.providers:
        if provider.METHOD == "assume-role":
            provider._prompter = _ask_for_code  # its only way in: the chain is built by the session
    return session


class _AnsweringMetadata(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    """The metadata service of EC2, where there is one.

    Elsewhere its address answers nothing at all, and botocore would wait for two seconds.
    """

    METHOD = "iam-role"
    CANONICAL_NAME = "Ec2InstanceMetadata"

    def __init__(self, provider: Any) -> None:
        super().__init__()
        self._provider = provider
        self._answers: bool | None = None  # None: nobody has asked yet

    def load(self) -> Any:
        if self._answers is None:
            disabled = os.environ.get("AWS_EC2_METADATA_DISABLED", "false").lower() == "true"
            self._answers = not disabled and _answers()
        return self._provider.load() if self._answers else None


def _answers() -> bool:
    import socket
    from urllib.parse import urlsplit

    endpoint = urlsplit(os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _METADATA_ENDPOINT)
    try:
        address = (endpoint.hostname or "", endpoint.port or 80)
        with socket.create_connection(address, timeout=_METADATA_TIMEOUT):
            return True
    except (OSError, ValueError):
        return False


def _ask_for_code(prompt: str) -> str:
    """The code of an MFA device. Without a terminal nobody could type it, and the run would hang."""
    if not sys.stdin.isatty():
        raise CredentialRetrievalError(
            provider="assume-role",
            error_msg="the profile needs an MFA code, and there is no terminal to type it",
        )
    import getpass

    return getpass.getpass(prompt)
