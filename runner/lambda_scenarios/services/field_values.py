"""What the fields of a function may hold, whatever kind of service file declares it."""

from __future__ import annotations

from collections.abc import Callable

from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.runtime_identifiers import RUNTIME_IDENTIFIERS
from lambda_scenarios.services.variable_syntax import number
from lambda_scenarios.services.variables import Located, UnresolvableError

# Limits of Lambda: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_LONGEST_TIMEOUT = 900
_SMALLEST_MEMORY, _LARGEST_MEMORY = 128, 10_240
_SMALLEST_TMP, _LARGEST_TMP = 512, 10_240

# A problem that is no error, and the value it is about.
Warn = Callable[[str, Located], None]


def text(name: str, found: Located) -> str:
    """A text that isn't empty. Raises UnresolvableError, like all of these."""
    value = text_in_text(found.value) if not isinstance(found.value, list) else None
    if not value:
        raise UnresolvableError(f"`{name}` must be a text", found.origin)
    return value


def timeout(name: str, found: Located, warn: Warn) -> float:
    """Seconds."""
    seconds = _number(name, found, "a number of seconds")
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        raise UnresolvableError(
            f"`{name}` must be from 1 to {_LONGEST_TIMEOUT} seconds, not {seconds:g}", found.origin
        )
    if seconds != int(seconds):
        warn(f"Lambda takes whole seconds for `{name}`, not {seconds:g}", found)
    return float(seconds)


def memory(name: str, found: Located, warn: Warn) -> int:
    """MB."""
    megabytes = _number(name, found, "a number of MB")
    if megabytes != int(megabytes) or megabytes <= 0:
        raise UnresolvableError(f"`{name}` must be a whole number of MB, not {megabytes:g}", found.origin)
    if not _SMALLEST_MEMORY <= megabytes <= _LARGEST_MEMORY:
        warn(f"Lambda has {_SMALLEST_MEMORY} to {_LARGEST_MEMORY} MB, not {megabytes:g}", found)
    return int(megabytes)


def ephemeral(name: str, found: Located) -> int:
    """MB of /tmp."""
    megabytes = _number(name, found, "a number of MB")
    if megabytes != int(megabytes) or not _SMALLEST_TMP <= megabytes <= _LARGEST_TMP:
        raise UnresolvableError(
            f"`{name}` must be from {_SMALLEST_TMP} to {_LARGEST_TMP} MB, not {megabytes:g}", found.origin
        )
    return int(megabytes)


def runtime(name: str, found: Located) -> str:
    """One of Lambda's identifiers."""
    identifier = text(name, found)
    if identifier not in RUNTIME_IDENTIFIERS:
        close = did_you_mean(identifier, RUNTIME_IDENTIFIERS)
        label = f"did you mean `{close}`?" if close else "an identifier like python3.12 or nodejs22.x"
        raise UnresolvableError(f"Lambda has no runtime `{identifier}`", found.origin, label=label)
    return identifier


def architecture(name: str, found: Located) -> str:
    """x86_64 or arm64."""
    given = text(name, found)
    if given not in ("x86_64", "arm64"):
        raise UnresolvableError(f"`{name}` must be x86_64 or arm64, not {given}", found.origin)
    return given


def _number(name: str, found: Located, what: str) -> int | float:
    value = found.value
    if isinstance(value, str):  # as it comes from ${env:…}, or from a parameter
        value = number(value.strip())
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise UnresolvableError(f"`{name}` must be {what}", found.origin)
    return value
