"""What the pytest plugin does with scenarios: reads files, runs cases, invokes functions."""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_scenarios import diagnostics
from lambda_scenarios.cli import run_command, settings
from lambda_scenarios.cli.parser import Parser, UnknownOption
from lambda_scenarios.errors import MissingPart, NothingSelected, UsageError
from lambda_scenarios.model.expectation import Expectation
from lambda_scenarios.model.outcome import BackendFailed, Returned
from lambda_scenarios.model.scenario import Case, ContextOverride, Invocation
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.pipeline import RunRequest, conditions_of, read_with
from lambda_scenarios.reports import failure, telling
from lambda_scenarios.reports.rerun import rerun
from lambda_scenarios.reports.style import UNICODE, Look
from lambda_scenarios.reports.text import printable
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.services.catalog import Catalog, ServiceOptions, find_service_file
from lambda_scenarios.standing import Place, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_scenarios.model.function import Function
    from lambda_scenarios.model.outcome import Outcome
    from lambda_scenarios.model.record import Record

_WIDTH = 100
_NO_EVENT: Json = {}  # as of a scenario without one


class Unusable(Exception):
    """A file, an option or a function that can't be used; the text says why."""


class LambdaError(Exception):
    """The function ended in an error: `error_type`, `error_message`, `stack` (lines), `logs`."""

    def __init__(self, error_type: str, error_message: str, stack: tuple[str, ...], logs: str) -> None:
        super().__init__(f"{error_type}: {error_message}" if error_message else error_type)
        self.error_type = error_type
        self.error_message = error_message
        self.stack = stack
        self.logs = logs


class Result(NamedTuple):
    """What an invocation returned. `output` is the parsed result; durations are milliseconds, `init_ms` None
    where the worker was warm."""

    output: Any
    logs: str
    duration_ms: float
    init_ms: float | None
    request_id: str


class LambdaFunction:
    """A function of a service, ready to be invoked."""

    def __init__(self, project: Project, function: Function) -> None:
        self._project = project
        self._function = function

    def __call__(self, event: Json = _NO_EVENT, **options: Any) -> Any:
        """The result of `invoke`. Raises LambdaError."""
        __tracebackhide__ = True
        return self.invoke(event, **options).output

    def invoke(
        self,
        event: Json = _NO_EVENT,
        *,
        env: Mapping[str, str | None] | None = None,
        timeout: float | None = None,
        context: Mapping[str, Json] | None = None,
    ) -> Result:
        """One invocation. `env` goes over the function's own variables (None unsets), `timeout` is in
        seconds, `context` are fields of the mock context in snake_case. Raises LambdaError."""
        __tracebackhide__ = True
        return self._project.invoke(self._function, event, env or {}, timeout, context or {})


