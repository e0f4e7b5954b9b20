"""Service files through the real program: large ones, and programs that leave nothing behind."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.program import running

HEAD = "service: large\nprovider: {name: aws, runtime: python3.11}\n"


def large(size: int, more: str = "") -> str:
    """A service file of at least that many bytes: what it is large by is not needed."""
    resource = "    Table%d: {Type: AWS::DynamoDB::Table, Properties: {TableName: '${self:service}-%d'}}\n"
    text = HEAD + "functions:\n  one: {handler: app.handler, environment: {A: '${self:custom.a}'}}\n"
    text += "custom: {a: '${sls:stage}'}\nresources:\n  Resources:\n"
    number = 0
    lines = []
    while number * 90 < size:
        lines.append(resource % (number, number))
        number += 1
    return text + "".join(lines) + more


def test_a_large_service_file(tmp_path: Path) -> None:
    (tmp_path / "app.py").touch()
    (tmp_path / "serverless.yml").write_text(large(3_500_000))
    assert 3_500_000 < (tmp_path / "serverless.yml").stat().st_size < 4_194_304
    done = running.run(tmp_path, "functions", "--json")
    assert done.status == 0, done.stderr
    assert json.loads(done.stdout)[0]["environment"] == {"A": "dev"}


def test_a_mistake_at_the_end_of_a_large_one(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text(large(3_500_000, "    Table: [\n"))
    done = running.run(tmp_path, "functions")
    assert done.status == 2
    assert "--> serverless.yml:" in done.stderr
    assert "1 error in 1 file" in done.stderr


def test_a_service_file_of_5_mb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text(large(5_000_000))
    done = running.run(tmp_path, "functions")
    assert done.status == 2
    assert "serverless.yml has 5," in done.stderr
    assert "at most 4,194,304 are read" in done.stderr
    assert "--> serverless.yml:1:1" in done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is missing: apt-get install nodejs")
def test_what_a_program_prints_is_no_part_of_the_result(tmp_path: Path) -> None:
    (tmp_path / "serverless.js").write_text(
        "console.log('[]'); console.error('loud');\n"
        "module.exports = {service: 's', provider: {name: 'aws', runtime: 'python3.11'},\n"
        "  functions: {one: {handler: 'app.handler', environment: {LOCAL: `${process.env.IS_LOCAL}`}}}};\n"
    )
    (tmp_path / "app.py").write_text(
        "import os\ndef handler(event, context):\n    return os.environ['LOCAL']\n"
    )
    done = running.run(tmp_path, "functions", "--json")
    assert done.status == 0, done.stderr
    assert json.loads(done.stdout)[0]["key"] == "one"
    assert done.stderr == "[]\nloud\n"
    # IS_LOCAL and --env are there when the function begins, not while the service file is read.
    file = tmp_path / "serverless.js"
    file.write_text(file.read_text().replace("python3.11", f"python3.{sys.version_info[1]}"))
    done = running.run(tmp_path, "invoke", "-f", "one", "-d", "{}", "--env", "IS_LOCAL=1")
    assert (done.status, done.stdout) == (0, '"undefined"\n'), done.stderr
    assert running.left_behind(str(tmp_path)) == []
