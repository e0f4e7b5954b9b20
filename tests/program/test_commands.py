"""Every command: what it prints where, and its exit status."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lambda_scenarios import __version__
from tests.program import reported, running

SERVICE = """\
service: shop
provider: {name: aws, runtime: python3.11}
functions:
  echo: {handler: app.echo}
  fail: {handler: app.fail}
"""
APP = """\
def echo(event, context):
    print("echo")
    return event

def fail(event, context):
    raise ValueError("no")
"""
SCENARIOS = """\
scenarios:
  - {name: passes, function: echo, tags: [good], event: {a: 1}, expect: {output: {a: 1}}}
  - {name: fails, function: fail, tags: [bad]}
"""
COMMANDS = ("run", "invoke", "validate", "list", "functions", "report", "schema", "doctor", "version")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that no test of this module writes to, but for its `reports`."""
    project = tmp_path_factory.mktemp("shop")
    (project / "serverless.yml").write_text(SERVICE)
    (project / "app.py").write_text(APP)
    (project / "scenarios").mkdir()
    (project / "scenarios" / "s.yml").write_text(SCENARIOS)
    (project / "mistake").mkdir()
    (project / "mistake" / "m.yml").write_text("scenarios: [{name: a, functoin: echo}]\n")
    return project


class TestStatuses:
    @pytest.mark.parametrize(
        ("status", "arguments"),
        [
            (0, "run -k passes --no-reports"),
            (1, "run --no-reports"),
            (2, "run mistake"),
            (2, "run --tag ("),
            (2, "run --service nowhere"),
            (2, "run --now yesterday"),
            (2, "run -e NAME"),
            (2, "run -j 0"),
            (2, "run --timeout -1"),
            (2, "run --qualifier live"),
            (2, "run --backend aws --assume-role arn:aws:iam::123456789012:role/r"),
            (2, "run --no-such-option"),
            (5, "run -k nothing"),
            (5, "run --function nothing"),
            (5, "run scenarios/s.yml::nothing"),
            (0, "validate"),
            (2, "validate mistake"),
            (5, "validate --tag nothing"),
            (0, "list"),
            (2, "list mistake"),
            (5, "list -k nothing"),
            (0, "functions"),
            (2, "functions --service scenarios/s.yml"),
            (2, "report nowhere"),
            (2, "schema nothing"),
            (2, ""),
        ],
    )
    def test_status(self, shop: Path, status: int, arguments: str) -> None:
        done = running.run(shop, *arguments.split())
        assert done.status == status, done
        assert "Traceback" not in done.stdout + done.stderr
        if status in (2, 5) and arguments:
            assert done.stdout == ""
            assert done.stderr.startswith("error: ")

    def test_a_report_that_cannot_be_written(self, shop: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        done = running.run(
            shop,
            "run",
            "-k",
            "passes",
            "--report-dir",
            str(tmp_path),
            "--junit",
            str(tmp_path / "file" / "j.xml"),
        )
        assert done.status == 3, done
        assert "the junit report was not written" in done.stderr
        assert "Traceback" not in done.stderr
        # The others are not lost by it.
        assert (tmp_path / "report.json").exists()
        assert (tmp_path / "report.html").exists()
        assert "1 passed" in done.stdout

    def test_a_report_directory_that_is_a_file(self, shop: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        done = running.run(shop, "run", "-k", "passes", "--report-dir", str(tmp_path / "file"))
        assert done.status in (2, 3), done
        assert done.stderr.startswith("error: ")
        assert "defect" not in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_failure_and_an_unwritten_report(self, shop: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        done = running.run(
            shop, "run", "--report-dir", str(tmp_path), "--junit", str(tmp_path / "file" / "j.xml")
        )
        assert done.status == 3, done


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_explains_itself(self, shop: Path, command: str) -> None:
        done = running.run(shop, command, "--help")
        assert done.status == 0
        assert done.stderr == ""
        assert done.stdout.startswith(f"usage: lambda-scenarios {command}")

    def test_the_overview_names_every_command(self, shop: Path) -> None:
        done = running.run(shop, "--help")
        for command in COMMANDS:
            assert f"\n  {command} " in done.stdout

    @pytest.mark.parametrize(
        ("wrong", "meant"),
        [
            ("lst", "`list`"),
            ("run --missing-runtimes skip", "`--missing-runtime`"),
            ("run --jobz 2", "`--jobs`"),
            ("list --jsn", "`--json`"),
            ("schema scenarios", "scenario"),
        ],
    )
    def test_did_you_mean(self, shop: Path, wrong: str, meant: str) -> None:
        done = running.run(shop, *wrong.split())
        assert done.status == 2, done
        assert meant in done.stderr

    def test_options_are_not_abbreviated(self, shop: Path) -> None:
        assert running.run(shop, "run", "--max", "1").status == 2


class TestInformation:
    def test_version(self, shop: Path) -> None:
        done = running.run(shop, "version")
        assert done.stdout.startswith(f"lambda-scenarios {__version__} ")
        assert running.run(shop, "--version").stdout == done.stdout

    @pytest.mark.parametrize("name", ["scenario", "report"])
    def test_schemas_are_schemas(self, shop: Path, name: str) -> None:
        done = running.run(shop, "schema", name)
        schema = json.loads(done.stdout)
        jsonschema.validators.validator_for(schema).check_schema(schema)
        shipped = Path(__file__).parents[2] / "schemas" / f"{name}.schema.json"
        assert schema == json.loads(shipped.read_text())

    def test_the_schema_is_that_of_scenario_files_by_default(self, shop: Path) -> None:
        done = running.run(shop, "schema")
        assert done.stdout == running.run(shop, "schema", "scenario").stdout

    def test_doctor_finds_this_python(self, shop: Path) -> None:
        done = running.run(shop, "doctor")
        version = f"3.{sys.version_info[1]}"
        assert [line.split()[:3] for line in done.stdout.splitlines() if version in line.split()] == [
            ["✓", "python", version]
        ]

    def test_doctor_tells_how_to_install_what_is_missing(self, shop: Path) -> None:
        done = running.run(shop, "doctor", env={"PATH": "/nowhere"})
        assert done.status == 0
        lines = [line.split() for line in done.stdout.splitlines() if "missing" in line]
        missing = [line for line in lines if line[1] != "docker"]  # an engine needs no program here
        assert [line[1] for line in missing] == ["python", "nodejs", "ruby", "aws"]
        assert all("install" in line for line in missing[:-1])

    def test_doctor_tells_of_debuggers(self, shop: Path) -> None:
        import debugpy

        assert "no debugger: " in running.run(shop, "doctor").stdout  # of the Python behind the virtualenv
        (shop / ".venv").symlink_to(sys.prefix)
        lines = running.run(shop, "doctor").stdout.splitlines()
        at = next(number for number, line in enumerate(lines) if line.endswith(" .venv/bin/python"))
        assert lines[at + 1].strip() == f"debugger: debugpy {debugpy.__version__}"
        (shop / ".venv").unlink()

    def test_doctor_finds_the_virtualenvs_of_services(self, tmp_path: Path) -> None:
        below, here, elsewhere = (tmp_path / name for name in ("project/services/a", "project", ""))
        for folder in (below, here, elsewhere):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "venv").symlink_to(sys.prefix)
        (here / ".git").mkdir()
        for folder, paths in (
            (here, ["services/a/venv/bin/python", "venv/bin/python"]),
            (below, ["../../venv/bin/python", "venv/bin/python"]),
        ):
            lines = running.run(folder, "doctor").stdout.splitlines()
            found = [line.split()[-1] for line in lines if line.endswith("venv/bin/python")]
            assert sorted(found) == paths

    def test_doctor_tells_whose_credentials_there_are_and_no_secret(self, shop: Path, tmp_path: Path) -> None:
        (tmp_path / "config").write_text(
            "[profile work]\nregion = eu-north-1\naws_access_key_id = AKIAX\naws_secret_access_key = hush\n"
        )
        environ = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "work"}
        told = running.run(shop, "doctor", env=environ).stdout
        assert "✓ aws      found          profile work\n" + " " * 28 + "region eu-north-1\n" in told
        assert "hush" not in told
        assert "AKIAX" not in told
        told = running.run(shop, "doctor", env={**environ, "AWS_PROFILE": "other"}).stdout
        assert "✗ aws      missing        no profile `other`; aws configure" in told
        environ = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "hush"}
        told = running.run(shop, "doctor", env=environ).stdout
        assert "✓ aws      found          keys of the shell\n" in told
        assert "hush" not in told


