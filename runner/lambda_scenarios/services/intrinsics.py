"""Intrinsic functions of CloudFormation, evaluated: a pure function of a value and what it refers to.

Functions are in their long form, a mapping with one key (`{"Fn::Sub": "…"}`): the YAML reader makes this of
tags. Only what is needed is evaluated: of `Fn::If` the branch that applies. Source:
docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html, `Fn::Length` and
`Fn::ToJsonString` as with the transform AWS::LanguageExtensions.
"""

from __future__ import annotations

import re

from lambda_scenarios.model.values import DocPath, Json
from lambda_scenarios.services.evaluation import (
    NO_VALUE,
    Evaluation,
    Functions,
    NoValue,
    as_text,
    asked,
    kind,
    scalar_text,
)
from lambda_scenarios.services.references import CannotResolve, References

_LONGEST_TEXT = 6_000_000  # characters; a join of joins multiplies
_MOST_CIDRS = 256

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_.:]+")
_INDEX = re.compile(r"[0-9]{1,9}")


def resolve(value: Json, references: References) -> Json:
    """`value` with every function in it evaluated. Never changes `value`. Raises CannotResolve.

    What is `Ref: AWS::NoValue` is left out of the mapping or list that holds it; null where nothing does.
    """
    try:
        result = Evaluation(_FUNCTIONS, references).value(value, 0)
    except RecursionError:  # references that evaluate values that refer to others, and so on
        raise CannotResolve("it is nested too deep") from None
    return None if isinstance(result, NoValue) else result


def resolve_condition(value: Json, references: References) -> bool:
    """A condition: `Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not`, `Condition`. Raises CannotResolve."""
    try:
        return Evaluation(_FUNCTIONS, references).boolean(value, 0)
    except RecursionError:
        raise CannotResolve("it is nested too deep") from None


def _ref(evaluation: Evaluation, argument: Json, depth: int) -> Json | NoValue:
    name = evaluation.value(argument, depth)
    if not isinstance(name, str):
        raise CannotResolve("`Ref` takes the name of a parameter or a resource")
    return NO_VALUE if name == "AWS::NoValue" else asked(evaluation.references.ref, name)


