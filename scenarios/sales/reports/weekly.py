"""A table in plain text, for a message to the team."""

from __future__ import annotations

from datetime import date, timedelta

from reports.history import by, sales


def handler(event, context):
    year, week = event["week"].split("-W")
    monday = date.fromisocalendar(int(year), int(week), 1)
    rows = list(sales(str(monday), str(monday + timedelta(days=6))))
    lines = [f"Week {int(week)}: {monday} to {monday + timedelta(days=6)}", ""]
    lines += [f"{e['product']:<12}{e['quantity']:>4}{e['revenue']:>10.2f}" for e in by(rows, "product")]
    lines += ["", f"{'total':<16}{sum(row['revenue'] for row in rows):>10.2f}"]
    return "\n".join(lines)
