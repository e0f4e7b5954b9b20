"""Java: which one, AWS's client, where the classes are, and every kind of handler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.program import running

from lambda_scenarios.caching import cache_directory
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.runtimes import java, java_client, java_code, java_start
from lambda_scenarios.runtimes.java_homes import Java, javas
from lambda_scenarios.runtimes.runtime import Launch, World

SOURCES = Path(__file__).parent / "java_handlers"
JAVAC = shutil.which("javac")
needs_jdk = pytest.mark.skipif(JAVAC is None, reason="needs a JDK (apt-get install default-jdk-headless)")


def function(root: Path, handler: str = "shop.Orders::place", **more: Any) -> Function:
    found = Function(
        key="f",
        name="s-dev-f",
        handler=handler,
        runtime="java17",
        code=str(root),
        service=ServiceInfo("s", "dev", "us-east-1", str(root), None),
    )
    return found._replace(**more)


# --- which Java


def a_java(home: Path, version: str) -> str:
    (home / "bin").mkdir(parents=True)
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    program = home / "bin/java"
    program.write_text("#!/bin/sh\nexit 9\n")
    program.chmod(0o755)
    return str(program)


def mine(environ: dict[str, str], tmp_path: Path) -> list[Java]:
    """Without those that the machine has itself."""
    return [found for found in javas(environ) if found.path.startswith(str(tmp_path))]


def test_every_java_is_found(tmp_path: Path) -> None:
    eight = a_java(tmp_path / "eight", "1.8.0_392")
    seventeen = a_java(tmp_path / "seventeen", "17.0.15")
    managed = a_java(tmp_path / "home/.sdkman/candidates/java/21.0.2-tem", "21.0.2")
    hosted = a_java(tmp_path / "hosted", "11.0.1")
    environ = {
        "JAVA_HOME": str(tmp_path / "eight"),
        "PATH": str(tmp_path / "seventeen/bin"),
        "HOME": str(tmp_path / "home"),
        "JAVA_HOME_11_X64": str(tmp_path / "hosted"),
    }
    found = mine(environ, tmp_path)
    assert [(java.path, java.major) for java in found] == [
        (eight, 8),
        (seventeen, 17),
        (hosted, 11),
        (managed, 21),
    ]


def test_one_without_a_release_file_is_asked(tmp_path: Path) -> None:
    program = tmp_path / "bin/java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'openjdk version \"11.0.9\" 2020-10-20' >&2\n")
    program.chmod(0o755)
    assert [java.major for java in mine({"PATH": str(program.parent)}, tmp_path)] == [11]


@pytest.mark.parametrize(
    ("wanted", "there", "chosen"),
    [
        (17, (11, 17, 21), 17),
        (17, (11, 21, 25), 21),
        (25, (11, 17), 17),
        (8, (17, 11), 11),
    ],
)
def test_the_nearest_that_runs_it(
    monkeypatch: pytest.MonkeyPatch, wanted: int, there: tuple[int, ...], chosen: int
) -> None:
    known = [Java(f"/{major}", f"{major}.0.1" if major > 8 else "1.8.0") for major in there]
    monkeypatch.setattr("lambda_scenarios.runtimes.java_homes.javas", lambda _environ: known)
    found = java._java(wanted, World({}, "/"))
    assert found is not None
    assert found.major == chosen


def test_no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lambda_scenarios.runtimes.java_homes.javas", lambda _environ: [])
    with pytest.raises(MissingPart) as raised:
        java.launch(function(tmp_path), World({}, "/"))
    assert raised.value.problem == "scenario needs Java 17, which isn't on this machine"
    assert java.inspect(World({}, "/"))[0].version is None


# --- AWS's client


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Maven repository with the client, out of the cache of this machine."""
    found = java_client.client(os.environ)
    root = tmp_path_factory.mktemp("repository")
    for jar in java_client._JARS:
        (root / jar.path).parent.mkdir(parents=True)
        shutil.copy(os.path.join(found.folder, jar.file), root / jar.path)
    return root


def at(tmp_path: Path, **more: str) -> dict[str, str]:
    """An environment with a cache and a home of its own."""
    return {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path / "home"), **more}


linux = pytest.mark.skipif(sys.platform == "darwin", reason="AWS's client runs on Linux alone")


