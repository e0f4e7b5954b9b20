"""Packages as files: the same bytes from the same input, whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.function import Function, Package, ServiceInfo, Unresolved
from lambda_scenarios.packaging import packager
from lambda_scenarios.packaging.archive import write_archive
from lambda_scenarios.packaging.packager import Packager
from lambda_scenarios.packaging.selection import Rules, UnusablePackage, selected
from lambda_scenarios.packaging.unpack import LARGEST, unpacked

names = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0\\\n\r", exclude_categories=["Cc", "Cs"]), max_size=9
)
trees = st.dictionaries(
    st.lists(names.filter(lambda name: name.strip(". ")), min_size=1, max_size=3).map("/".join),
    st.tuples(st.binary(max_size=200), st.booleans()),
    min_size=1,
    max_size=8,
)


def lay(root: Path, files: dict[str, tuple[bytes, bool]]) -> None:
    """Writes the files, as far as none of them is a directory of another."""
    for name, (data, executable) in files.items():
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
        path.chmod(0o755 if executable else 0o644)


@given(files=trees)
def test_what_is_packaged_is_what_is_unpacked(
    files: dict[str, tuple[bytes, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("round")
    lay(directory / "tree", files)
    entries = selected(str(directory / "tree"), Rules())
    write_archive(entries, str(directory / "a.zip"))
    found = unpacked(str(directory / "a.zip"), str(directory / "cache"))
    for entry in entries:
        path = Path(found, entry.name)
        assert path.read_bytes() == Path(entry.path).read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if entry.status.st_mode & 0o100 else 0o644)
    there = [
        os.path.relpath(os.path.join(at, name), found) for at, _, inner in os.walk(found) for name in inner
    ]
    assert sorted(there) == [entry.name for entry in entries]


def test_the_same_bytes(tmp_path: Path) -> None:
    archives = []
    for place, umask, order in (("one", 0o022, 1), ("two/deeper", 0o077, -1)):
        root = tmp_path / place
        before = os.umask(umask)
        try:
            for number, name in enumerate(
                ["b.py", "a/x.py", "a.py", "a-b.py", "é.py", "Z.py", "run"][::order]
            ):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(name * 100)
                os.utime(path, (1e9 + number, 1e9 + number))
            (root / "run").chmod(0o700)
            archive = root / ".serverless/x.zip"
            write_archive(selected(str(root), Rules((".serverless/**",))), str(archive))
        finally:
            os.umask(before)
        archives.append(archive.read_bytes())
    assert archives[0] == archives[1]


def test_the_form_of_an_archive(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x")
    (tmp_path / "run").chmod(0o711)
    (tmp_path / "app.py").write_text("y")
    (tmp_path / "app.py").chmod(0o600)
    write_archive(selected(str(tmp_path), Rules()), str(tmp_path / "out/x.zip"))
    with zipfile.ZipFile(tmp_path / "out/x.zip") as archive:
        found = [
            (one.filename, oct(one.external_attr >> 16), one.date_time, one.create_system)
            for one in archive.infolist()
        ]
    first = (1980, 1, 1, 0, 0, 0)
    assert found == [("app.py", "0o100644", first, 3), ("run", "0o100755", first, 3)]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.zip"]


def test_too_large(tmp_path: Path) -> None:
    for name in ("data/model.bin", "app.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as stream:
            stream.truncate(LARGEST // 2 + 1)  # holes: nothing is written
    with pytest.raises(UnusablePackage) as caught:
        write_archive(selected(str(tmp_path), Rules()), str(tmp_path / "x.zip"))
    assert (
        caught.value.problem
        == "the package would have 262,144,002 bytes: Lambda takes no more than 262,144,000"
    )
    assert caught.value.notes[0] == "most of it: app.py (131 MB), data (131 MB)"
    assert not (tmp_path / "x.zip").exists()


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    entries = selected(str(tmp_path), Rules())
    (tmp_path / "a").unlink()
    with pytest.raises(UnusablePackage, match="can't read a: no such file or directory"):
        write_archive(entries, str(tmp_path / "x.zip"))
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(UnusablePackage, match=r"can't write a/b/x\.zip: not a directory"):
        write_archive(selected(str(tmp_path), Rules()), str(tmp_path / "a/b/x.zip"), root=str(tmp_path))


PACKAGES = """\
import sys
from lambda_scenarios.packaging.archive import write_archive
from lambda_scenarios.packaging.selection import Rules, selected
entries = selected(sys.argv[1], Rules())
sys.stdin.readline()
for _ in range(20):
    write_archive(entries, sys.argv[2])
"""
KILLED = """\
import os, signal, sys, zipfile
from lambda_scenarios.packaging.archive import write_archive
from lambda_scenarios.packaging.selection import Rules, selected
opened = zipfile.ZipFile.open
def once(self, info, mode):
    if info.filename == "b":
        os.kill(os.getpid(), signal.SIGKILL)
    return opened(self, info, mode)
