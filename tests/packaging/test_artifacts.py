"""Functions that run from their artifact, or from what was packaged last: through the program."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.packaging.conftest import serverless_package
from tests.program import running

PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SERVICE = f"""\
service: shop
provider: {{name: aws, runtime: {PYTHON}}}
functions:
  one:
    handler: app.handler
"""
WHERE = "import os\ndef handler(event, context):\n    return [{text!r}, os.path.basename(os.getcwd())]\n"


class Shop:
    """A service in a directory of its own, and a cache of its own."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "shop"
        self.root.mkdir()
        self.cache = directory / "cache"
        self.write("serverless.yml", SERVICE)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def zip(self, name: str, files: Mapping[str, str]) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as writer:
            for inner, text in files.items():
                writer.writestr(inner, text)
        return path

    def run(self, *arguments: str) -> running.Done:
        return running.run(self.root, *arguments, env={"XDG_CACHE_HOME": str(self.cache)})

    def invoke(self, *arguments: str) -> running.Done:
        return self.run("invoke", "-f", "one", "-d", "{}", *arguments)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def with_artifact(shop: Shop, artifact: str = "dist/fn.zip", level: str = "function") -> None:
    of_service = f"package: {{artifact: {artifact}}}\n" if level == "service" else ""
    of_function = f"    package: {{artifact: {artifact}}}\n" if level == "function" else ""
    shop.write("serverless.yml", of_service + SERVICE + of_function)


@pytest.mark.parametrize("level", ["service", "function"])
def test_a_handler_that_only_the_artifact_has(shop: Shop, level: str) -> None:
    with_artifact(shop, level=level)
    shop.zip("dist/fn.zip", {"app.py": WHERE.format(text="artifact")})
    done = shop.invoke()
    assert done.status == 0, done
    text, directory = json.loads(done.stdout)
    assert text == "artifact"
    assert os.listdir(shop.cache / "lambda-scenarios/code") == [directory]


def test_in_a_run(shop: Shop) -> None:
    with_artifact(shop)
    shop.zip("dist/fn.zip", {"app.py": WHERE.format(text="artifact")})
    expected = "{output: [artifact, {$type: string}]}"
    shop.write("scenarios/one.yml", f"scenarios: [{{name: runs, function: one, expect: {expected}}}]\n")
    done = shop.run("run", "--no-reports")
    assert done.status == 0, done


def test_sources_come_before_the_artifact(shop: Shop) -> None:
    with_artifact(shop)
    shop.zip("dist/fn.zip", {"app.py": WHERE.format(text="artifact")})
    shop.write("app.py", WHERE.format(text="source"))
    assert json.loads(shop.invoke().stdout) == ["source", "shop"]


def test_an_artifact_that_isnt_needed_may_be_missing(shop: Shop) -> None:
    with_artifact(shop)
    shop.write("app.py", WHERE.format(text="source"))
    assert shop.invoke().status == 0


def refused(done: running.Done, *parts: str) -> None:
    assert done.status == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr, done.stderr


@pytest.mark.parametrize("with_source", [False, True])
def test_an_artifact_that_is_no_zip(shop: Shop, with_source: bool) -> None:
    with_artifact(shop)
    shop.write("dist/fn.zip", "<!doctype html>")
    if with_source:
        shop.write("app.py", WHERE.format(text="source"))
    place = "serverless.yml:6:25"
    refused(shop.invoke(), "error: dist/fn.zip is not a zip archive", place)


@pytest.mark.parametrize("with_source", [False, True])
def test_an_artifact_that_escapes_its_directory(shop: Shop, with_source: bool) -> None:
    with_artifact(shop)
    shop.zip("dist/fn.zip", {"app.py": "", "../evil.py": "evil"})
    if with_source:
        shop.write("app.py", WHERE.format(text="source"))
    refused(shop.invoke(), "dist/fn.zip leads outside of its directory, by `../evil.py`: it is not unpacked")
    assert not list(shop.root.parent.rglob("evil.py"))


def test_an_artifact_cut_short(shop: Shop) -> None:
    with_artifact(shop)
    path = shop.zip("dist/fn.zip", {"app.py": WHERE.format(text="artifact")})
    path.write_bytes(path.read_bytes()[:-30])
    refused(shop.invoke(), "dist/fn.zip is a damaged zip archive")


@pytest.mark.parametrize(
    ("file", "text", "command"),
    [
        ("package.json", '{"scripts": {"build": "esbuild"}}', "`npm run build` of package.json"),
        ("Makefile", "", "`make`"),
        ("go.mod", "", "`go build`"),
    ],
)
def test_an_artifact_that_has_to_be_built(shop: Shop, file: str, text: str, command: str) -> None:
    with_artifact(shop)
    shop.write(file, text)
    refused(shop.invoke(), "dist/fn.zip does not exist", "build it first", f"= {command} perhaps makes it")


def test_a_handler_that_is_nowhere(shop: Shop) -> None:
    with_artifact(shop)
    shop.zip("dist/fn.zip", {"apps.py": ""})
    refused(
        shop.invoke(),
        "the handler's file is missing: app.py of `app.handler`",
        "did you mean apps.py?",
        "it is neither beside the service file nor in dist/fn.zip",
    )


