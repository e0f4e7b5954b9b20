"""Values as JavaScript writes them: what the Serverless Framework makes of numbers where text is needed.

So `012345678901` in an environment becomes `12345678901`, and `1.10` becomes `1.1`, as when deployed.
Source: ECMAScript, Number::toString and Array.prototype.toString.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.model.values import WrittenDate

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json

_NOT_NUMBERS = ("fraction", "sign")


def scalar_text(value: bool | int | float | str) -> str:
    """`value` as text: true, 1.1, 1e+21, and a string as it is."""
    if isinstance(value, WrittenDate):
        return _date_text(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number_text(value)


def text_in_text(value: Json) -> str | None:
    """`value` as it appears inside a longer text; None where it can't (a mapping).

    A list gives its elements with commas between, null among them as nothing.
    """
    if isinstance(value, list):
        parts = [text_in_text("" if element is None else element) for element in value]
        return ",".join(part for part in parts if part is not None) if None not in parts else None
    if value is None or isinstance(value, dict):
        return None
    return scalar_text(value)


def _date_text(written: str) -> str:
    """What a date of YAML is when it has become a `Date`: 2021-02-03T00:00:00.000Z."""
    from datetime import datetime, timedelta

    from lambda_scenarios.scenarios.yaml_scalars import DATE

    match = DATE.fullmatch(written)
    assert match is not None  # or it were no WrittenDate
    parts = {name: int(digits) for name, digits in match.groupdict("0").items() if name not in _NOT_NUMBERS}
    milliseconds = int((match["fraction"] or "")[:3].ljust(3, "0"))
    zone = timedelta(hours=parts["zone_hour"], minutes=parts["zone_minute"])
    months = parts["year"] * 12 + parts["month"] - 1
    try:
        moment = datetime(months // 12, months % 12 + 1, 1) + timedelta(
            days=parts["day"] - 1,
            hours=parts["hour"],
            minutes=parts["minute"],
            seconds=parts["second"],
            milliseconds=milliseconds,
        )
        moment += zone if match["sign"] == "-" else -zone
    except (ValueError, OverflowError):  # before the year 1, or after 9999
        return str(written)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _number_text(value: int | float) -> str:
    try:
        double = float(value)
    except OverflowError:
        double = float("inf")
    if double in (float("inf"), float("-inf")):
        return "Infinity" if double > 0 else "-Infinity"
    if double == 0:
        return "0"
    sign = "-" if double < 0 else ""
    mantissa, _, exponent_text = f"{abs(double)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    # The number is 0.DIGITS times ten to the power of `point`.
    point = len(whole) + int(exponent_text or 0)
    if whole == "0":
        point = int(exponent_text or 0) - (len(fraction) - len(fraction.lstrip("0")))
    digits = digits.rstrip("0") or "0"
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    power = point - 1
    rest = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{'+' if power > 0 else '-'}{abs(power)}"
