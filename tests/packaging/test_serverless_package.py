"""Whole services beside `serverless package`: which archives there are, what is in them, and how."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lambda_scenarios.packaging.packager import Packager
from lambda_scenarios.services.catalog import Catalog, ServiceOptions
from tests.packaging.conftest import serverless_package

FILES = {
    "src/a.py": 0o644,
    "src/run.sh": 0o755,
    "src/data/table.csv": 0o600,
    "src/data/secret.csv": 0o640,
    "README.md": 0o644,
    ".env": 0o644,
    ".env.dev": 0o644,
    ".gitignore": 0o644,
    "yarn-error.log": 0o644,
    "tests/test_a.py": 0o644,
    "layers/common/python/lib.py": 0o644,
    "node_modules/kept/index.js": 0o644,
    "node_modules/tool/index.js": 0o644,
    "node_modules/tool/cli.js": 0o755,
    "node_modules/.bin/tool": 0o755,
    "größe/ü.py": 0o644,
}
MANIFESTS = {
    "package.json": {"name": "shop", "dependencies": {"kept": "1"}, "devDependencies": {"tool": "1"}},
    "node_modules/kept/package.json": {"name": "kept", "version": "1.0.0"},
    "node_modules/tool/package.json": {"name": "tool", "version": "1.0.0", "bin": {"tool": "cli.js"}},
}
TWO = {"one": {"handler": "src/a.one"}, "two": {"handler": "src/a.two"}}
SERVICES: dict[str, dict[str, Any]] = {
    "nothing said": {},
    "patterns": {"package": {"patterns": ["!tests/**", "!**/*.md", "!src/data/**", "src/data/table.csv"]}},
    "individually": {
        "package": {"individually": True, "patterns": ["!node_modules/**"]},
        "functions": {**TWO, "two": {"handler": "src/a.two", "package": {"patterns": ["!src/data/**"]}}},
    },
    "one of them": {
        "functions": {
            **TWO,
            "two": {"handler": "src/a.two", "package": {"individually": True, "patterns": ["!tests/**"]}},
        },
    },
    "deprecated": {
        "package": {
            "exclude": ["**/*.md", "tests/**", "!tests/test_a.py"],
            "include": ["../shared/**", "!.env*"],
        }
    },
    "without development left out": {"package": {"excludeDevDependencies": False, "patterns": ["!**/*.md"]}},
    "dotenv": {"useDotenv": True, "package": {"patterns": ["../shared/lib.py", "!node_modules"]}},
    "only": {"package": {"patterns": ["!**", "src/**", "../shared/{lib,none}.py"]}},
    "a name of its own": {
        "package": {"individually": True},
        "functions": {"one": {"handler": "src/a.one", "name": "x"}},
    },
}

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is missing: apt-get install npm")


@pytest.mark.parametrize("name", SERVICES)
def test_the_archives_of_the_framework(tmp_path: Path, name: str) -> None:
    root = tmp_path / "shop"
    for file, mode in FILES.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file)
        path.chmod(mode)
    for file, manifest in MANIFESTS.items():
        (root / file).write_text(json.dumps(manifest))
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/lib.py").write_text("shared")
    (root / "linked").symlink_to("src/data")
    service = {"service": "shop", "provider": {"name": "aws", "runtime": "python3.11"}, "functions": TWO}
    (root / "serverless.yml").write_text(json.dumps({**service, **SERVICES[name]}))

    serverless_package(root, tmp_path)
    theirs = contents(root)
    assert theirs
    shutil.rmtree(root / ".serverless")
    ours = packaged(root, tmp_path)
    assert ours == theirs


def packaged(root: Path, directory: Path) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    environ = {"XDG_CACHE_HOME": str(directory / "cache")}
    service = Catalog(environ, str(root)).open(str(root), ServiceOptions())
    packager = Packager(environ, str(root))
    for key in service.keys():  # noqa: SIM118 - a service is no mapping
        packager.code(service.function(key))
    return contents(root)


def contents(root: Path) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Of each archive in .serverless/, the names in it, with mode and text."""
    found = {}
    for archive in (root / ".serverless").glob("*.zip"):
        with zipfile.ZipFile(archive) as opened:
            found[archive.name] = {
                one.filename: (oct(one.external_attr >> 16), opened.read(one).decode())
                for one in opened.infolist()
            }
    return found
