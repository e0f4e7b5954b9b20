"""What is wrong with a document that the schema refuses, in words.

jsonschema finds the errors; since the schema chooses its branches by `if`, each error belongs to the
branch that was meant, and there are no alternatives to guess about.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from lambda_scenarios import schemas
from lambda_scenarios.errors import Diagnostic, did_you_mean
from lambda_scenarios.model.values import DocPath, Json, Origin
from lambda_scenarios.scenarios.explain_keys import missing_key, together, unknown_keys
from lambda_scenarios.scenarios.near_misses import is_near_miss

_MOST = 200  # diagnostics of one file
_STACK = 6000  # frames; jsonschema takes about a dozen for each level of a document

# What a value must be, where its JSON type says too little.
_NOUNS = {
    "timeout": "a number of seconds",
    "duration_ms": "a number of milliseconds or matchers",
    "init_ms": "a number of milliseconds or matchers",
    "memory_mb": "a number of megabytes or matchers",
    "memory": "a whole number of megabytes",
    "status": "a whole number or matchers",
    "$length": "a whole number or matchers",
    "$approx": "a number or `{value, abs, rel}`",
    "error": "`true` or a mapping of `type`, `message`, `stack`",
    "snapshot": "`true` or `{ignore: […]}`",
    "xfail": "a reason or `{reason, until}`",
    "until": "a date such as 2030-12-31",
    "skip": "`true`, `false` or a reason",
    "logs": "a string, a list or matchers",
    "jobs": "a whole number or `auto`",
    "id": "a name of letters, digits and `_` that begins with no digit",
}
# Under these, keys are the user's own names.
_FREELY_NAMED = frozenset({"env", "environment", "matrix", "functions"})
_TYPES = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "`true`, `false`",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def explain(value: Json, file: str) -> tuple[Diagnostic, ...]:
    """The diagnostics of a document that the schema refuses: at least one."""
    origin = Origin(file)
    if not isinstance(value, dict):
        problem = (
            "this file is empty" if value is None else f"a scenario file is a mapping, not {shown(value)}"
        )
        return (Diagnostic(problem, origin, "its scenarios are listed under `scenarios:`"),)
    if "scenarios" not in value:
        misspelt = _instead_of_scenarios(value, origin)
        if misspelt is not None:
            return (misspelt,)
    found = explained(value, origin, "scenario")
    return found or (Diagnostic("this doesn't follow the format of scenario files", origin),)


def explain_defaults(value: Json, file: str) -> tuple[Diagnostic, ...]:
    """The diagnostics of a `_defaults.yml` that its schema refuses: at least one."""
    origin = Origin(file)
    if not isinstance(value, dict):
        problem = f"the defaults of a directory are a mapping, not {shown(value)}"
        return (Diagnostic(problem, origin, "keys of scenarios stand under `defaults:`"),)
    found = explained(value, origin, "defaults")
    return found or (Diagnostic("this doesn't follow the format of scenario files", origin),)


def explain_settings(value: Json, origin: Origin) -> tuple[Diagnostic, ...]:
    """The diagnostics of a configuration that its schema refuses: at least one."""
    if not isinstance(value, dict):
        problem = f"a configuration is a mapping, not {shown(value)}"
        return (Diagnostic(problem, origin, "settings stand as `jobs: 4`"),)
    found = explained(value, origin, "config")
    return found or (Diagnostic("this doesn't follow the format of configuration files", origin),)


def explained(value: Json, origin: Origin, schema: schemas.Name) -> tuple[Diagnostic, ...]:
    """What a schema refuses of the value at `origin`."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _STACK))
    try:
        return tuple(_all(value, origin, schema))
    finally:
        sys.setrecursionlimit(limit)


def _instead_of_scenarios(value: dict[str, Json], origin: Origin) -> Diagnostic | None:
    for key in value:
        if is_near_miss(key):
            return Diagnostic(f"unknown key `{key}`", origin.at(key).as_key(), "did you mean `scenarios`?")
    if "expect" in value:
        label = "list scenarios under `scenarios:`"
        return Diagnostic("`expect` belongs to a scenario", origin.at("expect").as_key(), label)
    return None


def _all(value: Json, origin: Origin, schema: schemas.Name) -> list[Diagnostic]:
    """One diagnostic for each thing that is wrong, in order of the document's paths."""
    found: dict[tuple[DocPath, str], Diagnostic] = {}
    refused: set[DocPath] = set()
    for error in schemas.exact_validator(schema).iter_errors(value):
        path: DocPath = tuple(error.absolute_path)
        for diagnostic in _diagnose(error, path, origin, schema):
            if _is_about_value(error):
                if path in refused:
                    continue
                refused.add(path)
            found.setdefault((path, diagnostic.problem), diagnostic)
        if len(found) >= _MOST:
            break
    return list(found.values())


def _is_about_value(error: Any) -> bool:
    """Whether it refuses the value as a whole: of those, one for each value is enough."""
    return error.validator in {"type", "pattern", "const", "enum"} and (
        "propertyNames" not in error.absolute_schema_path
    )


