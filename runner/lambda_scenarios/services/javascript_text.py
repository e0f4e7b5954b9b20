"""Values as JavaScript writes them: what the Serverless Framework makes of numbers where text is needed.

So `012345678901` in an environment becomes `12345678901`, and `1.10` becomes `1.1`, as when deployed.
Source: ECMAScript, Number::toString and Array.prototype.toString.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json


def scalar_text(value: bool | int | float | str) -> str:
    """`value` as text: true, 1.1, 1e+21, and a string as it is."""
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
