"""Does a value match a node? The fast half: no messages, nothing is built, nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as SequenceOf
from typing import TYPE_CHECKING, Any, Final

from lambda_scenarios.checks.equality import json_equal
from lambda_scenarios.checks.json_text import parse_json
from lambda_scenarios.checks.pairing import pair_all
from lambda_scenarios.model.expectation import (
    Equal,
    Extended,
    Inner,
    Mapping,
    Matchers,
    Matches,
    Near,
    Node,
    Scalar,
    SchemaIs,
    Sequence,
    Several,
    TypeIs,
)

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json


def holds(node: Node, found: Json) -> bool:
    """Does `found` match the node? Raises ExtensionFailed where a matcher of an extension can't say."""
    return _JUDGES[type(node)](node, found)


def holds_absent(node: Node) -> bool:
    """Does a missing key match the node? Only where the node speaks of absence: `$absent`, `$optional`."""
    if isinstance(node, Scalar):
        return node.name == "$present" and not node.value
    if isinstance(node, Matchers):
        return all(holds_absent(part) for _, part in node.parts)
    if isinstance(node, Several):
        if node.name == "$any_of":
            return any(map(holds_absent, node.nodes))
        return node.name == "$all_of" and all(map(holds_absent, node.nodes))
    if isinstance(node, Inner):
        if node.name == "$not":
            # `$not: 5` does not pass where the key is missing; `$not: {$absent: true}` judges absence.
            return _speaks_of_absence(node.node) and not holds_absent(node.node)
        return node.name == "$optional"
    return False


def _speaks_of_absence(node: Node) -> bool:
    if isinstance(node, Matchers):
        return any(_speaks_of_absence(part) for _, part in node.parts)
    if isinstance(node, Several):
        return node.name in ("$any_of", "$all_of") and any(map(_speaks_of_absence, node.nodes))
    if isinstance(node, Inner):
        return node.name == "$optional" or (node.name == "$not" and _speaks_of_absence(node.node))
    return isinstance(node, Scalar) and node.name == "$present"


def decode_base64(text: str) -> str:
    """The text in standard base64 with padding. Raises ValueError with a message for people."""
    import base64
    import binascii

    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(
            f"not base64: {error}" if isinstance(error, binascii.Error) else "not base64"
        ) from None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ValueError(f"the {len(raw)} bytes are not UTF-8 text") from None


def has_type(name: str, found: Json) -> bool:
    """Is `found` of the JSON type? As in JSON Schema, 1.0 is an integer, and true is no number."""
    if name == "null":
        return found is None
    if name == "boolean":
        return isinstance(found, bool)
    if isinstance(found, bool):
        return False
    if name == "integer":
        return isinstance(found, int) or (isinstance(found, float) and found.is_integer())
    return isinstance(found, _TYPES[name])


_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": (int, float),
    "array": list,
    "object": dict,
}


def is_number(found: Json) -> bool:
    """A JSON number: not true, not false."""
    return isinstance(found, (int, float)) and not isinstance(found, bool)


def _equal(node: Equal, found: Json) -> bool:
    # One comparison in C decides, except where it says equal and 1 or true are among the values.
    return node.value == found and (not node.mixed or json_equal(node.value, found))


def _mapping(node: Mapping, found: Json) -> bool:
    if not isinstance(found, dict):
        return False
    present = 0
    for key, inner in node.entries:
        if key in found:
            if not _JUDGES[type(inner)](inner, found[key]):
                return False
            present += 1
        elif not holds_absent(inner):
            return False
    return node.open or present == len(found)


def _sequence(node: Sequence, found: Json) -> bool:
    return isinstance(found, list) and len(found) == len(node.items) and all(map(holds, node.items, found))


def _matchers(node: Matchers, found: Json) -> bool:
    return all(_JUDGES[type(part)](part, found) for _, part in node.parts)


def _type_is(node: TypeIs, found: Json) -> bool:
    return any(has_type(name, found) for name in node.names)


def _matches(node: Matches, found: Json) -> bool:
    # `re` has no limit of time: a pattern such as `(a+)+$` may search until the run is interrupted.
    return isinstance(found, str) and node.pattern.search(found) is not None


def _near(node: Near, found: Json) -> bool:
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return False
    if found == node.value:
        return True
    try:
        return abs(found - node.value) <= node.tolerance
    except OverflowError:  # an integer beyond all floats beside a float
        return False


def _scalar(node: Scalar, found: Json) -> bool:
    name, value = node.name, node.value
    if name == "$present":
        return bool(value)
    if name in _COMPARISONS:
        alike = isinstance(found, str) if isinstance(value, str) else is_number(found)
        return alike and _COMPARISONS[name](found, value)
    if not isinstance(found, str) or not isinstance(value, str):
        return False
    if name == "$starts_with":
        return found.startswith(value)
    if name == "$ends_with":
        return found.endswith(value)
    from lambda_scenarios.checks.text_formats import FORMATS

    return FORMATS[value](found)


_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "$gt": lambda found, bound: found > bound,
    "$gte": lambda found, bound: found >= bound,
    "$lt": lambda found, bound: found < bound,
    "$lte": lambda found, bound: found <= bound,
}


def _inner(node: Inner, found: Json) -> bool:
    name, inner = node.name, node.node
    if name == "$not":
        return not holds(inner, found)
    if name == "$contains":
        if isinstance(found, str):
            return isinstance(inner, Equal) and isinstance(inner.value, str) and inner.value in found
        return isinstance(found, list) and any(holds(inner, item) for item in found)
    if name == "$length":
        return isinstance(found, (str, list, dict)) and holds(inner, len(found))
    if name == "$each":
        return isinstance(found, list) and all(holds(inner, item) for item in found)
    if name in ("$json", "$base64"):
        if not isinstance(found, str):
            return False
        try:
            return holds(inner, parse_json(found) if name == "$json" else decode_base64(found))
        except ValueError:
            return False
    return holds(inner, found)  # $optional, $partial, $exactly, $literal


def _several(node: Several, found: Json) -> bool:
    if node.name == "$all_of":
        return all(holds(inner, found) for inner in node.nodes)
    if node.name == "$unordered":
        return isinstance(found, list) and len(found) == len(node.nodes) and _pairs(node.nodes, found)
    return any(holds(inner, found) for inner in node.nodes)


def _pairs(nodes: SequenceOf[Node], found: list[Json]) -> bool:
    return pair_all(len(nodes), len(found), lambda i, j: holds(nodes[i], found[j])) is not None


def _schema_is(node: SchemaIs, found: Json) -> bool:
    from lambda_scenarios.checks.json_schemas import schema_holds

    return schema_holds(node.schema, found)


def _extended(node: Extended, found: Json) -> bool:
    return node.judge(found) is None


# Each judge takes the nodes of its own key only, which a dictionary's type can't say.
_JUDGES: Final[dict[type, Callable[[Any, Json], bool]]] = {
    Equal: _equal,
    Mapping: _mapping,
    Sequence: _sequence,
    Matchers: _matchers,
    Scalar: _scalar,
    TypeIs: _type_is,
    Matches: _matches,
    Near: _near,
    Inner: _inner,
    Several: _several,
    SchemaIs: _schema_is,
    Extended: _extended,
}
