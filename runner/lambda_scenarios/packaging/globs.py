"""Glob patterns as the Serverless Framework understands them: pure text work.

The Framework selects files twice: it looks for them with fast-glob (through globby), and filters what was
found with micromatch. Both make regular expressions of patterns with picomatch 2.3, with options that differ
(`brackets`). What is here agrees with it for every well-formed pattern; tests/packaging compares them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from lambda_scenarios.packaging.brackets import closings, has_top_level, split

# How `[!a]` is read: the filter takes the `!` as one of the characters, the search as "none of".
Brackets = Literal["filter", "search"]

Matcher = Callable[[str], object]

_SEGMENT_END = r"(?:/|\Z)"
_NOT_DOTS = rf"(?!\.{{1,2}}{_SEGMENT_END})"  # no segment `.` or `..`
_ANY = "[^/]"
_STAR = "[^/]*?"
# `**` never enters a `.` or `..`. The short form is for paths that have no such segments: it is much faster.
_DEEP = rf"(?:(?!(?:/|^)\.{{1,2}}{_SEGMENT_END})[^\n\r\u2028\u2029])*?"
_DEEP_SHORT = r"[^\n\r\u2028\u2029]*?"
_DEEP_MARK = "\0"  # stands for either until the expression is compiled
_EQUAL_TO = {"***": "*", "**/**": "**", "**/**/**": "**"}

_POSIX_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "ascii": r"\x00-\x7F",
    "blank": r" \t",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": r"\x21-\x7E",
    "lower": "a-z",
    "print": r"\x20-\x7E",
    "punct": r"""\-!"\#$%\&'()*+,./:;<=>?@\[\\\]^_`{|}\~""",
    "space": r" \t\r\n\v\f",
    "upper": "A-Z",
    "word": "A-Za-z0-9_",
    "xdigit": "A-Fa-f0-9",
}
_CLASS_LETTERS = frozenset("dDwWsSbB")  # `\d` in a pattern is passed on to the regular expression
_HAS_STRUCTURE = re.compile(r'^[*!]|[/()\[\]{}"]')
_EXTENDED = re.compile(r"[?*+@]\((?!\?)|!\((?!\?[!=<:])")
_DEEP_WITH_SUFFIX = re.compile(r"\*\*(?:\.\w+)+", re.ASCII)
_NEGATED_GROUP = re.compile(r"!\((?!\?[!=<:])")
_MEANINGFUL_IN_CLASS = re.compile(r"[-*+?.^${}(|)\[\]]")


class Glob(NamedTuple):
    """A compiled pattern. `matches` takes a path with forward slashes, without `.` and `..` in it;
    `matches_any` any path."""

    pattern: str
    matches: Matcher
    matches_any: Matcher


@lru_cache(maxsize=4096)
def glob(pattern: str, brackets: Brackets) -> Glob:
    """The pattern compiled. One that makes no valid expression matches at most itself, as in picomatch."""
    negated, source = _source(pattern, brackets)
    itself = pattern if brackets == "filter" else None
    return Glob(
        pattern,
        _matcher(itself, negated, source.replace(_DEEP_MARK, _DEEP_SHORT)),
        _matcher(itself, negated, source.replace(_DEEP_MARK, _DEEP)),
    )


def _matcher(itself: str | None, negated: bool, source: str) -> Matcher:
    """`itself` is a path that matches in any case."""
    try:
        full = re.compile(source).fullmatch
    except (re.error, OverflowError, RecursionError):
        return lambda path: path == itself
    if negated:
        return lambda path: path == itself or not full(path)
    if itself is None:
        return full
    return lambda path: path == itself or full(path)


def _source(pattern: str, brackets: Brackets) -> tuple[bool, str]:
    text = _EQUAL_TO.get(pattern, pattern).removeprefix("./")
    if _DEEP_WITH_SUFFIX.fullmatch(text):  # a short cut of picomatch's, which is to be relied on by now
        return False, _DEEP_MARK + re.escape(text[2:])
    bars = not _HAS_STRUCTURE.search(text)  # then `|` is a character like any other
    negated = False
    while text.startswith("!") and not _NEGATED_GROUP.match(text):
        negated = not negated
        text = text[1:]
    while text.startswith("./"):
        text = text[2:]
    return negated, _Compiler(text, brackets, literal_bars=bars).compiled()


