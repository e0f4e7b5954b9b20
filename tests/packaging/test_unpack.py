"""Archives of all kinds: what is unpacked, and what is refused."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.packaging.unpack import LARGEST, UnusableArchive, unpacked

REGULAR, LINK = 0o100644, 0o120777


def entry(name: str, mode: int = REGULAR, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
    info.external_attr = mode << 16
    info.create_system = system
    return info


def archive(path: Path, entries: Iterable[tuple[zipfile.ZipInfo | str, str]]) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as writer:
        for info, text in entries:
            writer.writestr(entry(info) if isinstance(info, str) else info, text)
    return str(path)


def tree(directory: str) -> dict[str, str]:
    """Files with their modes and texts, links with their targets, directories with nothing in them."""
    found = {}
    for folder, folders, names in os.walk(directory):
        for name in [*names, *(one for one in folders if os.path.islink(os.path.join(folder, one)))]:
            path = os.path.join(folder, name)
            shown = os.path.relpath(path, directory)
            if os.path.islink(path):
                found[shown] = f"-> {os.readlink(path)}"
            else:
                mode = stat.S_IMODE(os.stat(path).st_mode)
                found[shown] = f"{mode:o} {Path(path).read_text()}"
        if folder != directory and not names and not folders:
            found[os.path.relpath(folder, directory) + "/"] = ""
    return found


def refused(path: str, cache: Path) -> str:
    with pytest.raises(UnusableArchive) as caught:
        unpacked(path, str(cache))
    left = os.listdir(cache) if cache.exists() else []
    assert left == [], "what was begun is still there"
    return caught.value.problem


def test_files_modes_links_and_directories(tmp_path: Path) -> None:
    made = archive(
        tmp_path / "a.zip",
        [
            ("app.py", "one"),
            (entry("bin/run", 0o100755), "two"),
            (entry("bin/private", 0o100600), "three"),
            (entry("bin/latest", LINK), "run"),
            (entry("up", LINK), "bin/../app.py"),
            (entry("empty/", 0o040755), ""),
            (entry("from-windows.py", 0, system=0), "four"),
            ("./deep/erx", "five"),
        ],
    )
    found = unpacked(made, str(tmp_path / "cache"))
    assert tree(found) == {
        "app.py": "644 one",
        "bin/run": "755 two",
        "bin/private": "644 three",
        "bin/latest": "-> run",
        "up": "-> bin/../app.py",
        "empty/": "",
        "from-windows.py": "644 four",
        "deep/erx": "644 five",
    }
    assert os.stat(found).st_mode & 0o777 == 0o755
    assert os.stat(os.path.join(found, "app.py")).st_mtime == 1714979290.0  # 2024-05-06T07:08:10Z


def test_the_umask_changes_nothing(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", [("deep/down/app.py", ""), (entry("run", 0o100711), "")])
    before = os.umask(0o077)
    try:
        found = unpacked(made, str(tmp_path / "cache"))
    finally:
        os.umask(before)
    modes = {name: os.stat(os.path.join(found, name)).st_mode & 0o777 for name in (".", "deep", "run")}
    assert modes == {".": 0o755, "deep": 0o755, "run": 0o755}


def test_the_same_content_is_unpacked_once(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    first = unpacked(archive(tmp_path / "a.zip", [("app.py", "x")]), cache)
    mark = os.path.join(first, "__pycache__")
    os.mkdir(mark)
    assert unpacked(archive(tmp_path / "b.zip", [("app.py", "x")]), cache) == first
    assert os.path.isdir(mark)
    assert unpacked(archive(tmp_path / "a.zip", [("app.py", "y")]), cache) != first
    assert len(os.listdir(cache)) == 2


@pytest.mark.parametrize("damage", ["text", "size", "gone", "mode", "kind"])
def test_what_was_changed_is_not_used_again(tmp_path: Path, damage: str) -> None:
    cache = str(tmp_path / "cache")
    made = archive(tmp_path / "a.zip", [("app.py", "right"), ("other.py", "")])
    first = Path(unpacked(made, cache))
    file = first / "app.py"
    if damage == "text":
        file.write_text("wrong")
    elif damage == "size":
        file.write_text("right and more")
        os.utime(file, (1714979290, 1714979290))
    elif damage == "gone":
        file.unlink()
    elif damage == "mode":
        file.chmod(0o755)
    else:
        file.unlink()
        file.symlink_to("other.py")
    again = unpacked(made, cache)
    assert again != str(first)
    assert tree(again)["app.py"] == "644 right"
    assert first.is_dir(), "somebody may be running from it"
    assert unpacked(made, cache) == again


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "a/../../evil",
        "a/..",
        "/etc/evil",
        "C:/evil",
        "c:evil/../x",
        "..\\evil",
        "\\\\host\\evil",
        "a\\..\\..\\evil",
    ],
)
def test_names_that_lead_outside(tmp_path: Path, name: str) -> None:
    made = archive(tmp_path / "a.zip", [("app.py", ""), (name, "evil")])
    problem = refused(made, tmp_path / "cache")
    assert problem == f"leads outside of its directory, by `{name}`: it is not unpacked"
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    "links",
    [
        {"l": "../../secret"},
        {"l": "/etc/passwd"},
        {"l": "/"},
        {"a/l": "../.."},
        {"up": "a/b/c", "l": "up/../../../.."},
        {"a/b/up": "../..", "l": "a/b/up/../x"},  # by its letters, this one stays inside
        {"one": "two", "two": "../x"},
    ],
    ids=str,
)
def test_links_that_lead_outside(tmp_path: Path, links: Mapping[str, str]) -> None:
    made = archive(
        tmp_path / "a.zip",
        [("a/b/c/file", ""), *((entry(name, LINK), to) for name, to in links.items())],
    )
    assert "leads outside of its directory, by the link `" in refused(made, tmp_path / "cache")


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_is_written_by_way_of_a_link(tmp_path: Path, order: int) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    both = [(entry("d", LINK), str(outside)), (entry("d/evil"), "x")][::order]
    problem = refused(archive(tmp_path / "a.zip", both), tmp_path / "cache")
    assert problem == "contradicts itself: `d` is a file, and something else as well"
    assert not list(outside.iterdir())


def test_a_file_and_a_directory_of_one_name(tmp_path: Path) -> None:
    problem = refused(archive(tmp_path / "a.zip", [("d", ""), ("d/x", "")]), tmp_path / "cache")
    assert problem.startswith("contradicts itself: `d` is a file")


def test_of_two_with_one_name_the_later_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as writer, pytest.warns(UserWarning, match="Duplicate"):
        writer.writestr(entry("x"), "old")
        writer.writestr(entry("x"), "new")
    assert tree(unpacked(str(path), str(tmp_path / "cache"))) == {"x": "644 new"}


def test_what_is_no_archive(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    text = tmp_path / "fn.zip"
    text.write_text("<!doctype html>")
    assert refused(str(text), cache) == "is not a zip archive"
    text.write_bytes(b"")
    assert refused(str(text), cache) == "is empty, not a zip archive"
    assert refused(str(tmp_path), cache) == "is a directory, not a zip archive"
    assert refused(str(tmp_path / "none.zip"), cache) == "does not exist"


def test_a_cache_that_cant_be_made(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", [("x", "")])
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableArchive) as caught:
        unpacked(made, str(tmp_path / "file" / "cache"))
    assert caught.value.problem == f"can't be unpacked into {tmp_path}/file/cache: not a directory"


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", [("x" * 300, "")])
    assert refused(made, tmp_path / "cache") == "holds a name that is too long for this machine"


def test_an_archive_with_nothing_in_it(tmp_path: Path) -> None:
    assert tree(unpacked(archive(tmp_path / "a.zip", []), str(tmp_path / "cache"))) == {}


def test_damage(tmp_path: Path) -> None:
    made = Path(archive(tmp_path / "a.zip", [("app.py", "print('hello, hello')" * 50)]))
    whole = made.read_bytes()
    made.write_bytes(whole[: len(whole) // 2])
    assert refused(str(made), tmp_path / "cache") == "is a damaged zip archive"
    middle = whole.index(b"app.py") + 20
    made.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0x10]) + whole[middle + 1 :])
    assert refused(str(made), tmp_path / "cache") == "is a damaged zip archive"


def test_encrypted(tmp_path: Path) -> None:
    made = Path(archive(tmp_path / "a.zip", [("app.py", "x")]))
    data = bytearray(made.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    made.write_bytes(data)
    assert refused(str(made), tmp_path / "cache") == "is encrypted (`app.py`): Lambda can't read that"


def test_a_jar_of_maven(tmp_path: Path) -> None:
    entries: list[tuple[zipfile.ZipInfo | str, str]]
    entries = [(entry("META-INF/maven/", 0o177777), ""), ("META-INF/maven/pom.xml", "<project/>")]
    found = unpacked(archive(tmp_path / "a.jar", entries), str(tmp_path / "cache"))
    assert Path(found, "META-INF", "maven", "pom.xml").read_text() == "<project/>"


def test_devices(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", [(entry("null", 0o020666), "")])
    assert "`null`, which is a device" in refused(made, tmp_path / "cache")


def test_methods_of_compression(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as writer:
        writer.writestr("x", "x" * 100)
    assert "compressed by method 14" in refused(str(path), tmp_path / "cache")


def test_bombs(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    block = b"\0" * 1_000_000
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as writer:
        for number in range(2):
            info = entry(f"part{number}")
            info.compress_type = zipfile.ZIP_DEFLATED
            with writer.open(info, "w") as part:
                for _ in range(LARGEST // 2_000_000 + 1):
                    part.write(block)
    assert path.stat().st_size < 1_000_000
    assert refused(str(path), tmp_path / "cache") == "has 264,000,000 bytes when it is unzipped"


def test_sizes_that_lie(tmp_path: Path) -> None:
    """A member that says it is small is read no further than that."""
    path = Path(archive(tmp_path / "a.zip", [("app.py", "x" * 100_000)]))
    data = path.read_bytes()
    path.write_bytes(data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert refused(str(path), tmp_path / "cache") == "is a damaged zip archive"


def test_an_archive_larger_than_lambda_takes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with path.open("wb") as stream:
        stream.truncate(LARGEST + 1)  # a hole: nothing is written
    assert refused(str(path), tmp_path / "cache").startswith("has 262,144,001 bytes")


@given(data=st.data())
def test_no_bytes_make_anything_but_a_directory_or_a_refusal(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("mutated")
    path = Path(
        archive(directory / "a.zip", [("a/b.py", "x" * 30), (entry("l", LINK), "a/b.py"), ("é", "y")])
    )
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.none())
    path.write_bytes(content[:cut])
    try:
        found = unpacked(str(path), str(directory / "cache"))
    except UnusableArchive:
        return
    inside = os.path.realpath(found)
    for folder, folders, names in os.walk(found):
        for name in (*folders, *names):
            assert os.path.realpath(os.path.join(folder, name)).startswith(inside)


MANY = """\
import sys
from lambda_scenarios.packaging.unpack import unpacked
sys.stdin.readline()
print(unpacked(sys.argv[1], sys.argv[2]))
"""
KILLED = """\
import os, signal, sys
from lambda_scenarios.packaging import unpack
write = unpack._write
def once(opened, info, target):
    write(opened, info, target)
    if info.filename == "b":
        os.kill(os.getpid(), signal.SIGKILL)
unpack._write = once
unpack.unpacked(sys.argv[1], sys.argv[2])
"""


def test_many_at_once(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", [(f"d{n % 7}/{n}.py", str(n)) for n in range(300)])
    cache = str(tmp_path / "cache")
    at_work = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, made, cache],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in at_work:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    found = {process.communicate(timeout=60)[0].strip() for process in at_work}
    assert [process.returncode for process in at_work] == [0] * 6
    assert len(found) == 1
    assert len(tree(found.pop())) == 300
    assert len(os.listdir(cache)) == 1


def test_killed_on_the_way(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", [("a", "1"), ("b", "2"), ("c", "3")])
    cache = tmp_path / "cache"
    done = subprocess.run([sys.executable, "-c", KILLED, made, str(cache)], check=False)
    assert done.returncode == -signal.SIGKILL
    (begun,) = cache.iterdir()
    assert tree(str(begun)) == {"a": "644 1", "b": "644 2"}
    found = unpacked(made, str(cache))
    assert sorted(tree(found)) == ["a", "b", "c"]
    assert begun.exists(), "another process may be at work on it"
    os.utime(begun, (0, 0))
    unpacked(archive(tmp_path / "b.zip", [("a", "other")]), str(cache))
    assert not begun.exists()
