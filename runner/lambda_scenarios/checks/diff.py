"""A structural diff of what was expected and what was found, as pretty JSON.

Lines with `-` are expected, lines with `+` found; the `+` lines and those without a sign make up the
found value. What matches is shown as found. Unchanged lines far from a change become `…`.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.checks.alignment import (
    Alignment,
    align,
    align_unordered,
    entries_of,
    items_of,
    nearest,
)
from lambda_scenarios.checks.judge import holds, holds_absent
from lambda_scenarios.checks.wording import scalar, short
from lambda_scenarios.model.expectation import Extended, Inner, Matchers, Node, SchemaIs, Several
from lambda_scenarios.model.locations import quote
from lambda_scenarios.model.record import DiffLine

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

_CONTEXT = 3
_LONGEST = 200
_LONGEST_LINE = 2_000
ELISION = "…"


class _Line(NamedTuple):
    sign: str
    level: int
    text: str


def diff(node: Node, found: Json, longest: int = _LONGEST, context: int = _CONTEXT) -> tuple[DiffLine, ...]:
    """The diff of `found` against `node`; empty where it matches, and where both are values of one line.

    At most `longest` lines; unchanged lines further than `context` from a change are left out.
    """
    inner = _structure(node, found)
    if isinstance(inner, SchemaIs) or holds(node, found):
        return ()  # a schema is no value to compare with
    try:
        if isinstance(found, str):
            expected = getattr(inner, "value", None)
            several_lines = isinstance(expected, str) and ("\n" in expected or "\n" in found)
            lines = _text_lines(str(expected), found) if several_lines else []
        else:
            lines = _lines(inner, found, "", 0, "", "")
    except RecursionError:  # a result nested deeper than Python's stack; the message has its place
        return ()
    if all(line.level == 0 for line in lines) and not isinstance(found, str) and len(lines) <= 2:
        return ()
    shown = _elide(lines, context)
    cut = [DiffLine(sign, f"{'  ' * level}{_cut(text)}") for sign, level, text in shown[:longest]]
    if len(shown) > longest:
        cut.append(DiffLine(" ", f"{ELISION} {len(shown) - longest} more lines"))
    return tuple(cut)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}{ELISION}"


def _structure(node: Node, found: Json) -> Node:
    """The node beneath matchers that only wrap it, as far as exactly one of them fails."""
    while True:
        if isinstance(node, Matchers):
            failing = [part for _, part in node.parts if not holds(part, found)]
            if len(failing) != 1 or not _wraps(failing[0], found):
                return node
            node = failing[0]
        elif isinstance(node, Inner) and node.name in ("$optional", "$partial", "$exactly", "$literal"):
            node = node.node
        elif isinstance(node, Several) and node.name == "$any_of":
            node = node.nodes[nearest(node.nodes, found)]
        elif isinstance(node, Several) and node.name == "$all_of":
            failing = [part for part in node.nodes if not holds(part, found)]
            if len(failing) != 1:
                return node
            node = failing[0]
        else:
            return node


def _wraps(node: Node, found: Json) -> bool:
    """Is this matcher shown through, rather than as itself?"""
    if isinstance(node, Inner):
        if node.name == "$each":
            return isinstance(found, list)
        return node.name in ("$optional", "$partial", "$exactly", "$literal")
    if isinstance(node, SchemaIs):
        return True
    return isinstance(node, Several) and (
        node.name in ("$any_of", "$all_of") or (node.name == "$unordered" and isinstance(found, list))
    )


def _lines(
    node: Node, found: Json, prefix: str, level: int, found_comma: str, expected_comma: str
) -> list[_Line]:
    if holds(node, found):
        return _pretty(" ", found, prefix, level, found_comma)
    inner = _structure(node, found)
    keyed = entries_of(inner)
    if keyed is not None and isinstance(found, dict):
        return [
            _Line(" ", level, f"{prefix}{{"),
            *_object_lines(keyed[0], keyed[1], found, level + 1),
            _Line(" ", level, f"}}{found_comma}"),
        ]
    if isinstance(found, list):
        lines = _array_lines(inner, found, level + 1)
        if lines is not None:
            return [_Line(" ", level, f"{prefix}["), *lines, _Line(" ", level, f"]{found_comma}")]
    return [
        *_expected_lines(node, prefix, level, expected_comma),
        *_pretty("+", found, prefix, level, found_comma),
    ]


def _object_lines(
    entries: tuple[tuple[str, Node], ...], is_open: bool, found: dict[str, Json], level: int
) -> list[_Line]:
    """In the order of the found keys; what is missing stands after the key that it was expected after."""
    expected = dict(entries)
    missing: dict[str | None, list[str]] = {}
    after: str | None = None
    for key, node in entries:
        if key in found:
            after = key
        elif not holds_absent(node):
            missing.setdefault(after, []).append(key)
    order: list[str] = missing.get(None, [])[:]
    for key in found:
        order += [key, *missing.get(key, [])]
    last_found = next((key for key in reversed(found)), None)
    lines: list[_Line] = []
    for i, key in enumerate(order):
        prefix = f"{quote(key)}: "
        comma = "" if i == len(order) - 1 else ","
        if key not in found:
            lines += _expected_lines(expected[key], prefix, level, comma)
            continue
        found_comma = "" if key == last_found else ","
        if key in expected:
            lines += _lines(expected[key], found[key], prefix, level, found_comma, comma)
        else:
            lines += _pretty(" " if is_open else "+", found[key], prefix, level, found_comma)
    return lines


def _array_lines(node: Node, found: list[Json], level: int) -> list[_Line] | None:
    """The lines of the items; None where the node does not speak of items."""
    pairs: Alignment
    if isinstance(node, Inner) and node.name == "$each":
        nodes: tuple[Node, ...] = (node.node,) * len(found)
        pairs = [(i, i) for i in range(len(found))]
    elif isinstance(node, Several) and node.name == "$unordered":
        nodes = node.nodes
        pairs = align_unordered(nodes, found)
    else:
        items = items_of(node)
        if items is None:
            return None
        nodes = items
        pairs = align(nodes, found)
    lines: list[_Line] = []
    for n, (i, j) in enumerate(pairs):
        comma = "" if n == len(pairs) - 1 else ","
        found_comma = "" if j == len(found) - 1 else ","
        if i is not None and j is not None:
            lines += _lines(nodes[i], found[j], "", level, found_comma, comma)
        elif i is not None:
            lines += _expected_lines(nodes[i], "", level, comma)
        elif j is not None:
            lines += _pretty("+", found[j], "", level, found_comma)
    return lines


def _pretty(sign: str, value: Json, prefix: str, level: int, comma: str) -> list[_Line]:
    if isinstance(value, dict) and value:
        lines = [_Line(sign, level, f"{prefix}{{")]
        for i, (key, inner) in enumerate(value.items(), 1):
            lines += _pretty(sign, inner, f"{quote(key)}: ", level + 1, "," if i < len(value) else "")
        return [*lines, _Line(sign, level, f"}}{comma}")]
    if isinstance(value, list) and value:
        lines = [_Line(sign, level, f"{prefix}[")]
        for i, inner in enumerate(value, 1):
            lines += _pretty(sign, inner, "", level + 1, "," if i < len(value) else "")
        return [*lines, _Line(sign, level, f"]{comma}")]
    text = "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else scalar(value)
    return [_Line(sign, level, f"{prefix}{text}{comma}")]


def _expected_lines(node: Node, prefix: str, level: int, comma: str) -> list[_Line]:
    keyed, items = entries_of(node), items_of(node)
    if keyed is not None and keyed[0]:
        lines = [_Line("-", level, f"{prefix}{{")]
        for i, (key, inner) in enumerate(keyed[0], 1):
            more = "," if i < len(keyed[0]) else ""
            lines += _expected_lines(inner, f"{quote(key)}: ", level + 1, more)
        return [*lines, _Line("-", level, f"}}{comma}")]
    if items:
        lines = [_Line("-", level, f"{prefix}[")]
        for i, inner in enumerate(items, 1):
            lines += _expected_lines(inner, "", level + 1, "," if i < len(items) else "")
        return [*lines, _Line("-", level, f"]{comma}")]
    return [_Line("-", level, f"{prefix}{_expected_text(node)}{comma}")]


def _expected_text(node: Node) -> str:
    """A node on one line, matchers as they were written."""
    if isinstance(node, Matchers):
        return short(node.source, 200)
    if isinstance(node, SchemaIs):
        return "a value that is valid under the schema"
    if isinstance(node, (Inner, Several)):
        return node.name
    if isinstance(node, Extended):
        return short({node.name: node.argument}, 200)
    if entries_of(node) is not None:
        return "{}"
    if items_of(node) is not None:
        return "[]"
    value = getattr(node, "value", None)
    return scalar(value)


def _text_lines(expected: str, found: str) -> list[_Line]:
    """Texts line by line; a line that looks alike but isn't shows what can't be seen."""
    left, right = expected.split("\n"), found.split("\n")
    if left[-1] == right[-1] == "":  # neither ends in the middle of a line
        left, right = left[:-1], right[:-1]
    # difflib is quadratic where lines repeat; its heuristic for long texts keeps that away.
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=max(len(left), len(right)) > 1000)
    lines: list[_Line] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            lines += [_Line(" ", 0, _visible(line)) for line in right[j1:j2]]
        else:
            lines += [_Line("-", 0, _visible(line)) for line in left[i1:i2]]
            lines += [_Line("+", 0, _visible(line)) for line in right[j1:j2]]
    return lines


def _visible(line: str) -> str:
    return line if line.isprintable() and line == line.rstrip() else quote(line)


def _elide(lines: list[_Line], context: int) -> list[_Line]:
    """Leaves out what is far from a change: whole entries of the containers that a change stands in."""
    keep, unchanged = _near_changes(lines, context)
    for i in range(len(keep)):  # one line left out is not worth an ellipsis
        keep[i] = keep[i] or (all(keep[max(i - 1, 0) : i]) and all(keep[i + 1 : i + 2]))
    for start, end in unchanged:  # a part of an entry would show brackets that belong to nothing
        if not all(keep[start:end]):
            keep[start:end] = [False] * (end - start)
    shown: list[_Line] = []
    for i, line in enumerate(lines):
        if keep[i]:
            shown.append(line)
        elif i == 0 or keep[i - 1]:
            shown.append(_Line(" ", line.level, ELISION))
    return shown


def _near_changes(lines: list[_Line], context: int) -> tuple[list[bool], list[tuple[int, int]]]:
    """Which lines are near a change or are a bracket around one; the bounds of the entries without a change.

    Only entries of several lines; those within another come before it.
    """
    keep = [False] * len(lines)
    around: set[int] = set()
    unchanged: list[tuple[int, int]] = []
    openers: list[int] = []
    for i, line in enumerate(lines):
        while openers and lines[openers[-1]].level >= line.level:
            opener = openers.pop()
            if lines[opener].level == line.level:
                if opener in around:
                    keep[opener] = keep[i] = True
                elif i > opener + 1:
                    unchanged.append((opener, i + 1))
        if line.sign != " ":
            around.update(openers)
            for near in range(max(0, i - context), min(len(lines), i + context + 1)):
                keep[near] = True
        openers.append(i)
    return keep, unchanged