class _Compiler:
    """One pass over a pattern; `previous` says what stood before, which decides what `*` and `.` mean."""

    def __init__(self, text: str, brackets: Brackets, *, literal_bars: bool) -> None:
        self.text = text
        self.at = 0
        self.brackets = brackets
        self.literal_bars = literal_bars
        self.parentheses = 0  # how many are open here
        self.closed = closings(text)

    def compiled(self) -> str:
        return self.sequence(len(self.text), "start", nested=False)

    def sequence(self, end: int, previous: str, *, nested: bool, commas: bool = False) -> str:
        """The expression for the text from here to `end`. With `commas`, a comma parts alternatives."""
        out: list[str] = []
        while self.at < end:
            char = self.text[self.at]
            found = self.group(char, end, first=not out and previous == "start")
            if found is not None:
                expression, previous = found
                out.append(expression)
            elif char == "\\":
                previous = self.escape(out, end)
            elif char == "*":
                previous = self.stars(out, previous, end, nested=nested)
            else:
                expression, previous = self.character(char, previous, nested=nested, commas=commas)
                out.append(expression)
                self.at += 1
        return "".join(out)

    def group(self, char: str, end: int, *, first: bool) -> tuple[str, str] | None:
        """The expression for something in brackets or quotes that begins here, and what it counts as."""
        closing = self.closed.get(self.at)
        if char == '"' and '"' in self.text[self.at + 1 : end]:
            start, self.at = self.at + 1, self.text.index('"', self.at + 1) + 1
            return re.escape(self.text[start : self.at - 1]), "text"
        if _EXTENDED.match(self.text, self.at) and self.at + 1 in self.closed:
            return ("(?=.)" if first else "") + self.extended(char), "closed"
        if closing is None or char not in "[{(":
            return None
        if char == "[":
            return self.character_class(closing), "group"
        if char == "{":
            return self.brace(closing), "group"
        return self.parenthesis(closing), "closed"

    def character(self, char: str, previous: str, *, nested: bool, commas: bool) -> tuple[str, str]:
        if char == "?":
            # Behind a parenthesis it is that of regular expressions.
            literal = r"\?" if previous == "parenthesis" else "?" if previous == "closed" else _ANY
            return literal, "text"
        if char == "+":
            repeats = previous in ("group", "closed") or (self.parentheses and previous != "parenthesis")
            return "+" if repeats else r"\+", "text"
        if char == "/":
            return "/", "slash"
        if char == ".":
            return r"\.", "dot" if previous in ("start", "slash") or nested else "text"
        if (char == "," and commas) or (char == "|" and not self.literal_bars):
            return "|", "open" if nested else "text"
        return re.escape(char), "text"

    def escape(self, out: list[str], end: int) -> str:
        following = self.text[self.at + 1 : min(self.at + 2, end)]
        if following in ("/", ".", ";"):  # the backslash is dropped
            self.at += 1
            if following == ";":
                self.at += 1
                out.append(";")
            return "text"
        self.at += 2
        if not following:
            out.append(re.escape("\\"))
        elif following in _CLASS_LETTERS:
            out.append("\\" + following)
        else:
            out.append(re.escape(following))
        return "text"

    def stars(self, out: list[str], previous: str, end: int, *, nested: bool) -> str:
        text, start = self.text, self.at
        stop = start
        while stop < end and text[stop] == "*":
            stop += 1
        if stop - start > 1 and _EXTENDED.match(text, stop - 1) and stop in self.closed:
            stop -= 1  # the last one belongs to `*(`
        count = stop - start
        at_start = previous in ("start", "slash", "open", "parenthesis")
        whole = stop >= end or text[stop] == "/" or (nested and text[stop] in ",|)")
        if count == 2 and at_start and whole:
            return self.globstar(out, previous, stop, end)
        if previous in ("start", "slash"):
            out.append(_NOT_DOTS)
        elif previous == "dot":
            out.append(rf"(?!\.?{_SEGMENT_END})")
        if previous in ("start", "slash", "dot") and count == 1:
            out.append("(?=.)")
        out.append(_STAR)
        self.at = stop
        return "star"

    def globstar(self, out: list[str], previous: str, stop: int, end: int) -> str:
        text = self.text
        # `a/**/**/b` is `a/**/b`.
        while text.startswith("/**", stop) and stop + 3 <= end and (stop + 3 == end or text[stop + 3] == "/"):
            stop += 3
        self.at = stop
        if previous == "start" and stop < end:
            out.append(f"(?:^|/|{_DEEP_MARK}/)")
            self.at += 1
            return "slash"
        if previous == "slash" and len(out) > 1 and out[-1] == "/":
            after_star = out[-2].endswith((_STAR, f"{_DEEP_MARK}/)"))
            if stop >= end and end == len(text) and not after_star:
                # `a/**` is `a` itself as well.
                out[-1] = rf"(?:/{_NOT_DOTS}{_DEEP_MARK}|\Z)"
                return "globstar"
            if stop < end and text[stop] == "/":
                tail = r"|\Z" if stop + 1 < len(text) else ""
                out[-1] = f"(?:/{_NOT_DOTS}{_DEEP_MARK}/|/{tail})"
                self.at += 1
                return "slash"
        out.append(_NOT_DOTS + _DEEP_MARK if previous == "slash" else _DEEP_MARK)
        return "globstar"

    def brace(self, closing: int) -> str:
        inner = self.text[self.at + 1 : closing]
        self.at += 1
        if has_top_level(inner, ","):
            expression = self.sequence(closing, "open", nested=True, commas=True)
            self.at = closing + 1
            return f"(?:{expression})"
        parts = inner.split("..")
        if len(parts) > 1 and "\\" not in inner and all(_plain(part) for part in parts):
            self.at = closing + 1
            return _range(parts)
        expression = self.sequence(closing, "open", nested=True)
        self.at = closing + 1
        return rf"\{{{expression}\}}"

    def parenthesis(self, closing: int) -> str:
        self.at += 1
        head = ""
        for lookaround in ("?:", "?=", "?!", "?<=", "?<!"):
            if self.text.startswith(lookaround, self.at):
                head = lookaround
                self.at += len(head)
        return f"({head or '?:'}{self.inside(closing)})"

    def inside(self, closing: int) -> str:
        """What is between parentheses."""
        bars, self.literal_bars = self.literal_bars, False
        self.parentheses += 1
        expression = self.sequence(closing, "parenthesis", nested=True)
        self.parentheses -= 1
        self.literal_bars = bars
        self.at = closing + 1
        return expression

    def extended(self, kind: str) -> str:
        start = self.at
        closing = self.closed[start + 1]
        inner = self.text[start + 2 : closing]
        if kind in "+*" and _explodes(inner):
            self.at = closing + 1
            return re.escape(self.text[start : closing + 1])
        self.at += 2
        expression = self.inside(closing)
        if kind != "!":
            return f"(?:{expression})" + ("" if kind == "@" else kind)
        rest = self.text[self.at :]
        deep = len(inner) > 1 and "/" in inner
        star = _DEEP_MARK if deep else _STAR
        if "*" in inner and rest and re.fullmatch(r"\.[^\\/.]+", rest):
            # `!(*.d).ts`: what follows belongs to what is refused.
            following = _Compiler(rest, self.brackets, literal_bars=False).compiled()
            return f"(?:(?!(?:{expression}){following}){star})"
        if deep or not rest or not rest.strip(")"):
            return rf"(?:(?!(?:{expression})\Z)){star}"
        return f"(?:(?!(?:{expression})){star})"

    def character_class(self, closing: int) -> str:
        inner = self.text[self.at + 1 : closing]
        self.at = closing + 1
        written = inner
        if self.brackets == "search" and inner.startswith("!"):
            inner = "^" + inner[1:]
        negated = inner.startswith("^")
        body, posix = _class_body(inner[1:] if negated else inner)
        if negated and not posix and "/" not in inner:
            body += "/"
        expression = f"[{'^' if negated else ''}{body}]"
        if posix or _MEANINGFUL_IN_CLASS.search(inner) or "\\" in inner:
            return expression
        # `[id].js` is also the file of that name.
        return f"(?:{re.escape(f'[{written}]')}|{expression})"


