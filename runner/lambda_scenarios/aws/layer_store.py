"""Layers that AWS keeps: downloaded once, checked by their hash, unpacked into the cache."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lambda_scenarios.aws.failures import LookupFailed
from lambda_scenarios.caching import cache_directory
from lambda_scenarios.packaging.unpack import UnusableArchive, prune, unpacked

if TYPE_CHECKING:
    from lambda_scenarios.aws.lookups import Lookups

_ARN = re.compile(
    r"(?P<layer>arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}|aws):layer:"
    r"(?P<name>[A-Za-z0-9_-]+)):(?P<version>[0-9]+)"
)
_DOWNLOADING = ".downloading-"


def layer_directory(lookups: Lookups, arn: str, environ: Mapping[str, str]) -> str:
    """The absolute directory with the content of a version of a layer, as it is below /opt in Lambda.

    A version never changes, so that one which was downloaded before is used without asking AWS. Its archive
    is kept under its own hash: a damaged one is downloaded anew. Raises LookupFailed.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise LookupFailed(
            f"`{arn}` is no ARN of a layer's version",
            ("as in arn:aws:lambda:eu-west-1:123456789012:layer:name:3",),
        )
    cache = cache_directory(environ, "layers")
    name = "-".join((match["region"], match["account"], match["name"], match["version"]))
    for archive, digest in _kept(cache, name):
        directory = _unpacked(archive, cache)
        if directory is not None and os.path.basename(directory).startswith(digest):
            return directory
        _remove(archive)
    archive = _download(lookups, match, cache, name)
    try:
        directory = unpacked(archive, cache)
    except UnusableArchive as error:
        raise LookupFailed(f"the archive of {arn} {error.problem}", error.notes) from None
    prune(cache, directory)
    return directory


def _kept(cache: str, name: str) -> Iterator[tuple[str, str]]:
    """Archives of the layer's version in the cache, and the hashes that they are kept under."""
    pattern = re.compile(re.escape(name) + r"\.([0-9a-f]{64})\.zip")
    try:
        entries = sorted(os.listdir(cache))
    except OSError:
        return
    for entry in entries:
        if match := pattern.fullmatch(entry):
            yield os.path.join(cache, entry), match[1]


def _unpacked(archive: str, cache: str) -> str | None:
    try:
        return unpacked(archive, cache)
    except UnusableArchive:
        return None


def _download(lookups: Lookups, match: re.Match[str], cache: str, name: str) -> str:
    """The layer's archive, its hash checked, in the cache."""
    content = _content(lookups, match)
    wanted = base64.b64decode(content["CodeSha256"]).hex()
    part = ""
    try:
        os.makedirs(cache, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=_DOWNLOADING, dir=cache)
        digest = hashlib.sha256()
        with os.fdopen(handle, "wb") as stream:

            def keep(chunk: bytes) -> None:
                digest.update(chunk)
                stream.write(chunk)

            lookups.download(content["Location"], match["region"], keep)
        if digest.hexdigest() != wanted:
            raise LookupFailed(
                f"what was downloaded of {match[0]} has another hash than AWS says",
                ("it was cut off or changed on its way: try again",),
            )
        archive = os.path.join(cache, f"{name}.{wanted}.zip")
        os.replace(part, archive)
        return archive
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise LookupFailed(
            f"{match[0]} can't be kept in {cache}: {reason}", ("XDG_CACHE_HOME names another cache",)
        ) from None
    finally:
        if part and os.path.exists(part):
            _remove(part)


def _content(lookups: Lookups, match: re.Match[str]) -> Mapping[str, Any]:
    try:
        answer = lookups.ask(
            "lambda",
            match["region"],
            "GetLayerVersion",
            LayerName=match["layer"],
            VersionNumber=int(match["version"]),
        )
    except LookupFailed as failure:
        if failure.code == "ResourceNotFoundException":
            raise LookupFailed(f"there is no layer {match[0]}") from None
        raise
    content: Mapping[str, Any] = answer["Content"]
    return content


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):  # another process was faster, or the cache is not ours
        os.unlink(path)
