"""The spool: a file that grows line by line while a run goes on, so that a kill loses nothing.

Each line is `<tag><length> <JSON>`: the tag says what it is (`H` the run, `P` a planned scenario, `E` an
environment, `R` a result, `C` the coverage, `Z` the end), the length in bytes tells a torn line from a whole
one. The JSON is that of `record_json`; reports are rendered from these lines.

Runs at the same time in one report directory don't meet: each writes a file of a unique name, locked as
long as the run lives. The file gets its name only when the lock is held, so that whoever finds one unlocked
(`unfinished`) knows that its run was killed. A new run removes such remains, as it replaces their reports.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from array import array
from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, ReportNotWritten, UsageError
from lambda_scenarios.model.record import (
    CoverageRecord,
    EnvironmentRecord,
    Planned,
    Record,
    RunEnd,
    RunInfo,
    Status,
)
from lambda_scenarios.reports import record_json, record_reading

if TYPE_CHECKING:
    from io import BufferedReader

_PREFIX = ".spool-"
_SUFFIX = ".jsonl"
_WINDOW = 1 << 18
# Ends the raw text of the id, and begins that of the status: quotes inside of strings are escaped.
_AFTER_ID = b'","file":'
_BEFORE_STATUS = b'","status":"'
KILLED = "the run was killed"


class SpoolWriter:
    """Writes one run's spool. Lines are collected, and written by `flush` with one system call."""

    def __init__(self, directory: str, info: RunInfo, *, nameless: bool = False) -> None:
        """Creates the file (and `directory`), and writes the header. A `nameless` one is gone with the
        process that has it open, however that ends: nothing of the run is to stay.

        Raises ReportNotWritten where that is impossible, here and in `flush`.
        """
        name = f"{_PREFIX}{time.time_ns()}-{os.getpid()}"
        self.path = os.path.join(directory, name + _SUFFIX)
        self._lines: list[bytes] = []
        self._fd = -1
        self._nameless = nameless
        fresh = os.path.join(directory, name + ".new")
        try:
            if nameless:
                self._fd = _open_nameless(directory, fresh)
            else:
                os.makedirs(directory, exist_ok=True)
                self._fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
                _try_lock(self._fd)
                os.rename(fresh, self.path)
        except OSError as problem:
            self.close()
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            other = "TMPDIR" if nameless else "--report-dir DIR"
            raise ReportNotWritten(
                f"nothing can be written to {directory}: {problem.strerror}\n   = {other} names another place"
            ) from problem
        self._add(b"H", record_json.encode_run(info))
        self.flush()

    @property
    def source(self) -> str | int:
        """What `read` reads: the path, or the descriptor of one without a name."""
        return self._fd if self._nameless else self.path

    def _add(self, tag: bytes, text: str) -> None:
        data = text.encode()
        self._lines.append(b"%b%d %b\n" % (tag, len(data), data))

    def planned(self, scenarios: Iterable[Planned]) -> None:
        """What the run sets out to execute, in the order of the reports."""
        for planned in scenarios:
            self._add(b"P", record_json.encode_planned(planned))

    def environment(self, environment: EnvironmentRecord) -> None:
        """An environment that later results name."""
        self._add(b"E", record_json.encode_environment(environment))

    def result(self, record: Record) -> None:
        """One scenario's result. A second one of the same scenario replaces the first."""
        self._add(b"R", record_json.encode(record))

    def coverage(self, coverage: CoverageRecord) -> None:
        """How much of the code ran."""
        self._add(b"C", record_json.encode_coverage(coverage))

    def end(self, end: RunEnd) -> None:
        """How the run ended; nothing may follow."""
        self._add(b"Z", record_json.encode_end(end))

    def flush(self) -> None:
        """Writes what was collected. Free of charge where there is nothing."""
        if not self._lines:
            return
        data = b"".join(self._lines)
        self._lines.clear()
        try:
            written = os.write(self._fd, data)
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError as problem:
            raise ReportNotWritten(f"{self.path}: {problem.strerror}") from problem

    def close(self) -> None:
        """Gives the file up without removing it. What was not flushed is lost."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def remove(self) -> None:
        """Closes and deletes the file: its reports are written, in the place of those of killed runs too."""
        if not self._nameless:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
        self.close()
        if not self._nameless:
            remove_unfinished(os.path.dirname(self.path))


def _open_nameless(directory: str, fresh: str) -> int:
    """A file in `directory` that has no name; where the system can't make one, `fresh` is it for a moment."""
    flags = os.O_RDWR | os.O_APPEND
    if hasattr(os, "O_TMPFILE"):  # Linux
        with contextlib.suppress(OSError):  # a file system that has no such files
            return os.open(directory, flags | os.O_TMPFILE, 0o600)
    descriptor = os.open(fresh, flags | os.O_CREAT | os.O_EXCL, 0o600)
    os.unlink(fresh)
    return descriptor


