"""Lanes keep the order and lose nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.execution.plan import INIT_LIMIT, Assignment, Task, WorkerSpec, lanes, one_by_one
from lambda_scenarios.runtimes.runtime import Debugger
from tests.execution.running import task

SPECS = [WorkerSpec((f"/bin/{number}",), (), 16, "", number) for number in range(1, 5)]


@given(st.lists(st.tuples(st.sampled_from(SPECS), st.booleans()), max_size=30))
def test_lanes(wanted: list[tuple[WorkerSpec, bool]]) -> None:
    assignments = [
        Assignment(spec, task(case), str(case) if cold else None) for case, (spec, cold) in enumerate(wanted)
    ]
    planned = lanes(assignments)
    assert sorted(one.case for lane in planned for one in lane.tasks) == list(range(len(wanted)))
    firsts = [lane.tasks[0].case for lane in planned]
    assert firsts == sorted(firsts)
    for lane in planned:
        cases = [one.case for one in lane.tasks]
        assert cases == sorted(cases)
        for case in cases:
            spec, cold = wanted[case]
            assert spec == lane.spec
            assert not cold or cases == [case]
    warm = [lane.spec for lane in planned if not wanted[lane.tasks[0].case][1]]
    assert len(warm) == len({spec.number for spec in warm})


def test_an_invocation_says_how_long_it_may_take() -> None:
    headers = task(0, timeout=2.5).headers(1000.0)
    assert headers == b"Lambda-Runtime-Deadline-Ms: 1002500\r\nLambda-Scenarios-Remaining-Ms: 2500.000\r\n"


def test_the_order_of_tasks_is_that_of_their_cases_unless_told() -> None:
    first = Task(7, b"{}", 1.0, 1000.0, b"")
    assert first.place == 7
    assert first._replace(order=0).place == 0


def test_one_by_one_finishes_a_lane_before_the_next() -> None:
    spec = WorkerSpec(("x",), (), 1, "", 1)
    other = spec._replace(number=2)
    tasks = [Task(number, b"{}", 1.0, 1000.0, b"", order=number) for number in range(3)]
    assignments = [Assignment(one, task) for one, task in zip((spec, other, spec), tasks, strict=True)]
    found = one_by_one(lanes(assignments))
    assert [[(task.case, task.place) for task in lane.tasks] for lane in found] == [
        [(0, 0), (2, 1)],
        [(1, 2)],
    ]


def test_who_waits_for_a_debugger_has_no_limit_for_loading() -> None:
    spec = WorkerSpec(("x",), (), 1, "", 1)
    assert spec.init_limit == INIT_LIMIT
    assert spec._replace(debugger=Debugger(b"listens", "", "")).init_limit == float("inf")
