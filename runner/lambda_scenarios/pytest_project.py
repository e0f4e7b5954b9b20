"""What the pytest plugin does with scenarios: reads files, runs cases, invokes functions."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from typing import TYPE_CHECKING, Any

from lambda_scenarios import diagnostics
from lambda_scenarios.cli import run_command, settings
from lambda_scenarios.cli.parser import Parser, UnknownOption
from lambda_scenarios.configuration.read import above
from lambda_scenarios.errors import (
    Diagnostic,
    MissingPart,
    NothingSelected,
    UsageError,
    defect,
    strictly,
)
from lambda_scenarios.pipeline import conditions_of, read_with
from lambda_scenarios.pytest_functions import (
    Call,
    Callee,
    LambdaError,
    LambdaFunction,
    Result,
    Unusable,
    invocation_of,
    result_of,
    without_place,
)
from lambda_scenarios.reports import failure, telling
from lambda_scenarios.reports.rerun import rerun
from lambda_scenarios.reports.style import UNICODE, Look
from lambda_scenarios.reports.text import printable
from lambda_scenarios.request import RunRequest
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.scenarios import discover
from lambda_scenarios.scenarios.build import TOP, Source, build_file
from lambda_scenarios.scenarios.directory_defaults import DirectoryDefaults
from lambda_scenarios.scenarios.draft import Absent, Expanded
from lambda_scenarios.scenarios.parts import Part
from lambda_scenarios.scenarios.render import Rendering
from lambda_scenarios.services.catalog import Catalog, find_service_file
from lambda_scenarios.standing import Place, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lambda_scenarios.model.record import Record
    from lambda_scenarios.model.scenario import Case

__all__ = ["LambdaError", "LambdaFunction", "Project", "Result", "Unusable"]

_WIDTH = 100
# Options of `run` whose matter is pytest's own, by what says it there. What the project's configuration says
# of them is for runs of lambda-scenarios.
_OF_PYTEST = {
    "paths": "files and node ids are arguments of pytest",
    "last_failed": "pytest has --lf",
    "changed_since": "",
    "shard": "",
    "timings": "",
    "jobs": "pytest-xdist has -n",
    "first": "pytest has -x",
    "max_failures": "pytest has --maxfail",
    "max_time": "",
    "order": "",
    "debug": "",
    "warm_check": "",
    "coverage": "",
    "watch": "",
    "junit": "pytest has --junitxml",
    "html": "",
    "json": "",
    "ctrf": "",
    "tap": "",
    "report": "",
    "junit_flavor": "",
    "label": "",
    "history": "",
    "github": "",
    "no_reports": "no reports are written",
    "verbose": "pytest has -v",
    "quiet": "pytest has -q",
}


class Project:
    """One for a pytest process."""

    def __init__(
        self,
        options: str,
        directory: str,
        seed: str | None,
        now: float | None,
        *,
        warn: Callable[[str], None],
    ) -> None:
        """`options` are those of `run`, as in a shell; `directory` (absolute) is where pytest was started;
        `seed` and `now` (seconds since the epoch) are for where nothing is said of them; `warn` is told of
        what is found when functions are invoked."""
        self._warn = warn
        self._world = World(dict(os.environ), directory)
        self._catalog = Catalog(self._world.environ, directory)
        self._standing: Standing | None = None
        self._rendering: Rendering | None = None
        self._inherited: DirectoryDefaults | None = None
        self._pending: list[Diagnostic] = []  # warnings that nobody has asked for
        self._told: set[object] = set()
        try:
            self._request, self._fail_on_flaky = _request(options, self._world, seed, now)
        except (UsageError, UnknownOption) as error:
            found = (error.diagnostic,) if isinstance(error, UnknownOption) else error.diagnostics
            raise Unusable(self._text(found)) from None

    @property
    def seed(self) -> str:
        return self._request.suite.settings.seed

    def excludes(self, path: str) -> bool:
        """Whether a file or directory (absolute) is passed over where it isn't named."""
        configuration = self._request.suite.configuration
        patterns = () if configuration is None else configuration.settings.keys.get("exclude", ())
        return discover.is_passed_over(path, self._request.suite.root, patterns)

    def cases(self, path: str) -> tuple[Case, ...]:
        """The scenarios of a file (absolute) that are selected. Raises Unusable."""
        asked = self._request.suite
        suite = asked._replace(paths=(path,), selection=asked.selection._replace(in_part=True))
        try:
            rendered = read_with(suite, self._world, self._catalog)
        except UsageError as error:
            raise Unusable(self._text(error.diagnostics)) from None
        except NothingSelected:
            return ()  # what is selected may be in other files
        self._pending += rendered.warnings
        if self._request.strict and (wrong := strictly(rendered.warnings)):
            raise Unusable(self._text(wrong))
        return rendered.cases

    def warnings(self) -> tuple[str, ...]:
        """What there is to warn of since this was asked last, each thing once."""
        standing = self._standing
        found: list[object] = [*self._pending, *(() if standing is None else standing.warnings())]
        self._pending.clear()
        fresh = [one for one in dict.fromkeys(found) if one not in self._told]
        self._told.update(fresh)
        return tuple(self._text([one]).rstrip() if isinstance(one, Diagnostic) else str(one) for one in fresh)

    def run(self, case: Case) -> Record:
        """Raises Unusable and KeyboardInterrupt."""
        try:
            return self._stand().run(case)
        except UsageError as error:
            raise Unusable(self._text(error.diagnostics)) from None

    def failure(self, record: Record) -> str | None:
        """Why a scenario failed, as the console of a run says it; None where it did not."""
        if record.status == "flaky" and self._fail_on_flaky:
            return f"passed at attempt {len(record.attempts)}, and --fail-on-flaky is given"
        if record.status not in ("failed", "error"):
            return None
        sources = failure.Sources(self._world.cwd)
        look = Look(False, UNICODE, _WIDTH)
        _, _, *lines = failure.block(record, look, sources, rerun(self._request.command))
        # pytest's summary shows the first line, beside the id.
        said = telling.told(record, telling.told_attempt(record)).message.partition("\n")[0]
        # The lines of the scenario file may have values that the record hides.
        return self._stand().masked("\n".join((printable(said), "", *lines)))

    def function(self, key: str, service: str | None, test: str) -> LambdaFunction:
        """A function of the service at a path, or of the nearest to the file `test` (absolute); it is invoked
        as in a scenario file in the place of that. Raises Unusable."""
        suite = self._request.suite
        top: dict[str, Any] = {"scenarios": [{"name": key}]}
        if service is not None:
            top["service"] = service
        if self._rendering is None:
            self._rendering = Rendering(self._catalog, suite.settings, suite.root)
        configuration = suite.configuration
        try:
            if configuration is not None and configuration.problems:
                raise UsageError(*configuration.problems)
            if self._inherited is None:
                settings_ = TOP if configuration is None else above(configuration)
                self._inherited = DirectoryDefaults(suite.root, settings_)
            directory = os.path.dirname(test)
            shown = os.path.relpath(test, suite.root)
            file = build_file(Source(top, False, (1,)), test, shown, (), self._inherited.above(directory))
            if (
                isinstance(file.head.service, Absent)
                and suite.settings.overrides.service is None
                and not file.head.functions
                and find_service_file(directory, suite.root) is None
            ):
                raise Unusable(f"there is no service file in {directory} or above: name one by `service=`")
            part = Part(Expanded(file.drafts[0], f"{shown}::{key}", key, (), key), self._rendering)
            callee = Callee(part.function(), part)
        except UsageError as error:
            raise Unusable(self._text(without_place(error, test).diagnostics)) from None
        self._pending += self._rendering.lookup.warnings()
        self._tell_warnings()
        return LambdaFunction(self, callee)

    def invoke(self, callee: Callee, call: Call) -> Result:
        """See LambdaFunction.invoke."""
        if threading.current_thread() is not threading.main_thread():
            raise Unusable("functions can be invoked from the main thread alone")
        try:
            overrides = self._request.suite.settings.overrides
            invocation = invocation_of(callee, call, overrides, self._pending)
            outcome = self._stand().invoke(invocation)
        except MissingPart as part:
            raise Unusable("\n".join((part.problem, *part.notes))) from None
        except UsageError as error:
            test = callee.part.draft.head.path
            raise Unusable(self._text(without_place(error, test).diagnostics)) from None
        except Unusable:
            raise
        except Exception as error:  # noqa: BLE001  # a defect of this package must not look like one of the test
            raise Unusable(defect(error, self._world.environ)) from None
        self._tell_warnings()
        logs = (outcome.init_logs + outcome.logs).decode("utf-8", "replace")
        if logs:
            sys.stdout.write(self._stand().masked(logs))  # captured with what the test itself prints
        return result_of(outcome, logs)

    def _tell_warnings(self) -> None:
        for text in self.warnings():
            self._warn(text)

    def close(self) -> tuple[str, ...]:
        """Ends the workers and stores snapshots; returns why some could not be."""
        self._catalog.close()
        return () if self._standing is None else self._standing.close()

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

    def _text(self, found: Iterable[Diagnostic]) -> str:
        return diagnostics.render(tuple(found), self._world.cwd, False, _WIDTH)


