"""Containers of programs that run for longer than one run: `--watch`, and pytest with the plugin."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.docker import engine, images
from tests.program import running
from tests.program.running import VERSION
from tests.watching.watched import Watch

CODE = "import os\ncalls = 0\ndef handler(event, context):\n    global calls\n    calls += 1\n"
SCENARIOS = f"""\
functions: {{f: {{handler: app.handler, runtime: python{VERSION}, code: ../src, timeout: 30}}}}
scenarios:
  - {{name: one, function: f, expect: {{output_includes: {{said: hello}}}}}}
  - {{name: two, function: f, event: {{a: 1}}, expect: {{output_includes: {{said: hello}}}}}}
"""
TEST = """\
def test_warm(lambda_function):
    f = lambda_function("f", service="../serverless.yml")
    first, second = f(), f()
    assert second["calls"] == first["calls"] + 1 and second["host"] == first["host"]
"""


def code(word: str) -> str:
    return f"{CODE}    return {{'said': '{word}', 'calls': calls, 'host': os.uname().nodename}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    for name, text in {
        "src/app.py": code("hello"),
        "scenarios/s.yml": SCENARIOS,
        "scenarios/test_f.py": TEST,
        "serverless.yml": f"service: s\nprovider: {{name: aws, runtime: python{VERSION}, timeout: 30}}\n"
        "functions: {f: {handler: src/app.handler}}\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    tmp_path.chmod(0o755)
    yield tmp_path
    until = time.monotonic() + 60
    while engine.containers():
        assert time.monotonic() < until, "a container is left"
        time.sleep(0.05)


def arguments() -> tuple[str, ...]:
    return ("--backend", "docker", "--docker-image", f"python{VERSION}={images.python()}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch(project: Path, number: int) -> None:
    watch = Watch(project, *arguments())
    engine.watch("program", watch.process.pid)
    try:
        assert "2 passed" in watch.until_it_waits()
        assert "2 failed" in watch.after("src/app.py", code("other"))
        assert "2 passed" in watch.after("src/app.py", code("hello"))
        watch.end(number)
    finally:
        watch.process.kill()
        watch.process.communicate()


def begun(project: Path, *more: str) -> subprocess.Popen[bytes]:
    env = {name: value for name, value in running.environment().items() if not name.startswith("PYTEST_")}
    options = " ".join(arguments())
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--scenarios={options}", *more],
        cwd=project,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    engine.watch("program", process.pid)
    return process


def test_pytest(project: Path) -> None:
    said, _ = begun(project, "scenarios").communicate(timeout=120)
    assert "3 passed" in said.decode()


def test_pytest_that_is_killed(project: Path) -> None:
    waits = "import signal\ndef handler(event, context):\n    print('it waits')\n    signal.pause()\n"
    (project / "src" / "app.py").write_text(waits)
    process = begun(project, "scenarios/s.yml")
    try:
        until = time.monotonic() + 60
        while not any("it waits" in logs for logs in engine.logs()):
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.05)
    finally:
        process.kill()
        process.communicate()
