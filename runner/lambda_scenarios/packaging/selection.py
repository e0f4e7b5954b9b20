"""Which files go into a package.

Source: Serverless Framework 3, lib/plugins/package/lib/package-service.js (resolveFilePathsFromPatterns),
and globby 11 with fast-glob 3, which find what it filters.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from lambda_scenarios.packaging.glob_search import base_directory, expanded, hides_directories, is_dynamic
from lambda_scenarios.packaging.globs import Glob, glob

_DOTTED = ("./", "../")  # paths with such segments have them in front


class Rules(NamedTuple):
    """The patterns of one package, in the order in which they are written.

    `exclude` are taken first (`!` in front of one includes), then `include` (`!` excludes), then
    `development`, which is what `excludeDevDependencies` found. The last one that matches a file decides.
    """

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    development: tuple[str, ...] = ()


class Entry(NamedTuple):
    """A file of a package. `name` is what it is called inside; `status` that of what a link leads to."""

    name: str
    path: str
    status: os.stat_result


class UnusablePackage(Exception):
    """A package can't be made of what is there. `problem` is a sentence without its end."""

    def __init__(self, problem: str, notes: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.notes = notes


class _Verdict(NamedTuple):
    """One pattern of the filter: what becomes of the files that it matches."""

    includes: bool
    found: Glob
    base: str  # where what it matches lies
    whole: bool  # it matches everything in a directory that it matches


class _Search(NamedTuple):
    """One positive pattern, and the negative ones behind it: fast-glob looks for it on its own."""

    patterns: tuple[Glob, ...]
    base: str
    against: tuple[Glob, ...]
    hiding: tuple[Glob, ...]  # those of `against` whose directories aren't entered


def selected(root: str, rules: Rules) -> list[Entry]:
    """The files of the package, sorted by name, each name once. `root` is an absolute directory.

    Links are followed, but not round in circles. Directories with nothing to be packaged aren't read, as
    far as the patterns tell. Raises UnusablePackage where no file is left, or one can't be read.
    """
    verdicts = _verdicts(rules)
    here: list[_Search] = []
    found: dict[str, tuple[str, os.stat_result]] = {}
    for search in _searches(("**", *rules.include)):
        if isinstance(search, str):
            _add_file(root, search, verdicts, found)
        elif search.base.split("/")[0] in (".", "..", ""):
            if search.base:
                _walk(root, search.base, [search], verdicts, found)
            else:
                here.append(search)
        else:
            here.append(search)
    _walk(root, "", here, verdicts, found)
    entries: dict[str, Entry] = {}
    # Of a file here and one from outside that get the same name, the one here is meant.
    for name, (path, status) in sorted(found.items(), key=lambda one: (one[0][:1] not in "./", one[0])):
        inside = _name_inside(name)
        entries[inside] = Entry(inside, path, status)
    if not entries:
        raise UnusablePackage("no file is left to be packaged: the patterns exclude all")
    return sorted(entries.values())


def container(rules: Rules) -> Callable[[str], bool]:
    """Whether a file of a name, relative to the root, goes into the package.

    It is as `selected` finds it, but for a file that may not be there (any more). What lies behind symbolic
    links goes by the links' names.
    """
    verdicts = _verdicts(rules)
    searches = list(_searches(("**", *rules.include)))
    exact = {_undotted(search) for search in searches if isinstance(search, str)}
    wide = [search for search in searches if not isinstance(search, str)]
    of_directory: dict[str, list[_Search]] = {}

    def contains(name: str) -> bool:
        plain = _undotted(name)
        if plain in exact and _kept(name, verdicts):
            return True
        directory = plain.rpartition("/")[0]
        if directory not in of_directory:
            of_directory[directory] = [search for search in wide if _reaches(search, directory)]
        return any(
            _finds(search, plain) and any(_kept(written, verdicts) for written in _written(name, search))
            for search in of_directory[directory]
        )

    return contains


def _written(name: str, search: _Search) -> tuple[str, ...]:
    """How a search names a file: a pattern that begins with `./` finds names that do."""
    return (name,) if search.base[:1] != "." else (name, f"./{name}")


def _reaches(search: _Search, directory: str) -> bool:
    """Whether a search goes through a directory, whose name has no `./` before it."""
    if (directory + "/").startswith("../") and not search.base.startswith(".."):
        return False
    parts = directory.split("/") if directory else []
    return all(_enters(search, "/".join(parts[:depth])) for depth in range(1, len(parts) + 1))


def _name_inside(name: str) -> str:
    """As archiver names what leaves the directory: without the way out."""
    normal = os.path.normpath(name).lstrip("/")
    while normal.startswith("../"):
        normal = normal[3:]
    return normal


def _verdicts(rules: Rules) -> list[_Verdict]:
    verdicts = []
    for pattern in rules.exclude:
        includes = pattern.startswith("!")
        verdicts.append((pattern[1:] if includes else pattern, includes))
    for pattern in rules.include:
        includes = not pattern.startswith("!")
        verdicts.append((pattern if includes else pattern[1:], includes))
    verdicts += [(pattern, False) for pattern in rules.development]
    return [
        _Verdict(
            includes,
            glob(pattern, "filter"),
            base_directory(pattern.removeprefix("./")),
            pattern == "**" or (pattern.endswith("/**") and pattern[0] != "!" and "|" not in pattern),
        )
        for pattern, includes in verdicts
        if pattern
    ]


def _searches(patterns: Sequence[str]) -> Iterator[_Search | str]:
    """What is looked for; a text is the path of one file, which is not looked for but looked at."""
    patterns = tuple(dict.fromkeys(pattern for pattern in patterns if pattern))
    for index, pattern in enumerate(patterns):
        if pattern.startswith("!"):
            continue
        against = [
            one
            for negative in patterns[index:]
            if negative.startswith("!") and len(negative) > 1
            for one in expanded(negative[1:])
        ]
        compiled = tuple(glob(one, "search") for one in against)
        hiding = tuple(glob(one, "search") for one in against if hides_directories(one))
        for one in expanded(pattern):
            if is_dynamic(one):
                yield _Search((glob(one, "search"),), base_directory(one), compiled, hiding)
            elif not _matches(compiled, _undotted(one)):
                yield one


def _matches(globs: Iterable[Glob], path: str) -> bool:
    if path.startswith(_DOTTED):
        return any(one.matches_any(path) for one in globs)
    return any(one.matches(path) for one in globs)


def _undotted(path: str) -> str:
    return path[2:] if path.startswith("./") else path


def _add_file(
    root: str, name: str, verdicts: Sequence[_Verdict], found: dict[str, tuple[str, os.stat_result]]
) -> None:
    path = os.path.join(root, name)
    try:
        status = os.stat(path)
    except OSError:
        return
    if stat.S_ISREG(status.st_mode) and _kept(name, verdicts):
        found[name] = (path, status)


def _kept(path: str, verdicts: Sequence[_Verdict]) -> bool:
    """Whether the filter lets a file through: the last pattern that matches decides."""
    dotted = path.startswith(_DOTTED)
    for verdict in reversed(verdicts):
        if verdict.found.matches_any(path) if dotted else verdict.found.matches(path):
            return verdict.includes
    return True


class _Place(NamedTuple):
    """A directory on the way: `name` as the search has it, with a slash at its end unless it is empty."""

    name: str
    path: str
    searches: list[_Search]
    above: frozenset[tuple[int, int]]  # device and inode of the directories that it lies in


def _walk(
    root: str,
    base: str,
    searches: list[_Search],
    verdicts: Sequence[_Verdict],
    found: dict[str, tuple[str, os.stat_result]],
) -> None:
    start = os.path.normpath(os.path.join(root, base))
    if not searches or not os.path.isdir(start):
        return
    top = base if not base or base.endswith("/") else base + "/"
    places = [_Place(top, start, searches, frozenset((_identity(os.stat(start)),)))]
    while places:
        place = places.pop()
        for entry in _entries(place.path):
            name = place.name + entry.name
            try:
                if entry.is_dir():
                    below = _below(name, entry, place, verdicts)
                    if below is not None:
                        places.append(below)
                elif (
                    any(_finds(search, _undotted(name)) for search in place.searches)
                    and entry.is_file()
                    and _kept(name, verdicts)
                ):
                    found[name] = (entry.path, entry.stat())
            except OSError as error:
                if error.errno == errno.ELOOP:  # a link to itself: there is nothing behind it
                    continue
                raise _unreadable(entry.path, root, error) from None


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except FileNotFoundError:  # it was there a moment ago
        return []
    except OSError as error:
        raise _unreadable(directory, directory, error) from None


def _unreadable(path: str, root: str, error: OSError) -> UnusablePackage:
    shown = os.path.relpath(path, root) if path != root else path
    return UnusablePackage(
        f"can't read {shown}: {(error.strerror or str(error)).lower()}",
        ("exclude it by `package.patterns` where it isn't needed",),
    )


def _finds(search: _Search, path: str) -> bool:
    return _matches(search.patterns, path) and not _matches(search.against, path)


def _below(name: str, entry: os.DirEntry[str], place: _Place, verdicts: Sequence[_Verdict]) -> _Place | None:
    """The directory as a place to go on in; None where nothing of it can be packaged."""
    plain = _undotted(name)
    alive = [search for search in place.searches if _enters(search, plain)]
    if not alive or _left_out(name, verdicts):
        return None
    identity = _identity(entry.stat())
    if identity in place.above:
        return None
    return _Place(name + "/", entry.path, alive, place.above | {identity})


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _enters(search: _Search, directory: str) -> bool:
    base = "" if search.base == "." else _undotted(search.base).rstrip("/")
    if base and not directory.startswith(base + "/"):
        # The search begins at its base, so that nothing hides the way there.
        return (base + "/").startswith(directory + "/")
    return not _matches(search.hiding, directory)


def _left_out(directory: str, verdicts: Sequence[_Verdict]) -> bool:
    """Whether the filter lets nothing of a directory through, whatever is in it."""
    for verdict in reversed(verdicts):
        if verdict.includes:
            base = verdict.base
            if not base or (base + "/").startswith(directory + "/") or directory.startswith(base + "/"):
                return False
        elif verdict.whole and verdict.found.matches_any(directory):
            return True
    return False
