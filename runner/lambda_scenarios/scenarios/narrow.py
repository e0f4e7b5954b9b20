"""Which of the selected scenarios are left by `--last-failed`, `--changed-since` and `--shard`.

These may leave none without anything being wrong. They are applied in this order, each to what the one
before has left.
"""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.model.record import ShardRecord
from lambda_scenarios.phrases import plural, shown_path
from lambda_scenarios.scenarios.select import Chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_scenarios.model.record import Record
    from lambda_scenarios.scenarios.draft import Expanded, RunSettings
    from lambda_scenarios.scenarios.select import Selection
    from lambda_scenarios.scenarios.shards import Timing
    from lambda_scenarios.services.catalog import Catalog


class Site(NamedTuple):
    """What is asked: the project in `root` and its services; paths of options are relative to `cwd`."""

    root: str
    cwd: str
    catalog: Catalog
    settings: RunSettings
    results: tuple[str, ...] = ()  # as in Suite
    read: tuple[Expanded, ...] = ()  # all scenarios, selected or not


def narrow(chosen: Sequence[Expanded], selection: Selection, site: Site) -> Chosen:
    """What is left of `chosen`. Raises UsageError."""
    left = tuple(chosen)
    words: list[str] = []
    shard = None
    if selection.last_failed:
        left = _last_failed(left, site, words)
    if selection.changed_since is not None:
        left = _changed(left, selection.changed_since, site, words)
    if selection.shard is not None:
        left, shard = _shard(left, selection.shard, selection.timings, site, words)
    return Chosen(left, shard, tuple(words))


def _last_failed(left: tuple[Expanded, ...], site: Site, words: list[str]) -> tuple[Expanded, ...]:
    from lambda_scenarios import last_failed

    known = last_failed.known(site.root)
    found = tuple(case for case in left if case.id in known)
    if not known and os.path.exists(file := last_failed.path(site.root)):
        shown = shown_path(file, site.cwd)
        words.append(f"--last-failed: {shown} can't be read: what failed is known again when all have run")
    elif not known:
        words.append("--last-failed: nothing is known to have failed in the last run")
    elif not found:
        words.append(f"--last-failed: of {plural(len(left), 'scenario')}, none failed in the last run")
    else:
        words.append(f"--last-failed: {len(found)} of {plural(len(left), 'scenario')}")
    return found


def _changed(left: tuple[Expanded, ...], revision: str, site: Site, words: list[str]) -> tuple[Expanded, ...]:
    from lambda_scenarios.scenarios.changed import changed_since

    found, since = changed_since(left, revision, site)
    words.append(
        f"--changed-since {revision}: {len(found)} of {plural(len(left), 'scenario')} (since {since})"
    )
    return found


def timings_of(paths: Sequence[str], cwd: str) -> dict[str, Timing]:
    """How long scenarios took in earlier runs, by id; of two reports that know one, the later says it.

    Raises UsageError.
    """
    from lambda_scenarios.reports import report_file
    from lambda_scenarios.scenarios.shards import Timing

    found: dict[str, Timing] = {}
    for path in paths:
        for record in report_file.read(path, cwd).records(payloads=False):
            if record.attempts and record.duration_ms < inf:
                found[record.id] = Timing(
                    record.function, record.file, max(record.duration_ms, 0.0), _starts_ms(record)
                )
    return found


def _starts_ms(record: Record) -> float:
    """How long its last attempt's workers took to start."""
    starts = sum(one.init_ms or 0.0 for one in record.attempts[-1].invocations)
    return starts if 0.0 < starts < inf else 0.0


def _shard(
    left: tuple[Expanded, ...],
    wanted: tuple[int, int],
    timings: tuple[str, ...],
    site: Site,
    words: list[str],
) -> tuple[tuple[Expanded, ...], ShardRecord]:
    from lambda_scenarios.scenarios.shards import fingerprint, shards_of

    number, count = wanted
    chosen = shards_of(left, count, timings_of(timings, site.cwd))
    found = tuple(case for case, shard in zip(left, chosen, strict=True) if shard == number - 1)
    words.append(f"shard {number}/{count}: {len(found)} of {plural(len(left), 'scenario')}")
    return found, ShardRecord(number, count, fingerprint(left, chosen))
