"""Where the compiled code of a Java function is: classes, an archive, or what Maven and Gradle leave."""

from __future__ import annotations

import glob
import hashlib
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.caching import cache_directory, filled
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.runtimes.archives import archive_of
from lambda_scenarios.runtimes.runtime import World

if TYPE_CHECKING:
    from zipfile import ZipFile

# Relative to the code, or to one directory below it (a module); the earlier win.
_OUTPUTS = ("build/distributions/*.zip", "target/*.zip", "target/*.jar", "build/libs/*.jar")
_CLASSES = ("target/classes", "build/classes/java/main", "build/classes/kotlin/main", "bin", "out")
_DEPENDENCIES = ("target/dependency", "build/dependency")
# What lies beside an archive that is deployed and is not deployed itself.
_NOT_DEPLOYED = re.compile(r"^original-|-(sources|javadoc|tests|test-sources|plain)\.jar$")
# Names that shading gives to an archive with everything in it.
_WHOLE = re.compile(r"-(all|aws|fat|jar-with-dependencies|lambda|shaded|uber)\.\w+$")


class Code(NamedTuple):
    """`directory` is what /var/task is in Lambda; `warnings` say what was chosen where that isn't plain."""

    directory: str
    warnings: tuple[str, ...] = ()


class _Output(NamedTuple):
    path: str  # an archive or a directory of classes
    rank: tuple[int, int, float]  # the greatest is taken


def find_code(function: Function, cwd: str, environ: Mapping[str, str]) -> Code:
    """The directory that the classes of `function` are loaded from, as Lambda does it: its own, and the jars
    of its `lib`. Archives are unpacked into the cache.

    Raises MissingPart where there is no such class, or an archive can't be used.
    """
    code = function.code
    if os.path.isfile(code):
        return Code(_unpacked(code, cwd, environ))
    wanted = class_file(function.handler)
    if _holds(code, wanted):
        return Code(code)
    outputs = [found for found in _outputs(code) if _has(found.path, wanted)]
    if outputs:
        chosen = max(outputs, key=lambda output: output.rank)
        warnings = _remarks(function, chosen, outputs, cwd)
        return Code(_unpacked(chosen.path, cwd, environ), warnings)
    for folder in _folders(code):
        for name in _CLASSES:
            classes = os.path.join(folder, name)
            if os.path.isfile(os.path.join(classes, wanted)):
                jars = (os.path.join(folder, dependency) for dependency in _DEPENDENCIES)
                return Code(with_jars(classes, tuple(jars), environ))
    raise _nothing(function, wanted, cwd, environ)


def class_file(handler: str) -> str:
    """`shop/Orders.class`, of `shop.Orders::create` or `shop.Orders`."""
    name, separator, _method = handler.rpartition("::")
    return (name if separator else handler).replace(".", "/") + ".class"


def with_jars(directory: str, folders: Sequence[str], environ: Mapping[str, str]) -> str:
    """A directory that looks like `directory` with the jars of `folders` in its `lib`: links, in the cache.

    AWS's client looks for jars in `lib` of the code and in /opt/java/lib, which this machine doesn't have.
    They come after those of the code: it takes them in the order of their names.
    """
    own = os.path.join(directory, "lib")
    links = {name: os.path.join(directory, name) for name in os.listdir(directory) if name != "lib"}
    if os.path.isdir(own):
        links |= {f"lib/{name}": os.path.join(own, name) for name in os.listdir(own)}
    added = 0
    for number, folder in enumerate(folders):
        if os.path.isdir(folder):
            for name in os.listdir(folder):
                if name.endswith(".jar"):
                    links[f"lib/~{number}-{name}"] = os.path.join(folder, name)
                    added += 1
    if not added:
        return directory
    digest = hashlib.sha256(repr(sorted(links.items())).encode("utf-8", "surrogateescape")).hexdigest()
    place = os.path.join(cache_directory(environ, "java"), "tasks", digest[:24])
    if not os.path.isdir(place):
        with filled(place) as begun:
            os.mkdir(os.path.join(begun, "lib"))
            for name, target in links.items():
                os.symlink(target, os.path.join(begun, name))
    return place


