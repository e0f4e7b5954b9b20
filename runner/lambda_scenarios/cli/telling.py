"""Diagnostics, said to the user."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.runtimes.runtime import World


def tell(diagnostics: Sequence[Diagnostic], world: World) -> None:
    """Writes diagnostics to stderr, sorted by place."""
    if not diagnostics:
        return
    from lambda_scenarios.cli.parser import terminal_width
    from lambda_scenarios.diagnostics import render
    from lambda_scenarios.reports.style import style

    colour = style(world.environ, sys.stderr.isatty(), sys.stderr.encoding).colour
    print(render(diagnostics, world.cwd, colour, terminal_width(world.environ)), file=sys.stderr)
