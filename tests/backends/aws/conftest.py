"""A Lambda of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.moto_server import moto, moto_process
from tests.backends.aws import fake_lambda

__all__ = ["fake", "moto", "moto_process"]


@pytest.fixture
def fake() -> Iterator[fake_lambda.Fake]:
    with fake_lambda.running() as found:
        yield found
