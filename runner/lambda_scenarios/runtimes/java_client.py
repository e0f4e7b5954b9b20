"""AWS's runtime interface client for Java: fetched once, checked by its hashes, kept in the cache."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

from lambda_scenarios.caching import cache_directory, keep
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.runtimes import maven

_VERSION = "2.10.1"
_DOCKER = "or: --backend docker · --missing-runtime skip"


class _Jar(NamedTuple):
    group: str
    name: str
    version: str
    size: int
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}.jar"

    @property
    def path(self) -> str:
        """In a repository."""
        return f"{self.group}/{self.name}/{self.version}/{self.file}"


# What the client needs, in the order of the class path: its pom.xml, and theirs.
_JARS = (
    _Jar(
        "com/amazonaws",
        "aws-lambda-java-core",
        "1.4.0",
        10623,
        "575c24393cc1ad645e83e618956eabd89ffe8cc09efae2cb62bc6589154d68ed",
    ),
    _Jar(
        "com/amazonaws",
        "aws-lambda-java-runtime-interface-client",
        _VERSION,
        1614973,
        "b0dd01f45b7258da0e32ade0bff950b12d0cf279ccebf416ad8c3795af21f1db",
    ),
    _Jar(
        "com/amazonaws",
        "aws-lambda-java-serialization",
        "1.2.0",
        3726540,
        "1513c1f945a3213f916a4b2de1760c97b51d84d110f82bbbcf9cfac53d5651e7",
    ),
    _Jar(
        "software/amazon/awssdk",
        "utils-lite",
        "2.34.0",
        8796,
        "efaf784f07ae526f0b5c89d71ef21cf16636131c47d44616e3df9bedc3f4f89a",
    ),
    _Jar(
        "software/amazon/awssdk",
        "annotations",
        "2.34.0",
        13755,
        "fafdcb55f4e5af603f5219f4a2b080aa0decb562a7c0944f7a7eca82dd47e487",
    ),
)


class Client(NamedTuple):
    """`class_path` and `folder`, where its jars lie, are absolute."""

    class_path: str
    folder: str


def client(environ: Mapping[str, str]) -> Client:
    """AWS's classes. Raises MissingPart where they can't be fetched."""
    folder = os.path.join(cache_directory(environ, "java"), _VERSION)
    missing = [jar for jar in _JARS if _size(os.path.join(folder, jar.file)) != jar.size]
    if missing:
        _fill(folder, missing, environ)
    class_path = os.pathsep.join(os.path.join(folder, jar.file) for jar in _JARS)
    return Client(class_path, folder)


def cached(environ: Mapping[str, str]) -> bool:
    """Whether it has been fetched."""
    folder = os.path.join(cache_directory(environ, "java"), _VERSION)
    return all(_size(os.path.join(folder, jar.file)) == jar.size for jar in _JARS)


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except OSError:
        return None


def _fill(folder: str, missing: list[_Jar], environ: Mapping[str, str]) -> None:
    """Puts the files into the cache: those of Maven's local repository, else fetched."""
    local = maven.local_repository(environ)
    where: maven.Repository | None = None
    for jar in missing:
        data = _read(os.path.join(local, jar.path))
        if data is None or not _is(jar, data):
            where = where or maven.repository(environ)
            try:
                data = maven.download(where, jar.path)
            except maven.FetchFailed as error:
                raise _unfetched(folder, missing, where, str(error)) from None
            if not _is(jar, data):
                raise _unfetched(folder, missing, where, f"{jar.file} is not what its hash says")
        try:
            keep(os.path.join(folder, jar.file), data)
        except OSError as error:
            raise MissingPart(
                f"AWS's client for Java can't be kept in {folder}: {error.strerror}",
                ("XDG_CACHE_HOME names another place for the cache",),
                skippable=False,
            ) from None


def _is(jar: _Jar, data: bytes) -> bool:
    return len(data) == jar.size and hashlib.sha256(data).hexdigest() == jar.sha256


def _unfetched(folder: str, missing: list[_Jar], where: maven.Repository, reason: str) -> MissingPart:
    shown = maven.repository({})._replace(url=where.url).url
    size = sum(jar.size for jar in missing) / 1e6
    return MissingPart(
        "Java needs AWS's runtime interface client, which could not be fetched",
        (
            f"from {shown}: {reason}",
            f"it is fetched once ({len(missing)} files, {size:.1f} MB) and kept in {folder}; by hand:",
            *(f"  {shown}/{jar.path}" for jar in missing),
            f"another repository: {maven.VARIABLE}, a URL or a directory; or a mirror of ~/.m2/settings.xml",
            _DOCKER,
        ),
    )


def native_library(found: Client) -> str:
    """The shared library of this machine, which AWS's `main` would else unpack to one file of /tmp: two
    workers that start at once would write over each other's. Raises MissingPart where there is none."""
    if sys.platform == "darwin":
        raise MissingPart(
            "Java without its compiler runs functions on Linux alone, and this machine is macOS",
            ("install a JDK: brew install openjdk", "or: --backend docker"),
        )
    folder = found.folder
    machine = "aarch_64" if os.uname().machine in ("aarch64", "arm64") else os.uname().machine
    name = f"libaws-lambda-jni.linux{'_musl' if _is_musl() else ''}-{machine}.so"
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        import zipfile

        with zipfile.ZipFile(os.path.join(folder, _JARS[1].file)) as jar:
            try:
                data = jar.read(f"jni/{name}")
            except KeyError:
                raise MissingPart(
                    f"AWS's client for Java has no library for this machine ({machine})", (_DOCKER,)
                ) from None
        keep(path, data)
    return path


def _is_musl() -> bool:
    try:
        return not os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        return True


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
