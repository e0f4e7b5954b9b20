"""What the documents show is true: their examples are run, their fragments checked, their output compared."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.docs.documents import PAGES, ROOT, Block, blocks, rows, write_project
from tests.program import running

from lambda_scenarios.cli.commands import COMMANDS

ALL = [block for page in PAGES for block in blocks(page)]
TABLES = [page for page in PAGES if rows(page)]


def of_kind(*kinds: str) -> list[Block]:
    return [block for block in ALL if block.kind in kinds]


def by_place(*kinds: str) -> Callable[[Any], Any]:
    return pytest.mark.parametrize("block", of_kind(*kinds), ids=lambda block: block.place)


def pages_with(kind: str) -> Callable[[Any], Any]:
    pages = [page for page in PAGES if any(block.kind == kind for block in blocks(page))]
    return pytest.mark.parametrize("page", pages, ids=lambda page: page.name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_yaml_is_marked(page: Path) -> None:
    unmarked = [block.place for block in blocks(page) if block.language == "yaml" and not block.kind]
    assert unmarked == []


@pages_with("example")
def test_examples_pass(page: Path, tmp_path: Path) -> None:
    env = write_project(page, tmp_path)
    examples = [block for block in blocks(page) if block.kind == "example"]
    # Those that a shown output expects to fail are judged by that output.
    shown = "".join(block.text for block in blocks(page) if block.argument.startswith("status"))
    paths = [block.argument for block in examples if block.argument not in shown]
    done = running.run(tmp_path, "run", *paths, env=env)
    assert done.status == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "reports" / "report.json").read_text())["results"]
    assert {result["file"] for result in results} == set(paths)
    assert {result["status"] for result in results} <= {"passed", "skipped"}


@pages_with("fragment")
def test_fragments_are_valid(page: Path, tmp_path: Path) -> None:
    write_project(page, tmp_path)
    write_service(tmp_path / "service")
    for number, block in enumerate(blocks(page)):
        if block.kind == "fragment":
            (tmp_path / "fragments").mkdir(exist_ok=True)
            (tmp_path / "fragments" / f"{number}.yml").write_text(_completed(block), encoding="utf-8")
    done = running.run(tmp_path, "validate", "fragments")
    assert done.status == 0, done.stdout + done.stderr


def write_service(directory: Path) -> None:
    """The service that fragments of whole files name."""
    directory.mkdir()
    provider = {"name": "aws", "runtime": "python3.11"}
    functions = {"createOrder": {"handler": "app.handler"}}
    (directory / "serverless.yml").write_text(
        json.dumps({"service": "shop", "provider": provider, "functions": functions})
    )
    (directory / "app.py").write_text("def handler(event, context):\n    return event\n")


def _completed(block: Block) -> str:
    """A whole scenario file around a fragment."""
    if block.argument == "file":
        return block.text
    names = sorted({"echo", *re.findall(r"\bfunction: (\w+)", block.text)})
    functions = {
        name: {"handler": "echo.handler", "runtime": "python3.11", "code": "../src"} for name in names
    }
    lines = [f'"functions": {json.dumps(functions)}', '"defaults": {"function": "echo"}', "scenarios:"]
    if block.argument == "expect":
        lines.append("  - name: a fragment")
    indent = "    " if block.argument == "expect" else "  "
    return "\n".join(lines + [indent + line if line else "" for line in block.text.splitlines()]) + "\n"


@by_place("other")
def test_other_yaml_is_yaml(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), dict)


@by_place("output")
def test_output_is_what_is_printed(block: Block, tmp_path: Path) -> None:
    env = write_project(block.page, tmp_path)
    command, _, expected = block.text.partition("\n")
    assert command.startswith("$ lambda-scenarios ")
    done = running.run(tmp_path, *shlex.split(command)[2:], env=env)
    if os.environ.get("GOLDEN_UPDATE"):
        _write_output(block, f"{command}\n{_tidy(done.stdout + done.stderr)}\n")
        return
    assert _normal(done.stdout + done.stderr, tmp_path) == _normal(expected, tmp_path)
    assert f"status {done.status}" == (block.argument or "status 0")


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def _write_output(block: Block, text: str) -> None:
    """Puts what was printed into the page; read the difference before you commit it."""
    page = block.page.read_text(encoding="utf-8")
    assert page.count(f"```console\n{block.text}```") == 1
    block.page.write_text(
        page.replace(f"```console\n{block.text}```", f"```console\n{text}```"), encoding="utf-8"
    )


def _normal(text: str, directory: Path) -> str:
    text = re.sub(r"\d+ workers?\b", "<number> workers", text)
    return running.normal(text, str(directory)).strip()


@pytest.mark.parametrize("page", TABLES, ids=lambda page: page.name)
def test_tables_tell_the_truth(page: Path, tmp_path: Path) -> None:
    """Each value of a table is what a function returns, and is judged by the program."""
    (tmp_path / "echo.py").write_text("def handler(event, context):\n    return event\n")
    scenarios: list[dict[str, Any]] = []
    wanted: dict[str, tuple[str, str]] = {}
    for row in rows(page):
        assert row.holds and row.fails, row.place
        for status, values in (("passed", row.holds), ("failed", row.fails)):
            for value in values:
                name = f"{len(scenarios)}"
                expected = yaml.safe_load(row.written)
                scenarios.append(
                    {"name": name, "event": yaml.safe_load(value), "expect": {row.key: expected}}
                )
                wanted[name] = (status, f"{row.place}: {row.written} for {value}")
    document = {
        "functions": {"echo": {"handler": "echo.handler", "runtime": "python3.11"}},
        "defaults": {"function": "echo"},
        "scenarios": scenarios,
    }
    (tmp_path / "table.yml").write_text(json.dumps(document))
    done = running.run(tmp_path, "run", "table.yml")
    assert done.status == 1, done.stdout + done.stderr
    results = json.loads((tmp_path / "reports" / "report.json").read_text())["results"]
    found = {result["name"]: result["status"] for result in results}
    assert [text for name, (status, text) in wanted.items() if found[name] != status] == []


def test_the_tables_have_every_matcher() -> None:
    schema = json.loads((ROOT / "schemas" / "scenario.schema.json").read_text())
    known = set(schema["definitions"]["matchers"]["properties"])
    written = " ".join(row.written for page in TABLES for row in rows(page))
    assert known - set(re.findall(r"\$\w+", written)) == set()


def test_the_guide_explains_every_key() -> None:
    schema = json.loads((ROOT / "schemas" / "scenario.schema.json").read_text())
    definitions = schema["definitions"]
    keys = {
        *schema["properties"],
        *definitions["scenario"]["properties"],
        *definitions["expect"]["properties"],
        *definitions["expect"]["properties"]["http"]["properties"],
        *definitions["function_declaration"]["properties"],
    }
    code = " ".join(re.findall(r"`[^`\n]+`", "\n".join(page.read_text() for page in PAGES)))
    shown = "\n".join(block.text for block in ALL if block.kind in ("example", "fragment"))
    assert sorted(key for key in keys if f"`{key}`" not in code and not re.search(rf"\b{key}: ", shown)) == []


@pytest.mark.parametrize(
    "page",
    [
        *PAGES,
        *(
            ROOT / name
            for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "scenarios/README.md")
        ),
    ],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    broken = []
    for target in targets:
        file, _, anchor = target.partition("#")
        if "://" in file:
            continue
        path = (page.parent / file) if file else page
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            broken.append(target)
    assert broken == []


def _anchors(page: Path) -> set[str]:
    """The names that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_options_of_the_documents_exist() -> None:
    """Every `--option` that the pages name is one of the program's, or said not to be there yet."""
    helps = "".join(running.run(ROOT, command, "--help").stdout for command in COMMANDS)
    known = set(re.findall(r"--[a-z][a-zA-Z-]*", helps))
    named: set[str] = set()
    for page in PAGES:
        if page.name == "comparison.md":  # other programs have options of their own
            continue
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith(("| `--", "- `--")) or "lambda-scenarios " in line:
                named |= set(re.findall(r"(?<![\w-])--[a-z][a-zA-Z-]+", line))
    assert sorted(named - known) == []
