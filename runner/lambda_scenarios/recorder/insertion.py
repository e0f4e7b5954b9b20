"""A scenario added to the text of a scenario file, which otherwise stays as it is (pure)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class CannotInsert(Exception):
    """Why the text can't be added to."""


def appended(text: str, lines: Sequence[str], flow: str) -> str:
    """The text with one more item at the end of its list `scenarios`.

    `lines` are the item's in block style, without the dash and without indentation; `flow` is the same in one
    line, for a list in brackets. Raises CannotInsert.
    """
    scenarios, is_last = _list(text)
    ends = "\r\n" if "\r\n" in text else "\n"
    if scenarios.flow_style:
        at = scenarios.end_mark.index - 1  # the bracket
        behind = text[scenarios.value[-1].end_mark.index : at]
        comma = "" if "," in re.sub("#[^\n]*", "", behind) else ","
        return f"{text[:at]}{comma} {flow}{text[at:]}"
    indent = " " * scenarios.start_mark.column
    item = ends.join(
        (f"{indent}- {line}" if number == 0 else f"{indent}  {line}").rstrip()
        for number, line in enumerate(lines)
    )
    # Comments behind the last item stay before the new one, unless something else follows the list.
    at = len(text) if is_last else _end(scenarios.value[-1], text)
    before, after = text[:at], text[at:]
    if before and not before.endswith("\n"):
        before += ends
    gap = "" if _keeps_breaks(scenarios.value[-1]) or before.endswith(ends * 2) else ends
    return f"{before}{gap}{item}{ends}{after}"


def _list(text: str) -> tuple[Any, bool]:
    """The node of `scenarios`, and whether nothing of the document stands behind it."""
    import yaml

    try:
        # The parser in Python counts characters, so that its marks are places in the text.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise CannotInsert(str(error).partition("\n")[0]) from None
    if not isinstance(root, yaml.MappingNode):
        raise CannotInsert("it is no mapping")
    pairs = root.value
    for number, (key, value) in enumerate(pairs):
        if key.value == "scenarios" and isinstance(value, yaml.SequenceNode) and value.value:
            in_brackets = root.flow_style or "\n..." in text[value.end_mark.index - 1 :]
            return value, number == len(pairs) - 1 and not in_brackets
    raise CannotInsert("it has no list `scenarios`")


def _last(node: Any) -> Any:
    """The last value inside a node of block style."""
    while not isinstance(node.value, str) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node


def _end(item: Any, text: str) -> int:
    """Where the line behind an item begins."""
    node = _last(item)
    at: int = node.end_mark.index
    if _is_block_scalar(node):
        return at
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _is_block_scalar(node: Any) -> bool:
    return getattr(node, "style", None) in ("|", ">")


def _keeps_breaks(item: Any) -> bool:
    """Empty lines behind a block scalar may be part of it (`|+`)."""
    return _is_block_scalar(_last(item))
