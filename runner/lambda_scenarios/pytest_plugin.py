"""Scenarios as items of pytest, and the fixture `lambda_function`.

Every pytest run of an environment that has this package loads this module: it imports nothing but pytest
until a scenario file is found, or the fixture used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lambda_scenarios.model.record import Record
    from lambda_scenarios.model.scenario import Case
    from lambda_scenarios.pytest_project import LambdaFunction, Project

_PROJECT = pytest.StashKey["Project"]()
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
        help="options of `lambda-scenarios run` for all scenarios, as '--stage test -e A=1'",
    )
    parser.addini(
        "lambda_scenarios_options", "options of `lambda-scenarios run` for all scenarios", default=""
    )
    parser.addini(
        "lambda_scenarios_collect", "whether scenario files are collected", type="bool", default=True
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.option.lambda_scenarios_options:
        _project(config)  # a mistake in them ends pytest before it collects anything


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of xdist: all processes draw the same random values, so that they collect the same names."""
    project = _project(node.config)
    node.workerinput[_SEED], node.workerinput[_NOW] = project.seed, project.now


def pytest_unconfigure(config: pytest.Config) -> None:
    project = config.stash.get(_PROJECT, None)
    if project is not None:
        project.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    if file_path.suffix not in (".yml", ".yaml") or not parent.config.getini("lambda_scenarios_collect"):
        return None
    from lambda_scenarios.scenarios.sniff import is_scenario_file

    # A file that is named on the command line is one whatever it looks like.
    named = parent.session.isinitpath(file_path)
    if not named and not is_scenario_file(str(file_path)):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


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
                " ".join(options), str(config.invocation_params.dir), given.get(_SEED), given.get(_NOW)
            )
        except Unusable as problem:
            raise pytest.UsageError(str(problem)) from None
        config.stash[_PROJECT] = project
    return project


class ScenarioFile(pytest.File):
    """A scenario file."""

    def collect(self) -> Iterator[Scenario]:
        from lambda_scenarios.pytest_project import Unusable

        try:
            cases = _project(self.config).cases(str(self.path))
        except (Unusable, pytest.UsageError) as problem:
            raise self.CollectError(str(problem)) from None
        for case in cases:
            yield Scenario.from_parent(self, name=case.name, case=case)


class ScenarioFailed(Exception):
    """What its text says; never shown with a traceback."""


class Scenario(pytest.Item):
    """One scenario: passes, fails, or is skipped, as in a run."""

    def __init__(self, *, case: Case, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.case = case
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
        record = _project(self.config).run(self.case)
        self._tell(record)
        if record.status == "skipped":
            if record.attempts:
                pytest.xfail(record.reason or "")
            pytest.skip(record.reason or "")
        if record.status in ("failed", "error"):
            raise ScenarioFailed(_project(self.config).told(record))

    def _tell(self, record: Record) -> None:
        """What reports of pytest keep of it."""
        self.user_properties.append(("function", record.function))
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
        if isinstance(excinfo.value, ScenarioFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        return self.path, self.case.line - 1, self.name


class FlakyScenario(pytest.PytestWarning):
    """A scenario passed only at a retry."""


@pytest.fixture
def lambda_function(request: pytest.FixtureRequest) -> Callable[..., LambdaFunction]:
    """`lambda_function("createOrder")` is the function of the nearest service: call it with an event, and it
    returns what the function returns, or raises LambdaError. It runs on the same warm workers as scenarios.
    """
    project = _project(request.config)
    directory = str(request.path.parent)

    def function(key: str, service: str | os.PathLike[str] | None = None) -> LambdaFunction:
        __tracebackhide__ = True
        return project.function(key, None if service is None else os.fspath(service), directory)

    return function
