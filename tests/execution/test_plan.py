"""Lanes keep the order and lose nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.execution.plan import Assignment, Task, WorkerSpec, lanes
from tests.execution.running import task

SPECS = [WorkerSpec((f"/bin/{number}",), (), 16, "", number) for number in range(1, 5)]


@given(st.lists(st.tuples(st.sampled_from(SPECS), st.booleans()), max_size=30))
def test_lanes(wanted: list[tuple[WorkerSpec, bool]]) -> None:
    assignments = [Assignment(spec, task(case), cold) for case, (spec, cold) in enumerate(wanted)]
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
