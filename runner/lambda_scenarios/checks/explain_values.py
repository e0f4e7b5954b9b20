"""Why a value does not match a node: each difference with its place in the result and in the YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.checks.alignment import (
    Alignment,
    align,
    align_unordered,
    entries_of,
    items_of,
    nearest,
    nearest_value,
)
from lambda_scenarios.checks.diff import diff
from lambda_scenarios.checks.json_text import parse_json
from lambda_scenarios.checks.judge import decode_base64, holds, holds_absent
from lambda_scenarios.checks.wording import count, difference, noun_of_types, scalar, short, told, type_of
from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.expectation import (
    Equal,
    Extended,
    Inner,
    Matchers,
    Matches,
    Mismatch,
    Near,
    Node,
    Scalar,
    SchemaIs,
    Several,
    TypeIs,
)
from lambda_scenarios.model.locations import extend, format_location

if TYPE_CHECKING:
    from lambda_scenarios.model.values import DocPath, Json, Origin

_MOST_MISMATCHES = 50  # of one clause: beyond, the diff shows the rest
_MOST_HELD = 50
_COMPARED = {"$gt": "above", "$gte": "at least", "$lt": "below", "$lte": "at most"}
ABSENT = "(absent)"


class Findings:
    """What the explaining walk has found so far. `anchor` replaces paths into another file."""

    __slots__ = ("anchor", "held", "limit", "mismatches", "origin")

    def __init__(self, origin: Origin, limit: int = _MOST_MISMATCHES) -> None:
        self.origin = origin
        self.anchor: DocPath | None = None
        self.mismatches: list[Mismatch] = []
        self.held: list[str] = []
        self.limit = limit

    def add(self, path: DocPath, location: str, message: str, expected: str, found: str) -> None:
        """Adds a mismatch; beyond the limit, only a last one that says that there are more."""
        if len(self.mismatches) > self.limit:
            return
        path = path if self.anchor is None else self.anchor
        if len(self.mismatches) == self.limit:
            message = "there are further differences, which are not listed"
        self.mismatches.append(
            Mismatch(
                format_location(("expect", *path)), location, self.origin.at(*path), message, expected, found
            )
        )

    def hold(self, path: DocPath) -> None:
        """Notes an expectation that holds."""
        name = format_location(path if self.anchor is None else self.anchor)
        if len(self.held) < _MOST_HELD and name not in self.held:
            self.held.append(name)


def explain_value(node: Node, found: Json, path: DocPath, location: str, out: Findings) -> None:
    """Adds the mismatches of `found`, and the parts of the node that hold."""
    if holds(node, found):
        _note_held(node, path, out)
        return
    keyed = entries_of(node)
    items = items_of(node)
    if keyed is not None and isinstance(found, dict):
        _explain_object(keyed[0], keyed[1], found, path, location, out)
    elif items is not None and isinstance(found, list):
        _explain_items(items, align(items, found), found, path, location, out, "")
    elif keyed is not None or items is not None:
        kind = "an object" if keyed is not None else "an array"
        out.add(path, location, f"expected {kind}, found {told(found)}", kind, short(found))
    elif isinstance(node, Matchers):
        for name, part in node.parts:
            if not holds(part, found):
                explain_value(part, found, (*path, name), location, out)
    elif isinstance(node, Equal):
        _explain_scalar(node.value, found, path, location, out)
    elif isinstance(node, Inner):
        _explain_inner(node, found, path, location, out)
    elif isinstance(node, Several):
        _explain_several(node, found, path, location, out)
    elif isinstance(node, SchemaIs):
        _explain_schema(node, found, path, location, out)
    else:
        wanted = _wanted(node)
        own = node.judge(found) if isinstance(node, Extended) else None
        message = own or f"expected {wanted}, found {_found(node, found)}"
        out.add(path, location, message, wanted, short(found))


def _note_held(node: Node, path: DocPath, out: Findings) -> None:
    """The leaves of a node that holds."""
    keyed = entries_of(node)
    items = items_of(node)
    if len(out.held) >= _MOST_HELD:
        return
    if keyed is not None and keyed[0]:
        for key, inner in keyed[0]:
            _note_held(inner, (*path, key), out)
    elif items:
        for i, item in enumerate(items):
            _note_held(item, (*path, i), out)
    else:
        out.hold(path)


def _explain_object(
    entries: tuple[tuple[str, Node], ...],
    is_open: bool,
    found: dict[str, Json],
    path: DocPath,
    location: str,
    out: Findings,
) -> None:
    names = {key for key, _ in entries}
    surplus = [key for key in found if key not in names]
    for key, node in entries:
        here = (*path, key)
        if key in found:
            explain_value(node, found[key], here, extend(location, key), out)
        elif holds_absent(node):
            out.hold(here)
        else:
            expected = expected_text(node)
            near = did_you_mean(key, surplus)
            hint = f" (there is {short(near)})" if near else ""
            message = f"the key {short(key)} is missing{hint}; expected {expected}"
            out.add(here, extend(location, key), message, expected, ABSENT)
    if not is_open:
        for key in surplus:
            message = f"unexpected key {short(key)}, with {told(found[key])}"
            out.add(path, extend(location, key), message, ABSENT, short(found[key]))


def _explain_items(
    items: tuple[Node, ...],
    pairs: Alignment,
    found: list[Json],
    path: DocPath,
    location: str,
    out: Findings,
    order: str,
) -> None:
    missing = [i for i, j in pairs if i is not None and j is None]
    surplus = [j for i, j in pairs if i is None and j is not None]
    if missing or surplus:
        parts = []
        if missing:
            parts.append(f"{_listed([expected_text(items[i]) for i in missing])} missing")
        if surplus:
            parts.append(f"{_listed([f'[{j}] {short(found[j], 60)}' for j in surplus])} unexpected")
        head = f"expected {count(len(items), 'item')}{order}, found {len(found)}"
        if len(items) == len(found):
            head = (
                f"expected other items{order}" if order else "expected the items in another order, or others"
            )
        here = (*path, missing[0]) if len(missing) == 1 and not surplus else path
        out.add(
            here,
            location,
            f"{head}: {', '.join(parts)}",
            count(len(items), "item"),
            count(len(found), "item"),
        )
    for i, j in pairs:
        if i is not None and j is not None:
            explain_value(items[i], found[j], (*path, i), extend(location, j), out)


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return f"{', '.join(texts[:3])}{more} {'is' if len(texts) == 1 else 'are'}"


def _explain_scalar(expected: Json, found: Json, path: DocPath, location: str, out: Findings) -> None:
    if isinstance(expected, str) and isinstance(found, str):
        left, right, hint = difference(expected, found)
        message = f"expected {left}, found {right}{f' ({hint})' if hint else ''}"
    elif type_of(expected) != type_of(found):
        message = f"expected {told(expected)}, found {told(found)}"
    else:
        message = f"expected {short(expected)}, found {short(found)}"
    out.add(path, location, message, short(expected), short(found))


def expected_text(node: Node) -> str:
    """What a node expects, in a few words or as it was written."""
    if isinstance(node, Equal):
        return short(node.value)
    if isinstance(node, Matchers):
        return short(node.source)
    if entries_of(node) is not None or items_of(node) is not None:
        return short(_source(node))
    return _wanted(node)


def _source(node: Node) -> Json:
    """About what was written in the YAML."""
    keyed, items = entries_of(node), items_of(node)
    if keyed is not None:
        return {key: _source(inner) for key, inner in keyed[0]}
    if items is not None:
        return [_source(item) for item in items]
    if isinstance(node, Matchers):
        return node.source
    return node.value if isinstance(node, Equal) else {}


def _wanted(node: Node) -> str:
    """The words for a matcher without nodes inside."""
    if isinstance(node, TypeIs):
        return noun_of_types(node.names)
    if isinstance(node, Matches):
        return f"text that matches {short(node.pattern.pattern)[1:-1]}"
    if isinstance(node, Near):
        return f"about {scalar(node.value)} (± {scalar(node.tolerance)})"
    if isinstance(node, Scalar):
        if node.name == "$present":
            return "any value" if node.value else "no such key"
        if node.name == "$format":
            return f"text of the format {node.value}"
        if node.name in ("$starts_with", "$ends_with"):
            side = "begins" if node.name == "$starts_with" else "ends"
            return f"text that {side} with {short(node.value)}"
        noun = "text that sorts " if isinstance(node.value, str) else "a number "
        return f"{noun}{_COMPARED[node.name]} {short(node.value)}"
    if isinstance(node, (Inner, Several)):
        return f"a match of {node.name}"
    if isinstance(node, Extended):
        return f"a match of {node.name}: {short(node.argument)}"
    return "a value that is valid under the schema"


def _found(node: Node, found: Json) -> str:
    """What was found, with its type where it is another than the matcher is for."""
    if isinstance(node, TypeIs) or (isinstance(node, Scalar) and node.name == "$present"):
        return told(found)
    if isinstance(node, Near) or (isinstance(node, Scalar) and not isinstance(node.value, str)):
        return short(found) if type_of(found) == "number" else told(found)
    return short(found) if isinstance(found, str) else told(found)


def _explain_inner(node: Inner, found: Json, path: DocPath, location: str, out: Findings) -> None:
    name, inner = node.name, node.node
    if name == "$not":
        wanted = f"anything but {expected_text(inner)}"
        out.add(path, location, f"expected {wanted}, found {short(found)}", wanted, short(found))
    elif name == "$length":
        if not isinstance(found, (str, list, dict)):
            message = f"expected a string, an array or an object with a length, found {told(found)}"
            out.add(path, location, message, f"a length of {expected_text(inner)}", short(found))
            return
        noun = "character" if isinstance(found, str) else "item" if isinstance(found, list) else "key"
        expected = f"a length of {expected_text(inner)}"
        size = count(len(found), noun)
        out.add(path, location, f"expected {expected}, found {size}: {short(found, 60)}", expected, size)
    elif name == "$each":
        if not isinstance(found, list):
            out.add(path, location, f"expected an array, found {told(found)}", "an array", short(found))
            return
        for i, item in enumerate(found):
            if not holds(inner, item):
                explain_value(inner, item, path, extend(location, i), out)
    elif name == "$contains":
        _explain_contains(inner, found, path, location, out)
    elif name in ("$json", "$base64"):
        _explain_decoded(node, found, path, location, out)
    else:
        explain_value(inner, found, path, location, out)


def _explain_contains(inner: Node, found: Json, path: DocPath, location: str, out: Findings) -> None:
    expected = expected_text(inner)
    if isinstance(found, str):
        if isinstance(inner, Equal) and isinstance(inner.value, str):
            message = f"expected text that contains {expected}, found {short(found)}"
        else:
            message = f"expected an array with an element {expected}, found {told(found)}"
    elif not isinstance(found, list):
        message = f"expected a string or an array that contains {expected}, found {told(found)}"
    elif not found:
        message = f"expected an element {expected}, found an empty array"
    else:
        message = f"no element of {len(found)} matches {expected}"
        at = nearest_value(inner, found)
        if isinstance(found[at], (dict, list)):
            inside = Findings(out.origin)
            explain_value(inner, found[at], path, extend(location, at), inside)
            first = inside.mismatches[0]
            message += f"; the nearest, [{at}]: {first.message} at {first.location}"
    out.add(path, location, message, f"contains {expected}", short(found))


def _explain_decoded(node: Inner, found: Json, path: DocPath, location: str, out: Findings) -> None:
    """`$json`, `$base64`: what is inside the string has a location of its own, `output.detail<json>.id`."""
    kind = "JSON" if node.name == "$json" else "base64"
    if not isinstance(found, str):
        out.add(path, location, f"expected a string with {kind}, found {told(found)}", kind, short(found))
        return
    try:
        value: Json = parse_json(found) if node.name == "$json" else decode_base64(found)
    except ValueError as error:
        message = f"expected a string with {kind}, found {short(found)} ({error})"
        out.add(path, location, message, kind, short(found))
        return
    before = len(out.mismatches)
    explain_value(node.node, value, path, f"{location}<{node.name[1:]}>", out)
    attach_diff(out, before, node.node, value)


def attach_diff(out: Findings, before: int, node: Node, found: Json) -> None:
    """Gives the first mismatch since `before` that has none the diff of a compared structure."""
    for i in range(before, len(out.mismatches)):
        if not out.mismatches[i].diff:
            out.mismatches[i] = out.mismatches[i]._replace(diff=diff(node, found))
            return


def _explain_several(node: Several, found: Json, path: DocPath, location: str, out: Findings) -> None:
    if node.name == "$all_of":
        for i, inner in enumerate(node.nodes):
            if not holds(inner, found):
                explain_value(inner, found, (*path, i), location, out)
    elif node.name == "$in":
        wanted = _either([expected_text(inner) for inner in node.nodes])
        out.add(path, location, f"expected {wanted}, found {told(found)}", wanted, short(found))
    elif node.name == "$any_of":
        at = nearest(node.nodes, found)
        inside = Findings(out.origin, out.limit)
        inside.anchor = out.anchor
        explain_value(node.nodes[at], found, (*path, at), location, inside)
        which = f"none of {len(node.nodes)} alternatives matches; the nearest, [{at}]"
        for n, mismatch in enumerate(inside.mismatches):
            message = f"{which}: {mismatch.message}" if n == 0 else mismatch.message
            if len(out.mismatches) <= out.limit:
                out.mismatches.append(mismatch._replace(message=message))
    elif not isinstance(found, list):
        out.add(path, location, f"expected an array, found {told(found)}", "an array", short(found))
    else:
        pairs = align_unordered(node.nodes, found)
        _explain_items(node.nodes, pairs, found, path, location, out, " in any order")


def _either(texts: list[str]) -> str:
    more = f", … ({len(texts)} in all)" if len(texts) > 8 else ""
    return f"one of {', '.join(texts[:8])}{more}" if len(texts) > 1 else texts[0]


def _explain_schema(node: SchemaIs, found: Json, path: DocPath, location: str, out: Findings) -> None:
    from lambda_scenarios.checks.json_schemas import schema_mismatches

    for wrong in schema_mismatches(node.schema, found, out.limit):
        place = location
        for step in wrong.value_path:
            place = extend(place, step)
        out.add(
            (*path, *wrong.schema_path),
            place,
            wrong.message,
            f"valid under {wrong.keyword}",
            short(wrong.found),
        )
