"""The packages that the Serverless Framework is made of, as an oracle."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.framework import PACKAGE, run
from tests.services.npm_packages import installed


class Framework:
    """One process of Node.js that answers any number of questions."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, question: str, **details: object) -> Any:
        """What came back, or None where the Framework fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": question, **details}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer.get("value")


@pytest.fixture(scope="session")
def framework() -> Iterator[Framework]:
    with subprocess.Popen(
        ["node", str(Path(__file__).parent / "framework.cjs"), str(installed(PACKAGE))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Framework(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)


def serverless_package(root: Path, home: Path) -> None:
    """What `serverless package` does in the directory of a service; it needs no account."""
    keys = {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up"}
    done = run(("package",), root, home, keys)
    assert done.returncode == 0, done.stdout + done.stderr
