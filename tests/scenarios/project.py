"""A project on disk for tests of scenario files, run through the real stages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Origin, Place
from lambda_scenarios.scenarios.build import TOP
from lambda_scenarios.scenarios.directory_defaults import DirectoryDefaults
from lambda_scenarios.scenarios.discover import FoundFile
from lambda_scenarios.scenarios.draft import (
    Draft,
    Expanded,
    Overrides,
    RenderedSuite,
    RunSettings,
    ScenarioFile,
)
from lambda_scenarios.scenarios.expand import expand_files
from lambda_scenarios.scenarios.load import load_files
from lambda_scenarios.scenarios.render import render_cases
from lambda_scenarios.scenarios.yaml_source import locate
from lambda_scenarios.services.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambda_scenarios.model.scenario import Invocation

FUNCTIONS = """\
functions:
  greet: {handler: greet.handler, runtime: python3.11, code: .}
"""

# 2023-11-14T22:13:20Z
NOW = 1_700_000_000.0


class Project:
    """Files under one root; `named` are scenario files, in the order of writing."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.named: list[str] = []
        self.environ: dict[str, str] = {}
        self.overrides = Overrides()
        self.seed = "seed"
        self.above = TOP
        self.write("greet.py", "def handler(event, context):\n    return event\n")

    def write(self, path: str, text: str | bytes) -> str:
        target = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return target

    def scenarios(self, text: str, path: str = "a.yml", functions: str = FUNCTIONS) -> None:
        """Adds a scenario file; each of its scenarios may call `greet`."""
        self.write(path, functions + text)
        if path not in self.named:
            self.named.append(path)

    def settings(self) -> RunSettings:
        return RunSettings(self.environ, NOW, self.seed, self.overrides)

    def drafts(self) -> list[Draft]:
        return [draft for file in self._loaded(self._found(())) for draft in file.drafts]

    def expanded(self, wanted: Mapping[str, tuple[str, ...]] | None = None) -> tuple[Expanded, ...]:
        found = [f._replace(names=(wanted or {}).get(f.id, ())) for f in self._found(())]
        return expand_files(self._loaded(found), self._catalog(), self.settings(), self.root)

    def rendered(self, *, skipped_too: bool = False) -> RenderedSuite:
        return self.render(self.expanded(), skipped_too=skipped_too)

    def render(self, chosen: tuple[Expanded, ...], *, skipped_too: bool = False) -> RenderedSuite:
        return render_cases(chosen, self._catalog(), self.settings(), self.root, skipped_too=skipped_too)

    def invocations(self) -> dict[str, Invocation]:
        """By the names of the scenarios."""
        return {case.name: case.invocation for case in self.rendered().cases if case.invocation is not None}

    def events(self) -> dict[str, str]:
        return {name: invocation.event.decode() for name, invocation in self.invocations().items()}

    def problems(self, attempt: Callable[[], object] | None = None) -> tuple[Diagnostic, ...]:
        """What is told of input that can't be used; () where all is well."""
        try:
            (attempt or self.rendered)()
        except UsageError as error:
            return error.diagnostics
        return ()

    def told(self) -> list[tuple[str, str, str]]:
        """Of each problem: what it says, the source text that it marks, what stands beside the mark."""
        return [(d.problem, self.marked(d), d.label) for d in self.problems()]

    def marked(self, diagnostic: Diagnostic) -> str:
        where = diagnostic.where
        assert where is not None
        return text_at(locate(where) if isinstance(where, Origin) else where)

    def place(self, diagnostic: Diagnostic) -> str:
        """`file:line` of a problem, the file from the root."""
        where = diagnostic.where
        place = locate(where) if isinstance(where, Origin) else where
        assert place is not None
        return f"{os.path.relpath(place.file, self.root)}:{place.line}"

    def _loaded(self, found: list[FoundFile]) -> tuple[ScenarioFile, ...]:
        return load_files(found, above=DirectoryDefaults(self.root, self.above).above)

    def _found(self, names: tuple[str, ...]) -> list[FoundFile]:
        return [FoundFile(os.path.join(self.root, path), path, True, names) for path in self.named]

    def _catalog(self) -> Catalog:
        return Catalog(self.environ, self.root)


def text_at(place: Place) -> str:
    with open(place.file, encoding="utf-8", newline="\n") as file:
        line = file.read().split("\n")[place.line - 1]
    return line[place.column - 1 : place.column - 1 + place.width]
