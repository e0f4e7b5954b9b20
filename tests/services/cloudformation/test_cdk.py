from __future__ import annotations

import json
import zipfile
from typing import Any

import pytest
from tests.services.cloudformation.conftest import Project
from tests.services.conftest import faults

from lambda_scenarios.errors import UsageError
from lambda_scenarios.services.catalog import Catalog, Service, ServiceOptions


def function(path: str, asset: str | None, **more: Any) -> dict[str, Any]:
    """A function as `cdk synth` writes it."""
    metadata = {"aws:cdk:path": path}
    if asset is not None:
        metadata |= {"aws:asset:path": asset, "aws:asset:property": "Code"}
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {
                "S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"},
                "S3Key": "cafe.zip",
            },
            "Handler": "app.handler",
            "Runtime": "python3.11",
            "Role": {"Fn::GetAtt": ["Role123", "Arn"]},
            **more,
        },
        "Metadata": metadata,
    }


TABLE = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "orders"}}
ORDERS = {
    "Resources": {
        "CreateHandler2E4FBA4D": function(
            "Orders/CreateHandler/Resource",
            "asset.cafe",
            Environment={"Variables": {"TABLE": {"Ref": "TableABC"}, "URL": {"Fn::Join": ["", ["a", "b"]]}}},
            Layers=[{"Ref": "Layer123"}],
        ),
        "ApiHandler99": function("Orders/Api/Handler/Resource", "asset.packed.zip"),
        "ByKey77": function("Orders/ByKey/Resource", None),
        "Inline11": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": "def handler(e, c): pass"},
                "Handler": "index.handler",
                "Runtime": "python3.11",
            },
        },
        "TableABC": TABLE,
        "Layer123": {
            "Type": "AWS::Lambda::LayerVersion",
            "Properties": {"Content": {"S3Bucket": "b", "S3Key": "k.zip"}},
            "Metadata": {"aws:asset:path": "asset.layer", "aws:asset:property": "Content"},
        },
        "Nested": {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"TemplateURL": {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::URLSuffix"}]]}},
            "Metadata": {
                "aws:asset:path": "Nested.nested.template.json",
                "aws:asset:property": "TemplateURL",
            },
        },
    }
}
ASSETS = {"version": "36.0.0", "files": {"cafe": {"source": {"path": "asset.cafe", "packaging": "zip"}}}}


def stack(template: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "aws:cloudformation:stack",
        "environment": more.pop("environment", "aws://unknown-account/unknown-region"),
        "properties": {"templateFile": template, **more},
        "displayName": template.partition(".")[0],
    }


def synthesise(project: Project, artifacts: dict[str, Any]) -> None:
    project.write(
        {
            "cdk.json": "{}",
            "cdk.out/manifest.json": json.dumps({"version": "36.0.0", "artifacts": artifacts}),
            "cdk.out/Orders.template.json": json.dumps(ORDERS, indent="\t"),
            "cdk.out/Orders.assets.json": json.dumps(ASSETS),
            "cdk.out/Nested.nested.template.json": json.dumps(
                {"Resources": {"Deep1": function("Orders/Nested/Deep/Resource", "asset.cafe")}}
            ),
            "cdk.out/asset.cafe/app.py": "",
            "cdk.out/asset.layer/python/l.py": "",
        }
    )
    with zipfile.ZipFile(project.root / "cdk.out" / "asset.packed.zip", "w") as archive:
        archive.writestr("app.py", "")


def opened(project: Project, path: str = "", **options: Any) -> Service:
    catalog = Catalog(project.environ, str(project.root))
    return catalog.open(str(project.root / path), ServiceOptions(**options))


def test_one_stack(project: Project) -> None:
    environment = "aws://111122223333/eu-west-1"
    synthesise(
        project, {"Orders": stack("Orders.template.json", stackName="orders-prod", environment=environment)}
    )
    service = opened(project)
    root = str(project.root)
    assert service.info()[:4] == ("orders-prod", "default", "eu-west-1", root)
    assert service.keys() == ("CreateHandler", "Api/Handler", "ByKey", "Inline11", "Nested/Nested/Deep")
    create = service.function("CreateHandler")
    assert (create.code, create.layers) == (f"{root}/cdk.out/asset.cafe", (f"{root}/cdk.out/asset.layer",))
    assert create.environment == (("TABLE", "orders"), ("URL", "ab"))
    assert create.name == "orders-prod-CreateHandler2E4FBA4D"
    assert service.function("CreateHandler2E4FBA4D") is create
    assert service.function("Handler").key == "Api/Handler"
    assert (project.root.parent / "home") in project.root.joinpath(service.function("Handler").code).parents
    assert service.function("ByKey").code == f"{root}/cdk.out/asset.cafe"
    assert service.function("Deep").code == f"{root}/cdk.out/asset.cafe"
    assert service.function("Inline11").handler == "index.handler"
    assert service.warnings() == ()


