"""One run of a watch, in a process of its own: what it runs, and what it leaves for the next.

Whoever watches forks for each run: nothing of it, no file that was read and no code that was loaded, is known
to the next. Only scenario files are read ahead, by whoever watches.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.caching import cache_directory
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.record import EnvironmentRecord, Planned, Record, RunInfo, Status
from lambda_scenarios.scenarios.directory_defaults import NAMES
from lambda_scenarios.scenarios.discover import split_id
from lambda_scenarios.scenarios.render import Rendering
from lambda_scenarios.scenarios.touched import Before, touched

if TYPE_CHECKING:
    from lambda_scenarios.model.function import Function
    from lambda_scenarios.reports.spool import Spool, SpoolWriter
    from lambda_scenarios.request import RunRequest
    from lambda_scenarios.scenarios.draft import Expanded
    from lambda_scenarios.scenarios.narrow import Site
    from lambda_scenarios.scenarios.select import Chosen
    from lambda_scenarios.watching.sources import Sources

# Modules of these may be loaded before a run, to make it faster: no user's code is among them.
_OURS = frozenset(("lambda_scenarios", "yaml", "_yaml", "jinja2", "markupsafe", "jsonschema_rs"))


class Untouched(Exception):
    """No scenario is touched by the changes."""


class Notes(NamedTuple):
    """What a run tells of itself: what it was made of, and the status of each scenario by its id.

    `placeless`: it was refused for something that no file says.
    """

    deep: tuple[str, ...] = ()
    flat: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    statuses: Mapping[str, Status] | None = None
    chosen: tuple[str, ...] = ()
    last_failed: bool = False  # whether that is what selects
    untouched: bool = False
    placeless: bool = False
    modules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # of scenarios, absolute


def notes_of(text: bytes) -> Notes:
    """What `Turn` wrote; nothing where it came to none."""
    try:
        return Notes(**json.loads(text))
    except (ValueError, TypeError):
        return Notes()


class Turn:
    """What to run. `changes` None: everything; else what they touch, and what `statuses` don't have. `only`
    are ids that alone are meant, None: all that are selected. `sources` has scenario files that were read
    already. `earlier` and `kept` are descriptors: of the results until now, None where there are none, and
    for those after this run; `told` for the notes."""

    def __init__(
        self,
        changes: frozenset[str] | None,
        content: Callable[[str], bytes | None],
        statuses: Mapping[str, Status],
        only: frozenset[str] | None,
        sources: Sources,
        earlier: int | None,
        kept: int,
        told: int,
    ) -> None:
        self._changes = changes
        self._content = content
        self._statuses = statuses
        self._only = only
        self.sources = sources
        self._earlier = earlier
        self._kept = kept
        self._told = told
        self._deep: set[str] = set()
        self._flat: set[str] = set()
        self._without: set[str] = set()
        self._chosen: tuple[Expanded, ...] = ()
        self._ran: frozenset[str] = frozenset()
        self._after: dict[str, Status] | None = None
        self._last_failed = self._untouched = self._placeless = False

    @property
    def is_first(self) -> bool:
        return self._earlier is None

    # ---- what the run asks, in this order

    def request(self, request: RunRequest) -> RunRequest:
        """The same as one of a watch."""
        reports = request.reports
        self._without |= {_place(path) for _, path in reports.files}
        for directory in (reports.history, None if reports.temporary else reports.directory):
            if directory is not None and not (os.getcwd() + os.sep).startswith(directory + os.sep):
                self._without.add(_place(directory))
        root = request.suite.root
        self._flat |= {os.path.realpath(root), os.path.realpath(os.getcwd())}
        for path in request.suite.paths:
            self._look_at(path if os.path.exists(path) else split_id(path)[0])
        if not self.is_first:
            reports = reports._replace(history=None, github=None)
        selection = request.suite.selection
        self._last_failed = selection.last_failed
        if self._only is not None:
            selection = selection._replace(last_failed=False)
        suite = request.suite._replace(selection=selection, turn=self)
        return request._replace(suite=suite, reports=reports)

    def narrow(self, chosen: Chosen, site: Site) -> Chosen:
        """Those of the selected scenarios that are to run."""
        cases = chosen.cases
        if self._only is not None:
            cases = tuple(case for case in cases if case.id in self._only)
        self._chosen = cases
        rendering = Rendering(site.catalog, site.settings, site.root)
        if self._changes is not None:
            before = Before(self._content, lambda _: False)
            touches = touched(cases, self._changes, before, rendering, site.catalog, site.read)
            found = {case.id for case in touches}
            found |= {case.id for case in cases if self._statuses.get(case.id, "not run") == "not run"}
            cases = tuple(case for case in cases if case.id in found)
        self._survey(cases, rendering, site)
        self._ran = frozenset(case.id for case in cases)
        return chosen._replace(cases=cases)

    def begin(self) -> None:
        """Everything is read, and nothing was wrong. Raises Untouched."""
        ids = {case.id for case in self._chosen}
        if self._changes is not None and not self._ran and ids == set(self._statuses):
            self._untouched = True
            raise Untouched

    def info(self, info: RunInfo) -> RunInfo:
        """The same for all results, those of earlier runs among them."""
        spool = self._spool()
        if spool is None or self._ran == {case.id for case in self._chosen}:
            return info
        known = {text.rpartition(" · ")[0] for text in spool.info.services}
        new = (text for text in info.services if text.rpartition(" · ")[0] not in known)
        return info._replace(services=(*spool.info.services, *new))

    def planned(self, planned: Sequence[Planned]) -> Iterator[Planned]:
        """What this run executes, with what it doesn't, in the order of all."""
        mine = {one.id: one for one in planned}
        for case in self._chosen:
            head = case.draft.head
            line = head.lines[case.draft.position]
            yield mine.get(case.id) or Planned(case.id, head.id, line, case.name, case.function or "")

    def carry(self, writer: SpoolWriter, environments: Iterable[int]) -> None:
        """Adds the results of what did not run; `environments` are numbers that this run has used."""
        spool = self._spool()
        wanted = {case.id for case in self._chosen} - self._ran
        if spool is None or not wanted:
            return
        from lambda_scenarios.reports.merging import renumbered

        first = max(environments, default=0) + 1
        known = {one.key: one for one in spool.environments}
        numbers: dict[int, int] = {}
        for record in spool.records():
            if record.id not in wanted or record.status == "not run":
                continue
            for attempt in record.attempts:
                for invocation in attempt.invocations:
                    old = invocation.environment
                    if old in known and old not in numbers:
                        numbers[old] = first + len(numbers)
                        one = known[old]
                        writer.environment(EnvironmentRecord(numbers[old], one.variables, one.identity))
            writer.result(renumbered(record, numbers, 0))

    def ran(self, record: Record) -> bool:
        """Whether it is of this run."""
        return record.id in self._ran

    def keep(self, spool: Spool) -> None:
        """Leaves all results to the next run."""
        self._after = dict(spool.statuses())
        with open(spool.path, "rb", closefd=isinstance(spool.path, str)) as file:
            file.seek(0)
            _write(self._kept, file.read())

    # ---- what it leaves

    def once(self, run: Callable[[], int]) -> int:
        """Runs it; whatever becomes of it, there are notes."""
        try:
            return run()
        except Untouched:
            return 0
        except UsageError as error:
            self._note_problems(error.diagnostics)
            raise
        finally:
            self._write_notes()

    def _note_problems(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Where mended files are expected."""
        files = {one.where.file for one in diagnostics if one.where is not None}
        self._placeless = not files
        self._flat |= {os.path.dirname(os.path.realpath(file)) for file in files}

    def _write_notes(self) -> None:
        loaded = (name for name in list(sys.modules) if _is_ours(name))
        notes = Notes(
            tuple(self._deep),
            tuple(self._flat),
            tuple(self._without),
            self._after,
            tuple(case.id for case in self._chosen),
            self._last_failed,
            self._untouched,
            self._placeless,
            tuple(loaded),
            tuple(dict.fromkeys(case.draft.head.path for case in self._chosen)),
        )
        _write(self._told, json.dumps(notes._asdict()).encode())

    def _survey(self, cases: Sequence[Expanded], rendering: Rendering, site: Site) -> None:
        """Notes the places of all that these scenarios are made of."""
        real = os.path.realpath
        for case in cases:
            self._flat.add(real(case.draft.head.directory))
            self._flat |= {os.path.dirname(real(path)) for path in rendering.files_of(case)}
            for key in case.functions:
                try:
                    function = rendering.lookup.function(case.draft.head, key, case.draft.origin("function"))
                except UsageError:
                    continue  # it is told of when it is to be run
                self._survey_function(function, site)
        for directory in tuple(self._flat):
            while directory != real(site.root) and os.path.dirname(directory) != directory:
                directory = os.path.dirname(directory)  # noqa: PLW2901  # upwards, from where it was found
                if any(os.path.exists(os.path.join(directory, name)) for name in NAMES):
                    self._flat.add(directory)

    def _look_at(self, path: str) -> None:
        """Notes a directory with all in it, or where a file is."""
        real = os.path.realpath(path)
        if os.path.isdir(real):
            self._deep.add(real)
        else:
            self._flat.add(os.path.dirname(real))

    def _survey_function(self, function: Function, site: Site) -> None:
        real = os.path.realpath
        # What is unpacked into the cache never changes; what it comes from does.
        cache = real(cache_directory(site.settings.environ, "")) + os.sep
        made = (real(path) for path in (function.code, *function.layers))
        self._deep |= {path for path in made if not path.startswith(cache)}
        for source in (*function.layers_from, function.code_from):
            if source is not None:
                self._look_at(source)
        if function.service.file is not None:
            self._deep.add(real(function.service.root))
            for source in site.catalog.sources(function.service.file):
                self._flat.add(os.path.dirname(real(source)))
        if function.package is not None and function.package.is_artifact:
            self._flat.add(os.path.dirname(real(function.package.archive)))

    def _spool(self) -> Spool | None:
        """The results until now."""
        if self._earlier is None:
            return None
        from lambda_scenarios.reports.spool import read

        try:
            return read(self._earlier)
        except UsageError:
            return None


def _place(path: str) -> str:
    directory, name = os.path.split(path)
    return os.path.join(os.path.realpath(directory), name)


def _write(descriptor: int, data: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    while data:
        data = data[os.write(descriptor, data) :]


def _is_ours(name: str) -> bool:
    top = name.partition(".")[0]
    return top in _OURS or (top in sys.stdlib_module_names and top not in ("__main__", "antigravity", "this"))
