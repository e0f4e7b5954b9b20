"""Templates made of real files, opened as the pipeline opens them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from lambda_scenarios.services.catalog import Catalog, Service, ServiceOptions

SAM = "Transform: AWS::Serverless-2016-10-31\n"


class Project:
    """A directory to write templates into, and a catalog that reads them; AWS can't be asked."""

    def __init__(self, root: Path) -> None:
        self.root = root / "orders"
        self.root.mkdir()
        self.environ = {
            "HOME": str(root / "home"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def open(
        self,
        template: str,
        files: Mapping[str, str] | None = None,
        *,
        options: ServiceOptions | None = None,
        path: str = ".",
    ) -> Service:
        """The service of a template.yaml; src/app.py is there."""
        self.write({"src/app.py": "", "template.yaml": template, **(files or {})})
        catalog = Catalog(self.environ, str(self.root))
        return catalog.open(str((self.root / path).resolve()), options or ServiceOptions())

    def variables(
        self,
        lines: str,
        rest: str = "",
        files: Mapping[str, str] | None = None,
        *,
        options: ServiceOptions | None = None,
    ) -> dict[str, str]:
        """The environment of a function with these variables, one `NAME: value` a line."""
        return dict(self.with_variables(lines, rest, files, options=options).function("One").environment)

    def with_variables(
        self,
        lines: str,
        rest: str = "",
        files: Mapping[str, str] | None = None,
        *,
        options: ServiceOptions | None = None,
    ) -> Service:
        """`lines` begin on line 11, in column 11. `rest` are further sections, or resources."""
        indented = "".join(f"          {line}\n" for line in lines.strip("\n").splitlines())
        text = (
            f"{SAM}Resources:\n  One:\n    Type: AWS::Serverless::Function\n    Properties:\n"
            "      Runtime: python3.11\n      Handler: app.one\n      CodeUri: src\n"
            f"      Environment:\n        Variables:\n{indented}{rest}"
        )
        return self.open(text, files, options=options)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
