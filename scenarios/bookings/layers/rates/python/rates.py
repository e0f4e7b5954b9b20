"""Prices of a night in cents, and what a currency is worth, shared by all functions as a layer."""

NIGHT = {"single": 8900, "double": 12900, "suite": 24900}
PER_EURO = {"EUR": 100, "USD": 108, "CHF": 95}


def price(room: str, nights: int, currency: str) -> float:
    return round(NIGHT[room] * nights * PER_EURO[currency] / 10_000, 2)
