"""Whole runs through the real program, compared with what they should look like.

Each directory beside this file is a project: its files, `command.txt` (arguments, one a line), and what is
expected: `stdout.txt`, `stderr.txt`, `status.txt`. `GOLDEN_UPDATE=1` writes what came out instead; read the
difference before you commit it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.program import running

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/command.txt"))


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(HERE / name, project)
    arguments = (project / "command.txt").read_text().splitlines()
    done = running.run(project, *arguments)
    found = {
        "stdout.txt": running.normal(done.stdout, str(project)),
        "stderr.txt": running.normal(done.stderr, str(project)),
        "status.txt": f"{done.status}\n",
    }
    if os.environ.get("GOLDEN_UPDATE"):
        for file, text in found.items():
            (HERE / name / file).write_text(text)
    expected = {file: (HERE / name / file).read_text() for file in found}
    assert found == expected
    assert running.left_behind(str(project)) == []
