"""What an order has to look like."""

from __future__ import annotations

import base64
import binascii
import json
import os

from app.store import CATALOGUE

CURRENCIES = ("EUR", "CHF", "GBP")


class InvalidOrder(Exception):
    """`details` is a list of {field, problem}."""

    def __init__(self, code, message, details=()):
        super().__init__(message)
        self.code = code
        self.details = details


def parse_body(event):
    """The JSON object that a proxy event carries."""
    body = event.get("body")
    if not body:
        raise InvalidOrder("missing_body", "the request has no body")
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body, validate=True).decode()
        order = json.loads(body)
    except (ValueError, binascii.Error):
        raise InvalidOrder("invalid_json", "the body is not JSON") from None
    if not isinstance(order, dict):
        raise InvalidOrder("invalid_json", "the body is not an object")
    return order


def check(order):
    """Raises InvalidOrder with all that is wrong, not only the first."""
    details = []
    if not str(order.get("customer", "")).startswith("c-"):
        details.append({"field": "customer", "problem": "must look like c-42"})
    if order.get("currency", "EUR") not in CURRENCIES:
        details.append({"field": "currency", "problem": "must be one of " + ", ".join(CURRENCIES)})
    items = order.get("items")
    if not isinstance(items, list) or not items:
        details.append({"field": "items", "problem": "must have at least one item"})
        items = []
    most = int(os.environ["MAX_QUANTITY"])
    for i, item in enumerate(items):
        quantity = item.get("quantity")
        if item.get("sku") not in CATALOGUE:
            details.append({"field": f"items[{i}].sku", "problem": "there is no such article"})
        if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= most:
            details.append({"field": f"items[{i}].quantity", "problem": f"must be from 1 to {most}"})
    if details:
        raise InvalidOrder("invalid_order", "the order is not valid", details)