def _try_lock(fd: int) -> bool:
    """Whether this process now holds the lock. Where locks don't exist (some network file systems): no."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def unfinished(directory: str) -> tuple[str, ...]:
    """The spools in `directory` whose runs are gone without having written reports, the newest first."""
    try:
        names = [n for n in os.listdir(directory) if n.startswith(_PREFIX) and n.endswith(_SUFFIX)]
    except OSError:
        return ()
    paths = [os.path.join(directory, name) for name in sorted(names, reverse=True)]
    return tuple(path for path in paths if abandoned(path))


def abandoned(path: str) -> bool:
    """Whether a file that is locked as long as its process lives is there, and unlocked."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return _try_lock(fd)
    finally:
        os.close(fd)


def remove_unfinished(directory: str) -> None:
    """Deletes what killed runs left in `directory`."""
    for path in unfinished(directory):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


class Spool:
    """A spool that was read: the small parts in memory, the results on disk until they are asked for."""

    def __init__(self, path: str | int) -> None:
        """`path` may be a descriptor, which stays open. Raises UsageError where it can't be read, or holds no
        run."""
        self.path = path
        self.damaged = 0  # lines that could not be read
        self.environments: tuple[EnvironmentRecord, ...] = ()
        self.coverage: CoverageRecord | None = None
        # Where each scenario's result (or, until there is one, its plan) lies, in the plan's order.
        self._offsets = array("q")
        self._lengths = array("q")
        self._statuses: list[Status | None] = []  # None: planned, without a result
        self._info: RunInfo | None = None
        self._end: RunEnd | None = None
        self._scan()
        if self._info is None:
            raise UsageError(
                Diagnostic(f"{path} holds no run", notes=("the run was killed before it had begun",))
            )
        self.info: RunInfo = self._info
        self.end: RunEnd = self._end or RunEnd(_wall_until(path, self.info), KILLED)
        self._reason: str = self.end.interrupted or "the run ended before its turn"

    def _scan(self) -> None:
        positions: dict[bytes, int] = {}
        environments: dict[int, EnvironmentRecord] = {}
        offset = 0
        try:
            with self._open() as file:
                file.seek(0)  # a descriptor stands where it was left
                for line in file:
                    space = line.find(b" ", 0, 20)
                    if _whole(line, space):
                        try:
                            self._take(line, offset, space + 1, positions, environments)
                        except (ValueError, KeyError):
                            self.damaged += 1
                    else:
                        self.damaged += 1
                    offset += len(line)
        except OSError as problem:
            raise UsageError(Diagnostic(f"{self.path}: {problem.strerror}")) from problem
        self.environments = tuple(environments.values())

    def _open(self) -> BufferedReader:
        return open(self.path, "rb", closefd=isinstance(self.path, str))

    def _take(
        self,
        line: bytes,
        offset: int,
        start: int,
        positions: dict[bytes, int],
        environments: dict[int, EnvironmentRecord],
    ) -> None:
        tag = line[0]
        if tag in b"PR":
            raw_id = line[start : line.index(_AFTER_ID)]
            status: Status | None = None
            if tag == _RESULT:
                begin = line.index(_BEFORE_STATUS) + len(_BEFORE_STATUS)
                status = _STATUSES[line[begin : line.index(b'"', begin)]]
            at = positions.setdefault(raw_id, len(self._statuses))
            if at == len(self._statuses):
                self._offsets.append(0)
                self._lengths.append(0)
                self._statuses.append(None)
            elif status is None:
                return
            self._offsets[at] = offset + start
            self._lengths[at] = len(line) - start - 1
            self._statuses[at] = status
        elif tag in b"E":
            environment = record_reading.decode_environment(line[start:].decode())
            environments[environment.key] = environment
        elif tag in b"C":
            self.coverage = record_reading.decode_coverage(line[start:].decode())
        elif tag in b"H":
            self._info = record_reading.decode_run(line[start:].decode())
        else:
            self._end = record_reading.decode_end(line[start:].decode())

    def __len__(self) -> int:
        """How many scenarios the reports have: results, and what was planned and never ran."""
        return len(self._statuses)

    def counts(self) -> dict[Status, int]:
        """How many scenarios have which status; only those that occur."""
        counts: dict[Status, int] = {}
        for found in self._statuses:
            status = found or "not run"
            counts[status] = counts.get(status, 0) + 1
        return counts

    def statuses(self) -> Iterator[tuple[str, Status]]:
        """The id and the status of each scenario, in the order of the plan."""
        for text, status in zip(self.texts(), self._statuses, strict=True):
            yield record_reading.id_of(text), status or "not run"

    def _selected(self, wanted: Container[Status] | None) -> Iterator[str]:
        with self._open() as file:
            window = _Window(file.fileno())
            for offset, length, status in zip(self._offsets, self._lengths, self._statuses, strict=True):
                if wanted is not None and (status or "not run") not in wanted:
                    continue
                text = window.read(offset, length).decode()
                if status is None:
                    text = record_json.encode(_not_run(record_reading.decode_planned(text), self._reason))
                yield text

    def texts(self) -> Iterator[str]:
        """All results as `record_json.encode` wrote them, in the order of the plan; those that never ran
        as records with the status `not run`. Memory: one window of the file."""
        return self._selected(None)

    def records(self, *statuses: Status) -> Iterator[Record]:
        """The same, decoded; with `statuses`, only those that have one of them."""
        for text in self._selected(statuses or None):
            yield record_reading.decode(text)

    def unsuccessful(self, *, flaky: bool = False) -> Iterator[Record]:
        """The records of scenarios that failed or ended in error, and of flaky ones where they are asked for;
        the others aren't read."""
        return self.records("failed", "error", *(("flaky",) if flaky else ()))

    def slowest(self, count: int) -> tuple[tuple[str, float], ...]:
        """Ids and durations (milliseconds) of the scenarios that took longest, the longest first."""
        found: list[tuple[str, float]] = []
        for text in self.texts():
            record = record_reading.decode(text, payloads=False)
            found.append((record.id, record.duration_ms))
            if len(found) >= 1_000:
                found = sorted(found, key=_duration, reverse=True)[:count]
        return tuple(sorted(found, key=_duration, reverse=True)[:count])


