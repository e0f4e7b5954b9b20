"""Recognises scenario files that are plainly sound, so that nearly always no schema engine is imported.

Importing jsonschema_rs takes longer than running one scenario. This check knows the common part of
schemas/scenario.schema.json and is stricter, never laxer: what it doesn't know is left to the schema.
A property test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lambda_scenarios.model.values import Json, WrittenFloat, WrittenInt

_NUMBERS = frozenset({int, float, WrittenInt, WrittenFloat})
_SCALARS = _NUMBERS | {str, bool, type(None)}
_Check = Callable[[Any], bool]


def is_plainly_sound(document: Json) -> bool:
    """Whether the schema surely accepts the document. False says nothing."""
    return type(document) is dict and "scenarios" in document and _top(document)


def are_plainly_sound_defaults(document: Json) -> bool:
    """The same for the document of a `_defaults.yml`."""
    return type(document) is dict and "scenarios" not in document and _top(document)


def _top(mapping: dict[str, Any]) -> bool:
    return all(key[:2] == "x-" or (key in _TOP and _TOP[key](value)) for key, value in mapping.items())


def _keys(mapping: dict[str, Any], checks: dict[str, _Check]) -> bool:
    for key, value in mapping.items():
        check = checks.get(key)
        if check is None or not check(value):
            return False
    return True


def _anything(_value: Any) -> bool:
    return True


def _text(value: Any) -> bool:
    return type(value) is str


def _filled(value: Any) -> bool:
    return type(value) is str and value != ""


def _mapping(value: Any) -> bool:
    return type(value) is dict


def _true(value: Any) -> bool:
    return value is True


def _at_least_zero(value: Any) -> bool:
    return type(value) in _NUMBERS and value >= 0


def _whole(value: Any) -> bool:
    return type(value) is int and value >= 0


def _comparable(value: Any) -> bool:
    return type(value) in _NUMBERS or type(value) is str


def _value(value: Any) -> bool:
    """An expected value, with matchers."""
    if type(value) is dict:
        for key in value:
            if key[:1] == "$":
                return _keys(value, _MATCHERS)
        return all(map(_value, value.values()))
    return all(map(_value, value)) if type(value) is list else type(value) in _SCALARS


def _values(value: Any) -> bool:
    return type(value) is list and value != [] and all(map(_value, value))


def _values_by_name(value: Any) -> bool:
    return type(value) is dict and _value(value)


def _matchers(value: Any) -> bool:
    return type(value) is dict and value != {} and _keys(value, _MATCHERS)


def _template(value: Any) -> bool:
    return type(value) is str and value[:2] == "{{" and value[-2:] == "}}" and len(value) > 3


def _limit(value: Any) -> bool:
    return _at_least_zero(value) or _matchers(value) or _template(value)


def _schema(value: Any) -> bool:
    return type(value) is dict or _filled(value)


def _checks(value: Any) -> bool:
    return (
        type(value) is list
        and value != []
        and all(
            type(check) is dict and check.keys() == _CHECK and _filled(check["at"]) and _value(check["value"])
            for check in value
        )
    )


def _event_set(value: Any) -> bool:
    return type(value) is dict and "" not in value


def _matrix(value: Any) -> bool:
    return type(value) is dict and value != {} and all(type(a) is list and a != [] for a in value.values())


def _rows(value: Any) -> bool:
    return type(value) is list and value != [] and all(type(row) is dict for row in value)


def _name(value: Any) -> bool:
    return _filled(value) and "::" not in value


def _tags(value: Any) -> bool:
    return type(value) is list and all(map(_filled, value))


def _environment(value: Any) -> bool:
    return type(value) is dict and all(
        type(item) in _SCALARS and key != "" and "=" not in key and "\0" not in key
        for key, item in value.items()
    )


def _resolve(value: Any) -> bool:
    return type(value) is dict and "" not in value and all(type(item) is str for item in value.values())


def _http(value: Any) -> bool:
    return type(value) is dict and _keys(value, _HTTP)


def _error(value: Any) -> bool:
    return value is True or (type(value) is dict and _keys(value, _ERROR))


def _snapshot(value: Any) -> bool:
    return value is True or (type(value) is dict and _keys(value, _SNAPSHOT))


def _expect(value: Any) -> bool:
    if type(value) is not dict or not _keys(value, _EXPECT):
        return False
    return "error" not in value or _RESULTS.isdisjoint(value)


def _step(value: Any) -> bool:
    return (
        type(value) is dict
        and _keys(value, _STEP)
        and all(len(group.intersection(value)) < 2 for group in _GROUPS)
    )


def _functions(value: Any) -> bool:
    return type(value) is dict and all(
        type(one) is dict
        and _keys(one, _FUNCTION)
        and ("image" in one or ("handler" in one and "runtime" in one))
        for one in value.values()
    )


def _with_defaults(value: Any) -> bool:
    """A scenario's mapping, whether or not it has a name."""
    return (
        type(value) is dict
        and _keys(value, _SCENARIO)
        and all(len(group.intersection(value)) < 2 for group in _GROUPS)
    )


