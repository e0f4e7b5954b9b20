"""Rendering the strings of one scenario: which names its templates see, and where a fault stands.

Jinja2 is imported for the first string that is a template, not before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Json, Origin, Place
from lambda_scenarios.scenarios.template_names import (
    Budget,
    Draws,
    LazyMapping,
    Pending,
    TemplateError,
    formatted_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambda_scenarios.model.function import ServiceInfo
    from lambda_scenarios.scenarios.draft import Draft, RunSettings
    from lambda_scenarios.scenarios.referenced_files import ReferencedFiles

# Keys of `expect` whose values are taken as they are.
_VERBATIM = "$literal"


def is_template(text: str) -> bool:
    return "{" in text and ("{{" in text or "{%" in text or "{#" in text)


class Scope:
    """The names that one scenario's templates may use, and the rendering of its values with them.

    `identity` is what random functions draw from beside the seed: the scenario's id. Variables are
    rendered when they are first used, and once: `uuid()` in a variable is one value everywhere.

    A step has a scope of its own: `steps` are the earlier ones by id, with what they returned (None: not
    run yet; `render` then raises Pending where a template asks for it), and `outer` is the scenario's, whose
    variables it shares.
    """

    def __init__(
        self,
        draft: Draft,
        settings: RunSettings,
        files: ReferencedFiles,
        service: Callable[[], ServiceInfo | None],
        identity: str,
        *,
        name: str | None = None,
        matrix: Mapping[str, Json] | None = None,
        case: Mapping[str, Json] | None = None,
        settled: Mapping[str, object] | None = None,
        steps: Mapping[str, object] | None = None,
        outer: Scope | None = None,
    ) -> None:
        self._draft = draft
        self._settings = settings
        self._files = files
        self._service = service
        self._identity = identity
        self._name = name
        self._matrix = matrix
        self._case = case
        self._settled = settled or {}
        self._steps = steps
        self._outer = outer
        self._names: dict[str, Any] | None = None
        self._directory = draft.head.directory  # what paths in the template at hand are relative to
        self._waiting = False  # whether something of what is being rendered was Pending

    def render(self, value: Json, *path: str | int, literals: bool = False) -> Json:
        """`value` with its templates rendered; the very same object where it has none.

        `path` leads to it from the scenario's mapping. With `literals`, what stands under `$literal`
        stays as it is, as in `expect`. Raises UsageError, and in a step Pending.
        """
        if not self._draft.head.templated:
            return value
        return self._rendered(value, path, literals)

    def variable(self, name: str) -> object:
        """The value of `vars.<name>`. Raises UsageError, Pending."""
        return self._context()["vars"][name]

    def render_file(self, text: str, file: str, reference: Origin) -> str:
        """The text of a file that is a template; `reference` is what names the file. Raises UsageError."""
        from lambda_scenarios.scenarios import jinja_environment

        try:
            return jinja_environment.evaluate_file(text, self._context())
        except TemplateError as fault:
            where = _pointed(text, file, fault) if fault.line or fault.word else Place(file, 1)
            note = self._files.named_by(reference)
            raise UsageError(Diagnostic(fault.problem, where, fault.label, (*fault.notes, note))) from None

    def settled(self) -> Mapping[str, object]:
        """The variables rendered so far."""
        if self._names is None:
            return self._settled
        variables = self._names["vars"]
        assert isinstance(variables, LazyMapping)
        return variables.made()

    def _rendered(self, value: Json, path: tuple[str | int, ...], literals: bool = False) -> Json:
        problems: list[Diagnostic] = []
        waiting, self._waiting = self._waiting, False
        result = self._walk(value, list(path), literals, problems)
        waits, self._waiting = self._waiting, waiting
        if problems:
            raise UsageError(*dict.fromkeys(problems))
        if waits:
            raise Pending
        return result

    def _walk(self, value: Json, keys: list[str | int], literals: bool, problems: list[Diagnostic]) -> Json:
        """The rendered value; what fails is left as it is, and added to `problems`."""
        if isinstance(value, str):
            return self._text(value, keys, problems) if is_template(value) else value
        if isinstance(value, dict):
            changed: dict[str, Json] | None = None
            for key, item in value.items():
                if not isinstance(item, (str, dict, list)) or (literals and key == _VERBATIM):
                    continue
                keys.append(key)
                rendered = self._walk(item, keys, literals, problems)
                keys.pop()
                if rendered is not item:
                    if changed is None:
                        changed = dict(value)
                    changed[key] = rendered
            return value if changed is None else changed
        if isinstance(value, list):
            copy: list[Json] | None = None
            for index, item in enumerate(value):
                if not isinstance(item, (str, dict, list)):
                    continue
                keys.append(index)
                rendered = self._walk(item, keys, literals, problems)
                keys.pop()
                if rendered is not item:
                    if copy is None:
                        copy = list(value)
                    copy[index] = rendered
            return value if copy is None else copy
        return value

    def _text(self, text: str, keys: list[str | int], problems: list[Diagnostic]) -> Json:
        from lambda_scenarios.scenarios import jinja_environment

        origin = self._draft.origin(*keys)
        around, self._directory = self._directory, os.path.dirname(origin.file)
        try:
            return jinja_environment.evaluate(text, self._context())
        except TemplateError as fault:
            problems.append(template_diagnostic(fault, text, origin))
        except UsageError as error:  # of a variable, or a file, that the template uses
            problems.extend(error.diagnostics)
        except Pending:  # but the others are to be looked at, for their mistakes
            self._waiting = True
        finally:
            self._directory = around
        return text

    def _context(self) -> dict[str, Any]:
        if self._names is None:
            self._names = self._make_context()
        return self._names

    def _make_context(self) -> dict[str, Any]:
        from lambda_scenarios.scenarios.jinja_environment import BUDGET
        from lambda_scenarios.scenarios.template_filters import DRAWS

        draft, settings = self._draft, self._settings
        draws, budget = Draws(settings.seed, self._identity), Budget()
        given = dict(settings.overrides.vars)

        # Faults name these functions as Python does: each is called what templates call it.
        def now(offset_seconds: float = 0, format: str = "%Y-%m-%dT%H:%M:%SZ") -> str:  # noqa: A002 - the name is the format's
            return formatted_time(settings.now, offset_seconds, format)

        def timestamp() -> int:
            return int(settings.now)

        def limited_range(bound: int, *more: int) -> range:
            values = range(bound, *more)
            budget.spend(len(values))
            return values

        limited_range.__name__ = limited_range.__qualname__ = "range"
        names: dict[str, Any] = {
            "vars": LazyMapping("vars", (*draft.vars, *given), self._variable, {**self._settled, **given}),
            "env": settings.environ,
            "service": LazyMapping("service", ("name", "stage", "region", "root"), self._service_value, {}),
            "scenario": {"file": draft.head.id},
            "uuid": draws.uuid,
            "now": now,
            "timestamp": timestamp,
            "random_int": draws.random_int,
            "read_text": self.read_text,
            "load_json": self.load_json,
            "range": limited_range,
            BUDGET: budget,
            DRAWS: draws,
        }
        if self._name is not None:
            names["scenario"]["name"] = self._name
        if self._matrix is not None:
            names["matrix"] = self._matrix
        if self._case is not None:
            names["case"] = self._case
        if self._steps is not None:
            names["steps"] = LazyMapping("steps", tuple(self._steps), self._step, {})
        return names

    def _step(self, name: str) -> object:
        assert self._steps is not None, "asked for by its own mapping"
        step = self._steps[name]
        if step is None:
            raise Pending
        return step

    def _variable(self, name: str) -> object:
        if self._outer is not None:
            try:
                return self._outer.variable(name)
            except Pending:  # it needs what earlier steps returned: known here, perhaps
                pass
        return self._rendered(self._draft.vars[name], ("vars", name))

    def _service_value(self, name: str) -> object:
        info = self._service()
        if info is None:
            raise TemplateError(
                f"`service.{name}`: this file has no service",
                label="no service file in its directory or above it",
                word=f"service.{name}",
            )
        return getattr(info, name)

    def read_text(self, path: str) -> str:
        """The text of a file: a function of templates. Raises TemplateError, UsageError."""
        return self._files.text(self._resolved(path, "read_text"))

    def load_json(self, path: str) -> Json:
        """The value of a JSON file: a function of templates. Raises TemplateError, UsageError."""
        return self._files.json(self._resolved(path, "load_json"))

    def _resolved(self, path: object, function: str) -> str:
        if not isinstance(path, str):
            raise TemplateError(f"{function}(path) takes a text", word=function)
        target = resolve_path(path, self._directory, self._service)
        problem = self._files.missing(target, path)
        if problem is not None:
            raise TemplateError(problem[0], label=problem[1], word=path)
        return target


def resolve_path(path: str, directory: str, service: Callable[[], ServiceInfo | None]) -> str:
    """The absolute form of a path of a scenario: from the directory of the file that it is written in, or
    under the root of the service.

    Raises TemplateError where `service:` is used and there is no service.
    """
    if path.startswith("service:"):
        info = service()
        if info is None:
            raise TemplateError(
                "a path begins with `service:`, but this file has no service",
                label="no service file was found",
            )
        return os.path.normpath(os.path.join(info.root, path[len("service:") :]))
    return os.path.normpath(os.path.join(directory, path))


def located_file(
    written: Json,
    origin: Origin,
    service: Callable[[], ServiceInfo | None],
    files: ReferencedFiles,
) -> str:
    """The absolute path of a file that a scenario names, which exists. Raises UsageError at `origin`."""
    if not isinstance(written, str):
        raise UsageError(Diagnostic("a path must be a text: its template gives something else", origin))
    try:
        path = resolve_path(written, os.path.dirname(origin.file), service)
    except TemplateError as fault:
        raise UsageError(Diagnostic(fault.problem, origin, fault.label)) from None
    problem = files.missing(path, written)
    if problem is not None:
        raise UsageError(Diagnostic(problem[0], origin, problem[1]))
    return path


def template_diagnostic(fault: TemplateError, text: str, origin: Origin) -> Diagnostic:
    """The fault with its place: the very word inside the value where it can be found there."""
    return Diagnostic(fault.problem, _inside(text, origin, fault) or origin, fault.label, fault.notes)


def _inside(text: str, origin: Origin, fault: TemplateError) -> Place | None:
    if not fault.word and fault.line <= 1:
        return None
    from lambda_scenarios.scenarios.yaml_source import locate

    place = locate(origin)
    try:
        with open(place.file, encoding="utf-8") as source:
            lines = source.read().split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    # The value's own lines, quoted or not: a block scalar begins on the line after its mark.
    own = lines[place.line - 1 : place.line + text.count("\n") + 1]
    if "\n" not in text and own:
        own = [own[0][: place.column - 1 + place.width]] if place.width > 1 else own
    order = range(len(own))
    if fault.line and own and own[0][place.column - 1 :].startswith("|") and fault.line < len(own):
        order = range(fault.line, len(own))  # of a literal block, lines are known exactly
    for number in order:
        line = own[number]
        start = line.find(fault.word, place.column - 1 if number == 0 else 0) if fault.word else -1
        if start >= 0:
            return Place(place.file, place.line + number, start + 1, len(fault.word))
    return None


def _pointed(text: str, file: str, fault: TemplateError) -> Place:
    lines = text.split("\n")
    start = max(fault.line, 1) - 1
    for number in range(start, len(lines)):
        column = lines[number].find(fault.word) if fault.word else -1
        if column >= 0:
            return Place(file, number + 1, column + 1, len(fault.word))
        if fault.line:
            break
    return Place(file, start + 1)
