"""Custom runtimes: what is started, and what is said where nothing can be."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
from tests.program import running

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.runtimes import custom
from lambda_scenarios.runtimes.runtime import Launch, World

SCRIPT = "#!/bin/sh\nexit 0\n"
MACHINES = {"x86_64": 62, "arm64": 183}
OTHER = {"x86_64": "arm64", "arm64": "x86_64"}[custom.this_machine()]


def launched(root: Path, runtime: str = "provided.al2023", **more: object) -> Launch:
    function = Function(
        key="f",
        name="s-dev-f",
        handler="bin/hello",
        runtime=runtime,
        code=str(root),
        service=ServiceInfo("s", "dev", "us-east-1", str(root), None),
    )
    changed = function._replace(**more)  # type: ignore[arg-type]  # fields of a function
    return custom.launch(changed, World(os.environ, str(root)))


def checked(root: Path, platform: str) -> None:
    service = ServiceInfo("s", "dev", "us-east-1", str(root), None)
    function = Function("f", "s-dev-f", "none", "provided.al2023", str(root), service)
    custom.check_for_container(function, platform, World(os.environ, str(root)))


def refusal(root: Path, runtime: str = "provided.al2023", **more: object) -> MissingPart:
    with pytest.raises(MissingPart) as raised:
        launched(root, runtime, **more)
    return raised.value


def write(path: Path, content: str | bytes, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def elf(machine: str, interpreter: str | None = None) -> bytes:
    """A header, and a program header that names the dynamic linker."""
    head = b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack("<HHI", 2, MACHINES[machine], 1)
    head += struct.pack("<QQQIHHHHHH", 0, 64, 0, 0, 64, 56, 1 if interpreter else 0, 64, 0, 0)
    if interpreter is None:
        return head
    text = interpreter.encode() + b"\0"
    return head + struct.pack("<IIQQQQQQ", 3, 4, 120, 0, 0, len(text), len(text), 1) + text


class TestFound:
    def test_bootstrap_of_the_code(self, tmp_path: Path) -> None:
        path = write(tmp_path / "bootstrap", SCRIPT)
        launch = launched(tmp_path)
        assert (launch.command[-1], launch.credits, launch.warnings) == (str(path), 1, ())

    def test_bootstrap_of_a_layer(self, tmp_path: Path) -> None:
        first, second = (write(tmp_path / name / "bootstrap", SCRIPT) for name in ("a", "b"))
        code = tmp_path / "code"
        code.mkdir()
        layers = (str(first.parent), str(second.parent))
        assert launched(code, layers=layers).command[-1] == str(second)

    def test_go1_names_its_executable(self, tmp_path: Path) -> None:
        path = write(tmp_path / "bin/hello", SCRIPT)
        assert launched(tmp_path, "go1.x").command[-1] == str(path)

    def test_for_another_architecture_than_is_declared(self, tmp_path: Path) -> None:
        write(tmp_path / "bootstrap", elf(custom.this_machine()))
        (warning,) = launched(tmp_path, architecture=OTHER).warnings
        assert warning.startswith(f"bootstrap is built for {custom.this_machine()}")
        assert "Lambda would not run it" in warning


class TestRefused:
    def test_missing(self, tmp_path: Path) -> None:
        part = refusal(tmp_path)
        assert part.problem == "bootstrap of f is missing"
        assert not part.skippable
        assert "build it first" in part.notes[-1]
        assert refusal(tmp_path, build="make").notes[-1] == "`make` didn't make it"
        assert refusal(tmp_path, "go1.x").problem == "bin/hello of f is missing"

    def test_missing_here_and_there_elsewhere(self, tmp_path: Path) -> None:
        write(tmp_path / "target/lambda/hello/bootstrap", SCRIPT)
        assert "there is one in target/lambda/hello/bootstrap" in refusal(tmp_path).notes[1]

    def test_not_executable(self, tmp_path: Path) -> None:
        write(tmp_path / "bootstrap", SCRIPT, 0o644)
        part = refusal(tmp_path)
        assert part.problem == "bootstrap is not executable"
        assert part.notes == ("to make it so: chmod +x bootstrap",)

    def test_what_is_wrong_in_an_artifact_is_told_by_its_name(self, tmp_path: Path) -> None:
        for mode, name in ((0o644, "bootstrap"), (0o755, "inner/bootstrap")):
            with zipfile.ZipFile(tmp_path / f"{mode:o}.zip", "w") as archive:
                entry = zipfile.ZipInfo(name)
                entry.external_attr = (0o100000 | mode) << 16
                archive.writestr(entry, "#!/bin/sh\n")
        (tmp_path / "serverless.yml").write_text(
            "service: s\nprovider: {name: aws, runtime: provided.al2023}\nfunctions:\n"
            "  plain: {handler: x, package: {artifact: 644.zip}}\n"
            "  deep: {handler: x, package: {artifact: 755.zip}}\n"
        )
        done = running.run(tmp_path, "invoke", "-f", "plain", "-d", "1")
        assert done.status == 2
        assert "bootstrap of 644.zip is not executable" in done.stderr
        assert "chmod +x before it is packed" in done.stderr
        done = running.run(tmp_path, "invoke", "-f", "deep", "-d", "1")
        assert done.status == 2
        assert "there is one in inner/bootstrap of 755.zip: it has to lie at the top" in done.stderr

    @pytest.mark.parametrize(
        ("content", "words", "skippable"),
        [
            (elf(OTHER), f"bootstrap is built for {OTHER}, and this machine is", True),
            (b"\xcf\xfa\xed\xfe" + struct.pack("<I", 0x0100000C), "is built for macOS", True),
            (b"MZ\x90\0", "is built for Windows", True),
            (
                elf(custom.this_machine(), "/lib/ld-nowhere.so.1"),
                "the dynamic linker /lib/ld-nowhere.so.1",
                True,
            ),
            ("#!/bin/sh\r\nexit 0\r\n", "has line ends of Windows", False),
            ("#!/usr/bin/nowhere\n", "the interpreter /usr/bin/nowhere, which isn't", True),
            ("echo hello\n", "is no executable", False),
        ],
    )
    def test_not_for_this_machine(
        self, tmp_path: Path, content: str | bytes, words: str, skippable: bool
    ) -> None:
        write(tmp_path / "bootstrap", content)
        part = refusal(tmp_path, architecture=OTHER)
        assert words in part.problem
        assert part.skippable == skippable
        assert part.notes


class TestInContainers:
    @pytest.mark.parametrize(
        ("content", "mode", "words"),
        [
            (elf("arm64"), 0o755, "bootstrap is built for arm64, and its container is x86_64"),
            (
                b"\xcf\xfa\xed\xfe" + struct.pack("<I", 0x0100000C),
                0o755,
                "is built for macOS, and Lambda runs",
            ),
            ("#!/bin/sh\r\n", 0o755, "has line ends of Windows"),
            ("", 0o755, "is no executable"),
            (SCRIPT, 0o644, "is not executable"),
        ],
    )
    def test_what_cannot_be_started(
        self, tmp_path: Path, content: str | bytes, mode: int, words: str
    ) -> None:
        write(tmp_path / "bootstrap", content, mode)
        with pytest.raises(MissingPart, match=words) as raised:
            checked(tmp_path, "linux/amd64")
        assert not raised.value.skippable
        assert raised.value.notes

    def test_what_can(self, tmp_path: Path) -> None:
        # The interpreter and the dynamic linker are the image's.
        for content in (elf("arm64"), elf("arm64", "/lib/ld-nowhere.so.1"), "#!/usr/bin/nowhere\n"):
            write(tmp_path / "bootstrap", content)
            checked(tmp_path, "linux/arm64")

    def test_what_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(MissingPart, match="bootstrap of f is missing"):
            checked(tmp_path, "linux/amd64")


SCENARIOS = """
service: null
functions:
  f: {handler: none, runtime: provided.al2023, code: src, build: "%s"}