zipfile.ZipFile.open = once
write_archive(selected(sys.argv[1], Rules()), sys.argv[2])
"""


def test_many_at_once(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay(tree, {f"{number}.py": (os.urandom(2000), False) for number in range(50)})
    target = tmp_path / "out/x.zip"
    write_archive(selected(str(tree), Rules()), str(target))
    expected = target.read_bytes()
    at_work = [
        subprocess.Popen(
            [sys.executable, "-c", PACKAGES, str(tree), str(target)], stdin=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in at_work:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    while any(process.poll() is None for process in at_work):
        assert target.read_bytes() == expected
    for process in at_work:
        process.communicate()
    assert [process.returncode for process in at_work] == [0] * 4
    assert [path.name for path in target.parent.iterdir()] == ["x.zip"]


def test_killed_on_the_way(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    lay(tree, {name: (name.encode(), False) for name in ("a", "b", "c")})
    target = tmp_path / "out/x.zip"
    target.parent.mkdir()
    target.write_text("the last one")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tree), str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_text() == "the last one"
    (begun,) = [path for path in target.parent.iterdir() if path != target]
    os.utime(begun, (0, 0))
    write_archive(selected(str(tree), Rules()), str(target))
    assert [path.name for path in target.parent.iterdir()] == ["x.zip"]
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["a", "b", "c"]


# --- The packager ---


def function_of(root: Path, package: Package | None, code: Path | None = None) -> Function:
    service = ServiceInfo("shop", "dev", "us-east-1", str(root), None)
    return Function(
        "one", "shop-dev-one", "app.handler", "python3.11", str(code or root), service, package=package
    )


def package_of(root: Path, *include: str, name: str = "shop") -> Package:
    return Package(str(root / f".serverless/{name}.zip"), False, (".serverless/**",), include)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for name in ("app.py", "secret.txt", "tests/test_app.py"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def prepared(tmp_path: Path, progress: list[str] | None = None) -> Packager:
    tell = None if progress is None else progress.append
    return Packager({"XDG_CACHE_HOME": str(tmp_path / "cache")}, str(tmp_path), tell)


def test_code_is_exactly_what_is_packaged(shop: Path, tmp_path: Path) -> None:
    package = package_of(shop, "!tests/**", "!secret.txt")
    progress: list[str] = []
    code = prepared(tmp_path, progress).code(function_of(shop, package))
    assert os.listdir(code) == ["app.py"]
    assert (shop / ".serverless/shop.zip").exists()
    assert progress == ["packaging shop/.serverless/shop.zip"]


def test_functions_of_one_package_share_it(shop: Path, tmp_path: Path) -> None:
    progress: list[str] = []
    maker = prepared(tmp_path, progress)
    first = maker.code(function_of(shop, package_of(shop)))
    assert maker.code(function_of(shop, package_of(shop))) == first
    assert len(progress) == 1
    other = maker.code(function_of(shop, package_of(shop, "!tests/**", name="one")))
    assert other != first


def test_code_without_packages_is_its_directory(shop: Path, tmp_path: Path) -> None:
    maker = prepared(tmp_path)
    assert maker.code(function_of(shop, None)) == str(shop)
    elsewhere = tmp_path / "unpacked"
    assert maker.code(function_of(shop, package_of(shop), elsewhere)) == str(elsewhere)
    assert not (shop / ".serverless").exists()


def test_code_of_an_artifact(shop: Path, tmp_path: Path) -> None:
    artifact = tmp_path / "fn.zip"
    with zipfile.ZipFile(artifact, "w") as writer:
        writer.writestr("built.py", "")
    code = prepared(tmp_path).code(function_of(shop, Package(str(artifact), True)))
    assert os.listdir(code) == ["built.py"]


@pytest.mark.parametrize(
    ("package", "problem"),
    [
        (Package("fn.zip", True), "shop/fn.zip does not exist"),
        (
            Package(".serverless/x.zip", include=("!**",)),
            "no file is left to be packaged: the patterns exclude all",
        ),
        (
            Package(".serverless/x.zip", unresolved=(Unresolved("package.patterns", "no such variable"),)),
            "`package.patterns` can't be resolved: no such variable",
        ),
    ],
)
def test_what_cant_be_packaged(shop: Path, tmp_path: Path, package: Package, problem: str) -> None:
    package = package._replace(archive=str(shop / package.archive))
    with pytest.raises(UsageError) as caught:
        prepared(tmp_path).code(function_of(shop, package))
    assert [one.problem for one in caught.value.diagnostics] == [problem]


def test_nothing_is_written_twice(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packager, "_UNSETTLED_NS", 0)
    package = package_of(shop)
    written = Path(package.archive)

    def stamp() -> tuple[str, int]:
        code = prepared(tmp_path).code(function_of(shop, package))
        return code, written.stat().st_ino

    first = stamp()
    assert stamp() == first
    (shop / "app.py").write_text("changed")
    second = stamp()
    assert second[0] != first[0]
    assert stamp() == second
    written.write_bytes(b"something else")
    assert stamp()[0] == second[0]
    assert zipfile.is_zipfile(written)
    (shop / "new.py").write_text("")
    assert "new.py" in os.listdir(stamp()[0])


def test_what_has_just_changed_may_change_again(shop: Path, tmp_path: Path) -> None:
    package = package_of(shop)
    first = prepared(tmp_path).code(function_of(shop, package))
    path = shop / "app.py"
    before = path.stat()
    path.write_text("yyyyyy")  # of the same size, and in the worst case of the same time
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    second = prepared(tmp_path).code(function_of(shop, package))
    assert Path(first, "app.py").read_text() == "app.py"
    assert Path(second, "app.py").read_text() == "yyyyyy"


def test_the_cache_keeps_the_last_ones(tmp_path: Path) -> None:
    cache = tmp_path / "cache/lambda-scenarios/code"
    root = tmp_path / "shop"
    root.mkdir()
    codes = []
    for number in range(24):
        (root / "app.py").write_text(str(number))
        codes.append(prepared(tmp_path).code(function_of(root, package_of(root))))
        os.utime(codes[-1], (number, number))
    assert len(os.listdir(cache)) <= 22
    assert not os.path.exists(codes[0])
    assert os.path.exists(codes[-1])
    shutil.rmtree(cache)
    assert os.listdir(prepared(tmp_path).code(function_of(root, package_of(root)))) == ["app.py"]
