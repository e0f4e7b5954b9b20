"""Every morning at five: the figures of the day before."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from reports.history import by, sales


def handler(event, context):
    day = event.get("day")
    if day is None:  # by the clock of the schedule, so that a late start gives the same report
        scheduled = datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")
        day = (scheduled - timedelta(days=1)).strftime("%Y-%m-%d")
    rows = list(sales(day, day))
    print(f"{day}: {len(rows)} sales")
    return {
        "day": day,
        "currency": os.environ["CURRENCY"],
        "sales": len(rows),
        "revenue": sum(row["revenue"] for row in rows),
        "products": by(rows, "product"),
        "shops": by(rows, "shop"),
    }
