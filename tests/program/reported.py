"""Reports in JSON that the real program has written, held against the schema that it ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

_SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text())


def valid(report: Any) -> Any:
    """The report, if it is one."""
    jsonschema.validate(report, _SCHEMA)
    return report


def load(directory: Path) -> Any:
    """The `report.json` of a directory."""
    return valid(json.loads((directory / "report.json").read_text()))
