from __future__ import annotations

import zipfile

import pytest
from tests.services.cloudformation.conftest import SAM, Project
from tests.services.conftest import faults, seen

from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.model.values import Origin
from lambda_scenarios.services.catalog import ServiceOptions

API = "Principal: apigateway.amazonaws.com"
FULL = (
    SAM
    + """\
Globals:
  Function:
    Runtime: python3.11
    Timeout: 10
    Environment: {Variables: {SHARED: all, WHO: globals}}
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Resources:
  CreateOrder:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub create-${Stage}
      CodeUri: src/
      Handler: app.create
      MemorySize: 256
      Architectures: [arm64]
      Role: arn:aws:iam::123456789012:role/orders
      Environment: {Variables: {WHO: create, STAGE: !Ref Stage}}
      Events:
        Get: {Type: Api, Properties: {Path: /, Method: get}}
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      Code: src
      Runtime: python3.11
      Handler: app.plain
  Table: {Type: AWS::Serverless::SimpleTable}
"""
)


def test_all_of_a_function(project: Project) -> None:
    service = project.open(FULL)
    root = str(project.root)
    info = ServiceInfo("orders", "default", "us-east-1", root, f"{root}/template.yaml")
    assert service.info() == info
    assert service.keys() == ("CreateOrder", "Plain")
    assert service.function("CreateOrder") == Function(
        key="CreateOrder",
        name="create-dev",
        handler="app.create",
        runtime="python3.11",
        code=f"{root}/src",
        service=info,
        timeout=10.0,
        memory=256,
        environment=(("SHARED", "all"), ("WHO", "create"), ("STAGE", "dev")),
        architecture="arm64",
        role="arn:aws:iam::123456789012:role/orders",
        http_source="rest",
        origin=Origin(f"{root}/template.yaml", ("Resources", "CreateOrder")),
    )
    plain = service.function("Plain")
    # Globals are SAM's own, for its own types.
    assert (plain.name, plain.timeout, plain.memory, plain.environment) == ("orders-Plain", 3.0, 128, ())
    assert service.warnings() == ()


def test_parameters_and_stage(project: Project) -> None:
    options = ServiceOptions(stage="qa", region="eu-west-1", params=(("Stage", "prod"),))
    service = project.open(FULL, options=options)
    assert (service.info().stage, service.info().region) == ("qa", "eu-west-1")
    assert service.function("CreateOrder").name == "create-prod"


def test_other_names_of_a_function(project: Project) -> None:
    service = project.open(FULL)
    assert service.function("create-dev") is service.function("CreateOrder")
    assert service.summary("create-dev").key == "CreateOrder"
    (fault,) = faults(lambda: service.function("CreateOrdr", Origin(f"{project.root}/template.yaml")))
    assert fault.problem == "no function `CreateOrdr` in template.yaml"
    assert fault.label == "did you mean `CreateOrder`? There are: CreateOrder, Plain"


def test_what_nobody_needs_is_never_resolved(project: Project) -> None:
    broken = "  Broken: {Type: AWS::Serverless::Function, Properties: {Runtime: python9, CodeUri: nowhere}}\n"
    service = project.open(FULL + broken)
    assert service.function("Plain").handler == "app.plain"
    assert {missing.path for missing in service.summary("Broken").unresolved} == {
        "runtime",
        "handler",
        "code",
    }


