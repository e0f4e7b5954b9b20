"""The list of runtimes beside the one of Lambda's own API."""

from __future__ import annotations

from botocore.loaders import Loader

from lambda_scenarios.services.runtime_identifiers import RUNTIME_IDENTIFIERS


def test_every_runtime_of_the_api_is_known() -> None:
    enumeration = Loader().load_service_model("lambda", "service-2")["shapes"]["Runtime"]["enum"]
    assert set(enumeration) - {"custom"} <= set(RUNTIME_IDENTIFIERS)
    # These were there for container images only.
    assert set(RUNTIME_IDENTIFIERS) - set(enumeration) <= {"dotnet5.0", "dotnet7", "dotnet9"}
