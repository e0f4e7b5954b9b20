"""Service files that are programs, and `${file(x.js)}`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.program import running
from tests.services.conftest import Fault, faults, seen

from lambda_scenarios.services.catalog import Catalog, Service, ServiceOptions

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None, reason="Node.js is missing: apt-get install nodejs"
)

HEAD = "service: orders\nprovider: {name: aws, runtime: python3.11}\n"
CONFIGURATION = """\
{
  service: 'orders',
  provider: {name: 'aws', runtime: 'python3.11', environment: {STAGE: '${sls:stage}'}},
  functions: {one: {handler: 'handler.one', timeout: 5}},
}"""


class Desk:
    """A directory, and a catalog that reads in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.catalog = Catalog({"PATH": os.environ["PATH"]}, str(root))
        (root / "handler.py").touch()

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def program(self, name: str, text: str, options: ServiceOptions | None = None) -> Service:
        self.write({name: text})
        return self.catalog.open(str(self.root), options or ServiceOptions())

    def values(self, values: str, files: Mapping[str, str], options: ServiceOptions | None = None) -> Service:
        """A service whose function has these variables, `NAME: value` a line, from line 6 on."""
        indented = "".join(f"      {line}\n" for line in values.splitlines())
        text = HEAD + "functions:\n  one:\n    handler: handler.one\n    environment:\n" + indented
        self.write({"serverless.yml": text, **files})
        return self.catalog.open(str(self.root), options or ServiceOptions())

    def environment(
        self, values: str, files: Mapping[str, str], options: ServiceOptions | None = None
    ) -> dict[str, str]:
        return dict(self.values(values, files, options).function("one").environment)

    def fault(self, values: str, files: Mapping[str, str]) -> Fault:
        (found,) = faults(lambda: self.values(values, files).function("one"))
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.catalog.close()
    assert running.left_behind(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("serverless.js", f"module.exports = {CONFIGURATION}"),
        ("serverless.js", f"module.exports = async () => ({CONFIGURATION})"),
        ("serverless.js", f"module.exports = Promise.resolve({CONFIGURATION})"),
        ("serverless.cjs", f"module.exports = () => ({CONFIGURATION})"),
        ("serverless.mjs", f"export default {CONFIGURATION}"),
        ("serverless.mjs", f"export default await Promise.resolve({CONFIGURATION})"),
    ],
)
def test_a_service_file_that_is_a_program(desk: Desk, name: str, text: str) -> None:
    function = desk.program(name, text).function("one")
    assert (function.name, function.timeout) == ("orders-dev-one", 5.0)
    assert function.environment == (("STAGE", "dev"),)
    assert function.service.file == os.path.realpath(desk.root / name)


def test_an_es_module_by_its_package(desk: Desk) -> None:
    desk.write({"package.json": '{"type": "module"}'})
    assert desk.program("serverless.js", f"export default {CONFIGURATION}").keys() == ("one",)


def test_it_sees_the_options_of_the_command_line(desk: Desk) -> None:
    text = (
        "module.exports = {service: 's', provider: {name: 'aws', runtime: 'python3.11'},\n"
        "  functions: {one: {handler: 'handler.one', environment: {ARGS: process.argv.slice(2).join(' ')}}}}"
    )
    options = ServiceOptions(stage="qa", region="eu-west-1", params=(("a", "b"),))
    assert desk.program("serverless.js", text, options).function("one").environment == (
        ("ARGS", "--stage qa --region eu-west-1 --param a=b"),
    )


def test_each_stage_is_evaluated_by_itself(desk: Desk) -> None:
    text = f"const c = {CONFIGURATION}; c.service = process.argv[3] || 'none'; module.exports = c"
    assert desk.program("serverless.js", text).info().name == "none"
    assert desk.program("serverless.js", text, ServiceOptions(stage="qa")).info().name == "qa"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "serverless.js exports nothing"),
        ("module.exports = 'x'", "serverless.js must export an object"),
        ("module.exports = {provider: 'aws'}", "the key `service` is missing"),
        ("module.exports = {service: 's', provider: 'gcp'}", "the provider is `gcp`: only aws is known"),
        (
            "module.exports = ({resolveVariable}) => resolveVariable('sls:stage')",
            "serverless.js threw ServerlessError: variables aren't known while the service file is read",
        ),
    ],
)
def test_what_is_no_service(desk: Desk, text: str, problem: str) -> None:
    (fault,) = faults(lambda: desk.program("serverless.js", text + "\n"))
    assert (fault.problem, fault.file, fault.line) == (problem, "serverless.js", 1)


def test_a_place_in_a_program_is_where_the_variable_is_written(desk: Desk) -> None:
    text = CONFIGURATION.replace("timeout: 5", "timeout: '${env:NOPE}'")
    (fault,) = faults(lambda: desk.program("serverless.js", f"module.exports = {text}").function("one"))
    assert (fault.line, fault.marked) == (4, "${env:NOPE}")
    assert fault.notes == ("it is `functions.one.timeout` of what the file exports",)


