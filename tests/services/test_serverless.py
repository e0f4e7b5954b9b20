from __future__ import annotations

import os

import pytest
from tests.services.conftest import Workshop, faults, seen

from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.function import ImageConfig, ServiceInfo
from lambda_scenarios.model.values import Origin
from lambda_scenarios.services.catalog import Service, ServiceOptions

HEAD = "service: orders\nprovider:\n  name: aws\n  runtime: python3.11\n"


def test_a_whole_function(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD
        + "  stage: qa\n  region: eu-west-1\n  timeout: 20\n  memorySize: 256\n  architecture: arm64\n"
        + "  environment: {TABLE: 'orders-${sls:stage}', BOTH: provider, GONE: x}\n"
        + "functions:\n  create:\n    handler: handler.create\n    timeout: 3\n"
        + "    environment: {BOTH: function, OWN: 1, GONE: null}\n    events: [{httpApi: 'POST /orders'}]\n"
    )
    function = service.function("create")
    root = os.path.realpath(workshop.root)
    assert function.service == ServiceInfo(
        "orders", "qa", "eu-west-1", root, os.path.join(root, "serverless.yml")
    )
    assert function._replace(service=service.info()) == function
    assert (function.key, function.name, function.handler) == ("create", "orders-qa-create", "handler.create")
    assert (function.runtime, function.architecture, function.code) == ("python3.11", "arm64", root)
    assert (function.timeout, function.memory, function.http_source) == (3.0, 256, "http")
    assert function.environment == (("TABLE", "orders-qa"), ("BOTH", "function"), ("OWN", "1"))
    assert function.origin == Origin(service.file, ("functions", "create"))
    assert service.warnings() == ()


def test_defaults(workshop: Workshop) -> None:
    service = workshop.open(HEAD + "functions: {one: {handler: handler.one}}\n")
    function = service.function("one")
    assert (function.timeout, function.memory, function.architecture) == (6.0, 1024, "x86_64")
    assert (function.name, function.service.region, function.http_source) == (
        "orders-dev-one",
        "us-east-1",
        None,
    )
    assert function.environment == ()


def test_options_win(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD + "  stage: qa\n  region: eu-west-1\nfunctions: {one: {handler: handler.one}}\n",
        options=ServiceOptions(stage="prod", region="us-west-2"),
    )
    assert (service.info().stage, service.info().region) == ("prod", "us-west-2")
    assert service.function("one").name == "orders-prod-one"


def test_short_forms(workshop: Workshop) -> None:
    service = workshop.open(
        "service: {name: short}\nprovider: aws\n"
        "functions:\n  one: {handler: handler.one, runtime: python3.9}\n"
    )
    assert (service.info().name, service.function("one").runtime) == ("short", "python3.9")


def test_numbers_become_text_as_when_deployed(workshop: Workshop) -> None:
    found = workshop.environment(
        "RATIO: 1.10\nBIG: 12345678901234567890\nACCOUNT: 012345678901\nEXP: 1e3\nLARGE: 1e21\n"
        "SMALL: 0.0000001\n"
        "WORD: yes\nBOOL: true\nUNDER: 1_000\nHEX: 0x1F\nQUOTED: '012'"
    )
    assert found == {
        "RATIO": "1.1",
        "BIG": "12345678901234567000",
        "ACCOUNT": "12345678901",
        "EXP": "1000",
        "LARGE": "1e+21",
        "SMALL": "1e-7",
        "WORD": "yes",
        "BOOL": "true",
        "UNDER": "1_000",
        "HEX": "31",
        "QUOTED": "012",
    }


def test_environment_from_a_file(workshop: Workshop) -> None:
    files = {"env.yml": "default: {A: 1, B: '${self:service}'}\n"}
    service = workshop.open(
        HEAD
        + "  environment: ${file(env.yml):${sls:stage}, file(env.yml):default}\n"
        + "functions: {one: {handler: handler.one, environment: '${self:custom.own}'}}\n"
        + "custom: {own: {C: c}}\n",
        files,
    )
    assert service.function("one").environment == (("A", "1"), ("B", "orders"), ("C", "c"))


def test_an_overridden_value_is_not_needed(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD
        + "  environment: {A: '${env:NOPE}'}\nfunctions: {one: {handler: handler.one, environment: {A: a}}}\n"
    )
    assert service.function("one").environment == (("A", "a"),)


def test_strict_makes_errors_of_warnings(workshop: Workshop) -> None:
    service = workshop.service_with("A: !Ref Table", options=ServiceOptions(strict=True))
    (fault,) = faults(lambda: service.function("one"))
    assert "left as JSON" in fault.problem


