"""Layers of AWS: downloaded once, whole, and what is said where they can't be had."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lambda_scenarios.aws.lookups import LookupFailed, Lookups
from tests.aws.moto_server import REGION, Moto

GONE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}  # nothing listens there


def archive(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as writer:
        for name, text in files.items():
            writer.writestr(name, text)
    return stream.getvalue()


SIGNING = archive({"python/signing.py": "KEY = 1\n", "bin/tool": "#!/bin/sh\n"})


def lookups(moto: Moto, cache: Path, **more: str) -> Lookups:
    return Lookups({**moto.environ, "XDG_CACHE_HOME": str(cache), **more})


def failure(one: Lookups, arn: str) -> LookupFailed:
    with pytest.raises(LookupFailed) as caught:
        one.layer(arn)
    return caught.value


def text(directory: str) -> str:
    return Path(directory, "python", "signing.py").read_text()


def test_downloaded_once_and_used_offline_then(moto: Moto, tmp_path: Path) -> None:
    arn = moto.layer("signing", SIGNING)
    first = lookups(moto, tmp_path)
    with moto.recorded() as asked:
        directory = first.layer(arn)
        assert first.layer(arn) == directory
    assert len(asked) == 2  # the layer, and its archive
    assert text(directory) == "KEY = 1\n"
    assert os.path.commonpath([directory, tmp_path]) == str(tmp_path)
    with moto.recorded() as asked:
        assert lookups(moto, tmp_path).layer(arn) == directory
        assert lookups(moto, tmp_path, **GONE).layer(arn) == directory
    assert asked == []


def test_a_damaged_archive_and_a_changed_directory_are_replaced(moto: Moto, tmp_path: Path) -> None:
    arn = moto.layer("signing", SIGNING)
    directory = lookups(moto, tmp_path).layer(arn)
    Path(directory, "python", "signing.py").write_text("KEY = 'changed'\n")
    assert text(lookups(moto, tmp_path, **GONE).layer(arn)) == "KEY = 1\n"
    (kept,) = tmp_path.rglob("*.zip")
    kept.write_bytes(SIGNING[:-10])
    assert text(lookups(moto, tmp_path).layer(arn)) == "KEY = 1\n"
    (kept,) = tmp_path.rglob("*.zip")
    kept.write_bytes(archive({"python/signing.py": "KEY = 'other'\n"}))
    assert text(lookups(moto, tmp_path).layer(arn)) == "KEY = 1\n"
    assert [path.read_bytes() == SIGNING for path in tmp_path.rglob("*.zip")] == [True]


def test_versions_are_kept_apart(moto: Moto, tmp_path: Path) -> None:
    first = moto.layer("signing", SIGNING)
    second = moto.layer("signing", archive({"python/signing.py": "KEY = 2\n"}))
    one = lookups(moto, tmp_path)
    assert (text(one.layer(first)), text(one.layer(second))) == ("KEY = 1\n", "KEY = 2\n")


@pytest.mark.parametrize("served", [SIGNING[:-1], archive({"python/signing.py": "KEY = 'other'\n"}), b""])
def test_what_has_another_hash_is_not_used_and_not_kept(moto: Moto, tmp_path: Path, served: bytes) -> None:
    arn = moto.layer("signing", SIGNING, served)
    assert "has another hash than AWS says" in failure(lookups(moto, tmp_path), arn).reason
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside"])
def test_an_archive_that_leads_outside_is_refused(moto: Moto, tmp_path: Path, name: str) -> None:
    arn = moto.layer("evil", archive({name: "x"}))
    assert "leads outside of its directory" in failure(lookups(moto, tmp_path / "cache"), arn).reason
    assert not (tmp_path / "outside").exists()


def test_what_is_no_archive(moto: Moto, tmp_path: Path) -> None:
    arn = moto.layer("text", b"not a zip")
    assert "is not a zip archive" in failure(lookups(moto, tmp_path), arn).reason


def test_what_is_not_there(moto: Moto, tmp_path: Path) -> None:
    arn = moto.layer("signing", SIGNING)
    one = lookups(moto, tmp_path)
    assert failure(one, f"{arn}7").reason == f"there is no layer {arn}7"
    assert "is no ARN of a layer's version" in failure(one, arn.rpartition(":")[0]).reason
    moto.client("s3", "us-east-1").delete_object(Bucket="layers", Key="signing-1")
    assert "404" in failure(one, arn).reason
    offline = failure(lookups(moto, tmp_path, **GONE), arn)
    assert offline.general
    assert offline.reason.startswith("AWS can't be reached")


def test_a_host_that_can_t_be_reached_is_named_without_the_signature(moto: Moto, tmp_path: Path) -> None:
    arn = moto.layer("signing", SIGNING)
    one = lookups(moto, tmp_path, HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="")
    one.client("lambda", REGION)
    with pytest.raises(LookupFailed) as caught:
        one.download("http://bucket.example.test/layer?X-Amz-Signature=s3cret", REGION, print)
    assert "bucket.example.test" in caught.value.reason
    assert "s3cret" not in caught.value.reason
    assert arn


def test_a_cache_that_can_t_be_written(moto: Moto, tmp_path: Path) -> None:
    arn = moto.layer("signing", SIGNING)
    (tmp_path / "file").write_text("")
    refused = failure(lookups(moto, tmp_path / "file"), arn)
    assert "can't be kept in" in refused.reason
    assert "XDG_CACHE_HOME" in refused.notes[0]


def test_several_at_once(moto: Moto, tmp_path: Path) -> None:
    arn = moto.layer("signing", SIGNING)
    environ = {**os.environ, **moto.environ, "XDG_CACHE_HOME": str(tmp_path)}
    code = (
        "import os, sys; from lambda_scenarios.aws.lookups import Lookups\n"
        "print(Lookups(os.environ).layer(sys.argv[1]))"
    )

    def run(_number: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, arn], env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    with ThreadPoolExecutor(3) as pool:
        directories = set(pool.map(run, range(3)))
    assert {text(directory) for directory in directories} == {"KEY = 1\n"}
    assert list(tmp_path.rglob(".downloading-*")) == []
