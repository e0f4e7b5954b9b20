"""What the tests of the engine share."""

from __future__ import annotations

import pytest

from tests.execution import running


@pytest.fixture(autouse=True)
def _children_of_other_tests() -> None:
    running._others = running.children()
