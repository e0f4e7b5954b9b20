from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.services.conftest import Fault, faults, seen

from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.function import ServiceInfo
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.scenarios.yaml_source import parse
from lambda_scenarios.services.catalog import InlineFunctions, inline_functions


def declare(tmp_path: Path, text: str, service: ServiceInfo | None = None) -> InlineFunctions:
    """Functions of a scenario file; their declarations begin on line 2."""
    for name in ("src/greet.py", "scenarios/here.py", "layer/python/x.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    file = tmp_path / "scenarios" / "a.yml"
    file.write_text("functions:\n" + text)
    document = parse(file.read_bytes(), str(file))
    assert isinstance(document, dict)
    declared: Json = document["functions"]
    assert isinstance(declared, dict)
    return inline_functions(declared, Origin(str(file), ("functions",)), str(file), service)


def refused(tmp_path: Path, text: str) -> list[Fault]:
    return faults(lambda: declare(tmp_path, text))


def test_all_keys(tmp_path: Path) -> None:
    text = (
        "  greet: {handler: greet.handler, runtime: python3.11, code: ../src, timeout: 3, memory: 128,\n"
        "          environment: {A: 1.10, B: true, C: null, D: 012},\n"
        "          layers: [../layer], architecture: arm64}\n"
    )
    function = declare(tmp_path, text).functions["greet"]
    assert (function.key, function.name, function.handler) == ("greet", "local-dev-greet", "greet.handler")
    assert (function.runtime, function.timeout, function.memory) == ("python3.11", 3.0, 128)
    assert (function.code, function.layers) == (str(tmp_path / "src"), (str(tmp_path / "layer"),))
    assert function.environment == (("A", "1.10"), ("B", "true"), ("D", "012"))
    assert function.architecture == "arm64"
    assert function.origin == Origin(str(tmp_path / "scenarios" / "a.yml"), ("functions", "greet"))
    assert function.service == ServiceInfo("local", "dev", "us-east-1", str(tmp_path / "scenarios"), None)


def test_defaults(tmp_path: Path) -> None:
    function = declare(tmp_path, "  f: {handler: here.f, runtime: python3.11}\n").functions["f"]
    assert (function.timeout, function.memory, function.code) == (6.0, 1024, str(tmp_path / "scenarios"))
    assert (function.environment, function.layers, function.architecture) == ((), (), "x86_64")


def test_beside_a_service(tmp_path: Path) -> None:
    service = ServiceInfo("orders", "qa", "eu-west-1", str(tmp_path), "serverless.yml")
    found = declare(tmp_path, "  f: {handler: here.f, runtime: python3.11}\n", service)
    assert found.functions["f"].name == "orders-qa-f"
    assert found.functions["f"].service == service


def test_images(tmp_path: Path) -> None:
    function = declare(tmp_path, "  f: {image: 'x:1'}\n").functions["f"]
    assert (function.image, function.runtime, function.handler) == ("x:1", "", "")


@pytest.mark.parametrize(
    ("entry", "problem", "marked", "label"),
    [
        (
            "handler: her.f, runtime: python3.11",
            "the handler's file is missing",
            "her.f",
            "did you mean here.py?",
        ),
        ("handler: here.f, runtime: pyton3.11", "no runtime `pyton3.11`", "pyton3.11", "`python3.11`"),
        (
            "handler: here.f, runtime: python3.11, code: ../nope",
            "the directory of function `f`",
            "../nope",
            "",
        ),
        ("handler: here.f, runtime: python3.11, layers: [../x]", "the directory of this layer", "../x", ""),
        ("handler: here.f, runtime: python3.11, timeout: '{{ t }}'", "`timeout` must be", "'{{ t }}'", ""),
        ("handler: ../here.f, runtime: python3.11", "leaves", "../here.f", ""),
        ("runtime: python3.11", "function `f` has no `handler`", "f", ""),
        ("handler: here.f", "function `f` has no `runtime`", "f", ""),
    ],
)
def test_faults(tmp_path: Path, entry: str, problem: str, marked: str, label: str) -> None:
    (fault,) = refused(tmp_path, f"  f: {{{entry}}}\n")
    assert problem in fault.problem
    assert (fault.file, fault.line, fault.marked) == ("a.yml", 2, marked)
    assert label in fault.label


def test_all_faults_at_once(tmp_path: Path) -> None:
    text = "  a: {handler: no.f, runtime: python3.11}\n  b: {handler: here.f, runtime: cobol}\n"
    assert [fault.line for fault in refused(tmp_path, text)] == [2, 3]


def test_a_variable_that_no_process_can_have(tmp_path: Path) -> None:
    text = '  f: {handler: here.f, runtime: python3.11,\n      environment: {"": a, B: "\\0"}}\n'
    assert [(fault.problem, fault.line, fault.marked) for fault in refused(tmp_path, text)] == [
        ("`` can't be the name of an environment variable", 3, '""'),
        ("the environment variable `B` has a NUL character", 3, "B"),
    ]


def test_a_handler_that_is_to_be_built(tmp_path: Path) -> None:
    found = declare(tmp_path, "  f: {handler: dist/index.f, runtime: nodejs20.x}\n")
    (warning,) = found.warnings
    assert warning.severity == "warning"
    assert seen(warning).marked == "dist/index.f"
    assert os.path.basename(found.functions["f"].code) == "scenarios"


def test_other_diagnostics_are_not_lost(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        declare(tmp_path, "  f: {handler: her.f, runtime: cobol, timeout: -1}\n")
    assert len(caught.value.diagnostics) == 2
