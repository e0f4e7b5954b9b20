"""Published service files beside `serverless print`: those below the directory LAMBDA_SCENARIOS_CORPUS.

Without that variable there is nothing to collect. Plugins are replaced by empty ones, so that the Framework
goes on; what it refuses is passed over, for this program resolves only what functions need.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from tests.program import running
from tests.services import framework

_FILES = ("serverless.yml", "serverless.yaml", "serverless.json", "serverless.js", "serverless.ts")
_PLUGIN = re.compile(
    r"^\s*-\s*['\"]?((?:@[\w.-]+/)?[\w-]*(?:serverless|plugin)[\w./-]*)['\"]?\s*(?:#.*)?$", re.M
)
_CORPUS = os.environ.get("LAMBDA_SCENARIOS_CORPUS")

if _CORPUS:
    import pytest

    _FOUND = sorted(
        path
        for name in _FILES
        for path in Path(_CORPUS).rglob(name)
        if "node_modules" not in path.parts and "name: aws" in path.read_text(errors="replace")
    )

    @pytest.mark.parametrize("file", _FOUND, ids=lambda file: str(file.relative_to(_CORPUS or "")))
    def test_the_framework_says_the_same(file: Path, tmp_path: Path) -> None:
        directory = tmp_path / "service"
        shutil.copytree(file.parent, directory, symlinks=True)
        for name in _PLUGIN.findall(file.read_text(errors="replace")):
            plugin = directory / "node_modules" / name
            plugin.mkdir(parents=True, exist_ok=True)
            (plugin / "index.js").write_text("module.exports = class {};\n")
        environ = {"AWS_EC2_METADATA_DISABLED": "true"}
        printed = framework.prints(directory, (), environ, tmp_path)
        done = running.run(directory, "functions", "--json", env=environ)
        assert "lambda-scenarios itself failed" not in done.stderr
        if printed.configuration is None:
            return
        assert done.status == 0, done.stderr
        fields = framework.fields_of(printed.configuration)
        assert framework.differences(fields, json.loads(done.stdout)) == []