def _explodes(inner: str) -> bool:
    """Whether a repeated group could take forever: picomatch then reads it as plain text."""
    branches = [branch.strip() for branch in split(inner, "|")]
    if any(re.match(r"[*+]\(", branch) and branch.endswith(")") for branch in branches):
        return True
    if len(branches) < 2:
        return False
    same = sorted(branch for branch in branches if branch and branch.isalnum() and len(set(branch)) == 1)
    overlap = any(second.startswith(first) for first, second in pairwise(same))
    return overlap or any(not branch.strip("*?") for branch in branches)


def _class_body(inner: str) -> tuple[str, bool]:
    """The inside of a class, for Python; and whether it has POSIX classes in it."""
    out = []
    posix = False
    at = 0
    while at < len(inner):
        named = re.match(r"\[:([a-z]+):\]", inner[at:])
        if named and named[1] in _POSIX_CLASSES:
            out.append(_POSIX_CLASSES[named[1]])
            posix = True
            at += len(named[0])
            continue
        char = inner[at]
        if char == "\\" and at + 1 < len(inner):
            following = inner[at + 1]
            out.append("\\" + following if following in _CLASS_LETTERS else re.escape(following))
            at += 2
            continue
        ranged = char == "-" and 0 < at < len(inner) - 1
        out.append("-" if ranged else char if char.isalnum() or char == "_" else re.escape(char))
        at += 1
    return "".join(out), posix


def _range(parts: list[str]) -> str:
    """`{1..3}` as the filter has it: one character of a class made of the ends."""
    joined = "-".join(sorted(parts))
    try:
        re.compile(f"[{joined}]")
    except re.error:
        return r"\.\.".join(re.escape(part) for part in sorted(parts))
    return f"[{joined}]"


def _plain(part: str) -> bool:
    return bool(part) and part.replace("-", "").isalnum()
