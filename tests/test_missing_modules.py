"""A function that wants a module which nobody installed: what would install it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambda_scenarios import missing_modules
from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.model.outcome import FunctionError, InitFailed, Outcome, Returned, TimedOut
from lambda_scenarios.phrases import shown_path
from tests.program import running

PYTHON = "Unable to import module 'app': No module named 'requests'"
NODE = "Cannot find module 'uuid'\nRequire stack:\n- /x/app.js"


def told(root: Path, message: str, runtime: str = "python3.12", file: str = "serverless.yml") -> str | None:
    service = ServiceInfo("shop", "dev", "eu-west-1", str(root / "shop"), str(root / "shop" / file))
    function = Function("f", "f", "src/app.handler", runtime, str(root / "shop"), service)
    ended = Outcome(
        InitFailed("Runtime.ImportModuleError", message, ()), "id", 0.0, 1.0, None, None, b"", b"", 1, 1
    )
    return missing_modules.hint(ended, function, lambda path: shown_path(path, str(root)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "shop" / "src").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (("requirements.txt",), "pip install -r requirements.txt "),
        (("requirements.txt", "shop/requirements.txt"), "pip install -r shop/requirements.txt "),
        (("shop/requirements.txt", "shop/src/pyproject.toml"), "pip install shop/src "),
        (("shop/Pipfile",), "pipenv install "),
    ],
)
def test_the_nearest_list_of_python(project: Path, files: tuple[str, ...], command: str) -> None:
    for file in files:
        (project / file).touch()
    found = told(project, PYTHON)
    assert found is not None
    assert "`requests` isn't installed" in found
    assert f"\n{command}" in found


@pytest.mark.parametrize(
    ("files", "name", "command"),
    [
        (("shop/package.json",), "uuid", "cd shop && npm install"),
        (("shop/package.json", "shop/package-lock.json"), "uuid", "cd shop && npm ci"),
        (("shop/src/package.json", "yarn.lock"), "uuid", "cd shop/src && yarn install"),
        (("package.json", "pnpm-lock.yaml"), "uuid", "pnpm install"),
        (("shop/package.json",), "@scope/other", "cd shop && npm install @scope/other"),
        (("shop/package.json",), "aws-sdk", "cd shop && npm install aws-sdk"),
    ],
)
def test_the_nearest_package_of_node(project: Path, files: tuple[str, ...], name: str, command: str) -> None:
    for file in files:
        (project / file).write_text(json.dumps({"dependencies": {"uuid": "1"}}))
    for message in (
        f"Error: Cannot find module '{name}/sub'",
        f"Cannot find package '{name}' imported from /x/a.mjs",
    ):
        found = told(project, message, "nodejs20.x")
        assert found is not None
        assert found.splitlines()[-1] == command


def test_a_template_may_be_built(project: Path) -> None:
    assert told(project, PYTHON, file="template.yaml") == (
        "or `sam build`: what it puts into .aws-sam/build is then run"
    )


def test_nothing_is_said_where_nothing_is_known(project: Path) -> None:
    assert told(project, PYTHON) is None
    (project / "shop" / "requirements.txt").touch()
    (project / "shop" / "package.json").write_text("{")
    for message, runtime in (
        ("Cannot find module './lib/own'", "nodejs20.x"),
        ("Cannot find module '/x/own.js'", "nodejs20.x"),
        ("No module named requests", "python3.12"),
        (PYTHON, "ruby3.3"),
    ):
        assert told(project, message, runtime) is None
    service = ServiceInfo("shop", "dev", "eu-west-1", str(project / "shop"), None)
    function = Function("f", "f", "app.handler", "python3.12", str(project / "shop"), service)
    for ending in (Returned(PYTHON.encode()), TimedOut(1.0, PYTHON)):
        ended = Outcome(ending, "id", 0.0, 1.0, None, None, b"", b"", 1, 1)
        assert missing_modules.hint(ended, function, str) is None
    raised = Outcome(FunctionError("ImportError", PYTHON, ()), "id", 0.0, 1.0, None, None, b"", b"", 1, 1)
    assert missing_modules.hint(raised, function, str) is not None


def test_run_and_invoke_tell_it(project: Path) -> None:
    (project / "shop" / "requirements.txt").touch()
    (project / "shop" / "src" / "app.py").write_text("import package_of_nobody\n")
    (project / "shop" / "serverless.yml").write_text(
        "service: shop\nprovider: {name: aws, runtime: python3.11}\n"
        "functions: {f: {handler: src/app.handler}}\n"
    )
    (project / "shop" / "s.yml").write_text("scenarios:\n  - {name: one, function: f}\n")
    done = running.run(project / "shop", "run", "s.yml")
    assert "hint: `package_of_nobody` isn't installed" in done.stdout
    assert "pip install -r requirements.txt" in done.stdout
    done = running.run(project / "shop", "invoke", "-f", "f", "-d", "1")
    assert "hint: `package_of_nobody` isn't installed" in done.stderr