def test_an_artifact_in_s3(shop: Shop) -> None:
    with_artifact(shop, "s3://bucket/fn.zip")
    refused(shop.invoke(), "artifacts in S3 are not fetched", "download it")


def test_an_artifact_that_is_no_text(shop: Shop) -> None:
    with_artifact(shop, "[a.zip]")
    refused(shop.invoke(), "`package.artifact` must be a text")


def test_unresolved_patterns_stop_nobody_who_doesnt_package(shop: Shop) -> None:
    shop.write("serverless.yml", "package: {patterns: ['${env:NOWHERE}']}\n" + SERVICE)
    shop.write("app.py", WHERE.format(text="source"))
    assert shop.invoke().status == 0


# --- --skip-package ---


def test_what_was_packaged_last(shop: Shop) -> None:
    shop.write("app.py", WHERE.format(text="source"))
    archive = shop.zip(".serverless/shop.zip", {"app.py": WHERE.format(text="packaged")})
    now = archive.stat().st_mtime
    os.utime(archive, (now - 3 * 86_400 - 60, now - 3 * 86_400 - 60))
    for name in ("app.py", "serverless.yml"):
        os.utime(shop.root / name, (now - 4 * 86_400, now - 4 * 86_400))
    done = shop.invoke("--skip-package", "--strict")
    assert done.status == 0, done
    assert json.loads(done.stdout)[0] == "packaged"
    assert "remark: one runs from .serverless/shop.zip, packaged 3 days ago\n" in done.stderr
    shop.write("util.py", "")
    os.utime(shop.root / "app.py")
    done = shop.invoke("--skip-package")
    assert json.loads(done.stdout)[0] == "packaged"
    told = "warning: one runs from .serverless/shop.zip, packaged 3 days ago; 2 source files are newer\n"
    assert told in done.stderr
    assert "newer: app.py, util.py" in done.stderr
    assert shop.invoke("--skip-package", "--strict").status == 2
    assert json.loads(shop.invoke().stdout)[0] == "source"


def test_a_run_of_what_was_packaged_last(shop: Shop) -> None:
    shop.zip(".serverless/shop.zip", {"app.py": WHERE.format(text="packaged")})
    expected = "{output: [packaged, {$type: string}]}"
    shop.write("scenarios/one.yml", f"scenarios: [{{name: runs, function: one, expect: {expected}}}]\n")
    done = shop.run("run", "--no-reports", "--skip-package")
    assert done.status == 0, done
    assert "runs from .serverless/shop.zip, packaged just now" in done.stderr


def test_nothing_packaged(shop: Shop) -> None:
    shop.write("app.py", WHERE.format(text="source"))
    refused(
        shop.invoke("--skip-package"),
        "there is no package of one: no .serverless/shop.zip",
        "`serverless package` makes it",
        "serverless.yml:4:3",
    )
    with_artifact(shop)
    refused(shop.invoke("--skip-package"), "there is no package of one: no dist/fn.zip")


def test_a_package_that_lacks_the_handler(shop: Shop) -> None:
    shop.write("app.py", WHERE.format(text="source"))
    shop.zip(".serverless/shop.zip", {"other.py": ""})
    refused(
        shop.invoke("--skip-package"),
        "the handler's file is missing: app.py",
        "it is not in .serverless/shop.zip, from which --skip-package runs it",
    )


def test_a_package_that_is_damaged(shop: Shop) -> None:
    shop.write(".serverless/shop.zip", "")
    refused(shop.invoke("--skip-package"), ".serverless/shop.zip is empty, not a zip archive")


@pytest.mark.parametrize("individually", [True, False])
def test_what_the_framework_packaged(shop: Shop, tmp_path: Path, individually: bool) -> None:
    text = f"package: {{individually: {json.dumps(individually)}}}\n" + SERVICE
    shop.write("serverless.yml", text)
    source = shop.write("app.py", WHERE.format(text="packaged"))
    serverless_package(shop.root, tmp_path)
    source.unlink()
    moved = shop.root.rename(shop.root.parent / "moved")
    shop.root = moved
    # The state alone says where it is, when the service has been changed since.
    shop.write("serverless.yml", text.replace("service: shop", "service: renamed"))
    done = shop.invoke("--skip-package")
    assert done.status == 0, done
    assert json.loads(done.stdout)[0] == "packaged"


BOOTSTRAP = f"""\
#!{sys.executable}
import os, urllib.request
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(base + "next") as answer:
        request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    urllib.request.urlopen(base + request + "/response", data=b'"bootstrap"').close()
"""


def test_a_bootstrap_that_only_the_artifact_has(shop: Shop) -> None:
    with_artifact(shop)
    file = shop.root / "serverless.yml"
    file.write_text(file.read_text().replace(PYTHON, "provided.al2023"))
    refused(shop.invoke(), "dist/fn.zip does not exist")
    path = shop.zip("dist/fn.zip", {})
    with zipfile.ZipFile(path, "a") as writer:
        info = zipfile.ZipInfo("bootstrap")
        info.external_attr = 0o100755 << 16
        writer.writestr(info, BOOTSTRAP)
    done = shop.invoke()
    assert (done.status, done.stdout) == (0, '"bootstrap"\n'), done
