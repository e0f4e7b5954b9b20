"""Which extensions are installed, and loading one.

importlib.metadata takes longer to import than a short run takes as a whole: nothing imports this module but
what has met a name that isn't built in.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Collection, Iterator
from importlib import metadata
from typing import Any, Literal, NamedTuple, TextIO

Kind = Literal["matchers", "template_functions", "reporters", "backends"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SINGULAR: dict[Kind, str] = {
    "matchers": "matcher",
    "template_functions": "template function",
    "reporters": "reporter",
    "backends": "backend",
}


class UnusableExtension(Exception):
    """An extension that can't be used: `problem` is one line that names it, `notes` say more."""

    def __init__(self, problem: str, *notes: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.notes = notes


class Extension(NamedTuple):
    """An entry point: `package` is its distribution with the version, `value` what it names."""

    kind: Kind
    name: str
    package: str
    value: str

    @property
    def shown(self) -> str:
        """`the matcher money of acme-matchers 1.0`."""
        return f"the {_SINGULAR[self.kind]} `{self.name}` of {self.package}"


_found: dict[Kind, tuple[Extension, ...]] = {}
_loaded: dict[Extension, object] = {}


def installed(kind: Kind) -> tuple[Extension, ...]:
    """All of that kind, by name and package; each asked for once a process."""
    found = _found.get(kind)
    if found is None:
        found = _found[kind] = tuple(sorted(_read(kind)))
    return found


def _read(kind: Kind) -> Iterator[Extension]:
    for point in metadata.entry_points(group=f"lambda_scenarios.{kind}"):
        package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.module
        yield Extension(kind, point.name, package, point.value)


def find(kind: Kind, name: str, built_in: Collection[str]) -> Extension | None:
    """The extension of that name; None where there is none.

    Raises UnusableExtension where its name is ambiguous, and where any of its kind has a name that can't be
    used: what it would mean depends on who reads it.
    """
    found = installed(kind)
    for extension in found:
        if wrong := fault(extension, built_in):
            raise wrong
    named = [extension for extension in found if extension.name == name]
    if len(named) > 1:
        packages = " and ".join(extension.package for extension in named)
        raise UnusableExtension(
            f"there are two {kind.replace('_', ' ')} `{name}`: of {packages}", "uninstall one of them"
        )
    return named[0] if named else None


def fault(extension: Extension, built_in: Collection[str]) -> UnusableExtension | None:
    """Why its name can't be used; None where it can."""
    if extension.name in built_in:
        return UnusableExtension(
            f"{extension.shown} has the name of one that is built in",
            "uninstall it, or rename its entry point",
        )
    if not _NAME.fullmatch(extension.name):
        return UnusableExtension(
            f"{extension.shown}: that can't be a name", "names are lower-case letters, digits and underscores"
        )
    return None


def load(extension: Extension) -> object:
    """What its entry point names, imported once. Raises UnusableExtension."""
    if extension not in _loaded:
        point = metadata.EntryPoint(extension.name, extension.value, f"lambda_scenarios.{extension.kind}")
        try:
            with aside():
                _loaded[extension] = point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  # importing it runs whatever it likes
            raise UnusableExtension(
                f"{extension.shown} can't be loaded: {in_words(error)}",
                f"its entry point is {extension.value}",
            ) from None
    return _loaded[extension]


def load_function(extension: Extension) -> Callable[..., Any]:
    """The same, of those that are functions. Raises UnusableExtension."""
    found = load(extension)
    if not callable(found):
        raise UnusableExtension(f"{extension.shown} is no function, but {type(found).__name__}")
    return found


def aside() -> contextlib.redirect_stdout[TextIO]:
    """While an extension runs, what it prints goes to the standard error: the other may be a report's."""
    return contextlib.redirect_stdout(sys.stderr)


def in_words(error: BaseException) -> str:
    """`KeyError: 'x'`, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
