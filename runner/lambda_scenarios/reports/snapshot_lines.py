"""What the console says of snapshots when a run has ended: how many were stored, which belong to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lambda_scenarios.phrases import plural
from lambda_scenarios.reports.text import printable

if TYPE_CHECKING:
    from lambda_scenarios.model.record import RunEnd, SnapshotFate
    from lambda_scenarios.reports.style import Look

_MOST = 10


def lines(
    fates: Mapping[SnapshotFate, int], end: RunEnd | None, exposing: Sequence[str], look: Look
) -> Iterator[str]:
    """`fates` says how many scenarios' snapshots were stored."""
    removed = () if end is None else end.removed_snapshots
    stale = () if end is None else end.stale_snapshots
    if exposing:
        yield look.paint("stored with the value of a secret in it, which `ignore` leaves out:", "yellow")
        yield from _named(tuple(exposing), look)
    if stale:
        verb = "belongs" if len(stale) == 1 else "belong"
        yield look.paint(f"{plural(len(stale), 'snapshot')} {verb} to no scenario any more:", "yellow")
        yield from _named(stale, look)
        yield "  --update-snapshots removes them"
    if removed:
        yield "removed, since no scenario has them any more:"
        yield from _named(removed, look)
    counts = [f"{fates[fate]} {fate}" for fate in ("written", "updated") if fates.get(fate)]
    if removed:
        counts.append(f"{len(removed)} removed")
    if counts:
        yield f"snapshots: {f' {look.symbols.dot} '.join(counts)}"


def _named(names: tuple[str, ...], look: Look) -> Iterator[str]:
    yield from (f"    {printable(name)}" for name in names[:_MOST])
    if (more := len(names) - _MOST) > 0:
        yield f"    {look.symbols.more} {more} more in the report"
