"""From the paths of the command line to the scenario files that they mean."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from lambda_scenarios.configuration.find import find
from lambda_scenarios.errors import Diagnostic, NothingSelected, UsageError, did_you_mean

NOT_ENTERED = frozenset({"node_modules", ".serverless", ".aws-sam", "cdk.out", "venv", "__pycache__"})
_DIRECTORY_DEFAULTS = frozenset({"_defaults.yml", "_defaults.yaml"})  # for scenario files, and none
_DIGITS = re.compile(r"([0-9]+)")


class Request(NamedTuple):
    """One path of the command line: absolute, as it was given, and the scenario wanted of it."""

    path: str
    given: str
    name: str | None = None


class FoundFile(NamedTuple):
    """A scenario file. `id` is its POSIX path from the project root.

    `named`: it was given itself, not found under a directory. `names` are the scenarios wanted of it;
    () means all.
    """

    path: str
    id: str
    named: bool
    names: tuple[str, ...] = ()


class _Looked(NamedTuple):
    """What a directory holds: its scenario files, how many YAML files were looked at, and how many files and
    directories were excluded."""

    files: list[str]
    seen: int
    excluded: int


def discover(
    paths: Sequence[str], cwd: str, project_root: str, exclude: Sequence[str] = ()
) -> tuple[FoundFile, ...]:
    """The scenario files that `paths` mean, in their order; under a directory, in natural order.

    A path is a directory, a file, or `FILE::NAME`, relative to `cwd`. Files that look like misspelt
    scenario files are among the found: reading them gives the diagnostic. `exclude` are glob patterns
    for names, or with a slash for paths from the project root.
    Raises UsageError for paths that don't exist, and NothingSelected for a directory without any
    scenario file: a run that runs nothing must not look like a success.
    """
    requests = _requests(paths, cwd, project_root)
    found: dict[str, FoundFile] = {}
    for request in requests:
        named = not os.path.isdir(request.path)
        if named:
            files = [request.path]
        else:
            looked = _under(request.path, project_root, exclude)
            files = looked.files
            if not files:
                raise NothingSelected(_nothing_under(request.given, looked))
        for path in files:
            _add(found, path, named, request.name, project_root)
    return tuple(found.values())


def project_root(cwd: str) -> str:
    """The directory of the configuration file at or above `cwd`, else the git root, else `cwd`."""
    return find(cwd).root


def split_id(written: str) -> tuple[str, str]:
    """The path and the name in `PATH::NAME`, empty where there is no `::`. Names don't contain it, but may
    begin with a colon; paths may contain it."""
    file, separator, name = written.rpartition("::")
    if not separator:
        return "", ""
    return (file[:-1], f":{name}") if file.endswith(":") else (file, name)


def _requests(paths: Sequence[str], cwd: str, root: str) -> list[Request]:
    requests: list[Request] = []
    wrong: list[Diagnostic] = []
    for given in _with_lists(paths, cwd):
        request = _request(given, cwd, root)
        if isinstance(request, Diagnostic):
            wrong.append(request)
        else:
            requests.append(request)
    if wrong:
        raise UsageError(*wrong)
    return requests


def _request(given: str, cwd: str, root: str) -> Request | Diagnostic:
    whole = os.path.normpath(os.path.join(cwd, given))
    if given and _exists(whole):
        return Request(whole, given)
    file, name = split_id(given)
    if not file:
        return _no_such_path(given, cwd)
    path = os.path.normpath(os.path.join(cwd, file))
    first = given.partition("::")[0]
    from_root = os.path.normpath(os.path.join(root, file))  # where ids begin
    if not _exists(path) and _exists(from_root) and not os.path.isdir(from_root):
        path = from_root
    if _exists(path):
        return _named(path, file, name)
    if first and first != file and _exists(os.path.join(cwd, first)):
        problem = f"no scenario `{given[len(first) + 2 :]}` can be in {first}"
        return Diagnostic(problem, notes=("names of scenarios don't contain `::`",))
    return _no_such_path(file, cwd)


def _with_lists(paths: Sequence[str], cwd: str) -> Iterator[str]:
    """The paths, with what the files of those that begin with `@` name, one a line; what a line can't hold
    stands in it as a JSON string."""
    for given in paths:
        listed = os.path.join(cwd, given[1:])
        if not given.startswith("@") or _exists(os.path.join(cwd, given)) or not os.path.isfile(listed):
            yield given
            continue
        with open(listed, encoding="utf-8", errors="surrogateescape") as stream:
            yield from (_listed(line) for line in stream.read().split("\n") if line.strip())


def _listed(line: str) -> str:
    if line.startswith('"'):
        import json

        with contextlib.suppress(ValueError):
            text = json.loads(line)
            if isinstance(text, str):
                return text
    return line


def named_in_order(paths: Sequence[str], cwd: str, root: str) -> tuple[str, ...]:
    """The ids that `paths` are, as they are given; () where one is no id."""
    ids: list[str] = []
    for given in _with_lists(paths, cwd):
        request = _request(given, cwd, root)
        if isinstance(request, Diagnostic) or request.name is None:
            return ()
        ids.append(f"{_relative(request.path, root)}::{request.name}")
    return tuple(ids)


def _named(path: str, file: str, name: str) -> Request | Diagnostic:
    if os.path.isdir(path):
        problem = f"`::` names a scenario of a file, and {file} is a directory"
        return Diagnostic(problem, notes=(f"to select by name in a directory: {file} -k '{name}'",))
    if not name:
        return Diagnostic(f"no name of a scenario follows `::` in {file}::")
    return Request(path, file, name)


def _exists(path: str) -> bool:
    return "\0" not in path and os.path.exists(path)


def _no_such_path(given: str, cwd: str) -> Diagnostic:
    """Names the nearest entry of the deepest directory on the way that exists."""
    problem = f"no file or directory {given}" if given else "an empty path was given"
    here, shown = cwd, ""
    for part in given.split("/"):
        deeper = os.path.join(here, part) if part else (here if shown else "/")
        if "\0" not in deeper and os.path.isdir(deeper):
            here, shown = deeper, os.path.join(shown, part) if part else shown or "/"
            continue
        try:
            near = did_you_mean(part, sorted(os.listdir(here)))
        except OSError:
            near = None
        notes = (f"did you mean {os.path.join(shown, near)}?",) if near else ()
        return Diagnostic(problem, notes=notes)
    return Diagnostic(problem)


def _add(found: dict[str, FoundFile], path: str, named: bool, name: str | None, root: str) -> None:
    """A file that is wanted twice is there once, with all that is wanted of it."""
    known = found.get(path)
    if known is None:
        found[path] = FoundFile(path, _relative(path, root), named, () if name is None else (name,))
        return
    names = known.names
    if name is None:
        names = ()
    elif names and name not in names:
        names += (name,)
    found[path] = known._replace(named=known.named or named, names=names)


def _relative(path: str, directory: str) -> str:
    """The POSIX path from a directory; most often by cutting it off, as `relpath` takes its time."""
    inside = directory.rstrip(os.sep) + os.sep
    relative = path[len(inside) :] if path.startswith(inside) else os.path.relpath(path, directory)
    return relative.replace(os.sep, "/")


def _nothing_under(given: str, looked: _Looked) -> str:
    seen = looked.seen
    if seen == 0:
        reason = "there are no *.yml or *.yaml files"
    elif seen == 1:
        reason = "the one YAML file there has no list `scenarios`"
    else:
        reason = f"none of the {seen} YAML files there has a list `scenarios`"
    if looked.excluded:
        reason += f", apart from what `exclude` names ({looked.excluded} of its entries)"
    return f"no scenario file under {given}: {reason}"


def _under(directory: str, root: str, exclude: Sequence[str]) -> _Looked:
    """The scenario files under a directory, in natural order of their paths."""
    from lambda_scenarios.scenarios.sniff import is_scenario_file

    patterns = _patterns(exclude)
    top = os.path.realpath(directory)
    entered: set[str] = set()
    files: list[str] = []
    seen = excluded = 0
    waiting = [directory]
    while waiting:
        here = waiting.pop()
        real = os.path.realpath(here)
        if real in entered or top.startswith(real.rstrip(os.sep) + os.sep):  # a link upwards
            continue
        entered.add(real)
        for entry in _entries(here, root):
            name = entry.name
            if patterns and _excluded(entry.path, root, patterns):
                excluded += 1
                continue
            if _is(os.DirEntry.is_dir, entry):
                if name not in NOT_ENTERED and name[0] != ".":
                    # The last one waiting is taken next: links wait until all real directories were
                    # entered, so that one that is linked to as well keeps its own path.
                    waiting.insert(0 if entry.is_symlink() else len(waiting), entry.path)
            elif (
                name.endswith((".yml", ".yaml"))
                and name not in _DIRECTORY_DEFAULTS
                and _is(os.DirEntry.is_file, entry)
            ):
                seen += 1
                if is_scenario_file(entry.path):
                    files.append(entry.path)
    files.sort(key=lambda path: natural(_relative(path, directory)))
    return _Looked(files, seen, excluded)


def _entries(directory: str, root: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        shown = os.path.relpath(directory, root)
        raise UsageError(Diagnostic(f"{shown} can't be read: {error.strerror}")) from None


def natural(path: str) -> tuple[object, ...]:
    """Sort key of a path with slashes: numbers count as numbers, the rest goes by code point."""
    parts = []
    for name in path.split("/"):
        # Odd places hold the digits; the name itself tells `1` from `01`.
        pieces = enumerate(_DIGITS.split(name))
        parts.append((tuple(int(piece) if index % 2 else piece for index, piece in pieces), name))
    return tuple(parts)


def _is(kind: Callable[[os.DirEntry[str]], bool], entry: os.DirEntry[str]) -> bool:
    try:
        return kind(entry)
    except OSError:  # a link that leads to itself
        return False


def is_passed_over(path: str, root: str, exclude: Sequence[str]) -> bool:
    """Whether what lies at a path (absolute) is no matter of scenarios where it isn't named."""
    name = os.path.basename(path)
    return name in NOT_ENTERED or name in _DIRECTORY_DEFAULTS or _excluded(path, root, _patterns(exclude))


def _patterns(exclude: Sequence[str]) -> list[list[str]]:
    return [pattern.removeprefix("./").strip("/").split("/") for pattern in exclude]


def _excluded(path: str, root: str, patterns: list[list[str]]) -> bool:
    """Whether a pattern of one part is the path's last, or one of several the path from the root."""
    parts = _relative(path, root).split("/")
    return any(_fits(parts[-1:] if len(pattern) == 1 else parts, pattern) for pattern in patterns)


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """`**` stands for any number of parts, `*` for what one may be."""
    import fnmatch

    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[number:], pattern[1:]) for number in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])
