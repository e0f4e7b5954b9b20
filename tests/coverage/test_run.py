"""`run --coverage`: what it measures, what it says, what it needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from lxml import etree  # type: ignore[import-untyped]  # it ships no types

from lambda_scenarios.coverage.lcov import parse
from tests.clients.python.test_versions import interpreter
from tests.coverage import project
from tests.coverage.project import covered, reached, scenarios
from tests.program import running
from tests.program.running import VERSION
from tests.services import npm_packages

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js: apt-get install nodejs")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    project.write(tmp_path)
    return tmp_path


IN_PROCESS = """\
import coverage, importlib, json, sys
measured = coverage.Coverage(data_file=None, branch=sys.argv[1] == "branch", include=["app.py"])
measured.start()
sys.path.insert(0, ".")
app = importlib.import_module("app")
for kind in sys.argv[2:]:
    try:
        app.handler({"kind": kind}, None)
    except ValueError:
        pass
measured.stop()
measured.lcov_report(outfile="oracle.lcov")
"""


@pytest.mark.parametrize("branch", ["lines", "branch"])
def test_coverage_py_in_one_process_says_the_same(shop: Path, branch: str) -> None:
    kinds = ("plain", "raise", "large", "deep", "plain", "child")
    if branch == "branch":
        (shop / ".coveragerc").write_text("[run]\nbranch = true\n")
    scenarios(shop, *(("inPython", kind) for kind in kinds))
    found = covered(shop)["app.py"]
    subprocess.run([sys.executable, "-c", IN_PROCESS, branch, *kinds], cwd=shop, check=True)
    (oracle,) = parse((shop / "oracle.lcov").read_text())
    assert found == oracle._replace(path="app.py")
    assert bool(found.branches) == (branch == "branch")


@needs_node
def test_one_report_over_both_languages(shop: Path) -> None:
    scenarios(shop, ("inPython", "plain"), ("inNode", "plain"))
    done = running.run(shop, "run", "--coverage")
    assert done.status == 0, done.stdout + done.stderr
    files = parse((shop / "reports" / "coverage.lcov").read_text())
    assert [file.path for file in files] == ["app.js", "app.py"]
    lines = sum(len(file.lines) for file in files)
    ran = sum(1 for file in files for hits in file.lines.values() if hits)
    share = f"{1000 * ran // lines / 10:g}"
    assert f"\ncoverage {share} % of {lines} lines: reports/coverage.lcov\n" in done.stdout
    document = etree.parse(shop / "reports" / "coverage.xml").getroot()
    assert [one.get("filename") for one in document.iter("class")] == ["app.js", "app.py"]
    assert document.findtext("sources/source") == str(shop)
    page = (shop / "reports" / "report.html").read_text()
    assert f"Coverage: {share} % of" in page
    assert "<td>app.js</td>" in page


def test_without_the_option_there_is_nothing_of_it(shop: Path) -> None:
    scenarios(shop, ("inPython", "plain"))
    (shop / "reports").mkdir()
    done = running.run(shop, "run")
    assert "coverage" not in done.stdout
    assert sorted(os.listdir(shop / "reports")) == ["junit.xml", "report.html", "report.json"]
    assert "coverage" not in json.loads((shop / "reports" / "report.json").read_text())
    assert "Coverage" not in (shop / "reports" / "report.html").read_text().partition("<main")[0]


def test_no_reports_leaves_the_figure_alone(shop: Path) -> None:
    scenarios(shop, ("inPython", "plain"))
    done = running.run(shop, "run", "--coverage", "--no-reports")
    assert done.status == 0, done.stdout + done.stderr
    assert "\ncoverage " in done.stdout
    assert not (shop / "reports").exists()


def test_reports_that_cant_be_written_are_status_3(shop: Path) -> None:
    scenarios(shop, ("inPython", "plain"))
    (shop / "reports" / "coverage.xml").mkdir(parents=True)
    done = running.run(shop, "run", "--coverage")
    assert done.status == 3
    assert "the coverage was not written: " in done.stderr
    assert "coverage.xml" in done.stderr


# What the configuration of coverage.py says, and where it stands.

OTHER = (
    "import app\n\n\ndef skipped():\n    return 1\n\n\nif 1 > 2:  # pragma: never\n    raise AssertionError\n"
)
CONFIGURATIONS = {
    ".coveragerc": "[run]\nomit = other*\n[report]\nexclude_also =\n    def never\n",
    "setup.cfg": "[coverage:run]\nomit = other*\n[coverage:report]\nexclude_also =\n    def never\n",
    "pyproject.toml": '[tool.coverage]\nrun.omit = ["other*"]\nreport.exclude_also = ["def never"]\n',
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("place", ["of the service", "of the project"])
def test_the_users_configuration_holds(tmp_path: Path, name: str, place: str) -> None:
    service = tmp_path if place == "of the service" else tmp_path / "service"
    service.mkdir(exist_ok=True)
    project.write(service)
    if service is not tmp_path:
        (service / ".git").rmdir()
        (tmp_path / ".git").mkdir()
    (service / "other.py").write_text(OTHER)
    (tmp_path / name).write_text(
        CONFIGURATIONS[name].replace("other*", "other*" if service == tmp_path else "*/other*")
    )
    scenarios(service, ("inPython", "plain"))
    done = running.run(tmp_path, "run", "--coverage", str(service / "scenarios"))
    assert done.status == 0, done.stdout + done.stderr
    files = parse((tmp_path / "reports" / "coverage.lcov").read_text())
    assert [Path(file.path).name for file in files] == ["app.py"]
    never = next(n for n, line in enumerate(project.PYTHON.splitlines(), 1) if "def never" in line)
    assert not {never, never + 1} & set(files[0].lines)


def test_settings_that_are_decided_here_change_nothing(shop: Path) -> None:
    scenarios(shop, ("inPython", "plain"))
    found = covered(shop)
    (shop / ".coveragerc").write_text(
        "[run]\nsource = nowhere\nsource_pkgs = json\ninclude = nothing\ndata_file = here\nparallel = true\n"
        "relative_files = true\nconcurrency = greenlet\ndynamic_context = test_function\nsigterm = true\n"
        "[report]\nfail_under = 100\n[paths]\nall =\n    /elsewhere\n    */src\n"
    )
    assert covered(shop) == found
    assert not (shop / "here").exists()


def test_what_was_never_loaded_counts_with_nothing(shop: Path) -> None:
    (shop / "other.py").write_text(OTHER)
    (shop / "tests").mkdir()
    (shop / "tests" / "test_app.py").write_text("x = 1\n")
    scenarios(shop, ("inPython", "plain"))
    found = covered(shop)
    assert set(found) == {"app.py", "other.py"}
    assert set(found["other.py"].lines.values()) == {0}


def test_what_was_installed_is_not_measured(shop: Path) -> None:
    """Beside the code, as `pip install --target .` does it, and in a layer."""
    for folder, name in ((shop, "beside"), (shop / "layer" / "python", "above")):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("x = 1\n")
        (folder / f"{name}-1.dist-info").mkdir()
        (folder / f"{name}-1.dist-info" / "RECORD").write_text(f"{name}/__init__.py,,\n")
    (shop / "app.py").write_text("import above, beside\n\n\ndef handler(event, context):\n    return {}\n")
    service = project.SERVICE.replace("timeout: 1}", "timeout: 1, layers: [{Ref: ToolsLambdaLayer}]}", 1)
    (shop / "serverless.yml").write_text(service + "layers: {tools: {path: layer}}\n")
    scenarios(shop, ("inPython", "plain"))
    assert set(covered(shop)) == {"app.py"}


def test_code_of_an_artifact_is_told_as_its_sources(shop: Path) -> None:
    (shop / "src").mkdir()
    (shop / "app.py").rename(shop / "src" / "app.py")
    with zipfile.ZipFile(shop / "code.zip", "w") as archive:
        archive.write(shop / "src" / "app.py", "app.py")
    (shop / "serverless.yml").write_text(project.SERVICE + "package: {artifact: code.zip}\n")
    scenarios(shop, ("inPython", "plain"))
    found = covered(shop)
    assert set(found) == {"src/app.py"}
    assert found["src/app.py"].lines[1] == 1


@needs_node
def test_bundled_typescript_is_told_as_its_sources(shop: Path) -> None:
    esbuild = npm_packages.installed("esbuild@0.25") / "node_modules" / ".bin" / "esbuild"
    (shop / "src").mkdir()
    (shop / "src" / "app.ts").write_text(
        "type Order = { kind: string };\n\nexport const handler = async (order: Order) => {\n"
        "  if (order.kind === 'late') {\n    return 'late';\n  }\n  return order;\n};\n"
    )
    subprocess.run(
        [
            esbuild,
            "src/app.ts",
            "--bundle",
            "--platform=node",
            "--sourcemap",
            "--outfile=app.js",
            "--allow-overwrite",
        ],
        cwd=shop,
        check=True,
        capture_output=True,
    )
    scenarios(shop, ("inNode", "plain"))
    found = covered(shop)
    assert set(found) == {"src/app.ts"}
    assert {line: bool(hits) for line, hits in found["src/app.ts"].lines.items() if line in (4, 5, 7)} == {
        4: True,
        5: False,
        7: True,
    }


def test_shared_code_behind_symbolic_links_is_measured(shop: Path) -> None:
    common = shop / "shared" / "common"
    common.mkdir(parents=True)
    (common / "__init__.py").write_text("def f():\n    return 1\ndef g():\n    return 2\n")
    (common / "one.py").write_text("Y = 1\n")
    (common / "two.js").write_text("exports.f = () => 1;\nexports.g = () => {\n  return 2;\n};\n")
    service = shop / "service"
    service.mkdir()
    (shop / "serverless.yml").rename(service / "serverless.yml")
    (service / "common").symlink_to("../shared/common")
    (service / "one.py").symlink_to("../shared/common/one.py")
    (service / "two.js").symlink_to("../shared/common/two.js")
    (service / "itself").symlink_to(".")
    (service / ".venv").symlink_to("../.venv")
    (service / "app.py").write_text(
        "import common, one\ndef handler(event, context):\n    return common.f()\n"
    )
    (service / "app.js").write_text("const { f } = require('./two');\nexports.handler = async () => f();\n")
    for file in ("app.py", "app.js"):
        (shop / file).unlink()
    functions = ("inPython", "inNode") if shutil.which("node") else ("inPython",)
    scenarios(shop, *((function, "plain") for function in functions))
    text = (shop / "scenarios" / "all.yml").read_text()
    (shop / "scenarios" / "all.yml").write_text(text.replace("service: ..", "service: ../service"))
    found = covered(shop)
    assert {line: bool(hits) for line, hits in found["shared/common/__init__.py"].lines.items()} == {
        1: True,
        2: True,
        3: True,
        4: False,
    }
    assert found["shared/common/one.py"].lines == {1: 1}
    if "inNode" in functions:
        assert [bool(hits) for hits in found["shared/common/two.js"].lines.values()] == [
            True,
            True,
            False,
            True,
        ]


@needs_node
def test_modules_of_javascript_are_measured(shop: Path) -> None:
    (shop / "app.js").unlink()
    (shop / "lib").mkdir()
    (shop / "lib" / "sum.mjs").write_text(
        "export const sum = (a, b) => {\n  return a + b;\n};\nexport const no = () => {\n  return 1;\n};\n"
    )
    (shop / "app.mjs").write_text(
        "import { sum } from './lib/sum.mjs';\nexport const handler = async () => sum(1, 2);\n"
    )
    (shop / "node_modules" / "dep").mkdir(parents=True)
    (shop / "node_modules" / "dep" / "index.js").write_text("exports.x = 1;\n")
    scenarios(shop, ("inNode", "plain"))
    found = covered(shop)
    assert {path: {n: bool(hits) for n, hits in file.lines.items()} for path, file in found.items()} == {
        "app.mjs": {1: True, 2: True},
        "lib/sum.mjs": {1: True, 2: True, 3: True, 4: True, 5: False, 6: True},
    }


# What can't be.


def test_a_python_without_coverage_py_is_told_before_anything_runs(shop: Path) -> None:
    (shop / ".venv").unlink()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=shop, check=True)
    scenarios(shop, ("inPython", "plain"))
    done = running.run(shop, "run", "--coverage")
    assert done.status == 2
    assert ".venv/bin/python, which runs inPython, has no coverage.py" in done.stderr
    assert "to install it: .venv/bin/python -m pip install coverage" in done.stderr
    assert not (shop / "reports").exists()


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ({".coveragerc": "[run]\nplugins = nowhere\n"}, 2, "nowhere"),
        ({".coveragerc": "[run\n"}, 2, ".coveragerc"),
        (
            {"coverage.py": "__version__ = '5.5'\nclass Coverage: pass\n"},
            0,
            "",
        ),  # the user's own isn't looked for
    ],
)
def test_a_coverage_py_that_cant_be_used_is_told(
    shop: Path, files: dict[str, str], status: int, said: str
) -> None:
    for name, text in files.items():
        (shop / name).write_text(text)
    scenarios(shop, ("inPython", "plain"))
    done = running.run(shop, "run", "--coverage")
    assert done.status == status, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_coverage_py_that_is_too_old_is_told(shop: Path) -> None:
    (shop / ".venv").unlink()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=shop, check=True)
    library = shop / ".venv" / "lib" / f"python{VERSION}" / "site-packages"
    (library / "coverage.py").write_text("__version__ = '5.5'\nclass Coverage: pass\n")
    scenarios(shop, ("inPython", "plain"))
    done = running.run(shop, "run", "--coverage")
    assert done.status == 2
    assert "has coverage.py 5.5, and --coverage needs 6.3 or later" in done.stderr


def test_other_runtimes_are_told_of(shop: Path) -> None:
    (shop / "bootstrap").write_text("#!/bin/sh\nexit 1\n")
    (shop / "bootstrap").chmod(0o755)
    (shop / "serverless.yml").write_text(
        project.SERVICE + "  inGo: {handler: bootstrap, runtime: provided.al2023}\n"
    )
    scenarios(shop, ("inPython", "plain"), ("inGo", "plain"))
    done = running.run(shop, "run", "--coverage")
    assert done.status == 1
    assert "--coverage measures Python and Node.js on this machine, not inGo (provided.al2023)" in done.stderr
    said: dict[str, Any] = json.loads((shop / "reports" / "report.json").read_text())["coverage"]
    assert said["unmeasured"] == [
        "--coverage measures Python and Node.js on this machine, not inGo (provided.al2023)"
    ]


def test_a_debugger_is_refused(shop: Path) -> None:
    scenarios(shop, ("inPython", "plain"))
    done = running.run(shop, "run", "--coverage", "--debug")
    assert done.status == 2
    assert "--debug and --coverage contradict each other" in done.stderr


def test_doctor_tells_which_pythons_have_it(shop: Path) -> None:
    version = subprocess.run(
        [sys.executable, "-c", "import coverage; print(coverage.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert f"coverage: coverage.py {version}\n" in running.run(shop, "doctor").stdout
    (shop / ".venv").unlink()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=shop, check=True)
    said = "no coverage.py for --coverage: .venv/bin/python -m pip install coverage\n"
    assert said in running.run(shop, "doctor").stdout


def test_a_place_for_temporary_files_is_needed(shop: Path) -> None:
    scenarios(shop, ("inPython", "plain"))
    done = running.run(shop, "run", "--coverage", env={"TMPDIR": str(shop / "nowhere")})
    assert done.status == 2
    assert "--coverage can't write to " in done.stderr
    done = running.run(shop, "run", "--coverage", env={"TMPDIR": "scenarios"})
    assert done.status == 0, done.stdout + done.stderr
    assert "\ncoverage " in done.stdout
    assert os.listdir(shop / "scenarios") == ["all.yml"]


# What the function sees.

SEEING = """\
import json, os, sys, random, logging
import queue
LOG = "AWS_LAMBDA_LOG_STREAM_NAME"
def handler(event, context):
    return {
        "path": sys.path, "main": sorted(vars(sys.modules["__main__"])), "argv": sys.argv, "cwd": os.getcwd(),
        "environ": {k: v for k, v in os.environ.items() if k not in ("AWS_LAMBDA_RUNTIME_API", LOG)},
        "own": [random.__file__, queue.__file__], "exit": os._exit.__name__,
        "modules": sorted(m for m in sys.modules if m.startswith("python_")),
        "handlers": [type(h).__name__ for h in logging.getLogger().handlers],
    }
