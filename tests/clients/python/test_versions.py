"""The client on every Python from 3.8 that is on this machine: the same results everywhere."""

from __future__ import annotations

import functools
import glob
import json
import os
import shutil
import subprocess
import sys

import pytest
from tests.clients.python.test_differential import (
    BY_NAME,
    HERE,
    NOT_IN_312,
    PYTHON_312,
    Outcome,
    cases_of,
    outcomes,
    run_own,
)
from tests.clients.runtime_api_stub import Invoke

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


@functools.cache
def interpreter(version: str) -> str | None:
    """A Python of this version: this one, on PATH, or made by pyenv."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    home = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    made = glob.glob(os.path.join(glob.escape(home), "versions", f"{version}.*", "bin", f"python{version}"))
    for candidate in (*made, shutil.which(f"python{version}")):
        if candidate is not None and _works(candidate, version):
            return candidate
    return None


def _works(candidate: str, version: str) -> bool:
    """Whether it starts: pyenv's stand-ins on PATH don't where their version is not chosen."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [candidate, "-c", code], capture_output=True, text=True, check=False, timeout=60
        )
    except OSError:
        return False
    return answer.stdout.strip() == version


# In CI nothing is skipped: what is there is tested, and something must be.
TESTED = [v for v in VERSIONS if interpreter(v)] if os.environ.get("CI") else list(VERSIONS)


def test_there_is_an_interpreter() -> None:
    assert any(interpreter(version) for version in TESTED)


def stable(outcome: Outcome) -> tuple[object, ...]:
    """What doesn't depend on the version: stacks and the words of exceptions do."""
    if outcome.kind == "response":
        return (outcome.kind, outcome.content_type, outcome.body)
    if outcome.kind in ("error", "init error"):
        return (outcome.kind, json.loads(outcome.body)["errorType"])
    return (outcome.kind,)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = str(tmp_path_factory.mktemp("task") / "root")
    shutil.copytree(os.path.join(HERE, "handlers"), target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


# Where the versions themselves differ.
OF_THE_VERSION = {
    ("results", "enormous_integer"),  # the limit for conversions came with 3.11 and late 3.8
    ("results", "too_deep"),
    ("failures", "group"),
}


def answers(root: str, module: str, python: str, extra: dict[str, str]) -> dict[str, tuple[object, ...]]:
    left_out = OF_THE_VERSION | (NOT_IN_312 if extra else set())
    cases = [case for case in cases_of(module) if (module, case) not in left_out]
    queue = [Invoke(f"id-{case}", json.dumps({"case": case}).encode()) for case in cases]
    found = outcomes(run_own(root, f"{module}.handler", queue, extra, python), len(queue))
    assert len(found) == len(cases), found[-1]
    return {case: stable(outcome) for case, outcome in zip(cases, found, strict=True)}


@pytest.mark.parametrize("version", TESTED)
@pytest.mark.parametrize("module", ["results", "failures", "streams", "logs"])
def test_same_answers_as_on_this_python(root: str, module: str, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine (pyenv install {version})")
    extra = PYTHON_312 if module == "results" else {}
    assert answers(root, module, python, extra) == answers(root, module, sys.executable, extra)


@pytest.mark.parametrize("version", TESTED)
def test_same_failures_to_load(root: str, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine (pyenv install {version})")
    for handler in (
        "shop/orders.create",
        "shop.broken.create",
        "missing.handler",
        "results.missing",
        "nodot",
    ):
        assert handler in BY_NAME
        here, there = (
            [stable(o) for o in outcomes(run_own(root, handler, [Invoke("id-1")], {}, p), 1)]
            for p in (sys.executable, python)
        )
        assert here == there


@pytest.mark.parametrize("version", TESTED)
def test_same_ends(root: str, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine (pyenv install {version})")
    for case in ("exit_0", "exit_3", "keyboard_interrupt", "base_exception", "unprintable"):
        queue = [Invoke("id-1", json.dumps({"case": case}).encode())]
        here, there = (
            [stable(o) for o in outcomes(run_own(root, "exits.handler", queue, {}, p), 1)]
            for p in (sys.executable, python)
        )
        assert here == there
