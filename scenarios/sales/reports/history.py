"""The sales of the past, from a file that is shipped with the service."""

from __future__ import annotations

import csv
import os
from decimal import Decimal

_FILE = os.path.join(os.environ["LAMBDA_TASK_ROOT"], "data", "sales.csv")


def sales(first, last):
    """Rows from the day `first` to the day `last`, both included (`2024-03-01`)."""
    with open(_FILE, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if first <= row["time"][:10] <= last:
                quantity, price = int(row["quantity"]), Decimal(row["price"])
                yield {**row, "quantity": quantity, "revenue": quantity * price}


def by(rows, key):
    """Quantity and revenue for each value of a column, the best first."""
    found = {}
    for row in rows:
        entry = found.setdefault(row[key], {key: row[key], "quantity": 0, "revenue": Decimal(0)})
        entry["quantity"] += row["quantity"]
        entry["revenue"] += row["revenue"]
    return sorted(found.values(), key=lambda entry: (-entry["revenue"], entry[key]))