def test_functions_as_a_list_with_includes(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD
        + "functions:\n  - one: {handler: handler.one}\n  - ${file(more.yml)}\n"
        + "  - two: {timeout: 5}\n  - gone:\n  -\n",
        {
            "more.yml": "two: {handler: handler.two, environment: {V: '${self:service}'}}\n"
            "three: {handler: handler.three}\n"
        },
    )
    assert service.keys() == ("one", "two", "three")
    two = service.function("two")
    assert (two.handler, two.timeout, two.environment) == ("handler.two", 5.0, (("V", "orders"),))
    assert two.origin is not None
    assert two.origin.file.endswith("more.yml")


def test_functions_from_a_file(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD + "functions: ${file(functions.yml)}\n",
        {"functions.yml": "one: ${file(one.yml)}\n", "one.yml": "handler: handler.one\ntimeout: 9\n"},
    )
    assert service.keys() == ("one",)
    assert service.function("one").timeout == 9.0


def test_a_broken_include_hides_no_other_function(workshop: Workshop) -> None:
    service = workshop.open(HEAD + "functions:\n  - one: {handler: handler.one}\n  - ${file(nope.yml)}\n", {})
    assert service.function("one").handler == "handler.one"
    for action in (service.keys, lambda: service.function("two")):
        (fault,) = faults(action)
        assert (fault.line, fault.column, fault.marked) == (7, 5, "${file(nope.yml)}")


def test_an_unknown_function(workshop: Workshop) -> None:
    functions = ", ".join(f"{key}: {{handler: handler.a}}" for key in ("createOrder", "getOrder", "notify"))
    service = workshop.open(
        HEAD + f"functions: {{{functions}}}\n", {"scenario.yml": "scenarios:\n  - function: createOrdr\n"}
    )
    asked_at = Origin(str(workshop.root / "scenario.yml"), ("scenarios", 0, "function"))
    (fault,) = faults(lambda: service.function("createOrdr", asked_at))
    assert fault.problem == "no function `createOrdr` in serverless.yml"
    assert (fault.file, fault.line, fault.column, fault.marked) == ("scenario.yml", 2, 15, "createOrdr")
    assert fault.label == "did you mean `createOrder`? There are: createOrder, getOrder, notify"
    with pytest.raises(UsageError) as caught:
        service.summary("zzz")
    assert caught.value.diagnostics[0].label == "There are: createOrder, getOrder, notify"


def test_a_missing_variable_of_another_function_never_blocks(workshop: Workshop) -> None:
    service = workshop.service_with("V: fine")  # `other` needs ${env:NOWHERE}
    assert service.function("one").environment == (("V", "fine"),)
    (fault,) = faults(lambda: service.function("other"))
    assert fault.marked == "${env:NOWHERE}"


def test_summary_says_what_is_missing_and_why(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD
        + "  environment: {A: '${env:NOPE}', B: b}\n"
        + "functions:\n  one:\n    handler: nowhere.one\n    timeout: ${ssm:/t}\n"
        + "    layers: ['arn:aws:lambda:eu-west-1:1:layer:x:1']\n"
    )
    summary = service.summary("one")
    assert summary.timeout is None
    assert (summary.name, summary.handler, summary.memory) == ("orders-dev-one", "nowhere.one", 1024)
    assert summary.environment == (("A", None), ("B", "b"))
    assert summary.layers == ("arn:aws:lambda:eu-west-1:1:layer:x:1",)
    assert [(u.path, u.reason.split(":")[0]) for u in summary.unresolved] == [
        ("timeout", "cannot resolve `${ssm"),
        ("environment.A", "cannot resolve `${env"),
    ]


def test_summary_without_a_stage(workshop: Workshop) -> None:
    service = workshop.open(HEAD + "  stage: ${env:NOPE}\nfunctions: {one: {handler: handler.one}}\n")
    summary = service.summary("one")
    assert summary.name is None
    assert [u.path for u in summary.unresolved] == ["provider.stage"]
    for action in (service.info, lambda: service.function("one")):
        (fault,) = faults(action)
        assert (fault.line, fault.column, fault.marked) == (5, 10, "${env:NOPE}")