"""


def seen_without_and_with(shop: Path) -> list[Any]:
    """What the one scenario's function returns without `--coverage`, and with it."""
    seen = []
    for arguments in ((), ("--coverage",)):
        done = running.run(shop, "run", *arguments)
        assert done.status == 0, done.stdout + done.stderr
        (result,) = json.loads((shop / "reports" / "report.json").read_text())["results"]
        seen.append(result["attempts"][0]["invocations"][0]["output"])
    return seen


def test_python_functions_see_what_they_see_without(shop: Path) -> None:
    """Path, `__main__`, arguments, variables; modules of the user that are named as those of coverage.py."""
    (shop / "app.py").write_text(SEEING)
    for name in ("random", "queue", "sqlite3", "uuid"):
        (shop / f"{name}.py").write_text("own = True\n")
    scenarios(shop, ("inPython", "plain"))
    without, measured = seen_without_and_with(shop)
    assert without == measured
    assert measured["own"] == [str(shop / "random.py"), str(shop / "queue.py")]


def test_tracers_hear_nothing_of_it(shop: Path) -> None:
    """AWS X-Ray's SDK, OpenTelemetry and others replace what opens databases."""
    (shop / "app.py").write_text(
        "import sqlite3\nfrom sqlite3 import dbapi2\nfound = sqlite3.connect\n"
        "def traced(*arguments, **keywords):\n"
        "    print('traced')\n"
        "    return found(*arguments, **keywords)\n"
        "sqlite3.connect = dbapi2.connect = traced\n"
        "def handler(event, context):\n"
        "    return 1 if event.get('kind') == 'plain' else 2\n"
    )
    scenarios(shop, ("inPython", "plain"), ("inPython", "raise"))
    assert covered(shop, "-j", "1")["app.py"].lines[9]
    for result in json.loads((shop / "reports" / "report.json").read_text())["results"]:
        (invocation,) = result["attempts"][0]["invocations"]
        assert (invocation["logs"], invocation["init_logs"]) == ("", "")