def test_a_value_of_a_program_has_no_line(desk: Desk) -> None:
    text = CONFIGURATION.replace("timeout: 5", "timeout: -1")
    (fault,) = faults(lambda: desk.program("serverless.js", f"module.exports = {text}").function("one"))
    assert (fault.problem, fault.line) == ("`timeout` must be from 1 to 900 seconds, not -1", 1)
    assert fault.notes == ("it is `functions.one.timeout` of what the file exports",)


def test_functions_in_a_service_file_are_told_where_they_matter(desk: Desk) -> None:
    text = CONFIGURATION.replace("timeout: 5", "environment: {A: () => 1}, events: [() => 2]")
    service = desk.program("serverless.js", f"module.exports = {{...{text}, custom: {{f: () => 3}}}}")
    assert service.function("one").environment == (("STAGE", "dev"),)
    assert [seen(warning).problem for warning in service.warnings()] == [
        "`functions.one.environment.A` is a function, which is no value: it is left out"
    ]


FILES = {
    "plain.js": (
        "module.exports = {a: {b: 'deep', list: ['x', 'y']}, n: 5, v: '${sls:stage}',\n"
        "  later: Promise.resolve('p')}"
    ),
    "function.js": "module.exports = async ({options}) => ({stage: options.stage ?? null, given: options})",
    "properties.js": (
        "module.exports.make = ({options}) => ({inner: {of: options.region}});\n"
        "module.exports.nested = {deeper: async () => 'late'};\n"
    ),
    "named.mjs": "export const name = 'named'; export default {other: 'default'}",
    "asks.js": (
        "module.exports = async ({resolveVariable, resolveConfigurationProperty}) => ({\n"
        "  stage: await resolveVariable('sls:stage'),\n"
        "  fallback: await resolveVariable(\"env:NOWHERE, 'none'\"),\n"
        "  from: await resolveVariable('file(function.js):stage'),\n"
        "  name: await resolveConfigurationProperty(['service']),\n"
        "  all: Object.keys(await resolveConfigurationProperty(['provider'])).join('+'),\n"
        "  gone: (await resolveConfigurationProperty(['custom', 'nothing'])) ?? 'no such',\n"
        "  both: (await Promise.all(['sls:stage', 'self:service'].map(resolveVariable))).join('+'),\n"
        "});\n"
    ),
}


def test_values_of_programs(desk: Desk) -> None:
    found = desk.environment(
        "DEEP: ${file(plain.js):a.b}\nITEM: ${file(./plain.js):a.list.1}\nNUMBER: ${file(plain.js):n}\n"
        "VARIABLE: x-${file(plain.js):v}\nLATER: ${file(plain.js):later}\n"
        "STAGE: ${file(function.js):stage}\nMADE: ${file(properties.js):make.inner.of}\n"
        "NESTED: ${file(properties.js):nested.deeper}\nNAMED: ${file(named.mjs):name}\n"
        "DEFAULT: ${file(named.mjs):other}\nFALLBACK: ${file(plain.js):a.nothing, 'fallback'}\n"
        "NO_FILE: ${file(nothing.js):a, 'fallback'}",
        FILES,
        ServiceOptions(stage="qa", region="eu-west-1"),
    )
    assert found == {
        "DEEP": "deep",
        "ITEM": "y",
        "NUMBER": "5",
        "VARIABLE": "x-qa",
        "LATER": "p",
        "STAGE": "qa",
        "MADE": "eu-west-1",
        "NESTED": "late",
        "NAMED": "named",
        "DEFAULT": "default",
        "FALLBACK": "fallback",
        "NO_FILE": "fallback",
    }


def test_a_function_looks_things_up(desk: Desk) -> None:
    found = desk.environment(
        "\n".join(
            f"{key.upper()}: ${{file(asks.js):{key}}}"
            for key in ("stage", "fallback", "from", "name", "all", "gone", "both")
        ),
        FILES,
        ServiceOptions(stage="qa"),
    )
    assert found == {
        "STAGE": "qa",
        "FALLBACK": "none",
        "FROM": "qa",
        "NAME": "orders",
        "ALL": "name+runtime",
        "GONE": "no such",
        "BOTH": "qa+orders",
    }


def test_functions_and_environments_from_programs(desk: Desk) -> None:
    desk.write(
        {
            "functions.js": (
                "module.exports = () => Object.fromEntries(['one', 'two'].map((name) =>\n"
                "  [name, {handler: `handler.${name}`, environment: {NAME: name, STAGE: '${sls:stage}'}}]))\n"
            ),
            "env.js": "module.exports = {SHARED: 'yes'}",
            "serverless.yml": (
                "service: s\nprovider: {name: aws, runtime: python3.11, environment: '${file(env.js)}'}\n"
                "functions: ${file(functions.js)}\n"
            ),
        }
    )
    service = desk.catalog.open(str(desk.root), ServiceOptions())
    assert service.keys() == ("one", "two")
    assert service.function("two").environment == (("SHARED", "yes"), ("NAME", "two"), ("STAGE", "dev"))


