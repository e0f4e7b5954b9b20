"""Archives of code and layers, unpacked into a cache: once for each content, whole, and never outside."""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

# Of a function with its layers, unzipped:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST = 262_144_000
_LONGEST_LINK = 4096
_KEPT = 20  # directories of a cache
_IN_USE = 6 * 3600  # seconds for which a directory counts as being in use
_CHUNK = 1 << 20
_BEGUN = ".unpacking-"  # the directory's name until everything is in it
_ABANDONED = 3600  # seconds after which nobody is at work on such a directory any more


class UnusableArchive(Exception):
    """An archive can't be used. `problem` goes on after its name, as in "is not a zip archive"."""

    def __init__(self, problem: str, notes: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.notes = notes


def unpacked(archive: str, cache: str) -> str:
    """The absolute directory with what the zip file `archive` holds, below the directory `cache`.

    The same content is unpacked once: the directory is named by its SHA-256. One that is already there is
    used only where every file is in place, with the size and time that the archive gives it. Processes may
    do this at once; one that is killed leaves nothing that would be taken for whole. Files are 0644 or 0755,
    as they are executable or not; symbolic links are kept. Raises UnusableArchive for what Lambda would
    refuse, for damage, for names and links that lead outside, and where `cache` can't be written.
    """
    with _opened(archive) as stream:
        _refuse_large_file(stream)
        digest = _digest(stream)
        stream.seek(0)
        with _zip(stream, cache) as opened:
            return _in_cache(opened, _entries(opened), os.path.join(cache, digest))


def inspect(archive: str) -> None:
    """Raises UnusableArchive for what can be known to be wrong without unpacking: not for damage inside."""
    with _opened(archive) as stream:
        _refuse_large_file(stream)
        with _zip(stream) as opened:
            _entries(opened)


@contextmanager
def _zip(stream: IO[bytes], cache: str = "") -> Iterator[ZipFile]:
    """The archive in `stream`, with all that can be wrong in it raised as UnusableArchive."""
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(stream) as opened:
            yield opened
    except NotImplementedError as error:  # a part of the format that Python doesn't know
        raise UnusableArchive(f"can't be unpacked: {error}") from None
    except OSError as error:
        if error.errno == errno.EINVAL:  # the archive says that something lies before its start
            raise _damaged(stream, error) from None
        raise UnusableArchive(f"can't be unpacked into {cache}: {_reason(error)}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ArithmeticError, ValueError) as error:
        raise _damaged(stream, error) from None


def prune(cache: str, used: str) -> None:
    """Removes all but the last directories of a cache of `unpacked`; `used` counts as used just now.

    None that was used in the last hours is removed: functions may be running from there.
    """
    import time

    now = time.time()
    found: list[tuple[float, str]] = []
    try:
        os.utime(used)
        for entry in os.scandir(cache):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(_BEGUN):
                found.append((entry.stat(follow_symlinks=False).st_mtime, entry.path))
    except OSError:  # somebody else's cache, or another process is at work in it
        return
    for time_of_use, path in sorted(found, reverse=True)[_KEPT:]:
        if now - time_of_use > _IN_USE:
            # Renamed first: what is half removed must not be found by its name.
            begun = os.path.join(cache, f"{_BEGUN}{os.path.basename(path)}-{os.urandom(4).hex()}")
            try:
                os.rename(path, begun)
            except OSError:
                continue
            _remove(begun)


def _opened(archive: str) -> IO[bytes]:
    try:
        return open(archive, "rb")  # the caller's `with` closes it
    except FileNotFoundError:
        raise UnusableArchive("does not exist") from None
    except IsADirectoryError:
        raise UnusableArchive("is a directory, not a zip archive") from None
    except OSError as error:
        raise UnusableArchive(f"can't be read: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _refuse_large_file(stream: IO[bytes]) -> None:
    size = os.fstat(stream.fileno()).st_size
    if size > LARGEST:
        raise UnusableArchive(f"has {size:,} bytes: Lambda takes no more than {LARGEST:,}, unzipped")


def _digest(stream: IO[bytes]) -> str:
    import hashlib

    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _damaged(stream: IO[bytes], error: Exception) -> UnusableArchive:
    stream.seek(0)
    start = stream.read(4)
    if not start:
        return UnusableArchive("is empty, not a zip archive")
    if start[:2] != b"PK":
        return UnusableArchive("is not a zip archive")
    what = str(error) or type(error).__name__
    return UnusableArchive(
        "is a damaged zip archive", (what[:1].lower() + what[1:], "perhaps it was not written to its end")
    )


# Of the directories `META-INF/maven/…` in jars that Maven makes: its archiver writes -1 for "not given".
_NO_MODE = 0xFFFF


def _entries(opened: ZipFile) -> dict[str, ZipInfo]:
    """What the archive holds, by relative path; of two with the same name the later, as with unzip."""
    import zipfile

    entries: dict[str, ZipInfo] = {}
    size = 0
    for info in opened.infolist():
        path = _safe(info)
        if info.flag_bits & 0x1:
            raise UnusableArchive(f"is encrypted (`{path}`): Lambda can't read that")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnusableArchive(
                f"can't be unpacked: `{path}` is compressed by method {info.compress_type}, not deflated"
            )
        kind = stat.S_IFMT(_mode(info))
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            raise UnusableArchive(f"holds `{path}`, which is a device or a pipe")
        size += info.file_size
        if size > LARGEST:
            total = sum(one.file_size for one in opened.infolist())
            raise UnusableArchive(
                f"has {total:,} bytes when it is unzipped",
                (f"Lambda: Unzipped size must be smaller than {LARGEST} bytes",),
            )
        if path:
            entries[path] = info
    return entries


def _safe(info: ZipInfo) -> str:
    """The entry's path, relative and without `.`; empty for the top directory itself."""
    name = info.filename
    if "\0" in info.orig_filename:
        raise UnusableArchive(f"holds a name that isn't one: {info.orig_filename!r}")
    # Backslashes are separators only on Windows, where no archive may lead outside either.
    parts = name.replace("\\", "/").split("/")
    drive = len(parts[0]) == 2 and parts[0][1] == ":" and parts[0][0].isalpha()
    if name.startswith(("/", "\\")) or drive or ".." in parts:
        raise UnusableArchive(f"leads outside of its directory, by `{name}`: it is not unpacked")
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _mode(info: ZipInfo) -> int:
    """The mode that the file had where the archive was made; 0 where that was no Unix, or isn't known."""
    mode = info.external_attr >> 16 if info.create_system == 3 else 0
    return 0 if mode == _NO_MODE else mode


def _is_link(info: ZipInfo) -> bool:
    return stat.S_ISLNK(_mode(info))


def _is_directory(info: ZipInfo) -> bool:
    return info.filename.endswith("/") or stat.S_ISDIR(_mode(info))


def _time(info: ZipInfo) -> int:
    """The time that its file gets, in seconds since the epoch. Archives know no time zone: UTC is taken."""
    import calendar

    try:
        return max(calendar.timegm((*info.date_time, 0, 0, 0)), 0)
    except ValueError:  # month 0, as some programs write it
        return 0


def _in_cache(opened: ZipFile, entries: dict[str, ZipInfo], directory: str) -> str:
    """The first intact directory of this content; a new one beside those that someone has changed.

    Nothing is repaired in place or deleted: somebody's functions may be running from there.
    """
    cache = os.path.dirname(directory)
    for candidate in (directory, *(f"{directory}.{number}" for number in range(1, 1000))):
        if _intact(candidate, entries):
            return candidate
        if os.path.lexists(candidate):
            continue
        os.makedirs(cache, exist_ok=True)
        _sweep(cache)
        new = _unpack(opened, entries, cache)
        try:
            os.rename(new, candidate)
            return candidate
        except OSError as error:
            _remove(new)
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        if _intact(candidate, entries):  # another process was faster
            return candidate
    raise OSError(errno.EEXIST, "all directories of this content have been changed", directory)


def _intact(directory: str, entries: dict[str, ZipInfo]) -> bool:
    try:
        for path, info in entries.items():
            found = os.lstat(os.path.join(directory, path))
            if _is_directory(info):
                same = stat.S_ISDIR(found.st_mode)
            elif _is_link(info):
                same = stat.S_ISLNK(found.st_mode)
            else:
                expected = (info.file_size, _time(info), _permissions(info))
                actual = (found.st_size, int(found.st_mtime), stat.S_IMODE(found.st_mode))
                same = stat.S_ISREG(found.st_mode) and actual == expected
            if not same:
                return False
    except OSError:
        return False
    return bool(entries) or os.path.isdir(directory)


def _permissions(info: ZipInfo) -> int:
    return 0o755 if _mode(info) & 0o111 else 0o644


def _unpack(opened: ZipFile, entries: dict[str, ZipInfo], cache: str) -> str:
    import tempfile

    root = tempfile.mkdtemp(prefix=_BEGUN, dir=cache)
    try:
        os.chmod(root, 0o755)  # noqa: S103 - as /var/task is: a container's user has to read it
        links: list[tuple[str, str]] = []
        for path, info in entries.items():
            target = os.path.join(root, path)
            if _is_directory(info):
                _make_directories(target)
            elif _is_link(info):
                links.append((path, _link_target(opened, info, path)))
            else:
                _make_directories(os.path.dirname(target))
                _write(opened, info, target)
        # Links come last, so that nothing is ever written by way of one.
        for path, pointed in links:
            target = os.path.join(root, path)
            _make_directories(os.path.dirname(target))
            os.symlink(pointed, target)
        _refuse_links_outside(root, (path for path, _ in links))
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        _remove(root)
        name = os.path.relpath(str(error.filename2 or error.filename), root)
        raise UnusableArchive(f"contradicts itself: `{name}` is a file, and something else as well") from None
    except OSError as error:
        _remove(root)
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise UnusableArchive("holds a name that is too long for this machine") from None
    except BaseException:
        _remove(root)
        raise
    return root


def _make_directories(path: str) -> None:
    """With the modes that Lambda's have, whatever the umask is."""
    if os.path.isdir(path) and not os.path.islink(path):
        return
    _make_directories(os.path.dirname(path))
    os.mkdir(path)
    os.chmod(path, 0o755)  # noqa: S103 - see _unpack


def _write(opened: ZipFile, info: ZipInfo, target: str) -> None:
    with opened.open(info) as source, open(target, "xb") as stream:
        while chunk := source.read(_CHUNK):
            stream.write(chunk)
    os.chmod(target, _permissions(info))
    os.utime(target, (_time(info), _time(info)))


def _link_target(opened: ZipFile, info: ZipInfo, path: str) -> str:
    if info.file_size > _LONGEST_LINK:
        raise UnusableArchive(f"holds a symbolic link that points nowhere: `{path}`")
    pointed = os.fsdecode(opened.read(info))
    if not pointed or "\0" in pointed:
        raise UnusableArchive(f"holds a symbolic link that points nowhere: `{path}`")
    return pointed


def _refuse_links_outside(root: str, links: Iterable[str]) -> None:
    inside = os.path.realpath(root)
    for path in links:
        found = os.path.realpath(os.path.join(root, path))
        if found != inside and not found.startswith(inside + os.sep):
            pointed = os.readlink(os.path.join(root, path))
            raise UnusableArchive(
                f"leads outside of its directory, by the link `{path}` to `{pointed}`: it is not unpacked"
            )


def _sweep(cache: str) -> None:
    """Removes what killed processes had begun."""
    import time

    for entry in os.scandir(cache):
        try:
            if entry.name.startswith(_BEGUN) and time.time() - entry.stat().st_mtime > _ABANDONED:
                _remove(entry.path)
        except OSError:  # another process is sweeping too
            continue


def _remove(directory: str) -> None:
    import shutil

    shutil.rmtree(directory, ignore_errors=True)
