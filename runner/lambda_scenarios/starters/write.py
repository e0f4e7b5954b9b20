"""Looks for services, and writes the scenario files that aren't there yet."""

from __future__ import annotations

import json
import os
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.services.catalog import Catalog, ServiceOptions, find_service_file
from lambda_scenarios.starters.starter import starter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_scenarios.runtimes.runtime import World
    from lambda_scenarios.services.service import Service

_SCHEMA = "scenario.schema.json"
_NOT_ENTERED = frozenset(
    ("node_modules", "cdk.out", "venv", "__pycache__", "site-packages", "build", "dist", "target", "vendor")
)
_UNFIT = re.compile(r"[^\w.-]+", re.ASCII)


class Written(NamedTuple):
    """A file of a function, absolute. `made` is False where it was there already; `about` says what of."""

    path: str
    made: bool
    about: str


class Outcome(NamedTuple):
    """What became of one service: its file and its directory of scenarios, absolute."""

    file: str
    directory: str
    files: tuple[Written, ...]


def write_starters(directory: str, options: ServiceOptions, world: World) -> tuple[Outcome, ...]:
    """Scenario files for the services of `directory` (absolute): its own, else those below, else the nearest
    above.

    No file is ever written over, and nothing of the services is executed but service files that are programs.
    Raises UsageError where there is no service, and with what is wrong with all of them.
    """
    files = _service_files(directory, world.cwd)
    wrong: list[Diagnostic] = []
    found: list[tuple[Service, tuple[str, ...]]] = []
    with Catalog(world.environ, world.cwd) as catalog:
        for file in files:
            try:
                service = catalog.open(file, options)
                found.append((service, service.keys()))
            except UsageError as error:
                wrong.extend(error.diagnostics)
        if wrong:
            raise UsageError(*dict.fromkeys(wrong))
        if not any(keys for _, keys in found):
            names = " and ".join(shown_path(file, world.cwd) for file in files)
            raise UsageError(Diagnostic(f"there is no function in {names}", notes=_ADVICE[1:]))
        try:
            return tuple(_of_service(service, keys, world) for service, keys in found if keys)
        except OSError as error:
            shown = shown_path(str(error.filename), world.cwd)
            raise UsageError(Diagnostic(f"{shown} can't be written: {error.strerror}")) from None


_ADVICE = (
    "lambda-scenarios init DIR looks for serverless.yml, template.yaml or cdk.out in DIR",
    "without a service, functions are declared in the scenario file itself: its key `functions`",
)


def _service_files(directory: str, cwd: str) -> list[str]:
    own = find_service_file(directory, directory)
    if own is not None:
        return [own]
    below = sorted(_below(directory))
    if below:
        return below
    from lambda_scenarios.scenarios.discover import project_root

    above = find_service_file(directory, project_root(directory))
    if above is not None:
        return [above]
    shown = shown_path(directory, cwd)
    problem = (
        "there is no service here, below or above" if shown == "." else f"there is no service in {shown}"
    )
    advice: tuple[str, ...] = _ADVICE
    if os.path.exists(os.path.join(directory, "cdk.json")):
        advice = ("cdk.json tells of an app of the CDK: `cdk synth` makes its cdk.out", *_ADVICE)
    raise UsageError(Diagnostic(problem, notes=advice))


def _below(directory: str) -> Iterator[str]:
    """The service files of the directories below; what is below a service is its own."""
    for name, subdirectories, _ in os.walk(directory):
        found = None if name == directory else find_service_file(name, name)
        if found is not None:
            yield found
        subdirectories[:] = [
            one
            for one in subdirectories
            if found is None and not one.startswith(".") and one not in _NOT_ENTERED
        ]


def _of_service(service: Service, keys: tuple[str, ...], world: World) -> Outcome:
    directory = os.path.join(os.path.dirname(service.file), "scenarios")
    if os.path.basename(os.path.dirname(service.file)) == "cdk.out":
        directory = os.path.join(os.path.dirname(os.path.dirname(service.file)), "scenarios")
    try:
        region = service.info().region
    except UsageError:
        region = None  # told where it matters
    os.makedirs(directory, exist_ok=True)
    _create(os.path.join(directory, _SCHEMA), _schema_text())
    files: list[Written] = []
    taken: set[str] = set()
    for key in keys:
        path = os.path.join(directory, _file_name(key, taken))
        triggers = service.triggers(key)
        run = f"lambda-scenarios run {shlex.quote(shown_path(path, world.cwd))}"
        made = _create(path, starter(key, triggers, region, run, f"./{_SCHEMA}"))
        files.append(Written(path, made, ", ".join(one.about for one in triggers)))
    return Outcome(service.file, directory, tuple(files))


def _file_name(key: str, taken: set[str]) -> str:
    stem = _UNFIT.sub("-", key).strip("-.") or "function"
    unique, number = stem, 1
    while unique.lower() in taken:  # on some disks, names that differ in their case are one
        number += 1
        unique = f"{stem}-{number}"
    taken.add(unique.lower())
    return f"{unique}.yml"


def _create(path: str, text: str) -> bool:
    """Whether the file was written: not where there is one."""
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _schema_text() -> str:
    from lambda_scenarios import schemas

    return json.dumps(schemas.load("scenario"), indent=2, ensure_ascii=False) + "\n"
