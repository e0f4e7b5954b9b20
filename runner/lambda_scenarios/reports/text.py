"""Text for people: widths on a terminal, durations, quoting, and control characters made harmless."""

from __future__ import annotations

import re

# Patterns are compiled by `re` when they are needed: compiling them costs more than most runs need them.

# CSI sequences, OSC and other strings up to their end, and the two-character escapes (ECMA-48).
_ANSI = (
    "\x1b(?:\\[[0-?]*[ -/]*[@-~]|[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[ -/]*[0-~])|\x9b[0-?]*[ -/]*[@-~]"
)
# What would move the cursor, ring or hide text; line feeds are dealt with by whoever splits lines.
_CONTROL = "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_SAFE_IN_SHELL = "[A-Za-z0-9_@%+=:,./-]+"

# Of one line on the console: a terminal makes a wall of more, and the report has the rest.
MAX_COLUMNS = 400
# What lines up is made for this width, or for that of a narrower terminal.
MAX_WIDTH = 88


def strip_ansi(text: str) -> str:
    """The text without terminal escape sequences (colour, titles, cursor movement)."""
    return re.sub(_ANSI, "", text) if "\x1b" in text or "\x9b" in text else text


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable(text: str) -> str:
    """One line that can do nothing to a terminal: control characters are shown as escapes."""
    return text if text.isascii() and text.isprintable() else re.sub(_CONTROL, _escaped, text)


def longest_line(width: int) -> int:
    """How long single lines may be where lines of `width` line up: a narrow terminal would break them."""
    return max(width, 110) if width >= MAX_WIDTH else width


def shown_line(text: str, mark: str = "…") -> str:
    """The text as one printable line of at most `MAX_COLUMNS`; a cut one ends with `mark`."""
    if len(text) <= MAX_COLUMNS:
        return cut(printable(text), MAX_COLUMNS, mark)
    return cut(printable(text[:MAX_COLUMNS]), MAX_COLUMNS - display_width(mark), "") + mark


def with_line_feeds(text: str) -> str:
    """The text with `\\n` for every line end, and spaces for no-break spaces.

    Lambda's clients join the lines of a traceback with carriage returns, and indent them with no-break
    spaces (awslambdaric, `bootstrap.py`): both are taken for what they stand for.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")


def log_lines(text: str) -> list[str]:
    """The lines of a log as they were written, without escape sequences; `shown_log_line` shows one."""
    text = with_line_feeds(strip_ansi(text))
    return text.removesuffix("\n").split("\n") if text else []


def shown_log_line(line: str, mark: str = "…") -> str:
    """A line of `log_lines`, harmless on a terminal and not too long for it."""
    return shown_line(line[: MAX_COLUMNS + 1].expandtabs(8), mark)


def _character_width(character: str) -> int:
    import unicodedata  # only where something isn't ASCII

    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def display_width(text: str) -> int:
    """How many columns of a terminal a printable text takes: wide characters two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def cut(text: str, width: int, mark: str = "…") -> str:
    """The text, cut to `width` columns; a cut one ends with `mark`."""
    if display_width(text) <= width:
        return text
    room = width - display_width(mark)
    kept, used = [], 0
    for character in text:
        used += 1 if character.isascii() else _character_width(character)
        if used > room:
            break
        kept.append(character)
    return "".join(kept) + mark if room >= 0 else ""


def pad(text: str, width: int) -> str:
    """The text with spaces up to `width` columns."""
    return text + " " * (width - display_width(text))


def milliseconds(duration_ms: float) -> str:
    """`<0.1 ms`, `0.4 ms`, `3 ms`, `1 002 ms`."""
    if 0 < duration_ms < 0.05:
        return "<0.1 ms"
    if 0 < duration_ms < 0.95:
        return f"{duration_ms:.1f} ms"
    return f"{round(duration_ms):,} ms".replace(",", " ")


def seconds(duration_ms: float) -> str:
    """`0.84 s`, `12.3 s`, `2 min 05 s`, `1 h 02 min`."""
    total = duration_ms / 1000
    if total < 9.995:
        return f"{total:.2f} s"
    if total < 59.95:
        return f"{total:.1f} s"
    minutes, rest = divmod(round(total), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def shell_quote(text: str) -> str:
    """The text as one word of a POSIX shell, in single quotes where it needs them; in `$'…'` (POSIX.1-2024,
    2.2.4; bash, zsh) where a control character would not survive being shown and copied."""
    if re.fullmatch(_SAFE_IN_SHELL, text):
        return text
    if re.search(_CONTROL, text):
        escaped = re.sub(_CONTROL, _escaped_in_shell, text.replace("\\", "\\\\").replace("'", "\\'"))
        return f"$'{escaped}'"
    quoted = text.replace("'", "'\\''")
    return f"'{quoted}'"


def _escaped_in_shell(match: re.Match[str]) -> str:
    character = match[0]
    if character in "\n\r\t":
        return _escaped(match)
    # By bytes: `\u` depends on the locale, and what stands for a byte that is no text (in a path) becomes it.
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\{byte:03o}" for byte in character.encode(errors=errors))


def share(part: int, whole: int) -> str:
    """`83.4 %`: rounded down, so that 100 % means all; of nothing, all."""
    thousandths = 1000 * part // whole if whole else 1000
    return f"{thousandths // 10}.{thousandths % 10} %" if thousandths % 10 else f"{thousandths // 10} %"
