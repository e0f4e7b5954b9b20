"""The peer: pytest, reading the same scenario files and calling the handler in its own process."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    if file_path.suffix == ".yml" and file_path.name.startswith("case"):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


class ScenarioFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        document = yaml.load(self.path.read_text(), Loader=yaml.CSafeLoader)  # it is a safe loader
        for scenario in document["scenarios"]:
            yield Scenario.from_parent(self, name=scenario["name"], scenario=scenario)


class Scenario(pytest.Item):
    def __init__(self, *, scenario: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scenario = scenario

    def runtest(self) -> None:
        sys.path.insert(0, str(Path(__file__).parent / "src"))
        handler = importlib.import_module("greet").handler
        sys.path.pop(0)
        assert handler(self.scenario["event"], None) == self.scenario["expect"]["output"]