@needs_node
def test_node_functions_see_what_they_see_without(shop: Path) -> None:
    (shop / "app.js").write_text(
        "exports.handler = async () => ({\n"
        "  argv: process.argv, execArgv: process.execArgv, main: String(require.main),\n"
        "  stack: new Error('x').stack,\n"
        "  cached: Object.keys(require.cache), paths: module.paths, options: process.env.NODE_OPTIONS,\n"
        "  names: Object.keys(globalThis), exit: process.reallyExit.length,\n"
        "});\n"
    )
    scenarios(shop, ("inNode", "plain"))
    without, measured = seen_without_and_with(shop)
    # The client itself is in the cache, as a module of another.
    measured["cached"] = [path for path in measured["cached"] if "nodejs_" not in path]
    measured["exit"] = without["exit"]
    assert measured == without


def _others() -> dict[str, str]:
    """Interpreters of other versions than this one, where this machine has some."""
    found = {}
    for minor in range(8, 16):
        program = interpreter(f"3.{minor}")
        if program is not None and f"3.{minor}" != VERSION:
            found[f"3.{minor}"] = program
    return found


@pytest.mark.parametrize("version", _others())
def test_other_versions_of_python(shop: Path, version: str) -> None:
    """Each with the newest coverage.py that there is for it, whose way of measuring differs."""
    (shop / ".venv").unlink()
    subprocess.run([_others()[version], "-m", "venv", ".venv"], cwd=shop, check=True)
    pip = [".venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "coverage"]
    subprocess.run(pip, cwd=shop, check=True)
    (shop / "serverless.yml").write_text(project.SERVICE.replace(f"python{VERSION}", f"python{version}"))
    kinds = ("plain", "raise", "sleep", "large", "os._exit", "deep")
    scenarios(shop, *(("inPython", kind) for kind in kinds))
    for branch in (False, True):
        (shop / ".coveragerc").write_text(f"[run]\nbranch = {branch}\n")
        found = covered(shop, "-j", "1")["app.py"]
        assert reached("app.py", found) == set(kinds)
        assert bool(found.branches) == branch
