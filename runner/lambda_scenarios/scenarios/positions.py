"""Where the values of a YAML (or JSON) file stand: the file is read again, and only on request."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from lambda_scenarios.model.values import PROGRAMS, DocPath, Origin, Place
from lambda_scenarios.scenarios.yaml_events import Disguise, open_parser, prepare
from lambda_scenarios.scenarios.yaml_tags import CLOUDFORMATION


class Node:
    """A node of a document. Lines and columns count from 0; ends are exclusive.

    Of `text` (a scalar), `entries` (a mapping's keys and values, duplicates included) and `items`
    (a list) the one that applies is not None. An alias has none; `target` is what it stands for.
    """

    __slots__ = (
        "column",
        "end_column",
        "end_line",
        "entries",
        "items",
        "line",
        "plain",
        "tag",
        "target",
        "text",
    )

    def __init__(self, event: Any) -> None:
        self.line: int = event.start_mark.line
        self.column: int = event.start_mark.column
        self.end_line: int = event.end_mark.line
        self.end_column: int = event.end_mark.column
        self.tag: str | None = getattr(event, "tag", None)
        self.text: str | None = None
        self.plain = False
        self.entries: list[tuple[Node, Node]] | None = None
        self.items: list[Node] | None = None
        self.target: Node | None = None

    def value(self) -> Node:
        """The node itself, or what an alias stands for."""
        return self.target if self.target is not None else self


_latest: tuple[tuple[str, int, int], Node | None] | None = None


def locate(origin: Origin) -> Place:
    """The place of the origin's value, or with `origin.key` of its key.

    Where the path doesn't lead to the end, the nearest value on it; a value that came by `<<` stands
    where it was merged from. The width is the scalar's on its first line, or that of a flow collection
    on one line; a block collection is shown by its first key. An empty value is shown by its key.
    Line 1 where the file is gone, and of programs.
    """
    if origin.file.endswith(".toml"):
        from lambda_scenarios.configuration import toml_source

        return toml_source.locate(origin)
    root = None if origin.file.endswith(PROGRAMS) else _read(origin.file)
    if root is None:
        return Place(origin.file, 1)
    key, node, complete = _walk(root, origin.path)
    empty = node.text == "" and node.plain
    shown = key if key is not None and (empty or (origin.key and complete)) else node
    return Place(origin.file, shown.line + 1, shown.column + 1, _width(shown))


def duplicate_keys(data: bytes, file: str) -> Iterator[tuple[str, Place, Place]]:
    """Each key that stands again in its mapping: its text, the first place, and this one."""
    root = compose(data)
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        waiting.extend(reversed(node.items or ()))
        waiting.extend(value for _, value in reversed(node.entries or ()))
        seen: dict[str, Node] = {}
        for key, _ in node.entries or ():
            text = key.value().text
            if text is None or _is_merge(key):
                continue
            if text in seen:
                first = seen[text]
                yield (
                    text,
                    Place(file, first.line + 1, first.column + 1, _width(first)),
                    Place(file, key.line + 1, key.column + 1, _width(key)),
                )
            else:
                seen[text] = key


def compose(data: bytes) -> Node | None:
    """The nodes of the first document; as far as they can be read, where it breaks off."""
    from yaml.error import YAMLError

    top: list[Node] = []
    with contextlib.suppress(YAMLError, UnicodeDecodeError):  # what was read until there has its places
        _compose(data, top)
    return top[0] if top else None


def _compose(data: bytes, top: list[Node]) -> None:
    from yaml import events

    source, disguise = prepare(data)
    get_event = open_parser(source).get_event
    anchors: dict[str, Node] = {}
    stack: list[tuple[Node, Node | None]] = []  # each open collection, and its key that waits for a value
    while True:
        event: Any = get_event()
        start, end, anchor = event.start_mark, event.end_mark, getattr(event, "anchor", None)
        if isinstance(event, (events.StreamEndEvent, events.DocumentEndEvent)):
            return
        if isinstance(event, events.CollectionEndEvent):
            node, _ = stack.pop()
            if end.column > start.column:  # a bracket; blocks end with nothing
                node.end_line, node.end_column = end.line, end.column
        elif isinstance(event, events.NodeEvent):
            node = _node(event, events, disguise)
            if isinstance(event, events.AliasEvent):
                node.target = anchors.get(str(anchor))
            elif anchor is not None:
                anchors[anchor] = node
            if stack:
                _attach(node, stack)
            else:
                top.append(node)
            if isinstance(event, events.CollectionStartEvent):
                stack.append((node, None))


def _node(event: Any, events: Any, disguise: Disguise | None) -> Node:
    node = Node(event)
    if isinstance(event, events.ScalarEvent):
        node.text = disguise.undo(event.value, event.style == '"') if disguise else event.value
        node.plain = not event.style
    elif isinstance(event, events.MappingStartEvent):
        node.entries = []
    elif isinstance(event, events.SequenceStartEvent):
        node.items = []
    return node


def _attach(node: Node, stack: list[tuple[Node, Node | None]]) -> None:
    parent, key = stack[-1]
    if parent.items is not None:
        parent.items.append(node)
    elif key is None:
        stack[-1] = (parent, node)
    elif parent.entries is not None:
        parent.entries.append((key, node))
        stack[-1] = (parent, None)


def _read(file: str) -> Node | None:
    """The nodes of a file; the latest is kept, since diagnostics come in groups."""
    global _latest  # noqa: PLW0603 - one entry of cache, keyed by what identifies the content
    try:
        with open(file, "rb") as stream:
            status = os.fstat(stream.fileno())
            identity = (file, status.st_mtime_ns, status.st_size)
            if _latest is None or _latest[0] != identity:
                _latest = (identity, compose(stream.read()))
    except OSError:
        return None
    return _latest[1]


def _walk(root: Node, path: DocPath) -> tuple[Node | None, Node, bool]:
    """The key and the node at the end of the path, or of as much of it as there is."""
    key: Node | None = None
    shown = node = root
    tag = root.value().tag
    for step in path:
        node = node.value()
        if tag is not None and CLOUDFORMATION.get(tag) == step:  # the long form's key stands nowhere
            tag = None
            continue
        found = _child(node, step, 0)
        if found is None:
            return key, shown, False
        key, shown = found
        node = shown
        tag = node.value().tag
    return key, shown, True


def _child(node: Node, step: str | int, depth: int) -> tuple[Node | None, Node] | None:
    if isinstance(step, int):
        if node.items is not None and 0 <= step < len(node.items):
            return None, node.items[step]
        return None
    for key, value in node.entries or ():
        if key.value().text == step and not _is_merge(key):
            return key, value
    if depth > 100:  # mappings that merge each other in a circle
        return None
    for key, value in node.entries or ():
        if _is_merge(key):
            merged = value.value()
            for source in [merged] if merged.items is None else merged.items:
                found = _child(source.value(), step, depth + 1)
                if found is not None:
                    return found
    return None


def _is_merge(key: Node) -> bool:
    return key.text == "<<" and key.plain and key.tag is None


def _width(node: Node) -> int:
    if node.entries and node.end_line == node.line and node.end_column == node.column:
        return _width(node.entries[0][0])  # a block mapping begins where its first key does
    if node.end_line == node.line:
        return max(node.end_column - node.column, 1)
    return 1
