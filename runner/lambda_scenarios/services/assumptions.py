"""Facts of an account that something is put in place of, where AWS can't be asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lambda_scenarios.errors import Diagnostic
from lambda_scenarios.model.values import Origin


class Assumptions:
    """Those of one service. Each is told once, at the first value that needed it."""

    def __init__(self) -> None:
        self._told: dict[str, Diagnostic] = {}
        self._askers: list[Origin] = []

    @contextmanager
    def needed_by(self, origin: Origin) -> Iterator[None]:
        """What is assumed meanwhile is assumed for the value there."""
        self._askers.append(origin)
        try:
            yield
        finally:
            self._askers.pop()

    def add(self, what: str, value: str, reason: str, notes: tuple[str, ...], *, name: str = "") -> None:
        """`what` is taken as `value`, for a reason; `name` is its key in `resolve`, if it has one.

        Nothing is told of what no value of a function needs.
        """
        if what in self._told or not self._askers:
            return
        if name:
            notes = (*notes, f"`resolve: {{'{name}': '…'}}` in the scenario file says which it is")
        problem = f"{what} taken as {value}: {reason}"
        self._told[what] = Diagnostic(problem, self._askers[-1], "", notes, severity="warning")

    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(self._told.values())
