"""What all that compiles a part of an `expect` mapping reads it with, and says of it."""

import math
from typing import NamedTuple

from lambda_scenarios.errors import Diagnostic, did_you_mean
from lambda_scenarios.model.values import DocPath, Json, Origin


class Reading(NamedTuple):
    """What compiling one `expect` mapping shares: where it stands, and the problems found so far."""

    origin: Origin
    problems: list[Diagnostic]

    def wrong(self, path: DocPath, problem: str, label: str = "", *notes: str, key: bool = False) -> None:
        """Adds a diagnostic about the value (or the key) at `path` beneath `expect`."""
        where = self.origin.at(*path)
        self.problems.append(Diagnostic(problem, where.as_key() if key else where, label, notes))


class Mode(NamedTuple):
    """How a value is compared. `keyed`: it is the value of a key, which may be absent."""

    inclusion: bool
    keyed: bool = False

    def unkeyed(self) -> "Mode":
        """The mode of something inside that is no key's value."""
        return Mode(self.inclusion)


EXACT = Mode(False)
INCLUSION = Mode(True)


def plain(value: Json, path: DocPath, reading: Reading) -> Json:
    """The value in JSON's own types: what remembers how it was written becomes a plain number."""
    if isinstance(value, dict):
        return {key: plain(v, (*path, key), reading) for key, v in value.items()}
    if isinstance(value, list):
        return [plain(v, (*path, i), reading) for i, v in enumerate(value)]
    if isinstance(value, float):
        if not math.isfinite(value):
            reading.wrong(path, f"`{value}` can't be expected", "JSON knows no such number")
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def shown(value: Json) -> str:
    from lambda_scenarios.checks.wording import short

    return value if isinstance(value, str) else short(value, 40)


def unknown_key(key: str, path: DocPath, known: tuple[str, ...], of: str, reading: Reading) -> None:
    """Adds a diagnostic about a key that nothing knows."""
    near = did_you_mean(key, known)
    label = f"did you mean `{near}`?" if near else "there are: " + ", ".join(known)
    reading.wrong(path, f"unknown key `{key}` in {of}", label, key=True)
