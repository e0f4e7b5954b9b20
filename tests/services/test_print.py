"""Service files read by this program and by the Serverless Framework itself: both say the same.

Each directory under `print/` is a service. It is copied, since the Framework writes beside what it reads.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.program import running
from tests.services import framework, npm_packages

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None, reason="Node.js is missing: apt-get install nodejs"
)

HERE = Path(__file__).parent / "print"
TYPESCRIPT = ("ts-node@10.9.2", "typescript@5.9.3", "tsconfig-paths@4.2.0", "@types/node@20.19.0")


class Case(NamedTuple):
    """A service, and how it is asked for."""

    name: str
    arguments: tuple[str, ...] = ()
    environ: Mapping[str, str] = {}

    def __str__(self) -> str:
        return "_".join((self.name, *self.arguments))


# Services that are asked for otherwise than by their name alone.
SPECIAL = (
    Case("stage-option"),
    Case("stage-option", ("--stage", "prod", "--region", "us-west-2")),
    Case("stage-from-environment"),
    Case("stage-from-environment", (), {"STAGE": "qa"}),
    Case("stage-from-environment", ("--stage", "live"), {"STAGE": "qa"}),
    Case("parameters"),
    Case("parameters", ("--stage", "prod", "--param", "given=a=b", "--param", "overridden=option")),
    Case("parameters", ("--stage", "other"), {"SECRET": "s"}),
    Case("files"),
    Case("files", ("--stage", "prod")),
    Case(
        "environment-variables",
        (),
        {"TIMEOUT": "17", "GIVEN": "given", "EMPTY": "", "WHICH": "GIVEN", "HOLDS": "<${self:service}>"},
    ),
    Case("booleans", (), {"FLAG": "1"}),
    Case("dotenv", (), {"SHELL_WINS": "shell"}),
    Case("dotenv-by-stage"),
    Case("dotenv-by-stage", ("--stage", "prod")),
    Case("function-array"),
    Case("function-array", ("--stage", "prod")),
    Case("names", ("--stage", "prod")),
    Case("program-object", (), {"GIVEN": "from the shell"}),
    Case("program-object", ("--stage", "prod"), {"GIVEN": ""}),
    Case("values-from-programs"),
    Case("values-from-programs", ("--stage", "prod")),
)
CASES = (
    *SPECIAL,
    *(Case(path.name) for path in sorted(HERE.iterdir()) if path.name not in {case.name for case in SPECIAL}),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_framework_says_the_same(case: Case, tmp_path: Path) -> None:
    directory = tmp_path / case.name
    shutil.copytree(HERE / case.name, directory)
    if (directory / "serverless.ts").exists():
        (directory / "node_modules").symlink_to(npm_packages.installed(*TYPESCRIPT) / "node_modules")
    environ = {"AWS_EC2_METADATA_DISABLED": "true", **case.environ}
    printed = framework.prints(directory, case.arguments, environ, tmp_path)
    assert printed.configuration is not None, printed.refusal
    done = running.run(directory, "functions", "--json", *case.arguments, env=environ)
    assert done.status == 0, done.stderr
    fields = framework.fields_of(printed.configuration)
    assert fields, "nothing is compared"
    assert framework.differences(fields, json.loads(done.stdout)) == []
    assert running.left_behind(str(tmp_path)) == []


def test_no_service_is_left_out() -> None:
    assert {case.name for case in CASES} == {name for name in os.listdir(HERE) if name[0] != "."}
    assert len({case.name for case in CASES}) >= 25
