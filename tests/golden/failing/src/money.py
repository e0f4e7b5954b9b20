from decimal import Decimal


def amount(text):
    if Decimal(text) < 0:
        raise ValueError(f"negative amount: {text}")
    return float(text)
