from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_scenarios.errors import UsageError
from lambda_scenarios.services.catalog import Catalog, ServiceOptions, find_service_file

SERVICE = "service: s\nprovider: {name: aws, runtime: python3.12}\nfunctions: {one: {handler: h.one}}\n"


def put(path: Path, text: str = SERVICE) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_the_nearest_service_file_not_above_the_root(tmp_path: Path) -> None:
    above = put(tmp_path / "serverless.yml")
    root = tmp_path / "project"
    (root / "a" / "b").mkdir(parents=True)
    assert find_service_file(str(root / "a" / "b"), str(root)) is None
    near = put(root / "a" / "serverless.yaml")
    assert find_service_file(str(root / "a" / "b"), str(root)) == near
    assert find_service_file(str(root), str(root)) is None
    assert find_service_file(str(root / "a" / "b"), str(tmp_path)) == near
    assert find_service_file(str(tmp_path / "project"), str(tmp_path)) == above
    # Outside of the root only the directory itself is looked at.
    assert find_service_file(str(tmp_path), str(root)) == above
    assert find_service_file(str(tmp_path / "projectile"), str(root)) is None


def test_serverless_before_template(tmp_path: Path) -> None:
    template = put(tmp_path / "template.yaml", "Resources: {}\n")
    put(tmp_path / "template.yml", "Resources: {}\n")
    assert find_service_file(str(tmp_path), str(tmp_path)) == template
    found = [put(tmp_path / f"serverless.{suffix}") for suffix in ("ts", "js", "json", "yaml", "yml")]
    for path in reversed(found):
        assert find_service_file(str(tmp_path), str(tmp_path)) == path
        os.remove(path)


def test_a_template_of_another_tool_is_none(tmp_path: Path) -> None:
    put(tmp_path / "template.yaml", "kind: Template\n")
    assert find_service_file(str(tmp_path), str(tmp_path)) is None


def test_one_service_for_one_path_and_options(tmp_path: Path) -> None:
    file = put(tmp_path / "s" / "serverless.yml")
    os.symlink(tmp_path / "s", tmp_path / "link")
    catalog = Catalog({}, str(tmp_path))
    service = catalog.open(file, ServiceOptions())
    assert catalog.open(str(tmp_path / "s"), ServiceOptions()) is service
    assert catalog.open(str(tmp_path / "link"), ServiceOptions()) is service
    other = catalog.open(file, ServiceOptions(stage="qa"))
    assert other is not service
    assert (service.info().stage, other.info().stage) == ("dev", "qa")


def test_any_name_will_do(tmp_path: Path) -> None:
    file = put(tmp_path / "orders.config.yml")
    assert Catalog({}, str(tmp_path)).open(file, ServiceOptions()).keys() == ("one",)


def test_json(tmp_path: Path) -> None:
    text = '{"service": "s", "provider": {"name": "aws"}, "functions": {"one": {"image": "x"}}}'
    put(tmp_path / "serverless.json", text)
    assert Catalog({}, str(tmp_path)).open(str(tmp_path), ServiceOptions()).function("one").image == "x"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("cdk.json", "{}", "there is no cdk.out: the app has not been synthesised"),
        ("service.toml", "", "service.toml is no service file"),
        ("serverless.json", "{\n", "this is not JSON"),
        ("serverless.json", '{"a": NaN}', "NaN is not JSON"),
        ("serverless.json", "[" * 100_000, "nested too deep"),
    ],
)
def test_kinds_that_are_not_read(tmp_path: Path, name: str, text: str, problem: str) -> None:
    file = put(tmp_path / name, text)
    with pytest.raises(UsageError) as caught:
        Catalog({}, str(tmp_path)).open(file, ServiceOptions())
    assert problem in caught.value.diagnostics[0].problem


def test_a_directory_with_a_cdk_app(tmp_path: Path) -> None:
    put(tmp_path / "cdk.json", "{}")
    with pytest.raises(UsageError, match=r"there is no cdk\.out"):
        Catalog({}, str(tmp_path)).open(str(tmp_path), ServiceOptions())
    assert find_service_file(str(tmp_path), str(tmp_path)) is None
    (tmp_path / "cdk.out").mkdir()
    assert find_service_file(str(tmp_path), str(tmp_path)) == str(tmp_path / "cdk.json")
    template = put(tmp_path / "template.yaml", "Resources: {}\n")
    assert find_service_file(str(tmp_path), str(tmp_path)) == template


def test_nothing_there(tmp_path: Path) -> None:
    put(tmp_path / "orders" / "serverless.yml")
    (tmp_path / "empty").mkdir()
    catalog = Catalog({}, str(tmp_path))
    with pytest.raises(UsageError) as caught:
        catalog.open(str(tmp_path / "ordrs"), ServiceOptions())
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.problem, diagnostic.label) == ("no such service: ordrs", "did you mean `orders`?")
    with pytest.raises(UsageError, match="no service file in empty"):
        catalog.open(str(tmp_path / "empty"), ServiceOptions())


def test_import_budget() -> None:
    """Finding and opening services brings none of the heavy modules along."""
    script = (
        "import sys, lambda_scenarios.services.catalog\n"
        "heavy = {'asyncio', 'click', 'dataclasses', 'jsonschema', 'jinja2', 'yaml', 'subprocess', 'pathlib',"
        " 'importlib.metadata', 'uuid', 'http.client', 'rich', 'difflib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    # -S: the interpreter's own start-up files may import anything.
    source = str(Path(__file__).parents[2] / "runner")
    printed = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert printed.stdout.strip() == "[]"
