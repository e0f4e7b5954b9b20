"""Users' JSON Schemas: checked, and judged by `jsonschema` alone.

jsonschema is imported where a schema is first used: it costs more than a whole run without one.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_scenarios.checks.text_formats import SCHEMA_FORMATS

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

    from lambda_scenarios.model.values import DocPath, Json

_REMOTE = "schemas are not fetched: put what it names into `$defs` of this schema"


class SchemaProblem(NamedTuple):
    """What is wrong with a schema, and where in it."""

    path: DocPath
    problem: str
    note: str = ""


class SchemaMismatch(NamedTuple):
    """Where a value violates a schema: the places in the value and in the schema, and what is wrong."""

    value_path: DocPath
    schema_path: DocPath
    message: str
    keyword: str
    found: Json


def check_schema(schema: Json) -> tuple[SchemaProblem, ...]:
    """The problems of a schema as such; empty where it can be used."""
    if not isinstance(schema, (dict, bool)):
        return (SchemaProblem((), "a JSON Schema is a mapping, true or false"),)
    dialect = schema.get("$schema") if isinstance(schema, dict) else None
    cls = _validator_class(schema) if dialect is None or isinstance(dialect, str) else None
    if cls is None:
        return (
            SchemaProblem(
                ("$schema",),
                f"unknown dialect of JSON Schema: {json.dumps(dialect)}",
                "known: draft-03, -04, -06, -07, 2019-09 and 2020-12 (the default)",
            ),
        )
    problems: list[SchemaProblem] = []
    meta = cls(cls.META_SCHEMA, format_checker=cls.FORMAT_CHECKER)
    for error in meta.iter_errors(schema):
        deepest = _deepest(error)
        problems.append(SchemaProblem(tuple(deepest.absolute_path), _told(deepest, as_schema=True)))
    return tuple(problems) or tuple(_unresolvable(schema))


def schema_mismatches(schema: str, value: Json, limit: int) -> tuple[SchemaMismatch, ...]:
    """Why `value` is not valid under the schema (a JSON text); empty where it is. At most `limit`."""
    import referencing.exceptions

    validator: Any = _validator(schema)
    found: list[SchemaMismatch] = []
    try:
        for error in validator.iter_errors(value):
            deepest = _deepest(error)
            found.append(
                SchemaMismatch(
                    tuple(deepest.absolute_path),
                    _own_path(validator.schema, deepest),
                    _told(deepest),
                    str(deepest.validator),
                    deepest.instance,
                )
            )
            if len(found) >= limit:
                break
    except (referencing.exceptions.Unresolvable, RecursionError) as error:
        reason = "it refers to itself without end" if isinstance(error, RecursionError) else _REMOTE
        found.append(SchemaMismatch((), (), f"the schema can't be judged: {reason}", "$ref", value))
    return tuple(found)


def schema_holds(schema: str, value: Json) -> bool:
    """Is `value` valid under the schema (a JSON text)?"""
    return not schema_mismatches(schema, value, 1)


def _validator_class(schema: Json) -> Any:
    """The class for the schema's dialect, 2020-12 where it names none; None where it is unknown."""
    import jsonschema

    if isinstance(schema, dict) and "$schema" in schema:
        # Without a default given, an unknown dialect would be read as the newest one.
        look_up: Any = jsonschema.validators.validator_for  # its types don't allow None as default
        return look_up(schema, default=None)
    return jsonschema.Draft202012Validator


@functools.lru_cache(maxsize=256)  # a validator costs about 0.2 ms to make; suites share schemas
def _validator(schema: str) -> Validator:
    parsed = json.loads(schema)
    validator: Validator = _validator_class(parsed)(
        parsed, registry=_registry(), format_checker=_format_checker()
    )
    return validator