class TestReports:
    def test_json_on_the_standard_output(self, shop: Path) -> None:
        done = running.run(shop, "run", "--json", "-", "-v")
        assert done.status == 1
        report = reported.valid(json.loads(done.stdout))
        assert [result["status"] for result in report["results"]] == ["passed", "failed"]
        assert "1 passed · 1 failed" in done.stderr
        assert "json:" not in done.stderr

    def test_junit_on_the_standard_output(self, shop: Path, tmp_path: Path) -> None:
        (tmp_path / "temporary").mkdir()
        environ = {"TMPDIR": str(tmp_path / "temporary")}
        done = running.run(shop, "run", "--junit", "-", "--no-reports", "-q", env=environ)
        assert list((tmp_path / "temporary").iterdir()) == []
        assert [case.get("name") for case in ET.fromstring(done.stdout).iter("testcase")] == [
            "passes",
            "fails",
        ]

    def test_without_reports_nothing_lies_anywhere_while_it_runs(self, tmp_path: Path) -> None:
        (tmp_path / "scenarios").mkdir()
        (tmp_path / "temporary").mkdir()
        (tmp_path / "app.py").write_text(
            "import os, signal\n"
            "def look(event, context):\n"
            "    return os.listdir(os.environ['TMPDIR'])\n"
            "def kill(event, context):\n"
            "    os.kill(os.getppid(), signal.SIGKILL)\n"
        )
        functions = "functions:\n" + "".join(
            f"  {name}: {{handler: app.{name}, runtime: python3.12, code: ..}}\n" for name in ("look", "kill")
        )
        (tmp_path / "scenarios" / "s.yml").write_text(
            f"{functions}"
            "scenarios:\n"
            "  - {name: looks, function: look, expect: {output: []}}\n"
            "  - {name: kills, function: kill}\n"
        )
        environ = {"TMPDIR": str(tmp_path / "temporary")}
        assert running.run(tmp_path, "run", "--no-reports", "-k", "looks", env=environ).status == 0
        done = running.run(tmp_path, "run", "--no-reports", "-k", "kills", env=environ)
        assert done.status == -signal.SIGKILL, done
        assert list((tmp_path / "temporary").iterdir()) == []

    def test_again_is_under_the_same_conditions(self, tmp_path: Path) -> None:
        (tmp_path / "scenarios").mkdir()
        (tmp_path / "app.py").write_text(
            "import os\n"
            "def handler(event, context):\n"
            "    return [os.environ.get(name) for name in ('COLOUR', 'API_TOKEN')]\n"
        )
        (tmp_path / "scenarios" / "s.yml").write_text(
            "functions: {look: {handler: app.handler, runtime: python3.12, code: ..}}\n"
            "scenarios:\n"
            "  - {name: it's, function: look, expect: {output: ['{{ vars.wanted }}', {$type: string}]}}\n"
        )
        options = ("-e", "COLOUR=light red", "--env=API_TOKEN=s3cr3t-value", "--var", "wanted=blue")
        done = running.run(tmp_path, "run", "--no-reports", "--junit", "j.xml", "-j", "1", *options)
        (again,) = (line for line in done.stdout.splitlines() if line.startswith("  again: "))
        command = again.removeprefix("  again: ")
        program, *arguments = shlex.split(command)
        assert (program, arguments[0]) == ("lambda-scenarios", "run")
        assert "s3cr3t-value" not in done.stdout
        failure = next(ET.parse(tmp_path / "j.xml").iter("failure"))
        assert f"again: {command}" in (failure.text or "")
        repeated = running.run(tmp_path, *arguments, "--no-reports")
        assert repeated.status == 1, repeated
        assert 'expected "blue", found "light red"' in repeated.stdout

    def test_two_reports_cannot_share_the_standard_output(self, shop: Path) -> None:
        done = running.run(shop, "run", "--junit", "-", "--json", "-", "--no-reports")
        assert done.status == 2, done
        assert done.stdout == ""

    def test_report_dir(self, shop: Path, tmp_path: Path) -> None:
        target = tmp_path / "a" / "b"
        done = running.run(shop, "run", "-k", "passes", "--report-dir", str(target))
        assert done.status == 0
        assert sorted(os.listdir(target)) == ["junit.xml", "report.html", "report.json"]
        assert reported.load(target)["results"]

    def test_single_reports_go_where_they_are_told(self, shop: Path, tmp_path: Path) -> None:
        done = running.run(
            shop,
            "run",
            "-k",
            "passes",
            "--report-dir",
            str(tmp_path / "r"),
            "--html",
            str(tmp_path / "x.html"),
        )
        assert done.status == 0
        assert sorted(os.listdir(tmp_path / "r")) == ["junit.xml", "report.json"]
        assert (tmp_path / "x.html").read_text().lower().startswith("<!doctype html>")

    def test_no_reports_leaves_nothing(self, shop: Path, tmp_path: Path) -> None:
        done = running.run(
            shop,
            "run",
            "-k",
            "passes",
            "--no-reports",
            "--report-dir",
            str(tmp_path / "r"),
            "--json",
            str(tmp_path / "x"),
        )
        assert done.status == 0
        assert not (tmp_path / "r").exists()
        assert json.loads((tmp_path / "x").read_text())["summary"]["passed"] == 1

    def test_the_strict_flavour_says_less(self, shop: Path, tmp_path: Path) -> None:
        for flavor in ("default", "strict"):
            running.run(
                shop, "run", "--junit-flavor", flavor, "--junit", str(tmp_path / flavor), "--no-reports"
            )
        ordinary, strict = (ET.parse(tmp_path / flavor).getroot() for flavor in ("default", "strict"))
        assert {name for case in ordinary.iter("testcase") for name in case.attrib} > {"file", "line"}
        assert {name for case in strict.iter("testcase") for name in case.attrib} == {
            "name",
            "classname",
            "time",
        }
        assert all(len(case) <= 1 for case in strict.iter("testcase"))

    def test_the_seed_is_in_the_report_and_repeats_it(self, shop: Path, tmp_path: Path) -> None:
        (tmp_path / "r.yml").write_text(
            "scenarios: [{name: random, function: echo, event: '{{ uuid() }} {{ random_int(1, 99) }}'}]\n"
        )

        def event(*options: str) -> tuple[Any, str]:
            done = running.run(
                shop,
                "run",
                str(tmp_path / "r.yml"),
                "--service",
                ".",
                "--json",
                "-",
                "--no-reports",
                *options,
            )
            report = json.loads(done.stdout)
            return report["results"][0]["attempts"][0]["invocations"][0]["event"], report["run"]["seed"]

        first, seed = event()
        assert event("--seed", seed) == (first, seed)
        assert event("--seed", seed + "x")[0] != first


