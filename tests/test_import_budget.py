"""What a run may import where everything is valid and passes: start-up is most of a short run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program import running
from tests.program.running import VERSION

# Each of these costs between 5 and 150 ms (`python -X importtime -c "import NAME"`).
TOO_HEAVY = (
    "asyncio",
    "boto3",
    "botocore",
    "click",
    "concurrent.futures",
    "dataclasses",
    "datetime.zoneinfo",
    "docker",
    "email",
    "hashlib",
    "http",
    "importlib.metadata",
    "inspect",
    "jinja2",
    "jmespath",
    "jsonschema",
    "jsonschema_rs",
    "logging",
    "lambda_scenarios.checks.explain",
    "lambda_scenarios.coverage",
    "lambda_scenarios.checks.snapshots",
    "lambda_scenarios.diagnostics",
    "lambda_scenarios.extending",
    "lambda_scenarios.reports.github",
    "lambda_scenarios.reports.history",
    "lambda_scenarios.runtimes.custom",
    "lambda_scenarios.runtimes.java",
    "lambda_scenarios.runtimes.ruby",
    "lambda_scenarios.reports.failure",
    "lambda_scenarios.snapshot_files",
    "lambda_scenarios.snapshotting",
    "lambda_scenarios.watching",
    "pathlib",
    "random",
    "rich",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "urllib",
    "uuid",
)
# What must not be there when the first interpreter is started ahead of time: it would start later.
BEFORE_THE_FIRST_START = (
    *TOO_HEAVY,
    "yaml",
    "lambda_scenarios.pipeline",
    "lambda_scenarios.services.catalog",
)

RUN = """\
import json, os, sys
from lambda_scenarios.backends import early
from lambda_scenarios.cli.main import main
from lambda_scenarios.runtimes.runtime import World

begin = early.Early.__init__
at_first = []
def noting(*arguments):
    at_first.extend(sys.modules)
    begin(*arguments)
early.Early.__init__ = noting
status = main(["run", "scenarios"], World(os.environ, os.getcwd()))
print(json.dumps({"status": status, "first": at_first, "end": list(sys.modules)}))
"""


SERVICES = {
    "serverless.yml": f"service: lean\nprovider: {{name: aws, runtime: python{VERSION}}}\n"
    "functions: {echo: {handler: echo.handler}}\n",
    "template.yaml": "Transform: AWS::Serverless-2016-10-31\nResources:\n  echo:\n"
    f"    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: python{VERSION}\n"
    "      Handler: echo.handler\n      CodeUri: .\n",
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_run_that_passes_imports_nothing_heavy(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SERVICES[name])
    (tmp_path / "echo.py").write_text("def handler(event, context):\n    return event\n")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "echo.yml").write_text(
        "scenarios:\n  - {name: echo, function: echo, event: {a: [1, x]}, expect: {output: {a: [1, x]}}}\n"
    )
    found = running.told_by(RUN, tmp_path)
    # What a development environment loads into every interpreter at its start.
    always = set(running.told_by("import json, sys; print(json.dumps(list(sys.modules)))", tmp_path))
    assert found["status"] == 0
    assert found["first"], "no interpreter was started ahead of time"
    assert sorted(set(found["end"]) & set(TOO_HEAVY) - always) == []
    assert sorted(set(found["first"]) & set(BEFORE_THE_FIRST_START) - always) == []
