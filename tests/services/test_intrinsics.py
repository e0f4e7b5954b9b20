from __future__ import annotations

import copy
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.model.values import Json
from lambda_scenarios.services.evaluation import function_of
from lambda_scenarios.services.intrinsics import resolve, resolve_condition
from lambda_scenarios.services.references import CannotResolve

NAMES: dict[str, Json] = {
    "Stage": "prod",
    "Count": 3,
    "Zones": ["a", "b"],
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "Table": "orders-table",
}
CONDITIONS = {"IsProd": True, "IsDev": False}
MAPPINGS: Mapping[str, Mapping[str, Mapping[str, Json]]] = {
    "Sizes": {"prod": {"memory": 512, "names": ["x", "y"]}, "dev": {"memory": 128}}
}


class World:
    """Names with fixed values; what was asked for is kept."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ref(self, name: str) -> Json:
        self.asked.append(name)
        if name not in NAMES:
            raise CannotResolve(f"no `{name}`", "a label", ("a note",))
        return NAMES[name]

    def attribute(self, resource: str, attribute: str) -> Json:
        self.asked.append(f"{resource}.{attribute}")
        if resource != "Table":
            raise CannotResolve(f"no resource `{resource}`")
        return f"<{attribute} of {resource}>"

    def imported(self, export: str) -> Json:
        return f"<{export}>"

    def mapped(self, name: str, top: str, second: str) -> Json:
        try:
            return MAPPINGS[name][top][second]
        except KeyError:
            raise CannotResolve(f"no {name}.{top}.{second}") from None

    def condition(self, name: str) -> bool:
        if name not in CONDITIONS:
            raise CannotResolve(f"no condition `{name}`")
        return CONDITIONS[name]

    def zones(self, region: str) -> list[Json]:
        return [f"{region}a", f"{region}b"]


def ref(name: str) -> Json:
    return {"Ref": name}


NO_VALUE: Json = {"Ref": "AWS::NoValue"}
EQUAL: Json = {"Fn::Equals": ["a", "a"]}
UNEQUAL: Json = {"Fn::Equals": ["a", "b"]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ({"a": [1, None, True, 1.5]}, {"a": [1, None, True, 1.5]}),
        (ref("Stage"), "prod"),
        ({"Ref": {"Fn::Sub": "Stage"}}, "prod"),
        ({"Ref": "Stage", "other": 1}, {"Ref": "Stage", "other": 1}),
        (
            {"Condition": {"StringEquals": {"a": ref("Stage")}}},
            {"Condition": {"StringEquals": {"a": "prod"}}},
        ),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "<Arn of Table>"),
        ({"Fn::GetAtt": "Table.Endpoint.Port"}, "<Endpoint.Port of Table>"),
        ({"Fn::GetAtt": ["Table", "Outputs", {"Fn::Sub": "x"}]}, "<Outputs.x of Table>"),
        ({"Fn::Sub": "${Stage}-${Count}-${Table.Arn}"}, "prod-3-<Arn of Table>"),
        ({"Fn::Sub": "${!Stage} ${AWS::Region} $ {x} $$"}, "${Stage} eu-west-1 $ {x} $$"),
        ({"Fn::Sub": ["${a}/${b}/${Stage}", {"a": ref("Count"), "b": True}]}, "3/true/prod"),
        ({"Fn::Sub": ["${Stage}", {"Stage": "mine"}]}, "mine"),
        ({"Fn::Join": ["-", ["a", ref("Stage"), 1, 1.5, False]]}, "a-prod-1-1.5-false"),
        ({"Fn::Join": [",", ref("Zones")]}, "a,b"),
        ({"Fn::Join": [",", ["a", NO_VALUE, "b"]]}, "a,b"),
        ({"Fn::Join": ["", []]}, ""),
        ({"Fn::Select": ["1", ["a", "b"]]}, "b"),
        ({"Fn::Select": [0, ref("Zones")]}, "a"),
        ({"Fn::Select": [1, [ref("Nowhere"), "b"]]}, "b"),
        ({"Fn::Select": [1, {"Fn::Split": [":", "a:b:c"]}]}, "b"),
        ({"Fn::Split": ["|", "a||b"]}, ["a", "", "b"]),
        ({"Fn::FindInMap": ["Sizes", ref("Stage"), "memory"]}, 512),
        ({"Fn::FindInMap": ["Sizes", "qa", "memory", {"DefaultValue": ref("Count")}]}, 3),
        ({"Fn::If": ["IsProd", "yes", ref("Nowhere")]}, "yes"),
        ({"Fn::If": ["IsDev", ref("Nowhere"), "no"]}, "no"),
        ({"a": {"Fn::If": ["IsDev", 1, NO_VALUE]}, "b": 2}, {"b": 2}),
        ([1, NO_VALUE, {"Fn::If": ["IsProd", NO_VALUE, 2]}], [1]),
        (NO_VALUE, None),
        (EQUAL, True),
        ({"Fn::Equals": [True, "true"]}, True),
        ({"Fn::Equals": [1, "1"]}, True),
        ({"Fn::Equals": [["1"], [1]]}, True),
        ({"Fn::Equals": ["a", "A"]}, False),
        ({"Fn::And": [EQUAL, {"Condition": "IsProd"}]}, True),
        ({"Fn::And": [UNEQUAL, {"Condition": "Nowhere"}]}, False),
        ({"Fn::Or": [UNEQUAL, {"Condition": "IsDev"}]}, False),
        ({"Fn::Or": [EQUAL, {"Condition": "Nowhere"}]}, True),
        ({"Fn::Not": [{"Fn::Or": [UNEQUAL, EQUAL]}]}, False),
        ({"Fn::Base64": {"Fn::Sub": "${Stage}é"}}, "cHJvZMOp"),
        ({"Fn::ImportValue": {"Fn::Sub": "${Stage}-vpc"}}, "<prod-vpc>"),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b"]),
        ({"Fn::GetAZs": "us-east-1"}, ["us-east-1a", "us-east-1b"]),
        ({"Fn::Cidr": ["192.168.0.0/24", 3, 5]}, ["192.168.0.0/27", "192.168.0.32/27", "192.168.0.64/27"]),
        ({"Fn::Cidr": ["10.0.0.0/16", "2", "8"]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Cidr": ["2001:db8::/56", 1, 64]}, ["2001:db8::/64"]),
        ({"Fn::Length": ref("Zones")}, 2),
        ({"Fn::Length": [1, 2, 3]}, 3),
        ({"Fn::ToJsonString": {"a": ref("Stage"), "b": [1]}}, '{"a":"prod","b":[1]}'),
    ],
)
def test_each_function(value: Json, expected: Json) -> None:
    before = copy.deepcopy(value)
    found = resolve(value, World())
    assert found == expected
    assert type(found) is type(expected)
    assert value == before


@pytest.mark.parametrize(
    ("value", "reason", "path"),
    [
        (ref("Nowhere"), "no `Nowhere`", ("Ref",)),
        ({"Ref": ["a"]}, "`Ref` takes the name of a parameter or a resource", ("Ref",)),
        (
            {"a": [0, {"Fn::Join": ["", ["x", ref("Nowhere")]]}]},
            "no `Nowhere`",
            ("a", 1, "Fn::Join", 1, 1, "Ref"),
        ),
        ({"Fn::Sub": ["${x}", {"x": ref("Nowhere")}]}, "no `Nowhere`", ("Fn::Sub", 1, "x", "Ref")),
        ({"Fn::Sub": "a ${Nowhere} b"}, "no `Nowhere`", ("Fn::Sub",)),
        ({"Fn::Sub": "${Nowhere.Arn}"}, "no resource `Nowhere`", ("Fn::Sub",)),
        ({"Fn::Sub": "${Zones}"}, "`Fn::Sub` takes a text here, not a list", ("Fn::Sub",)),
        (
            {"Fn::Sub": "${a b}"},
            "a variable of `Fn::Sub` has letters, digits, `_`, `.` and `:` only",
            ("Fn::Sub",),
        ),
        ({"Fn::Sub": "${AWS::NoValue}"}, "`Fn::Sub` takes a text here, not AWS::NoValue", ("Fn::Sub",)),
        ({"Fn::Sub": 1}, "`Fn::Sub` takes a text, not a number", ("Fn::Sub",)),
        (
            {"Fn::Sub": ["a"]},
            "`Fn::Sub` takes a text, or a list of a text and a mapping of variables",
            ("Fn::Sub",),
        ),
        ({"Fn::GetAtt": "Table"}, "`Fn::GetAtt` takes a resource and an attribute", ("Fn::GetAtt",)),
        ({"Fn::Join": ["-", "a"]}, "`Fn::Join` takes a list here, not a text", ("Fn::Join", 1)),
        ({"Fn::Join": ["-", [["a"]]]}, "`Fn::Join` takes a text here, not a list", ("Fn::Join", 1)),
        ({"Fn::Join": "a"}, "`Fn::Join` takes a delimiter and a list", ("Fn::Join",)),
        (
            {"Fn::Select": [2, ["a"]]},
            "`Fn::Select` has no element 2: the list has 1 element",
            ("Fn::Select", 0),
        ),
        (
            {"Fn::Select": [-1, ["a"]]},
            "the index of `Fn::Select` is a number from 0, not `-1`",
            ("Fn::Select", 0),
        ),
        ({"Fn::Select": [0, [ref("Nowhere")]]}, "no `Nowhere`", ("Fn::Select", 1, 0, "Ref")),
        ({"Fn::Select": [0, [NO_VALUE]]}, "`Fn::Select` chooses AWS::NoValue", ("Fn::Select", 1, 0)),
        ({"Fn::Split": ["", "a"]}, "the delimiter of `Fn::Split` is empty", ("Fn::Split", 0)),
        ({"Fn::FindInMap": ["Sizes", "qa", "memory"]}, "no Sizes.qa.memory", ("Fn::FindInMap",)),
        ({"Fn::If": ["Nowhere", 1, 2]}, "no condition `Nowhere`", ("Fn::If", 0)),
        ({"Fn::If": ["IsProd", ref("Nowhere"), 2]}, "no `Nowhere`", ("Fn::If", 1, "Ref")),
        ({"Fn::And": [EQUAL]}, "`Fn::And` takes from 2 to 10 conditions", ("Fn::And",)),
        ({"Fn::Or": [UNEQUAL, {"Condition": "X"}]}, "no condition `X`", ("Fn::Or", 1, "Condition")),
        ({"Fn::Not": ["maybe"]}, "this is no condition", ("Fn::Not", 0)),
        (
            {"Fn::Cidr": ["10.0.0.0/24", 300, 2]},
            "`Fn::Cidr` makes from 1 to 256 blocks, not 300",
            ("Fn::Cidr", 1),
        ),
        (
            {"Fn::Cidr": ["10.0.0.0/24", 5, 6]},
            "10.0.0.0/24 has no room for 5 blocks with 6 bits",
            ("Fn::Cidr", 1),
        ),
        ({"Fn::Length": "abc"}, "`Fn::Length` takes a list, not a text", ("Fn::Length",)),
        ({"Fn::Transform": {"Name": "Shout"}}, "the macro `Shout` runs in AWS only", ("Fn::Transform",)),
        ({"x": 1, "Fn::Transform": {"Name": "M"}}, "the macro `M` runs in AWS only", ()),
        ({"Fn::RefAll": "x"}, "`Fn::RefAll` is for the section Rules only", ("Fn::RefAll",)),
        ({"Fn::Joni": []}, "there is no function `Fn::Joni`", ("Fn::Joni",)),
    ],
)
def test_each_fault(value: Json, reason: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(CannotResolve) as caught:
        resolve(value, World())
    assert (caught.value.reason, caught.value.path) == (reason, path)


def test_the_words_of_a_failed_reference_are_kept() -> None:
    with pytest.raises(CannotResolve) as caught:
        resolve({"Fn::Sub": "a-${Nowhere}"}, World())
    assert (caught.value.label, caught.value.notes, caught.value.text) == (
        "a label",
        ("a note",),
        "${Nowhere}",
    )
    with pytest.raises(CannotResolve) as misspelt:
        resolve({"Fn::Jion": []}, World())
    assert misspelt.value.label == "did you mean `Fn::Join`?"


def test_a_failure_that_is_kept_gets_no_path_of_another_value() -> None:
    """References may raise the same exception each time they are asked."""

    class Failing(World):
        kept = CannotResolve("gone")

        def ref(self, name: str) -> Json:
            assert name == "X"
            raise self.kept

    for _ in range(2):
        with pytest.raises(CannotResolve) as caught:
            resolve({"a": ref("X")}, Failing())
        assert caught.value.path == ("a", "Ref")


def test_each_name_of_a_text_is_asked_once() -> None:
    world = World()
    resolve({"Fn::Sub": "${Stage}${Stage}${Stage}"}, world)
    assert world.asked == ["Stage"]


def test_a_branch_that_does_not_apply_is_not_asked_for() -> None:
    world = World()
    resolve({"Fn::If": ["IsProd", ref("Stage"), ref("Count")]}, world)
    assert world.asked == ["Stage"]


def test_conditions() -> None:
    assert resolve_condition({"Condition": "IsProd"}, World()) is True
    assert resolve_condition({"Fn::Not": [{"Condition": "IsProd"}]}, World()) is False
    refused: list[Json] = ["maybe", 1, None, [], {"Ref": "Stage"}, {"Condition": 1}]
    for wrong in refused:
        with pytest.raises(CannotResolve):
            resolve_condition(wrong, World())


def test_what_is_a_function() -> None:
    assert function_of({"Ref": "x"}) == "Ref"
    assert function_of({"Fn::Sub": "x"}) == "Fn::Sub"
    assert function_of({"Condition": "x"}) == "Condition"
    plain: list[Json] = [{}, {"Condition": {}}, {"Ref": "a", "b": 1}, {"a": 1}, [], "Ref", None]
    assert [function_of(value) for value in plain] == [None] * len(plain)


def test_depth() -> None:
    deep: Json = "x"
    for _ in range(100):  # as deep as a file can be
        deep = [deep]
    assert resolve(deep, World()) == deep
    for level in (200, 100_000):
        value: Json = "x"
        for _ in range(level):
            value = {"Fn::If": ["IsProd", value, ""]}
        with pytest.raises(CannotResolve, match="nested"):
            resolve(value, World())
        while isinstance(value, dict):  # or the interpreter would free it by recursion
            branch = value["Fn::If"]
            assert isinstance(branch, list)
            value = branch[1]


def test_references_that_refer_to_each_other_end() -> None:
    class Circle(World):
        def ref(self, name: str) -> Json:
            return resolve({"Fn::Sub": f"x${{{name}}}"}, self)

    with pytest.raises(CannotResolve, match="nested too deep"):
        resolve(ref("A"), Circle())


def test_texts_do_not_grow_without_end() -> None:
    value: Json = "x" * 1000
    for _ in range(5):
        value = {"Fn::Join": ["", [value] * 100]}
    with pytest.raises(CannotResolve, match="too long"):
        resolve(value, World())


_FUNCTION_NAMES = [
    "Ref", "Condition", "Fn::And", "Fn::Base64", "Fn::Cidr", "Fn::Equals", "Fn::FindInMap", "Fn::GetAZs",
    "Fn::GetAtt", "Fn::If", "Fn::ImportValue", "Fn::Join", "Fn::Length", "Fn::Not", "Fn::Or", "Fn::Select",
    "Fn::Split", "Fn::Sub", "Fn::ToJsonString", "Fn::Transform", "Fn::ForEach::x", "Fn::Unknown",
]  # fmt: skip
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-1, 300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab${}!.:,/018 é\ud800", max_size=8)
    | st.sampled_from(["Stage", "Zones", "IsProd", "Sizes", "prod", "memory", "${Stage}", "10.0.0.0/16", ""])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*_FUNCTION_NAMES, "a", "DefaultValue"]), inner, max_size=2)
        | st.builds(lambda name, value: {name: value}, st.sampled_from(_FUNCTION_NAMES), inner)
    ),
    max_leaves=25,
)


@given(_VALUES)
def test_any_value_is_resolved_or_refused(value: Json) -> None:
    before = copy.deepcopy(value)
    try:
        found = resolve(value, World())
    except CannotResolve as failure:
        at: Json = value
        for step in failure.path:  # it leads to something that is there
            at = at[step]  # type: ignore[index]  # a wrong step is what this looks for
    else:
        # What came out has no function left in it, but for texts that look like one.
        assert resolve(found, World()) == found or "Ref" in repr(found) or "Fn::" in repr(found)
    assert value == before
