"""The coverage of shards is united by `merge`: what one run of all would have said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lambda_scenarios.coverage.lcov import parse
from tests.coverage import project
from tests.coverage.project import scenarios
from tests.program import running

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js: apt-get install nodejs")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the reports of one run in `whole`, and of two shards in `1` and `2`."""
    root = tmp_path_factory.mktemp("shop")
    project.write(root)
    kinds = [("inPython", "plain"), ("inPython", "deep"), ("inNode", "plain"), ("inNode", "raise")]
    scenarios(root, *kinds)
    running.run(root, "run", "--coverage", "--report-dir", "whole")
    for number in "12":
        running.run(root, "run", "--coverage", "--shard", f"{number}/2", "--report-dir", number)
    return root


def ran(tracefile: Path) -> dict[str, dict[int, bool]]:
    return {
        file.path: {line: bool(hits) for line, hits in file.lines.items()}
        for file in parse(tracefile.read_text())
    }


def test_shards_come_to_the_whole(shop: Path) -> None:
    done = running.run(shop, "merge", "1/report.json", "2/report.json", "--report-dir", "all")
    assert done.status == 1, done.stdout + done.stderr  # a scenario fails
    assert ran(shop / "all" / "coverage.lcov") == ran(shop / "whole" / "coverage.lcov")
    assert ran(shop / "1" / "coverage.lcov") != ran(shop / "whole" / "coverage.lcov")
    merged, whole = (
        json.loads((shop / folder / "report.json").read_text())["coverage"] for folder in ("all", "whole")
    )
    for name in ("lines", "covered"):
        assert merged[name] == whole[name]
    assert f" of {whole['lines']} lines\n" in done.stdout
    assert (shop / "all" / "coverage.xml").exists()
    assert "Coverage: " in (shop / "all" / "report.html").read_text()


@pytest.mark.parametrize(
    ("text", "said"), [(None, "No such file"), ("<html>", "line 1 is none of a tracefile")]
)
def test_what_is_missing_is_told(shop: Path, tmp_path: Path, text: str | None, said: str) -> None:
    shutil.copy(shop / "1" / "report.json", tmp_path / "report.json")
    if text is not None:
        (tmp_path / "coverage.lcov").write_text(text)
    done = running.run(
        shop, "merge", str(tmp_path / "report.json"), "2/report.json", "--report-dir", str(tmp_path / "all")
    )
    assert "warning: the coverage of " in done.stderr
    assert said in done.stderr
    assert ran(tmp_path / "all" / "coverage.lcov") == ran(shop / "2" / "coverage.lcov")


def test_reports_without_coverage_have_none(shop: Path, tmp_path: Path) -> None:
    running.run(shop, "run", "--shard", "1/2", "--report-dir", str(tmp_path / "1"))
    running.run(shop, "merge", str(tmp_path / "1" / "report.json"), "--report-dir", str(tmp_path / "all"))
    assert not (tmp_path / "all" / "coverage.lcov").exists()
    done = running.run(
        shop,
        "merge",
        str(tmp_path / "1" / "report.json"),
        "2/report.json",
        "--report-dir",
        str(tmp_path / "b"),
    )
    assert "report.json has no coverage" in done.stderr
    assert ran(tmp_path / "b" / "coverage.lcov") == ran(shop / "2" / "coverage.lcov")
