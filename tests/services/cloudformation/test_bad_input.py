"""Whatever a template is: read, or refused with a place."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.services.cloudformation.conftest import SAM, Project
from tests.services.conftest import faults

from lambda_scenarios.errors import UsageError
from lambda_scenarios.services.catalog import ServiceOptions


@pytest.mark.parametrize(
    ("template", "problem", "line"),
    [
        ("Resources:\n\tOne: 1\n", "YAML can't be indented with tabs", 2),
        ("# nothing\n", "template.yaml is no template: it must be a mapping", 1),
        ("- Resources\n", "template.yaml is no template: it must be a mapping", 1),
        ("Resource: {}\n", "the section `Resources` is missing", 1),
        ("Transform: x\n", "the section `Resources` is missing", 1),
        ("Resources: [1]\n", "`Resources` must be a mapping", 1),
        ("Resources: !Rfe x\n", "unknown tag `!Rfe`", 1),
        ("Resources: *x\n", "no anchor `x`", 1),
    ],
)
def test_no_template(project: Project, template: str, problem: str, line: int) -> None:
    (fault, *_) = faults(lambda: project.open(template, path="template.yaml"))
    assert (fault.problem, fault.line) == (problem, line)


def test_a_template_of_5_mb(project: Project) -> None:
    (fault,) = faults(lambda: project.open(SAM + "# " + "x" * 5_000_000 + "\nResources: {}\n"))
    assert fault.problem == "template.yaml has 5,000,055 bytes: CloudFormation takes 1,048,576 at most"


def test_a_variable_that_no_process_can_have(project: Project) -> None:
    service = project.with_variables('A=B: 1\nC: "\\0"')
    assert [fault.problem for fault in faults(lambda: service.function("One"))] == [
        "`A=B` can't be the name of an environment variable",
        "the environment variable `C` has a NUL character",
    ]


def test_macros_are_told_of(project: Project) -> None:
    service = project.open("Transform: [AWS::Serverless-2016-10-31, Shout]\nResources: {}\n")
    assert service.keys() == ()
    (warning,) = service.warnings()
    assert warning.problem == "the macro `Shout` runs in AWS only: what it changes is not seen here"


def test_no_functions(project: Project) -> None:
    service = project.open("Resources: {Topic: {Type: AWS::SNS::Topic}}\n")
    (fault,) = faults_of_unknown(service)
    assert fault == ("no function `x` in template.yaml", "It has no functions")


def faults_of_unknown(service: object) -> list[tuple[str, str]]:
    with pytest.raises(UsageError) as caught:
        service.function("x")  # type: ignore[attr-defined]  # a Service
    return [(diagnostic.problem, diagnostic.label) for diagnostic in caught.value.diagnostics]


_SCALARS = st.none() | st.booleans() | st.integers(-1, 1000) | st.text("ab./${}:", max_size=6)
_FUNCTIONS = st.sampled_from(
    ["Ref", "Fn::Sub", "Fn::GetAtt", "Fn::If", "Fn::Join", "Fn::ForEach::L", "Fn::Transform", "Fn::FindInMap"]
)
_NAMES = st.sampled_from(["One", "Two", "P", "C", "M", "x", "AWS::Region", "AWS::NoValue", "Type", "Default"])
_ANY = st.recursive(
    _SCALARS | _NAMES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_NAMES, inner, max_size=2)
        | st.builds(lambda name, value: {name: value}, _FUNCTIONS, inner)
    ),
    max_leaves=8,
)
_TYPES = st.sampled_from(
    [
        "AWS::Serverless::Function",
        "AWS::Lambda::Function",
        "AWS::Serverless::LayerVersion",
        "AWS::Serverless::Application",
        "AWS::Lambda::Permission",
        "AWS::SQS::Queue",
    ]
)
_PROPERTIES = st.sampled_from(
    [
        *(
            "Handler",
            "Runtime",
            "CodeUri",
            "Code",
            "Environment",
            "Layers",
            "Timeout",
            "MemorySize",
            "Events",
        ),
        *(
            "Architectures",
            "FunctionName",
            "PackageType",
            "ImageUri",
            "ImageConfig",
            "EphemeralStorage",
            "Role",
        ),
        *("InlineCode", "ContentUri", "Location", "Parameters", "FunctionUrlConfig", "QueueName"),
    ]
)
_RESOURCE = st.fixed_dictionaries(
    {"Type": _TYPES | _ANY},
    optional={
        "Properties": st.dictionaries(_PROPERTIES, _ANY, max_size=6) | _ANY,
        "Condition": _NAMES | _ANY,
        "Metadata": st.dictionaries(st.sampled_from(["BuildMethod", "aws:asset:path", "aws:cdk:path"]), _ANY)
        | _ANY,
        "IgnoreGlobals": _ANY,
    },
)
_TEMPLATE = st.fixed_dictionaries(
    {
        "Resources": st.dictionaries(
            st.sampled_from(["One", "Two", "Fn::ForEach::X", "Child"]), _RESOURCE | _ANY, max_size=4
        )
    },
    optional={
        "Transform": _ANY | st.just("AWS::Serverless-2016-10-31"),
        "Globals": st.fixed_dictionaries({"Function": st.dictionaries(_PROPERTIES, _ANY, max_size=4) | _ANY})
        | _ANY,
        "Parameters": st.dictionaries(
            _NAMES, st.fixed_dictionaries({"Type": st.just("String")}, optional={"Default": _ANY}) | _ANY
        ),
        "Conditions": st.dictionaries(_NAMES, _ANY, max_size=3) | _ANY,
        "Mappings": st.dictionaries(_NAMES, _ANY, max_size=2) | _ANY,
        "Outputs": _ANY,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(_TEMPLATE)
def test_any_template_is_read_or_refused(project: Project, template: dict[str, object]) -> None:
    with contextlib.suppress(UsageError):
        service = project.open(json.dumps(template), options=ServiceOptions(params=(("P", "1"),)))
        for key in service.keys():  # noqa: SIM118 - a service is no mapping
            assert service.summary(key).key == key
            with contextlib.suppress(UsageError):
                assert service.function(key).code
        service.warnings()


def test_nothing_is_written_beside_the_template(project: Project) -> None:
    project.open(f"{SAM}Resources: {{One: {{Type: AWS::Serverless::Function}}}}\n").summary("One")
    assert {path.name for path in Path(project.root).iterdir()} == {"src", "template.yaml"}
