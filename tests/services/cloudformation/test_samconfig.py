from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.services.cloudformation.conftest import Project
from tests.services.conftest import faults

from lambda_scenarios.services.catalog import ServiceOptions
from lambda_scenarios.services.cloudformation.samconfig import _overrides

PARAMETERS = "Parameters: {Stage: {Type: String, Default: none}, Size: {Type: Number, Default: 1}}\n"
LINES = "S: !Ref Stage\nN: !Ref Size\nSTACK: !Ref AWS::StackName\nREGION: !Ref AWS::Region"
CONFIG = """\
version = 0.1
[default.global.parameters]
stack_name = "orders-dev"
region = "eu-central-1"
profile = "work"
[default.deploy.parameters]
parameter_overrides = "Stage=\\"de v\\" Size=2"
[prod.deploy.parameters]
stack_name = "orders-prod"
parameter_overrides = ["Stage=prod", "Size=3"]
[prod.local_invoke.parameters]
parameter_overrides = "ParameterKey=Size,ParameterValue=4"
"""


def opened(project: Project, config: str, name: str = "samconfig.toml", **options: object) -> dict[str, str]:
    return project.variables(LINES, PARAMETERS, {name: config}, options=ServiceOptions(**options))  # type: ignore[arg-type]  # of each test


def test_the_default_environment(project: Project) -> None:
    assert opened(project, CONFIG) == {"S": "de v", "N": "2", "STACK": "orders-dev", "REGION": "eu-central-1"}


def test_the_environment_named_like_the_stage(project: Project) -> None:
    assert opened(project, CONFIG, stage="prod") == {
        "S": "prod", "N": "4", "STACK": "orders-prod", "REGION": "us-east-1",
    }  # fmt: skip


def test_options_win(project: Project) -> None:
    found = opened(project, CONFIG, stage="prod", region="us-west-1", params=(("Size", "9"),))
    assert (found["N"], found["REGION"], found["S"]) == ("9", "us-west-1", "prod")


def test_a_stage_that_is_no_environment(project: Project) -> None:
    service = project.with_variables(
        LINES, PARAMETERS, {"samconfig.toml": CONFIG}, options=ServiceOptions(stage="qa")
    )
    assert service.info()[:3] == ("orders-dev", "qa", "eu-central-1")
    assert service.info().profile == "work"
    (warning,) = service.warnings()
    assert warning.problem == "samconfig.toml has no environment `qa`: `default` is read"
    assert warning.label == "it has: default, prod"


def test_yaml(project: Project) -> None:
    config = (
        "version: 0.1\ndefault:\n  global:\n    parameters:\n      stack_name: y\n"
        "      parameter_overrides: {Stage: [a, b], Size: 5}\n"
    )
    found = opened(project, config, "samconfig.yaml")
    assert (found["S"], found["N"], found["STACK"]) == ("a,b", "5", "y")


@pytest.mark.parametrize(
    ("config", "problem", "line"),
    [
        ("a = 1\nb = ", "samconfig.toml is not TOML", 2),
        ("[default\n", "samconfig.toml is not TOML", 1),
        (
            "[default.deploy.parameters]\nparameter_overrides = 'what'\n",
            "parameter_overrides in samconfig.toml can't be read: `what`",
            2,
        ),
    ],
)
def test_what_cannot_be_read(project: Project, config: str, problem: str, line: int) -> None:
    project.write({"samconfig.toml": config})
    (fault,) = faults(lambda: project.open("Resources: {}\n"))
    assert (fault.problem, fault.line) == (problem, line)


@pytest.mark.parametrize(
    "config",
    ["", "default = 1", "[default]\ndeploy = 1", "[default.deploy]\nparameters = []", "x = 1979-05-27"],
)
def test_other_shapes_say_nothing(project: Project, config: str) -> None:
    assert opened(project, config)["S"] == "none"


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("A=1 B=2", {"A": "1", "B": "2"}),
        ('A="x y" B=z', {"A": "x y", "B": "z"}),
        ("A='x y'", {"A": "x y"}),
        ('"A"="x=y"', {"A": "x=y"}),
        ('ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue="2 3"', {"A": "1", "B": "2 3"}),
        ("A=x\\ y", {"A": "x y"}),
        ('A="say \\"hi\\""', {"A": 'say "hi"'}),
        ("A=a,b,c", {"A": "a,b,c"}),
        ("A=https://x.y/z?a=b", {"A": "https://x.y/z?a=b"}),
        ("A=1\nB=2", {"A": "1", "B": "2"}),
    ],
)
def test_overrides_in_a_text(text: str, pairs: dict[str, str]) -> None:
    assert dict(_overrides(text, "f")) == pairs


@given(st.dictionaries(st.text("ABCabc019", min_size=1, max_size=5), st.text("xyz 019/=,'@{}", max_size=10)))
def test_quoted_values_come_back(values: dict[str, str]) -> None:
    text = " ".join(f'{name}="{value}"' for name, value in values.items())
    assert dict(_overrides(text, "f")) == values
