"""The cells of a CI matrix: which arguments of `run` select which part of the suite.

Every selected scenario is in exactly one cell, and no cell is empty. What a cell's arguments select is known
exactly, as it is computed here by what `run` does with them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic, NothingSelected, UsageError, did_you_mean
from lambda_scenarios.scenarios.shards import shards_of

if TYPE_CHECKING:
    from lambda_scenarios.scenarios.draft import Expanded
    from lambda_scenarios.scenarios.shards import Timing

_PLAIN_TAG = re.compile(r"[\w.:/@+-]+")
_WORDS = frozenset(("and", "or", "not"))


class Cell(NamedTuple):
    """One job. `arguments` are those of `run` that select its `cases`; `runtimes` what these need, where the
    cells were made by it."""

    name: str
    cases: tuple[Expanded, ...]
    arguments: tuple[str, ...]
    runtimes: tuple[str, ...] = ()


class Given(NamedTuple):
    """What the command line says of every cell: `paths` relative to `cwd`, `rest` as it is passed on.

    `chosen` is what it selects; `any_function` what it would without `--function`.
    """

    cwd: str
    chosen: Sequence[Expanded]
    any_function: Sequence[Expanded]
    paths: tuple[str, ...]
    functions: tuple[str, ...] = ()
    tag: str | None = None
    rest: tuple[str, ...] = ()
    each_named: bool = False  # nothing but their names says which scenarios are selected

    def arguments(
        self,
        *own: str,
        paths: tuple[str, ...] | None = None,
        functions: tuple[str, ...] | None = None,
        tag: str | None = None,
    ) -> tuple[str, ...]:
        """Of a cell: what is given here stands in the place of what holds for all."""
        found = [
            f"./{path}" if path.startswith("-") else path for path in (self.paths if paths is None else paths)
        ]
        tag = self.tag if tag is None else tag
        if tag is not None:
            found += option("--tag", tag)
        for function in self.functions if functions is None else functions:
            found += option("--function", function)
        return (*found, *self.rest, *own)

    def at(self, paths: tuple[str, ...], cases: Sequence[Expanded]) -> tuple[str, ...]:
        """Of a cell with paths of its own, where a function that none of its `cases` calls is a mistake."""
        called = {key for case in cases for key in case.functions}
        return self.arguments(paths=paths, functions=tuple(key for key in self.functions if key in called))


def option(name: str, value: str) -> tuple[str, ...]:
    """As a command line has it; a value that looks like an option needs the equals sign."""
    return (f"{name}={value}",) if value.startswith("-") else (name, value)


def by_shards(given: Given, count: int, timings: Mapping[str, Timing] | None) -> list[Cell]:
    """At most `count` shards: no more than there are scenarios, or serial groups."""
    cases = given.chosen
    if not cases:
        return []
    chosen = shards_of(cases, min(count, len(cases)), timings)
    used = len(set(chosen))
    if used < count:
        chosen = shards_of(cases, used, timings)
    return [
        Cell(
            f"shard {number} of {used}",
            tuple(case for case, shard in zip(cases, chosen, strict=True) if shard == number - 1),
            given.arguments("--shard", f"{number}/{used}"),
        )
        for number in range(1, used + 1)
    ]


def by_function(given: Given) -> list[Cell]:
    """One for each function; functions that a scenario or a serial group have in common are in one cell."""

    def named(case: Expanded) -> tuple[str, ...]:
        return tuple(key for key in case.functions if not given.functions or key in given.functions)

    found = []
    for keys, cases in _united(given.chosen, named):
        paths = ids(cases, given.cwd) if given.each_named else given.paths
        arguments = given.arguments(paths=paths, functions=keys)
        if not all(case.functions for case in cases):  # a mistake, which `run` tells of
            arguments = given.at(ids(cases, given.cwd), cases)
        found.append(Cell(" + ".join(keys) or "no function", cases, arguments))
    return found


def by_file(given: Given) -> list[Cell]:
    """One for each scenario file; files that a serial group has in common are in one cell."""
    return [
        Cell(" + ".join(files), cases, given.at(_files(cases, given), cases))
        for files, cases in _united(given.chosen, lambda case: (case.draft.head.id,))
    ]


def by_runtime(given: Given, runtime_of: Callable[[Expanded, str], str]) -> list[Cell]:
    """One for each runtime; runtimes that a scenario or a serial group need together are in one cell."""

    def needed(case: Expanded) -> tuple[str, ...]:
        return tuple(dict.fromkeys(runtime_of(case, key) for key in case.functions))

    return [
        Cell(" + ".join(runtimes) or "no function", cases, _selecting(cases, given), runtimes)
        for runtimes, cases in _united(given.chosen, needed)
    ]


def by_tags(given: Given, tags: Sequence[str], known: Collection[str]) -> list[Cell]:
    """One for each tag, of what no earlier one has; one for the rest, so that nothing is lost. A serial group
    is where the first of its scenarios is.

    `known` are the tags of all scenarios, selected or not: raises NothingSelected for another.
    """
    for tag in tags:
        if tag not in known:
            near = did_you_mean(tag, tuple(known))
            listed = ", ".join(sorted(known))
            hint = f"; did you mean `{near}`?" if near else f"; there are: {listed}" if known else ""
            raise NothingSelected(f"--tags: no scenario has the tag `{tag}`{hint}")
    own = [next((n for n, tag in enumerate(tags) if tag in case.tags), len(tags)) for case in given.chosen]
    first: dict[str, int] = {}
    for case, place in zip(given.chosen, own, strict=True):
        if case.serial is not None:
            first[case.serial] = min(place, first.get(case.serial, place))
    places = [
        place if case.serial is None else first[case.serial]
        for case, place in zip(given.chosen, own, strict=True)
    ]
    base = "" if given.tag is None else f"({given.tag}) and "
    found: list[Cell] = []
    for number, name in enumerate((*tags, "the rest")):
        cases = tuple(case for case, place in zip(given.chosen, places, strict=True) if place == number)
        if not given.each_named and all(
            (one == number) == (other == number) for one, other in zip(own, places, strict=True)
        ):
            terms = (
                *map(_quoted, tags[number : number + 1]),
                *(f"not {_quoted(tag)}" for tag in tags[:number]),
            )
            arguments = given.arguments(tag=base + " and ".join(terms))
        else:
            arguments = given.at(ids(cases, given.cwd), cases)
        if cases:
            found.append(Cell(name, cases, arguments))
    return found


def _quoted(tag: str) -> str:
    """A tag as an operand of an expression."""
    if _PLAIN_TAG.fullmatch(tag) and tag not in _WORDS:
        return tag
    for mark in "\"'":
        if mark not in tag:
            return f"{mark}{tag}{mark}"
    raise UsageError(Diagnostic(f"--tags: `{tag}` has both kinds of quotation marks"))


def _united(
    cases: Sequence[Expanded], keys_of: Callable[[Expanded], tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], tuple[Expanded, ...]]]:
    """The cases by what they need; sets of keys that have one, or cases of one serial group, in common become
    one."""
    leaders: dict[tuple[str, str], tuple[str, str]] = {}

    def leader(key: tuple[str, str]) -> tuple[str, str]:
        while leaders.setdefault(key, key) != key:
            leaders[key] = key = leaders[leaders[key]]
        return key

    keyed = [[("key", key) for key in keys_of(case)] or [("no key", "")] for case in cases]
    for case, keys in zip(cases, keyed, strict=True):
        if case.serial is not None:
            keys.append(("serial", case.serial))
        for key in keys[1:]:
            leaders[leader(key)] = leader(keys[0])
    members: dict[tuple[str, str], list[Expanded]] = {}
    names: dict[tuple[str, str], set[str]] = {}
    for case, keys in zip(cases, keyed, strict=True):
        members.setdefault(leader(keys[0]), []).append(case)
        names.setdefault(leader(keys[0]), set()).update(name for kind, name in keys if kind == "key")
    for first, found in members.items():
        yield tuple(sorted(names[first])), tuple(found)


def _selecting(cases: Sequence[Expanded], given: Given) -> tuple[str, ...]:
    """Arguments that select exactly these: functions, files or both, else each by its name."""
    wanted = {case.id for case in cases}
    functions = tuple(dict.fromkeys(key for case in cases for key in case.functions))
    named = set(functions)
    files = {case.draft.head.id for case in cases}
    of_functions = {case.id for case in given.any_function if named.intersection(case.functions)}
    of_files = {case.id for case in given.chosen if case.draft.head.id in files}
    both = {
        case.id
        for case in given.any_function
        if case.draft.head.id in files and named.intersection(case.functions)
    }
    paths = _files(cases, given)
    exact: list[tuple[str, ...]] = []
    if of_functions == wanted:
        exact.append(given.arguments(functions=functions))
    if of_files == wanted:
        exact.append(given.at(paths, cases))
    if both == wanted:
        exact.append(given.arguments(paths=paths, functions=functions))
    if not exact:
        return given.at(ids(cases, given.cwd), cases)
    return min(exact, key=len)


def _files(cases: Sequence[Expanded], given: Given) -> tuple[str, ...]:
    """Paths that mean the files of these cases, as far as they are wanted."""
    if given.each_named:
        return ids(cases, given.cwd)
    cwd = given.cwd
    heads = {case.draft.head.id: case.draft.head for case in cases}
    return tuple(
        path
        for head in heads.values()
        for path in (
            [f"{_shown(head.path, cwd)}::{name}" for name in head.wanted] or [_shown(head.path, cwd)]
        )
    )


def ids(cases: Iterable[Expanded], cwd: str) -> tuple[str, ...]:
    return tuple(f"{_shown(case.draft.head.path, cwd)}::{case.name}" for case in cases)


def _shown(path: str, cwd: str) -> str:
    return os.path.relpath(path, cwd)
