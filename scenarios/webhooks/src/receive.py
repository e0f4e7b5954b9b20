"""Takes the text of a webhook as it came, since its signature is about every byte."""

import hashlib
import json
import os

from signing import signature  # of the layer


def receive(event, context):
    if not isinstance(event, str):
        raise TypeError("the payload must be a text")
    return {
        "digest": hashlib.sha256(event.encode()).hexdigest(),
        "signature": signature(os.environ["WEBHOOK_SECRET"], event),
        "kind": json.loads(event)["kind"],
    }


def health(event, context):
    """Called by Lambda, and by an old script that passes its own name for the context."""
    caller = context if isinstance(context, str) else context.function_name
    return {"caller": caller, "home": os.environ["LAMBDA_TASK_ROOT"].rpartition("/")[2], "event": event}
