"""Runs workers in real containers through the scheduler."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lambda_scenarios.backends.docker.engine import connect
from lambda_scenarios.execution.plan import Lane, WorkerSpec
from lambda_scenarios.execution.scheduler import Limits, Scheduler
from lambda_scenarios.execution.starting import Means
from lambda_scenarios.model.container import ContainerSpec, DockerArguments
from lambda_scenarios.model.outcome import Outcome
from tests.backends.docker import images
from tests.execution.running import NONCE, Done, Watcher


def spec(
    folder: Path,
    source: str,
    *,
    number: int = 1,
    image: str | None = None,
    entrypoint: tuple[str, ...] = ("/lambda-entrypoint.sh",),
    command: tuple[str, ...] | None = None,
    memory: int = 128,
    temporary: int = 512,
    layers: str | None = None,
    wrapped: bool = True,
    arguments: DockerArguments = DockerArguments(),  # noqa: B008  # immutable
    **variables: str,
) -> WorkerSpec:
    """AWS's client for Python in a container; the handler is `main` of `source`."""
    folder.chmod(0o755)
    (folder / f"module{number}.py").write_text(source)
    handler = f"module{number}.main"
    environment = {"_HANDLER": handler, "LAMBDA_TASK_ROOT": "/var/task", **variables}
    container = ContainerSpec(
        image=image or images.python(),
        entrypoint=entrypoint,
        command=(handler,) if command is None else command,
        working_directory="/var/task",
        platform=None,
        code=str(folder),
        layers=layers,
        memory=memory,
        temporary=temporary,
        user="993:990",
        wrapped=wrapped,
        arguments=arguments,
    )
    return WorkerSpec((), tuple(environment.items()), 1, NONCE if wrapped else "", number, "", container)


def run(
    *planned: Lane,
    jobs: int = 2,
    decide: Callable[[int, Outcome], bool] = lambda _case, _outcome: True,
) -> Done:
    """The lanes, to their end."""
    watcher = Watcher(decide, lambda: None)
    scheduler = Scheduler(planned, Limits(jobs, 8), Means(engine=connect(os.environ)))
    left, why = scheduler.run(lambda: watcher)
    return Done(watcher.outcomes, [task.case for task in left], why)