@pytest.mark.parametrize(
    ("properties", "problem", "marked", "label"),
    [
        (
            "Runtime: pyton3.11, Handler: app.x",
            "Lambda has no runtime `pyton3.11`",
            "pyton3.11",
            "did you mean `python3.11`?",
        ),
        ("Runtime: python3.11", "the function has no `Handler`", "Type", ""),
        ("Handler: app.x", "the function has no `Runtime`", "Type", ""),
        (
            "Runtime: python3.11, Handler: ap.x",
            "the handler's file is missing: ap.py of `ap.x`",
            "ap.x",
            "did you mean app.py?",
        ),
        (
            "Runtime: python3.11, Handler: ../x.y",
            "the handler `../x.y` leaves the service's directory",
            "../x.y",
            "it must be below the service file",
        ),
        (
            "Runtime: python3.11, Handler: app.x, Timeout: 901",
            "`Timeout` must be from 1 to 900 seconds, not 901",
            "901",
            "",
        ),
        (
            "Runtime: python3.11, Handler: app.x, MemorySize: much",
            "`MemorySize` must be a number of MB",
            "much",
            "",
        ),
        (
            "Runtime: python3.11, Handler: app.x, Architectures: arm64",
            "`Architectures` must be a list",
            "arm64",
            "",
        ),
        (
            "Runtime: python3.11, Handler: app.x, Architectures: [arm]",
            "`Architectures` must be x86_64 or arm64, not arm",
            "arm",
            "",
        ),
        (
            "Runtime: python3.11, Handler: app.x, CodeUri: sr",
            "the code is missing: there is no sr",
            "sr",
            "did you mean `src`?",
        ),
        (
            "Runtime: python3.11, Handler: app.x, CodeUri: src/app.py",
            "src/app.py is empty, not a zip archive",
            "src/app.py",
            "",
        ),
        (
            "Runtime: python3.11, Handler: app.x, CodeUri: 's3://b/k.zip'",
            "the code is in S3, not on this machine: s3://b/k.zip",
            "'s3://b/k.zip'",
            "only a path can be run",
        ),
        (
            "Runtime: python3.11, Handler: app.x, CodeUri: {Bucket: b, Key: k}",
            "the code is in S3, not on this machine: s3://b/k",
            "{Bucket: b, Key: k}",
            "only a path can be run",
        ),
        (
            "Runtime: python3.11, Handler: app.x, Environment: [1]",
            "`Environment` must be a mapping",
            "[1]",
            "",
        ),
        ("Runtime: python3.11, Handler: app.x, Layers: here", "`Layers` must be a list", "here", ""),
        (
            "Runtime: !Ref Runtim, Handler: app.x",
            "cannot resolve `!Ref Runtim`: there is no parameter or resource `Runtim`",
            "!Ref Runtim",
            "did you mean `Runtime`?",
        ),
        (
            "Runtime: !Ref Needed, Handler: app.x",
            "cannot resolve `!Ref Needed`: parameter `Needed` has no value and no default",
            "!Ref Needed",
            "",
        ),
        (
            "Runtime: ruby3.3, Handler: app.x, InlineCode: x",
            "Lambda has no inline code for ruby3.3",
            "x",
            "for Python and Node.js only",
        ),
    ],
)
def test_each_fault(project: Project, properties: str, problem: str, marked: str, label: str) -> None:
    code = "" if "CodeUri" in properties or "InlineCode" in properties else ", CodeUri: src"
    template = (
        f"{SAM}Parameters:\n  Runtime: {{Type: String, Default: python3.11}}\n  Needed: {{Type: String}}\n"
        f"Resources:\n  One:\n    Type: AWS::Serverless::Function\n    Properties: {{{properties}{code}}}\n"
    )
    service = project.open(template)
    found = faults(lambda: service.function("One"))
    assert (found[0].problem, found[0].marked, found[0].label) == (problem, marked, label)
    assert len(found) == 1
    if "Needed" in properties:
        (note,) = found[0].notes
        assert (
            note
            == "pass one: --param Needed=…, or `params: {Needed: …}` in the scenario file or _defaults.yml"
        )


