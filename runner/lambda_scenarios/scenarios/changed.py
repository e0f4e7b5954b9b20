"""What `--changed-since` selects: git's changes, and the scenarios that they touch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lambda_scenarios.scenarios.render import Rendering
from lambda_scenarios.scenarios.revision import Revision
from lambda_scenarios.scenarios.touched import Before, touched
from lambda_scenarios.state import FOLDER

# Directories, made anew by whoever needs them.
_KEPT = frozenset({FOLDER, "__pycache__", ".pytest_cache"})

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
    changes = frozenset(path for path in base.changes() if not _is_left(path, site.results))
    found = touched(cases, changes, before, rendering, site.catalog, site.read)
    return found, base.commit[:12]


def _is_left(path: str, results: Sequence[str]) -> bool:
    """Whether it is what runs leave, which changes no scenario: its results, and what interpreters keep."""
    return not _KEPT.isdisjoint(path.split(os.sep)) or any(
        path == one or path.startswith(one + os.sep) for one in results
    )
