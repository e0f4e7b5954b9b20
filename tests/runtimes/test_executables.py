"""Headers of executables: those of this machine as its own tools see them, and of other machines."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.runtimes.custom import this_machine
from lambda_scenarios.runtimes.executables import Executable, executable, recognised

GO = shutil.which("go")
MAIN = "package main\nfunc main() {}\n"


@pytest.mark.skipif(GO is None, reason="needs Go (apt-get install golang-go)")
def test_what_go_builds_for_another_machine(tmp_path: Path) -> None:
    other = {"x86_64": "arm64", "arm64": "x86_64"}[this_machine()]
    (tmp_path / "main.go").write_text(MAIN)
    architecture = {"x86_64": "amd64"}.get(other, other)
    environment = {**os.environ, "GOOS": "linux", "GOARCH": architecture, "CGO_ENABLED": "0"}
    command = ("go", "build", "-o", str(tmp_path / "out"), str(tmp_path / "main.go"))
    subprocess.run(command, env=environment, check=True)
    assert executable(str(tmp_path / "out")) == Executable("linux", other)


def test_this_interpreter() -> None:
    found = executable(os.path.realpath(sys.executable))
    assert found.machine == this_machine()
    if found.kind == "linux":
        assert found.interpreter is not None
        assert os.path.exists(found.interpreter)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"#!/bin/sh\necho\n", Executable("script", None, "/bin/sh")),
        (b"#! /usr/bin/env node\n", Executable("script", None, "/usr/bin/env")),
        (b"#!/bin/sh", Executable("script", None, "/bin/sh")),
        (b"#!/bin/sh\r\necho\r\n", Executable("script", None, "/bin/sh\r")),
        (b"#!\n", Executable("script", None, "")),
        (b"\xef\xbb\xbf#!/bin/sh\n", Executable("unknown")),
        (b"echo hello\n", Executable("unknown")),
        (b"", Executable("unknown")),
        (b"\x7fELF", Executable("unknown")),
        (b"MZ\x90\0", Executable("windows")),
        (b"\xca\xfe\xba\xbe\0\0\0\2", Executable("macos")),
        (b"\x7fELF\2\2\1" + bytes(11) + struct.pack(">H", 22), Executable("linux", "machine 22")),
    ],
)
def test_headers(head: bytes, found: Executable) -> None:
    assert recognised(head) == found


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x7fELF\2\1\1", b"\x7fELF\1\2\1", b"#!", b"\xcf\xfa\xed\xfe"]),
)
def test_any_bytes(rest: bytes, magic: bytes) -> None:
    assert recognised(magic + rest).kind in ("linux", "macos", "windows", "script", "unknown")
