"""Backends of extensions: found, and asked what to start."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import NamedTuple

from lambda_scenarios.extending.entry_points import UnusableExtension, aside, find, in_words, load
from lambda_scenarios.extensions import Backend, Command, Worker
from lambda_scenarios.model.function import Function


class Known(NamedTuple):
    """A backend that was loaded; `shown` names it in messages."""

    name: str
    backend: Backend
    shown: str


def known(name: str, built_in: Collection[str]) -> Known | None:
    """The backend of that name; None where no extension has it. Raises UnusableExtension."""
    extension = find("backends", name, built_in)
    if extension is None:
        return None
    loaded = load(extension)
    backend = loaded if isinstance(loaded, Backend) else Backend(loaded) if callable(loaded) else None
    if backend is None or not callable(backend.command):
        raise UnusableExtension(
            f"{extension.shown} is {type(loaded).__name__}", "an entry point names a function, or a Backend"
        )
    return Known(name, backend, extension.shown)


class Starter(NamedTuple):
    """What a worker is started by, instead of its own command."""

    known: Known
    function: Function
    directory: str

    def command(
        self, own: tuple[str, ...], environment: Mapping[str, str], address: str
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        """The command and its environment. Raises ValueError and OSError where there is none."""
        function = self.function
        worker = Worker(
            command=own,
            environment=dict(environment),
            runtime_api=address,
            function=function.key,
            name=function.name,
            runtime=function.runtime,
            handler=function.handler,
            code=function.code,
            memory=function.memory,
            architecture=function.architecture,
            directory=self.directory,
        )
        try:
            with aside():
                said = self.known.backend.command(worker)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # it runs whatever it likes
            raise ValueError(in_words(error)) from None
        wanted = said if isinstance(said, Command) else Command(said)
        arguments = tuple(wanted.arguments) if isinstance(wanted.arguments, (list, tuple)) else ()
        if not arguments or not all(isinstance(argument, str) for argument in arguments):
            raise ValueError(f"it gave {said!r:.200}, which is no list of texts")
        variables = dict(environment if wanted.environment is None else wanted.environment)
        # By this variable, what is left of a worker is found when this program is killed.
        variables.setdefault("AWS_LAMBDA_RUNTIME_API", address)
        return (_program(arguments[0], variables), *arguments[1:]), variables


def _program(name: str, environment: Mapping[str, str]) -> str:
    """The path of a program. Raises OSError where it isn't on PATH."""
    if "/" in name:
        return name
    for directory in environment.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(directory or ".", name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(None, f"there is no {name} on PATH")
