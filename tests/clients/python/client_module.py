"""The client's file as a module, for tests of its parts that need no process."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

CLIENT = os.path.normpath(
    os.path.join(
        os.path.dirname(os.path.abspath(__file__)),
        "../../../runner/lambda_scenarios/runtimes/clients/python_client.py",
    )
)


def load_client() -> Any:
    spec = importlib.util.spec_from_file_location("client_under_test", CLIENT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
