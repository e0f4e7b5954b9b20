"""YAML 1.2 text to JSON-like values, quickly and strictly; positions are looked up only when needed.

Built on the parser's events: no node tree, no positions kept, garbage collector off.
"""

from __future__ import annotations

import gc
from typing import Any, Literal

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.values import Json, Origin, Place
from lambda_scenarios.scenarios import yaml_tags
from lambda_scenarios.scenarios.yaml_events import Disguise, open_parser, prepare
from lambda_scenarios.scenarios.yaml_scalars import NOT_STRINGS, NotJsonError, resolve, resolve_in_service

Tags = Literal["refuse", "cloudformation"]
Version = Literal["1.2", "1.1"]

DEEPEST = 100  # levels; later stages walk values recursively, and Python's stack is finite
_MOST_COPIES = 100_000  # values that aliases and merges may add to a document, whatever its size
_MOST_FAULTS = 50

_ITEM: Any = object()  # in place of a key: the container is a list
_MERGE: Any = object()  # the key `<<`
_OPEN: Any = object()  # the anchored value isn't complete yet
_MISSING: Any = object()

_resolved: dict[str, Json] = {}
_resolved_1_1: dict[str, Json] = {}
_resolved_in_services: dict[str, Json] = {}


def parse(data: bytes, file: str, tags: Tags = "refuse", version: Version = "1.2") -> Json:
    """The one document in `data`; None for an empty file.

    `file` is absolute and only named in diagnostics. Mapping keys are the scalars' written text; other plain
    scalars are what the YAML `version` makes of them. With 1.1, the later of two equal keys counts, as in
    PyYAML, which SAM reads templates with.
    With `tags="cloudformation"`, short forms of intrinsic functions become their long forms
    (`!Ref x` is `{"Ref": "x"}`); any other tag but YAML's own is refused.
    Raises UsageError for everything that isn't one YAML document of JSON values; never anything else.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _Reader(data, file, tags, version).document()
    finally:
        if collecting:
            gc.enable()


def locate(origin: Origin) -> Place:
    """Where the value (or with `origin.key`, its key) stands: see `positions.locate`."""
    from lambda_scenarios.scenarios import positions

    return positions.locate(origin)


class _Reader:
    """One document being read; holds what the rare cases of the event loop share."""

    def __init__(self, data: bytes, file: str, tags: Tags, version: Version) -> None:
        self.resolve, self.not_strings, self.resolved = resolve, NOT_STRINGS, _resolved
        self.unique_keys = version == "1.2"
        if version == "1.1":
            from lambda_scenarios.scenarios import yaml_scalars_1_1

            self.resolve, self.not_strings = yaml_scalars_1_1.resolve, yaml_scalars_1_1.NOT_STRINGS
            self.resolved = _resolved_1_1
        elif tags == "cloudformation":
            self.resolve, self.resolved = resolve_in_service, _resolved_in_services
        self.data = data
        self.file = file
        self.cloudformation = tags == "cloudformation"
        self.faults: list[Diagnostic] = []
        self.duplicates = False
        self.anchors: dict[str, tuple[Json, str | None]] = {}  # value, and its text if it is a scalar
        self.sizes: dict[int, tuple[Json, int, int]] = {}  # by id: the value (kept alive), weight, depth
        self.merges: dict[int, Any] = {}  # by id of a mapping: the event of its `<<`
        self.copies = 0
        self.most_copies = max(_MOST_COPIES, 2 * len(data))
        self.disguise: Disguise | None = None

    def document(self) -> Json:
        from yaml.error import YAMLError

        try:
            source, self.disguise = prepare(self.data)
            parser = open_parser(source)
            value = self._construct(parser.get_event)
        except YAMLError as error:
            from lambda_scenarios.scenarios import yaml_errors

            self.faults.append(yaml_errors.explain(error, self.data, self.file))
            value = None
        except UnicodeDecodeError as error:
            from lambda_scenarios.scenarios import yaml_errors

            self.faults.append(yaml_errors.not_text(error, self.file))
            value = None
        if self.duplicates:
            self.faults.extend(_duplicate_keys(self.data, self.file))
        if self.faults:
            raise UsageError(*self.faults[:_MOST_FAULTS])
        return value

    def _construct(self, get_event: Any) -> Json:  # noqa: PLR0912, PLR0915 - calls would double its time
        """The event loop. Branches stand in the order of how often they are taken."""
        from yaml import events

        scalar_event, mapping_start, sequence_start = (
            events.ScalarEvent,
            events.MappingStartEvent,
            events.SequenceStartEvent,
        )
        mapping_end, sequence_end = events.MappingEndEvent, events.SequenceEndEvent
        cached, not_strings, disguise = self.resolved.get, self.not_strings, self.disguise
        root: list[Json] = []
        container: Any = root
        key: Any = _ITEM
        # For each enclosing container: itself, the key under which this one goes, and this one's event.
        stack: list[tuple[Any, Any, Any]] = []
        while True:
            event = get_event()
            kind = type(event)
            if kind is scalar_event:
                text = event.value
                if disguise is not None:
                    text = disguise.undo(text, event.style == '"')
                if key is None:
                    key = self._key(event, text, container)
                    continue
                if event.tag is not None:
                    value = self._tagged_scalar(event, text)
                elif event.style or text[:1] not in not_strings:
                    value = text
                else:
                    value = cached(text, _MISSING)
                    if value is _MISSING:
                        value = self._plain(event, text)
                if event.anchor is not None:
                    self.anchors[event.anchor] = (value, text)
            elif kind is mapping_start or kind is sequence_start:
                if key is None:
                    raise self._complex_key(event)
                if len(stack) >= DEEPEST:
                    raise self._stop(event, f"nested more than {DEEPEST} levels deep")
                if event.anchor is not None:
                    self.anchors[event.anchor] = (_OPEN, None)
                stack.append((container, key, event))
                if kind is mapping_start:
                    container, key = {}, None
                else:
                    container, key = [], _ITEM
                continue
            elif kind is mapping_end or kind is sequence_end:
                value = container
                if kind is mapping_end and _MERGE in value:
                    value = self._merged(value)
                container, key, event = stack.pop()
                if event.tag is not None:
                    value = self._tagged_collection(event, value)
                if event.anchor is not None:
                    self.anchors[event.anchor] = (value, None)
            elif kind is events.AliasEvent:
                value, scalar_text = self._alias(event, len(stack))
                if key is None:
                    if scalar_text is None:
                        raise self._complex_key(event)
                    key = self._unique(scalar_text, container)
                    continue
            elif kind is events.DocumentStartEvent:
                if root:
                    raise self._stop(
                        event,
                        "more than one YAML document in this file",
                        "a second document begins here",
                    )
                continue
            elif kind is events.StreamEndEvent:
                return root[0] if root else None
            else:
                continue
            if key is _ITEM:
                container.append(value)
            else:
                container[key] = value
                key = None

    def _key(self, event: Any, text: str, container: dict[Any, Json]) -> Any:
        if event.anchor is not None:
            self.anchors[event.anchor] = (text, text)
        if event.tag is not None and not yaml_tags.is_standard(event.tag, "scalar"):
            self._fault(event, *yaml_tags.refusal(event.tag))
        if text == "<<" and not event.style and event.tag is None:
            if _MERGE in container:
                self._fault(event, "a second `<<` in this mapping", "give one list: `<<: [*a, *b]`")
            self.merges[id(container)] = event
            return _MERGE
        return self._unique(text, container)

    def _unique(self, text: str, container: dict[Any, Json]) -> str:
        if text in container:
            self.duplicates = self.unique_keys
        return text

    def _plain(self, event: Any, text: str) -> Json:
        try:
            value = self.resolve(text)
        except NotJsonError as error:
            self._fault(event, str(error), "put it into quotes if a string is meant")
            return None
        if len(self.resolved) > 4096:
            self.resolved.clear()
        self.resolved[text] = value
        return value

    def _tagged_scalar(self, event: Any, text: str) -> Json:
        if self.cloudformation and event.tag in yaml_tags.CLOUDFORMATION:
            return yaml_tags.long_form(event.tag, text)
        try:
            return yaml_tags.scalar(event.tag, text)
        except yaml_tags.TagError as refused:
            self._fault(event, refused.problem, refused.label)
            return None

    def _tagged_collection(self, event: Any, value: Json) -> Json:
        tag = event.tag
        if self.cloudformation and tag in yaml_tags.CLOUDFORMATION:
            return yaml_tags.long_form(tag, value)
        if not yaml_tags.is_standard(tag, "mapping" if isinstance(value, dict) else "sequence"):
            self._fault(event, *yaml_tags.refusal(tag))
        return value

    def _alias(self, event: Any, level: int) -> tuple[Json, str | None]:
        """The value that `*name` stands for, and its text where it is a scalar."""
        found = self.anchors.get(event.anchor)
        if found is None:
            near = did_you_mean(event.anchor, list(self.anchors))
            label = f"did you mean `*{near}`?" if near else f"no `&{event.anchor}` stands before it"
            self._fault(event, f"no anchor `{event.anchor}`", label)
            return None, "*" + event.anchor
        if found[0] is _OPEN:
            raise self._stop(event, f"`*{event.anchor}` stands inside of its own anchor", "this never ends")
        weight, depth = self._size(found[0])
        self._count_copies(event, weight)
        if level + depth > DEEPEST:
            raise self._stop(event, f"nested more than {DEEPEST} levels deep")
        return found

    def _merged(self, own: dict[Any, Json]) -> dict[Any, Json]:
        """`own` with what `<<` brings: own keys win, then the earlier of a list."""
        event = self.merges.pop(id(own))
        value = own.pop(_MERGE)
        merged: dict[Any, Json] = {}
        for source in reversed(value if isinstance(value, list) else [value]):
            if not isinstance(source, dict):
                self._fault(event, "`<<` takes a mapping or a list of mappings", "this merges something else")
                break
            self._count_copies(event, len(source))
            merged.update(source)
        merged.update(own)
        return merged

    def _size(self, value: Json) -> tuple[int, int]:
        """Of a value: how many values a copy of it adds (long strings count as several); levels."""
        if isinstance(value, str):
            return 1 + len(value) // 64, 0
        if not isinstance(value, (dict, list)):
            return 1, 0
        known = self.sizes.get(id(value))
        if known is None:
            inner = [self._size(item) for item in (value.values() if isinstance(value, dict) else value)]
            weight = 1 + sum(weight for weight, _ in inner)
            depth = 1 + max((depth for _, depth in inner), default=0)
            known = self.sizes[id(value)] = (value, weight, depth)
        return known[1:]

    def _count_copies(self, event: Any, more: int) -> None:
        self.copies += more
        if self.copies > self.most_copies:
            raise self._stop(
                event,
                "aliases make this document too large",
                f"more than {self.most_copies} values by aliases alone",
            )

    def _complex_key(self, event: Any) -> UsageError:
        problem, label = "a key must be a text", "this key is a list or a mapping"
        line = _source_line(self.data, event.start_mark.line)
        if "{{" in line:
            problem = "a template needs quotes around it"
            label = 'as in `key: "{{ vars.name }}"`: YAML takes bare braces for a mapping'
        return self._stop(event, problem, label)

    def _fault(self, event: Any, problem: str, label: str = "") -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(Diagnostic(problem, _place(self.file, event), label))

    def _stop(self, event: Any, problem: str, label: str = "") -> UsageError:
        """What to raise where reading on makes no sense; names the faults found so far as well."""
        return UsageError(*self.faults, Diagnostic(problem, _place(self.file, event), label))


def _place(file: str, event: Any) -> Place:
    start, end = event.start_mark, event.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Place(file, start.line + 1, start.column + 1, max(width, 1))


def _source_line(data: bytes, index: int) -> str:
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[index] if index < len(lines) else ""


def _duplicate_keys(data: bytes, file: str) -> list[Diagnostic]:
    """All keys that stand twice in one mapping, each with the line of the first."""
    from lambda_scenarios.scenarios import positions

    return [
        Diagnostic(f"duplicate key `{key}`", place, f"first given on line {first.line}")
        for key, first, place in positions.duplicate_keys(data, file)
    ]