def _defaults(value: Any) -> bool:
    return _with_defaults(value) and "name" not in value


def _scenarios(value: Any) -> bool:
    return (
        type(value) is list
        and value != []
        and all(_with_defaults(scenario) and "name" in scenario for scenario in value)
    )


_FORMATS = ("uuid", "date-time", "date", "time", "email", "uri", "ipv4", "ipv6", "hostname")
_MATCHERS: dict[str, _Check] = {
    **dict.fromkeys(("$present", "$absent"), _true),
    **dict.fromkeys(("$optional", "$not", "$contains", "$json", "$base64"), _value),
    **dict.fromkeys(("$partial", "$exactly", "$each"), _value),
    **dict.fromkeys(("$in", "$unordered", "$all_of", "$any_of"), _values),
    **dict.fromkeys(("$regex", "$starts_with", "$ends_with"), _text),
    **dict.fromkeys(("$gt", "$gte", "$lt", "$lte"), _comparable),
    "$length": lambda value: _whole(value) or _matchers(value),
    "$type": lambda value: value in ("string", "number", "integer", "boolean", "array", "object", "null"),
    "$format": lambda value: value in _FORMATS,
    "$schema": _schema,
    "$literal": _anything,
}
_HTTP: dict[str, _Check] = {
    "status": lambda value: (
        (type(value) is int and 100 <= value <= 599) or _matchers(value) or _template(value)
    ),
    "headers": _values_by_name,
    "cookies": _values_by_name,
    "body": _value,
    "body_includes": _value,
}
_ERROR: dict[str, _Check] = dict.fromkeys(("type", "message", "stack"), _value)
_SNAPSHOT: dict[str, _Check] = {"ignore": lambda value: type(value) is list and all(map(_filled, value))}
_EXPECT: dict[str, _Check] = {
    "output": _value,
    "output_includes": _value,
    "output_path": _filled,
    "output_schema": _schema,
    "snapshot": _snapshot,
    "checks": _checks,
    "http": _http,
    "error": _error,
    "logs": lambda value: type(value) is str or _values(value) or _matchers(value),
    "log_records": _values,
    **dict.fromkeys(("duration_ms", "init_ms", "memory_mb"), _limit),
}
_RESULTS = frozenset(
    {"output", "output_includes", "output_path", "output_schema", "snapshot", "http", "checks"}
)
_GROUPS = (
    frozenset({"event", "event_path", "event_from"}),
    frozenset({"context", "context_path"}),
    frozenset({"matrix", "cases", "cases_path"}),
)
_CHECK = {"at", "value"}
_SCENARIO: dict[str, _Check] = {
    "name": _name,
    "description": _text,
    "function": _filled,
    "event": _anything,
    "event_path": _filled,
    "event_from": _filled,
    "event_set": _event_set,
    "context": _mapping,
    "context_path": _filled,
    "matrix": _matrix,
    "matrix_exclude": lambda value: _rows(value) and {} not in value,
    "cases": _rows,
    "cases_path": _filled,
    "env": _environment,
    "expect": _expect,
    "vars": _mapping,
    "tags": _tags,
    "timeout": lambda value: _template(value) or (type(value) in _NUMBERS and value > 0),
    "isolation": lambda value: value in ("warm", "cold"),
    "skip": lambda value: type(value) in (bool, str),
    "steps": lambda value: type(value) is list and value != [] and all(map(_step, value)),
    "retries": lambda value: _whole(value) or _template(value),
    "repeat": lambda value: _template(value) or (_whole(value) and value > 0),
    "serial": _filled,
    "xfail": _filled,
    "credentials": lambda value: value in ("none", "inherit", "role"),
    "backend": lambda value: value in ("auto", "local", "docker", "aws"),
}
_STEP: dict[str, _Check] = {
    "id": lambda value: type(value) is str and value.isascii() and value.isidentifier(),
    **{
        key: _SCENARIO[key]
        for key in (
            *("function", "event", "event_path", "event_from", "event_set", "context", "context_path"),
            *("env", "timeout", "expect"),
        )
    },
}
_FUNCTION: dict[str, _Check] = {
    **dict.fromkeys(("handler", "runtime", "code", "image", "build"), _filled),
    "timeout": lambda value: type(value) in _NUMBERS and value > 0,
    "memory": lambda value: type(value) is int and value > 0,
    "environment": _environment,
    "layers": lambda value: type(value) is list and all(map(_filled, value)),
    "architecture": lambda value: value in ("x86_64", "arm64"),
}
_TOP: dict[str, _Check] = {
    "version": lambda value: type(value) is int and value == 1,
    "service": lambda value: value is None or _filled(value),
    "stage": _filled,
    "params": _mapping,
    "vars": _mapping,
    "resolve": _resolve,
    "functions": _functions,
    "defaults": _defaults,
    "scenarios": _scenarios,
}
