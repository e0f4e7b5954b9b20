"""What `doctor` says of extensions."""

from __future__ import annotations

from collections.abc import Iterator

from lambda_scenarios.checks.matchers import MATCHER_NAMES
from lambda_scenarios.extending.entry_points import (
    Extension,
    Kind,
    UnusableExtension,
    find,
    installed,
    load,
)
from lambda_scenarios.model.scenario import BACKENDS
from lambda_scenarios.reports.targets import NAMES

_SHOWN: dict[Kind, str] = {
    "matchers": "${}",
    "template_functions": "{}()",
    "reporters": "--report {}=",
    "backends": "--backend {}",
}


def inspect() -> Iterator[tuple[str, str, str]]:
    """What each is written as, its package, and why it can't be used ("" where it can)."""
    for kind, shown in _SHOWN.items():
        for extension in installed(kind):
            yield shown.format(extension.name), extension.package, _problem(extension)


def _problem(extension: Extension) -> str:
    try:
        found = find(extension.kind, extension.name, _built_in(extension.kind))
        if found is not None:
            load(found)
    except UnusableExtension as unusable:
        return unusable.problem
    return ""


def _built_in(kind: Kind) -> tuple[str, ...]:
    if kind == "matchers":
        return tuple(name.removeprefix("$") for name in MATCHER_NAMES)
    if kind == "reporters":
        return tuple(NAMES)
    if kind == "backends":
        return BACKENDS
    from lambda_scenarios.scenarios.jinja_environment import BUILT_IN

    return tuple(BUILT_IN)
