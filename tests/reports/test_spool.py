"""The spool gives back what was written to it, also after a kill, and in company."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reports import samples

from lambda_scenarios.errors import ReportNotWritten, UsageError
from lambda_scenarios.model.record import AttemptRecord
from lambda_scenarios.reports import record_json, spool

if TYPE_CHECKING:
    from lambda_scenarios.model.record import Record


def written(directory: Path, records: tuple[Record, ...], end: bool = True) -> str:
    writer = spool.SpoolWriter(str(directory), samples.INFO)
    writer.planned(samples.planned(record) for record in records)
    writer.environment(samples.ENVIRONMENT)
    for record in reversed(records):
        writer.result(record)
    if end:
        writer.end(samples.END)
    writer.flush()
    writer.close()
    return writer.path


def test_what_is_written_is_read_in_the_order_of_the_plan(tmp_path: Path) -> None:
    found = spool.read(written(tmp_path, samples.ALL))
    assert tuple(found.records()) == samples.ALL
    assert list(found.texts()) == [record_json.encode(record) for record in samples.ALL]
    assert tuple(found.records("failed", "error")) == (samples.FAILED, samples.RAISED, samples.ERROR)
    assert (found.info, found.environments, found.end) == (samples.INFO, (samples.ENVIRONMENT,), samples.END)
    assert found.counts() == {"passed": 2, "failed": 2, "flaky": 1, "skipped": 1, "error": 1, "not run": 1}
    assert (len(found), found.damaged) == (8, 0)


@settings(max_examples=30)
@given(records=st.lists(samples.records, max_size=4, unique_by=lambda record: (record.labels, record.id)))
def test_any_records(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = written(tmp_path_factory.mktemp("spool"), tuple(records))
    found = spool.read(path)
    assert found.damaged == 0
    assert [json.loads(text) for text in found.texts()] == [
        json.loads(record_json.encode(record)) for record in records
    ]
    assert list(found.statuses()) == [(one.id, one.status) for one in found.records()]


def test_what_never_ran_is_reported_with_the_reason(tmp_path: Path) -> None:
    for interrupted, reason in (("SIGINT", "SIGINT"), (None, "the run ended before its turn")):
        writer = spool.SpoolWriter(str(tmp_path), samples.INFO)
        writer.planned([samples.planned(samples.record("one")), samples.planned(samples.record("two"))])
        writer.result(samples.record("two"))
        writer.end(samples.END._replace(interrupted=interrupted))
        writer.flush()
        found = spool.read(writer.path)
        one, two = found.records()
        assert (one.name, one.status, one.reason, one.attempts) == ("one", "not run", reason, ())
        assert two == samples.record("two")
        assert found.counts() == {"not run": 1, "passed": 1}
        writer.close()


def test_the_slowest_and_the_unsuccessful(tmp_path: Path) -> None:
    records = tuple(samples.record(f"n{n}", duration_ms=float(n * 7 % 2003)) for n in range(2003))
    found = spool.read(written(tmp_path, (*records, samples.FAILED, samples.ERROR)))
    slowest = [(record.id, record.duration_ms) for record in records]
    assert list(found.slowest(10)) == sorted(slowest, key=lambda item: -item[1])[:10]
    assert list(found.unsuccessful()) == [samples.FAILED, samples.ERROR]


def test_a_second_result_replaces_the_first(tmp_path: Path) -> None:
    writer = spool.SpoolWriter(str(tmp_path), samples.INFO)
    writer.result(samples.record("one", status="failed"))
    writer.result(samples.record("one"))
    writer.flush()
    assert list(spool.read(writer.path).records()) == [samples.record("one")]
    writer.close()


@settings(max_examples=150)
@given(data=st.data())
def test_every_cut_gives_the_whole_lines_before_it(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.mktemp("spool"), samples.ALL)
    whole = Path(path).read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    torn = whole[:cut] + data.draw(st.sampled_from([b"", b"\0" * 100, b"\xff garbage"]))
    Path(path).write_bytes(torn)
    lines = whole[:cut].split(b"\n")[:-1]
    if not lines:
        with pytest.raises(UsageError, match="holds no run"):
            spool.read(path)
        return
    found = spool.read(path)
    results = {record for record in found.records() if record.attempts or record in samples.ALL}
    assert len(results) == sum(line.startswith(b"R") for line in lines)
    assert results <= set(samples.ALL)
    assert found.end.interrupted == (None if len(lines) == whole.count(b"\n") else spool.KILLED)


@settings(max_examples=100)
@given(st.binary(max_size=60), st.integers(1, 17))
def test_garbage_between_lines_is_counted_and_passed_over(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes, at: int
) -> None:
    path = written(tmp_path_factory.mktemp("spool"), samples.ALL)
    lines = Path(path).read_bytes().splitlines(keepends=True)
    lines.insert(at, garbage.replace(b"\n", b"") + b"\n")
    Path(path).write_bytes(b"".join(lines))
    found = spool.read(path)
    assert tuple(found.records()) == samples.ALL
    assert found.damaged == 1


@pytest.mark.parametrize("line", [b"P2 {}\n", b"R2 {}\n", b"E2 {}\n", b"Z2 {}\n", b'P15 {"id":"","file":\n'])
def test_lines_of_another_shape_are_damaged(tmp_path: Path, line: bytes) -> None:
    path = written(tmp_path, samples.ALL)
    with Path(path).open("ab") as file:
        file.write(line)
    assert spool.read(path).damaged == 1


def test_no_spool(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        spool.read(str(tmp_path / "absent"))
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(UsageError, match="holds no run"):
        spool.read(str(tmp_path / "empty"))


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportNotWritten):
        spool.SpoolWriter(str(tmp_path / "file"), samples.INFO)


def test_a_full_disk() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("/dev/full exists on Linux only")
    writer = spool.SpoolWriter.__new__(spool.SpoolWriter)
    writer.path, writer._lines, writer._fd = "/dev/full", [b"x"], os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(ReportNotWritten, match="No space left"):
        writer.flush()
    writer.close()


def test_runs_at_the_same_time_do_not_meet(tmp_path: Path) -> None:
    first = spool.SpoolWriter(str(tmp_path), samples.INFO)
    second = spool.SpoolWriter(str(tmp_path), samples.INFO._replace(seed="2"))
    assert first.path != second.path
    assert spool.unfinished(str(tmp_path)) == ()
    spool.remove_unfinished(str(tmp_path))
    first.result(samples.FAILED)
    second.result(samples.RAISED)
    first.flush()
    second.flush()
    assert list(spool.read(first.path).records()) == [samples.FAILED]
    assert list(spool.read(second.path).records()) == [samples.RAISED]
    first.remove()
    second.remove()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("system", ["as it is", "without O_TMPFILE"])
def test_a_nameless_one_is_read_and_never_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    if system == "without O_TMPFILE":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    writer = spool.SpoolWriter(str(tmp_path), samples.INFO, nameless=True)
    writer.result(samples.FAILED)
    writer.flush()
    assert os.listdir(tmp_path) == []
    assert list(spool.read(writer.source).records()) == [samples.FAILED]
    writer.result(samples.RAISED)
    writer.flush()
    assert [*spool.read(writer.source).records()] == [samples.FAILED, samples.RAISED]
    writer.remove()
    with pytest.raises(ReportNotWritten, match="TMPDIR names another place"):
        spool.SpoolWriter(str(tmp_path / "nowhere"), samples.INFO, nameless=True)
    assert os.listdir(tmp_path) == []


_KILLED_RUN = """
import os, signal, sys
from lambda_scenarios.reports import spool
from tests.reports import samples
writer = spool.SpoolWriter(sys.argv[1], samples.INFO)
writer.planned(map(samples.planned, samples.ALL))
writer.result(samples.FAILED)
writer.flush()
writer.result(samples.RAISED)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_leaves_what_it_flushed(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _KILLED_RUN, str(tmp_path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    (path,) = spool.unfinished(str(tmp_path))
    found = spool.read(path)
    assert list(found.records("failed")) == [samples.FAILED]
    assert found.counts() == {"failed": 1, "not run": 7}
    assert {record.reason for record in found.records("not run")} == {spool.KILLED}
    spool.remove_unfinished(str(tmp_path))
    assert spool.unfinished(str(tmp_path)) == ()
    assert spool.unfinished(str(tmp_path / "absent")) == ()


def test_many_results_take_little_memory(tmp_path: Path) -> None:
    writer = spool.SpoolWriter(str(tmp_path), samples.INFO)
    logs = samples.invocation(logs="x" * 5_000)
    for n in range(4_000):
        writer.result(samples.record(f"n{n}", attempts=(AttemptRecord("passed", (logs,)),)))
        if n % 100 == 0:
            writer.flush()
    writer.flush()
    writer.close()
    assert os.path.getsize(writer.path) > 20_000_000
    tracemalloc.start()
    found = spool.read(writer.path)
    assert sum(1 for _ in found.texts()) == 4_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
