"""YAML tags: the core schema's own, and CloudFormation's short forms of intrinsic functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lambda_scenarios.scenarios.yaml_scalars import NotJsonError, resolve

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

Kind = Literal["scalar", "mapping", "sequence"]

_STANDARD = "tag:yaml.org,2002:"

# YAML 1.2.2, section 10.3.1; "!" is the non-specific tag: a plain string, mapping or list.
_KINDS: dict[str, Kind] = {
    f"{_STANDARD}map": "mapping",
    f"{_STANDARD}seq": "sequence",
    **dict.fromkeys([f"{_STANDARD}{name}" for name in ("str", "int", "float", "bool", "null")], "scalar"),
}

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html,
# with the functions of the language extensions and of rules.
_FUNCTIONS = (
    *("And", "Base64", "Cidr", "Contains", "EachMemberEquals", "EachMemberIn", "Equals", "FindInMap"),
    *("ForEach", "GetAtt", "GetAZs", "If", "ImportValue", "Join", "Length", "Not", "Or", "RefAll"),
    *("Select", "Split", "Sub", "ToJsonString", "Transform", "ValueOf", "ValueOfAll"),
)

# From the short form to the key of the long form.
CLOUDFORMATION: dict[str, str] = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{f"!{name}": f"Fn::{name}" for name in _FUNCTIONS},
}


class TagError(ValueError):
    """A tag that means nothing here, or doesn't suit its value."""

    def __init__(self, problem: str, label: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.label = label


def is_standard(tag: str, kind: Kind) -> bool:
    """Whether `tag` is one of YAML's own for this kind of node."""
    return tag == "!" or _KINDS.get(tag) == kind


def refusal(tag: str) -> tuple[str, str]:
    """Problem and label for a tag that isn't known."""
    written = "!!" + tag[len(_STANDARD) :] if tag.startswith(_STANDARD) else tag
    if tag in _KINDS:
        return f"the tag `{written}` doesn't suit this value", "leave the tag out"
    return (
        f"unknown tag `{written}`",
        "scenario files have no tags; leave it out, or put the text into quotes",
    )


def scalar(tag: str, text: str) -> Json:
    """The value of a scalar with one of YAML's own tags. Raises TagError."""
    if tag in {"!", f"{_STANDARD}str"}:
        return text
    if not is_standard(tag, "scalar"):
        raise TagError(*refusal(tag))
    try:
        value = resolve(text)
    except NotJsonError as error:
        raise TagError(str(error), "put it into quotes if a string is meant") from None
    name = tag[len(_STANDARD) :]
    if name == "float" and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise TagError("this number is too large for `!!float`", "leave the tag out") from None
    suits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, float),
        "bool": isinstance(value, bool),
        "null": value is None,
    }
    if not suits[name]:
        raise TagError(f"this is no `!!{name}`", "leave the tag out, or correct the value")
    return value


def long_form(tag: str, value: Json) -> Json:
    """`!Sub x` as `{"Fn::Sub": "x"}`; `!GetAtt a.b` as `{"Fn::GetAtt": ["a", "b"]}`."""
    if tag == "!GetAtt" and isinstance(value, str) and "." in value:
        value = list(value.split(".", 1))
    return {CLOUDFORMATION[tag]: value}