def test_conditions(project: Project) -> None:
    template = (
        SAM
        + """\
Parameters: {Stage: {Type: String, Default: dev}}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  A: !Not [!Condition B]
  B: !Not [!Condition A]
  C: !Equals [!Ref Sateg, x]
Globals: {Function: {Runtime: python3.11, Handler: app.x, CodeUri: src}}
Resources:
  Always: {Type: AWS::Serverless::Function}
  OnlyProd: {Type: AWS::Serverless::Function, Condition: Prod}
  Circular:
    Type: AWS::Serverless::Function
    Properties: {Timeout: !If [A, 1, 2]}
  Unknown:
    Type: AWS::Serverless::Function
    Properties: {Timeout: !If [Pord, 1, 2], MemorySize: !If [C, 128, 256]}
  UsesAbsent:
    Type: AWS::Serverless::Function
    Properties: {Environment: {Variables: {X: !GetAtt OnlyProd.Arn}}}
"""
    )
    service = project.open(template)
    assert service.keys() == ("Always", "Circular", "Unknown", "UsesAbsent")
    (absent,) = faults(lambda: service.function("OnlyProd"))
    assert absent.problem == "function `OnlyProd` isn't there: its condition `Prod` is false"
    assert absent.notes == ("parameters decide: --param NAME=VALUE",)
    (circle,) = faults(lambda: service.function("Circular"))
    assert "these conditions refer to each other in a circle: A → B → A" in circle.problem
    assert circle.marked == "A"
    timeout, memory = sorted(faults(lambda: service.function("Unknown")), key=lambda fault: fault.column)
    assert (timeout.problem, timeout.label) == (
        "cannot resolve `!If`: there is no condition `Pord`",
        "did you mean `Prod`?",
    )
    assert memory.problem == "cannot resolve `!If`: condition `C`: there is no parameter or resource `Sateg`"
    assert memory.label == "did you mean `Stage`?"
    (needs,) = faults(lambda: service.function("UsesAbsent"))
    assert "`OnlyProd` isn't there: its condition `Prod` is false" in needs.problem
    prod = project.open(template, options=ServiceOptions(params=(("Stage", "prod"),)))
    assert "OnlyProd" in prod.keys()  # noqa: SIM118 - a service is no mapping


def test_branches_that_do_not_apply_are_not_read(project: Project) -> None:
    template = (
        SAM
        + """\
Conditions: {Always: !Equals [a, a]}
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: !If [Always, python3.11, !Ref Nowhere]
      Handler: app.x
      CodeUri: src
      Timeout: !If [Always, !Ref AWS::NoValue, 9]
      Environment: !If
        - Always
        - Variables: {A: !If [Always, 1, !Ref Nowhere], B: !If [Always, !Ref AWS::NoValue, 1]}
        - !Ref Nowhere
      Layers: !If [Always, [!If [Always, !Ref AWS::NoValue, !Ref Nowhere]], !Ref Nowhere]
"""
    )
    function = project.open(template).function("One")
    assert (function.runtime, function.timeout, function.environment) == ("python3.11", 3.0, (("A", "1"),))


def test_layers(project: Project) -> None:
    template = (
        SAM
        + """\
Globals: {Function: {Runtime: python3.11, Handler: app.x, CodeUri: src, Layers: [!Ref Shared]}}
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties: {Layers: [!Ref Own, 'arn:aws:lambda:us-east-1:123456789012:layer:far:1']}
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/shared}}
  Own: {Type: AWS::Lambda::LayerVersion, Properties: {Content: layers/own.zip}}
  Unbuilt:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: python3.11}
    Properties: {ContentUri: src}
  Wrong: {Type: AWS::Serverless::Function, Properties: {Layers: [!Ref Sharde, !Ref Unbuilt, !Ref Gone]}}
  Gone: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: nowhere}}
"""
    )
    project.write({"layers/shared/python/shared.py": ""})
    with zipfile.ZipFile(project.root / "layers" / "own.zip", "w") as archive:
        archive.writestr("python/own.py", "")
    service = project.open(template)
    function = service.function("One")
    assert function.layers[0] == str(project.root / "layers" / "shared")
    assert (project.root.parent / "home") in project.root.joinpath(function.layers[1]).parents
    assert len(function.layers) == 2
    shared, _, far = service.summary("One").layers
    assert shared == "layers/shared"
    assert far == "arn:aws:lambda:us-east-1:123456789012:layer:far:1"
    (warning,) = [seen(warning) for warning in service.warnings()]
    assert "layer arn:aws:lambda:us-east-1:123456789012:layer:far:1 is left out" in warning.problem
    first, second = faults(lambda: service.function("Wrong"))
    assert first.problem == "cannot resolve `!Ref Sharde`: there is no parameter or resource `Sharde`"
    assert (first.marked, first.label) == ("!Ref Sharde", "did you mean `Shared`?")
    assert (second.problem, second.marked) == ("the code is missing: there is no nowhere", "nowhere")
    assert "layer `Unbuilt` is not built (BuildMethod: python3.11)" in service.warnings()[-1].problem


