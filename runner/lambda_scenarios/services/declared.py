"""A function as a service file of any kind declares it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.function import Function, FunctionSummary, ImageConfig
from lambda_scenarios.services.findings import NotEvaluated, Problem, problem_of
from lambda_scenarios.services.variables import Located, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.model.function import HttpSource, Package, ServiceInfo
    from lambda_scenarios.model.values import Origin
    from lambda_scenarios.services.layers import Layers

_TMP = 512  # MB, where nothing is said

T = TypeVar("T")


class Declared(NamedTuple):
    """The fields of a function. One is None where it is absent, or its problem is in `problems`.

    `code` is an absolute directory.
    """

    name: str | None
    handler: str | None
    runtime: str | None
    code: str | None
    architecture: str | None
    timeout: float | None
    memory: int | None
    environment: tuple[tuple[str, str | None], ...]
    layers: Layers
    image: str | None
    image_config: ImageConfig
    ephemeral: int | None
    role: str | None
    http_source: HttpSource | None
    not_evaluated: tuple[NotEvaluated, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Diagnostic, ...]
    package: Package | None = None
    code_from: str | None = None  # as of the function

    def has_problem(self, path: str) -> bool:
        return any(problem.path == path for problem in self.problems)


class Findings:
    """What is said of the fields of one function while they are read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Diagnostic] = []

    def converted(
        self,
        path: str,
        find: Callable[[], Located | None],
        default: T | None,
        convert: Callable[[Located], T],
    ) -> T | None:
        """What is found, converted; the default where there is nothing, None where it has a problem."""
        try:
            found = find()
            return default if found is None else convert(found)
        except UnresolvableError as error:
            self.problems.append(problem_of(error, path))
            return None

    def warn(self, problem: str, found: Located, label: str = "") -> None:
        self.warnings.append(Diagnostic(problem, found.origin, label, severity="warning"))


def summary_of(
    key: str, name: str | None, declared: Declared, problems: tuple[Problem, ...]
) -> FunctionSummary:
    """What `functions` prints; `problems` are those that stand in the way of the function."""
    return FunctionSummary(
        key=key,
        name=name,
        handler=declared.handler,
        runtime=declared.runtime,
        architecture=declared.architecture,
        code=declared.code,
        timeout=declared.timeout,
        memory=declared.memory,
        environment=declared.environment,
        layers=declared.layers.declared,
        unresolved=(
            *(problem.unresolved() for problem in problems),
            *(one.unresolved() for one in declared.not_evaluated),
        ),
    )


def function_of(key: str, name: str, declared: Declared, service: ServiceInfo, origin: Origin) -> Function:
    """The function, of which everything that has no problem is known."""
    assert declared.timeout is not None  # what has no problem has a value
    assert declared.memory is not None
    assert declared.code is not None
    return Function(
        key=key,
        name=name,
        handler=declared.handler or "",
        runtime=declared.runtime or "",
        code=declared.code,
        service=service,
        timeout=declared.timeout,
        memory=declared.memory,
        environment=tuple((name, value) for name, value in declared.environment if value is not None),
        layers=declared.layers.directories,
        layers_from=declared.layers.sources,
        code_from=declared.code_from,
        architecture=declared.architecture or "x86_64",
        image=declared.image,
        image_config=declared.image_config,
        ephemeral=declared.ephemeral or _TMP,
        package=declared.package,
        role=declared.role,
        http_source=declared.http_source,
        unresolved=tuple(one.unresolved() for one in declared.not_evaluated),
        origin=origin,
    )
