"""What YAML's parsers complain about, said in words that help."""

from __future__ import annotations

from typing import Any, NamedTuple

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.values import Place


class _Saying(NamedTuple):
    """`sign` is a part of libyaml's or PyYAML's message; `at_context`: the place is where it began."""

    sign: str
    problem: str
    label: str = ""
    at_context: bool = False


_INDENTED = "check the indentation: entries of one mapping stand in one column"

# The first that fits is taken. libyaml and PyYAML's own scanner word the same thing differently.
_SAYINGS = (
    _Saying("a tab character", "YAML can't be indented with tabs", "use spaces"),
    _Saying(
        "mapping values are not allowed",
        "`:` can't begin a value here",
        "a text with `: ` in it needs quotes; or the line before is indented differently",
    ),
    _Saying("entries are not allowed", "a list can't begin here", "put `-` on a line of its own"),
    _Saying("could not find expected ':'", "this is no `key: value`", "`:` is missing", at_context=True),
    _Saying("found unexpected end of stream", "this quote is never closed", at_context=True),
    _Saying("found unexpected document", "this quote is never closed", at_context=True),
    _Saying("unknown escape character", "this escape isn't known", "write `\\\\`, or use single quotes"),
    _Saying("invalid Unicode character escape", "this escape is no character", "half of a surrogate pair?"),
    _Saying("hexadecimal number", "this escape needs hexadecimal digits"),
    _Saying("hexdecimal number", "this escape needs hexadecimal digits"),
    _Saying("expected ',' or ']'", "this `[` is never closed, or a comma is missing", at_context=True),
    _Saying("expected ',' or '}'", "this `{` is never closed, or a comma is missing", at_context=True),
    _Saying("document start", "nothing can follow the end of the document", _INDENTED),
    _Saying("node content", "a value was expected here", "a text that begins like this needs quotes"),
    _Saying(
        "'-' indicator", "a list entry was expected here", "entries of one list begin with `-` in one column"
    ),
    _Saying("expected key", "this doesn't continue the mapping", _INDENTED),
    _Saying("expected <block end>", "this doesn't continue the block", _INDENTED),
    _Saying("undefined tag handle", "unknown tag", "put the text into quotes if no tag is meant"),
    _Saying("alphabetic or numeric", "`&` and `*` begin the name of an anchor", "put the text into quotes"),
    _Saying("chomping or indentation", "this can't follow `|` or `>`", "the text begins on the next line"),
    _Saying("comment or line break", "this can't follow `|` or `>`", "the text begins on the next line"),
    _Saying("incompatible YAML document", "this version of YAML isn't known", "leave the directive out"),
    _Saying("maximum nesting depth", "nested more than 100 levels deep"),  # libyaml's own limit is higher
    _Saying("directive", "this directive isn't known", "a text that begins with `%` needs quotes"),
)


def explain(error: Any, data: bytes, file: str) -> Diagnostic:
    """The diagnostic for a `yaml.YAMLError` raised while `data` was parsed."""
    if getattr(error, "problem_mark", None) is None:
        if hasattr(error, "position"):
            return _not_readable(data, file)
        return Diagnostic("this isn't YAML", Place(file, 1), str(error).split("\n", 1)[0])
    lines = _lines(data)
    text, mark = error.problem or "", error.problem_mark
    if "cannot start any token" in text or "violates indentation" in text:
        return _strange_beginning(lines, Place(file, mark.line + 1, mark.column + 1))
    return _said(text, mark, error.context_mark, file, lines)


def _said(text: str, mark: Any, context_mark: Any, file: str, lines: list[str]) -> Diagnostic:
    """The diagnostic for a parser's message by the table."""
    saying = next((saying for saying in _SAYINGS if saying.sign in text), None)
    if saying is None:
        return Diagnostic(f"this isn't YAML: {text}", _place(mark, file, lines))
    begun_before = saying.at_context and context_mark is not None
    place = _place(context_mark if begun_before else mark, file, lines)
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "{{" in line and saying.sign in {"expected key", "expected <block end>", "expected ',' or '}'"}:
        label = "put the whole value into quotes: YAML takes bare braces for a mapping"
        return Diagnostic("a template needs quotes around it", place, label)
    noticed = _place(mark, file, lines).line
    if begun_before and noticed != place.line:
        return Diagnostic(saying.problem, place, saying.label or f"noticed on line {noticed}")
    return Diagnostic(saying.problem, place, saying.label)


def not_text(error: UnicodeDecodeError, file: str) -> Diagnostic:
    """The file announces UTF-16 or UTF-32 and isn't."""
    return Diagnostic(f"this file isn't the {error.encoding.upper()} that it begins as", Place(file, 1))


def _strange_beginning(lines: list[str], place: Place) -> Diagnostic:
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    char = line[place.column - 1 : place.column]
    if char == "\t":
        return Diagnostic("YAML can't be indented with tabs", place, "use spaces")
    return Diagnostic(f"a text can't begin with `{char}`", place, "put it into quotes")


def _not_readable(data: bytes, file: str) -> Diagnostic:
    """Bytes that aren't UTF-8, or characters that YAML forbids."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        before = data[: wrong.start].decode("utf-8", "replace")
        problem = f"this file isn't UTF-8: byte 0x{data[wrong.start]:02X}"
        return Diagnostic(problem, _end_of(before, file), "save it as UTF-8")
    if data.startswith(b"\xef\xbb\xbf"):
        text = text[1:]
    where = next((i for i, char in enumerate(text) if _is_forbidden(char)), 0)
    character = f"the control character U+{ord(text[where]):04X}" if text else "this"
    return Diagnostic(
        f"{character} can't stand in YAML",
        _end_of(text[:where], file),
        "write it as an escape in double quotes",
    )


def _is_forbidden(char: str) -> bool:
    """Not among the printable characters of YAML 1.2.2, section 5.1."""
    code = ord(char)
    if code < 0xA0:
        return char not in "\t\n\r\x85" and not 0x20 <= code <= 0x7E
    return code == 0xFEFF or 0xD800 <= code <= 0xDFFF or code in {0xFFFE, 0xFFFF}


def _end_of(before: str, file: str) -> Place:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Place(file, len(lines), len(lines[-1]) + 1)


def _place(mark: Any, file: str, lines: list[str]) -> Place:
    """The mark's place; at the end of the text, the end of the last line that says something."""
    line, column = mark.line, mark.column
    if line >= len(lines) or (line == len(lines) - 1 and not lines[line].strip()):
        said = [index for index, text in enumerate(lines) if text.strip()]
        line = said[-1] if said else 0
        column = len(lines[line].rstrip()) if lines else 0
    return Place(file, line + 1, column + 1)


def _lines(data: bytes) -> list[str]:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = data.decode("utf-16" if wide else "utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
