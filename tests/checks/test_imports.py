"""What a run in which everything holds does not load: each of these costs more than the run itself."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import json, sys
from lambda_scenarios.checks.compile import compile_expectation
from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.model.outcome import Outcome, Returned
from lambda_scenarios.model.values import Origin

expect = {
    "http": {"status": 200, "body": {"a": {"$gt": 0}, "b": {"$unordered": [1, 2]}},
             "headers": {"x": "y"}},
    "logs": ["stored"], "log_records": [{"level": "INFO"}], "duration_ms": 100,
}
result = {"statusCode": 200, "body": json.dumps({"a": 1, "b": [2, 1]}), "headers": {"X": "y"}}
service = ServiceInfo("s", "dev", "eu-west-1", "/", None)
outcome = Outcome(
    Returned(json.dumps(result).encode()), "id", 0.0, 1.0, None, 1, b'{"level": "INFO"}\\nstored', b"", 1, 1
)
expectation = compile_expectation(expect, Origin("/f.yml"), None, None)
function = Function("f", "f", "f.f", "python3.11", "/", service)
assert evaluate(expectation, outcome, function, b"{}") == ((), ())
print(*sorted(sys.modules))
"""
HEAVY = {
    "asyncio", "click", "dataclasses", "difflib", "http", "importlib.metadata", "inspect", "jinja2",
    "jmespath", "jsonschema", "pathlib", "rich", "subprocess", "unicodedata", "uuid", "yaml",
    "lambda_scenarios.checks.alignment", "lambda_scenarios.checks.diff", "lambda_scenarios.checks.explain",
    "lambda_scenarios.checks.json_schemas",
}  # fmt: skip


def test_the_way_where_all_holds_loads_nothing_heavy() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "lambda_scenarios.checks.evaluate" in loaded
    # What the interpreter itself loads at start (an editable install may) is not ours to save.
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert loaded & HEAVY <= set(bare.stdout.split())