def _request(options: str, world: World, seed: str | None, now: float | None) -> tuple[RunRequest, bool]:
    """The run that the options and the configuration ask for, of what matters to scenarios, and whether it
    fails where one is flaky. Raises UsageError and UnknownOption."""
    parser = Parser("lambda-scenarios run", "")
    run_command.COMMAND.configure(parser)
    try:
        words = shlex.split(options)
    except ValueError as error:
        raise UsageError(Diagnostic(f"--scenarios can't be read: {error}: {options}")) from None
    if not {"-h", "--help"}.isdisjoint(words):
        raise UsageError(Diagnostic("`lambda-scenarios run --help` lists the options of --scenarios"))
    parsed = parser.parse_args(words)
    for name in sorted(parsed.given & _OF_PYTEST.keys()):
        action = next(action for action in parser.actions() if action.dest == name)
        shown = action.option_strings[0] if action.option_strings else " ".join(parsed.paths)
        notes = (_OF_PYTEST[name],) if _OF_PYTEST[name] else ()
        raise UsageError(Diagnostic(f"--scenarios doesn't take `{shown}`", notes=notes))
    settings.configure(parsed, world)
    for action in reversed(parser.actions()):  # of two for one thing, the first has its default
        if action.dest in _OF_PYTEST:
            setattr(parsed, action.dest, [] if action.nargs == "*" else action.default)
    if parsed.seed is None:
        parsed.seed = seed
    request = run_command.request_of(parsed, world)
    if parsed.now is None and now is not None:
        chosen = request.suite.settings._replace(now=now)
        request = request._replace(suite=request.suite._replace(settings=chosen))
    return request._replace(command=("lambda-scenarios", "run", *words)), parsed.fail_on_flaky
