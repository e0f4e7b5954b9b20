"""Pairing two lists where each may be paired with several: a maximum matching by augmenting paths."""

from __future__ import annotations

from collections.abc import Callable


def pair_all(left: int, right: int, fits: Callable[[int, int], bool]) -> list[int] | None:
    """For each of `left` items the one of `right` that it is paired with; None where some find none."""
    pairs = _pair(left, right, fits, stop_early=True)
    return None if pairs is None else [j for j in pairs if j is not None]


def pair_most(left: int, right: int, fits: Callable[[int, int], bool]) -> list[int | None]:
    """As many pairs as can be had: for each of `left` items its partner, or None."""
    return _pair(left, right, fits, stop_early=False) or []


def _pair(
    left: int, right: int, fits: Callable[[int, int], bool], stop_early: bool
) -> list[int | None] | None:
    """`fits` is asked at most once for each pair, and only where the answer matters."""
    known: dict[tuple[int, int], bool] = {}
    partner_of_left: list[int | None] = [None] * left
    partner_of_right: list[int | None] = [None] * right

    def edge(i: int, j: int) -> bool:
        answer = known.get((i, j))
        if answer is None:
            answer = known[i, j] = fits(i, j)
        return answer

    for start in range(left):
        # Breadth first, not recursive: lists may be longer than Python's stack.
        came_from: dict[int, int] = {}
        waiting = [start]
        free: int | None = None
        while waiting and free is None:
            i = waiting.pop(0)
            # Most lists come in the expected order: the item at the same index is tried first.
            order = [i, *range(i), *range(i + 1, right)] if i < right else range(right)
            for j in order:
                if j in came_from or not edge(i, j):
                    continue
                came_from[j] = i
                taken_by = partner_of_right[j]
                if taken_by is None:
                    free = j
                    break
                waiting.append(taken_by)
        if free is None:
            if stop_early:
                return None
            continue
        step: int | None = free
        while step is not None:
            i = came_from[step]
            before = partner_of_left[i]
            partner_of_left[i], partner_of_right[step] = step, i
            step = before
    return partner_of_left