@linux
def test_fetched_once(repository: Path, tmp_path: Path) -> None:
    environ = at(tmp_path, LAMBDA_SCENARIOS_MAVEN_REPOSITORY=str(repository))
    found = java_client.client(environ)
    paths = (*found.class_path.split(":"), java_client.native_library(found))
    assert all(os.path.isfile(path) for path in paths)
    assert found.folder.startswith(str(tmp_path / "cache/lambda-scenarios/java"))
    again = at(tmp_path, LAMBDA_SCENARIOS_MAVEN_REPOSITORY="http://127.0.0.1:1")
    assert java_client.client(again) == found


@linux
def test_what_maven_has_already(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository, tmp_path / "home/.m2/repository")
    environ = at(tmp_path, LAMBDA_SCENARIOS_MAVEN_REPOSITORY="http://127.0.0.1:1")
    assert java_client.client(environ).class_path


@linux
def test_offline(tmp_path: Path) -> None:
    environ = at(tmp_path, LAMBDA_SCENARIOS_MAVEN_REPOSITORY="http://127.0.0.1:1/maven")
    with pytest.raises(MissingPart) as raised:
        java_client.client(environ)
    problem, notes = raised.value.problem, "\n".join(raised.value.notes)
    assert problem == "Java needs AWS's runtime interface client, which could not be fetched"
    assert "from http://127.0.0.1:1/maven: Connection refused" in notes
    assert f"5 files, 5.4 MB) and kept in {tmp_path}/cache/lambda-scenarios/java" in notes
    assert (
        "http://127.0.0.1:1/maven/com/amazonaws/aws-lambda-java-core/1.4.0/aws-lambda-java-core-1.4.0.jar"
        in notes
    )
    assert "LAMBDA_SCENARIOS_MAVEN_REPOSITORY" in notes
    assert "--backend docker" in notes


