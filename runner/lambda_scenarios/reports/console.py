"""What the user sees of a run, as it goes on and when it has ended.

Results come in any order and are shown in the order of the files: a file is printed when it and all before
it are complete. On a terminal a last line tells what is going on; it is erased before anything else is
written, and never appears where the output is no terminal.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from lambda_scenarios.phrases import plural
from lambda_scenarios.reports import closing_lines
from lambda_scenarios.reports.file_lines import LISTED, Layout, Row, lines, row_of
from lambda_scenarios.reports.style import ASCII, UNICODE, Look
from lambda_scenarios.reports.text import MAX_WIDTH, cut, display_width, printable, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lambda_scenarios.model.record import Planned, Record, RunEnd, SnapshotFate, Status

_MAX_FUNCTION_WIDTH = 28
# Where there are more scenarios than this in the run, a file that passed is one line, as in CI.
_MANY = 200

_REDRAW_S = 0.1
_LONG_S = 1.0
# Continuous integration takes a silent job for a stuck one.
_SIGN_OF_LIFE_S = 30.0

_ERASE = "\r\x1b[2K"


class _File:
    """A scenario file whose results are coming in."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.expected: dict[str, int] = {}  # ids that are still to come, with their place in the plan
        self.passed = 0
        self.passed_ms = 0.0
        self.rows: list[Row] = []


