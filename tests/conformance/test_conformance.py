"""One suite over all runtimes and backends: the same scenarios, judged by the program itself.

A subject is a small function that does as its event says, written in each language (subjects/). Where a
runtime differs in Lambda as well (the name of an error's type), the difference is a variable of its subject.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.backends.docker import images
from tests.conformance.subjects_of_runtimes import SOURCES, SUBJECTS, missing
from tests.program import running

HERE = Path(__file__).parent
PAIRS = [(name, backend) for backend in ("local", "docker") for name in SUBJECTS]
# In containers, images made of this machine's programs, since nothing is pulled.
IMAGES = {
    "python": images.python,
    "nodejs": images.nodejs,
    "ruby": images.ruby,
    "java": images.java,
    "go": images.shell,
    "shell": images.shell,
}
MEMORY = 512


@pytest.mark.parametrize(("name", "backend"), PAIRS)
def test_conforms(name: str, backend: str, tmp_path: Path) -> None:
    subject = SUBJECTS[name]
    lacking = missing(subject)
    if lacking is not None:
        pytest.skip(lacking)
    code = tmp_path / "code"
    shutil.copytree(SOURCES / name, code)
    if subject.made is not None:
        subject.made(code)
    written = scenarios(name)
    (tmp_path / "scenarios.yml").write_text(yaml.safe_dump(written), encoding="utf-8")

    (tmp_path / "tmp").mkdir()  # for what a killed function leaves
    env = {running.MARK: str(tmp_path), "TMPDIR": str(tmp_path / "tmp")}
    arguments = ["run", "scenarios.yml", "-j", "2", "--backend", backend]
    if backend == "docker":
        code.chmod(0o755)
        arguments += ["--docker-image", f"{subject.runtime}={IMAGES[name]()}"]
    done = running.run(tmp_path, *arguments, env=env)

    report = json.loads((tmp_path / "reports" / "report.json").read_text(encoding="utf-8"))
    found = {result["name"]: result["status"] for result in report["results"]}
    assert {name: status for name, status in found.items() if status != "passed"} == {}, done.stdout
    assert done.status == 0
    wanted = sum(len(scenario.get("cases", [1])) for scenario in written["scenarios"])
    assert len(found) == wanted
    endings = {
        invocation["ending"]
        for result in report["results"]
        for attempt in result["attempts"]
        for invocation in attempt["invocations"]
    }
    wanted_endings = {"returned", "function error", "init failed", "timed out", "worker died"}
    assert endings == wanted_endings - ({"init failed"} if "fails to load" in subject.left_out else set())
    assert running.left_behind(str(tmp_path)) == []


def scenarios(name: str) -> dict[str, Any]:
    """The suite for one subject: the function declared, and what differs as variables."""
    subject = SUBJECTS[name]
    document: dict[str, Any] = yaml.safe_load((HERE / "scenarios.yml").read_text(encoding="utf-8"))
    document["service"] = None
    document["functions"] = {
        "subject": {
            "handler": subject.handler,
            "runtime": subject.runtime,
            "code": "code",
            "memory": MEMORY,
        }
    }
    document["vars"] = {
        "name": "local-dev-subject",
        "handler": subject.handler,
        "shop_error": subject.shop_error,
        "init_error": subject.init_error,
        "segfault": subject.segfault,
    }
    document["scenarios"] = [s for s in document["scenarios"] if s["name"] not in subject.left_out]
    return document