@pytest.mark.parametrize(
    "path", ["cdk.json", "cdk.out", "cdk.out/manifest.json", "cdk.out/Orders.template.json"]
)
def test_an_app_may_be_named_in_several_ways(project: Project, path: str) -> None:
    synthesise(project, {"Orders": stack("Orders.template.json", stackName="orders-prod")})
    service = opened(project, path)
    assert service.info()[:4] == ("orders-prod", "default", "us-east-1", str(project.root))
    assert service.function("CreateHandler").name == "orders-prod-CreateHandler2E4FBA4D"


def test_several_stacks_and_assemblies(project: Project) -> None:
    inner = {"version": "36.0.0", "artifacts": {"X": stack("Stage.template.json", stackName="stage")}}
    inner["artifacts"]["X"]["displayName"] = "Stage/Bills"  # type: ignore[index]  # made above
    synthesise(
        project,
        {
            "Orders": stack("Orders.template.json"),
            "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
            "assembly-Stage": {
                "type": "cdk:cloud-assembly",
                "properties": {"directoryName": "assembly-Stage"},
            },
        },
    )
    template = {"Resources": {"Bill1": function("Stage/Bills/Bill/Resource", "../asset.cafe")}}
    project.write(
        {
            "cdk.out/assembly-Stage/manifest.json": json.dumps(inner),
            "cdk.out/assembly-Stage/Stage.template.json": json.dumps(template),
        }
    )
    service = opened(project)
    assert service.info().name == "orders"
    assert "Orders/CreateHandler" in service.keys()  # noqa: SIM118 - a service is no mapping
    bill = service.function("Bill1")
    assert (bill.key, bill.name) == ("Stage/Bills/Bills/Bill", "stage-Bill1")
    assert bill.code == f"{project.root}/cdk.out/asset.cafe"
    with pytest.raises(UsageError) as caught:
        service.function("CreateHandlr")
    assert caught.value.diagnostics[0].label.startswith("did you mean `Orders/CreateHandler`? There are: ")


def test_templates_without_a_manifest_are_read(project: Project) -> None:
    synthesise(project, {"Orders": stack("Orders.template.json")})
    (project.root / "cdk.out" / "manifest.json").unlink()
    project.write({"cdk.out/OrdersInner1.nested.template.json": "{}"})
    service = opened(project)
    assert service.info().name == "Orders"
    assert service.function("CreateHandler").code == f"{project.root}/cdk.out/asset.cafe"


def test_an_asset_that_is_missing(project: Project) -> None:
    synthesise(project, {"Orders": stack("Orders.template.json")})
    (project.root / "cdk.out" / "asset.cafe" / "app.py").unlink()
    (project.root / "cdk.out" / "asset.cafe").rmdir()
    service = opened(project)
    (fault,) = faults(lambda: service.function("CreateHandler"))
    assert fault.problem == "the code is missing: there is no cdk.out/asset.cafe"
    assert (fault.file, fault.marked) == ("Orders.template.json", '"asset.cafe"')


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"cdk.json": "{}"}, "there is no cdk.out: the app has not been synthesised"),
        ({"cdk.json": '{"output": "out"}'}, "there is no out: the app has not been synthesised"),
        (
            {"cdk.json": "{}", "cdk.out/tree.json": "{}"},
            "there is no cdk.out/manifest.json: the app has not been synthesised",
        ),
        ({"cdk.json": "{", "cdk.out/manifest.json": "{}"}, "this is not JSON"),
        ({"cdk.json": "{}", "cdk.out/manifest.json": "["}, "this is not JSON"),
        ({"cdk.json": "{}", "cdk.out/manifest.json": "[]"}, "cdk.out has no stacks"),
        (
            {"cdk.json": "{}", "cdk.out/manifest.json": '{"artifacts": {"a": 1, "b": {"type": 2}}}'},
            "cdk.out has no stacks",
        ),
        (
            {
                "cdk.json": "{}",
                "cdk.out/manifest.json": json.dumps({"artifacts": {"a": stack("gone.template.json")}}),
            },
            "there is no cdk.out/gone.template.json",
        ),
    ],
)
def test_apps_that_cannot_be_read(project: Project, files: dict[str, str], problem: str) -> None:
    project.write(files)
    with pytest.raises(UsageError) as caught:
        opened(project)
    assert caught.value.diagnostics[0].problem == problem
