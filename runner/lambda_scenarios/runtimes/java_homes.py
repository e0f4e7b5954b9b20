"""The Javas of this machine, found without starting them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lambda_scenarios.runtimes import programs

_FOLDERS = (
    "/usr/lib/jvm",
    "/usr/java",
    "/opt/java",
    "/Library/Java/JavaVirtualMachines",
    "~/.sdkman/candidates/java",
    "~/.jdks",
    "~/.local/share/mise/installs/java",
    "~/.asdf/installs/java",
)
_INSIDE = ("", "Contents/Home")  # on macOS a bundle


class Java(NamedTuple):
    """`path` is that of the program `java`; `version` as its file `release` says: `17.0.15`."""

    path: str
    version: str

    @property
    def major(self) -> int:
        """8, 11, 17, …"""
        parts = re.findall(r"\d+", self.version)
        return int(parts[1]) if parts[:1] == ["1"] and len(parts) > 1 else int(parts[0]) if parts else 0


def javas(environ: Mapping[str, str]) -> list[Java]:
    """Every Java once, the ones that the user chose first: JAVA_HOME, PATH, then where they are installed."""
    found: dict[str, Java] = {}
    for path in _paths(environ):
        real = os.path.realpath(path)
        if real not in found and os.access(path, os.X_OK):
            version = _version(real, environ)
            if version is not None:
                found[real] = Java(path, version)
    return list(found.values())


def _paths(environ: Mapping[str, str]) -> Iterator[str]:
    if environ.get("JAVA_HOME"):
        yield os.path.join(environ["JAVA_HOME"], "bin", "java")
    yield from programs.on_path(("java",), environ)
    # Those that GitHub's machines have: JAVA_HOME_21_X64.
    for name in sorted(environ):
        if name.startswith("JAVA_HOME_"):
            yield os.path.join(environ[name], "bin", "java")
    home = environ.get("HOME", "")
    for folder in _FOLDERS:
        if folder.startswith("~") and not home:
            continue
        root = folder.replace("~", home, 1)
        try:
            names = sorted(os.listdir(root))
        except OSError:
            continue
        for name in names:
            for inside in _INSIDE:
                yield os.path.join(root, name, inside, "bin", "java")


def _version(java: str, environ: Mapping[str, str]) -> str | None:
    """From the file `release` of its directory, else by asking it."""
    home = os.path.dirname(os.path.dirname(java))
    for place in (home, os.path.dirname(home)):  # Java 8: jre/bin/java
        try:
            with open(os.path.join(place, "release"), encoding="utf-8", errors="replace") as file:
                found = re.search(r'^JAVA_VERSION="?([^"\n]+)', file.read(), re.MULTILINE)
        except OSError:
            continue
        if found is not None:
            return found[1]
    # On its error stream, without `--version` before 9: a version that is no number is none.
    told = programs.ask(("/bin/sh", "-c", 'exec "$0" -version 2>&1', java), environ) or ""
    quoted = re.search(r'version "([^"]+)"', told)
    return None if quoted is None else quoted[1]
