"""Intrinsic functions, against moto's own evaluation of them."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import pytest
from tests.services.test_intrinsics import MAPPINGS, NAMES, World

from lambda_scenarios.model.values import Json
from lambda_scenarios.services.intrinsics import resolve

# What moto imports warns of things: not in this process.
EVALUATE = """\
import json, sys, warnings
warnings.simplefilter("ignore")
from moto.cloudformation.parsing import ResourceMap, clean_json

mappings, names, values = json.load(sys.stdin)
template = {
    "Mappings": mappings,
    "Parameters": {},
    "Conditions": {"IsProd": {"Fn::Equals": ["a", "a"]}, "IsDev": {"Fn::Equals": ["a", "b"]}},
    "Resources": {},
}
resources = ResourceMap("id", "stack", {}, {}, "eu-west-1", "123456789012", template, {})
resources.load()
resources._parsed_resources.update(names)
resources.resolved_parameters.update(names)
print(json.dumps([clean_json(value, resources) for value in values]))
"""
REF = {name: {"Ref": name} for name in NAMES}
VALUES: list[Any] = [
    {"Fn::Join": ["-", ["a", REF["Stage"], "b"]]},
    {"Fn::Join": ["", REF["Zones"]]},
    {"Fn::Join": [",", {"Fn::Split": [".", "a.b.c"]}]},
    {"Fn::Split": ["|", "a|b||c"]},
    {"Fn::Split": ["::", {"Fn::Join": ["::", ["x", "y"]]}]},
    {"Fn::Select": [1, ["a", "b"]]},
    {"Fn::Select": ["0", {"Fn::Split": ["/", "p/q"]}]},
    {"Fn::Sub": "${Stage} at ${AWS::Region} of ${AWS::AccountId}"},
    {"Fn::Sub": ["${x}-${Stage}-${y}", {"x": "one", "y": {"Fn::Join": ["+", ["a", "b"]]}}]},
    {"Fn::Sub": "no variables, $5 and {braces}"},
    {"Fn::FindInMap": ["Sizes", "prod", "memory"]},
    {"Fn::FindInMap": ["Sizes", REF["Stage"], "names"]},
    {"Fn::Base64": "text"},
    {"Fn::Base64": {"Fn::Sub": "${Stage}é"}},
    {"Fn::If": ["IsProd", "yes", "no"]},
    {"Fn::If": ["IsDev", "yes", {"Fn::Sub": "${Stage}"}]},
    {"Fn::ToJsonString": {"a": REF["Stage"], "b": [1, True]}},
    {"deep": [{"in": {"here": REF["Stage"]}}, [REF["Table"]]]},
    REF["Stage"],
]


@pytest.fixture(scope="module")
def evaluated() -> list[Json]:
    done = subprocess.run(
        [sys.executable, "-c", EVALUATE],
        input=json.dumps([MAPPINGS, NAMES, VALUES]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[Json] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("index", range(len(VALUES)), ids=[json.dumps(value)[:50] for value in VALUES])
def test_agrees_with_moto(evaluated: list[Json], index: int) -> None:
    found, expected = resolve(copy.deepcopy(VALUES[index]), World()), evaluated[index]
    if "Fn::ToJsonString" in VALUES[index]:  # the spaces between are free
        assert isinstance(found, str) and isinstance(expected, str)
        found, expected = json.loads(found), json.loads(expected)
    assert found == expected
