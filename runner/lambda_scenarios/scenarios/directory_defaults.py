"""`_defaults.yml`: what the scenario files of a directory, and of those in it, share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Place
from lambda_scenarios.scenarios.build import TOP, Above, below

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

NAMES = ("_defaults.yml", "_defaults.yaml")


class DirectoryDefaults:
    """What each directory gives its scenario files; each `_defaults.yml` is read once.

    `root` is the project's directory (absolute), above which none is read; outside of it, a directory's own
    counts alone. `settings` is what the configuration file says, which lies below all of them.
    """

    def __init__(self, root: str, settings: Above = TOP) -> None:
        self._root = os.path.normpath(root)
        self._settings = settings
        self._known: dict[str, Above | UsageError] = {}

    def above(self, directory: str) -> Above:
        """What a scenario file in `directory` (absolute) inherits.

        Raises UsageError with what is wrong with the files that it comes from, the same for each that asks.
        """
        found = self._known.get(directory)
        if found is None:
            try:
                found = self._above(directory)
            except UsageError as error:
                found = error
            self._known[directory] = found
        if isinstance(found, UsageError):
            raise found
        return found

    def _above(self, directory: str) -> Above:
        inherited = self._settings
        if directory.startswith(self._root.rstrip(os.sep) + os.sep):
            inherited = self.above(os.path.dirname(directory))
        paths = [path for name in NAMES if os.path.isfile(path := os.path.join(directory, name))]
        if not paths:
            return inherited
        if len(paths) > 1:
            problem = f"{' and '.join(NAMES)} both stand here"
            raise UsageError(Diagnostic(problem, Place(paths[1], 1), "put all of it into one of them"))
        value, templated = _read(paths[0])
        return below(inherited, value, paths[0], templated)


def _read(path: str) -> tuple[dict[str, Any], bool]:
    """What the file says, and whether one of its strings may be a template. Raises UsageError."""
    from lambda_scenarios.scenarios.load import MAY_BE_TEMPLATE
    from lambda_scenarios.scenarios.structure import problems_of_defaults
    from lambda_scenarios.scenarios.yaml_source import parse

    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        problem = f"{os.path.basename(path)} can't be read: {error.strerror}"
        raise UsageError(Diagnostic(problem, Place(path, 1))) from None
    value: Json = parse(data, path)
    if value is None:  # nothing but comments
        return {}, False
    problems = problems_of_defaults(value, path)
    if problems:
        raise UsageError(*problems)
    return cast("dict[str, Any]", value), MAY_BE_TEMPLATE.search(data) is not None