scenarios:
  - name: "counts to {{ case.n }}"
    function: f
    cases: [{n: 1}, {n: 2}]
    event: {n: "{{ case.n }}"}
    expect: {output: {count: "{{ case.n }}", here: /src}, logs: "in %s: {\\"n\\":{{ case.n }}}"}
"""
PROGRAMS = {
    "C": ("bootstrap_in_c", "cc -D_GNU_SOURCE -o bootstrap main.c", "gcc"),
    "Rust": ("bootstrap_in_rust", "cargo build --quiet --offline && cp target/debug/bootstrap .", "cargo"),
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_program_with_plain_sockets(tmp_path: Path, language: str) -> None:
    sources, build, package = PROGRAMS[language]
    if shutil.which(build.split()[0]) is None:
        pytest.skip(f"needs a compiler of {language} (apt-get install {package})")
    shutil.copytree(Path(__file__).parent / sources, tmp_path / "src")
    (tmp_path / "scenarios.yml").write_text(SCENARIOS % (build, language))
    done = running.run(tmp_path, "run", "scenarios.yml", "--no-reports")
    assert done.status == 0, done.stdout + done.stderr
    assert f"building f: {build}   (in src)" in done.stderr


def test_execution_environment_is_named_as_lambda_does(tmp_path: Path) -> None:
    """Not at all for custom runtimes."""
    write(tmp_path / "bootstrap", SCRIPT)
    code = subprocess.run(
        (*launched(tmp_path).command,), env={"LAMBDA_TASK_ROOT": str(tmp_path)}, check=False
    )
    assert code.returncode == 0
