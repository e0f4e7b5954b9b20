"""What is asked of a run, as far as it doesn't depend on any file: the options, understood."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lambda_scenarios.configuration.read import Configuration
    from lambda_scenarios.model.container import DockerSettings
    from lambda_scenarios.reports.targets import Targets
    from lambda_scenarios.runtimes.debugging import Debugging
    from lambda_scenarios.scenarios.draft import RunSettings
    from lambda_scenarios.scenarios.select import Selection
    from lambda_scenarios.watching.turn import Turn


class Suite(NamedTuple):
    """What to read and how to render it."""

    paths: tuple[str, ...]
    selection: "Selection"
    settings: "RunSettings"
    root: str  # the project's directory, absolute
    configuration: "Configuration | None" = None
    turn: "Turn | None" = None  # of a watch
    results: tuple[str, ...] = ()  # absolute: what runs write, files or directories of them


class RunRequest(NamedTuple):
    """One run, as the command line asked for it. `jobs` 0 means as many as there are processors."""

    suite: Suite
    reports: "Targets"
    command: tuple[str, ...]
    jobs: int = 0
    missing_runtime_skips: bool = False
    inherit_env: bool = False
    aws_profile: str | None = None
    role: str | None = None  # an ARN: to assume instead of the functions' own
    max_failures: int | None = None
    max_time: float | None = None
    fail_on_flaky: bool = False
    shuffled: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    mask: tuple[str, ...] = ()
    strict: bool = False
    docker: "DockerSettings | None" = None
    qualifier: str | None = None  # of the functions on AWS
    debug: "Debugging | None" = None
    warm_check: bool = False
    coverage: bool = False
