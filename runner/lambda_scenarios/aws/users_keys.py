"""The user's own credentials as keys, for functions that can't look for them themselves: in containers."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.runtimes.identity import Identity, of_keys


def users_keys(environ: Mapping[str, str], profile: str | None, identity: Identity) -> Identity:
    """`identity` with the keys that its variables lead an SDK to; without any where there are none, which is
    the function's to say. Raises MissingPart where they can't be fetched, as after a log-in has expired.
    """
    from lambda_scenarios.aws.reasons import Call, explain
    from lambda_scenarios.aws.session import environment, open_session

    try:
        with environment(environ):
            found = open_session(profile).get_credentials()
            frozen = None if found is None else found.get_frozen_credentials()
    except Exception as error:  # noqa: BLE001 - botocore raises ValueError and OSError as well
        failure = explain(error, Call("sts", "", "", profile))
        problem = f"{identity.shown} credentials can't be had: {failure.reason}"
        raise MissingPart(problem, failure.notes, skippable=False) from None
    if frozen is None:
        return Identity((), identity.shown)
    return of_keys(frozen.access_key, frozen.secret_key, frozen.token, identity.shown)
