"""A sample event as it is handed out: read from its file, in the region of whoever asks."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.sample_events.catalogue import advice, find

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json, Origin

# The region of the files. Functions of Lambda@Edge, which always run there, have it nowhere in their events.
REGION = "us-east-1"

_DATA = os.path.join(os.path.dirname(__file__), "data")


def sample_event(name: str, region: str | None = None, where: Origin | None = None) -> Json:
    """A new copy of the sample event of that name or alias; `region` stands wherever a region does.

    Raises UsageError at `where`.
    """
    sample = find(name)
    if sample is None:
        raise UsageError(Diagnostic(f"there is no sample event `{name}`", where, "", advice(name)))
    with open(os.path.join(_DATA, f"{sample.name}.json"), encoding="utf-8") as file:
        text = file.read()
    if region is None or region == REGION:
        return _parsed(text)
    value = _parsed(text.replace(REGION, json.dumps(region)[1:-1]))
    _sign(value)
    return value


def _parsed(text: str) -> Json:
    value: Json = json.loads(text)
    return value


def _sign(value: Json) -> None:
    """Messages of SQS have the MD5 of their body beside it, and some bodies name the region."""
    records = value.get("Records") if isinstance(value, dict) else value
    for record in records if isinstance(records, list) else ():
        if isinstance(record, dict) and "md5OfBody" in record:
            import hashlib

            body = str(record["body"]).encode()
            record["md5OfBody"] = hashlib.md5(body, usedforsecurity=False).hexdigest()
