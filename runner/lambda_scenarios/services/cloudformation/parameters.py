"""The section Parameters: which value each has.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.values import Json
from lambda_scenarios.services.evaluation import function_of, scalar_text
from lambda_scenarios.services.references import CannotResolve

if TYPE_CHECKING:
    from collections.abc import Callable

_SSM = "AWS::SSM::Parameter::Value<"
_LISTS = ("List<", "CommaDelimitedList")


def parameter_value(
    name: str,
    declared: Json,
    given: Mapping[str, Json],
    read_ssm: Callable[[str], str],
) -> Json:
    """What `Ref` gives: a text, or a list of texts for list types.

    `given` are values from outside; what they don't have is the default. `read_ssm` is asked for
    parameters whose value is the name of one of Systems Manager. Raises CannotResolve.
    """
    kind = declared.get("Type") if isinstance(declared, dict) else None
    if not isinstance(declared, dict) or not isinstance(kind, str):
        raise CannotResolve(f"parameter `{name}` has no `Type`")
    if name in given:
        value = given[name]
    elif declared.get("Default") is not None:
        value = declared["Default"]
        if function_of(value) is not None or isinstance(value, dict):
            raise CannotResolve(f"the default of parameter `{name}` must be a plain value")
    else:
        raise CannotResolve(
            f"parameter `{name}` has no value and no default",
            "",
            (
                f"pass one: --param {name}=…, or `params: {{{name}: …}}` in the scenario file "
                "or _defaults.yml",
            ),
        )
    if isinstance(value, list):
        texts = [_text(name, item) for item in value]
        return list(texts) if _is_list(kind) else ",".join(texts)
    text = _text(name, value)
    _check(name, text, declared)
    if kind.startswith(_SSM):
        text, kind = read_ssm(text), kind[len(_SSM) :]
    if not _is_list(kind):
        return text
    return [part.strip() for part in text.split(",")] if text else []


def _is_list(kind: str) -> bool:
    return kind.startswith(_LISTS)


def _text(name: str, value: Json) -> str:
    if isinstance(value, (str, bool, int, float)):
        return scalar_text(value)
    raise CannotResolve(f"the value of parameter `{name}` is no text")


def _check(name: str, text: str, declared: Mapping[str, Json]) -> None:
    allowed = declared.get("AllowedValues")
    if isinstance(allowed, list) and allowed:
        texts = [scalar_text(item) for item in allowed if isinstance(item, (str, bool, int, float))]
        if text not in texts:
            close = did_you_mean(text, texts)
            raise CannotResolve(
                f"parameter `{name}` can't be `{text}`",
                f"did you mean `{close}`?" if close else "",
                (f"its AllowedValues: {', '.join(texts)}",),
            )
    if declared.get("Type") == "Number":
        try:
            float(text)
        except ValueError:
            raise CannotResolve(f"parameter `{name}` is a number, not `{text}`") from None
