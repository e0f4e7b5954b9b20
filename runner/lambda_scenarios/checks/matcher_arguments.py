"""The matchers whose argument is no expected value: a pattern, a bound, a type, a schema."""

from __future__ import annotations

import math
import re

from lambda_scenarios.checks.reading import Mode, Reading, plain, shown
from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.expectation import Matches, Near, Node, Scalar, SchemaIs, TypeIs
from lambda_scenarios.model.values import DocPath, Json

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")


def type_of(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    names = value if isinstance(value, list) else [value]
    if not names:
        reading.wrong(path, f"`{name}` names no type", "there are: " + ", ".join(TYPES))
    known: list[str] = []
    for i, item in enumerate(names):
        if isinstance(item, str) and item in TYPES:
            known.append(item)
            continue
        here = (*path, i) if isinstance(value, list) else path
        near = did_you_mean(_TYPE_ALIASES.get(item, item), TYPES) if isinstance(item, str) else None
        hint = f"did you mean `{near}`?" if near else "there are: " + ", ".join(TYPES)
        reading.wrong(here, f"unknown type `{shown(item)}`", hint)
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


def regex(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
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


def text(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    if not isinstance(value, str):
        reading.wrong(path, f"`{name}` takes a string", "put it into quotes" if value is not None else "")
        return None
    return Scalar(name, value)


def bound(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    if isinstance(value, str):
        return Scalar(name, value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        reading.wrong(path, f"`{name}` takes a number or a string")
        return None
    number = plain(value, path, reading)
    return Scalar(name, number) if isinstance(number, (int, float)) else None


def format_of(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    from lambda_scenarios.checks.text_formats import FORMATS

    if isinstance(value, str) and value in FORMATS:
        return Scalar(name, value)
    names = tuple(FORMATS)
    near = did_you_mean(value, names) if isinstance(value, str) else None
    hint = f"did you mean `{near}`?" if near else "there are: " + ", ".join(names)
    reading.wrong(path, f"unknown format `{shown(value)}`", hint)
    return None


def approx(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
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


def schema(_name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    return compile_schema(value, path, reading, inline=True)


def compile_schema(value: Json, path: DocPath, reading: Reading, inline: bool) -> Node | None:
    """The node of a JSON Schema. Problems of a schema of another file are told at `path` itself."""
    import json

    from lambda_scenarios.checks.json_schemas import check_schema

    problems = check_schema(plain(value, path, reading))
    for problem in problems:
        notes = (problem.note,) if problem.note else ()
        if not inline and problem.path:
            notes = (f"at {'/'.join(map(str, problem.path))} of the schema", *notes)
        where = (*path, *problem.path) if inline else path
        reading.wrong(where, "invalid JSON Schema", problem.problem, *notes)
    return None if problems else SchemaIs(json.dumps(value))
