"""What a service is read in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lambda_scenarios.aws.lookups import Lookups
    from lambda_scenarios.services.documents import Documents


class World(NamedTuple):
    """The same for all services of a run."""

    environ: Mapping[str, str]
    cwd: str
    documents: Documents
    instance_id: str  # ${sls:instanceId}
    lookups: Lookups
    at_end: list[Callable[[], None]]  # what is to be called when all has been read
