"""What `--changed-since` selects: git's changes, and the scenarios that they touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.scenarios.render import Rendering
from lambda_scenarios.scenarios.revision import Revision
from lambda_scenarios.scenarios.touched import Before, touched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_scenarios.scenarios.draft import Expanded
    from lambda_scenarios.scenarios.narrow import Site


def changed_since(cases: Sequence[Expanded], revision: str, site: Site) -> tuple[tuple[Expanded, ...], str]:
    """Those of the cases that changed since a revision, and the commit that they are compared with.

    Raises UsageError where git doesn't know it.
    """
    base = Revision(revision, site.root, site.settings.environ)
    before = Before(base.content, base.ignores)
    rendering = Rendering(site.catalog, site.settings, site.root)
    found = touched(cases, base.changes(), before, rendering, site.catalog)
    return found, base.commit[:12]
