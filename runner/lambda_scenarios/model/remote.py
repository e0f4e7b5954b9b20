"""A deployed function, and what a request to it is made of, before anything is sent."""

from typing import NamedTuple


class RemoteSpec(NamedTuple):
    """Which function of AWS is invoked, and as whom. `name` is that of the deployed function; `stage` tells
    whoever misses it what to deploy. None: the newest version, the profile that every SDK finds."""

    name: str
    region: str
    stage: str
    profile: str | None = None
    qualifier: str | None = None

    @property
    def shown(self) -> str:
        """As messages name it."""
        return self.name if self.qualifier is None else f"{self.name}:{self.qualifier}"


class RemoteCall(NamedTuple):
    """What one invocation adds. `client_context` is base64 of JSON; an answer is waited for `wait` seconds.

    `limited`: the scenario has a timeout of its own, to which this side holds, since the deployed function's
    can't be changed for one invocation.
    """

    wait: float
    limited: bool = False
    client_context: str | None = None
