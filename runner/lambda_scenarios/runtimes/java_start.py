"""How AWS's client for Java is started: prepared once for each Java.

AWS's class with `main` is replaced by this project's (`clients/java/`), which needs no library of the
machine's and loads nothing before it is needed; what AWS's client does to events, results and errors stays
its own. It is compiled by a `javac` of this machine's; where there is none, AWS's is started. Either way
the classes that are needed are kept as Java maps them into memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.caching import filled
from lambda_scenarios.runtimes.runtime import CLIENTS

if TYPE_CHECKING:
    from lambda_scenarios.runtimes.java_client import Client
    from lambda_scenarios.runtimes.java_homes import Java

MAIN = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"
LOADS_ALL = "com.amazonaws.services.lambda.runtime.api.client.ClasspathLoader"
_PACKAGE = "com/amazonaws/services/lambda/runtime/api/client/"
_SOURCES = os.path.join(CLIENTS, "java")
_NAMES = ("AWSLambda.java", "CustomerClassLoader.java", "RuntimeApi.java")
_TRAINING = "training"
_NOT_MERGED = ("META-INF/MANIFEST.MF", "META-INF/maven/", "META-INF/versions/", "jni/")
_LONGEST = 60.0  # seconds that compiling, or one start of Java, may take
# What AWS's client sets by Security.setProperty (AWSLambda.java says why it is a file).
_SECURITY = """\
jdk.tls.disabledAlgorithms=SSLv3, RC4, MD5withRSA, DH keySize < 1024, EC keySize < 224, \
DES40_CBC, RC4_40, 3DES_EDE_CBC
networkaddress.cache.negative.ttl=1
"""
# For the function in training/: a result, an error, and its end.
_EVENTS = tuple(
    b'{"id": "%s", "price": 1.5, "items": [1, "a", null, true], "more": {"a": {"b": 2}}}' % name
    for name in (b"a", b"fail", b"exit")
)
_HEADERS = (
    b"Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n"
    b"Lambda-Runtime-Deadline-Ms: 1542409706888\r\n"
    b"Lambda-Scenarios-Remaining-Ms: 3000\r\n"
    b"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:f\r\n"
    b"Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1\r\n"
)


class Start(NamedTuple):
    """`class_path` is Java's, `archive` one of classes; None where this Java can't use any."""

    class_path: str
    archive: str | None


def compiler(java: Java, others: Iterable[Java]) -> tuple[str, ...] | None:
    """The `javac` that belongs to `java`, else that of a later one of `others`, with what makes it compile
    for `java`."""
    javac = _javac(java.path)
    if javac is not None:
        return (javac,)
    for other in others:
        javac = _javac(other.path)
        if javac is not None and other.major >= max(java.major, 9):
            return (javac, "--release", str(java.major))
    return None


def _javac(java: str) -> str | None:
    home = _home(java)
    for place in (home, os.path.dirname(home)):  # Java 8: jre/bin/java
        path = os.path.join(place, "bin", "javac")
        if os.access(path, os.X_OK):
            return path
    return None


def own(client: Client, found: Java, javac: tuple[str, ...], options: tuple[str, ...]) -> Start | None:
    """The start with this project's `main`, for a Java with `options`; None where it can't be compiled."""
    java = found.path
    made = os.path.join(client.folder, "started")
    folder = os.path.join(made, _key(java, (client.folder, *_texts())))
    jar = os.path.join(folder, "client.jar")
    if not os.path.exists(jar):
        try:
            _make(client, javac, folder)
        except (OSError, subprocess.SubprocessError):
            return None
        from lambda_scenarios.packaging.unpack import prune

        prune(made, folder)  # those of earlier versions, and of Javas that are gone

    def archive(target: str) -> None:
        command = (java, f"-XX:ArchiveClassesAtExit={target}", *options, "-Xlog:disable", "-cp", jar, MAIN)
        _train((*command, "Training::handle"), os.path.join(folder, _TRAINING))

    return Start(jar, _archived(os.path.join(folder, "client.jsa"), found.major, archive))


def of_aws(client: Client, found: Java) -> Start:
    """The start with AWS's own `main`."""
    java = found.path

    def archive(target: str) -> None:
        options = (f"-XX:ArchiveClassesAtExit={target}", "-XX:+UseSerialGC", "-Xlog:disable")
        # Its status is 1: it ends at a class for a later Java, after all that matter.
        command = (java, *options, "-cp", client.class_path, LOADS_ALL)
        subprocess.run(
            command, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST, check=False
        )

    path = os.path.join(client.folder, f"{_key(java, (client.folder,))}.jsa")
    return Start(client.class_path, _archived(path, found.major, archive))


