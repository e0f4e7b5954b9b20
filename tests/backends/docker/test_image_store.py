"""Looking at an image leaves nothing, whenever it is interrupted."""

from __future__ import annotations

import os
from typing import Any

import pytest

from lambda_scenarios.backends.docker.engine import connect
from lambda_scenarios.backends.docker.image_store import ImageStore
from lambda_scenarios.model.function import Function, ServiceInfo
from tests.backends.docker import images


@pytest.mark.parametrize("moment", ["create_container", "get_archive", "remove_container"])
def test_interrupted(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The fixture of this directory finds no container left.
    image = images.python()
    client = connect(os.environ).client
    once = getattr(client, moment)

    def interrupted(*arguments: Any, **named: Any) -> None:
        once(*arguments, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(client, moment, interrupted)
    function = Function("f", "f", "a.b", "python3.12", "/", ServiceInfo("s", "dev", "us-east-1", "/", None))
    with pytest.raises(KeyboardInterrupt):
        ImageStore(client, print).find((image,), None, needed_by=function)
    client.close()
