"""What the console says of the scenarios of a file when all of them have ended."""

from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.reports.style import STATUS_PAINT, Look
from lambda_scenarios.reports.text import (
    MAX_COLUMNS,
    cut,
    display_width,
    log_lines,
    milliseconds,
    pad,
    printable,
    shown_line,
    shown_log_line,
    strip_ansi,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lambda_scenarios.model.record import Record, Status

# What lines up with what.
DURATION_WIDTH = 8

# Up to so many passed scenarios of a file have lines of their own.
LISTED = 10


class Row(NamedTuple):
    """What is kept of a result until its file is printed."""

    position: int  # in the plan
    status: "Status"
    name: str
    function: str  # empty where nothing was invoked
    duration_ms: float
    note: str
    logs: tuple[str, ...]


class Layout(NamedTuple):
    """How lines are drawn. `function_width` is that of the column of functions, `breaks_at` the width at
    which a terminal breaks lines. `verbose`: every scenario has a line; `folds`: a file that passed has one
    for all."""

    look: Look
    function_width: int
    breaks_at: int | None
    verbose: bool
    folds: bool


def lines(name: str, passed: int, passed_ms: float, rows: "Sequence[Row]", layout: Layout) -> "Iterator[str]":
    """`passed` scenarios of the file took `passed_ms` together; `rows` are the results, in any order, but
    for passed ones that will be folded."""
    rows = sorted(rows, key=lambda row: row.position)
    others = [row for row in rows if row.status != "passed"]
    listed = [row for row in rows if row.status == "passed"]
    if not passed and all(row.status == "not run" for row in others):
        return  # the summary counts them, and the reports name them
    look = layout.look
    if layout.folds and not others:
        shown = cut(printable(name), look.width - 30, look.symbols.more)
        count = f"{passed} passed"
        yield (
            f"  {look.paint(look.symbols.passed, 'green')} {pad(shown, look.width - 31)}"
            f"{count:>14}  {milliseconds(passed_ms):>{DURATION_WIDTH + 2}}"
        )
        return
    yield f"  {look.paint(printable(name), 'bold')}"
    if not layout.verbose:
        if passed > LISTED:
            # Passed scenarios with something to say keep their line.
            listed = [row for row in listed if row.note]
            folded = passed - len(listed)
            yield f"    {look.paint(f'{look.symbols.passed} {folded} passed', 'green')}"
        alike = _alike(others)
        for (status, note), count_ in alike.items():
            symbol = look.paint(look.symbols.of(status), STATUS_PAINT[status])
            yield f"    {symbol} {count_} {note}"
        others = [row for row in others if row.function or (row.status, row.note) not in alike]
    for row in sorted([*listed, *others], key=lambda row: row.position):
        yield from _of_row(row, layout)


def _alike(rows: "Sequence[Row]") -> "dict[tuple[Status, str], int]":
    """How many were not invoked for one and the same reason, where they are too many for lines of their
    own."""
    counts: dict[tuple[Status, str], int] = {}
    for row in rows:
        if not row.function:
            counts[row.status, row.note] = counts.get((row.status, row.note), 0) + 1
    return {key: count for key, count in counts.items() if count > LISTED}


def _of_row(row: Row, layout: Layout) -> "Iterator[str]":
    look = layout.look
    symbol = look.paint(look.symbols.of(row.status), STATUS_PAINT[row.status])
    duration_at = look.width - 1 - DURATION_WIDTH
    function_at = duration_at - 2 - layout.function_width
    name = cut(printable(row.name), max(20, function_at - 8), look.symbols.more)
    left = f"    {symbol} {pad(name, function_at - 6)}"
    note = row.note
    if row.function:
        function = cut(printable(row.function), layout.function_width, look.symbols.more)
        duration = f"{milliseconds(row.duration_ms):>{DURATION_WIDTH}}"
        left = f"{left}{pad(function, layout.function_width)}  {duration}"
        note = f"  {note}" if note else ""
    # A terminal would break a longer line in the middle of a word.
    room = 2 * MAX_COLUMNS
    if layout.breaks_at is not None:
        room = layout.breaks_at - display_width(strip_ansi(left))
    if display_width(note) <= room:
        yield f"{left}{look.paint(note, 'dim')}".rstrip()
    else:
        yield left.rstrip()
        yield f"        {look.paint(note.strip(), 'dim')}"
    for line in row.logs:
        yield f"        {look.paint(line, 'dim')}".rstrip()


def row_of(record: "Record", position: int, mark: str, with_logs: bool) -> Row:
    """What the line of a result says; `mark` ends what is cut."""
    invocations = record.attempts[-1].invocations if record.attempts else ()
    # Notes of a reason (how to install what is missing) are for the end.
    reason = shown_line((record.reason or "").partition("\n")[0], mark).removeprefix("not run: ")
    note = ""
    if record.status in ("skipped", "not run"):
        note = f"{record.status}: {reason}" if reason else record.status
    elif record.status == "flaky":
        note = f"passed at attempt {len(record.attempts)}"
    elif record.status == "error":
        # The end has the reason, once for all that share it.
        note = "not judged: see below" if never_ran(record) and record.reason else reason
    elif record.status == "passed" and invocations and invocations[-1].ending == "timed out":
        note = "timeout expected"
    if record.snapshot is not None:
        note = f"{note}, snapshot {record.snapshot}" if note else f"snapshot {record.snapshot}"
    logs: list[str] = []
    if with_logs:
        for invocation in invocations:
            lines = log_lines(invocation.init_logs) + log_lines(invocation.logs)
            logs += [shown_log_line(line, mark) for line in lines]
    function = record.function if record.attempts else ""
    return Row(position, record.status, record.name, function, record.duration_ms, note, tuple(logs))


def never_ran(record: "Record") -> bool:
    """Whether it is an error of which nothing but its reason is known."""
    invocations = [invocation for attempt in record.attempts for invocation in attempt.invocations]
    return record.status == "error" and all(
        invocation.ending == "backend failed" and not invocation.logs for invocation in invocations
    )
