from __future__ import annotations

import os

import pytest
from tests.services.cloudformation.conftest import SAM, Project
from tests.services.conftest import seen

from lambda_scenarios.services.catalog import Catalog, Service, ServiceOptions

TEMPLATE = (
    SAM
    + """\
Globals: {Function: {Runtime: python3.11, Handler: app.x}}
Resources:
  One: {Type: AWS::Serverless::Function, Properties: {CodeUri: src, Timeout: 9, Layers: [!Ref Layer]}}
  Compiled:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: esbuild}
    Properties: {CodeUri: ts, Handler: app.x, Runtime: nodejs20.x}
  Image: {Type: AWS::Serverless::Function, Metadata: {Dockerfile: D}, Properties: {PackageType: Image}}
  Layer:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: python3.11}
    Properties: {ContentUri: lay}
  Child: {Type: AWS::Serverless::Application, Properties: {Location: child.yaml}}
"""
)
BUILT = (
    TEMPLATE.replace("CodeUri: src, Timeout: 9", "CodeUri: One, Timeout: 1")
    .replace("CodeUri: ts", "CodeUri: Compiled")
    .replace("ContentUri: lay", "ContentUri: Layer")
    .replace("Properties: {PackageType: Image}", "Properties: {PackageType: Image, ImageUri: 'image:v7'}")
    .replace("Location: child.yaml", "Location: Child/template.yaml")
)
CHILD = (
    SAM
    + "Resources: {Fn: {Type: AWS::Serverless::Function, Properties: "
    + "{Runtime: python3.11, Handler: app.x, CodeUri: %s}}}\n"
)
BUILD = ".aws-sam/build"
FILES = {
    "ts/app.ts": "",
    "lay/l.py": "",
    "child.yaml": CHILD % "src",
    f"{BUILD}/template.yaml": BUILT,
    f"{BUILD}/One/app.py": "",
    f"{BUILD}/Compiled/app.js": "",
    f"{BUILD}/Layer/python/l.py": "",
    f"{BUILD}/Child/template.yaml": CHILD % "Fn",
    f"{BUILD}/Child/Fn/app.py": "",
}
THEN, NOW = 1_700_000_000, 1_700_000_100


@pytest.fixture
def built(project: Project) -> Project:
    """All files are older than the build."""
    project.write({"src/app.py": "", "template.yaml": TEMPLATE, **FILES})
    for path in project.root.rglob("*"):
        os.utime(path, (THEN, THEN))
    for name in ("template.yaml", "Child/template.yaml"):
        os.utime(project.root / BUILD / name, (NOW, NOW))
    return project


def reopened(project: Project) -> Service:
    return Catalog(project.environ, str(project.root)).open(str(project.root), ServiceOptions())


def test_the_build_is_run_where_it_is_newer(built: Project) -> None:
    service = reopened(built)
    root = f"{built.root}/{BUILD}"
    one = service.function("One")
    assert (one.code, one.layers) == (f"{root}/One", (f"{root}/Layer",))
    assert one.timeout == 9.0  # all but the code is what the template says now
    assert one.service.root == str(built.root)
    assert service.function("Compiled").code == f"{root}/Compiled"
    assert service.function("Image").image == "image:v7"
    assert service.function("Child/Fn").code == f"{root}/Child/Fn"
    assert service.warnings() == ()


@pytest.mark.parametrize("changed", ["src/new.py", "template.yaml"])
def test_sources_that_are_newer_are_run_themselves(built: Project, changed: str) -> None:
    path = built.root / changed
    if not path.exists():
        path.write_text("")
    os.utime(path, (NOW + 1, NOW + 1))
    service = reopened(built)
    assert service.function("One").code == f"{built.root}/src"
    (warning,) = [seen(warning) for warning in service.warnings() if "`One`" in warning.problem]
    assert (
        warning.problem == f"the build of `One` is older than {changed}: the sources are run, not the build"
    )
    assert (warning.marked, warning.label) == ("src", "`sam build` renews it")


def test_what_must_be_compiled_is_run_as_it_was_built(built: Project) -> None:
    os.utime(built.root / "ts/app.ts", (NOW + 1, NOW + 1))
    service = reopened(built)
    assert service.function("Compiled").code == f"{built.root}/{BUILD}/Compiled"
    (warning,) = service.warnings()
    assert warning.problem == (
        "the build of `Compiled` is older than ts/app.ts: what was built is run all the same"
    )


def test_what_was_not_built_yet(project: Project) -> None:
    sources = {name: text for name, text in FILES.items() if not name.startswith(BUILD)}
    service = project.open(TEMPLATE, sources)
    assert service.function("One").code == f"{project.root}/src"
    assert "layer `Layer` is not built (BuildMethod: python3.11)" in service.warnings()[0].problem
    (missing,) = service.summary("Compiled").unresolved
    assert missing.path == "handler"
    assert "is not compiled: there is only app.ts" in missing.reason


@pytest.mark.parametrize(
    "text", ["a: [", "[]", "Resources: 1", "Resources: {One: {Properties: {CodeUri: 1}}}"]
)
def test_a_build_that_cannot_be_read_is_none(project: Project, text: str) -> None:
    sources = {name: value for name, value in FILES.items() if not name.startswith(BUILD)}
    service = project.open(TEMPLATE, {**sources, f"{BUILD}/template.yaml": text})
    assert service.function("One").code == f"{project.root}/src"
