"""Text, numbers and statuses as they stand in the HTML report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambda_scenarios.model.record import Status

# What HTML forbids (controls, noncharacters), and what UTF-8 can't encode (lone surrogates).
_UNSAFE_IN_TEXT = "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"


def escaped(text: str) -> str:
    """Text as HTML; what can't stand in a page becomes U+FFFD."""
    # The pattern is compiled where it is needed, which takes longer than what else is done here.
    safe = text if text.isascii() and text.isprintable() else re.sub(_UNSAFE_IN_TEXT, "\ufffd", text)
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def status_class(status: Status) -> str:
    return status.replace(" ", "-")


def grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")  # a narrow no-break space, read alike everywhere
