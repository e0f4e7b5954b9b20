"""What `--changed-since` selects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_scenarios.scenarios.draft import Expanded
    from lambda_scenarios.scenarios.narrow import Site


def changed_since(
    cases: Sequence[Expanded],  # noqa: ARG001  # they come with the next change
    revision: str,
    site: Site,  # noqa: ARG001  # as above
) -> tuple[tuple[Expanded, ...], str | None]:
    """Those of the cases that changed since a revision, and since which commit that is. Raises UsageError."""
    raise UsageError(Diagnostic(f"--changed-since {revision} isn't there yet"))
