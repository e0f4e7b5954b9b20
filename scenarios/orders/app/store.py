"""The orders that exist. A table would be here; a file shipped with the service stands in for it."""

from __future__ import annotations

import copy
import json
import os

_DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data")


def _load(name: str):
    with open(os.path.join(_DATA, name), encoding="utf-8") as file:
        return json.load(file)


CATALOGUE = _load("catalogue.json")
# What is created lives as long as the process: the next invocation of a warm worker sees it.
_orders = {order["id"]: order for order in _load("orders.json")}


def find(order_id):
    """A copy of the order, or None."""
    return copy.deepcopy(_orders.get(order_id))


def find_reference(reference):
    """The order with this reference of the customer's, or None."""
    return next((copy.deepcopy(o) for o in _orders.values() if o["reference"] == reference), None)


def every(status=None):
    """All orders, the oldest first."""
    found = [o for o in _orders.values() if status is None or o["status"] == status]
    return copy.deepcopy(sorted(found, key=lambda order: order["id"]))


def save(order):
    _orders[order["id"]] = copy.deepcopy(order)