class Console:
    """Writes to `stream`. `clock` gives seconds and never goes backwards.

    `verbosity`: below 0 only failures and the summary, above 0 every scenario with its logs. `root` is the
    directory (absolute) that relative paths of mismatches begin at, and that shown paths are relative to.
    """

    def __init__(
        self,
        stream: TextIO,
        colour: bool,
        live: bool,
        width: int,
        verbosity: int,
        clock: Callable[[], float],
        unicode: bool = True,
        root: str = "/",
    ) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._look = Look(colour, UNICODE if unicode else ASCII, max(40, min(width, MAX_WIDTH)))
        self._terminal_width = max(40, width)
        self._live = live and verbosity >= 0
        self._verbosity = verbosity
        self._clock = clock
        self._root = root
        self._conditions = ""
        self._mask: Callable[[str], str] = str
        self._files: list[_File] = []
        self._by_name: dict[str, _File] = {}
        self._next = 0  # the first file that isn't printed yet
        self._total = self._done = self._failed = 0
        self._snapshots: dict[SnapshotFate, list[str]] = {}
        self._function_width = 0
        self._running: tuple[str, float] | None = None
        self._pending: list[str] = []
        self._status_shown = False
        self._started_at = self._written_at = self._drawn_at = clock()

    def started(self, headline: str, planned: Sequence[Planned], workers: int, conditions: str = "") -> None:
        """The run begins. `headline` says what is tested; `planned` are the scenarios in order; `conditions`
        stand behind the command that runs one of them again."""
        self._conditions = conditions
        self._total = len(planned)
        self._started_at = self._written_at = self._clock()
        for index, scenario in enumerate(planned):
            file = self._by_name.get(scenario.file)
            if file is None:
                file = self._by_name[scenario.file] = _File(scenario.file)
                self._files.append(file)
            file.expected[scenario.id] = index
            self._function_width = max(self._function_width, len(scenario.function))
        self._function_width = min(self._function_width, _MAX_FUNCTION_WIDTH)
        if self._verbosity < 0:
            return
        first, *more = headline.split("\n")
        count = f"{plural(self._total, 'scenario')}, {plural(workers, 'worker')}"
        room = self._look.width - display_width(count)
        name, gap, rest = first.partition("  ")
        shown = self._look.paint(printable(name), "bold") + gap + printable(rest)
        if not first:
            self._line(count)
        elif display_width(printable(first)) + 2 <= room:
            shown += " " * (room - display_width(printable(first))) + count
            self._line(shown)
        else:
            self._line(shown)
            more = [*more, count]
        for line in more:
            self._line(printable(line))
        self._line("")
        self._flush()

    def scenario(self, record: Record) -> None:
        """A result has come."""
        self._done += 1
        if record.status in ("failed", "error"):
            self._failed += 1
        file = self._by_name.get(record.file)
        if file is None:
            file = self._by_name[record.file] = _File(record.file)
            self._files.append(file)
        if record.snapshot is not None:
            self._snapshots.setdefault(record.snapshot, []).append(record.id)
        index = file.expected.pop(record.id, -1)
        if self._running is not None and self._running[0] == record.id:
            self._running = None
        if record.status == "passed":
            file.passed += 1
            file.passed_ms += record.duration_ms
        if self._verbosity >= 0:
            row = row_of(record, index, self._look.symbols.more, with_logs=self._verbosity > 0)
            # Passed ones that will be folded needn't be kept.
            if row.status != "passed" or row.note or file.passed <= LISTED or self._verbosity > 0:
                file.rows.append(row)
        while self._next < len(self._files) and not self._files[self._next].expected:
            self._print_file(self._files[self._next])
            self._next += 1
        self._write_when_due()

    def running(self, scenario_id: str | None, since: float) -> None:
        """Which scenario has been running longest, and since when by the clock; None: nothing runs."""
        self._running = None if scenario_id is None else (scenario_id, since)

    def tick(self) -> None:
        """Writes what is due: call it about ten times a second while there is nothing else to do."""
        self._write_when_due()

    def mask_sources(self, mask: Callable[[str], str]) -> None:
        """How secrets are kept out of the lines of source files that are shown (`Masker.text`)."""
        self._mask = mask

    def message(self, text: str) -> None:
        """Something else that is to be read now: a warning, a notice."""
        for line in text.split("\n"):
            self._line(line)
        self._flush()

    @property
    def colour(self) -> bool:
        """Whether there is colour, for texts that are made elsewhere."""
        return self._look.colour

    @property
    def verbose(self) -> bool:
        """Whether everything is to be shown."""
        return self._verbosity > 0

    def finished(
        self,
        failed: Iterable[Record],
        counts: Mapping[Status, int],
        wall_ms: float,
        reports: Sequence[tuple[str, str]],
        slowest: Sequence[tuple[str, float]] = (),
        interrupted: str | None = None,
        end: RunEnd | None = None,
        exposing: Sequence[str] = (),
        coverage: str | None = None,
    ) -> None:
        """The run has ended. `failed` are the records that are to be told in full, `reports` kind and path of
        each file that was written, `slowest` ids and milliseconds (shown when verbose); `end` knows about
        snapshots, `exposing` names those that are stored with a secret in them; `coverage` says how much of
        the code ran."""
        for file in self._files[self._next :]:
            if file.passed or file.rows:
                self._print_file(file)
        self._next = len(self._files)
        if counts.get("failed") or counts.get("error") or counts.get("flaky"):
            self._pending += closing_lines.failures(
                failed, self._look, self._root, self._mask, self._conditions
            )
        if self._verbosity > 0:
            self._pending += closing_lines.slowest(slowest, self._look)
        if self._pending or self._verbosity >= 0:
            self._line("")
        if interrupted:
            self._line(self._look.paint(f"stopped: {printable(interrupted)}", "yellow"))
        removed = 0 if end is None else len(end.removed_snapshots)
        if end is not None and (self._snapshots or removed or end.stale_snapshots):
            from lambda_scenarios.reports import snapshot_lines

            self._pending += snapshot_lines.lines(
                self._snapshots, end, exposing, self._look, quiet=self._verbosity < 0
            )
        if coverage:
            self._pending += [printable(line) for line in coverage.split("\n")]
        stored: dict[str, int] = {
            fate: len(ids) for fate, ids in sorted(self._snapshots.items(), reverse=True)
        }
        self._pending += closing_lines.summary(
            counts, {**stored, "removed": removed}, wall_ms, reports, self._look, self._terminal_width
        )
        self._done = self._total  # no status line any more
        self._flush()

    def _print_file(self, file: _File) -> None:
        if self._verbosity >= 0:
            layout = Layout(
                self._look,
                self._function_width,
                self._terminal_width if self._live else None,
                verbose=self._verbosity > 0,
                folds=(not self._live or self._total > _MANY) and self._verbosity == 0,
            )
            self._pending += lines(file.name, file.passed, file.passed_ms, file.rows, layout)
        file.rows.clear()

    # Writing

    def _line(self, text: str) -> None:
        self._pending.append(text)

    def _write_when_due(self) -> None:
        now = self._clock()
        if self._live:
            if now - self._drawn_at >= _REDRAW_S:
                self._flush()
            return
        if self._pending and now - self._written_at >= _REDRAW_S:
            self._flush()
        elif self._verbosity >= 0 and now - self._written_at >= _SIGN_OF_LIFE_S and self._total:
            self._line(f"  {self._look.symbols.more} {self._progress(now)}")
            self._flush()

    def _flush(self) -> None:
        now = self._clock()
        text = "".join([line + "\n" for line in self._pending])
        if self._pending:
            self._pending.clear()
            self._written_at = now
        if self._status_shown:
            text = _ERASE + text
            self._status_shown = False
        if self._live and self._done < self._total:
            frames = self._look.symbols.spinner
            spinner = frames[int((now - self._started_at) / _REDRAW_S) % len(frames)]
            # One column less than the terminal has: a full line would wrap, and couldn't be erased.
            status = cut(
                f"{spinner} {self._progress(now)}", self._terminal_width - 1, self._look.symbols.more
            )
            text += status
            self._status_shown = True
            self._drawn_at = now
        if text:
            if not text.isascii():
                text = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
            try:
                self._stream.write(text)
                self._stream.flush()
            except BrokenPipeError:
                # Whoever read it (`| head`) has had enough; the run and its reports go on.
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def _progress(self, now: float) -> str:
        elapsed = now - self._started_at
        parts = [f"{self._done} of {self._total}"]
        if self._failed:
            parts.append(f"{self._failed} failed")
        parts.append(seconds(elapsed * 1000) if self._live else f"{round(elapsed)} s")
        if self._done and elapsed > 2:
            left = elapsed / self._done * (self._total - self._done)
            parts.append(f"about {seconds(max(1, round(left)) * 1000).replace('.00', '')} left")
        if self._running is not None and now - self._running[1] >= _LONG_S:
            scenario_id, since = self._running
            parts.append(f"running for {round(now - since)} s: {printable(scenario_id)}")
        return f" {self._look.symbols.dot} ".join(parts)
