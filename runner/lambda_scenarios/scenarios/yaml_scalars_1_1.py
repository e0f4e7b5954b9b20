"""Plain scalars of YAML 1.1, which CloudFormation and SAM read templates by: `yes` is true, `010` is eight.

Source: yaml.org/type/ (bool, int, float, null), as PyYAML has them (yaml/resolver.py, yaml/constructor.py).
Timestamps stay texts: SAM makes texts of them again.
"""

from __future__ import annotations

import re

from lambda_scenarios.model.values import Json
from lambda_scenarios.scenarios.yaml_scalars import NotJsonError
from lambda_scenarios.scenarios.yaml_scalars import resolve as resolve_core

_CONSTANTS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **{form: True for word in ("yes", "true", "on") for form in (word, word.capitalize(), word.upper())},
    **{form: False for word in ("no", "false", "off") for form in (word, word.capitalize(), word.upper())},
}
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_BASED = re.compile(
    r"([-+]?)(?:0b(?P<binary>[01_]*[01][01_]*)|0x(?P<hex>[0-9a-fA-F_]*[0-9a-fA-F][0-9a-fA-F_]*)|0(?P<octal>[0-7_]+))"
)
_SIXTIES = re.compile(r"([-+]?)([1-9][0-9_]*(?::[0-5]?[0-9])+)")
_FLOAT = re.compile(r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?")
_FLOAT_SIXTIES = re.compile(r"([-+]?)([0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

# What a scalar that is no string can begin with ("" stands for the empty scalar).
NOT_STRINGS = frozenset([*"-+.0123456789~nNtTfFyYoO", ""])

_MOST_DIGITS = 4300  # Python refuses to print longer integers


def resolve(text: str) -> Json:
    """The value of a plain scalar. Raises NotJsonError."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) > _MOST_DIGITS and text[:1] in "-+0123456789":
        return resolve_core(text)
    if _DECIMAL.fullmatch(text):
        return int(text.replace("_", ""))
    based = _BASED.fullmatch(text)
    if based:
        return _signed(based[1], _integer(based))
    sixties = _SIXTIES.fullmatch(text)
    if sixties:
        return _signed(sixties[1], int(_in_sixties(sixties[2])))
    if _FLOAT.fullmatch(text):
        return _finite(float(text.replace("_", "")), text)
    sixties = _FLOAT_SIXTIES.fullmatch(text)
    if sixties:
        return _finite(float(_signed(sixties[1], _in_sixties(sixties[2]))), text)
    if _NOT_FINITE.fullmatch(text):
        raise NotJsonError(f"`{text}` is a number that JSON can't say")
    return text


def _integer(based: re.Match[str]) -> int:
    if based["binary"] is not None:
        return int(based["binary"].replace("_", ""), 2)
    if based["hex"] is not None:
        return int(based["hex"].replace("_", ""), 16)
    return int(based["octal"].replace("_", "") or "0", 8)


def _in_sixties(text: str) -> int | float:
    value: int | float = 0
    for part in text.replace("_", "").split(":"):
        value = value * 60 + (float(part) if "." in part else int(part))
    return value


def _signed(sign: str, value: int | float) -> int | float:
    return -value if sign == "-" else value


def _finite(value: float, text: str) -> float:
    if value in (float("inf"), float("-inf")):
        raise NotJsonError(f"the number {text[:40]} is too large")
    return value
