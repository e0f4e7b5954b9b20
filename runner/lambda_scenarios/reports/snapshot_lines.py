"""What the console says of snapshots when a run has ended: which were stored, which belong to nothing."""

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
    stored: Mapping[SnapshotFate, Sequence[str]],
    end: RunEnd,
    exposing: Sequence[str],
    look: Look,
    *,
    quiet: bool,
) -> Iterator[str]:
    """`stored` has the ids of scenarios, `exposing` names those that are stored with a secret in them; with
    `quiet`, only what somebody should do something about."""
    if not quiet:
        for fate, names in (
            ("written", stored.get("written", ())),
            ("updated", stored.get("updated", ())),
            ("removed", end.removed_snapshots),
        ):
            if names:
                yield f"snapshots {fate}:"
                yield from _named(names, look)
    if stale := end.stale_snapshots:
        verb = "belongs" if len(stale) == 1 else "belong"
        yield look.paint(f"{plural(len(stale), 'snapshot')} {verb} to no scenario any more:", "yellow")
        yield from _named(stale, look)
        yield "  --update-snapshots removes them"
    if exposing:
        yield look.paint("stored with the value of a secret in it, which `ignore` leaves out:", "yellow")
        yield from _named(exposing, look)


def _named(names: Sequence[str], look: Look) -> Iterator[str]:
    yield from (f"    {printable(name)}" for name in names[:_MOST])
    if (more := len(names) - _MOST) > 0:
        yield f"    {look.symbols.more} {more} more in the report"
