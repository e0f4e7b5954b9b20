"""`--history DIR`: what runs leave for later ones, and what is made of it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.program import running
from tests.reports import samples
from tests.reports.test_html import Blocks

from lambda_scenarios.model.record import Record, RunInfo
from lambda_scenarios.reports import history, html, record_json
from lambda_scenarios.reports.history import History, Past


def past(statuses: str, *durations: float) -> Past:
    return Past(statuses, durations or (1.0,) * len(statuses))


@pytest.mark.parametrize(
    ("durations", "found"),
    [
        ((10, 10, 10, 10, 10, 30, 30, 30), (30, 10)),
        ((10, 10, 10, 10, 10, 10, 30, 30), (30, 10)),
        ((10, 10, 10, 10, 10, 10, 10, 300), None),  # one slow run
        ((10, 10, 10, 10, 10, 12, 12, 12), None),  # a little
        ((0.1, 0.1, 0.1, 0.1, 0.1, 1, 1, 1), None),  # noise
        ((10, 30, 30, 30), None),  # too little is known
        ((30, 30, 30, 30, 30, 10, 10, 10), None),
    ],
)
def test_what_is_slower(durations: tuple[float, ...], found: tuple[float, float] | None) -> None:
    assert history.slower(past("p" * len(durations), *durations)) == found


def test_failures_say_nothing_of_durations() -> None:
    statuses = "ppppp" + "ffff" + "ppp"
    durations = (10,) * 5 + (500,) * 4 + (10,) * 3
    assert history.slower(past(statuses, *durations)) is None
    assert history.slower(past("p" * 8 + "f", *(10,) * 5, *(90,) * 4)) is None


@pytest.mark.parametrize(
    ("statuses", "times"),
    [
        ("pppppp", 0),
        ("pppfff", 0),  # broken
        ("ppffpp", 0),  # broken and mended
        ("pfpfp", 4),
        ("pspsp", 0),
        ("pfespf", 3),
        ("ppkpp", 1),
        ("", 0),
    ],
)
def test_what_changes(statuses: str, times: int) -> None:
    assert history.changes(past(statuses)) == times


def write(directory: Path, records: tuple[Record, ...], info: RunInfo = samples.INFO) -> None:
    index, _ = history.paths(str(directory), history.name_of(info))
    directory.mkdir(exist_ok=True)
    Path(index).write_text("".join(history.index(info, lambda: map(record_json.encode, records))))


def at(second: int, **changes: object) -> RunInfo:
    return samples.INFO._replace(started=f"2026-03-01T10:00:{second:02}.000Z", **changes)  # type: ignore[arg-type]  # fields by name


def test_results_come_back_in_the_order_of_the_runs(tmp_path: Path) -> None:
    write(tmp_path, (samples.record(status="failed", duration_ms=7.0),), at(2))
    write(tmp_path, (samples.record(duration_ms=5.0), samples.SKIPPED), at(1))
    write(tmp_path, samples.ALL, at(3))
    found = history.read(str(tmp_path), at(4))
    assert found.runs == 3
    assert found.scenarios[samples.record().id] == Past("pfp", (5.0, 7.0, 3.25))
    assert found.scenarios[samples.SKIPPED.id].statuses == "ss"
    assert found.scenarios[samples.FLAKY.id].statuses == "k"
    assert samples.NOT_RUN.id not in found.scenarios


def test_other_labels_are_another_history(tmp_path: Path) -> None:
    write(tmp_path, samples.ALL, at(1, labels=(("python", "3.12"),)))
    assert history.read(str(tmp_path), at(2)) == History(0, {})
    write(tmp_path, samples.ALL, at(1))
    assert history.read(str(tmp_path), at(2)).runs == 1


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT_RUNS", 5)
    monkeypatch.setattr(history, "KEPT_REPORTS", 2)
    for second in range(9):
        write(tmp_path, samples.ALL, at(second))
        (tmp_path / f"2026-0{second}.report.json").touch()
    (tmp_path / "x.json.1.new").touch()
    os.utime(tmp_path / "x.json.1.new", (0, 0))
    (tmp_path / "y.json.1.new").touch()  # of a run that is writing it
    (tmp_path / "notes.txt").touch()  # somebody's own
    history.prune(str(tmp_path))
    left = sorted(os.listdir(tmp_path))
    assert [name.split("-")[0] for name in left if name.endswith(".index.json")] == [
        f"20260301T1000{second:02}000Z" for second in range(4, 9)
    ]
    assert [name for name in left if name.endswith(".report.json")] == [
        "2026-07.report.json",
        "2026-08.report.json",
    ]
    assert "x.json.1.new" not in left
    assert {"y.json.1.new", "notes.txt"} <= set(left)


@given(st.one_of(samples.json_texts.map(str.encode), st.binary(), st.just(b"[" * 100_000)))
def test_what_is_damaged_is_passed_over(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    directory = tmp_path_factory.mktemp("history")
    write(directory, samples.ALL, at(1))
    whole = next(directory.iterdir()).read_bytes()
    (directory / "20260301T100002-a.index.json").write_bytes(data)
    (directory / "20260301T100003-b.index.json").write_bytes(whole[: len(whole) // 2])
    (directory / "20260301T100004-c.index.json").mkdir()
    assert history.read(str(directory), at(5)).runs == 1


@given(st.lists(samples.records, max_size=3).map(tuple))
def test_any_record(tmp_path_factory: pytest.TempPathFactory, records: tuple[Record, ...]) -> None:
    directory = tmp_path_factory.mktemp("history")
    write(directory, records, at(1))
    found = history.read(str(directory), at(2))
    assert found.runs == 1
    assert set(found.scenarios) == {
        history.key_of(record.id, [f"{name}={value}" for name, value in record.labels])
        for record in records
        if record.status != "not run"
    }


def test_one_id_in_several_cells_of_a_matrix(tmp_path: Path) -> None:
    cells = [samples.record(labels=(("python", version),)) for version in ("3.11", "3.12")]
    write(tmp_path, (cells[0], cells[1]._replace(status="failed")), at(1))
    found = history.read(str(tmp_path), at(2))
    assert {key: past.statuses for key, past in found.scenarios.items()} == {
        f"{cells[0].id} python=3.11": "p",
        f"{cells[0].id} python=3.12": "f",
    }
    assert Blocks(page(found, tuple(cells))).values("history") == [
        [f"{cells[0].id} python=3.11", "pp", [3.2, 3.2]],
        [f"{cells[0].id} python=3.12", "fp", [3.2, 3.2]],
    ]


def page(earlier: History, records: tuple[Record, ...]) -> str:
    texts = [record_json.encode(record) for record in records]
    chunks = html.render(samples.INFO, (), lambda: iter(texts), samples.END, earlier)
    return "".join(chunks).encode().decode()


def test_the_report_names_what_changed() -> None:
    slow, changing = samples.record("slow <b>", duration_ms=90.0), samples.FAILED
    earlier = History(
        9,
        {
            slow.id: Past("p" * 9, (10.0,) * 7 + (90.0,) * 2),
            changing.id: past("pfpfp"),
            "another": past("pfpfp"),
        },
    )
    found = page(earlier, (slow, changing, samples.record("new")))
    blocks = Blocks(found)
    assert "Compared with 9 earlier runs" in blocks.text
    assert f"{slow.id} 10 ms → 90 ms" in blocks.text
    assert f"{changing.id} 5 times in 6 runs" in blocks.text
    assert "another" not in blocks.text
    assert blocks.values("history") == [
        [slow.id, "p" * 10, [10.0] * 7 + [90.0] * 3],
        [changing.id, "pfpfpf", [1.0] * 5 + [4.0]],
    ]


def test_without_a_past_nothing_is_said() -> None:
    assert 'class="trends"' not in page(History(0, {}), samples.ALL)
    assert "No scenario got slower" in page(History(1, {}), samples.ALL)


def project(directory: Path) -> None:
    (directory / "echo.py").write_text("def handler(event, context):\n    return event\n")
    (directory / "a.yml").write_text(
        f"functions: {{echo: {{handler: echo.handler, runtime: python3.{sys.version_info[1]}, code: .}}}}\n"
        "defaults: {function: echo}\nscenarios:\n  - {name: one, event: 1}\n  - {name: two, event: 2}\n"
    )


def test_runs_leave_it_and_find_it(tmp_path: Path) -> None:
    project(tmp_path)
    for _ in range(2):
        done = running.run(tmp_path, "run", "a.yml", "--history", "kept/history")
        assert done.status == 0, done.stderr
    kept = sorted(os.listdir(tmp_path / "kept" / "history"))
    assert [name.split(".", 1)[1] for name in kept] == ["index.json", "report.json"] * 2
    report = json.loads((tmp_path / "kept" / "history" / kept[-1]).read_text())
    assert report == json.loads((tmp_path / "reports" / "report.json").read_text())
    blocks = Blocks((tmp_path / "reports" / "report.html").read_text())
    assert [(name, letters) for name, letters, _ in blocks.values("history")] == [
        ("a.yml::one", "pp"),
        ("a.yml::two", "pp"),
    ]


def test_runs_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    project(tmp_path)
    arguments = ("run", "a.yml", "--no-reports", "--history", "history")
    under_way = [running.start(tmp_path, arguments) for _ in range(6)]
    for process in under_way:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert history.read(str(tmp_path / "history"), samples.INFO._replace(labels=())).runs == 6
    assert not [name for name in os.listdir(tmp_path / "history") if name.endswith(".new")]


def test_one_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "history").touch()
    done = running.run(tmp_path, "run", "a.yml", "--history", "history")
    assert done.status == 3
    assert "the history was not written" in done.stderr
    assert (tmp_path / "reports" / "report.html").exists()
