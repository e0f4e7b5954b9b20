"""Files of snapshots: damage is found with its place; kills and other writers do none."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_scenarios import snapshot_files
from lambda_scenarios.checks import snapshots
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Json, Place
from lambda_scenarios.snapshot_files import Change


def complaint(path: Path, data: bytes) -> Diagnostic:
    path.write_bytes(data)
    with pytest.raises(UsageError) as caught:
        snapshot_files.read(str(path))
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


@pytest.mark.parametrize(
    ("data", "problem", "line"),
    [
        (
            b'{\n  "a": 1,\n<<<<<<< HEAD\n  "b": 1\n=======\n  "b": 2\n>>>>>>> other\n}\n',
            "unfinished merge",
            3,
        ),
        (b'{\n  "a": 1,\n  "b": 2,\n  "a": 3\n}\n', "`a` twice", 4),
        (b'{\n  "a": {"k": 1, "k": 1}\n}\n', "`k` twice", 2),
        (b'{\n  "a": 1\n  "b": 2\n}\n', "no JSON", 3),
        (b'{\n  "a": NaN\n}\n', "NaN is not JSON", 2),
        (b"", "is empty", 1),
        (b"[1]\n", "is an object", 1),
        (b'{\n  "a": "\xff"\n}\n', "no UTF-8", 2),
        (b"[" * 100_000, "nested too deeply", 1),
    ],
)
def test_damage_is_told_with_its_place(tmp_path: Path, data: bytes, problem: str, line: int) -> None:
    found = complaint(tmp_path / "a.yml.json", data)
    assert problem in found.problem
    assert isinstance(found.where, Place)
    assert (found.where.file, found.where.line) == (str(tmp_path / "a.yml.json"), line)
    assert found.label or found.notes


@given(st.binary(max_size=60) | st.text('{}[]":,ab1\n <>=', max_size=40).map(str.encode))
@settings(deadline=None)
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    with contextlib.suppress(UsageError):
        entries = snapshot_files.read(str(path))
        assert entries == json.loads(data)


def test_a_change_leaves_other_entries_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "__snapshots__" / "a.yml.json"
    snapshot_files.write(str(path), Change({"b": 1, "d": [1.5]}))
    before = path.read_text()
    path.chmod(0o640)
    snapshot_files.write(str(path), Change({"c": {"k": None}}, frozenset("d")))
    assert json.loads(path.read_text()) == {"b": 1, "c": {"k": None}}
    assert path.stat().st_mode & 0o777 == 0o640
    snapshot_files.write(str(path), Change({"d": [1.5]}, frozenset("c")))
    assert path.read_text() == before
    assert os.listdir(path.parent) == ["a.yml.json"]
    stamp = path.stat().st_mtime_ns, path.stat().st_ino
    snapshot_files.write(str(path), Change({"b": 1}))
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == stamp  # nothing to write
    snapshot_files.write(str(path), Change({}, frozenset("bd")))
    assert os.listdir(tmp_path) == []


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text('{"a": 1}')
    path = tmp_path / "__snapshots__" / "a.yml.json"
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere.json")
    snapshot_files.write(str(path), Change({"b": 2}))
    assert path.is_symlink()
    assert json.loads((tmp_path / "elsewhere.json").read_text()) == {"a": 1, "b": 2}
    assert sorted(os.listdir(tmp_path)) == ["__snapshots__", "elsewhere.json"]


WRITER = """\
import sys
from lambda_scenarios.snapshot_files import Change, write
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.read(1)
for number in range(count):
    write(path, Change({f"{name}{number}": {"by": name, "number": number, "text": "x" * 2000}}))
    if number % 3 == 2:
        write(path, Change({}, frozenset([f"{name}{number}"])))
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def go(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path, count = tmp_path / "__snapshots__" / "a.yml.json", 30
    writers = [writer(path, name, count) for name in "abcd"]
    for process in writers:
        go(process)
    for process in writers:
        process.communicate(timeout=60)
        assert process.returncode == 0
    expected = {f"{name}{n}" for name in "abcd" for n in range(count) if n % 3 != 2}
    assert set(snapshot_files.read(str(path))) == expected
    assert os.listdir(path.parent) == ["a.yml.json"]
    assert path.read_text() == snapshots.file_text(snapshot_files.read(str(path)))


def test_the_last_entry_removed_by_one_leaves_the_others_theirs(tmp_path: Path) -> None:
    """The directory goes with its last file, while others wait for the lock on it."""
    paths = [tmp_path / "__snapshots__" / f"{name}.yml.json" for name in "ab"]
    writers = [writer(path, "n", 90) for path in paths]
    for process in writers:
        go(process)
    while any(process.poll() is None for process in writers):
        for path in paths:
            snapshot_files.write(str(path), Change({}, frozenset(f"n{number}" for number in range(0, 90, 3))))
    for process, path in zip(writers, paths, strict=True):
        process.communicate(timeout=60)
        assert process.returncode == 0
        assert {f"n{number}" for number in range(1, 90, 3)} <= set(snapshot_files.read(str(path)))


# Ends itself at the n-th call that touches the file system while it writes, as a kill would at that moment.
KILLED = """\
import os, signal, sys
from lambda_scenarios.snapshot_files import Change, write
path, last = sys.argv[1], int(sys.argv[2])
seen = 0
def hook(event, arguments):
    global seen
    if event.startswith(("os.", "open", "fcntl.")) and event != "os.kill":
        seen += 1
        if seen > last:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
write(path, Change({"new": ["x" * 5000] * 20}))
os._exit(7)
"""


def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    old: dict[str, Json] = {"old": {"a": [1.0, "\n"]}}
    new: dict[str, Json] = {**old, "new": ["x" * 5000] * 20}
    seen: list[object] = []
    for moment in range(100):
        path = tmp_path / "__snapshots__" / "a.yml.json"
        shutil.rmtree(path.parent, ignore_errors=True)
        snapshot_files.write(str(path), Change(old))
        done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(moment)], check=False, timeout=60)
        content = snapshot_files.read(str(path))
        assert content in (old, new)
        assert path.read_text() == snapshots.file_text(content)
        seen.append((content == new, len(os.listdir(path.parent))))
        # What it left is gone after the next writer, who is not held up by a lock.
        snapshot_files.write(str(path), Change({"next": 1}))
        assert os.listdir(path.parent) == ["a.yml.json"]
        if done.returncode == 7:
            break
        assert done.returncode == -signal.SIGKILL
    assert done.returncode == 7
    assert {(False, 1), (False, 2), (True, 1)} <= set(seen)  # also with a temporary file left behind


