"""Where the project begins, and which file configures it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_scenarios.configuration.find import find

TABLE = b"[tool.lambda-scenarios]\njobs = 2\n"


def names(cwd: Path) -> tuple[str, list[str]]:
    found = find(str(cwd))
    return found.root, [Path(path).name for path, _ in found.files]


def test_the_nearest_configuration_file_marks_the_root(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert names(deep) == (str(tmp_path), [])
    (tmp_path / "pyproject.toml").write_bytes(TABLE)
    assert names(deep) == (str(tmp_path), ["pyproject.toml"])
    (tmp_path / "a" / "lambda-scenarios.yaml").write_text("")
    assert names(deep) == (str(tmp_path / "a"), ["lambda-scenarios.yaml"])
    (tmp_path / "a" / "lambda-scenarios.yml").mkdir()  # no file
    assert names(deep) == (str(tmp_path / "a"), ["lambda-scenarios.yaml"])
    (deep / "pyproject.toml").write_bytes(b'[project]\ndependencies = ["lambda-scenarios"]\n')
    assert names(deep) == (str(tmp_path / "a"), ["lambda-scenarios.yaml"])


def test_a_link_that_leads_nowhere_is_no_missing_file(tmp_path: Path) -> None:
    (tmp_path / "lambda-scenarios.yml").symlink_to("gone.yml")
    assert find(str(tmp_path)).files == ((str(tmp_path / "lambda-scenarios.yml"), None),)


def test_without_any_the_root_is_where_one_stands(tmp_path: Path) -> None:
    assert names(tmp_path) == (str(tmp_path), [])


@pytest.mark.parametrize(
    ("text", "has_table"),
    [
        ("[tool.lambda-scenarios]", True),
        ("  [ tool . 'lambda-scenarios' ]", True),
        ('["tool"."lambda-scenarios".presets.ci]', True),
        ("tool.lambda-scenarios.jobs = 3", True),
        ("[tool]\nlambda-scenarios = {jobs = 3}", True),
        ("[tool]\n[tool.other]\nlambda-scenarios = 1", False),
        ('[project]\ndependencies = [\n"lambda-scenarios>=1",\n"lambda-scenarios==1"]', False),
        ('[tool.uv.sources]\nlambda-scenarios = {path = "x"}', False),
        ("[tool.lambda-scenarios-plugin]\nx = 1", False),
        ("# [tool.lambda-scenarios]", False),
        ("[tool]\nlambda-scenarios = {", False),
        ("[tool]\nlambda-scenarios = 3", True),
        ("[[tool.lambda-scenarios.presets]]", True),
        ("[tool.lambda_scenarios]", True),
        ("[tool]\nlambda_scenarios = {}", True),
    ],
)
def test_which_pyproject_has_a_table(tmp_path: Path, text: str, has_table: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(text + "\n")
    assert names(tmp_path)[1] == (["pyproject.toml"] if has_table else [])
