"""Exports orders in batches, and stops in time: the rest is for the next invocation."""

from __future__ import annotations

import os

from app import store
from app.logs import log

_NEEDED_MS = 2_000


def handler(event, context):
    size = int(os.environ["BATCH_SIZE"])
    orders = [order for order in store.every() if order["id"] > event.get("after", "")]
    exported = []
    while orders:
        if context.get_remaining_time_in_millis() < _NEEDED_MS:
            log("WARNING", "out of time", exported=len(exported), left=len(orders))
            break
        batch, orders = orders[:size], orders[size:]
        exported += [order["id"] for order in batch]
    client = context.client_context
    identity = context.identity
    return {
        "exported": exported,
        "complete": not orders,
        "archive": os.environ["ARCHIVE"],
        "by": {
            "function": context.function_name,
            "version": context.function_version,
            "alias": context.invoked_function_arn.split(":")[7:] or None,
            "memory": int(context.memory_limit_in_mb),
            "log": [context.log_group_name, context.log_stream_name],
            "request": context.aws_request_id,
            "identity": getattr(identity, "cognito_identity_id", None),
            "client": client.client.app_title if client and client.client else None,
            "tenant": getattr(context, "tenant_id", None),
        },
    }