def _registry() -> Any:
    """The dialects' own meta-schemas; anything else is refused rather than fetched."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # ships no types
    from referencing import Registry

    refusing: Any = Registry
    return REGISTRY.combine(refusing(retrieve=_retrieve))


@functools.lru_cache(maxsize=1)
def _format_checker() -> FormatChecker:
    from jsonschema import FormatChecker

    checker = FormatChecker()
    for name, judge in SCHEMA_FORMATS.items():
        checker.checks(name)(_only_strings(judge))
    return checker


def _only_strings(judge: Any) -> Any:
    return lambda value: not isinstance(value, str) or judge(value)


def _retrieve(uri: str) -> Any:
    from referencing.exceptions import NoSuchResource

    raise NoSuchResource(uri)


def _unresolvable(schema: Json) -> list[SchemaProblem]:
    """References that lead nowhere: found before anything runs, and never looked up on a network."""
    from referencing import Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    if not isinstance(schema, dict):
        return []
    root: Any = Resource.from_contents(schema, default_specification=DRAFT202012)
    registry = _registry()
    problems: list[SchemaProblem] = []
    waiting = [(root, registry.resolver_with_root(root))]
    while waiting:
        resource, resolver = waiting.pop()
        contents = resource.contents
        if isinstance(contents, dict):
            for keyword in ("$ref", "$dynamicRef"):
                reference = contents.get(keyword)
                if not isinstance(reference, str):
                    continue
                try:
                    resolver.lookup(reference)
                except Unresolvable:
                    problem = f"the reference {json.dumps(reference)} leads nowhere"
                    note = "" if reference.startswith("#") else _REMOTE
                    problems.append(SchemaProblem(_find(schema, contents, keyword), problem, note))
                except ValueError:
                    problems.append(
                        SchemaProblem(_find(schema, contents, keyword), f"{reference!r} is no reference")
                    )
        waiting += [(sub, resolver.in_subresource(sub)) for sub in resource.subresources()]
    return problems


def _find(schema: Json, wanted: Json, keyword: str) -> DocPath:
    """The path of a subschema, found by identity: `referencing` doesn't tell it."""
    waiting: list[tuple[DocPath, Json]] = [((), schema)]
    while waiting:
        path, value = waiting.pop()
        if value is wanted:
            return (*path, keyword)
        if isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, i), inner) for i, inner in enumerate(value)]
    return ()


def _own_path(schema: Json, error: ValidationError) -> DocPath:
    """The path within the schema's own text: it ends where a reference is followed.

    jsonschema's paths go on in what is referred to, without saying so.
    """
    path: list[str | int] = []
    here = schema
    for step in error.absolute_schema_path:
        if isinstance(here, dict) and step in here:
            here = here[str(step)]
        elif isinstance(here, list) and isinstance(step, int):
            here = here[step]
        else:
            reference = ("$ref", "$dynamicRef")
            return (*path, *[key for key in reference if isinstance(here, dict) and key in here][:1])
        path.append(step)
    return tuple(path)


def _deepest(error: Any) -> Any:
    """Of `anyOf` and `oneOf`, the branch that was meant, where that is plain: it says more than the whole.

    A branch whose type fits is meant rather than one whose type doesn't.
    """
    while error.context:
        branches: dict[object, list[Any]] = {}
        for inner in error.context:
            branches.setdefault(inner.relative_schema_path[0], []).append(inner)
        fitting = [
            errors
            for errors in branches.values()
            if not any(e.validator == "type" and not e.relative_path for e in errors)
        ]
        if len(fitting) != 1:
            break
        error = fitting[0][0]
    return error


def _told(error: Any, as_schema: bool = False) -> str:
    """jsonschema's message, where it is one that people can read; else one of our own."""
    from lambda_scenarios.checks.wording import noun_of_types, short, told

    wanted, value = error.validator_value, error.instance
    if error.validator == "type":
        types = (wanted,) if isinstance(wanted, str) else tuple(map(str, wanted))
        return f"expected {noun_of_types(types)}, found {told(value)}"
    if error.validator == "required" and isinstance(value, dict):
        missing = [key for key in wanted if key not in value]
        return (
            f"the key {short(missing[0])} is missing"
            if len(missing) == 1
            else (f"the keys {', '.join(map(short, missing))} are missing")
        )
    if error.validator == "additionalProperties" and wanted is False:
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        more = [key for key in value if key not in known]
        return f"unexpected key {', '.join(map(short, more))}" if more else str(error.message)
    if error.validator == "enum":
        from lambda_scenarios.errors import did_you_mean

        near = (
            did_you_mean(value, [w for w in wanted if isinstance(w, str)]) if isinstance(value, str) else None
        )
        hint = f" (did you mean {short(near)}?)" if near and as_schema else ""
        return f"expected one of {', '.join(map(short, wanted))}, found {told(value)}{hint}"
    if error.validator == "const":
        return f"expected {short(wanted)}, found {told(value)}"
    if error.validator == "format" and isinstance(value, str):
        return f"expected the format {wanted}, found {short(value)}"
    if error.validator == "pattern":
        return f"expected text that matches {wanted}, found {short(value)}"
    if error.validator in ("anyOf", "oneOf") and error.context:
        count = len(wanted)
        return f"{short(value)} is valid under none of the {count} schemas of {error.validator}"
    told_by_library: str = error.message.replace("\n", " ")
    return (
        told_by_library
        if len(told_by_library) <= 200
        else f"{error.validator} does not hold for {short(value)}"
    )
