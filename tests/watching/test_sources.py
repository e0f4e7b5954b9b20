"""Scenario files that are read ahead: what is handed out is always what the file says now."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lambda_scenarios.errors import UsageError
from lambda_scenarios.scenarios import load
from lambda_scenarios.watching import sources
from lambda_scenarios.watching.sources import Sources


def text(word: str) -> str:
    return f"scenarios:\n  - {{name: {word}, function: f}}\n"


def name(found: Any) -> str:
    said: str = found.value["scenarios"][0]["name"]
    return said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "s.yml"
    found.write_text(text("hello"))
    return found


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read, once each time."""
    found: list[str] = []
    read = load.read_source

    def counting(path: str) -> Any:
        found.append(path)
        return read(path)

    monkeypatch.setattr(load, "read_source", counting)
    return found


def ahead(*paths: Path) -> Sources:
    found = Sources()
    found.expect([str(path) for path in paths])
    while found.read_some():
        pass
    return found


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is taken for one that was saved long ago."""
    monkeypatch.setattr(sources, "_GRAIN", -1.0)


@pytest.mark.usefixtures("old")
def test_what_is_read_ahead_is_not_read_again(path: Path, counted: list[str]) -> None:
    found = ahead(path)
    assert counted == [str(path)]
    assert name(found.read(str(path))) == "hello"
    found.expect([str(path)])
    assert not found.read_some()
    assert counted == [str(path)]


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("how", ["in place", "replaced", "with its old time"])
def test_a_file_that_has_changed_is_read_again(path: Path, how: str) -> None:
    found = ahead(path)
    before = path.stat()
    if how == "replaced":
        fresh = path.with_name("fresh")
        fresh.write_text(text("hullo"))
        fresh.replace(path)
    else:
        path.write_text(text("hullo"))
    if how == "with its old time":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert name(found.read(str(path))) == "hullo"


def test_a_file_saved_a_moment_ago_is_left_to_the_run(path: Path, counted: list[str]) -> None:
    """It may change again without another time."""
    found = ahead(path)
    assert counted == []
    assert name(found.read(str(path))) == "hello"


@pytest.mark.usefixtures("old")
def test_mistakes_are_told_by_each_run(path: Path, tmp_path: Path) -> None:
    path.write_text("scenarios: [")
    found = ahead(path, tmp_path / "gone.yml")
    with pytest.raises(UsageError):
        found.read(str(path))
    with pytest.raises(UsageError, match="can't read"):
        found.read(str(tmp_path / "gone.yml"))
    path.write_text(text("mended"))
    assert name(found.read(str(path))) == "mended"


@pytest.mark.usefixtures("old")
def test_what_no_run_needs_any_more_is_forgotten(path: Path, counted: list[str]) -> None:
    found = ahead(path)
    found.expect([])
    found.read(str(path))
    assert counted == [str(path)] * 2
