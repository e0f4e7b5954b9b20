"""The example services are acceptance tests: all their scenarios run through the real program, on a copy."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types
from tests.program import running

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for path in (ROOT / "scenarios").glob("**/*.yml")
    if re.search(r"^scenarios:", path.read_text(encoding="utf-8"), re.MULTILINE)
)
# Part of the format, in no example.
NOT_YET = {
    "functions.image",  # it is there; the examples run where there is no container engine, too
}


class Ran(NamedTuple):
    directory: Path
    done: running.Done
    report: dict[str, Any]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    lacking = [name for name in ("node", "ruby", "curl") if shutil.which(name) is None]
    if lacking:
        problem = f"the examples need {' and '.join(lacking)}: apt-get install nodejs ruby curl"
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    directory = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "scenarios", directory / "scenarios")
    done = running.run(directory, "run", "scenarios/")
    return Ran(directory, done, json.loads((directory / "reports" / "report.json").read_text()))


def test_all_examples_pass(ran: Ran) -> None:
    assert ran.done.status == 0, ran.done.stdout + ran.done.stderr
    results = ran.report["results"]
    assert len(results) >= 40
    assert {result["status"] for result in results} == {"passed", "skipped"}
    skipped = [result for result in results if result["status"] == "skipped"]
    assert [result["reason"] for result in skipped] == [
        "needs a mail server, which this service doesn't have yet",
        "it failed, as expected: prices are kept in euros, and not converted yet",
    ]


def test_the_endings_of_lambda_occur(ran: Ran) -> None:
    endings = {
        invocation["ending"]
        for result in ran.report["results"]
        for attempt in result["attempts"]
        for invocation in attempt["invocations"]
    }
    assert endings >= {"returned", "function error", "init failed", "timed out", "worker died"}


def test_junit_has_a_case_for_each_scenario(ran: Ran) -> None:
    document = etree.parse(ran.directory / "reports" / "junit.xml")
    cases = document.findall(".//testcase")
    results = ran.report["results"]
    assert {f"{case.get('classname')}::{case.get('name')}" for case in cases} == {r["id"] for r in results}
    assert len(cases) == len(results)
    assert not document.findall(".//failure") and not document.findall(".//error")
    assert len(document.findall(".//skipped")) == 2


def test_nothing_is_left_behind(ran: Ran) -> None:
    assert running.left_behind(str(ran.directory)) == []
    written = {
        str(path.relative_to(ran.directory))
        for path in ran.directory.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "scenarios").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    kept = {path for path in written if path.startswith(".lambda-scenarios/")}
    assert {os.path.dirname(path) for path in kept} == {".lambda-scenarios", ".lambda-scenarios/builds"}
    built = {"scenarios/backups/parts/bootstrap"}  # there already, where `make demo` has been run
    reports = {"reports/junit.xml", "reports/report.html", "reports/report.json"}
    assert written - (shipped - built) - kept == reports | built


@pytest.mark.parametrize(
    "options", [("--isolation", "cold"), ("--order", "random", "--seed", "7", "-j", "4")]
)
def test_the_examples_depend_neither_on_order_nor_on_warm_workers(
    ran: Ran, options: tuple[str, ...], tmp_path: Path
) -> None:
    done = running.run(ran.directory, "run", "scenarios/", "--report-dir", str(tmp_path), *options)
    assert done.status == 0, done.stdout + done.stderr


def test_the_secret_is_in_no_report(ran: Ran) -> None:
    token = "a-token-that-nobody-may-see"
    done = running.run(ran.directory, "run", "scenarios/orders", env={"PAYMENT_API_TOKEN": token})
    assert done.status == 0, done.stdout + done.stderr
    masked = json.loads((ran.directory / "reports" / "report.json").read_text())["environments"]
    assert '"PAYMENT_API_TOKEN": "***"' in json.dumps(masked)
    for name in ("junit.xml", "report.html", "report.json"):
        assert token not in (ran.directory / "reports" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_editors_find_the_schema(file: Path) -> None:
    line = file.read_text(encoding="utf-8").splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", line)
    assert found is not None
    assert (file.parent / found.group(1)).resolve() == ROOT / "schemas" / "scenario.schema.json"


def test_every_key_and_every_matcher_occurs() -> None:
    used: set[str] = set()
    for file in FILES:
        used |= set(_used(yaml.safe_load(file.read_text(encoding="utf-8"))))
    assert set(_known()) - used == NOT_YET


def _known() -> Iterator[str]:
    """What the schema knows, as `key` (of a file or a scenario), `expect.key`, `http.key`, `$matcher`, …"""
    schema = json.loads((ROOT / "schemas" / "scenario.schema.json").read_text())
    definitions = schema["definitions"]
    expect = definitions["expect"]["properties"]
    yield from schema["properties"]
    yield from definitions["scenario"]["properties"]
    yield from (f"functions.{key}" for key in definitions["function_declaration"]["properties"])
    yield from (f"expect.{key}" for key in expect)
    yield from (f"http.{key}" for key in expect["http"]["properties"])
    yield from (f"error.{key}" for key in expect["error"]["properties"])
    yield from definitions["matchers"]["properties"]


def _used(document: dict[str, Any]) -> Iterator[str]:
    yield from document
    for function in document.get("functions", {}).values():
        yield from (f"functions.{key}" for key in function)
    for scenario in [document.get("defaults", {}), *document["scenarios"]]:
        yield from scenario
        expect = scenario.get("expect", {})
        yield from (f"expect.{key}" for key in expect)
        yield from (f"http.{key}" for key in expect.get("http", {}))
        if isinstance(expect.get("error"), dict):
            yield from (f"error.{key}" for key in expect["error"])
        yield from _matchers(expect)


def _matchers(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (key for key in value if key.startswith("$"))
        for inner in value.values():
            yield from _matchers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _matchers(inner)