def _diagnose(error: Any, path: DocPath, origin: Origin, schema: schemas.Name) -> Iterator[Diagnostic]:
    """What to say about one error of jsonschema."""
    here = origin.at(*path)
    keyword, wanted, value = error.validator, error.validator_value, error.instance
    name = subject(path)
    if "propertyNames" in error.absolute_schema_path:
        problem = f"`{value}` can't be a name here" if value else "a name can't be empty"
        label = "it holds a `=` or a NUL" if value else ""
        yield Diagnostic(problem, here.at(value).as_key(), label)
    elif keyword == "additionalProperties":
        yield from unknown_keys(error, path, here, schema)
    elif keyword == "required":
        yield from (missing_key(key, path, here) for key in wanted if _is_missing(key, error))
    elif keyword == "not":
        yield _forbidden(wanted, value, name, here)
    elif keyword == "enum" or (keyword == "const" and not isinstance(wanted, bool)):
        choices = wanted if keyword == "enum" else [wanted]
        yield _no_choice(name, choices, value, here)
    elif keyword == "const":
        yield Diagnostic(
            f"{name} can only be `{shown_constant(wanted)}`", here, "leave the key out otherwise"
        )
    elif keyword in {"type", "pattern"}:
        yield _wrong_type(error, name, path, here)
    elif keyword in {"minItems", "minProperties", "minLength"}:
        label = "" if keyword == "minLength" else "it needs at least one entry"
        yield Diagnostic(f"{name} is empty", here, label)
    elif keyword in {"minimum", "maximum", "exclusiveMinimum"}:
        relation = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}[keyword]
        yield Diagnostic(f"{name} must be {relation} {wanted}, not {value}", here)
    else:
        yield Diagnostic(f"{name} doesn't follow the format", here)


def _is_missing(key: str, error: Any) -> bool:
    """Of a missing key: whether it is absent, and not merely misspelt beside it."""
    if key in error.instance:
        return False
    known = error.schema.get("properties", {})
    return not any(did_you_mean(other, [key]) for other in error.instance if known and other not in known)


def _forbidden(wanted: dict[str, Any], value: Any, name: str, here: Origin) -> Diagnostic:
    """What a `not` of the schema stands for."""
    if "required" in wanted:
        first, second = wanted["required"]
        if first != "error":  # of two equals, the one that was written later is too many
            first, second = sorted((first, second), key=list(value).index)
        return together(first, second, here)
    if wanted.get("pattern") == "::":
        return Diagnostic(
            f"{name} can't contain `::`", here, "it separates file and name on the command line"
        )
    return Diagnostic(f"{name} must be {_NOUNS['id']}, not {shown(value)}", here)


def _no_choice(name: str, choices: list[Json], value: Json, here: Origin) -> Diagnostic:
    listed = listing([f"`{choice}`" for choice in choices])
    near = did_you_mean(value, [str(choice) for choice in choices]) if isinstance(value, str) else None
    label = f"did you mean `{near}`?" if near else ""
    return Diagnostic(f"{name} must be {listed}, not {shown(value)}", here, label)


def _wrong_type(error: Any, name: str, path: DocPath, here: Origin) -> Diagnostic:
    value = error.instance
    wanted = error.schema.get("type", "string")
    kinds = [wanted] if isinstance(wanted, str) else list(wanted)
    templated = "pattern" in error.schema and "string" in kinds and len(kinds) > 1
    if templated:
        kinds.remove("string")
    freely_named = len(path) > 1 and path[-2] in _FREELY_NAMED
    noun = None if freely_named or not path else _NOUNS.get(str(path[-1]))
    if noun is None:
        noun = listing([part for kind in kinds for part in _TYPES[kind].split(", ")])
    problem = f"{name} must be {noun}, not {shown(value)}"
    label = ""
    if kinds == ["string"] and isinstance(value, (int, float)):
        label = "put it into quotes"
    elif isinstance(value, str) and _is_number(value) and not {"number", "integer"}.isdisjoint(kinds):
        label = "leave the quotes out"
    elif kinds == ["array"] and isinstance(value, (str, int, float)):
        label = "put it into brackets: `[…]`"
    return Diagnostic(problem, here, label)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def subject(path: DocPath) -> str:
    """What a path leads to, as the beginning of a sentence."""
    if not path:
        return "this file"
    if len(path) == 2 and path[0] == "scenarios":
        return "a scenario"
    indexes = ""
    for step in reversed(path):
        if isinstance(step, str):
            return f"`{step}{indexes}`"
        indexes = f"[{step}]{indexes}"
    return f"`{indexes}`"


def shown(value: Json) -> str:
    """A value, named in a sentence."""
    if isinstance(value, str):
        text = value if len(value) <= 40 else value[:39] + "…"
        return 'the string "' + text.replace("\n", "\\n").replace("\t", "\\t") + '"'
    if isinstance(value, bool) or value is None:
        return f"`{shown_constant(value)}`"
    if isinstance(value, (int, float)):
        return f"the number {getattr(value, 'written', value)}"
    return "a list" if isinstance(value, list) else "a mapping"


def shown_constant(value: bool | None) -> str:
    """`true`, `false` and `null` as YAML writes them."""
    return "null" if value is None else str(value).lower()


def listing(items: list[str]) -> str:
    """`a`, `b` or `c`."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " or " + items[-1]
