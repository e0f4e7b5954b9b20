"""Which of the expanded scenarios run: by name, `-k`, `--tag`, `--function`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic, NothingSelected, UsageError, did_you_mean

if TYPE_CHECKING:
    from lambda_scenarios.model.record import ShardRecord
    from lambda_scenarios.scenarios.draft import Expanded

# Asked for each operand: does this scenario have it?
Predicate = Callable[[Callable[[str], bool]], bool]

_DEEPEST = 50


class Selection(NamedTuple):
    """The options that select; None and empty select all. `functions` are keys, any of which will do.

    `shard` is a number from 1, and of how many; `timings` are paths of reports, relative to the working
    directory. From `last_failed` to `timings`, they may select nothing: see `narrow`. `in_part` is where only
    some of the files are looked at: a function may be called in others.
    """

    keyword: str | None = None
    tag: str | None = None
    functions: tuple[str, ...] = ()
    last_failed: bool = False
    changed_since: str | None = None
    shard: tuple[int, int] | None = None
    timings: tuple[str, ...] = ()
    in_part: bool = False

    @property
    def narrows(self) -> bool:
        """Whether there is something for `narrow` to do."""
        return self.last_failed or self.changed_since is not None or self.shard is not None


class Chosen(NamedTuple):
    """`words` is what there is to say of the selection, a line each."""

    cases: tuple[Expanded, ...]
    shard: ShardRecord | None = None
    words: tuple[str, ...] = ()


def select_cases(expanded: Sequence[Expanded], selection: Selection) -> tuple[Expanded, ...]:
    """The scenarios that all given options select, in order.

    A name of `PATH::NAME` selects the scenario of that name, or all that a matrix or cases made of
    it. Raises UsageError for an expression that can't be read; NothingSelected where a name, a
    function or the expressions together select nothing.
    """
    keyword = None if selection.keyword is None else parse_expression(selection.keyword, "-k")
    tag = None if selection.tag is None else parse_expression(selection.tag, "--tag")
    chosen = _by_name(expanded)
    if selection.functions:
        chosen = _by_function(chosen, selection.functions, in_part=selection.in_part)
    if keyword is not None:
        named = chosen
        chosen = [case for case in named if keyword(_contains(case.id.lower()))]
        if named and not chosen:
            raise NothingSelected(f"-k {selection.keyword!r} selects none of {_scenarios(len(named))}")
    if tag is not None:
        named = chosen
        chosen = [case for case in named if tag(case.tags.__contains__)]
        if named and not chosen:
            raise NothingSelected(_no_tag(selection.tag or "", named))
    return tuple(chosen)


def _scenarios(count: int) -> str:
    return "1 scenario" if count == 1 else f"{count} scenarios"


def _contains(text: str) -> Callable[[str], bool]:
    return lambda word: word.lower() in text


def _by_name(expanded: Sequence[Expanded]) -> list[Expanded]:
    if not any(case.draft.head.wanted for case in expanded):
        return list(expanded)
    chosen = [case for case in expanded if not case.draft.head.wanted or _wanted(case)]
    problems = []
    heads = {case.draft.head.path: case.draft.head for case in expanded}
    for head in heads.values():
        names = [case.name for case in expanded if case.draft.head.path == head.path]
        written = [case.draft.name for case in expanded if case.draft.head.path == head.path]
        for name in head.wanted:
            if name not in names and name not in written:
                near = did_you_mean(name, names)
                hint = f"; did you mean `{near}`?" if near else f" ({_scenarios(len(names))})"
                problems.append(f"no scenario `{name}` in {head.id}{hint}")
    if problems:
        raise NothingSelected("\n".join(problems))
    return chosen


def _wanted(case: Expanded) -> bool:
    return case.name in case.draft.head.wanted or case.draft.name in case.draft.head.wanted


def _by_function(
    expanded: Sequence[Expanded], functions: tuple[str, ...], *, in_part: bool
) -> list[Expanded]:
    chosen = [case for case in expanded if not set(functions).isdisjoint(case.functions)]
    if in_part and chosen:
        return chosen
    known = sorted({key for case in expanded for key in case.functions})
    shown = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
    problems = []
    for function in dict.fromkeys(functions) if expanded else ():
        if function not in known:
            near = did_you_mean(function, known)
            hint = f"; did you mean `{near}`?" if near else f"; there are: {shown}" if known else ""
            problems.append(f"no scenario calls the function `{function}`{hint}")
    if problems:
        raise NothingSelected("\n".join(problems))
    return chosen


def _no_tag(expression: str, expanded: Sequence[Expanded]) -> str:
    known = sorted({tag for case in expanded for tag in case.tags})
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    near = did_you_mean(expression, known)
    hint = f"did you mean `{near}`?" if near else f"there are: {shown}" if known else "none of them has tags"
    return f"--tag {expression!r} selects none of {_scenarios(len(expanded))}; {hint}"


class _Token(NamedTuple):
    kind: str  # "(", ")", "and", "or", "not", "text", "end"
    text: str
    start: int
    stop: int


_TOKEN = re.compile(r"""\s*(?:([()])|"([^"]*)"|'([^']*)'|([^\s()"'][^\s()]*)|(["']))""")


def _tokens(expression: str, option: str) -> list[_Token]:
    """Words, brackets and quoted texts; words in a row are one text, as written."""
    tokens: list[_Token] = []
    position, end = 0, len(expression.rstrip())
    while position < end:
        match = _TOKEN.match(expression, position)
        assert match is not None  # one of the alternatives takes any character that is no blank
        position = match.end()
        bracket, double, single, word, quote = match.groups()
        start = match.start(match.lastindex or 0)
        if quote:
            raise _error(option, expression, start, "this quotation mark isn't closed")
        if bracket:
            tokens.append(_Token(bracket, bracket, start, position))
        elif word in ("and", "or", "not"):
            tokens.append(_Token(word, word, start, position))
        elif word and tokens and tokens[-1].kind == "word":
            first = tokens[-1].start
            tokens[-1] = _Token("word", expression[first:position], first, position)
        elif word:
            tokens.append(_Token("word", word, start, position))
        else:
            tokens.append(_Token("text", single if double is None else double, start, position))
    tokens.append(_Token("end", "", end, end))
    return tokens


def parse_expression(expression: str, option: str) -> Predicate:
    """`a and not (b or "c d")` as a predicate over its operands; `not` binds closest, then `and`.

    `option` is named in errors. Raises UsageError that shows the position.
    """
    tokens = _tokens(expression, option)
    position = 0

    def alternatives(depth: int) -> Predicate:
        nonlocal position
        parts = [conjunction(depth)]
        while tokens[position].kind == "or":
            position += 1
            parts.append(conjunction(depth))
        return parts[0] if len(parts) == 1 else lambda has: any(part(has) for part in parts)

    def conjunction(depth: int) -> Predicate:
        nonlocal position
        parts = [operand(depth)]
        while tokens[position].kind == "and":
            position += 1
            parts.append(operand(depth))
        return parts[0] if len(parts) == 1 else lambda has: all(part(has) for part in parts)

    def operand(depth: int) -> Predicate:
        nonlocal position
        negated = False
        while tokens[position].kind == "not":
            negated = not negated
            position += 1
        token = tokens[position]
        if token.kind == "(":
            if depth == _DEEPEST:
                raise _error(
                    option, expression, token.start, f"more than {_DEEPEST} brackets inside one another"
                )
            position += 1
            inner = alternatives(depth + 1)
            if tokens[position].kind != ")":
                raise _error(option, expression, tokens[position].start, "`)` is missing here")
        elif token.kind in ("word", "text"):
            if not token.text:
                raise _error(option, expression, token.start, "this text is empty")
            inner = _has(token.text)
        else:
            raise _error(
                option, expression, token.start, f"{_shown(token)}: a text, `not` or `(` must stand here"
            )
        position += 1
        return (lambda has: not inner(has)) if negated else inner

    predicate = alternatives(0)
    rest = tokens[position]
    if rest.kind != "end":
        raise _error(option, expression, rest.start, f"{_shown(rest)}: `and` or `or` must stand here")
    return predicate


def _has(text: str) -> Predicate:
    return lambda has: has(text)


def _shown(token: _Token) -> str:
    return "it ends" if token.kind == "end" else f"`{token.text}`"


def _error(option: str, expression: str, position: int, label: str) -> UsageError:
    return UsageError(
        Diagnostic(
            f"{option}: the expression can't be read", None, "", (expression, " " * position + "^ " + label)
        )
    )