@linux
def test_not_what_its_hash_says(repository: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(repository, copy)
    core = copy / java_client._JARS[0].path
    core.write_bytes(bytes(core.stat().st_size))
    with pytest.raises(MissingPart) as raised:
        java_client.client(at(tmp_path, LAMBDA_SCENARIOS_MAVEN_REPOSITORY=str(copy)))
    assert "aws-lambda-java-core-1.4.0.jar is not what its hash says" in raised.value.notes[0]
    assert not (tmp_path / "cache/lambda-scenarios/java").exists()
    # Nor is it taken from Maven's own directory.
    shutil.copytree(copy, tmp_path / "home/.m2/repository")
    environ = at(tmp_path, LAMBDA_SCENARIOS_MAVEN_REPOSITORY=str(repository))
    assert java_client.client(environ).class_path


@linux
def test_a_cache_that_cannot_be_written(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no directory")
    with pytest.raises(MissingPart) as raised:
        java_client.client(at(tmp_path, LAMBDA_SCENARIOS_MAVEN_REPOSITORY=str(repository)))
    assert "can't be kept in" in raised.value.problem


def test_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(MissingPart, match="Linux alone"):
        java_client.native_library(java_client.Client("", ""))


# --- with which main it is started


def with_javac(home: Path, version: str, script: str = "exit 9") -> Java:
    java = Java(a_java(home, version), version)
    javac = home / "bin/javac"
    javac.write_text(f"#!/bin/sh\n{script}\n")
    javac.chmod(0o755)
    return java


def test_the_compiler_is_its_own_else_one_that_compiles_for_it(tmp_path: Path) -> None:
    runtime = Java(a_java(tmp_path / "runtime", "17.0.15"), "17.0.15")
    older = with_javac(tmp_path / "older", "11.0.1")
    later = with_javac(tmp_path / "later", "21.0.2")
    assert java_start.compiler(later, [older, later]) == (str(tmp_path / "later/bin/javac"),)
    found = java_start.compiler(runtime, [runtime, older, later])
    assert found == (str(tmp_path / "later/bin/javac"), "--release", "17")
    assert java_start.compiler(runtime, [runtime, older]) is None


@linux
def test_a_compiler_that_fails(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = with_javac(tmp_path / "broken", "17.0.15")
    monkeypatch.setattr("lambda_scenarios.runtimes.java_homes.javas", lambda _environ: [broken])
    code = tmp_path / "code"
    (code / "shop").mkdir(parents=True)
    (code / CLASS).touch()
    environ = at(tmp_path, LAMBDA_SCENARIOS_MAVEN_REPOSITORY=str(repository))
    launch = java.launch(function(code), World(environ, str(tmp_path)))
    assert any(part.startswith("-Dcom.amazonaws") and part.endswith(".so") for part in launch.command)
    started = tmp_path / "cache/lambda-scenarios/java" / java_client._VERSION / "started"
    assert list(started.iterdir()) == []


@needs_jdk
def test_two_runs_that_prepare_it_at_once(repository: Path, tmp_path: Path) -> None:
    client = java_client.client(at(tmp_path, LAMBDA_SCENARIOS_MAVEN_REPOSITORY=str(repository)))
    assert JAVAC is not None
    folder = tmp_path / "started" / "one"
    java_start._make(client, (JAVAC,), str(folder))
    before = sorted(path.stat().st_ino for path in folder.iterdir())
    java_start._make(client, (JAVAC,), str(folder))
    assert sorted(path.stat().st_ino for path in folder.iterdir()) == before
    assert os.listdir(folder.parent) == ["one"]


# --- where the classes are


def archive(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as opened:
        for name in names:
            opened.writestr(name, b"")
    return path


def old(path: Path, seconds: int) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


CLASS = "shop/Orders.class"


def found_code(root: Path, **more: Any) -> java_code.Code:
    environ = {"XDG_CACHE_HOME": str(root.parent / "cache")}
    return java_code.find_code(function(root, **more), str(root), environ)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    return root


def test_handlers_name_classes() -> None:
    assert java_code.class_file("shop.Orders::place") == CLASS
    assert java_code.class_file("shop.Orders") == CLASS
    assert java_code.class_file("shop.Orders$Typed") == "shop/Orders$Typed.class"


def test_a_directory_of_classes(project: Path) -> None:
    (project / "shop").mkdir()
    (project / CLASS).touch()
    assert found_code(project) == java_code.Code(str(project))


def test_a_jar_in_lib(project: Path) -> None:
    archive(project / "lib/app.jar", CLASS)
    assert found_code(project) == java_code.Code(str(project))


def test_an_archive(project: Path) -> None:
    jar = archive(project / "app.jar", CLASS, "note.txt")
    code = found_code(project, code=str(jar))
    assert os.path.isfile(os.path.join(code.directory, CLASS))
    assert code.warnings == ()


@pytest.mark.parametrize(
    ("archives", "chosen"),
    [
        (("target/app.jar",), "target/app.jar"),
        (("target/app.jar", "target/original-app.jar", "target/app-sources.jar"), "target/app.jar"),
        (("target/app.jar", "target/app-shaded.jar"), "target/app-shaded.jar"),
        (
            ("build/libs/app.jar", "build/libs/app-all.jar", "build/libs/app-plain.jar"),
            "build/libs/app-all.jar",
        ),
        (("build/libs/app.jar", "build/distributions/app.zip"), "build/distributions/app.zip"),
        (("orders/target/app.jar",), "orders/target/app.jar"),
    ],
)
def test_what_maven_and_gradle_leave(project: Path, archives: tuple[str, ...], chosen: str) -> None:
    for name in archives:
        archive(project / name, CLASS, f"is-{name.replace('/', '-')}")
    code = found_code(project)
    assert os.path.exists(os.path.join(code.directory, f"is-{chosen.replace('/', '-')}"))
    deployable = [name for name in archives if not java_code._NOT_DEPLOYED.search(os.path.basename(name))]
    assert [f"f is run from {chosen}; its class is in" in warning for warning in code.warnings] == (
        [True] if len(deployable) > 1 else []
    )


def test_a_zip_with_its_classes_in_a_jar_of_lib(project: Path) -> None:
    inner = archive(project / "inner.jar", CLASS)
    outer = project / "build/distributions/app.zip"
    outer.parent.mkdir(parents=True)
    with zipfile.ZipFile(outer, "w") as opened:
        opened.write(inner, "lib/inner.jar")
    assert os.path.isfile(os.path.join(found_code(project).directory, "lib/inner.jar"))


def test_only_what_has_the_class_is_taken(project: Path) -> None:
    archive(project / "target/other-all.jar", "other/Thing.class")
    archive(project / "target/app.jar", CLASS)
    code = found_code(project)
    assert os.path.isfile(os.path.join(code.directory, CLASS))
    assert code.warnings == ()


def test_an_archive_that_is_older_than_the_sources(project: Path) -> None:
    old(archive(project / "target/app.jar", CLASS), 100)
    source = project / "src/main/java/shop/Orders.java"
    source.parent.mkdir(parents=True)
    source.touch()
    (warning,) = found_code(project).warnings
    assert warning == "target/app.jar, which f is run from, is older than src/main/java/shop/Orders.java"


def test_classes_with_the_dependencies_beside_them(project: Path) -> None:
    (project / "target/classes/shop").mkdir(parents=True)
    (project / "target/classes" / CLASS).touch()
    assert found_code(project).directory == str(project / "target/classes")
    archive(project / "target/dependency/used.jar", "used/Thing.class")
    directory = found_code(project).directory
    assert sorted(os.listdir(directory)) == ["lib", "shop"]
    assert os.path.isfile(os.path.join(directory, CLASS))
    assert os.listdir(os.path.join(directory, "lib")) == ["~0-used.jar"]
    assert found_code(project).directory == directory


def test_nothing(project: Path) -> None:
    with pytest.raises(MissingPart) as raised:
        found_code(project)
    assert raised.value.problem == "the class of f is missing: shop.Orders::place"
    assert "let `package.artifact` or `code` name the jar" in raised.value.notes[1]
    (project / "pom.xml").touch()
    with pytest.raises(MissingPart) as raised:
        found_code(project)
    assert raised.value.notes[1] == "build it first: mvn package"


def test_not_in_the_artifact(project: Path) -> None:
    artifact = archive(project / "target/app.zip", "other/Class.class")
    (project / "serverless.yml").write_text(
        "service: s\nprovider: {name: aws, runtime: java17}\npackage: {artifact: target/app.zip}\n"
        "functions: {f: {handler: shop.Orders}}\n"
    )
    done = running.run(project, "invoke", "-f", "f", "-d", "1")
    assert (done.status, done.stdout) == (2, "")
    assert f"looked for {CLASS} in {artifact.relative_to(project)}, in the jars of its lib" in done.stderr


def test_an_archive_that_is_none(project: Path) -> None:
    (project / "app.jar").write_text("no archive")
    with pytest.raises(MissingPart, match=r"app\.jar"):
        found_code(project, code=str(project / "app.jar"))


# --- handlers, through the real program


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if JAVAC is None:
        pytest.skip("needs a JDK (apt-get install default-jdk-headless)")
    target = tmp_path_factory.mktemp("classes")
    class_path = java_client.client(os.environ).class_path
    sources = sorted(map(str, SOURCES.rglob("*.java")))
    command = (JAVAC, "--release", "11", "-encoding", "UTF-8", "-cp", class_path, "-d", str(target), *sources)
    subprocess.run(command, check=True)
    return target


def jar_of(classes: Path, path: Path, *packages: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as opened:
        for package in packages:
            for file in sorted((classes / package).iterdir()):
                opened.write(file, f"{package}/{file.name}")
        opened.writestr("note.txt", "a note: ü")
    return path


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "shop.Orders::cheaper": (
        {"id": "o-1", "price": 3, "unknown": True},
        {"output": {"id": "o-1", "price": 1.5, "note": {"$optional": None}}},
    ),
    "shop.Orders::shout": ("grüße", {"output": "GRÜSSE"}),
    "shop.Orders::count": ([1, 2, 3], {"output": 3}),
    "shop.Orders::keys": ({"a": 1}, {"output": {"keys": 1}}),
    "shop.Orders::nothing": ({}, {"output": None}),
    "shop.Orders::nulls": ({"a": 1}, {"output": {"a": 1, "none": {"$optional": None}}}),
    "shop.Orders$Typed": (
        {"id": "o-1"},
        {"output": {"$starts_with": "o-1 of local-dev-"}, "logs": "logged by the context"},
    ),
    "shop.Orders$Streamed": ({"a": [1, "ü"]}, {"output": {"raw": {"a": [1, "ü"]}}}),
    "shop.Orders::fails": (
        {},
        {
            "error": {
                "type": "java.lang.IllegalArgumentException",
                "message": "no such order: ü",
                "stack": {"$contains": "shop.Orders.fails(Orders.java"},
            }
        },
    ),
    "shop.Orders::exhausted": ({}, {"error": {"type": "java.lang.OutOfMemoryError"}}),
    "shop.Orders::missing": ({}, {"error": {"message": {"$contains": "No public method named missing"}}}),
    "shop.Orders$Order": ({}, {"error": {"message": {"$contains": "does not implement"}}}),
}


@needs_jdk
@linux
def test_every_kind_of_handler(classes: Path, tmp_path: Path) -> None:
    shutil.copytree(classes, tmp_path / "src")
    functions, scenarios = {}, []
    for number, (handler, (event, expect)) in enumerate(CASES.items()):
        functions[f"f{number}"] = {"handler": handler, "runtime": "java17", "code": "src"}
        scenarios.append(
            {"name": handler.replace("::", "."), "function": f"f{number}", "event": event, "expect": expect}
        )
    run(tmp_path, functions, scenarios)


@needs_jdk
@linux
def test_where_the_code_is(classes: Path, tmp_path: Path) -> None:
    jar_of(classes, tmp_path / "app.jar", "shop")
    jar_of(classes, tmp_path / "layer/java/lib/library.jar", "layered")
    jar_of(classes, tmp_path / "maven/target/app-1.0.jar", "shop")
    inner = jar_of(classes, tmp_path / "inner.jar", "layered")
    zipped = tmp_path / "gradle/build/distributions/app.zip"
    jar_of(classes, zipped, "shop")
    with zipfile.ZipFile(zipped, "a") as opened:
        opened.write(inner, "lib/inner.jar")
    common = {"handler": "shop.Orders::place", "runtime": "java17", "memory": 512}
    functions = {
        "jar": {**common, "code": "app.jar", "environment": {"JAVA_TOOL_OPTIONS": "-Dshop.mode=test"}},
        "layer": {**common, "code": "app.jar", "layers": ["layer"]},
        "maven": {**common, "code": "maven"},
        "gradle": {**common, "code": "gradle"},
    }
    plain = {"note": "a note: ü", "charset": "UTF-8", "heap": {"$gt": 380, "$lt": 450}, "property": "none"}
    cache = cache_directory(os.environ, "")
    place = {name: {"$starts_with": cache} for name in ("root", "here")}
    expected = {
        "jar": {**plain, "library": "no library", "property": "test"},
        "layer": {**plain, "library": "the library"},
        "maven": {**plain, "library": "no library"},
        "gradle": {**plain, "library": "the library"},
    }
    scenarios = [
        {
            "name": key,
            "function": key,
            "expect": {"output": {**output, **place}},
        }
        for key, output in expected.items()
    ]
    run(tmp_path, functions, scenarios)


def run(tmp_path: Path, functions: dict[str, Any], scenarios: list[dict[str, Any]], **environ: str) -> None:
    document = {"service": None, "functions": functions, "defaults": {"timeout": 20}, "scenarios": scenarios}
    (tmp_path / "scenarios.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    done = running.run(tmp_path, "run", "scenarios.yml", "-j", "2", "--no-reports", env=environ)
    assert done.status == 0, done.stdout + done.stderr


@needs_jdk
@linux
@pytest.mark.parametrize("level", ["service", "function"])
def test_the_artifact_of_a_service(classes: Path, tmp_path: Path, level: str) -> None:
    jar_of(classes, tmp_path / "build/app.jar", "shop")
    package = {"package": {"artifact": "build/app.jar"}}
    own = package if level == "function" else {}
    service = {
        "service": "shop",
        "provider": {"name": "aws", "runtime": "java17"},
        "functions": {"keys": {"handler": "shop.Orders::keys", **own}},
        **(package if level == "service" else {}),
    }
    (tmp_path / "serverless.yml").write_text(yaml.safe_dump(service))
    scenarios = [{"name": "a", "function": "keys", "event": {"a": 1}, "expect": {"output": {"keys": 1}}}]
    (tmp_path / "scenarios.yml").write_text(yaml.safe_dump({"scenarios": scenarios}))
    done = running.run(tmp_path, "run", "scenarios.yml", "--no-reports")
    assert done.status == 0, done.stdout + done.stderr


def shared(launch: Launch, *command: str) -> list[str]:
    """The classes of AWS's that Java takes from the archive, when it runs `command` of its class path."""
    (option,) = [part for part in launch.command if part.startswith("-XX:SharedArchiveFile=")]
    at = launch.command.index("-cp")
    whole = [*launch.command[3:at], option, "-Xlog:class+load", *launch.command[at : at + 2], *command]
    done = subprocess.run(whole, capture_output=True, text=True, check=False)
    return [
        line
        for line in done.stdout.splitlines()
        if "shared objects file (top)" in line and "amazonaws" in line
    ]


@needs_jdk
@linux
@pytest.mark.parametrize("jdk", [True, False])
def test_the_archive_of_classes_is_used(
    classes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jdk: bool
) -> None:
    if not jdk:
        monkeypatch.setattr(java_start, "compiler", lambda _java, _others: None)
    launch = java.launch(function(classes), World(os.environ, str(tmp_path)))
    assert len(shared(launch, java_start.LOADS_ALL)) > 500
