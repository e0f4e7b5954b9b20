"""What is said of a function that a service doesn't have."""

from __future__ import annotations

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.values import Origin

_MOST_KEYS_SHOWN = 12


def unknown_function(key: str, keys: tuple[str, ...], where: str, asked_at: Origin | None) -> UsageError:
    """To raise for `key`, which is none of `keys`, in the service file shown as `where`."""
    names = ", ".join(keys[:_MOST_KEYS_SHOWN])
    if len(keys) > _MOST_KEYS_SHOWN:
        names += f" and {len(keys) - _MOST_KEYS_SHOWN} more"
    close = did_you_mean(key, keys)
    label = f"did you mean `{close}`? " if close else ""
    label += f"There are: {names}" if keys else "It has no functions"
    return UsageError(Diagnostic(f"no function `{key}` in {where}", asked_at, label))
