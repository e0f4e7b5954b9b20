"""Globals, against SAM's own transform."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.services.cloudformation.conftest import SAM, Project

from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.services.catalog import ServiceOptions
from lambda_scenarios.services.cloudformation.merging import merge
from lambda_scenarios.services.variables import Located

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the translator's, and of what it imports
    # It has no types.
    from samtranslator.parser.parser import Parser
    from samtranslator.plugins.globals.globals import GlobalProperties
    from samtranslator.translator.translator import Translator


def transformed(template: dict[str, Any], parameters: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The properties of the functions that SAM makes, by logical id."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        resources = Translator({}, Parser()).translate(template, parameters)["Resources"]
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


_KEYS = st.sampled_from(["a", "b", "c", "Ref", "Fn::Sub", "Fn::If"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=12,
)
_MAPPINGS = st.dictionaries(st.sampled_from(["a", "b", "c"]), _VALUES, max_size=3)


@given(_MAPPINGS, _MAPPINGS)
def test_merges_as_sam_does(shared: dict[str, Json], own: dict[str, Json]) -> None:
    before = copy.deepcopy((shared, own))
    expected = GlobalProperties(copy.deepcopy(shared)).merge(copy.deepcopy(own))
    found = merge(Located(shared, Origin("t", ("shared",))), Located(own, Origin("t", ("own",))))
    assert found.value == expected
    assert list(found.value) == list(expected)
    assert (shared, own) == before


def test_each_value_knows_where_it_came_from() -> None:
    shared = Located({"a": {"x": 1, "y": 2}, "l": [1], "only": {"z": 1}}, Origin("t", ("g",)))
    own = Located({"a": {"y": 3}, "l": [2, {"k": 1}]}, Origin("t", ("f",)))
    found = merge(shared, own)
    assert found.value == {"a": {"x": 1, "y": 3}, "l": [1, 2, {"k": 1}], "only": {"z": 1}}
    for path, origin in {
        ("a",): ("f", "a"),
        ("a", "x"): ("g", "a", "x"),
        ("a", "y"): ("f", "a", "y"),
        ("l", 0): ("g", "l", 0),
        ("l", 1): ("f", "l", 0),
        ("l", 2, "k"): ("f", "l", 1, "k"),
        ("only", "z"): ("g", "only", "z"),
    }.items():
        assert found.origin_of(path).path == origin


def test_globals_that_a_resource_ignores() -> None:
    shared, own = Located({"a": 1, "b": 2}, Origin("t")), Located({"c": 3}, Origin("t"))
    assert merge(shared, own, "*").value == {"c": 3}
    assert merge(shared, own, ["a"]).value == {"b": 2, "c": 3}


TEMPLATES = {
    "none": """\
Resources:
  One: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, Handler: app.x, CodeUri: src}}
""",
    "overridden": """\
Globals:
  Function:
    Runtime: python3.11
    Handler: app.x
    CodeUri: src
    Timeout: 20
    MemorySize: 512
    Architectures: [x86_64]
    EphemeralStorage: {Size: 1024}
    Environment: {Variables: {A: 1, B: two, C: true, D: 1.50}}
Resources:
  Same: {Type: AWS::Serverless::Function}
  Other:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Timeout: 5
      MemorySize: 128
      Environment: {Variables: {B: own, E: on, F: 010}}
  Ignoring:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [Timeout, Environment]
    Properties: {Handler: app.y}
  Plain:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.9, Handler: app.z, Code: {ZipFile: ''}, Role: r}
""",
    "parameters": """\
Parameters:
  Memory: {Type: Number, Default: 256}
  Stage: {Type: String}
Globals:
  Function: {Runtime: python3.11, MemorySize: !Ref Memory, Environment: {Variables: {STAGE: !Ref Stage}}}
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.x
      FunctionName: !Sub fn-${Stage}
      Environment: {Variables: {LABEL: !Sub 'at ${Stage}', WHERE: !Sub '${Stage}-${Memory}'}}
""",
    "scalar over mapping": """\
Globals: {Function: {Runtime: nodejs20.x, Handler: index.x, CodeUri: js, Environment: {Variables: {A: 1}}}}
Resources:
  One: {Type: AWS::Serverless::Function, Properties: {Environment: {Variables: {A: !Ref AWS::Region}}}}
  Two: {Type: AWS::Serverless::Function, Properties: {FunctionName: two, Environment: {Variables: {}}}}
""",
    "inline": """\
Globals: {Function: {Timeout: 7}}
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.11, Handler: index.x, InlineCode: 'def x(e, c): return 1'}
""",
    "conditions": """\
Parameters: {Stage: {Type: String, Default: dev}}
Conditions: {Prod: !Equals [!Ref Stage, prod]}
Globals: {Function: {Runtime: python3.11, Handler: app.x, CodeUri: src}}
Resources:
  Always: {Type: AWS::Serverless::Function, Properties: {Environment: {Variables: {A: b}}}}
  Also: {Type: AWS::Serverless::Function, Condition: Prod, Properties: {Timeout: 9}}
""",
}  # fmt: skip


@pytest.mark.parametrize("text", TEMPLATES.values(), ids=TEMPLATES)
def test_functions_agree_with_the_transform(project: Project, text: str) -> None:
    """Where the transform leaves a function of CloudFormation, this reader has what it stands for."""

    class Loader(yaml.SafeLoader):
        pass

    def long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
        value: Any
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            assert isinstance(node, yaml.MappingNode)
            value = loader.construct_mapping(node, deep=True)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    Loader.add_multi_constructor("!", long_form)
    template = yaml.load(SAM + text, Loader)
    for properties in _function_properties(template):
        if "CodeUri" in properties:
            properties["CodeUri"] = "s3://bucket/key"  # the transform takes nothing else
    given = {"Stage": "prod"}
    expected = transformed(template, given)
    options = ServiceOptions(params=tuple(given.items()))
    service = project.open(SAM + text, {"js/index.js": ""}, options=options)
    assert set(service.keys()) == set(expected)
    for key, properties in expected.items():
        found = service.summary(key)
        assert (found.runtime, found.handler) == (properties["Runtime"], properties["Handler"])
        assert found.timeout == properties.get("Timeout", 3)
        memory = properties.get("MemorySize", 128)
        assert found.memory == (int(memory) if not isinstance(memory, dict) else 256)
        assert [found.architecture] == properties.get("Architectures", ["x86_64"])
        variables = properties.get("Environment", {}).get("Variables", {})
        assert [name for name, _ in found.environment] == list(variables)
        for name, value in found.environment:
            written = variables[name]
            if not isinstance(written, dict):
                assert value == (str(written).lower() if isinstance(written, bool) else str(written))


def _function_properties(template: dict[str, Any]) -> list[dict[str, Any]]:
    found = [template.get("Globals", {}).get("Function", {})]
    for resource in template["Resources"].values():
        found.append(resource.get("Properties", {}))
    return found
