from __future__ import annotations

from tests.services.cloudformation.conftest import SAM, Project
from tests.services.conftest import faults

from lambda_scenarios.services.catalog import ServiceOptions

PARENT = (
    SAM
    + """\
Parameters: {Stage: {Type: String, Default: dev}}
Resources:
  Child:
    Type: AWS::Serverless::Application
    Properties: {Location: child/template.yaml, Parameters: {Where: !Sub 'at-${Stage}', Layer: !Ref Shared}}
  Plain: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child/plain.yaml}}
  Far: {Type: AWS::Serverless::Application, Properties: {Location: {ApplicationId: a, SemanticVersion: 1.0}}}
  Remote: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://s3.amazonaws.com/b/t.yaml'}}
  Gone: {Type: AWS::Serverless::Application, Properties: {Location: nowhere.yaml}}
  Circle: {Type: AWS::Serverless::Application, Properties: {Location: template.yaml}}
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}
  Own:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: app.x
      CodeUri: src
      Layers: [!GetAtt Child.Outputs.ChildLayer]
      Environment: {Variables: {OUT: !GetAtt Child.Outputs.Text, NONE: !Sub '${Plain.Outputs.None}'}}
"""
)
CHILD = (
    SAM
    + """\
Parameters: {Where: {Type: String}, Layer: {Type: String}}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: inner.x
      CodeUri: code
      Layers: [!Ref Layer, !Ref Mine]
      Environment: {Variables: {WHERE: !Ref Where, STACK: !Ref AWS::StackName}}
  Mine: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: mine}}
Outputs:
  Text: {Value: !Sub 'text-${Where}'}
  ChildLayer: {Value: !Ref Mine}
"""
)
FILES = {
    "child/template.yaml": CHILD,
    "child/plain.yaml": "Resources: {T: {Type: AWS::SNS::Topic}}\n",
    "child/code/inner.py": "",
    "child/mine/python/m.py": "",
    "layer/python/l.py": "",
}


def test_functions_of_nested_stacks(project: Project) -> None:
    service = project.open(PARENT, FILES, options=ServiceOptions(params=(("Stage", "prod"),)))
    assert service.keys() == ("Child/Fn", "Own")
    function = service.function("Child/Fn")
    root = str(project.root)
    assert (function.name, function.code) == ("orders-Child-Fn", f"{root}/child/code")
    assert function.environment == (("WHERE", "at-prod"), ("STACK", "orders-Child"))
    assert function.layers == (f"{root}/layer", f"{root}/child/mine")
    assert service.function("Fn") is function
    (fault,) = faults(lambda: service.function("Own"))
    assert fault.problem == "cannot resolve `${Plain.Outputs.None}`: the nested stack has no output `None`"


def test_outputs_of_nested_stacks(project: Project) -> None:
    own = PARENT.replace(", NONE: !Sub '${Plain.Outputs.None}'", "")
    function = project.open(own, FILES).function("Own")
    assert function.environment == (("OUT", "text-at-dev"),)
    assert function.layers == (f"{project.root}/child/mine",)


def test_nested_stacks_that_cannot_be_read(project: Project) -> None:
    service = project.open(PARENT, FILES)
    assert service.function("Child/Fn").handler == "inner.x"
    (gone,) = faults(lambda: service.function("Gone/Fn"))
    assert (gone.problem, gone.line) == ("the template of the nested stack is missing: nowhere.yaml", 10)
    (circle,) = faults(lambda: service.function("Circle/Fn"))
    assert circle.problem == "the nested stacks hold each other: template.yaml"
    assert [warning.problem for warning in service.warnings()] == [gone.problem, circle.problem]


def test_loops(project: Project) -> None:
    template = """\
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters: {Kinds: {Type: CommaDelimitedList, Default: 'a,b-c'}}
Resources:
  Fn::ForEach::Functions:
    - Kind
    - !Ref Kinds
    - Fn${Kind}:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.11
          Handler: app.x
          CodeUri: src
          Environment: {Variables: {KIND: !Ref Kind}}
  Fn::ForEach::Outer:
    - X
    - [One, Two]
    - Fn::ForEach::Inner:
        - Y
        - ['3', '4.x']
        - ${X}&{Y}:
            Type: AWS::Serverless::Function
            Properties: {Runtime: python3.11, Handler: app.x, CodeUri: src, FunctionName: !Sub 'f-${X}-${Y}'}
  Plain: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.11, Handler: ap.x, CodeUri: src}}
"""
    service = project.open(template)
    assert service.keys() == ("Fna", "Fnb-c", "One3", "One4x", "Two3", "Two4x", "Plain")
    assert service.function("Fnb-c").environment == (("KIND", "b-c"),)
    assert service.function("Two4x").name == "f-Two-4.x"
    assert service.warnings() == ()


def test_a_loop_that_cannot_be_expanded(project: Project) -> None:
    for body, problem in {
        "[K, !Ref Nowhere, {}]": "there is no parameter or resource `Nowhere`",
        "[K, text, {}]": "the collection of loop `L` is no list",
        "[K, [a]]": "loop `L` takes an identifier, a collection and a mapping",
        "[K, [[a]], {'${K}': 1}]": "the collection of loop `L` holds something that is no text",
        "[K, !Ref Other, {}]": "there is no parameter or resource `Other`",
    }.items():
        template = f"Resources:\n  Other: {{Type: AWS::SNS::Topic}}\n  Fn::ForEach::L: {body}\n"
        service = project.open(template)
        (fault,) = faults(service.keys)
        assert problem in fault.problem