def test_it_sees_the_variables_of_env_files(desk: Desk) -> None:
    desk.write(
        {
            ".env": "FROM_FILE=yes\nPATH=no\n",
            "env.js": "module.exports = () => ({v: process.env.FROM_FILE, path: process.env.PATH})",
            "serverless.yml": HEAD
            + "useDotenv: true\nfunctions: {one: {handler: handler.one, environment: '${file(env.js)}'}}\n",
        }
    )
    service = desk.catalog.open(str(desk.root), ServiceOptions())
    assert dict(service.function("one").environment) == {"v": "yes", "path": os.environ["PATH"]}


def test_one_process_evaluates_all(desk: Desk) -> None:
    files = dict.fromkeys(("a.js", "b.js"), "module.exports = {pid: process.pid}")
    found = desk.environment("A: ${file(a.js):pid}\nB: ${file(b.js):pid}", files)
    assert found["A"] == found["B"]


def test_no_program_is_run_that_is_not_needed(desk: Desk) -> None:
    files = {"touch.js": "require('fs').writeFileSync('touched', ''); module.exports = {}"}
    service = desk.values("A: a", files)
    desk.write({"serverless.yml": (desk.root / "serverless.yml").read_text() + "custom: ${file(touch.js)}\n"})
    assert service.function("one").environment == (("A", "a"),)
    assert not (desk.root / "touched").exists()


def test_a_program_that_throws(desk: Desk) -> None:
    fault = desk.fault("A: ${file(bad.js):a}", {"bad.js": "\nthrow new Error('no luck')\n"})
    assert (fault.problem, fault.marked) == (
        "cannot resolve `${file(bad.js):a}`: bad.js can't be read",
        "${file(bad.js):a}",
    )
    assert fault.notes == ("bad.js:2:7: bad.js threw Error: no luck",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("module.exports = {b: 1}", "there is no value `a` in x.js"),
        ("module.exports = {a: null}", "there is no value `a` in x.js"),
        ("", "there is no value `a` in x.js"),
        ("module.exports = () => ({a: () => 1})", "`a` is a function, which is no value"),
    ],
)
def test_values_that_are_missing(desk: Desk, text: str, reason: str) -> None:
    fault = desk.fault("A: ${file(x.js):a}", {"x.js": text})
    assert fault.problem == f"cannot resolve `${{file(x.js):a}}`: {reason}"


def test_what_a_function_can_not_look_up(desk: Desk) -> None:
    files = {"x.js": "module.exports = ({resolveVariable}) => resolveVariable('env:NOWHERE')"}
    fault = desk.fault("A: ${file(x.js)}", files)
    assert fault.problem == ("cannot resolve `${env:NOWHERE}`: the environment variable NOWHERE is not set")
    assert (fault.file, fault.line) == ("serverless.yml", 7)


def test_what_a_function_catches_is_no_problem(desk: Desk) -> None:
    text = "module.exports = ({resolveVariable}) => resolveVariable('env:NOWHERE').catch(() => 'caught')"
    assert desk.environment("A: ${file(x.js)}", {"x.js": text}) == {"A": "caught"}


@pytest.mark.parametrize("variable", ["nothing", "", "{", "self:custom.${"])
def test_what_is_no_variable(desk: Desk, variable: str) -> None:
    files = {"x.js": f"module.exports = ({{resolveVariable}}) => resolveVariable('{variable}')"}
    assert desk.fault("A: ${file(x.js)}", files).file == "serverless.yml"


@pytest.mark.parametrize(
    ("variable", "text", "problem", "notes"),
    [
        (
            "${file(x.js):a}",
            "module.exports.a = ({resolveConfigurationProperty: get}) =>\n"
            "  get(['functions', 'one', 'environment', 'A'])",
            "these values refer to each other in a circle: functions.one.environment.A"
            " → functions.one.environment.A",
            (),
        ),
        (
            "${file(x.js)}",
            "module.exports = ({resolveVariable}) => resolveVariable('file(x.js)')",
            "cannot resolve `${file(x.js)}`: x.js can't be read",
            ("x.js:1:1: it needs itself to give its value",),
        ),
        (
            "${file(x.js):a}",
            "module.exports = {a: '${file(x.js):a}'}",
            "cannot resolve `${file(x.js):a}`: it refers to itself",
            ("it is `a` of what the file exports",),
        ),
    ],
)
def test_circles_through_programs(
    desk: Desk, variable: str, text: str, problem: str, notes: tuple[str, ...]
) -> None:
    fault = desk.fault(f"A: {variable}", {"x.js": text})
    assert fault.problem == problem
    assert fault.notes[: len(notes)] == notes


def test_it_goes_on_after_a_program_that_ended_the_process(desk: Desk) -> None:
    files = {"exit.js": "process.exit(1)", "fine.js": "module.exports = {a: 1}"}
    service = desk.values("A: ${file(exit.js):a}\nB: ${file(fine.js):a}", files)
    summary = service.summary("one")
    assert summary.environment == (("A", None), ("B", "1"))
    assert "exit.js can't be read" in summary.unresolved[0].reason


def test_it_goes_on_after_the_catalog_is_closed(desk: Desk) -> None:
    service = desk.values("A: ${file(x.js):a}", {"x.js": "module.exports = {a: process.pid}"})
    desk.catalog.close()
    assert service.function("one").environment[0][1].isdigit()
