"""`--coverage`: workers that measure which lines run, and what that comes to."""

from __future__ import annotations

import os
import shutil
import time

from lambda_scenarios.backends.reaper import Reaper
from lambda_scenarios.coverage.covered import Covered
from lambda_scenarios.coverage.lcov import merge
from lambda_scenarios.coverage.nodejs import Nodejs
from lambda_scenarios.coverage.paths import Sources
from lambda_scenarios.coverage.python import Python
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.function import Function
from lambda_scenarios.runtimes.runtime import Launch, World

_REMOVED_WITHIN = 3.0  # seconds


class Measurement:
    """Makes workers measure, and gathers what they did. To be closed: it has a temporary directory."""

    def __init__(self, root: str, world: World) -> None:
        """`root` is the project's directory. Raises UsageError where temporary files can't be made."""
        self._root = root
        folder = world.environ.get("TMPDIR") or "/tmp"  # noqa: S108  # a name that nobody can foresee
        name = f"lambda-scenarios-coverage-{os.urandom(8).hex()}"
        self._directory = os.path.join(world.cwd, folder, name)
        try:
            os.mkdir(self._directory, 0o700)
        except OSError as error:
            raise UsageError(
                Diagnostic(
                    f"--coverage can't write to {folder}: {error.strerror}",
                    notes=("TMPDIR names another directory",),
                )
            ) from None
        self._reaper = Reaper(self._remove)
        self._python = Python(self._directory, root, world)
        self._nodejs = Nodejs(self._directory)
        self._services: dict[str, str] = {}  # by code directory
        self._unmeasured: dict[str, None] = {}

    def measured(self, launch: Launch, function: Function) -> Launch | None:
        """The launch of a worker of `function` that measures; None where nothing measures its runtime.

        Raises UsageError where what measures it is missing.
        """
        self._services.setdefault(os.path.realpath(function.code), function.service.root)
        if function.runtime.startswith("python"):
            return self._python.measured(launch, function)
        if function.runtime.startswith("nodejs"):
            return self._nodejs.measured(launch, function)
        self.passes(function, function.runtime)
        return None

    def passes(self, function: Function, why: str) -> None:
        """A function that isn't measured: `why` says what or where it runs."""
        self._unmeasured[f"{function.key} ({why})"] = None

    @property
    def unmeasured(self) -> str | None:
        """What to tell of functions that aren't measured."""
        if not self._unmeasured:
            return None
        named = list(self._unmeasured)
        shown = ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")
        return f"--coverage measures Python and Node.js on this machine, not {shown}"

    def covered(self) -> Covered:
        """What ran until now, when all workers have ended."""
        sources = Sources(self._root)
        found, problems = self._python.covered()
        files = self._nodejs.covered(sources)
        strange = 0
        for file, code in found:
            source = sources.of(file.path, code, self._services[code])
            if source is None:
                strange += 1
            else:
                files.append(file._replace(path=source))
        if strange:
            problems.append(
                f"{strange} of the measured files have no source in the project that they are equal to"
            )
        shown = (file._replace(path=sources.shown(file.path)) for file in files)
        # A file without a line that could run (an empty `__init__.py`) says nothing.
        told = tuple(file for file in merge([shown]) if file.lines)
        return Covered(told, os.path.realpath(self._root), tuple(problems), self.unmeasured)

    def close(self) -> None:
        self._remove()
        self._reaper.close()

    def _remove(self) -> None:
        """Where the run was killed, its workers may still be writing until they are."""
        until = time.monotonic() + _REMOVED_WITHIN
        while True:
            shutil.rmtree(self._directory, ignore_errors=True)
            if not os.path.lexists(self._directory) or time.monotonic() > until:
                return
            time.sleep(0.02)
