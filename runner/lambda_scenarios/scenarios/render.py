"""Expanded scenarios to cases ready to run: templates rendered, files read, functions resolved."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, UsageError, settle
from lambda_scenarios.model.scenario import (
    Case,
    Invocation,
)
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.scenarios.draft import Draft, Expanded, RenderedSuite, RunSettings
from lambda_scenarios.scenarios.function_lookup import FunctionLookup
from lambda_scenarios.scenarios.parts import Part
from lambda_scenarios.scenarios.referenced_files import ReferencedFiles
from lambda_scenarios.scenarios.template_names import Pending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lambda_scenarios.model.expectation import Expectation
    from lambda_scenarios.services.catalog import Catalog
    from lambda_scenarios.snapshot_files import SnapshotFiles

# The fields of a draft that make more of a scenario than one invocation, and what they are else.
_SEVERAL = slice(Draft._fields.index("steps"), Draft._fields.index("xfail") + 1)
_ONCE: tuple[object, ...] = ((), None, None, None, None)
_FILES = frozenset({"event_path", "context_path"})


def render_cases(
    expanded: Sequence[Expanded],
    catalog: Catalog,
    settings: RunSettings,
    root: str,
    *,
    skipped_too: bool = False,
    problems: list[Diagnostic] | None = None,
) -> RenderedSuite:
    """The cases, in order, and what to warn of; `root` is the project's directory.

    A skipped scenario becomes a case without an invocation; with `skipped_too` it is rendered all the
    same, so that its mistakes are found. Raises one UsageError with the problems of all of them; with
    `problems`, adds them there instead.
    """
    stage = Rendering(catalog, settings, root)
    cases: list[Case] = []
    wrong: list[Diagnostic] = []
    for item in expanded:
        try:
            cases.append(stage.case(item, skipped_too))
        except UsageError as error:
            wrong.extend(error.diagnostics)
    settle(wrong, problems)
    warnings = dict.fromkeys((*stage.lookup.warnings(), *stage.warnings))
    return RenderedSuite(tuple(cases), tuple(warnings), catalog.secrets())


class Rendering:
    """What the cases of one run share: functions found, files read, expectations compiled."""

    def __init__(self, catalog: Catalog, settings: RunSettings, root: str) -> None:
        self.settings = settings
        self.lookup = FunctionLookup(catalog, settings, root)
        self.files = ReferencedFiles(root)
        self.warnings: list[Diagnostic] = []
        self._expectations: dict[Origin, Expectation] = {}
        self._snapshots: SnapshotFiles | None = None

    def case(self, item: Expanded, skipped_too: bool) -> Case:
        try:
            return self._case(item, skipped_too)
        except Pending:
            problem = "a template outside of `steps` asks for what a step returns"
            raise UsageError(
                Diagnostic(problem, item.draft.origin("name"), "only later steps know it")
            ) from None

    def _case(self, item: Expanded, skipped_too: bool) -> Case:
        draft, head = item.draft, item.draft.head
        part = Part(item, self, steps=_not_run(draft) if draft.steps else None)
        skip = part.skip()
        description = draft.description
        if head.templated:
            description = part.description(lenient=skip is not None)
        case = Case(
            item.id,
            head.id,
            item.name,
            Origin(head.path, ("scenarios", draft.position)),
            head.lines[draft.position],
            description,
            item.tags,
            item.function or "",
            skip,
            None,
        )
        overrides = self.settings.overrides
        if draft.steps or draft[_SEVERAL] != _ONCE or overrides.retries or overrides.repeat:
            from lambda_scenarios.scenarios.several import of_several

            return of_several(case, part, skipped_too)
        if skip is None:
            return case._replace(invocation=self.invocation(part))
        if skipped_too:
            self.invocation(part)
        return case

    def invocation(self, part: Part) -> Invocation:
        """Raises UsageError with all that is wrong with it, and of a step Pending."""
        try:
            function = part.function()
            return Invocation(
                function,
                part.event(),
                part.context(function),
                part.environment(),
                part.timeout(function.timeout),
                part.expectation(),
                part.isolation(),
                part.credentials(),
                part.backend(),
            )
        except UsageError as first:
            raise UsageError(*dict.fromkeys((*first.diagnostics, *part.problems()))) from None

    def snapshots(self) -> SnapshotFiles:
        """The snapshot files that are read so far."""
        if self._snapshots is None:
            from lambda_scenarios.snapshot_files import SnapshotFiles

            self._snapshots = SnapshotFiles(self.settings.snapshots)
        return self._snapshots

    def files_of(self, item: Expanded) -> frozenset[str]:
        """The files (absolute) that a case names, whether they are there or not, as far as they are known
        before it runs; its own file and the service's are not among them."""
        if not _may_name_files(item.draft):
            return frozenset(item.files)
        self.files.asked.clear()
        self._expectations.clear()  # what is compiled already asks for no files
        with contextlib.suppress(UsageError):
            self.case(item, skipped_too=True)
        return frozenset((*item.files, *self.files.asked))

    def compiled_once(self, origin: Origin, compile_it: Callable[[], Expectation]) -> Expectation:
        """An expectation that several cases share, by where it is written."""
        found = self._expectations.get(origin)
        if found is None:
            found = self._expectations[origin] = compile_it()
        return found


def _may_name_files(draft: Draft) -> bool:
    """False only where rendering it can't ask for a file."""
    return (
        draft.head.templated
        or draft.event_path is not None
        or draft.context_path is not None
        or _expects_files(draft.expect)
        or any(not _FILES.isdisjoint(step) or _expects_files(step.get("expect")) for step in draft.steps)
    )


def _expects_files(expect: Json) -> bool:
    return isinstance(expect, dict) and (
        "output_path" in expect or isinstance(expect.get("output_schema"), str)
    )


def _not_run(draft: Draft) -> Mapping[str, object]:
    """What templates see as `steps` outside of them."""
    from lambda_scenarios.scenarios.steps import step_ids

    return dict.fromkeys(step_ids(draft))
