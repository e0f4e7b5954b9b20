"""Writes packages: the same files give the same bytes, wherever and whenever that is done."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import IO

from lambda_scenarios.packaging.selection import Entry, UnusablePackage
from lambda_scenarios.packaging.unpack import LARGEST
from lambda_scenarios.phrases import plural

Progress = Callable[[str], None]

_CHUNK = 1 << 20
_BEGUN = ".packaging-"
_ABANDONED = 3600  # seconds after which nobody is writing such a file any more
# As fast as it gets: what is written is mostly unpacked at once, on the same machine.
_LEVEL = 1
_TOLD_EACH = 2000  # files


def write_archive(
    entries: Sequence[Entry], target: str, progress: Progress | None = None, root: str | None = None
) -> None:
    """Writes the zip file `target` (absolute) with these files, in their order.

    Names, contents and whether a file is executable are all that goes into it: times are those of 1980, modes
    0644 and 0755. It is put in place whole: whoever reads `target` meanwhile, or after a kill, finds the
    last one that was finished. `progress` is told of long work, in words. Raises UnusablePackage where a file
    can't be read, the whole is larger than Lambda takes, or `target` can't be written.
    """
    _refuse_large(entries)
    directory, name = os.path.split(target)
    try:
        os.makedirs(directory, exist_ok=True)
        _sweep(directory)
        begun = os.path.join(directory, f"{_BEGUN}{os.getpid()}-{os.urandom(4).hex()}-{name}")
        try:
            with open(begun, "xb") as stream:
                _write(entries, stream, progress, name)
            os.replace(begun, target)
        except BaseException:
            if os.path.lexists(begun):
                os.unlink(begun)
            raise
    except OSError as error:
        shown = os.path.relpath(target, root) if root else target
        raise UnusablePackage(f"can't write {shown}: {_reason(error)}") from None


def _refuse_large(entries: Sequence[Entry]) -> None:
    size = sum(entry.status.st_size for entry in entries)
    if size <= LARGEST:
        return
    shares: dict[str, int] = {}
    for entry in entries:
        top = entry.name.partition("/")[0]
        shares[top] = shares.get(top, 0) + entry.status.st_size
    largest = sorted(shares, key=lambda top: -shares[top])[:3]
    raise UnusablePackage(
        f"the package would have {size:,} bytes: Lambda takes no more than {LARGEST:,}",
        (
            "most of it: " + ", ".join(f"{top} ({shares[top] / 1e6:.0f} MB)" for top in largest),
            "exclude what isn't needed by `package.patterns`",
        ),
    )


def _write(entries: Sequence[Entry], stream: IO[bytes], progress: Progress | None, name: str) -> None:
    import zipfile

    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as writer:
        for number, entry in enumerate(entries):
            if progress is not None and number and number % _TOLD_EACH == 0:
                progress(f"packaging {name}: {number} of {plural(len(entries), 'file')}")
            info = zipfile.ZipInfo(entry.name)  # its time is the first that the format knows
            info.create_system = 3  # modes are those of Unix, also where Python runs elsewhere
            info.external_attr = (0o100755 if entry.status.st_mode & 0o100 else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            info.file_size = entry.status.st_size  # known, so that small files need no larger headers
            try:
                source = open(entry.path, "rb")  # noqa: SIM115 - it is closed below
            except OSError as error:
                raise UnusablePackage(f"can't read {entry.name}: {_reason(error)}") from None
            with source, writer.open(info, "w") as member:
                while chunk := source.read(_CHUNK):
                    member.write(chunk)


def _sweep(directory: str) -> None:
    """Removes what killed processes had begun."""
    import time

    for entry in os.scandir(directory):
        try:
            if entry.name.startswith(_BEGUN) and time.time() - entry.stat().st_mtime > _ABANDONED:
                os.unlink(entry.path)
        except OSError:  # another process is sweeping too
            continue


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
