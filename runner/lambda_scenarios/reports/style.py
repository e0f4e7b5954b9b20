"""How the console may look: colour, live progress, symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_scenarios.model.record import Status

Paint = Literal["red", "green", "yellow", "cyan", "dim", "bold"]

_SGR: dict[Paint, str] = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}

STATUS_PAINT: dict[Status, Paint] = {
    "passed": "green",
    "failed": "red",
    "error": "red",
    "flaky": "yellow",
    "skipped": "yellow",
    "not run": "yellow",
}


class Symbols(NamedTuple):
    """What stands for a status, and what lines are drawn with."""

    passed: str
    failed: str
    error: str
    flaky: str
    skipped: str
    not_run: str
    rule: str
    bar: str
    dot: str
    more: str
    spinner: str

    def of(self, status: Status) -> str:
        """The symbol of a status."""
        return {
            "passed": self.passed,
            "failed": self.failed,
            "error": self.error,
            "flaky": self.flaky,
            "skipped": self.skipped,
            "not run": self.not_run,
        }[status]


UNICODE = Symbols("✓", "✗", "!", "↻", "○", "–", "─", "│", "·", "…", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
ASCII = Symbols("+", "x", "!", "~", "o", "-", "-", "|", "-", "...", "|/-\\")


class Style(NamedTuple):
    """What the stream can show."""

    colour: bool
    live: bool
    unicode: bool


class Look(NamedTuple):
    """How to draw: colour or none, which symbols, how wide."""

    colour: bool
    symbols: Symbols
    width: int

    def paint(self, text: str, *paints: Paint) -> str:
        """The text in colour, where there is colour."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(_SGR[paint] for paint in paints)}m{text}\x1b[0m"


def _set(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() not in ("", "0", "false")


def style(environ: Mapping[str, str], isatty: bool, encoding: str | None = "utf-8") -> Style:
    """What to do on a stream, by the environment.

    Colour: on a terminal, unless `NO_COLOR` is set (whatever `FORCE_COLOR` says, as in pytest) or the
    terminal is dumb; elsewhere only with `FORCE_COLOR`. Live progress: on a terminal outside of CI. Symbols:
    where the stream's encoding is a Unicode one.
    """
    dumb = environ.get("TERM") == "dumb"
    if environ.get("NO_COLOR"):
        colour = False
    else:
        colour = _set(environ, "FORCE_COLOR") or (
            isatty and not dumb and environ.get("FORCE_COLOR") not in ("0", "false")
        )
    normal = (encoding or "ascii").lower().replace("-", "").replace("_", "")
    return Style(
        colour=colour,
        live=isatty and not dumb and not _set(environ, "CI"),
        unicode=normal.startswith(("utf", "ucs")) or normal == "gb18030",
    )
