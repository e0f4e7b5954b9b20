"""The events of a YAML document, as libyaml gives them, with what YAML 1.2 sees differently made even."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

# Line breaks of YAML 1.1 that YAML 1.2 takes as ordinary characters.
_NOT_BREAKS = ("\x85", "\u2028", "\u2029")
# JSON writes a character outside the basic plane as two escapes; libyaml refuses each of them.
_ESCAPED_PAIR = re.compile(
    r"(?<!\\)((?:\\\\)*)\\(u[dD][89abAB][0-9a-fA-F]{2})\\(u[dD][c-fC-F][0-9a-fA-F]{2})"
)


class Disguise(NamedTuple):
    """Characters that the parser would mistake, and the private ones that stand for them meanwhile.

    Every replacement is one character for one character, so that positions stay true. `escape`
    stands for the backslashes of an escaped surrogate pair.
    """

    back: dict[int, str]
    escape: str

    def undo(self, text: str, double_quoted: bool) -> str:
        """The text as it was written; in double quotes, surrogate pairs become their character."""
        if self.escape in text:
            if double_quoted:
                mark = re.escape(self.escape)
                text = re.sub(f"{mark}u(....){mark}u(....)", _join_pair, text)
            text = text.replace(self.escape, "\\")
        return text.translate(self.back)


def _join_pair(pair: re.Match[str]) -> str:
    high, low = int(pair[1], 16), int(pair[2], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def prepare(data: bytes) -> tuple[bytes | str, Disguise | None]:
    """What the parser is given for `data`; nearly always `data` itself.

    Raises UnicodeDecodeError where a file that announces UTF-16 or UTF-32 isn't.
    """
    wide = data[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
    if wide or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-32" if wide else "utf-16")
        return _disguise(text) if _needs_disguise(text.encode("utf-8", "surrogatepass")) else (text, None)
    if not _needs_disguise(data):
        return data, None
    try:
        return _disguise(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return data, None  # the parser says where


def _needs_disguise(data: bytes) -> bool:
    return (
        b"\xc2\x85" in data
        or b"\xe2\x80\xa8" in data
        or b"\xe2\x80\xa9" in data
        or b"\\ud" in data
        or b"\\uD" in data
    )


def _disguise(text: str) -> tuple[str, Disguise]:
    unused = (char for char in map(chr, range(0xE000, 0xF8FF)) if char not in text)
    stand_ins = [next(unused, "\uf8ff") for _ in range(4)]
    escape = stand_ins.pop()
    there = dict(zip(map(ord, _NOT_BREAKS), stand_ins, strict=True))
    back = dict(zip(map(ord, stand_ins), _NOT_BREAKS, strict=True))
    text = _ESCAPED_PAIR.sub(lambda m: f"{m[1]}{escape}{m[2]}{escape}{m[3]}", text)
    return text.translate(there), Disguise(back, escape)


def open_parser(source: bytes | str) -> Any:
    """A parser with `get_event()`: libyaml's, or PyYAML's own where it was built without libyaml."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return _pure_parser(source)
    return CParser(source)


def _pure_parser(source: bytes | str) -> Any:
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class EventParser(Reader, Scanner, Parser):
        def __init__(self) -> None:
            Reader.__init__(self, source)
            Scanner.__init__(self)
            Parser.__init__(self)

    return EventParser()
