"""A real engine: where there is none, these tests say what installs it. No test leaves a container."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.docker import engine


@pytest.fixture(autouse=True)
def _no_container_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    if "no_engine" in request.keywords:
        yield
        return
    engine.require()
    yield
    assert engine.containers() == []
