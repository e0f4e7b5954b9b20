"""Files of the wheel of aws-sam-cli (Apache-2.0).

It is fetched once, compared with its hash, and what is wanted of it kept beside the tests.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

VERSION = "1.170.0"
_HASH = "24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf"
_KEPT = Path(__file__).parent / ".emulator"


def unpacked(member: str) -> Path:
    """A copy of the file or directory `member` of the wheel.

    Where it can't be fetched, the test is skipped, in CI it fails.
    """
    path = _KEPT / f"{member.rstrip('/').rpartition('/')[2]}-{VERSION}"
    _KEPT.mkdir(exist_ok=True)
    with (_KEPT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _fetch(member, path)
    return path


def _fetch(member: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=_KEPT) as work:
        wanted = Path(work) / "wanted.txt"
        wanted.write_text(f"aws-sam-cli=={VERSION} --hash=sha256:{_HASH}\n")
        quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
        exact = ("--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--require-hashes")
        done = subprocess.run(
            (sys.executable, "-m", "pip", "download", *quiet, *exact, "-d", work, "-r", str(wanted)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            missing(f"`pip download aws-sam-cli=={VERSION}` failed: {done.stderr.strip()}")
        (wheel,) = Path(work).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            below = f"{member}/"
            names = [name for name in archive.namelist() if name == member or name.startswith(below)]
            archive.extractall(work, names)
        found = Path(work) / member
        if found.is_file():
            found.chmod(0o755)
        found.rename(path)


def missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
