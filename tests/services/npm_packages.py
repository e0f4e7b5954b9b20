"""Packages of npm that tests need, fetched once and kept beside the tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

_KEPT = Path(__file__).parent / "node_modules"


def installed(*packages: str) -> Path:
    """The directory whose `node_modules` holds these packages (`name@version`) and what they need.

    Where npm can't fetch them, the test is skipped, in CI it fails.
    """
    directory = _KEPT / "-".join(package.replace("/", "+") for package in packages)
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / ".complete").exists():
            _install(directory, packages)
            (directory / ".complete").touch()
    return directory


def _install(directory: Path, packages: tuple[str, ...]) -> None:
    if shutil.which("npm") is None:
        _missing("npm is missing: apt-get install npm")
    (directory / "package.json").write_text('{"private": true}')
    quiet = ("--no-audit", "--no-fund", "--no-save", "--no-package-lock", "--ignore-scripts", "--silent")
    done = subprocess.run(
        ("npm", "install", *quiet, *packages),
        cwd=directory,
        env={**os.environ, "npm_config_update_notifier": "false"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        _missing(f"`npm install {' '.join(packages)}` failed: {done.stderr.strip() or done.stdout.strip()}")


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
