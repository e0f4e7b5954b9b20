"""What of a result differs from run to run, and the matcher that stands for it (pure)."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.scenarios.templating import is_template
from lambda_scenarios.scenarios.yaml_text import OneLine

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

_DAY = 86_400.0
_PARTS: dict[str, str] = {
    "uuid": r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    "trace": r"1-[0-9a-f]{8}-[0-9a-f]{24}",
    "stream": r"\d{4}/\d\d/\d\d/\[[^\]\s]+\][0-9a-f]{32}",
    "time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?",
    "http": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT",
    "date": r"\d{4}-\d\d-\d\d",
    "epoch": r"\b\d{10}(?:\d{3})?(?:\.\d+)?\b",
}
_ANY = "|".join(f"(?P<{name}>{pattern})" for name, pattern in _PARTS.items())
# Ids are made of the request's: its first digits, or all of them without dashes.
_OF_REQUEST = {"short": "[0-9a-f]{8}", "whole": "[0-9a-f]{32}"}


class Known(NamedTuple):
    """What tells the run's own from what was given: the texts that went in, when it was (seconds), and the
    id of the request. `secrets` are variables that are given, with their values, which nobody may read."""

    texts: tuple[str, ...]
    now: float
    request_id: str = ""
    secrets: tuple[tuple[str, str], ...] = ()

    def has(self, text: str) -> bool:
        return any(text in known for known in self.texts)


def expected(value: Json, known: Known) -> Json:
    """The value as an expectation: ids and times of this very run are matchers, and nothing else is one."""
    if isinstance(value, dict):
        if any(key.startswith("$") for key in value):
            return {"$literal": value}
        return {key: expected(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [expected(item, known) for item in value]
    if isinstance(value, str):
        return _text(value, known)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and _is_now(value, known):
        return _varying({"$type": "number"}, str(value))
    return value


def has_varying(value: Json) -> bool:
    if isinstance(value, OneLine):
        return True
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(has_varying, items))


def _text(text: str, known: Known) -> Json:
    if not is_template(text):
        for name, value in known.secrets:
            text = text.replace(value, f"{{{{ env.{name} }}}}")
        if is_template(text):
            return text
    found = [match for match in _pattern(known).finditer(text) if _varies(match, known)]
    if not found:
        return {"$literal": text} if is_template(text) else text
    first = found[0]
    if first.group() == text and first.lastgroup == "uuid":
        return _varying({"$format": "uuid"}, text)
    if first.group() == text and first.lastgroup == "time" and "T" in text and text[-1] == "Z":
        return _varying({"$format": "date-time"}, text)
    pattern, end = "^", 0
    for match in found:
        assert match.lastgroup is not None  # every alternative has a name
        part = _PARTS.get(match.lastgroup) or _OF_REQUEST[match.lastgroup]
        pattern += _escaped(text[end : match.start()]) + part
        end = match.end()
    pattern += _escaped(text[end:]) + "$"
    # What looks like a template inside a pattern would be rendered.
    return text if is_template(pattern) else _varying({"$regex": pattern}, text)


def _pattern(known: Known) -> re.Pattern[str]:
    digits = known.request_id.replace("-", "").lower()
    if not re.fullmatch("[0-9a-f]{32}", digits):
        return re.compile(_ANY)
    of_request = f"(?P<whole>{digits})|(?P<short>{digits[:8]})"
    return re.compile(rf"{_ANY}|(?<![0-9a-f])(?:{of_request})(?![0-9a-f])")


def _escaped(text: str) -> str:
    """The text in a pattern, which people are to read: only what has a meaning there is escaped."""
    return re.sub(r"[\\.^$*+?{}\[\]|()]", r"\\\g<0>", text)


def _varying(matcher: dict[str, Json], was: str) -> OneLine:
    shown = was if len(was) <= 40 else f"{was[:39]}…"
    return OneLine(matcher, f"differs from run to run: {shown if shown.isprintable() else repr(shown)}")


def _varies(match: re.Match[str], known: Known) -> bool:
    text, kind = match.group(), match.lastgroup
    if known.has(text):
        return False
    if kind == "epoch":
        return _is_now(float(text), known)
    if kind not in ("time", "date", "http"):
        return True
    is_http = kind == "http"
    when = _instant(text, "%a, %d %b %Y %H:%M:%S GMT") if is_http else _instant(text[:10], "%Y-%m-%d")
    return when is not None and abs(when - known.now) <= 2 * _DAY


def _instant(text: str, form: str) -> float | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None


def _is_now(value: int | float, known: Known) -> bool:
    """Seconds or milliseconds since the epoch, of about this hour."""
    near = any(abs(value / scale - known.now) < _DAY / 24 for scale in (1, 1000))
    return near and not known.has(str(value))
