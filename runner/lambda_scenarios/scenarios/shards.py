"""Which shard each scenario belongs to. Pure: every machine finds the same.

By count, shards are stretches of the suite in its order: the scenarios of a file share workers, and another
scenario moves at most one across each border. By time, the longest go first, each to the emptiest shard, and
then some change places as long as that makes the longest shard shorter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lambda_scenarios.scenarios.draft import Expanded

# What a scenario takes beside its invocations, in microseconds: none weighs nothing.
_LEAST = 1_000
# How far above what is possible at all the longest shard may stay, as a part of it.
_CLOSE_ENOUGH = 200
_MOST_EXCHANGES = 10_000
_MOST_TRIED = 50_000
_MOST_SEARCHED = 200  # units: it descends by one for each


class Timing(NamedTuple):
    """How long a scenario took in an earlier run, in milliseconds; `starts_ms` is what the workers took to
    start that began with it."""

    function: str  # as in Record
    file: str
    duration_ms: float
    starts_ms: float = 0.0


class _Unit(NamedTuple):
    """What stays together: one scenario, or a serial group. `weight` in microseconds, or a number."""

    members: tuple[int, ...]
    weight: int


def shards_of(
    cases: Sequence[Expanded],
    count: int,
    timings: Mapping[str, Timing] | None = None,
) -> list[int]:
    """The shard of each case, from 0. No shard is empty where there are enough scenarios (or serial groups,
    whose members run one after another).

    Without `timings`, or where they know none of the scenarios, every scenario weighs the same.
    """
    weights = _weights(cases, timings or {})
    units = _units(cases, weights or [1] * len(cases))
    count = min(count, len(units))  # which may be a number that nobody can count to
    chosen = _stretches(units, count) if weights is None else _balanced(units, count)
    found = [0] * len(cases)
    for unit, shard in zip(units, chosen, strict=True):
        for member in unit.members:
            found[member] = shard
    return found


def fingerprint(cases: Sequence[Expanded], chosen: Sequence[int]) -> str:
    """Eight hexadecimal digits that agree where scenarios and their shards do."""
    from zlib import crc32

    text = "\n".join(f"{shard} {case.id}" for case, shard in zip(cases, chosen, strict=True))
    return f"{crc32(text.encode('utf-8', 'surrogatepass')):08x}"


def _units(cases: Sequence[Expanded], weights: Sequence[int]) -> list[_Unit]:
    """In the order of their first scenarios."""
    members: dict[tuple[str, str | int], list[int]] = {}
    for number, case in enumerate(cases):
        name = case.serial
        members.setdefault(("one", number) if name is None else ("group", name), []).append(number)
    return [_Unit(tuple(numbers), sum(weights[n] for n in numbers)) for numbers in members.values()]


def _stretches(units: Sequence[_Unit], count: int) -> list[int]:
    """Cuts where the shares end; a unit belongs to the share that its middle lies in."""
    total = sum(unit.weight for unit in units)
    chosen: list[int] = []
    before = 0
    for number, unit in enumerate(units):
        wanted = (2 * before + unit.weight) * count // (2 * total)
        # A large group must not leave a shard empty: none is passed over, and enough are left.
        last = chosen[-1] if chosen else -1
        chosen.append(max(min(wanted, last + 1), last, count - (len(units) - number), 0))
        before += unit.weight
    return chosen


def _weights(cases: Sequence[Expanded], timings: Mapping[str, Timing]) -> list[int] | None:
    """Microseconds of each case; None where nothing is known of any.

    Starts belong to a scenario that is cold, or where most of its function's have one: else any other would
    have it in another shard. One that the timings don't have takes as long as those of its function do (the
    median), else of its file, else all.
    """
    if not any(case.id in timings for case in cases):
        return None
    of_function: dict[str, list[Timing]] = {}
    for timing in timings.values():
        of_function.setdefault(timing.function, []).append(timing)
    cold = {
        name
        for name, those in of_function.items()
        if 2 * sum(one.starts_ms > 0 for one in those) > len(those)
    }

    def took(timing: Timing, is_cold: bool = False) -> float:
        return timing.duration_ms + (timing.starts_ms if is_cold or timing.function in cold else 0.0)

    of_file: dict[str, list[float]] = {}
    for timing in timings.values():
        of_file.setdefault(timing.file, []).append(took(timing))
    functions = {name: _median(map(took, those)) for name, those in of_function.items()}
    files = {name: _median(durations) for name, durations in of_file.items()}
    general = _median(map(took, timings.values()))
    weights = []
    for case in cases:
        known = timings.get(case.id)
        if known is not None:
            duration = took(known, case.draft.isolation == "cold")
        else:
            function = ", ".join(case.functions)
            duration = functions.get(function, files.get(case.draft.head.id, general))
        weights.append(_LEAST + round(duration * 1000))
    return weights


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _balanced(units: Sequence[_Unit], count: int) -> list[int]:
    """Longest first into the emptiest, then exchanges."""
    import heapq

    chosen = [0] * len(units)
    loads = [0] * count
    emptiest = [(0, shard) for shard in range(count)]
    for number in sorted(range(len(units)), key=lambda n: (-units[n].weight, n)):
        load, shard = heapq.heappop(emptiest)
        chosen[number] = shard
        loads[shard] = load + units[number].weight
        heapq.heappush(emptiest, (loads[shard], shard))
    _exchange(units, chosen, loads)
    if max(loads) > _enough(units, count):
        _search(units, chosen, loads)
    return chosen


def _enough(units: Sequence[_Unit], count: int) -> int:
    """How long the longest shard may be: little more than what is possible at all."""
    total = sum(unit.weight for unit in units)
    possible = max(-(-total // count), max((unit.weight for unit in units), default=0))
    return possible + possible // _CLOSE_ENOUGH


def _search(units: Sequence[_Unit], chosen: list[int], loads: list[int]) -> None:
    """Tries other divisions, the longest first as before, for as long as is reasonable: so it is exact for a
    dozen units, which exchanges of two don't always divide well."""
    order = sorted(range(len(units)), key=lambda n: (-units[n].weight, n))
    enough = _enough(units, len(loads))
    tried, best, path = 0, max(loads), [0] * len(units)
    found: list[int] | None = None
    at = [0] * len(loads)

    def place(depth: int) -> None:
        nonlocal tried, best, found
        if depth == len(order):
            best, found = max(at), list(path)
            return
        weight, seen = units[order[depth]].weight, set()
        none_may_stay_empty = len(order) - depth <= at.count(0)
        for shard in sorted(range(len(at)), key=lambda one: (at[one], one)):
            if at[shard] + weight >= best:
                return  # as with all that are fuller
            if at[shard] in seen or (none_may_stay_empty and at[shard]):
                continue  # like one that was tried, or one too many for the rest
            seen.add(at[shard])
            tried += 1
            if tried > _MOST_TRIED or best <= enough:
                return
            at[shard] += weight
            path[order[depth]] = shard
            place(depth + 1)
            at[shard] -= weight

    if len(units) <= _MOST_SEARCHED:
        place(0)
    if found is not None:
        chosen[:] = found