def _holds(directory: str, wanted: str) -> bool:
    """Whether it is what Lambda has in /var/task: the class, or a jar with it in `lib`."""
    if os.path.isfile(os.path.join(directory, wanted)):
        return True
    return any(
        _has(jar, wanted) for jar in sorted(glob.glob(os.path.join(glob.escape(directory), "lib/*.jar")))
    )


def _folders(code: str) -> Iterator[str]:
    """The code and the modules in it."""
    yield code
    try:
        names = sorted(os.listdir(code))
    except OSError:
        return
    yield from (
        path for name in names if not name.startswith(".") and os.path.isdir(path := os.path.join(code, name))
    )


def _outputs(code: str) -> Iterator[_Output]:
    for folder in _folders(code):
        for place, pattern in enumerate(_OUTPUTS):
            for path in glob.glob(os.path.join(glob.escape(folder), pattern)):
                name = os.path.basename(path)
                if not _NOT_DEPLOYED.search(name) and os.path.isfile(path):
                    whole = 1 if _WHOLE.search(name) else 0
                    zipped = 1 if place < 2 else 0
                    yield _Output(path, (zipped, whole, os.stat(path).st_mtime))


def _has(archive: str, wanted: str) -> bool:
    """Whether the class is in an archive, or in a jar of its `lib`."""
    import zipfile

    try:
        with zipfile.ZipFile(archive) as opened:
            return _entry(opened, wanted)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False


def _entry(opened: ZipFile, wanted: str) -> bool:
    import zipfile

    names = opened.namelist()
    if wanted in names:
        return True
    for name in names:
        if name.startswith("lib/") and name.endswith(".jar"):
            with zipfile.ZipFile(io.BytesIO(opened.read(name))) as inner:
                if wanted in inner.namelist():
                    return True
    return False


def _remarks(function: Function, chosen: _Output, outputs: list[_Output], cwd: str) -> tuple[str, ...]:
    """Which archive was taken of several, and whether it is older than the sources."""
    shown = shown_path(chosen.path, cwd)
    remarks = []
    if len(outputs) > 1:
        others = ", ".join(shown_path(o.path, cwd) for o in outputs if o.path != chosen.path)
        remarks.append(f"{function.key} is run from {shown}; its class is in {others} too")
    newest, source = _newest_source(function.code)
    if newest > chosen.rank[2]:
        remarks.append(f"{shown}, which {function.key} is run from, is older than {shown_path(source, cwd)}")
    return tuple(remarks)


def _newest_source(code: str) -> tuple[float, str]:
    newest = (0.0, "")
    for folder in _folders(code):
        for directory, _, names in os.walk(os.path.join(folder, "src", "main")):
            for name in names:
                path = os.path.join(directory, name)
                newest = max(newest, (os.stat(path, follow_symlinks=False).st_mtime, path))
    return newest


def _unpacked(archive: str, cwd: str, environ: Mapping[str, str]) -> str:
    from lambda_scenarios.packaging.unpack import UnusableArchive, prune, unpacked

    cache = cache_directory(environ, "code")
    try:
        directory = unpacked(archive, cache)
    except UnusableArchive as error:
        raise MissingPart(
            f"{shown_path(archive, cwd)} {error.problem}", error.notes, skippable=False
        ) from None
    prune(cache, directory)
    return directory


def _nothing(function: Function, wanted: str, cwd: str, environ: Mapping[str, str]) -> MissingPart:
    root = archive_of(function, World(environ, cwd)) or shown_path(function.code, cwd)
    notes = [f"looked for {wanted} in {root}, in the jars of its lib, and in what Maven and Gradle build"]
    if function.build is not None:
        notes.append(f"`{function.build}` didn't make it")
    elif os.path.isfile(os.path.join(function.code, "pom.xml")):
        notes.append("build it first: mvn package")
    elif glob.glob(os.path.join(glob.escape(function.code), "build.gradle*")):
        notes.append("build it first: gradle build (a zip with lib/, or a shadow jar)")
    else:
        notes.append("build it first, or let `package.artifact` or `code` name the jar")
    return MissingPart(
        f"the class of {function.key} is missing: {function.handler}", tuple(notes), skippable=False
    )