@pytest.mark.parametrize(
    ("entry", "problem", "marked", "label"),
    [
        (
            "handler: handler.one, runtime: python3.1",
            "Lambda has no runtime `python3.1`",
            "python3.1",
            "did you mean",
        ),
        (
            "handler: handler.one, runtime: cobol",
            "Lambda has no runtime `cobol`",
            "cobol",
            "an identifier like",
        ),
        ("handler: handler.one, timeout: soon", "`timeout` must be a number of seconds", "soon", ""),
        ("handler: handler.one, timeout: 901", "`timeout` must be from 1 to 900 seconds, not 901", "901", ""),
        ("handler: handler.one, timeout: true", "`timeout` must be a number of seconds", "true", ""),
        ("handler: handler.one, memorySize: 1.5", "`memorySize` must be a whole number of MB", "1.5", ""),
        ("handler: handler.one, architecture: x86", "`architecture` must be x86_64 or arm64", "x86", ""),
        (
            "handler: handler.one, ephemeralStorageSize: 100",
            "`ephemeralStorageSize` must be from 512 to 10240 MB, not 100",
            "100",
            "",
        ),
        ("image: {uri: x, command: a}", "`command` must be a list", "a}", "as in `command: [app.handler]`"),
        ("image: {uri: x, entryPoint: [{}]}", "`entryPoint` must be a list of texts", "[{}]", ""),
        ("image: {uri: x, workingDirectory: y}", "`workingDirectory` must be a path from /", "y}", ""),
        ("handler: [a]", "`handler` must be a text", "[a]", ""),
        ("handler: ../up.one", "leaves the service's directory", "../up.one", ""),
        ("handler: src/../../up.one", "leaves the service's directory", "src/../../up.one", ""),
        ("handler: /abs/up.one", "is an absolute path", "/abs/up.one", ""),
        ("handler: handler", "names no function", "handler", "`file.function`"),
        (
            "handler: handlr.one",
            "the handler's file is missing: handlr.py",
            "handlr.one",
            "did you mean handler.py?",
        ),
        ("handler: handler.one, layers: x", "`layers` must be a list", "x", ""),
        ("handler: handler.one, environment: [x]", "`environment` must be a mapping", "[x]", ""),
        (
            "handler: handler.one, environment: {A=B: x}",
            "`A=B` can't be the name of an environment variable",
            "A=B",
            "",
        ),
        (
            'handler: handler.one, environment: {A: "b\\0"}',
            "the environment variable `A` has a NUL",
            "A:",
            "",
        ),
        ("handler: handler.one, image: x", "not both", None, ""),
        ("timeout: 3", "the function has no `handler`", None, ""),
    ],
)
def test_faults_of_fields(
    workshop: Workshop, entry: str, problem: str, marked: str | None, label: str
) -> None:
    service = workshop.open(HEAD + f"functions:\n  one: {{{entry}}}\n")
    (fault,) = faults(lambda: service.function("one"))
    assert problem in fault.problem
    assert fault.line == 6
    if marked is not None:
        assert fault.marked.startswith(marked[:1])
        assert fault.column == 3 + f"one: {{{entry}".rindex(marked)
    assert label in fault.label
    service.summary("one")


def test_numbers_from_the_environment(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD + "functions: {one: {handler: handler.one, timeout: '${env:T}', memorySize: '${env:M}'}}\n",
        environ={"T": "30", "M": "512"},
    )
    assert (service.function("one").timeout, service.function("one").memory) == (30.0, 512)


def test_remarks(workshop: Workshop) -> None:
    service = workshop.open(
        "service: s\nprovider: {name: aws}\nfunctions:\n"
        "  one: {handler: dist/main.one, timeout: 1.5, memorySize: 64,\n"
        "        layers: ['arn:aws:lambda:x', {Ref: Thing}]}\n"
    )
    function = service.function("one")
    assert (function.runtime, function.timeout, function.memory, function.layers) == (
        "nodejs16.x",
        1.5,
        64,
        (),
    )
    problems = [warning.problem for warning in service.warnings()]
    assert all(warning.severity == "warning" for warning in service.warnings())
    for part in (
        "takes nodejs16.x",
        "dist/main.js",
        "whole seconds",
        "128 to 10240 MB",
        "arn:aws:lambda:x is left",
    ):
        assert [problem for problem in problems if part in problem], part


def test_layers_of_the_service(workshop: Workshop) -> None:
    (workshop.root / "layers" / "shared").mkdir(parents=True)
    text = (
        HEAD
        + "  layers: [{Ref: SharedDashlibLambdaLayer}]\n"
        + "layers: {shared-lib: {path: layers/shared}, gone: {path: layers/gone}}\n"
        + "functions:\n  one: {handler: handler.one}\n  two: {handler: handler.one, layers: []}\n"
        + "  three: {handler: handler.one, layers: [{Ref: GoneLambdaLayer}, {Ref: SharedLibLambdaLayer}]}\n"
    )
    service = workshop.open(text)
    assert service.function("one").layers == (os.path.join(os.path.realpath(workshop.root), "layers/shared"),)
    assert service.function("two").layers == ()
    assert service.summary("one").layers == ("layers/shared",)
    missing, unknown = faults(lambda: service.function("three"))
    assert missing.problem == "the directory of layer `gone` does not exist"
    assert (missing.line, missing.marked) == (6, "layers/gone")
    assert unknown.label == "did you mean `SharedDashlibLambdaLayer`?"
    assert unknown.marked == "SharedLibLambdaLayer"