def test_images(project: Project) -> None:
    template = (
        SAM
        + """\
Globals: {Function: {PackageType: Image}}
Resources:
  Declared: {Type: AWS::Serverless::Function, Properties: {ImageUri: !Sub 'x/${AWS::Region}:1'}}
  Built:
    Type: AWS::Serverless::Function
    Metadata: {Dockerfile: Dockerfile, DockerTag: v2, DockerContext: .}
  Plain: {Type: AWS::Lambda::Function, Properties: {PackageType: Image, Code: {ImageUri: 'y:1'}}}
"""
    )
    service = project.open(template)
    images = [service.function(key).image for key in service.keys()]  # noqa: SIM118 - the same
    assert images == ["x/us-east-1:1", "built:v2", "y:1"]
    built = service.function("Built")
    assert (built.runtime, built.handler, built.code) == ("", "", str(project.root))


def test_inline_code(project: Project) -> None:
    template = """\
Resources:
  Py:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Code:
        ZipFile: !Sub |
          import cfnresponse
          def handler(event, context): return "${AWS::Region}"
  Js:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      Code: {ZipFile: "exports.handler = async () => require('cfn-response').SUCCESS"}
"""
    service = project.open(template)
    code = project.root.joinpath(service.function("Py").code)
    assert 'return "us-east-1"' in (code / "index.py").read_text()
    assert (code / "cfnresponse.py").is_file()
    assert project.open(template).function("Py").code == str(code)
    assert (
        project.root.joinpath(service.function("Js").code) / "node_modules/cfn-response/index.js"
    ).is_file()


@pytest.mark.parametrize(
    ("rest", "front"),
    [
        ("Events: {A: {Type: Schedule}, B: {Type: HttpApi}}", "http"),
        ("Events: {B: {Type: Api}}", "rest"),
        ("FunctionUrlConfig: {AuthType: NONE}", "url"),
        ("Events: {Q: {Type: SQS}}", None),
        ("Events: !Ref Nowhere", None),
    ],
)
def test_http_fronts(project: Project, rest: str, front: str | None) -> None:
    template = (
        f"{SAM}Resources:\n  One:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        f"      Runtime: python3.11\n      Handler: app.x\n      CodeUri: src\n      {rest}\n"
    )
    assert project.open(template).function("One").http_source == front


@pytest.mark.parametrize(
    ("kind", "properties", "front"),
    [
        ("Url", "TargetFunctionArn: !GetAtt One.Arn", "url"),
        ("Permission", "FunctionName: !Ref One, Principal: elasticloadbalancing.amazonaws.com", "alb"),
        ("Permission", f"{API}, FunctionName: !GetAtt One.Arn, SourceArn: !Sub 'arn:x:${{Rest}}/*'", "rest"),
        ("Permission", f"{API}, FunctionName: !Ref One, SourceArn: !Join ['', [a, !Ref Http]]", "http"),
        ("Permission", f"{API}, FunctionName: !Ref Two", None),
        ("Permission", "FunctionName: !Ref One, Principal: s3.amazonaws.com", None),
    ],
)
def test_http_fronts_of_plain_templates(
    project: Project, kind: str, properties: str, front: str | None
) -> None:
    template = (
        "Resources:\n  One:\n    Type: AWS::Lambda::Function\n"
        "    Properties: {Runtime: python3.11, Handler: app.x, Code: src}\n"
        "  Http: {Type: AWS::ApiGatewayV2::Api}\n  Rest: {Type: AWS::ApiGateway::RestApi}\n"
        f"  Front: {{Type: AWS::Lambda::{kind}, Properties: {{{properties}}}}}\n"
    )
    assert project.open(template).function("One").http_source == front


def test_strict(project: Project) -> None:
    template = FULL.replace("Handler: app.plain", "Handler: app.plain\n      Timeout: 1.5")
    assert project.open(template).function("Plain").timeout == 1.5
    service = project.open(template, options=ServiceOptions(strict=True))
    (fault,) = faults(lambda: service.function("Plain"))
    assert fault.problem == "Lambda takes whole seconds for `Timeout`, not 1.5"
