"""From expected values, matchers inside, to nodes (scenario-format.md, section 4, "Matchers").

The mode (exact or inclusion) goes down through everything that holds a value of its own: `$each`,
`$contains`, `$json`, `$base64`, `$unordered`, `$any_of`, `$all_of`, `$optional`, `$not`. It does not go
into `$in` and `$literal`, which compare as a whole. That `$not` is among the first: inside an inclusion,
`{$not: {role: admin}}` means "does not include", and never passes because of a further key.

`$present` and `$absent` take `false` too, each the other's opposite. `$present: true` may stand where
there is no key, and then holds for anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

from lambda_scenarios.checks.equality import is_mixed
from lambda_scenarios.errors import Diagnostic, did_you_mean
from lambda_scenarios.model.expectation import (
    Equal,
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
from lambda_scenarios.model.values import DocPath, Json, Origin

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
ANYTHING = Scalar("$present", True)


class Reading(NamedTuple):
    """What compiling one `expect` mapping shares.

    With `templates`, strings that hold a template are accepted in place of any value: they are not
    rendered yet, and the node that comes out of them is thrown away.
    """

    origin: Origin
    problems: list[Diagnostic]
    templates: bool

    def wrong(self, path: DocPath, problem: str, label: str = "", *notes: str, key: bool = False) -> None:
        """Adds a diagnostic about the value (or the key) at `path` beneath `expect`."""
        where = self.origin.at(*path)
        self.problems.append(Diagnostic(problem, where.as_key() if key else where, label, notes))

    def opaque(self, value: Json) -> bool:
        """Is this a template that is not rendered yet?"""
        return self.templates and isinstance(value, str) and ("{{" in value or "{%" in value)


class Mode(NamedTuple):
    """How a value is compared. `keyed`: it is the value of a key, which may be absent."""

    inclusion: bool
    keyed: bool = False

    def unkeyed(self) -> Mode:
        """The mode of something inside that is no key's value."""
        return Mode(self.inclusion)


EXACT = Mode(False)
INCLUSION = Mode(True)