def _exchange(units: Sequence[_Unit], chosen: list[int], loads: list[int]) -> None:
    """Lets units of the longest shard change places with shorter ones of others, as long as that helps."""
    members: list[list[int]] = [[] for _ in loads]
    for number, shard in enumerate(chosen):
        members[shard].append(number)
    enough = _enough(units, len(loads))
    for _ in range(_MOST_EXCHANGES):
        longest = max(range(len(loads)), key=lambda shard: (loads[shard], -shard))
        if loads[longest] <= enough:
            return
        best = _best_exchange(units, members, loads, longest)
        if best is None:
            return
        mine, shard, theirs = best
        members[longest].remove(mine)
        members[shard].append(mine)
        chosen[mine] = shard
        difference = units[mine].weight
        if theirs is not None:
            members[shard].remove(theirs)
            members[longest].append(theirs)
            chosen[theirs] = longest
            difference -= units[theirs].weight
        loads[longest] -= difference
        loads[shard] += difference


def _best_exchange(
    units: Sequence[_Unit], members: Sequence[list[int]], loads: Sequence[int], longest: int
) -> tuple[int, int, int | None] | None:
    """What of the longest shard goes where, and for what (None: nothing): that which leaves the longer of the
    two shortest. None where nothing makes them shorter."""
    from bisect import bisect_left

    best: tuple[int, int, int, int | None] | None = None
    for shard in sorted(range(len(loads)), key=lambda one: (loads[one], one)):
        gap = loads[longest] - loads[shard]
        if gap < 2 or (best is not None and loads[longest] - gap // 2 >= best[0]):
            break  # from here on, not even halving the gap would be better
        theirs = sorted((units[number].weight, number) for number in members[shard])
        for mine in members[longest]:
            weight = units[mine].weight
            # What is moved in the end should be half the gap.
            ideal = weight - gap // 2
            at = bisect_left(theirs, (ideal, -1))
            candidates: list[tuple[int, int | None]] = [(0, None)]
            candidates += theirs[max(at - 1, 0) : at + 1]
            for other, number in candidates:
                moved = weight - other
                if 0 < moved < gap:
                    longer = max(loads[longest] - moved, loads[shard] + moved)
                    if best is None or longer < best[0]:
                        best = (longer, mine, shard, number)
    return None if best is None else best[1:]