def _home(java: str) -> str:
    return os.path.dirname(os.path.dirname(os.path.realpath(java)))


def _key(java: str, parts: tuple[str, ...]) -> str:
    """A name for what is made for this very Java, of `parts`."""
    home = _home(java)
    told = os.stat(java)
    with contextlib.suppress(OSError):
        told = os.stat(os.path.join(home, "release"))
    key = "\0".join((home, str(told.st_mtime_ns), str(told.st_size), *parts))
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _texts() -> list[str]:
    texts = [_SECURITY]
    for name in (*_NAMES, os.path.join(_TRAINING, "Training.java")):
        with open(os.path.join(_SOURCES, name), encoding="utf-8") as file:
            texts.append(file.read())
    return texts


def _make(client: Client, javac: tuple[str, ...], folder: str) -> None:
    """The directory with the jar, the security properties and the function to train with: whole or not
    at all.

    Raises OSError or subprocess.SubprocessError.
    """
    with filled(folder) as begun:
        training = os.path.join(begun, _TRAINING)
        os.mkdir(training)
        _compile(javac, client.class_path, begun, _NAMES)
        _compile(javac, client.class_path, training, (os.path.join(_TRAINING, "Training.java"),))
        _merge(client.class_path, begun)
        with open(os.path.join(begun, "java.security"), "w", encoding="ascii") as file:
            file.write(_SECURITY)


def _compile(javac: tuple[str, ...], class_path: str, target: str, names: tuple[str, ...]) -> None:
    sources = [os.path.join(_SOURCES, name) for name in names]
    # Texts joined by a call that Java links at run time would cost milliseconds at each start.
    options = ("-nowarn", "-proc:none", "-encoding", "UTF-8", "-XDstringConcat=inline")
    command = (*javac, *options, "-cp", class_path, "-d", target, *sources)
    subprocess.run(
        command, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST, check=True
    )


def _merge(class_path: str, folder: str) -> None:
    """One jar of AWS's and this project's classes, which come first: each class of the function's is looked
    for in every jar before its own. Not compressed."""
    import zipfile

    seen = set()
    with zipfile.ZipFile(os.path.join(folder, "client.jar"), "w") as merged:
        for name in sorted(os.listdir(os.path.join(folder, _PACKAGE))):
            merged.write(os.path.join(folder, _PACKAGE, name), _PACKAGE + name)
            seen.add(_PACKAGE + name)
        for jar in class_path.split(os.pathsep):
            with zipfile.ZipFile(jar) as opened:
                for entry in opened.infolist():
                    name = entry.filename
                    if name not in seen and not name.startswith(_NOT_MERGED):
                        seen.add(name)
                        merged.writestr(name, opened.read(entry))


def _train(command: tuple[str, ...], directory: str) -> None:
    """A worker that serves a few invocations and ends by itself.

    Raises OSError or subprocess.SubprocessError.
    """
    import socket

    from lambda_scenarios.runtime_api import http

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(_LONGEST)
        address = "{}:{}".format(*listening.getsockname())
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={"AWS_LAMBDA_RUNTIME_API": address, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(_LONGEST)
                parser = http.RequestParser(lambda _headers: 0)
                events = list(_EVENTS)
                while data := connection.recv(65536):
                    for request in parser.feed(data)[0]:
                        if request.method != b"GET":
                            connection.sendall(http.response(202, b"", b""))
                        elif events:
                            connection.sendall(http.response(200, _HEADERS, events.pop(0)))
            process.wait(_LONGEST)
        finally:
            process.kill()
            process.wait()


def _archived(path: str, major: int, make: Callable[[str], None]) -> str | None:
    """The archive at `path`, made where there is none yet; empty where Java didn't, not to be tried again.

    https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html (dynamic archives)
    """
    if major < 13:
        return None
    size = _size(path)
    if size is None:
        temporary = f"{path}.{os.getpid()}"
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            make(temporary)
        with contextlib.suppress(OSError):  # a cache that can't be written to
            if not _size(temporary):
                open(temporary, "wb").close()
            os.replace(temporary, path)
        size = _size(path)
    return path if size else None


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except OSError:
        return None
