"""What the console says when a run has ended: what failed, what took longest, and the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.phrases import plural
from lambda_scenarios.reports.file_lines import DURATION_WIDTH, never_ran
from lambda_scenarios.reports.style import STATUS_PAINT, Look
from lambda_scenarios.reports.text import display_width, longest_line, milliseconds, printable, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from lambda_scenarios.model.record import Record, Status

# Failures beyond this are named and not shown.
_MAX_BLOCKS = 50


def failures(
    failed: Iterable[Record], look: Look, root: str, mask: Callable[[str], str], conditions: str
) -> Iterator[str]:
    """The block of each failure. `root` is the directory that paths are relative to, `mask` keeps secrets out
    of lines of source files, `conditions` stand behind the command that runs a scenario again."""
    from lambda_scenarios.reports import failure  # only where something failed

    sources = failure.Sources(root, mask)
    rule = ["", look.paint(look.symbols.rule * look.width, "dim")]
    shown = 0
    unnamed: list[Record] = []
    same_reason: dict[str, list[str]] = {}
    for record in failed:
        if record.reason and never_ran(record):
            same_reason.setdefault(record.reason, []).append(record.id)
        elif shown < _MAX_BLOCKS:
            shown += 1
            yield from (*rule, *failure.block(record, look, sources, conditions))
        else:
            unnamed.append(record)
    for reason, ids in same_reason.items():
        yield from (*rule, *failure.not_judged(reason, ids, look))
    if unnamed:
        yield from (*rule, look.paint(f"{len(unnamed)} more, shown in the report:", "bold"))
        yield from (f"  {look.symbols.of(r.status)} {printable(r.id)}" for r in unnamed)


def slowest(scenarios: Sequence[tuple[str, float]], look: Look) -> Iterator[str]:
    """The first ten of these, ids and milliseconds, but for those that took no time."""
    timed = [(scenario_id, duration) for scenario_id, duration in scenarios if duration > 0]
    if timed:
        yield ""
        yield look.paint("slowest", "bold")
    for scenario_id, duration in timed[:10]:
        yield f"  {milliseconds(duration):>{DURATION_WIDTH + 2}}  {printable(scenario_id)}"


def summary(
    counts: Mapping[Status, int],
    snapshots: Mapping[str, int],
    wall_ms: float,
    reports: Sequence[tuple[str, str]],
    look: Look,
    terminal_width: int,
) -> list[str]:
    """What came of the run, how long it took, and where its reports are: on one line where there is room.

    `snapshots` are numbers by what was done (written, updated, removed), `reports` kinds and paths.
    """
    words: tuple[tuple[Status, str], ...] = (
        ("passed", "passed"),
        ("failed", "failed"),
        ("error", "error" if counts.get("error") == 1 else "errors"),
        ("flaky", "flaky"),
        ("skipped", "skipped"),
        ("not run", "not run"),
    )
    shown = [(status, f"{counts[status]} {word}") for status, word in words if counts.get(status)]
    if not any(counts.get(status) for status in ("passed", "failed", "error", "flaky")):
        shown.append(("skipped", "nothing was run"))
    shown += [
        ("passed", f"{plural(number, 'snapshot')} {fate}") for fate, number in snapshots.items() if number
    ]
    separator = f" {look.symbols.dot} "
    left = separator.join(look.paint(text, STATUS_PAINT[status]) for status, text in shown)
    plain = separator.join(text for _, text in shown)
    names = {"html": "report"}
    # The one for people goes first.
    ordered = sorted(reports, key=lambda report: report[0] != "html")
    files = "   ".join(f"{names.get(kind, kind)}: {printable(path)}" for kind, path in ordered)
    gap = " " * 8
    line = f"{left}{gap}{seconds(wall_ms)}"
    if not files:
        return [line]
    length = display_width(plain) + 8 + len(seconds(wall_ms)) + 8 + display_width(files)
    room = longest_line(terminal_width)
    if length <= room:
        return [f"{line}{gap}{files}"]
    return [line, files] if display_width(files) <= room else [line, *files.split("   ")]
