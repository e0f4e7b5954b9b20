"""Scenarios as items of pytest, and the fixture `lambda_function`.

Every pytest run of an environment that has this package loads this module: it imports nothing but pytest
until a scenario file is found, or the fixture used.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lambda_scenarios.model.record import Record
    from lambda_scenarios.model.scenario import Case
    from lambda_scenarios.pytest_project import LambdaFunction, Project

_PROJECT = pytest.StashKey["Project"]()
_TEST = pytest.StashKey[Path]()  # the file of the test that is being run
_UNSTORED = pytest.StashKey[list[str]]()  # why snapshots could not be stored
_OF_PROCESS = "lambda_scenarios_unstored"
_DRAWN = pytest.StashKey[tuple[str, float]]()  # seed and time of all processes
_SEED = "lambda_scenarios_seed"
_NOW = "lambda_scenarios_now"
# Markers that do something: a tag of that name must not skip a scenario, or take its failure for expected.
_TAKEN = frozenset(
    (
        *("skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings"),
        *("xdist_group", "timeout", "flaky", "asyncio", "tryfirst", "trylast"),
    )
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lambda-scenarios")
    group.addoption(
        "--scenarios",
        dest="lambda_scenarios_options",
        metavar="OPTIONS",
        help="options of `lambda-scenarios run` for all scenarios, as --scenarios='--stage test -e A=1'",
    )
    parser.addini(
        "lambda_scenarios_options", "options of `lambda-scenarios run` for all scenarios", default=""
    )
    parser.addini(
        "lambda_scenarios_collect", "whether scenario files are collected", type="bool", default=True
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_UNSTORED] = []
    if config.option.lambda_scenarios_options:
        _project(config)  # a mistake in them ends pytest before it collects anything


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of xdist: all processes draw the same random values, so that they collect the same names. Whether there
    are any scenarios isn't known here, and nothing of the project is read."""
    config = node.config
    if _DRAWN not in config.stash:
        config.stash[_DRAWN] = os.urandom(4).hex(), time.time()
    node.workerinput[_SEED], node.workerinput[_NOW] = config.stash[_DRAWN]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Of xdist: a process has ended."""
    node.config.stash[_UNSTORED].extend(getattr(node, "workeroutput", {}).get(_OF_PROCESS, ()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """What scenarios leave is stored now: a process of xdist is killed where what comes next takes long.
    Fixtures that were still there, as after -x or ^C, have been torn down."""
    config = session.config
    problems = _close(config)
    if hasattr(config, "workeroutput"):
        config.workeroutput[_OF_PROCESS] = problems
        return
    config.stash[_UNSTORED].extend(problems)
    if config.stash[_UNSTORED] and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    problems = terminalreporter.config.stash[_UNSTORED]
    if problems:
        terminalreporter.section("lambda-scenarios", red=True)
        for problem in dict.fromkeys(problems):
            terminalreporter.line(f"snapshots are not stored: {problem}")


def pytest_unconfigure(config: pytest.Config) -> None:
    _close(config)  # where no session began, or none ended


def _close(config: pytest.Config) -> list[str]:
    project = config.stash.get(_PROJECT, None)
    if project is None:
        return []
    del config.stash[_PROJECT]
    return list(project.close())


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    if file_path.suffix not in (".yml", ".yaml") or not parent.config.getini("lambda_scenarios_collect"):
        return None
    from lambda_scenarios.scenarios.sniff import is_scenario_file

    # A file that is named on the command line is one whatever it looks like.
    named = parent.session.isinitpath(file_path)
    if not named and (not is_scenario_file(str(file_path)) or _is_passed_over(file_path, parent)):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


def _is_passed_over(file_path: Path, parent: pytest.Collector) -> bool:
    """Whether it, or a directory on the way to it from what was named, is excluded."""
    try:
        project = _project(parent.config)
    except pytest.UsageError:
        return False  # collecting it tells why
    for path in (file_path, *file_path.parents):
        if parent.session.isinitpath(path) or path == parent.config.rootpath:
            return False
        if project.excludes(str(path)):
            return True
    return False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[_TEST] = item.path


def pytest_report_header(config: pytest.Config) -> str | None:
    project = config.stash.get(_PROJECT, None)
    return None if project is None else f"lambda-scenarios: seed {project.seed}"


def _project(config: pytest.Config) -> Project:
    project = config.stash.get(_PROJECT, None)
    if project is None:
        from lambda_scenarios.pytest_project import Project, Unusable

        options = (config.getini("lambda_scenarios_options"), config.option.lambda_scenarios_options or "")
        given = getattr(config, "workerinput", {})
        try:
            project = Project(
                " ".join(options),
                str(config.invocation_params.dir),
                given.get(_SEED),
                given.get(_NOW),
                warn=lambda text: warnings.warn(ScenarioWarning(text), stacklevel=2),
            )
        except Unusable as problem:
            raise pytest.UsageError(str(problem)) from None
        config.stash[_PROJECT] = project
    return project


class ScenarioFile(pytest.File):
    """A scenario file."""

    def collect(self) -> Iterator[Scenario]:
        try:
            project = _project(self.config)
            cases = project.cases(str(self.path))
            for warning in project.warnings():
                self.warn(ScenarioWarning(warning))
        except Exception as problem:  # noqa: BLE001  # whatever it is, its traceback is of this package
            raise self.CollectError(_said(problem)) from None
        for case in cases:
            yield Scenario.from_parent(self, name=case.name, case=case)


class ScenarioFailed(Exception):
    """What its text says; never shown with a traceback."""


class ScenarioWarning(pytest.PytestWarning):
    """Something of a scenario or a service that may not be meant so."""


class FlakyScenario(pytest.PytestWarning):
    """A scenario passed only at a retry."""


def _said(problem: BaseException) -> str:
    """What there is to say of an exception that is no failure of a scenario."""
    from lambda_scenarios.errors import defect
    from lambda_scenarios.pytest_project import Unusable

    if isinstance(problem, (Unusable, pytest.UsageError, pytest.PytestWarning)):
        return str(problem)
    return defect(problem, os.environ)


class Scenario(pytest.Item):
    """One scenario: passes, fails, or is skipped, as in a run."""

    def __init__(self, *, case: Case, **arguments: Any) -> None:
        super().__init__(**arguments)
        # As pytest's own marker: what is expected to fail is judged like all else.
        self.case = case._replace(xfail=None) if self.config.getoption("runxfail", False) else case
        for tag in case.tags:
            if tag.isidentifier() and tag[0] != "_" and tag not in _TAKEN:
                self.config.addinivalue_line("markers", f"{tag}: a tag of scenarios")
                self.add_marker(tag)
        if case.skip is not None:
            self.add_marker(pytest.mark.skip(reason=case.skip))
        if case.serial is not None:
            # With `--dist loadgroup`, one process runs all of the group.
            self.add_marker(pytest.mark.xdist_group(f"serial {case.serial}"))

    def runtest(self) -> None:
        project = _project(self.config)
        try:
            record = project.run(self.case)
            failure = project.failure(record)
            self._tell(record, project.seed)
            for warning in project.warnings():
                self.warn(ScenarioWarning(warning))
        except Exception as problem:  # noqa: BLE001  # as in `collect`
            raise ScenarioFailed(_said(problem)) from None
        if failure is not None:
            raise ScenarioFailed(failure)
        if record.status == "skipped":
            if record.attempts:
                pytest.xfail(record.reason or "")
            pytest.skip(record.reason or "")

    def _tell(self, record: Record, seed: str) -> None:
        """What reports of pytest keep of it."""
        self.user_properties.append(("function", record.function))
        self.user_properties.append(("seed", seed))
        invocations = record.attempts[-1].invocations if record.attempts else ()
        for invocation in invocations:
            self.user_properties.append(("request_id", invocation.request_id))
            self.user_properties.append(("duration_ms", invocation.duration_ms))
        if record.status == "flaky":
            self.user_properties.append(("flaky", f"passed at attempt {len(record.attempts)}"))
            self.warn(FlakyScenario(f"{record.id} passed at attempt {len(record.attempts)}"))
        logs = "".join(one.init_logs + one.logs for one in invocations)
        if logs:
            self.add_report_section("call", "output of the function", logs)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """No traceback, also of what other plugins raise here, as at a time limit: all frames are of this
        package."""
        if self.config.getoption("fulltrace", False):
            return super().repr_failure(excinfo, style)
        return str(excinfo.value) or excinfo.typename

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        return self.path, self.case.line - 1, self.name


@pytest.fixture(scope="session")
def lambda_function(request: pytest.FixtureRequest) -> Callable[..., LambdaFunction]:
    """`lambda_function("createOrder")` is the function of the nearest service: call it with an event, and it
    returns what the function returns, or raises LambdaError. It runs on the same warm workers as scenarios.

    It may be used by fixtures of any scope; the nearest service is that of the test that is being run.
    """
    try:
        project = _project(request.config)
    except pytest.UsageError as problem:
        pytest.fail(str(problem), pytrace=False)

    def function(key: str, service: str | os.PathLike[str] | None = None) -> LambdaFunction:
        __tracebackhide__ = True
        test = str(request.config.stash[_TEST])
        try:
            return project.function(key, None if service is None else os.fspath(service), test)
        except Exception as problem:  # noqa: BLE001  # raised again, only shorter
            raise problem.with_traceback(None) from None

    return function
