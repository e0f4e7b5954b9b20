"""Files that are programs, evaluated by a real Node.js."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.program import running
from tests.services.conftest import Fault, faults

from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.values import Json
from lambda_scenarios.services import node_process
from lambda_scenarios.services.modules import value_of_module

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None, reason="Node.js is missing: apt-get install nodejs"
)


def value(directory: Path, name: str, text: str) -> Json:
    file = directory / name
    file.write_text(text, encoding="utf-8")
    try:
        return value_of_module(str(file), dict(os.environ), str(directory))
    finally:
        assert running.left_behind(str(directory)) == []


def fault(directory: Path, name: str, text: str) -> Fault:
    (found,) = faults(lambda: value(directory, name, text))
    return found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("event.js", "module.exports = {id: 1}"),
        ("event.cjs", "exports.id = 1"),
        ("event.mjs", "export default {id: 1}"),
        ("event.mjs", "export const id = await Promise.resolve(1)"),
        ("event.js", "module.exports = () => ({id: 1})"),
        ("event.js", "module.exports = async () => ({id: 1})"),
        ("event.js", "module.exports = Promise.resolve({id: 1})"),
        ("event.mjs", "export default async function event() { return {id: 1} }"),
        (
            "event.js",
            "Object.defineProperty(exports, '__esModule', {value: true}); exports.default = {id: 1}",
        ),
        ("event.js", "const half = require('./half.cjs'); module.exports = {...half}"),
        ("event.js", "console.log('{\"id\": 2}'); console.error('x'); module.exports = {id: 1}"),
    ],
)
def test_what_a_module_exports(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "half.cjs").write_text("module.exports = {id: 1}")
    assert value(tmp_path, name, text) == {"id": 1}


def test_values_are_those_of_json(tmp_path: Path) -> None:
    text = (
        "module.exports = [1.5, 2, 1e21, -0, NaN, undefined, null, true, 'ü\\u2028', new Date(0),"
        " {gone: undefined, __proto__: {inherited: 1}, ['__proto__']: 2}, new String('boxed')]"
    )
    assert value(tmp_path, "event.js", text) == [
        1.5, 2, 1e21, 0, None, None, None, True, "ü\u2028",
        "1970-01-01T00:00:00.000Z", {"__proto__": 2}, "boxed",
    ]  # fmt: skip


def test_a_large_value(tmp_path: Path) -> None:
    found = value(tmp_path, "event.js", "module.exports = {text: 'ü'.repeat(3e6), list: Array(1e5).fill(7)}")
    assert isinstance(found, dict)
    assert found["text"] == "ü" * 3_000_000
    assert found["list"] == [7] * 100_000


def test_its_environment_is_the_one_given(tmp_path: Path) -> None:
    file = tmp_path / "event.js"
    file.write_text("module.exports = [process.env.GIVEN ?? null, process.env.HOME ?? null, process.cwd()]")
    environ = {"PATH": os.environ["PATH"], "GIVEN": "yes"}
    assert value_of_module(str(file), environ, "/") == ["yes", None, os.path.realpath(tmp_path)]


@pytest.mark.parametrize(
    ("text", "problem", "line", "column"),
    [
        (
            "const order = undefined;\nmodule.exports = {id: order.id};\n",
            "event.js threw TypeError: Cannot read properties of undefined (reading 'id')",
            2,
            29,
        ),
        ("const a = 1;\nconst b = = 2;\n", "event.js threw SyntaxError: Unexpected token '='", 2, 1),
        (
            "\nmodule.exports = async () => { throw new RangeError('no') }",
            "event.js threw RangeError: no",
            2,
            38,
        ),
        ("module.exports = Promise.reject(new Error('late'))", "event.js threw Error: late", 1, 33),
        (
            "module.exports = new Promise(() => setImmediate(() => { throw new Error('later') }))",
            "event.js threw Error: later",
            1,
            63,
        ),
        ("throw 'a text'", "event.js threw 'a text'", 1, 1),
        ("throw null", "event.js threw null", 1, 1),
        ("require('./nowhere')", "event.js threw Error: Cannot find module './nowhere'", 1, 1),
        ("process.exit(3)", "event.js ended its process (exit status 3)", 1, 1),
        ("process.kill(process.pid, 'SIGKILL')", "event.js ended its process (signal 9)", 1, 1),
        (
            "module.exports = new Promise(() => {})",
            "event.js doesn't come to an end: a promise that it waits for is never settled",
            1,
            1,
        ),
        (
            "const a = {b: {}}; a.b.c = a; module.exports = [a]",
            "event.js can't be used: `0.b.c`, which it exports, contains itself: it is 0",
            1,
            1,
        ),
        (
            "module.exports = {id: 10n}",
            "event.js can't be used: `id`, which it exports, is a BigInt, which JSON has not",
            1,
            1,
        ),
        (
            "module.exports = {make: {id: () => 1}}",
            "event.js can't be used: `make.id` is a function, which is no JSON",
            1,
            1,
        ),
        ("module.exports = {m: new Map()}", "event.js can't be used: `m` is a Map, which is no JSON", 1, 1),
        (
            "module.exports = () => () => 1",
            "event.js can't be used: it is a function, which is no JSON",
            1,
            1,
        ),
        (
            "module.exports = [Promise.resolve(1)]",
            "event.js can't be used: `0` is a promise, which is no JSON",
            1,
            1,
        ),
        (
            "let a = 1; for (let i = 0; i < 200; i++) a = [a]; module.exports = a",
            "event.js can't be used: `0.0.0.0.0.0.0.0`, which it exports, is nested more than 100 levels"
            " deep",
            1,
            1,
        ),
    ],
)
def test_what_goes_wrong_is_told_with_its_place(
    tmp_path: Path, text: str, problem: str, line: int, column: int
) -> None:
    found = fault(tmp_path, "event.js", text)
    assert (found.problem, found.line, found.column) == (problem, line, column)


def test_the_place_of_a_syntax_error_in_an_es_module(tmp_path: Path) -> None:
    assert fault(tmp_path, "event.mjs", "const a = 1\n\nexport default = 2\n").line == 3


def test_the_way_through_the_user_s_own_files(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/make.js").write_text("\nmodule.exports = () => { throw new Error('no\\nmore') }\n")
    found = fault(
        tmp_path, "event.js", "const make = require('./lib/make');\nmodule.exports = () => make();\n"
    )
    assert (found.file, found.line, found.problem) == ("make.js", 2, "event.js threw Error: no")
    assert found.notes == ("more", "at lib/make.js:2:32", "at event.js:2:24")


def test_a_missing_package_says_what_installs_it(tmp_path: Path) -> None:
    found = fault(tmp_path, "event.mjs", "import x from 'no-such-package'\n")
    assert found.problem.startswith("event.mjs threw Error: Cannot find package 'no-such-package'")
    assert found.notes == ("is it installed? npm install (in .)",)


def test_a_hang_is_ended_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_process, "PATIENCE", 0.5)
    text = (
        "const {spawn} = require('child_process');\n"
        f"spawn('sleep', ['600'], {{cwd: '{tmp_path}', env: {{...process.env, MARK: '{tmp_path}'}}}});\n"
        "while (true) {}\n"
    )
    assert fault(tmp_path, "event.js", text).problem == "event.js didn't come to an end within 0.5 seconds"


def test_without_node(tmp_path: Path) -> None:
    file = tmp_path / "event.js"
    file.write_text("")
    with pytest.raises(UsageError, match=r"event\.js is evaluated by Node\.js, which isn't on this machine"):
        value_of_module(str(file), {"PATH": str(tmp_path)}, str(tmp_path))
