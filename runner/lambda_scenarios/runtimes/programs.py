"""Finds interpreters on this machine without starting them, where that is possible."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Interpreter(NamedTuple):
    """A program that can be started; `version` is as much of it as is known: `3.11`, `20.20.2`."""

    path: str
    version: str


def on_path(names: tuple[str, ...], environ: Mapping[str, str]) -> Iterator[str]:
    """Executables of these names, in the order of the names, then of PATH; shims are resolved."""
    folders = [folder for folder in environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    for name in names:
        for folder in folders:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK) and not os.path.isdir(path):
                resolved = _behind_shim(path, name, environ)
                if resolved is not None:
                    yield resolved


def _behind_shim(path: str, name: str, environ: Mapping[str, str]) -> str | None:
    """The program that a shim of pyenv or rbenv would start; None where it would start none.

    A shim is a shell script that takes longer than all the rest of a run; what it would choose is
    documented: PYENV_VERSION, `.python-version` here or above, the file `version`
    (https://github.com/pyenv/pyenv#understanding-python-version-selection,
    https://github.com/rbenv/rbenv#choosing-the-ruby-version).
    """
    folder = os.path.dirname(path)
    root = os.path.dirname(folder)
    if os.path.basename(folder) != "shims" or not os.path.isdir(os.path.join(root, "versions")):
        return path
    variable, file = _RBENV if name.startswith("ruby") else _PYENV
    for version in _chosen_versions(root, variable, file, environ):
        if version == "system":
            continue
        candidate = os.path.join(root, "versions", version, "bin", name)
        if os.access(candidate, os.X_OK):
            return candidate
    return None


_PYENV = ("PYENV_VERSION", ".python-version")
_RBENV = ("RBENV_VERSION", ".ruby-version")


def _chosen_versions(root: str, variable: str, file: str, environ: Mapping[str, str]) -> list[str]:
    if environ.get(variable):
        return environ[variable].split(":")
    folder = environ.get("PWD") or os.getcwd()
    while True:
        found = _lines(os.path.join(folder, file))
        if found:
            return found
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    return _lines(os.path.join(root, "version"))


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return [line.strip() for line in file if line.strip() and not line.startswith("#")]
    except (OSError, UnicodeDecodeError):
        return []


_PYTHON_NAME = re.compile(r"python(\d+\.\d+)$")


def python_version(path: str, environ: Mapping[str, str]) -> str | None:
    """`3.11` of a Python interpreter: from its names where they tell, else by asking it."""
    configured = _pyvenv_version(os.path.dirname(os.path.dirname(path)))
    if configured is not None:
        return configured
    real = os.path.realpath(path)
    named = _PYTHON_NAME.search(real)
    if named is not None:
        return named.group(1)
    if real == os.path.realpath(sys.executable):
        return f"{sys.version_info[0]}.{sys.version_info[1]}"
    text = ask((path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"), environ)
    return text.strip() if text else None


def _pyvenv_version(prefix: str) -> str | None:
    for line in _lines(os.path.join(prefix, "pyvenv.cfg")):
        key, _, value = line.partition("=")
        if key.strip() in ("version", "version_info"):
            return ".".join(value.strip().split(".")[:2])
    return None


def ask(command: tuple[str, ...], environ: Mapping[str, str], patience: float = 20) -> str | None:
    """What a program prints to its standard output; None where it fails or takes over `patience` seconds."""
    import subprocess  # 8 ms, and rarely needed

    try:
        done = subprocess.run(
            command,
            env=_neutral(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _neutral(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what changes an interpreter: functions don't see it either, and it may stop it."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(("PYTHON", "NODE_", "RUBY")) and name != "LD_PRELOAD"
    }


def os_advice(environ: Mapping[str, str], debian: str, brew: str) -> str:
    """The command that installs something here."""
    if sys.platform == "darwin":
        return f"to install it: {brew}"
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder and os.access(os.path.join(folder, "apt-get"), os.X_OK):
            return f"to install it: {debian}"
    return f"to install it: {debian} (Debian, Ubuntu) · {brew} (macOS)"


def utf8_locale(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Variables for interpreters that read files and variables as the locale says, which in Lambda is always
    UTF-8: LANG names one there that this machine may not have."""
    named = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if sys.platform == "darwin" or "utf" in named.lower():
        return ()
    return (("LC_CTYPE", "C.UTF-8"),)
