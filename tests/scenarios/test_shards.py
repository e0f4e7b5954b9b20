"""Shards: each scenario in exactly one, balanced, the same everywhere, and few moves."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_scenarios.scenarios.draft import Draft, Expanded, FileHead
from lambda_scenarios.scenarios.shards import Timing, fingerprint, shards_of

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADS = [FileHead(f"/p/{name}", name, "/p", (), False, ()) for name in ("a.yml", "b.yml", "c.yml")]


def case(number: int, head: FileHead = HEADS[0], function: str = "f") -> Expanded:
    draft = Draft(head, number, f"s{number}", {})
    return Expanded(draft, f"{head.id}::s{number}", f"s{number}", (), function)


def suite(durations: Sequence[float]) -> tuple[list[Expanded], dict[str, Timing]]:
    cases = [case(number) for number in range(len(durations))]
    return cases, {c.id: Timing("f", "a.yml", ms) for c, ms in zip(cases, durations, strict=True)}


def loads(durations: Sequence[float], chosen: Sequence[int], count: int) -> list[float]:
    found = [0.0] * count
    for duration, shard in zip(durations, chosen, strict=True):
        found[shard] += duration
    return found


@st.composite
def suites(draw: st.DrawFn) -> list[Expanded]:
    names = st.one_of(st.none(), st.none(), st.sampled_from(("db", "queue", "cache")))
    return [
        case(number, draw(st.sampled_from(HEADS)), draw(st.sampled_from(("f", "g"))))._replace(
            serial=draw(names)
        )
        for number in range(draw(st.integers(0, 60)))
    ]


@given(suites(), st.integers(1, 50), st.data())
@settings(max_examples=200, deadline=None)
def test_every_scenario_is_in_one_shard_and_groups_stay_together(
    cases: list[Expanded], count: int, data: st.DataObject
) -> None:
    known = data.draw(
        st.lists(st.sampled_from(cases), unique_by=lambda one: one.id) if cases else st.just([])
    )
    durations = st.floats(0, 1e6, allow_nan=False)
    timings = {one.id: Timing(one.function or "", one.draft.head.id, data.draw(durations)) for one in known}
    chosen = shards_of(cases, count, timings)
    parts = [[c.id for c, shard in zip(cases, chosen, strict=True) if shard == n] for n in range(count)]
    assert sorted(itertools.chain(*parts)) == sorted(c.id for c in cases)
    assert chosen == shards_of(cases, count, dict(reversed(timings.items())))
    of_group: dict[str, set[int]] = {}
    for one, shard in zip(cases, chosen, strict=True):
        if one.serial is not None:
            of_group.setdefault(one.serial, set()).add(shard)
    assert all(len(shards) == 1 for shards in of_group.values())
    units = len(of_group) + sum(one.serial is None for one in cases)
    assert sum(map(bool, parts)) == min(count, units), "a shard is empty that need not be"


@pytest.mark.parametrize("timed", [False, True])
def test_more_shards_than_a_machine_can_count(timed: bool) -> None:
    cases, timings = suite([3.0, 1.0, 2.0])
    assert sorted(shards_of(cases, 10**15, timings if timed else None)) == [0, 1, 2]
    assert shards_of([], 10**15, timings) == []


@given(st.integers(0, 300), st.integers(1, 50))
def test_without_timings_shards_differ_by_one_at_most(size: int, count: int) -> None:
    chosen = shards_of([case(number) for number in range(size)], count)
    sizes = [chosen.count(shard) for shard in range(count)]
    assert max(sizes) - min(sizes) <= 1
    assert chosen == sorted(chosen), "neighbours share workers"


@given(st.integers(1, 300), st.integers(1, 50), st.data())
def test_one_more_scenario_moves_one_at_each_border_at_most(
    size: int, count: int, data: st.DataObject
) -> None:
    cases = [case(number) for number in range(size)]
    more = list(cases)
    more.insert(data.draw(st.integers(0, size)), case(size))
    before = dict(zip((c.id for c in cases), shards_of(cases, count), strict=True))
    after = dict(zip((c.id for c in more), shards_of(more, count), strict=True))
    assert sum(before[name] != after[name] for name in before) < count or count == 1


def best(durations: Sequence[int], count: int) -> int:
    """The shortest longest shard there can be: every division is tried."""
    found = sum(durations)
    loads = [0] * count

    def place(number: int) -> None:
        nonlocal found
        if number == len(durations):
            found = min(found, max(loads))
            return
        for shard in range(count):
            if loads[shard] + durations[number] >= found:
                continue
            loads[shard] += durations[number]
            place(number + 1)
            loads[shard] -= durations[number]
            if loads[shard] == 0:
                break  # the empty ones are alike

    place(0)
    return found


@given(st.lists(st.integers(1, 100), min_size=1, max_size=9), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_the_longest_shard_is_near_the_best_there_is(durations: list[int], count: int) -> None:
    seconds = [duration * 1000 for duration in durations]
    cases, timings = suite(seconds)
    chosen = shards_of(cases, count, timings)
    assert max(loads(durations, chosen, count)) <= 1.1 * best(durations, count)


@pytest.mark.parametrize("count", [2, 3, 7, 16, 50])
@pytest.mark.parametrize("skew", [1.0, 1.5, 2.5])
def test_a_skewed_suite_is_balanced(count: int, skew: float) -> None:
    """A few scenarios take seconds, most of them milliseconds (Zipf's law), in 2,000 of them."""
    durations = [60_000 / (1 + rank) ** skew for rank in range(2_000)]
    cases, timings = suite(durations)
    shards = loads(durations, shards_of(cases, count, timings), count)
    possible = max(sum(durations) / count, *durations)
    assert max(shards) <= 1.1 * possible


def test_what_the_longest_first_gets_wrong_is_exchanged() -> None:
    durations = [3000, 3000, 2000, 2000, 2000]
    cases, timings = suite(durations)
    assert loads(durations, shards_of(cases, 2, timings), 2) == [6000, 6000]


def test_unknown_scenarios_take_as_long_as_those_of_their_function_or_file() -> None:
    timings = {
        "x::1": Timing("slow", "a.yml", 8000),
        "x::2": Timing("slow", "a.yml", 10_000),
        "x::3": Timing("slow", "a.yml", 90_000),
        "x::4": Timing("quick", "b.yml", 10),
        "x::5": Timing("known", "b.yml", 10),
    }
    # Two of the slow function weigh as much as all the others together could not.
    cases = [case(0, HEADS[2], "slow"), case(1, HEADS[2], "slow")]
    cases += [case(n, HEADS[1], "new") for n in range(2, 12)]
    cases.append(case(12)._replace(id="x::4"))
    chosen = shards_of(cases, 3, timings)
    assert chosen[0] != chosen[1]
    assert len({*chosen[2:]}) == 1
    assert chosen[2] not in chosen[:2]


def test_scenarios_with_steps_take_as_long_as_those_of_the_same_functions() -> None:
    timings = {"x::1": Timing("f, g", "a.yml", 9000), "x::2": Timing("f", "c.yml", 10)}
    several = case(0, HEADS[2], "")._replace(function=None, step_functions=("f", "g", "f"))
    cases = [several, case(1)._replace(id="x::2"), *(case(n, HEADS[2]) for n in range(2, 9))]
    chosen = shards_of(cases, 2, timings)
    assert chosen.count(chosen[0]) == 1


def test_starts_count_where_scenarios_are_cold() -> None:
    """A warm one's start is any other's in another shard."""
    cases = [case(number) for number in range(8)]
    durations = {one.id: Timing("f", "a.yml", 100) for one in cases}
    one_start = {**durations, cases[0].id: Timing("f", "a.yml", 100, 700)}
    assert shards_of(cases, 2, one_start) == shards_of(cases, 2, durations)
    cold = [cases[0]._replace(draft=cases[0].draft._replace(isolation="cold")), *cases[1:]]
    chosen = shards_of(cold, 2, one_start)
    assert chosen.count(chosen[0]) == 1
    slow = {one.id: Timing("java", "a.yml", 100, 1500) for one in cases[:4]}
    quick = {one.id: Timing("python", "a.yml", 300, 50) for one in cases[4:]}
    chosen = shards_of(cases, 2, slow | quick)
    assert sum(chosen[:4]) == sum(chosen[4:]) == 2


def test_timings_that_know_nothing_of_the_suite_don_t_matter() -> None:
    cases = [case(number) for number in range(10)]
    assert shards_of(cases, 3, {"other::one": Timing("f", "a.yml", 5.0)}) == shards_of(cases, 3)


def test_a_fingerprint_tells_of_other_scenarios_and_other_shards() -> None:
    cases = [case(number) for number in range(4)]
    found = {
        fingerprint(cases, [0, 0, 1, 1]),
        fingerprint(cases, [0, 1, 1, 1]),
        fingerprint(cases[:3], [0, 0, 1]),
        fingerprint([*cases[:3], case(9)], [0, 0, 1, 1]),
    }
    assert len(found) == 4
    assert fingerprint(cases, [0, 0, 1, 1]) in found