def compile_value(value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node:
    """The node of an expected value. Problems go to `reading`; what is returned then is of no use."""
    if isinstance(value, dict):
        dollars = [key for key in value if key.startswith("$")]
        if dollars:
            if len(dollars) == len(value):
                return _matchers(value, path, reading, mode)
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
            plain = {key: node.value for key, node in entries if isinstance(node, Equal)}
            return Equal(plain, is_mixed(plain))
        return Mapping(entries, mode.inclusion)
    if isinstance(value, list):
        items = tuple(compile_value(v, (*path, i), reading, mode.unkeyed()) for i, v in enumerate(value))
        if all(type(node) is Equal for node in items):
            values = [node.value for node in items if isinstance(node, Equal)]
            return Equal(values, is_mixed(values))
        return Sequence(items)
    return literal(value, path, reading)


def literal(value: Json, path: DocPath, reading: Reading) -> Equal:
    """The value as it is: no matchers, exact."""
    plain = _plain(value, path, reading)
    return Equal(plain, is_mixed(plain))


def _plain(value: Json, path: DocPath, reading: Reading) -> Json:
    """The value in JSON's own types: what remembers how it was written becomes a plain number."""
    if isinstance(value, dict):
        return {key: _plain(v, (*path, key), reading) for key, v in value.items()}
    if isinstance(value, list):
        return [_plain(v, (*path, i), reading) for i, v in enumerate(value)]
    if isinstance(value, float):
        if not math.isfinite(value):
            reading.wrong(path, f"`{value}` can't be expected", "JSON knows no such number")
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def _matchers(source: dict[str, Json], path: DocPath, reading: Reading, mode: Mode) -> Node:
    parts: list[tuple[str, Node]] = []
    for name, value in source.items():
        here = (*path, name)
        compiler = _COMPILERS.get(name, _extended)
        if reading.opaque(value) and name != "$literal" and name in _COMPILERS:
            if name in ("$absent", "$optional"):
                _needs_key(name, here, reading, mode)
            continue
        node = compiler(name, value, here, reading, mode)
        if node is not None:
            parts.append((name, node))
    return Matchers(tuple(parts), source)


_Compiler = Callable[[str, Json, DocPath, Reading, Mode], "Node | None"]


def _needs_key(name: str, path: DocPath, reading: Reading, mode: Mode) -> None:
    if not mode.keyed:
        reading.wrong(
            path,
            f"`{name}` stands where there is no key",
            "only the value of a key can be absent",
            "an item of a list is there, or the list is shorter: see `$length`, `$contains`, `$unordered`",
            key=True,
        )


def _presence(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    if not isinstance(value, bool):
        reading.wrong(path, f"`{name}` takes true or false")
        return None
    if value is (name == "$absent"):
        _needs_key(name, path, reading, mode)
    return Scalar("$present", value is (name == "$present"))


def _optional(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    _needs_key(name, path, reading, mode)
    return Inner(name, compile_value(value, path, reading, mode))


def _same_value(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    """`$not`: about the same value, so that a presence matcher inside makes sense."""
    return Inner(name, compile_value(value, path, reading, mode))


def _inside(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    return Inner(name, compile_value(value, path, reading, mode.unkeyed()))


def _partial(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    return Inner(name, compile_value(value, path, reading, INCLUSION))


def _exactly(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    return Inner(name, compile_value(value, path, reading, EXACT))


def _literal(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    return Inner(name, literal(value, path, reading))


def _type(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    names = value if isinstance(value, list) else [value]
    if not names:
        reading.wrong(path, f"`{name}` names no type", "there are: " + ", ".join(TYPES))
    known: list[str] = []
    for i, item in enumerate(names):
        if isinstance(item, str) and (item in TYPES or reading.opaque(item)):
            known.append(item)
            continue
        here = (*path, i) if isinstance(value, list) else path
        near = did_you_mean(_TYPE_ALIASES.get(item, item), TYPES) if isinstance(item, str) else None
        hint = f"did you mean `{near}`?" if near else "there are: " + ", ".join(TYPES)
        reading.wrong(here, f"unknown type `{_shown(item)}`", hint)
    return TypeIs(tuple(known))


_TYPE_ALIASES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "map": "object",
    "mapping": "object",
    "none": "null",
    "nil": "null",
}


def _several(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    if not isinstance(value, list):
        reading.wrong(path, f"`{name}` takes a list", f"write `{name}: [{_shown(value)}]`")
        return None
    if not value and name != "$unordered":
        verdict = "always holds" if name == "$all_of" else "can never hold"
        reading.wrong(path, f"`{name}` with an empty list {verdict}")
        return None
    inner = mode if name in ("$all_of", "$any_of") else EXACT if name == "$in" else mode.unkeyed()
    return Several(
        name, tuple(compile_value(item, (*path, i), reading, inner) for i, item in enumerate(value))
    )


def _regex(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    if not isinstance(value, str):
        reading.wrong(path, f"`{name}` takes a string", "a regular expression, as Python's `re` reads it")
        return None
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "possible nested set": advice to Python programmers
            return Matches(re.compile(value))
    except re.error as error:
        at = error.pos if error.pos is not None else 0
        line = value.replace("\n", " ")
        caret = f"{' ' * at}^"
        reading.wrong(
            path, "invalid regular expression", f"{error.msg} at character {at + 1} of it", line, caret
        )
    except (OverflowError, RecursionError) as error:
        reading.wrong(path, "invalid regular expression", str(error))
    return None


def _text(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    if not isinstance(value, str):
        reading.wrong(path, f"`{name}` takes a string", "put it into quotes" if value is not None else "")
        return None
    return Scalar(name, value)


def _bound(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    if isinstance(value, str):
        return Scalar(name, value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        reading.wrong(path, f"`{name}` takes a number or a string")
        return None
    plain = literal(value, path, reading).value
    return Scalar(name, plain) if isinstance(plain, (int, float)) else None


def _format(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    from lambda_scenarios.checks.text_formats import FORMATS

    if isinstance(value, str) and value in FORMATS:
        return Scalar(name, value)
    names = tuple(FORMATS)
    near = did_you_mean(value, names) if isinstance(value, str) else None
    hint = f"did you mean `{near}`?" if near else "there are: " + ", ".join(names)
    reading.wrong(path, f"unknown format `{_shown(value)}`", hint)
    return None


def _approx(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    """`|found - value| <= max(abs, rel * |value|)`; rel is 1e-6 where neither is given."""
    options = value if isinstance(value, dict) else {"value": value}
    before = len(reading.problems)
    numbers: dict[str, int | float] = {}
    for key, number in options.items():
        here = (*path, key) if isinstance(value, dict) else path
        if key not in ("value", "abs", "rel"):
            near = did_you_mean(key, ("value", "abs", "rel"))
            hint = f"did you mean `{near}`?" if near else "there are: value, abs, rel"
            reading.wrong(here, f"unknown key `{key}` of `{name}`", hint, key=True)
        elif reading.opaque(number):
            numbers[key] = 1
        elif (
            isinstance(number, bool)
            or not isinstance(number, (int, float))
            or (isinstance(number, float) and not math.isfinite(number))
        ):
            reading.wrong(here, f"`{key if isinstance(value, dict) else name}` takes a number")
        elif key != "value" and number < 0:
            reading.wrong(here, f"`{key}` is negative", "a tolerance is zero or more")
        else:
            numbers[key] = number
    if "value" not in options:
        reading.wrong(path, f"`{name}` has no `value`", "the number to come near to")
    if len(reading.problems) > before:
        return None
    centre = _unwritten(numbers["value"])
    rel = numbers.get("rel", 0 if "abs" in numbers else 1e-6)
    try:
        tolerance = max(numbers.get("abs", 0), rel * abs(centre))
    except OverflowError:
        tolerance = max(numbers.get("abs", 0), int(rel * 10**9) * abs(centre) // 10**9)
    return Near(centre, _unwritten(tolerance))


def _unwritten(number: int | float) -> int | float:
    return float(number) if isinstance(number, float) else int(number)


def _schema(_name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    return compile_schema(value, path, reading, inline=True)


def compile_schema(value: Json, path: DocPath, reading: Reading, inline: bool) -> Node | None:
    """The node of a JSON Schema. Problems of a schema of another file are told at `path` itself."""
    import json

    from lambda_scenarios.checks.json_schemas import check_schema

    if reading.templates and _has_template(value, reading):
        return None
    problems = check_schema(_plain(value, path, reading))
    for problem in problems:
        notes = (problem.note,) if problem.note else ()
        if not inline and problem.path:
            notes = (f"at {'/'.join(map(str, problem.path))} of the schema", *notes)
        where = (*path, *problem.path) if inline else path
        reading.wrong(where, "invalid JSON Schema", problem.problem, *notes)
    return None if problems else SchemaIs(json.dumps(value))


def _has_template(value: Json, reading: Reading) -> bool:
    if isinstance(value, dict):
        return any(_has_template(v, reading) for v in value.values())
    if isinstance(value, list):
        return any(_has_template(v, reading) for v in value)
    return reading.opaque(value)


def unknown_key(key: str, path: DocPath, known: tuple[str, ...], of: str, reading: Reading) -> None:
    """Adds a diagnostic about a key that nothing knows."""
    near = did_you_mean(key, known)
    label = f"did you mean `{near}`?" if near else "there are: " + ", ".join(known)
    reading.wrong(path, f"unknown key `{key}` in {of}", label, key=True)


def number_or_matchers(value: Json, path: DocPath, reading: Reading, what: str) -> Node:
    """A number, or matchers."""
    if isinstance(value, dict) or reading.opaque(value):
        if isinstance(value, dict) and not any(key.startswith("$") for key in value):
            reading.wrong(path, f"`{path[-1]}` takes a number or matchers", what)
        return compile_value(value, path, reading, EXACT)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        fix = f"without quotes: {value}" if isinstance(value, str) and value.isdecimal() else what
        reading.wrong(path, f"`{path[-1]}` takes a number or matchers", fix)
        return ANYTHING
    return literal(value, path, reading)


def _shown(value: Json) -> str:
    from lambda_scenarios.checks.wording import short

    return value if isinstance(value, str) else short(value, 40)


def _extended(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    """A name that isn't built in: that of an extension, or a mistake."""
    from lambda_scenarios.extending import matchers
    from lambda_scenarios.extending.entry_points import UnusableExtension

    try:
        known = matchers.known(name, MATCHER_NAMES)
        if known is None:
            _unknown(name, path, reading)
            return None
        if reading.templates and _has_template(value, reading):
            return None
        argument = _plain(value, path, reading)
        refusal = matchers.refusal(known, argument)
    except UnusableExtension as unusable:
        reading.wrong(path, unusable.problem, "", *unusable.notes, key=True)
        return None
    if refusal is not None:
        reading.wrong(path, f"`{name}` can't take {_shown_value(value)}", refusal)
        return None
    return matchers.node(known, name, argument, reading.origin.at(*path))


def _unknown(name: str, path: DocPath, reading: Reading) -> None:
    near = did_you_mean(name, MATCHER_NAMES)
    label = f"did you mean `{near}`?" if near else "there are: " + ", ".join(MATCHER_NAMES)
    note = "a mapping with keys that begin with `$` in earnest: `{$literal: …}`"
    reading.wrong(path, f"unknown matcher `{name}`", label, note, key=True)


def _shown_value(value: Json) -> str:
    from lambda_scenarios.checks.wording import short

    return short(value, 40)


_COMPILERS: dict[str, _Compiler] = {
    "$present": _presence,
    "$absent": _presence,
    "$optional": _optional,
    "$type": _type,
    "$not": _same_value,
    "$in": _several,
    "$regex": _regex,
    "$contains": _inside,
    "$starts_with": _text,
    "$ends_with": _text,
    "$length": _inside,
    "$gt": _bound,
    "$gte": _bound,
    "$lt": _bound,
    "$lte": _bound,
    "$approx": _approx,
    "$format": _format,
    "$json": _inside,
    "$base64": _inside,
    "$partial": _partial,
    "$exactly": _exactly,
    "$unordered": _several,
    "$each": _inside,
    "$all_of": _several,
    "$any_of": _several,
    "$schema": _schema,
    "$literal": _literal,
}
MATCHER_NAMES = tuple(_COMPILERS)
