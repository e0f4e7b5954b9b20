"""Matchers of extensions: found, their arguments checked, and called."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from typing import NamedTuple

from lambda_scenarios.extending.entry_points import UnusableExtension, aside, find, in_words, load
from lambda_scenarios.extensions import Matcher
from lambda_scenarios.model.expectation import Extended, ExtensionFailed
from lambda_scenarios.model.values import Json, Origin


class Known(NamedTuple):
    """A matcher that was loaded; `shown` names it in messages."""

    matcher: Matcher
    shown: str


def known(name: str, built_in: Collection[str]) -> Known | None:
    """The matcher `$name` of an extension; None where there is none. Raises UnusableExtension."""
    extension = find("matchers", name.removeprefix("$"), [other.removeprefix("$") for other in built_in])
    if extension is None:
        return None
    loaded = load(extension)
    matcher = loaded if isinstance(loaded, Matcher) else Matcher(loaded) if callable(loaded) else None
    if matcher is None or not callable(matcher.judge):
        raise UnusableExtension(
            f"{extension.shown} is {type(loaded).__name__}", "an entry point names a function, or a Matcher"
        )
    return Known(matcher, extension.shown)


def refusal(found: Known, argument: Json) -> str | None:
    """What is wrong with the argument, by the matcher's own check. Raises UnusableExtension."""
    check = found.matcher.check
    return None if check is None else _asked(found, lambda: check(copy.deepcopy(argument)))


def node(found: Known, name: str, argument: Json, origin: Origin) -> Extended:
    """The node of `$name: argument`, which stands at `origin`."""
    judge = found.matcher.judge

    def judged(value: Json) -> str | None:
        try:
            # Copies: whatever it does to them, the next expectation sees what the function returned.
            return _asked(found, lambda: judge(copy.deepcopy(argument), copy.deepcopy(value)))
        except UnusableExtension as error:
            raise ExtensionFailed(error.problem, origin) from None

    return Extended(name, argument, judged)


def _asked(found: Known, ask: Callable[[], object]) -> str | None:
    """What a function of the matcher says: None, or a line of text."""
    try:
        with aside():
            said = ask()
    except (Exception, SystemExit) as error:  # noqa: BLE001  # it runs whatever it likes
        raise UnusableExtension(f"{found.shown} failed: {in_words(error)}") from None
    if said is None:
        return None
    if not isinstance(said, str):
        raise UnusableExtension(
            f"{found.shown} failed: it gave {type(said).__name__}, neither None nor a text"
        )
    return " ".join(said.split()) or "it does not match"