def test_kills_at_odd_moments_corrupt_nothing(tmp_path: Path) -> None:
    path = tmp_path / "__snapshots__" / "a.yml.json"
    for number in range(25):
        process = writer(path, f"{number}-", 10_000)
        go(process)
        before = len(snapshot_files.read(str(path)))
        while len(snapshot_files.read(str(path))) < before + number % 5:  # always whole, also meanwhile
            assert process.poll() is None
        process.kill()
        process.communicate()
        text = path.read_text() if path.exists() else ""
        entries = snapshot_files.read(str(path))
        assert text == (snapshots.file_text(entries) if entries else "")


def test_files_whose_scenario_file_is_gone(tmp_path: Path) -> None:
    inner = tmp_path / "__snapshots__"
    inner.mkdir()
    (tmp_path / "here.yml").touch()
    for name in ("here.yml.json", "gone.yml.json", "gone.yaml.json", "notes.json", ".gone.yml.json.1.tmp"):
        (inner / name).touch()
    found = snapshot_files.orphans(str(tmp_path))
    assert found == tuple(str(inner / name) for name in ("gone.yaml.json", "gone.yml.json"))
    assert snapshot_files.scenario_file_of(found[1]) == str(tmp_path / "gone.yml")
    assert snapshot_files.file_of(str(tmp_path / "gone.yml")) == found[1]
    assert snapshot_files.orphans(str(inner)) == ()


def test_directories_are_those_that_discovery_enters(tmp_path: Path) -> None:
    for name in (".", "a/b", "node_modules/x", ".hidden"):
        (tmp_path / name / "__snapshots__").mkdir(parents=True)
    found = set(snapshot_files.directories(str(tmp_path)))
    assert found == {str(tmp_path), str(tmp_path / "a" / "b")}
