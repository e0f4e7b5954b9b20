"""From expected values to nodes: plain ones here, what matchers are in them there.

Most expectations have none, so that `checks/matchers.py` is imported where the first is met.
"""

from __future__ import annotations

from lambda_scenarios.checks.equality import is_mixed
from lambda_scenarios.checks.reading import EXACT, Mode, Reading, plain
from lambda_scenarios.model.expectation import Equal, Mapping, Node, Scalar, Sequence
from lambda_scenarios.model.values import DocPath, Json

ANYTHING = Scalar("$present", True)


def compile_value(value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node:
    """The node of an expected value. Problems go to `reading`; what is returned then is of no use."""
    if isinstance(value, dict):
        dollars = [key for key in value if key.startswith("$")]
        if dollars:
            if len(dollars) == len(value):
                from lambda_scenarios.checks.matchers import compile_matchers

                return compile_matchers(value, path, reading, mode)
            other = next(key for key in value if not key.startswith("$"))
            reading.wrong(
                (*path, dollars[0]),
                f"`{dollars[0]}` stands beside the key `{other}`",
                "keys that begin with `$` are matchers, and stand alone",
                "to compare such keys as they are, put the mapping into `{$literal: …}`",
                key=True,
            )
            return ANYTHING
        inner = Mode(mode.inclusion, True)
        entries = tuple((key, compile_value(v, (*path, key), reading, inner)) for key, v in value.items())
        if not mode.inclusion and all(type(node) is Equal for _, node in entries):
            values = {key: node.value for key, node in entries if isinstance(node, Equal)}
            return Equal(values, is_mixed(values))
        return Mapping(entries, mode.inclusion)
    if isinstance(value, list):
        items = tuple(compile_value(v, (*path, i), reading, mode.unkeyed()) for i, v in enumerate(value))
        if all(type(node) is Equal for node in items):
            listed = [node.value for node in items if isinstance(node, Equal)]
            return Equal(listed, is_mixed(listed))
        return Sequence(items)
    return literal(value, path, reading)


def literal(value: Json, path: DocPath, reading: Reading) -> Equal:
    """The value as it is: no matchers, exact."""
    found = plain(value, path, reading)
    return Equal(found, is_mixed(found))


def number_or_matchers(value: Json, path: DocPath, reading: Reading, what: str) -> Node:
    """A number, or matchers."""
    if isinstance(value, dict):
        if not any(key.startswith("$") for key in value):
            reading.wrong(path, f"`{path[-1]}` takes a number or matchers", what)
        return compile_value(value, path, reading, EXACT)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        fix = f"without quotes: {value}" if isinstance(value, str) and value.isdecimal() else what
        reading.wrong(path, f"`{path[-1]}` takes a number or matchers", fix)
        return ANYTHING
    return literal(value, path, reading)
