"""The parts of one invocation, each rendered and checked by itself: event, context, environment and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lambda_scenarios.checks.compile import compile_expectation
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.scenario import (
    BACKENDS,
    LARGEST_EVENT,
    BackendName,
    ContextOverride,
    Credentials,
    Isolation,
)
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.model.variable import unfit
from lambda_scenarios.scenarios.build import as_text
from lambda_scenarios.scenarios.context_override import context_of
from lambda_scenarios.scenarios.draft import Draft, Expanded
from lambda_scenarios.scenarios.event_files import content, event_key, event_of
from lambda_scenarios.scenarios.template_names import Pending
from lambda_scenarios.scenarios.templating import Scope, located_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambda_scenarios.model.expectation import Expectation, Loaded, Snapshot
    from lambda_scenarios.model.function import Function, ServiceInfo
    from lambda_scenarios.scenarios.render import Rendering

_NAMED_FILES = frozenset({"output_path", "snapshot"})
_ISOLATIONS = ("warm", "cold")
_CREDENTIALS = ("none", "inherit", "role")

Environment = tuple[tuple[str, "str | None"], ...]


class Part:
    """The parts of one case's invocation, each by itself. All raise UsageError.

    Those of a step have its `draft`, the key of its `function`, and `steps`, the earlier ones; `outer` is the
    scope of its scenario. They raise Pending too.
    """

    def __init__(
        self,
        item: Expanded,
        stage: Rendering,
        draft: Draft | None = None,
        function: str | None = None,
        steps: Mapping[str, object] | None = None,
        outer: Scope | None = None,
        identity: str = "",
    ) -> None:
        self.item = item
        self.draft: Draft = draft or item.draft
        self.stage = stage
        self._key = item.function if draft is None else function
        self._identity = identity or item.id
        self.scope = Scope(
            self.draft,
            stage.settings,
            stage.files,
            self._service,
            self._identity,
            name=item.name,
            matrix=item.matrix,
            case=item.case,
            settled=item.settled,
            steps=steps,
            outer=outer,
        )

    def problems(self) -> tuple[Diagnostic, ...]:
        """All that is wrong with this case: each part is tried by itself."""
        found: list[Diagnostic] = []
        function: Function | None = None
        try:
            function = self.function()
        except UsageError as error:
            found.extend(error.diagnostics)
        tries: list[Callable[[], object]] = [
            self.event,
            self.environment,
            lambda: self.timeout(1.0),
            self.expectation,
            self.isolation,
            self.credentials,
            self.backend,
        ]
        if function is not None:
            known = function
            tries.append(lambda: self.context(known))
        for attempt in tries:
            try:
                attempt()
            except UsageError as error:
                found.extend(error.diagnostics)
            except Pending:
                continue  # what it needs is known when its turn has come
        return tuple(found)

    def _service(self) -> ServiceInfo | None:
        return self.stage.lookup.service(self.draft.head)

    def skip(self) -> str | None:
        value = self.scope.render(self.draft.skip, "skip")
        if value is None or value is False or value == "":
            return None
        if value is True:
            return "no reason given"
        if isinstance(value, str):
            return value
        raise UsageError(Diagnostic("`skip` must be true, false or the reason", self.draft.origin("skip")))

    def description(self, lenient: bool) -> str:
        try:
            value = self.scope.render(self.draft.description, "description")
        except UsageError:
            if lenient:  # of a skipped scenario nothing but the reason has to be right
                return self.draft.description
            raise
        return (
            value if isinstance(value, str) else as_text(value) if not isinstance(value, (list, dict)) else ""
        )

    def function(self) -> Function:
        key, draft = self._key, self.draft
        if key is None:
            whose = f"scenario `{self.item.name}`" if draft.place is None else "this step"
            raise UsageError(
                Diagnostic(
                    f"{whose} names no function",
                    draft.place or draft.origin("name"),
                    "add `function: NAME` here or under `defaults`",
                    self.stage.lookup.keys_note(draft.head),
                )
            )
        return self.stage.lookup.function(
            draft.head, key, draft.origin("function"), deployed=self._is_on_aws()
        )

    def event(self) -> bytes:
        event = event_of(self.draft, self.scope, self._service, self.stage.files)
        if len(event) > LARGEST_EVENT:
            key = event_key(self.draft)
            problem = f"the event has {len(event)} bytes, and Lambda takes at most {LARGEST_EVENT}"
            raise UsageError(Diagnostic(problem, self.draft.origin(key)))
        return event

    def context(self, function: Function) -> ContextOverride:
        context = context_of(
            self.draft,
            self.scope,
            function,
            service=self._service,
            files=self.stage.files,
            warnings=self.stage.warnings,
        )
        if self._is_on_aws():
            from lambda_scenarios.scenarios.on_aws import check_context

            key = "context" if self.draft.context_path is None else "context_path"
            check_context(context, self.draft.origin(key))
        return context

    def _is_on_aws(self) -> bool:
        # What a template makes of it, where that is wrong, is told by `backend` itself.
        written = self.stage.settings.overrides.backend or self.draft.backend
        return written == "aws" or (isinstance(written, str) and "{" in written and self.backend() == "aws")

    def environment(self) -> Environment:
        overrides = self.stage.settings.overrides.env
        draft = self.draft
        if not draft.env and not overrides:
            return ()
        if self._is_on_aws():
            return self._environment_on_aws()
        result: dict[str, str | None] = {}
        for name, written in draft.env.items():
            value = self.scope.render(written, "env", name)
            if value is not None and not isinstance(value, str):
                if isinstance(value, (list, dict)):
                    raise UsageError(
                        Diagnostic(
                            f"the environment variable `{name}` must be a text",
                            draft.origin("env", name),
                            "its template gives a list or a mapping: `| to_json` makes text of it",
                        )
                    )
                value = as_text(value)
            problem = unfit(name, value)
            if problem:
                raise UsageError(Diagnostic(problem, draft.origin("env", name)))
            result[name] = value
        result.update(overrides)
        return tuple(result.items())

    def _environment_on_aws(self) -> Environment:
        if self.stage.settings.overrides.ignore_env:
            return ()
        from lambda_scenarios.scenarios.on_aws import refused_environment

        name = next(iter(self.draft.env), None)
        raise refused_environment(None if name is None else self.draft.origin("env", name).as_key())

    def timeout(self, of_function: float) -> float:
        override = self.stage.settings.overrides.timeout
        if override is not None:
            return override
        if self.draft.timeout is None:
            return of_function
        value = self.scope.render(self.draft.timeout, "timeout")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            numeric = isinstance(value, str) and value.strip().replace(".", "", 1).isdecimal()
            fix = "`| float` makes a number of a text" if numeric else ""
            problem = f"`timeout` must be a number of seconds, more than 0: {given(value)}"
            raise UsageError(Diagnostic(problem, self.draft.origin("timeout"), fix))
        return float(value)

    def isolation(self) -> Isolation:
        override = self.stage.settings.overrides.isolation
        return override or cast("Isolation", self._choice("isolation", self.draft.isolation, _ISOLATIONS))

    def credentials(self) -> Credentials:
        override = self.stage.settings.overrides.credentials
        return override or cast(
            "Credentials", self._choice("credentials", self.draft.credentials, _CREDENTIALS)
        )

    def backend(self) -> BackendName:
        override = self.stage.settings.overrides.backend
        return override or self._choice("backend", self.draft.backend, BACKENDS, _is_of_extension)

    def _choice(
        self,
        key: str,
        written: Json,
        allowed: tuple[str, ...],
        other: Callable[[str, Origin], bool] = lambda _value, _origin: False,
    ) -> str:
        """One of the words of `allowed`, whose first is the default, or what `other` knows."""
        if written is None:
            return allowed[0]
        value = self.scope.render(written, key)
        origin = self.draft.origin(key)
        if not isinstance(value, str) or (value not in allowed and not other(value, origin)):
            problem = f"`{key}` must be one of {', '.join(allowed)}: {given(value)}"
            raise UsageError(Diagnostic(problem, origin))
        return value

    def expectation(self) -> Expectation:
        draft = self.draft
        origin = draft.origin("expect")
        if draft.expect is None:
            return compile_expectation(None, origin, self._load_expected, self._load_schema)
        if "snapshot" in draft.expect:  # damage is found also where the rest can't be rendered yet
            self.stage.snapshots().entries(draft.head.path)
        rendered = cast(
            "dict[str, Json]", self.scope.render(cast("Json", draft.expect), "expect", literals=True)
        )

        def compiled() -> Expectation:
            return compile_expectation(
                rendered, origin, self._load_expected, self._load_schema, self._load_snapshot
            )

        several = self.item.matrix is not None or self.item.case is not None or draft.inherited
        if several and rendered is draft.expect and _NAMED_FILES.isdisjoint(rendered):
            return self.stage.compiled_once(origin, compiled)
        return compiled()  # the file of `output_path` may be a template; each has a snapshot of its own

    def _load_expected(self, path: str) -> Loaded:
        return self._content(path, self.draft.origin("expect", "output_path"))

    def _load_snapshot(self, ignore: tuple[str, ...]) -> Snapshot:
        head = self.draft.head
        key = self._identity.removeprefix(f"{head.id}::")  # of a step: `name::id`
        return self.stage.snapshots().snapshot(head.path, key, ignore)

    def _load_schema(self, path: str) -> Json:
        origin = self.draft.origin("expect", "output_schema")
        loaded = self._content(path, origin)
        if loaded.is_text:
            raise UsageError(Diagnostic(f"`{path}` must be a .json or .yml file with a JSON Schema", origin))
        return loaded.value

    def _content(self, path: str, origin: Origin) -> Loaded:
        files = self.stage.files
        return content(located_file(path, origin, self._service, files), origin, self.scope, files)


def given(value: Json) -> str:
    """What a template made, where it may not: values written out were checked against the schema."""
    from lambda_scenarios.scenarios.explain import shown

    return f"its template gives {shown(value)}"


def _is_of_extension(backend: str, origin: Origin) -> bool:
    from lambda_scenarios.extending.backends import known
    from lambda_scenarios.extending.entry_points import UnusableExtension

    try:
        return known(backend, BACKENDS) is not None
    except UnusableExtension as unusable:
        raise UsageError(Diagnostic(unusable.problem, origin, "", unusable.notes)) from None
