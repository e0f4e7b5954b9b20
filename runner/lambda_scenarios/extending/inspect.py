"""What `doctor` says of extensions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lambda_scenarios.checks.matchers import MATCHER_NAMES
from lambda_scenarios.extending import backends, matchers, reporters, template_functions
from lambda_scenarios.extending.entry_points import Extension, Kind, UnusableExtension, installed
from lambda_scenarios.model.scenario import BACKENDS
from lambda_scenarios.reports.targets import NAMES
from lambda_scenarios.scenarios.template_names import TemplateError

_SHOWN: dict[Kind, str] = {
    "matchers": "${}",
    "template_functions": "{}()",
    "reporters": "--report {}=",
    "backends": "--backend {}",
}
# What finds them for a suite, and says what is wrong with them.
_KNOWN: dict[Kind, Callable[[str, tuple[str, ...]], object]] = {
    "matchers": matchers.known,
    "template_functions": template_functions.known,
    "reporters": reporters.known,
    "backends": backends.known,
}


def inspect() -> Iterator[tuple[str, str, str]]:
    """What each is written as, its package, and why it can't be used ("" where it can)."""
    for kind, shown in _SHOWN.items():
        for extension in installed(kind):
            yield shown.format(extension.name), extension.package, _problem(extension)


def _problem(extension: Extension) -> str:
    built_in = _built_in(extension.kind)
    try:
        _KNOWN[extension.kind](extension.name, built_in)
    except (UnusableExtension, TemplateError) as unusable:
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