def _duration(item: tuple[str, float]) -> float:
    return item[1]


_RESULT = ord("R")
_STATUSES: dict[bytes, Status] = {
    b"passed": "passed",
    b"failed": "failed",
    b"error": "error",
    b"skipped": "skipped",
    b"flaky": "flaky",
    b"not run": "not run",
}


def read(path: str | int) -> Spool:
    """Reads a spool, tolerating what a kill leaves: a torn line, garbage, no end. `path` may be a descriptor.

    Raises UsageError where the file can't be read or holds no run.
    """
    return Spool(path)


def _whole(line: bytes, space: int) -> bool:
    if space < 2 or line[-1:] != b"\n" or line[:1] not in b"HPERCZ":
        return False
    length = line[1:space]
    return length.isdigit() and int(length) == len(line) - space - 2


def _not_run(planned: Planned, reason: str) -> Record:
    return Record(
        id=planned.id,
        file=planned.file,
        line=planned.line,
        name=planned.name,
        description="",
        tags=(),
        function=planned.function,
        status="not run",
        reason=reason,
        duration_ms=0.0,
        attempts=(),
        labels=planned.labels,
    )


def _wall_until(path: str | int, info: RunInfo) -> float:
    """Milliseconds from the run's start to the last line that it wrote."""
    import calendar  # only for runs that were killed

    try:
        started = calendar.timegm(time.strptime(info.started[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return 0.0
    return round(max(0.0, os.stat(path).st_mtime - started) * 1000, 3)


class _Window:
    """Reads stretches of a file that mostly follow one another with few system calls."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._start = 0
        self._data = b""

    def read(self, offset: int, length: int) -> bytes:
        at = offset - self._start
        if at < 0 or at + length > len(self._data):
            # Results of several workers are interleaved: keep some of what lies before.
            self._start = max(0, offset - _WINDOW // 4)
            at = offset - self._start
            self._data = os.pread(self._fd, at + max(length, _WINDOW), self._start)
            if len(self._data) < at + length:
                raise UsageError(Diagnostic("the spool became shorter while it was read"))
        return self._data[at : at + length]
