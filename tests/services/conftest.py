"""Services made of real files, opened as the pipeline opens them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.aws.moto_server import moto, moto_process
from tests.program.running import NO_CREDENTIALS

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Origin
from lambda_scenarios.scenarios.yaml_source import locate
from lambda_scenarios.services.catalog import Catalog, Service, ServiceOptions

__all__ = ["moto", "moto_process"]


class Fault(NamedTuple):
    """A diagnostic as a person sees it: `marked` is the text above the caret."""

    problem: str
    file: str
    line: int
    column: int
    marked: str
    label: str
    notes: tuple[str, ...]


def seen(diagnostic: Diagnostic) -> Fault:
    where = diagnostic.where
    assert where is not None, diagnostic
    place = locate(where) if isinstance(where, Origin) else where
    line = Path(place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
    marked = line[place.column - 1 : place.column - 1 + place.width]
    return Fault(
        diagnostic.problem,
        Path(place.file).name,
        place.line,
        place.column,
        marked,
        diagnostic.label,
        diagnostic.notes,
    )


def faults(action: Callable[[], object]) -> list[Fault]:
    """What `action` is refused for."""
    with pytest.raises(UsageError) as caught:
        action()
    return [seen(diagnostic) for diagnostic in caught.value.diagnostics]


class Workshop:
    """A directory to write services into, and a catalog that reads them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def open(
        self,
        serverless: str,
        files: Mapping[str, str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        options: ServiceOptions | None = None,
    ) -> Service:
        self.write({"handler.py": "", "serverless.yml": serverless, **(files or {})})
        catalog = Catalog({**NO_CREDENTIALS, **(environ or {})}, str(self.root))
        return catalog.open(str(self.root), options or ServiceOptions())

    def environment(
        self,
        values: str,
        files: Mapping[str, str] | None = None,
        *,
        rest: str = "",
        environ: Mapping[str, str] | None = None,
        options: ServiceOptions | None = None,
    ) -> dict[str, str]:
        """The environment of a function that declares `values`, one `NAME: value` a line."""
        service = self.service_with(values, files, rest=rest, environ=environ, options=options)
        return dict(service.function("one").environment)

    def service_with(
        self,
        values: str,
        files: Mapping[str, str] | None = None,
        *,
        rest: str = "",
        environ: Mapping[str, str] | None = None,
        options: ServiceOptions | None = None,
    ) -> Service:
        """`values` begin on line 8, in column 7."""
        indented = "".join(f"      {line}\n" for line in values.strip("\n").splitlines())
        text = (
            "service: orders\n"
            "provider: {name: aws, runtime: python3.11}\n"
            "functions:\n"
            "  other: {handler: handler.other, environment: {X: '${env:NOWHERE}'}}\n"
            "  one:\n"
            "    handler: handler.one\n"
            "    environment:\n"
            f"{indented}{rest}"
        )
        return self.open(text, files, environ=environ, options=options)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)
