"""Which scenarios a set of changed files touches: the one place that knows what a scenario is made of.

A scenario is touched where one of these changed: what is written of it in its file, a file that it names, a
`_defaults.yml` above it or the configuration; of one of its functions, the service file with what that
includes, a file of its package, a layer.

Scenario files, snapshots, and the files beside scenarios that these name are no code, though packages of a
directory with everything in it contain them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios import snapshot_files
from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.values import PROGRAMS
from lambda_scenarios.packaging.selection import Rules, container
from lambda_scenarios.scenarios import directory_defaults
from lambda_scenarios.scenarios.beside_scenarios import BesideScenarios, content
from lambda_scenarios.scenarios.places import Places
from lambda_scenarios.scenarios.render import Rendering
from lambda_scenarios.scenarios.rewriting import rewritten
from lambda_scenarios.scenarios.sniff import is_scenario_text
from lambda_scenarios.services.catalog import SERVICE_FILES, find_service_file
from lambda_scenarios.services.includes import Includes

if TYPE_CHECKING:
    from lambda_scenarios.model.function import Function, ServiceInfo
    from lambda_scenarios.scenarios.draft import Draft, Expanded, FileHead
    from lambda_scenarios.services.catalog import Catalog

_CONFIGURATION = ("lambda-scenarios.yml", "pyproject.toml")
_TABLE = b"[tool.lambda-scenarios"
# What package managers write, or are told by: by the beginning of a runtime's name.
_MANIFESTS = (
    (
        "nodejs",
        ("package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"),
    ),
    ("python", ("requirements.txt", "Pipfile", "Pipfile.lock", "poetry.lock", "pdm.lock", "uv.lock")),
    ("ruby", ("Gemfile", "Gemfile.lock")),
)
_YAML = (".yml", ".yaml")


class Before(NamedTuple):
    """What the changes are changes from.

    `content` is what a file (absolute) was like, None where it wasn't there. `unknown` says of a file or
    directory that its changes are not among those that are known, as those of what git ignores.
    """

    content: Callable[[str], bytes | None]
    unknown: Callable[[str], bool]


def touched(
    cases: Sequence[Expanded],
    changes: frozenset[str],
    before: Before,
    rendering: Rendering,
    catalog: Catalog,
    read: Sequence[Expanded] = (),
) -> tuple[Expanded, ...]:
    """Those of the cases that the changes touch, in order; `read` are all that were read, these among them.

    `changes` are absolute paths, without symbolic links in their directories, of files that were changed,
    added or deleted. `rendering` is of the cases' project, for this alone.
    """
    if not changes:
        return ()
    question = _Question(read or cases, changes, before, rendering, catalog)
    return tuple(case for case in cases if question.touches(case))


class _Question:
    """One set of changes; what several cases share is looked at once."""

    def __init__(
        self,
        cases: Sequence[Expanded],
        changes: frozenset[str],
        before: Before,
        rendering: Rendering,
        catalog: Catalog,
    ) -> None:
        self._changes = changes
        self._before = before
        self._rendering = rendering
        self._catalog = catalog
        self._places = Places()
        self._written: dict[str, frozenset[int] | None] = {}
        self._functions: dict[tuple[str, str], bool] = {}
        self._of_function: dict[Function, bool] = {}
        self._above: dict[str, bool] = {}
        self._files: dict[str, frozenset[str]] = {}
        self._unknown: dict[str, bool] = {}
        self._relative: dict[str, Sequence[tuple[str, str]]] = {}
        self._nearest: dict[str, bool] = {}
        self._ways: dict[str, bool] = {}
        self._includes: dict[tuple[str, str, str], tuple[bool, bool]] = {}
        scenario_files = {path for path in changes if self._is_scenario_file(path)}
        # What can be code, or named by a scenario.
        self._others = changes - scenario_files
        self._beside = BesideScenarios(
            lambda: (self._places.of(path) for case in cases for path in self._files_of(case)),
            {case.draft.head.directory for case in cases},
            lambda: {path: before.content(path) or b"" for path in scenario_files},
            self._places,
            rendering.files.root,
        )
        self._everything = any(self._is_configuration(path) for path in changes)

    def touches(self, case: Expanded) -> bool:
        return (
            self._everything
            or self._is_rewritten(case.draft)
            or self._above_changed(case.draft.head.directory)
            or self._service_moved(case.draft.head)
            or any(self._function_changed(case, key) for key in case.functions)
            or (bool(self._others) and any(map(self._changed, self._files_of(case))))
            or self._snapshot_changed(case)
        )

    # ---- the scenario itself

    def _is_rewritten(self, draft: Draft) -> bool:
        """Whether what is written of it changed: the others of its file may be as they were."""
        path = draft.head.path
        if path not in self._written:
            self._written[path] = (
                rewritten(path, self._before.content(self._places.of(path)))
                if self._changed(path)
                else frozenset()
            )
        positions = self._written[path]
        return positions is None or draft.position in positions

    def _above_changed(self, directory: str) -> bool:
        """Whether a `_defaults.yml` of the directory, or of one above it in the project, did."""
        if directory not in self._above:
            parent = os.path.dirname(directory)
            self._above[directory] = any(
                self._changed(os.path.join(directory, name)) for name in directory_defaults.NAMES
            ) or (directory not in (self._rendering.files.root, parent) and self._above_changed(parent))
        return self._above[directory]

    def _service_moved(self, head: FileHead) -> bool:
        """Whether another service file is meant now: by a link on the way to it, or where the nearest one was
        taken away."""
        if isinstance(head.service, str):
            return self._way_changed(head.service)
        if head.service is None:
            return False
        root = self._rendering.files.root
        if head.directory not in self._nearest:
            nearest = find_service_file(head.directory, root)
            last = root if nearest is None else os.path.dirname(nearest)
            directory, there = head.directory, []
            while True:
                there += [os.path.join(directory, name) for name in SERVICE_FILES]
                if directory in (last, os.path.dirname(directory)):
                    break
                directory = os.path.dirname(directory)
            self._nearest[head.directory] = any(map(self._changed, there))
        return self._nearest[head.directory]

    def _files_of(self, case: Expanded) -> frozenset[str]:
        if case.id not in self._files:
            self._files[case.id] = self._rendering.files_of(case)
        return self._files[case.id]

    def _snapshot_changed(self, case: Expanded) -> bool:
        return _compares_snapshots(case.draft) and self._changed(snapshot_files.file_of(case.draft.head.path))

    # ---- its functions

    def _function_changed(self, case: Expanded, key: str) -> bool:
        head = case.draft.head
        memo = (head.path, key)
        if memo not in self._functions:
            try:
                function = self._rendering.lookup.function(head, key, case.draft.origin("function"))
            except UsageError:
                self._functions[memo] = self._unusable_changed(case, key)
            else:
                if function not in self._of_function:  # many files have it in common
                    self._of_function[function] = self._declaration_changed(function) or self._code_changed(
                        function
                    )
                self._functions[memo] = self._of_function[function]
        return self._functions[memo]

    def _unusable_changed(self, case: Expanded, key: str) -> bool:
        """Whether a function that can't be run did: perhaps nothing has built it here, where it is only asked
        what changed. Otherwise it is told of when it is to be run."""
        head, origin = case.draft.head, case.draft.origin("function")
        try:
            function = self._rendering.lookup.function(head, key, origin, deployed=True)
        except UsageError:
            return True
        return (
            self._declaration_changed(function)
            or not all(map(os.path.lexists, self._others))  # what is gone may be what it lacks
            or self._any_code(self._workshop(function.code, function), function)
        )

    def _declaration_changed(self, function: Function) -> bool:
        """Whether the service file, or what it includes, changed."""
        file = function.service.file
        if file is None:
            return False  # it stands in the scenario file
        sources = self._catalog.sources(file)
        included, has_programs = self._included(function.service)
        if included or any(map(self._changed, sources)):
            return True
        # Programs may read anything.
        return (has_programs or any(source.endswith(PROGRAMS) for source in sources)) and any(
            path.endswith((*PROGRAMS, ".json")) and "/node_modules/" not in path
            for path in self._under(self._places.directory(function.service.root))
        )

    def _included(self, service: ServiceInfo) -> tuple[bool, bool]:
        """Whether something that a service file includes changed, and whether it includes programs."""
        assert service.file is not None  # only those of files are asked for
        key = service.file, service.stage, service.region
        if key not in self._includes:
            includes = Includes(*key)
            self._includes[key] = any(map(includes.has, self._changes)), includes.has_programs
        return self._includes[key]

    def _code_changed(self, function: Function) -> bool:
        if any(map(self._way_changed, (function.code, *function.layers))):
            return True
        if self._dependencies_changed(function):
            return True
        if any(self._source_changed(source, function) for source in function.layers_from):
            return True
        package, root, source = function.package, function.service.root, function.code_from
        if package is not None and package.is_artifact:
            source = package.archive
        elif source is None and os.path.isfile(function.code):
            source = function.code
        if source is not None and not os.path.isdir(source):
            return self._source_changed(source, function)
        if source is not None and self._any_code(source, function):
            return True
        if self._is_unknown(function.code) or function.image is not None or self._is_made(function):
            return self._any_code(self._workshop(function.code, function), function)
        if package is None or function.code != root or package.unresolved or function.build is not None:
            return self._any_code(function.code, function)
        contains = container(Rules(package.exclude, package.include))
        return any(
            contains(name) and not self._beside.has(path, function) for name, path in self._names_from(root)
        )

    def _is_made(self, function: Function) -> bool:
        """Whether git ignores the handler's file: something makes it, as compilers of TypeScript do."""
        path = os.path.join(function.code, *function.handler.rpartition(".")[0].split("/"))
        if self._is_unknown(os.path.dirname(path)):
            return True
        if not function.runtime.startswith("nodejs"):
            return False
        there = (path + suffix for suffix in (".js", ".mjs", ".cjs") if os.path.isfile(path + suffix))
        return self._is_unknown(next(there, path + ".js"))

    def _names_from(self, root: str) -> Sequence[tuple[str, str]]:
        """What changed, scenario files aside: relative to a service's directory, and absolute."""
        if root not in self._relative:
            base = self._places.directory(root)
            inside = base.rstrip(os.sep) + os.sep
            self._relative[root] = [
                (path[len(inside) :] if path.startswith(inside) else os.path.relpath(path, base), path)
                for path in self._others
            ]
        return self._relative[root]

    def _dependencies_changed(self, function: Function) -> bool:
        """Whether what says which modules are installed changed: git ignores these themselves, and packages
        contain them."""
        names = next((names for runtime, names in _MANIFESTS if function.runtime.startswith(runtime)), ())
        root = self._places.directory(self._rendering.files.root)
        found: set[str] = set()
        for start in (function.code, function.service.root):
            directory = self._places.directory(start)
            while True:
                found.update(os.path.join(directory, name) for name in names)
                if directory == root or not directory.startswith(root + os.sep):
                    break
                directory = os.path.dirname(directory)
        return not found.isdisjoint(self._changes)

    def _way_changed(self, path: str) -> bool:
        """Whether a link leads elsewhere now on the way to a file or directory, or a submodule in which it
        lies is at another commit, and not checked out."""
        if path not in self._ways:
            above = os.path.dirname(path)
            self._ways[path] = self._places.of(path) in self._changes or (
                above != path and self._way_changed(above)
            )
        return self._ways[path]

    def _any_code(self, directory: str, function: Function) -> bool:
        return any(
            not self._beside.has(path, function) for path in self._under(self._places.directory(directory))
        )

    def _source_changed(self, path: str, function: Function) -> bool:
        """Whether a file, or something in a directory, changed."""
        if self._is_unknown(path):
            return self._any_code(self._workshop(path, function), function)
        return self._any_code(path, function) if os.path.isdir(path) else self._changed(path)

    def _workshop(self, path: str, function: Function) -> str:
        """The directory in which what git ignores is made, of anything that lies there: that of the service,
        but for what lies elsewhere in the project."""
        root, project = function.service.root, self._rendering.files.root
        if function.service.file is None:
            return project
        return root if self._is_in(path, root) or not self._is_in(path, project) else project

    def _is_in(self, path: str, directory: str) -> bool:
        return (self._places.directory(path) + os.sep).startswith(
            self._places.directory(directory).rstrip(os.sep) + os.sep
        )

    # ---- what changed

    def _is_scenario_file(self, path: str) -> bool:
        if not path.endswith(_YAML):
            return False
        text = content(path)
        if text is None:
            text = self._before.content(path)
        return text is not None and is_scenario_text(text)

    def _is_configuration(self, path: str) -> bool:
        directory, name = os.path.split(path)
        if name not in _CONFIGURATION or directory != self._places.directory(self._rendering.files.root):
            return False
        if name == _CONFIGURATION[0]:
            return True
        texts = [self._before.content(path)]
        if os.path.isfile(path):
            with open(path, "rb") as file:
                texts.append(file.read())
        tables = {_table(text) for text in texts if text is not None}
        return len(tables) > 1 or (len(texts) == 1 and tables != {b""})

    # ---- paths

    def _changed(self, path: str) -> bool:
        return self._places.of(path) in self._changes or self._changed_behind(path)

    def _changed_behind(self, path: str) -> bool:
        """Of a symbolic link: whether what it leads to changed."""
        return os.path.islink(path) and os.path.realpath(path) in self._changes

    def _under(self, directory: str) -> Iterator[str]:
        """What changed in a directory, scenario files aside."""
        return (path for path in self._others if path.startswith(directory.rstrip(os.sep) + os.sep))

    def _is_unknown(self, path: str) -> bool:
        if path not in self._unknown:
            self._unknown[path] = self._before.unknown(self._places.directory(path))
        return self._unknown[path]


def _compares_snapshots(draft: Draft) -> bool:
    steps = (step.get("expect") for step in draft.steps)
    return any(isinstance(expect, dict) and "snapshot" in expect for expect in (draft.expect, *steps))


def _table(text: bytes) -> bytes:
    """The part of a pyproject.toml that is this program's, as it is written."""
    lines: list[bytes] = []
    inside = False
    for line in text.splitlines():
        if line.startswith(b"["):
            inside = line.startswith(_TABLE)
        if inside:
            lines.append(line)
    return b"\n".join(lines)
