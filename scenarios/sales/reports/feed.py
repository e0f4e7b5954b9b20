"""Takes the feed of a shop: a list of sales in JSON, of which older shops send a text of their own."""

from __future__ import annotations

import json
import os
import sys
from decimal import Decimal


class FeedError(Exception):
    pass


def handler(event, context):
    if isinstance(event, str):
        _convert(event)
    version = event.get("version")
    if version != 2:
        raise FeedError(f"feed of version {version}, expected 2")
    accepted, rejected = [], []
    for i, sale in enumerate(event["sales"]):
        try:
            price = Decimal(str(sale["price"]))
            if price < 0:
                raise ValueError("negative price")
            accepted.append({"product": sale["product"], "price": price})
        except (KeyError, ValueError, ArithmeticError) as error:
            rejected.append({"line": i + 1, "reason": f"{type(error).__name__}: {error}"})
    print(json.dumps({"shop": event.get("shop"), "accepted": len(accepted), "rejected": len(rejected)}))
    return {"accepted": accepted, "rejected": rejected, "stage": os.environ["STAGE"]}


def _convert(text):
    """The converter of old feeds is a program that ends the process where it finds a fault."""
    for line in text.splitlines():
        if line.count("|") != 2:
            print(f"malformed line: {line!r}", file=sys.stderr)
            sys.exit(3)
    raise FeedError("feeds of version 1 are not taken any more")