class Project:
    """One for a pytest process."""

    def __init__(self, options: str, directory: str, seed: str | None, now: float | None) -> None:
        """`options` are those of `run`, as in a shell; `directory` (absolute) is where pytest was started."""
        self._world = World(dict(os.environ), directory)
        self._catalog = Catalog(self._world.environ, directory)
        self._standing: Standing | None = None
        try:
            request = _request(options, self._world)
        except (UsageError, UnknownOption) as error:
            found = (error.diagnostic,) if isinstance(error, UnknownOption) else error.diagnostics
            raise Unusable(self._text(found)) from None
        chosen = request.suite.settings
        chosen = chosen._replace(seed=chosen.seed if seed is None else seed)
        chosen = chosen._replace(now=chosen.now if now is None else now)
        self._request = request._replace(suite=request.suite._replace(settings=chosen))

    @property
    def seed(self) -> str:
        return self._request.suite.settings.seed

    @property
    def now(self) -> float:
        return self._request.suite.settings.now

    def cases(self, path: str) -> tuple[Case, ...]:
        """The scenarios of a file (absolute). Raises Unusable."""
        suite = self._request.suite._replace(paths=(path,))
        try:
            return read_with(suite, self._world, self._catalog).cases
        except UsageError as error:
            raise Unusable(self._text(error.diagnostics)) from None
        except NothingSelected as error:
            raise Unusable(str(error)) from None

    def run(self, case: Case) -> Record:
        return self._stand().run(case)

    def told(self, record: Record) -> str:
        """Why a scenario failed, as the console of a run says it."""
        sources = failure.Sources(self._world.cwd)
        look = Look(False, UNICODE, _WIDTH)
        _, _, *lines = failure.block(record, look, sources, rerun(self._request.command))
        # pytest's summary shows the first line, beside the id.
        said = telling.told(record, telling.told_attempt(record)).message.partition("\n")[0]
        return "\n".join((printable(said), "", *lines))

    def function(self, key: str, service: str | None, directory: str) -> LambdaFunction:
        """A function of the service at a path, or of the nearest to a directory. Raises Unusable."""
        __tracebackhide__ = True
        root = self._request.suite.root
        path = find_service_file(directory, root) if service is None else os.path.join(directory, service)
        if path is None:
            raise Unusable(f"there is no service file in {directory} or above: name one by `service=`")
        overrides = self._request.suite.settings.overrides
        options = ServiceOptions(
            stage=overrides.stage,
            region=overrides.region,
            params=overrides.params,
            aws_profile=overrides.aws_profile,
            skip_package=overrides.skip_package,
        )
        try:
            return LambdaFunction(self, self._catalog.open(path, options).function(key))
        except UsageError as error:
            raise Unusable(self._text(error.diagnostics)) from None

    def invoke(
        self,
        function: Function,
        event: Json,
        env: Mapping[str, str | None],
        timeout: float | None,
        context: Mapping[str, Json],
    ) -> Result:
        """See LambdaFunction.invoke."""
        __tracebackhide__ = True
        overrides = self._request.suite.settings.overrides
        invocation = Invocation(
            function=function,
            event=json.dumps(event, allow_nan=False).encode(),
            context=_context(context),
            environment=(*overrides.env, *env.items()),
            timeout=timeout or overrides.timeout or function.timeout,
            expectation=Expectation((), None, Origin(function.service.file or "")),
            credentials=overrides.credentials or "none",
            backend=overrides.backend or "auto",
        )
        try:
            outcome = self._stand().invoke(invocation)
        except MissingPart as part:
            raise Unusable("\n".join((part.problem, *part.notes))) from None
        logs = (outcome.init_logs + outcome.logs).decode("utf-8", "replace")
        if logs:
            sys.stdout.write(logs)  # captured with what the test itself prints
        return _result(outcome, logs)

    def close(self) -> None:
        if self._standing is not None:
            for problem in self._standing.close():
                sys.stderr.write(f"{problem}\n")
        self._catalog.close()

    def _stand(self) -> Standing:
        if self._standing is None:
            request, settings_ = self._request, self._request.suite.settings
            place = Place(
                request.suite.root,
                request.reports.directory,
                request.mask,
                rerun(request.command),
                request.missing_runtime_skips,
                settings_.snapshots == "update",
            )
            self._standing = Standing(place, self._world, conditions_of(request), self._catalog.secrets)
        return self._standing

    def _text(self, found: tuple[Any, ...]) -> str:
        return diagnostics.render(found, self._world.cwd, False, _WIDTH)


def _request(options: str, world: World) -> RunRequest:
    parser = Parser("lambda-scenarios run", "")
    run_command.COMMAND.configure(parser)
    words = shlex.split(options)
    parsed = parser.parse_args(words)
    settings.configure(parsed, world)
    return run_command.request_of(parsed, world)._replace(command=("lambda-scenarios", "run", *words))


def _context(given: Mapping[str, Json]) -> ContextOverride:
    known = {name: value for name, value in given.items() if name in _FIELDS}
    for name in ("identity", "client_context"):
        if name in known:
            known[name] = json.dumps(known[name])
    others = {name: value for name, value in given.items() if name not in _FIELDS}
    return ContextOverride(**known, attributes=json.dumps(others) if others else None)  # type: ignore[arg-type]  # checked by whoever calls


_FIELDS = frozenset(ContextOverride._fields) - {"replacement", "attributes"}


def _result(outcome: Outcome, logs: str) -> Result:
    __tracebackhide__ = True
    ending = outcome.ending
    if isinstance(ending, Returned):
        text = ending.payload.decode("utf-8", "replace")
        try:
            output = json.loads(text)
        except ValueError:
            output = text
        return Result(output, logs, outcome.duration_ms, outcome.init_ms, outcome.request_id)
    if isinstance(ending, BackendFailed):
        raise Unusable(ending.problem)
    raise LambdaError(ending.error_type, ending.message, getattr(ending, "stack", ()), logs)