def _get_att(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    if isinstance(argument, str):
        argument = list(argument.split(".", 1))
    form = "a resource and an attribute"
    parts = evaluation.arguments("Fn::GetAtt", argument, 2, 9, form)
    names = [evaluation.text_at("Fn::GetAtt", index, part, depth) for index, part in enumerate(parts)]
    return asked(evaluation.references.attribute, names[0], ".".join(names[1:]))


def _sub(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    variables: dict[str, Json] = {}
    template = argument
    if isinstance(argument, list):
        form = "a text, or a list of a text and a mapping of variables"
        template, second = evaluation.arguments("Fn::Sub", argument, 2, 2, form)
        if not isinstance(second, dict):
            raise CannotResolve("the second argument of `Fn::Sub` is a mapping of variables", path=(1,))
        variables = second
    path: DocPath = (0,) if isinstance(argument, list) else ()
    if not isinstance(template, str):
        raise CannotResolve(f"`Fn::Sub` takes a text, not {kind(template)}", path=path)
    known: dict[str, str] = {}

    def replaced(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        if name not in known:
            known[name] = variable(name, match[0])
        return known[name]

    def variable(name: str, written: str) -> str:
        if name in variables:
            try:
                return as_text("Fn::Sub", evaluation.at(name, variables[name], depth), (name,))
            except CannotResolve as failure:
                failure.path = (1, *failure.path)
                raise
        if not _VARIABLE_NAME.fullmatch(name):
            reason = "a variable of `Fn::Sub` has letters, digits, `_`, `.` and `:` only"
            raise CannotResolve(reason, "`${!…}` keeps it as it is", text=written, path=path)
        resource, dot, attribute = name.partition(".")
        try:
            if dot:
                found: Json | NoValue = asked(evaluation.references.attribute, resource, attribute)
            else:
                found = _ref(evaluation, name, depth)
            return as_text("Fn::Sub", found, ())
        except CannotResolve as failure:
            failure.path, failure.text = path, written
            raise

    return _limited(_VARIABLE.sub(replaced, template))


def _join(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    parts = evaluation.arguments("Fn::Join", argument, 2, 2, "a delimiter and a list")
    delimiter = evaluation.text_at("Fn::Join", 0, parts[0], depth)
    items = evaluation.list_at("Fn::Join", 1, parts[1], depth)
    texts = [as_text("Fn::Join", item, (1,)) for item in items]
    if sum(map(len, texts)) + len(delimiter) * len(texts) > _LONGEST_TEXT:
        raise CannotResolve("the text that it makes is too long")
    return delimiter.join(texts)


def _select(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    """Of a list that stands in the template only the chosen item is evaluated."""
    parts = evaluation.arguments("Fn::Select", argument, 2, 2, "an index and a list")
    written = evaluation.text_at("Fn::Select", 0, parts[0], depth)
    if not _INDEX.fullmatch(written):
        raise CannotResolve(f"the index of `Fn::Select` is a number from 0, not `{written}`", path=(0,))
    index = int(written)
    items = parts[1] if isinstance(parts[1], list) else evaluation.list_at("Fn::Select", 1, parts[1], depth)
    if index >= len(items):
        count = f"{len(items)} element" + ("" if len(items) == 1 else "s")
        raise CannotResolve(f"`Fn::Select` has no element {index}: the list has {count}", path=(0,))
    if not isinstance(parts[1], list):
        return items[index]
    try:
        found = evaluation.at(index, items[index], depth + 1)
    except CannotResolve as failure:
        failure.path = (1, *failure.path)
        raise
    if isinstance(found, NoValue):
        raise CannotResolve("`Fn::Select` chooses AWS::NoValue", path=(1, index))
    return found


def _split(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    parts = evaluation.arguments("Fn::Split", argument, 2, 2, "a delimiter and a text")
    delimiter = evaluation.text_at("Fn::Split", 0, parts[0], depth)
    if not delimiter:
        raise CannotResolve("the delimiter of `Fn::Split` is empty", path=(0,))
    text = evaluation.text_at("Fn::Split", 1, parts[1], depth)
    return list(text.split(delimiter))


def _find_in_map(evaluation: Evaluation, argument: Json, depth: int) -> Json | NoValue:
    """With a fourth argument `{DefaultValue: …}`, that where the mapping has no such keys."""
    parts = evaluation.arguments("Fn::FindInMap", argument, 3, 4, "a mapping and two keys")
    keys = [evaluation.text_at("Fn::FindInMap", index, part, depth) for index, part in enumerate(parts[:3])]
    fallback = parts[3] if len(parts) == 4 else None
    if len(parts) == 4 and not (isinstance(fallback, dict) and set(fallback) == {"DefaultValue"}):
        raise CannotResolve("the last argument of `Fn::FindInMap` is `{DefaultValue: …}`", path=(3,))
    try:
        return asked(evaluation.references.mapped, *keys)
    except CannotResolve:
        if not isinstance(fallback, dict):
            raise
    try:
        return evaluation.at("DefaultValue", fallback["DefaultValue"], depth)
    except CannotResolve as failure:
        failure.path = (3, *failure.path)
        raise


def _if(evaluation: Evaluation, argument: Json, depth: int) -> Json | NoValue:
    parts = evaluation.arguments("Fn::If", argument, 3, 3, "a condition and two values")
    holds = _condition_at(evaluation, 0, parts[0], depth, named=True)
    chosen = 1 if holds else 2
    return evaluation.at(chosen, parts[chosen], depth)


def _equals(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    """Scalars are compared as texts: CloudFormation knows nothing else."""
    parts = evaluation.arguments("Fn::Equals", argument, 2, 2, "two values")
    first, second = (evaluation.at(index, part, depth) for index, part in enumerate(parts))
    return _comparable(first) == _comparable(second)


def _and(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    parts = evaluation.arguments("Fn::And", argument, 2, 10, "from 2 to 10 conditions")
    return all(_condition_at(evaluation, index, part, depth) for index, part in enumerate(parts))


def _or(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    parts = evaluation.arguments("Fn::Or", argument, 2, 10, "from 2 to 10 conditions")
    return any(_condition_at(evaluation, index, part, depth) for index, part in enumerate(parts))


def _not(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    parts = evaluation.arguments("Fn::Not", argument, 1, 1, "a list of one condition")
    return not _condition_at(evaluation, 0, parts[0], depth)


def _base64(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    from base64 import b64encode

    text = as_text("Fn::Base64", evaluation.value(argument, depth), ())
    return b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


def _import_value(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    name = as_text("Fn::ImportValue", evaluation.value(argument, depth), ())
    return asked(evaluation.references.imported, name)


def _get_azs(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    region = as_text("Fn::GetAZs", evaluation.value(argument, depth), ())
    if not region:
        region = as_text("Fn::GetAZs", asked(evaluation.references.ref, "AWS::Region"), ())
    return list(asked(evaluation.references.zones, region))


def _cidr(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    form = "a block, a count and a number of bits"
    parts = evaluation.arguments("Fn::Cidr", argument, 3, 3, form)
    block, count, bits = (
        evaluation.text_at("Fn::Cidr", index, part, depth) for index, part in enumerate(parts)
    )
    import ipaddress  # 8 ms

    try:
        network = ipaddress.ip_network(block, strict=False)
        if not 1 <= int(count) <= _MOST_CIDRS:
            raise CannotResolve(f"`Fn::Cidr` makes from 1 to {_MOST_CIDRS} blocks, not {count}", path=(1,))
        subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
        found: list[Json] = [str(subnet) for _, subnet in zip(range(int(count)), subnets, strict=False)]
    except ValueError as error:
        raise CannotResolve(f"`Fn::Cidr`: {error}") from None
    if len(found) < int(count):
        raise CannotResolve(f"{block} has no room for {count} blocks with {bits} bits", path=(1,))
    return found


def _length(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    found = evaluation.value(argument, depth)
    if not isinstance(found, list):
        raise CannotResolve(f"`Fn::Length` takes a list, not {kind(found)}")
    return len(found)


def _to_json_string(evaluation: Evaluation, argument: Json, depth: int) -> Json:
    import json

    found = evaluation.value(argument, depth)
    if not isinstance(found, (dict, list)):
        raise CannotResolve(f"`Fn::ToJsonString` takes a mapping or a list, not {kind(found)}")
    return _limited(json.dumps(found, ensure_ascii=False, separators=(",", ":")))


def _condition_at(
    evaluation: Evaluation, index: int, value: Json, depth: int, *, named: bool = False
) -> bool:
    """A condition among the arguments; with `named`, a text is the name of one."""
    try:
        if named and isinstance(value, str):
            return asked(evaluation.references.condition, value)
        return evaluation.boolean(value, depth + 1)
    except CannotResolve as failure:
        failure.path = (index, *failure.path)
        raise


def _comparable(value: Json | NoValue) -> object:
    if isinstance(value, (str, bool, int, float)):
        return scalar_text(value)
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return [_comparable(item) for item in value] if isinstance(value, list) else value


def _limited(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise CannotResolve("the text that it makes is too long")
    return text


_FUNCTIONS: Functions = {
    "Ref": _ref,
    "Fn::And": _and,
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::Equals": _equals,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _get_azs,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Not": _not,
    "Fn::Or": _or,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json_string,
}
