"""The syntax of `${…}` variables: text in, a tree out. Nothing is looked up here.

The grammar is that of the Serverless Framework (version 3, lib/configuration/variables/parse.js):

    ${source:address}  ${source(param, …):address}  ${source:a, other:b, 'literal'}

`${` is a variable where a lower-case name and then `:` or `(` follow. Anything else, as
`${AWS::Region}` and `${bucket.Arn}` of CloudFormation, is text. `\\${` is the text `${`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

# Far more than anyone writes; keeps Python's own stack out of reach.
DEEPEST_NESTING = 20

_OPENING = re.compile(r"(\\*)(\$+)\{")
_SOURCE = re.compile(r"[a-z][a-zA-Z0-9.-]*")
_DOUBLE_COLON = re.compile(r": *:")
_FALLBACK = re.compile(r"[a-zA-Z0-9. -]*")
_FALLBACK_SOURCE = re.compile(r"[a-z][a-zA-Z0-9]*")
_DOUBLE_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_DECIMAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]-?[0-9]+)?")
_WITH_BASE = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}


class Literal(NamedTuple):
    """A value that stands in the expression itself."""

    value: Json


class Lookup(NamedTuple):
    """`source(params):address`. `params` is None without parentheses, `address` where it is empty."""

    source: str
    params: tuple[Literal | Template, ...] | None
    address: Template | None


class Variable(NamedTuple):
    """`${…}`: sources are asked in turn. `start` and `end` are offsets in the text that was parsed."""

    start: int
    end: int
    sources: tuple[Lookup | Literal, ...]


class Template(NamedTuple):
    """Text with variables in it."""

    parts: tuple[str | Variable, ...]


class VariableSyntaxError(ValueError):
    """Something that begins as a variable and is none. `start` and `end` are offsets in the text."""

    def __init__(self, problem: str, start: int, end: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.start = start
        self.end = end


def parse(text: str) -> Template:
    """The text and the variables of `text`; adjacent text is one part. Raises VariableSyntaxError."""
    return _Parser(text).template()


def number(text: str) -> int | float | None:
    """The number that JavaScript reads in `text`, None where it reads none."""
    if _DECIMAL.fullmatch(text):
        value = float(text)
        if value in (float("inf"), float("-inf")):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if _WITH_BASE.fullmatch(text):
        return int(text, 0)
    return None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.depth = 0
        self.begun = 0  # where the outermost variable begins, for messages

    def template(self) -> Template:
        text = self.text
        parts: list[str | Variable] = []
        plain: list[str] = []
        position = 0
        while match := _OPENING.search(text, position):
            slashes, dollars = len(match[1]), len(match[2])
            begin = match.start(2)
            if slashes % 2 and dollars == 1:
                plain += [text[position : match.start()], "\\" * (slashes // 2), "${"]
                position = match.end()
                continue
            if slashes % 2:
                begin += 1  # the backslash takes the first dollar only
            elif slashes and dollars == 1:
                plain += [text[position : match.start()], "\\" * (slashes // 2)]
                position = begin
            self.begun = begin
            variable = self.variable(begin, match.end(), inside=False)
            if variable is None:
                plain.append(text[position : match.end()])
                position = match.end()
                continue
            plain.append(text[position:begin])
            if before := "".join(plain):
                parts.append(before)
            plain = []
            parts.append(variable)
            position = variable.end
        plain.append(text[position:])
        if after := "".join(plain):
            parts.append(after)
        return Template(tuple(parts))

    def variable(self, start: int, position: int, *, inside: bool) -> Variable | None:
        """The variable whose `{` ends before `position`; None where this is no variable but text."""
        name = _SOURCE.match(self.text, position)
        following = self.text[name.end() : name.end() + 1] if name else ""
        if name is None or following not in (":", "("):
            if inside:
                raise self.wrong("a source name and `:` must follow `${` here", position)
            return None
        if _DOUBLE_COLON.match(self.text, name.end()):
            if inside:
                raise self.wrong("an address can't begin with `:`", name.end() + 1)
            return None  # ${aws::region} is left alone, like ${AWS::Region}
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            raise self.wrong(f"variables are nested more than {DEEPEST_NESTING} deep", position)
        sources: list[Lookup | Literal] = []
        lookup, position = self.lookup(name[0], name.end())
        sources.append(lookup)
        while self.text[position] == ",":
            fallback, position = self.fallback(position + 1)
            sources.append(fallback)
        self.depth -= 1
        return Variable(start, position + 1, tuple(sources))

    def fallback(self, position: int) -> tuple[Lookup | Literal, int]:
        """What follows a comma, and the position of the `,` or `}` after it."""
        position = self.skip_spaces(position)
        if self.text[position] in "'\"":
            value, position = self.quoted(position)
            position = self.skip_spaces(position)
            if self.text[position] != "}":
                raise self.wrong("only `}` may follow a literal", position)
            return Literal(value), position
        words = _FALLBACK.match(self.text, position)
        assert words is not None  # it matches the empty text too
        end = words.end()
        following = self.text[end : end + 1]
        if not following:
            raise self.unterminated()
        if following in ":(" and _FALLBACK_SOURCE.fullmatch(words[0]):
            return self.lookup(words[0], end)
        if following == "}" and words[0].strip():
            return Literal(self.literal(words[0].strip(), position)), end
        raise self.wrong("a source or a literal must follow the comma", position)

    def literal(self, word: str, position: int) -> Json:
        if word in _WORDS:
            return _WORDS[word]
        value = number(word)
        if value is None:
            raise VariableSyntaxError(
                f"`{word}` is neither a source nor a number: a text needs quotes, '{word}'",
                position,
                position + len(word),
            )
        return value

    def lookup(self, source: str, position: int) -> tuple[Lookup, int]:
        """The rest of a look-up from its `:` or `(` on, and the position of the `,` or `}` after it."""
        params = None
        if self.text[position] == "(":
            params, position = self.params(position + 1)
            position = self.skip_spaces(position)
            if self.text[position] in ",}":
                return Lookup(source, params, None), position
            if self.text[position] != ":":
                raise self.wrong("`:`, `,` or `}` must follow `)`", position)
        address, position = self.address(position + 1)
        return Lookup(source, params, address), position

    def params(self, position: int) -> tuple[tuple[Literal | Template, ...], int]:
        params: list[Literal | Template] = []
        while True:
            position = self.skip_spaces(position)
            char = self.text[position]
            if char == ")":
                break
            if char == ",":
                params.append(Literal(None))
                position += 1
                continue
            if char in "'\"":
                value, position = self.quoted(position)
                params.append(Literal(value))
                position = self.skip_spaces(position)
                if self.text[position] not in ",)":
                    raise self.wrong("`,` or `)` must follow the parameter", position)
            else:
                template, position = self.run(position, ",)", refused="}")
                params.append(_parameter(template))
            if self.text[position] == ",":
                position += 1
        return tuple(params), position + 1

    def address(self, position: int) -> tuple[Template | None, int]:
        position = self.skip_spaces(position)
        char = self.text[position]
        if char in ",}":
            return None, position
        if char == ":":
            raise self.wrong("an address can't begin with `:`", position)
        if char in "'\"":
            value, position = self.quoted(position)
            position = self.skip_spaces(position)
            if self.text[position] not in ",}":
                raise self.wrong("`,` or `}` must follow the address", position)
            return Template((value,)), position
        return self.run(position, ",}")

    def run(self, position: int, ends: str, refused: str = "") -> tuple[Template, int]:
        """Text with nested variables up to one of `ends`, without the spaces at its end."""
        parts: list[str | Variable] = []
        begin = position
        while True:
            if position >= len(self.text):
                raise self.unterminated()
            char = self.text[position]
            if char in ends:
                break
            if char in refused:
                raise self.wrong(f"`{ends[-1]}` is missing", position)
            if char == "$" and self.text.startswith("{", position + 1):
                if position > begin:
                    parts.append(self.text[begin:position])
                variable = self.variable(position, position + 2, inside=True)
                assert variable is not None  # inside another variable it is one, or an error
                parts.append(variable)
                position = begin = variable.end
            else:
                position += 1
        if rest := self.text[begin:position].rstrip():
            parts.append(rest)
        return Template(tuple(parts)), position

    def quoted(self, position: int) -> tuple[str, int]:
        double = self.text[position] == '"'
        match = (_DOUBLE_QUOTED if double else _SINGLE_QUOTED).match(self.text, position)
        if match is None:
            raise self.unterminated()
        if not double:
            return match[0][1:-1], match.end()
        import json

        try:
            value = json.loads(match[0])
        except ValueError as error:
            raise VariableSyntaxError(
                f"{match[0]} is not a valid text in double quotes: {error}", position, match.end()
            ) from None
        assert isinstance(value, str)  # it begins with a double quote
        return value, match.end()

    def skip_spaces(self, position: int) -> int:
        while position < len(self.text) and self.text[position].isspace():
            position += 1
        if position == len(self.text):
            raise self.unterminated()
        return position

    def wrong(self, problem: str, position: int) -> VariableSyntaxError:
        if position >= len(self.text):
            return self.unterminated()
        return VariableSyntaxError(problem, position, position + 1)

    def unterminated(self) -> VariableSyntaxError:
        return VariableSyntaxError("the closing `}` of this variable is missing", self.begun, len(self.text))


def _parameter(template: Template) -> Literal | Template:
    """A parameter without variables is a word or a number where it reads as one."""
    if len(template.parts) != 1 or not isinstance(template.parts[0], str):
        return template
    text = template.parts[0]
    if text in _WORDS:
        return Literal(_WORDS[text])
    value = number(text)
    return Literal(text if value is None else value)
