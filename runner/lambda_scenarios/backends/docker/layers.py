"""Layers as one directory: two mounts can't lie in the same place."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping

from lambda_scenarios.caching import cache_directory, filled


def merged(layers: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    """The directory to be mounted at /opt; None without layers. Later ones lie over earlier ones.

    Several are copied together, once for each state of their files, into the user's cache.
    https://docs.aws.amazon.com/lambda/latest/dg/adding-layers.html
    """
    if len(layers) < 2:
        return layers[0] if layers else None
    cache = cache_directory(environ, "opt")
    place = os.path.join(cache, _state(layers))
    if os.path.isdir(place):
        os.utime(place)
        return place
    os.makedirs(cache, exist_ok=True)
    _forget_old(cache)
    with filled(place) as made:
        for layer in layers:
            _lay(layer, made)
        os.chmod(made, 0o755)  # noqa: S103  # the function is another user
    return place


def _lay(source: str, target: str) -> None:
    """Copies what is in a directory over whatever an earlier layer has there."""
    for entry in os.scandir(source):
        place = os.path.join(target, entry.name)
        folder = entry.is_dir(follow_symlinks=False)
        if os.path.lexists(place) and not (folder and os.path.isdir(place) and not os.path.islink(place)):
            _remove(place)
        if folder:
            os.makedirs(place, exist_ok=True)
            _lay(entry.path, place)
            shutil.copystat(entry.path, place)
        else:
            shutil.copy2(entry.path, place, follow_symlinks=False)


def _remove(place: str) -> None:
    if os.path.isdir(place) and not os.path.islink(place):
        shutil.rmtree(place)
    else:
        os.unlink(place)


def _state(layers: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for layer in layers:
        for path, status in sorted(_files(layer)):
            digest.update(f"{path}\0{status}\0".encode("utf-8", "surrogateescape"))
        digest.update(b"\0\0")
    return digest.hexdigest()[:32]


def _files(layer: str) -> Iterator[tuple[str, str]]:
    yield layer, ""
    for folder, names, files in os.walk(layer):
        for name in (*names, *files):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            yield path, f"{status.st_mode} {status.st_size} {status.st_mtime_ns}"


_KEPT = 20


def _forget_old(cache: str) -> None:
    """Keeps those that were used last."""
    places = [entry.path for entry in os.scandir(cache) if not entry.name.startswith(".")]
    places.sort(key=lambda path: os.stat(path).st_mtime, reverse=True)
    for path in places[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
