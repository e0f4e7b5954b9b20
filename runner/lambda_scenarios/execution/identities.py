"""Whose credentials a function sees: none, the user's, or a role's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.errors import MissingPart, did_you_mean
from lambda_scenarios.runtimes.identity import MADE_UP, Identity, assumed, inherited, profiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_scenarios.aws.roles import Roles
    from lambda_scenarios.model.scenario import Invocation


class Identities:
    """Those of a run. `profile` and `role` (an ARN) win over those of the services."""

    def __init__(self, environ: Mapping[str, str], profile: str | None, role: str | None) -> None:
        self._environ = environ
        self._profile = profile
        self._role = role
        self._roles: Roles | None = None

    def of(self, invocation: Invocation, *, with_keys: bool = False) -> Identity:
        """Raises MissingPart where there are none to be had.

        `with_keys`: the function can't look for them where the user's SDKs do, in files and at endpoints of
        this machine.
        """
        if invocation.credentials == "none":
            return MADE_UP
        if invocation.credentials == "inherit":
            profile = self._profile or invocation.function.service.profile
            if profile is not None:
                _check_profile(profile, self._environ)
            identity = inherited(self._environ, profile)
            if with_keys:
                from lambda_scenarios.aws.users_keys import users_keys

                return users_keys(self._environ, profile, identity)
            return identity
        if self._roles is None:
            from lambda_scenarios.aws.roles import Roles

            self._roles = Roles(self._environ, self._profile, self._role)
        return assumed(self._roles.keys(invocation.function))


def _check_profile(profile: str, environ: Mapping[str, str]) -> None:
    """The SDK in the function would say it too, but where nobody looks. Raises MissingPart."""
    known = profiles(environ)
    if profile not in known:
        close = did_you_mean(profile, known)
        notes = (f"did you mean `{close}`?",) if close else ()
        raise MissingPart(
            f"there is no AWS profile `{profile}`",
            (*notes, "`aws configure list-profiles` lists them"),
            skippable=False,
        )
