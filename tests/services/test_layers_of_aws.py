"""Layers of a service that aren't directories of it: archives, and those that AWS keeps."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from tests.aws.moto_server import REGION, Moto
from tests.services.conftest import Workshop, faults, seen

from lambda_scenarios.services.catalog import Service, ServiceOptions


def archive(text: str, name: str = "python/signing.py") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as writer:
        writer.writestr(name, text)
    return stream.getvalue()


@pytest.fixture
def arn(moto: Moto) -> str:
    return moto.layer("signing", archive("KEY = 1\n"))


def service(workshop: Workshop, moto: Moto | None, layers: str, rest: str = "", **more: str) -> Service:
    text = (
        f"service: orders\nprovider: {{name: aws, runtime: python3.11, region: {REGION}}}\n"
        f"functions: {{one: {{handler: handler.one, layers: [{layers}]}}}}\n{rest}"
    )
    cache = {"XDG_CACHE_HOME": str(workshop.root / "cache")}
    return workshop.open(text, environ={**(moto.environ if moto else {}), **cache, **more})


def content(opened: Service) -> list[str]:
    directories = opened.function("one").layers
    return [Path(directory, "python", "signing.py").read_text() for directory in directories]


def test_by_arn(moto: Moto, workshop: Workshop, arn: str) -> None:
    opened = service(workshop, moto, arn)
    assert content(opened) == ["KEY = 1\n"]
    assert opened.warnings() == ()


@pytest.mark.parametrize(
    "written",
    [
        "'${cf:layers.Signing}'",
        "!ImportValue signing-layer",
        "!Sub 'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:layer:signing:1'",
    ],
)
def test_by_what_refers_to_the_arn(moto: Moto, workshop: Workshop, arn: str, written: str) -> None:
    outputs = {"Signing": {"Value": arn, "Export": {"Name": "signing-layer"}}}
    moto.stack("layers", {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs})
    assert content(service(workshop, moto, written)) == ["KEY = 1\n"]


def test_one_that_can_t_be_had_is_left_out_and_told(moto: Moto, workshop: Workshop, arn: str) -> None:
    opened = service(workshop, moto, f"{arn}7, !Ref Nowhere")
    assert opened.function("one").layers == ()
    first, second = (seen(warning) for warning in opened.warnings())
    assert first.problem == f"layer {arn}7 is left out: there is no layer {arn}7"
    assert first.marked == f"{arn}7"
    assert any("without AWS" in note for note in first.notes)
    assert second.problem.startswith('layer {"Ref":"Nowhere"} is left out: there is no stack orders-dev')


def test_without_credentials_it_is_left_out(workshop: Workshop) -> None:
    arn = f"arn:aws:lambda:{REGION}:123456789012:layer:signing:3"
    opened = service(workshop, None, arn)
    assert opened.function("one").layers == ()
    (warning,) = opened.warnings()
    assert warning.problem == f"layer {arn} is left out: there are no AWS credentials"


def test_strict_refuses_a_function_whose_layer_can_t_be_had(workshop: Workshop) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:layer:a:3"
    text = (
        "service: orders\nprovider: {name: aws, runtime: python3.11}\n"
        f"functions: {{one: {{handler: handler.one, layers: [{arn}]}}}}\n"
    )
    opened = workshop.open(text, options=ServiceOptions(strict=True))
    (fault,) = faults(lambda: opened.function("one"))
    assert "is left out: there are no AWS credentials" in fault.problem


def test_an_artifact_of_the_service(workshop: Workshop) -> None:
    (workshop.root / "build").mkdir()
    (workshop.root / "build" / "layer.zip").write_bytes(archive("KEY = 3\n"))
    rest = "layers: {signing: {package: {artifact: build/layer.zip}}}\n"
    opened = service(workshop, None, "!Ref SigningLambdaLayer", rest)
    assert content(opened) == ["KEY = 3\n"]
    assert opened.summary("one").layers == ("build/layer.zip",)


def test_functions_tells_the_arn_of_a_layer_that_is_left_out(workshop: Workshop) -> None:
    opened = service(workshop, None, "!Sub 'arn:aws:lambda:${AWS::Region}:1:layer:a:3'")
    assert opened.summary("one").layers == ("arn:aws:lambda:eu-west-1:1:layer:a:3",)


@pytest.mark.parametrize(
    ("declared", "made", "problem"),
    [
        ("{package: {artifact: build/layer.zip}}", None, "build/layer.zip does not exist"),
        ("{package: {artifact: build/layer.zip}}", b"text", "build/layer.zip is not a zip archive"),
        (
            "{package: {artifact: build/layer.zip}}",
            archive("x", "../outside.py"),
            "build/layer.zip leads outside of its directory",
        ),
        ("{name: signing}", None, "layer `signing` has neither `path` nor `package.artifact`"),
    ],
)
def test_an_artifact_that_can_t_be_used(
    workshop: Workshop, declared: str, made: bytes | None, problem: str
) -> None:
    (workshop.root / "build").mkdir()
    if made is not None:
        (workshop.root / "build" / "layer.zip").write_bytes(made)
    opened = service(workshop, None, "!Ref SigningLambdaLayer", f"layers: {{signing: {declared}}}\n")
    (fault,) = faults(lambda: opened.function("one"))
    assert fault.problem.startswith(problem)
    assert not (workshop.root / "outside.py").exists()