@pytest.mark.parametrize(
    ("events", "source"),
    [
        ("[{http: {path: /, method: get}}]", "rest"),
        ("[{http: GET /}]", "rest"),
        ("[{sqs: 'arn:x'}, {httpApi: '*'}]", "http"),
        ("[httpApi]", "http"),
        ("[{alb: {priority: 1}}]", "alb"),
        ("[{schedule: rate(1 minute)}]", None),
        ("['${file(nope.yml)}', {alb: '${ssm:/x}'}]", "alb"),
        ("${ssm:/x}", None),
    ],
)
def test_http_source(workshop: Workshop, events: str, source: str | None) -> None:
    service = workshop.open(HEAD + f"functions:\n  one:\n    handler: handler.one\n    events: {events}\n")
    assert service.function("one").http_source == source


def test_function_url(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD
        + "functions:\n  one: {handler: handler.one, url: true}\n  two: {handler: handler.one, url: false}\n"
    )
    assert service.function("one").http_source == "url"
    assert service.function("two").http_source is None


@pytest.mark.parametrize(
    ("image", "uri"),
    [
        ("1.dkr.ecr.eu-west-1.amazonaws.com/x@sha256:ab", "1.dkr.ecr.eu-west-1.amazonaws.com/x@sha256:ab"),
        ("base", "registry/base:1"),
        ("{name: base, command: [a.b]}", "registry/base:1"),
        ("{uri: other:2}", "other:2"),
        ("built", "built"),
    ],
)
def test_images(workshop: Workshop, image: str, uri: str) -> None:
    service = workshop.open(
        HEAD
        + "  ecr: {images: {base: {uri: 'registry/base:1'}, built: {path: ./docker}}}\n"
        + f"functions:\n  one:\n    image: {image}\n"
    )
    function = service.function("one")
    assert (function.image, function.runtime, function.handler) == (uri, "", "")


def test_what_a_function_changes_of_its_image(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD
        + "functions:\n  one:\n    image: {uri: x, command: ['${env:HANDLER}', 2], entryPoint: [/bin/run],"
        " workingDirectory: /work}\n    ephemeralStorageSize: 1024\n  two: {image: x}\n",
        environ={"HANDLER": "app.main"},
    )
    one, two = service.function("one"), service.function("two")
    assert one.image_config == ImageConfig(("/bin/run",), ("app.main", "2"), "/work")
    assert (one.ephemeral, two.ephemeral) == (1024, 512)
    assert two.image_config == ImageConfig()


@pytest.mark.parametrize(
    ("text", "problem", "line", "label"),
    [
        ("", "a service file must be a mapping", 1, ""),
        ("- a\n", "a service file must be a mapping", 1, ""),
        ("servce: x\nprovider: aws\n", "the key `service` is missing", 1, "`servce`"),
        ("service: x\n", "the key `provider` is missing", 1, ""),
        ("service: x\nprovider:\n  name: google\n", "the provider is `google`: only aws is known", 3, ""),
        ("service: x\nprovider:\n\tname: aws\n", "", 3, ""),
        ("service: x\nservice: y\n", "duplicate key `service`", 2, ""),
        ("service: !Mystery x\n", "unknown tag", 1, ""),
    ],
)
def test_files_that_are_no_service(
    workshop: Workshop, text: str, problem: str, line: int, label: str
) -> None:
    workshop.write({"padding": "\n"})
    with pytest.raises(UsageError) as caught:
        workshop.open(text or "# nothing\n")
    fault = seen(caught.value.diagnostics[0])
    assert problem in fault.problem
    assert (fault.file, fault.line) == ("serverless.yml", line)
    assert label in fault.label


def test_missing_name_and_odd_functions(workshop: Workshop) -> None:
    service = workshop.open("service: null\nprovider: aws\nfunctions: 5\n")
    (fault,) = faults(service.info)
    assert fault.problem == "`service` is missing"
    (fault,) = faults(service.keys)
    assert (fault.problem, fault.line) == ("`functions` must be a mapping or a list", 3)


def test_untouched_parts_may_be_anything(workshop: Workshop) -> None:
    service: Service = workshop.open(
        HEAD
        + "  iam: {role: !GetAtt X.Arn}\n  vpc: ${ssm:/vpc}\n"
        + "functions: {one: {handler: handler.one, role: '${cf:a.b}'}}\n"
        + "package: {patterns: ['${nope:x}']}\nplugins: ['${self:']\n"
        + "resources:\n  Resources:\n    T: {Properties: {N: !Sub 'a-${AWS::Region}'}}\n"
    )
    assert service.function("one").name == "orders-dev-one"


def test_results_are_kept(workshop: Workshop) -> None:
    service = workshop.service_with("V: v")
    assert service.function("one") is service.function("one", Origin(service.file))