class TestStreams:
    @pytest.mark.parametrize(
        "command",
        ["list scenarios/many.yml", "run -v scenarios/many.yml --no-reports", "schema", "run --help"],
    )
    def test_a_reader_that_has_had_enough(self, shop: Path, command: str) -> None:
        (shop / "scenarios" / "many.yml").write_text(
            "scenarios: [{name: 'n {{ matrix.a }}', function: echo, "
            f"matrix: {{a: {list(range(300))}}}}}]\n"
        )
        process = running.start(shop, command.split())
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        error = process.stderr.read().decode()
        process.stderr.close()
        process.wait(timeout=60)
        assert "Traceback" not in error
        assert "defect" not in error
        assert "BrokenPipe" not in error
        (shop / "scenarios" / "many.yml").unlink()

    def test_a_run_goes_on_without_its_reader(self, shop: Path) -> None:
        script = '"$@" | head -n 1; echo "status ${PIPESTATUS[0]}"'
        arguments = [*running.PROGRAM, "run", "-v", "-k", "passes", "--report-dir", "of-head"]
        done = subprocess.run(
            ["bash", "-c", script, "bash", *arguments],
            cwd=shop,
            env=running.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.stdout.endswith(b"status 0\n")
        assert (done.stderr, len(done.stdout.splitlines())) == (b"", 2)
        assert (shop / "of-head" / "report.json").exists()

    def test_a_standard_output_that_is_closed(self, shop: Path) -> None:
        done = subprocess.run(
            ["sh", "-c", '"$@" >&-', "sh", *running.PROGRAM, "run", "-k", "passes", "--no-reports"],
            cwd=shop,
            env=running.environment(),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        assert b"defect" not in done.stderr

    @pytest.mark.parametrize(
        ("variables", "coloured"),
        [
            ({}, False),
            ({"FORCE_COLOR": "1"}, True),
            ({"FORCE_COLOR": "0"}, False),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
            ({"NO_COLOR": ""}, False),
        ],
    )
    def test_colour(self, shop: Path, variables: dict[str, str], coloured: bool) -> None:
        ran = running.run(shop, "run", "--no-reports", env=variables)
        assert ("\x1b[" in ran.stdout) is coloured
        mistaken = running.run(shop, "list", "mistake", env=variables)
        assert ("\x1b[" in mistaken.stderr) is coloured

    def test_symbols_where_the_encoding_has_none(self, shop: Path) -> None:
        done = running.run(shop, "run", "--no-reports", env={"PYTHONIOENCODING": "ascii"})
        assert done.status == 1
        assert done.stdout.isascii()
        assert "x fails" in done.stdout

    def test_warnings_go_to_stderr(self, shop: Path, tmp_path: Path) -> None:
        (tmp_path / "w.yml").write_text(
            "scenarios: [{name: warned, function: echo, context: {function_nam: x}}]\n"
        )
        for command in ("run --no-reports", "validate"):
            done = running.run(shop, *command.split(), str(tmp_path / "w.yml"), "--service", ".")
            assert done.status == 0, done
            assert "did you mean `function_name`?" in done.stderr
            assert "warning:" not in done.stdout


class TestEntryPoints:
    def test_the_script_is_the_module(self, shop: Path) -> None:
        script = Path(sys.executable).with_name("lambda-scenarios")
        done = subprocess.run(
            [script, "list"], cwd=shop, env=running.environment(), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == running.run(shop, "list")[:2]

    def test_it_is_not_disturbed_by_the_directory_it_is_run_in(self, shop: Path, tmp_path: Path) -> None:
        for name in ("json", "yaml", "types", "client", "python_client", "re"):
            (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
        script = Path(sys.executable).with_name("lambda-scenarios")
        done = subprocess.run(
            [script, "run", str(shop / "scenarios"), "--service", str(shop), "-k", "passes", "--no-reports"],
            cwd=tmp_path,
            env=running.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done


def test_a_defect_is_told_as_one(shop: Path, tmp_path: Path) -> None:
    """A broken installation: a module of the program that fails when it is needed."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['lambda_scenarios.scenarios.select'] = None\n"
    )
    done = running.run(shop, "list", env={"PYTHONPATH": str(tmp_path)})
    assert done.status == 3, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "this is a defect of the program, not of your scenarios" in done.stderr


def test_functions_say_which_are_for_arm(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text("""
service: s
provider: {name: aws, runtime: provided.al2023}
functions:
  a: {handler: a, architecture: arm64}
  b: {handler: b}
""")
    done = running.run(tmp_path, "functions")
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["arm64", "MB"]


def test_a_function_that_removes_the_reports_directory(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import shutil\ndef f(event, context):\n    shutil.rmtree('reports')\n    return {}\n"
    )
    (tmp_path / "s.yml").write_text(
        "functions: {f: {handler: app.f, runtime: python3.11}}\nscenarios: [{name: a, function: f}]\n"
    )
    done = running.run(tmp_path, "run", "s.yml")
    assert done.status == 3
    assert done.stderr.startswith("error: what the run had kept for its reports is gone: ")
    assert "nothing was run" not in done.stderr
