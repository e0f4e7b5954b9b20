"""`Fn::ForEach` of the transform AWS::LanguageExtensions, expanded.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.services.evaluation import scalar_text
from lambda_scenarios.services.intrinsics import resolve
from lambda_scenarios.services.references import CannotResolve, References
from lambda_scenarios.services.variables import Located

PREFIX = "Fn::ForEach::"
_MOST = 5_000  # entries; loops in loops multiply
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")


def expanded(
    entries: Mapping[str, Json], origin: Origin, references: References
) -> Iterator[tuple[str, Located]]:
    """The entries of a mapping, those of loops in place of the loops. Raises CannotResolve.

    An entry's origin is the body that it was made from.
    """
    if not any(key.startswith(PREFIX) for key in entries):
        yield from ((key, Located(value, origin.at(key))) for key, value in entries.items())
        return
    for count, (key, located) in enumerate(_entries(entries, origin, {}, references)):
        if count >= _MOST:
            raise CannotResolve(f"the loops of this template make more than {_MOST} entries")
        yield key, located


def _entries(
    entries: Mapping[str, Json], origin: Origin, variables: Mapping[str, str], references: References
) -> Iterator[tuple[str, Located]]:
    for key, value in entries.items():
        if not key.startswith(PREFIX):
            yield _filled(key, variables), Located(_replaced(value, variables), origin.at(key))
            continue
        name = key[len(PREFIX) :]
        if not (isinstance(value, list) and len(value) == 3):
            raise CannotResolve(f"loop `{name}` takes an identifier, a collection and a mapping")
        identifier, collection, body = value
        if not isinstance(identifier, str) or not isinstance(body, dict):
            raise CannotResolve(f"loop `{name}` takes an identifier, a collection and a mapping")
        items = resolve(_replaced(collection, variables), references)
        if not isinstance(items, list):
            raise CannotResolve(f"the collection of loop `{name}` is no list")
        for item in items:
            if not isinstance(item, (str, bool, int, float)):
                raise CannotResolve(f"the collection of loop `{name}` holds something that is no text")
            inner = {**variables, identifier: scalar_text(item)}
            yield from _entries(body, origin.at(key, 2), inner, references)


def _replaced(value: Json, variables: Mapping[str, str]) -> Json:
    """A value with `${Variable}`, `&{Variable}` and `Ref: Variable` filled in, keys included."""
    if not variables:
        return value
    if isinstance(value, str):
        return _filled(value, variables)
    if isinstance(value, list):
        return [_replaced(item, variables) for item in value]
    if isinstance(value, dict):
        name = value.get("Ref")
        if len(value) == 1 and isinstance(name, str) and name in variables:
            return variables[name]
        return {_filled(key, variables): _replaced(item, variables) for key, item in value.items()}
    return value


def _filled(text: str, variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        text = text.replace("${" + name + "}", value)
        text = text.replace("&{" + name + "}", _NOT_ALPHANUMERIC.sub("", value))
    return text
