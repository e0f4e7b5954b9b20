"""Limits on what a template may make: a slip must not eat the machine's memory or hours of its time."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from lambda_scenarios.scenarios.template_names import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MOST_TEXT = 10_000_000  # characters, and items of a list
_MOST_BITS = 10_000  # of an integer: it must still print
_MOST_WIDTH = 1_000_000

_SIZED = (str, bytes, list, tuple)
_WIDE_FIELD = re.compile(r"\d{6}|%[^a-zA-Z%]*\*|\{[^{}]*:[^{}]*\{")
_TAKE_WIDTHS = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
_FILTERS_WITH_WIDTHS = ("center", "indent", "wordwrap", "batch", "slice", "round", "truncate", "tojson")


def _refuse(what: str) -> TemplateError:
    return TemplateError(f"a template would make {what}", notes=("is one of its numbers too large?",))


def check_operation(operator: str, left: Any, right: Any) -> None:
    """Refuses `left operator right` where the result would be huge. Raises TemplateError."""
    if operator == "*":
        if isinstance(left, int) and isinstance(right, int):
            _check_bits(left.bit_length() + right.bit_length())
        for sized, times in ((left, right), (right, left)):
            if isinstance(sized, _SIZED) and isinstance(times, int) and len(sized) * times > MOST_TEXT:
                raise _refuse(f"{len(sized) * times:.0e} characters or items")
    elif operator == "**":
        if isinstance(left, int) and isinstance(right, int) and abs(left) > 1 and right > 0:
            _check_bits(left.bit_length() * right)
    elif operator == "+":
        if isinstance(left, _SIZED) and isinstance(right, _SIZED) and len(left) + len(right) > MOST_TEXT:
            raise _refuse(f"more than {MOST_TEXT:,} characters or items")
    elif operator == "%" and isinstance(left, (str, bytes)):
        _check_format(left)


def check_call(called: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuses calls of string methods whose result would be huge. Raises TemplateError."""
    owner = getattr(called, "__self__", None)
    name = getattr(called, "__name__", "")
    if isinstance(owner, (str, bytes)):
        if name in _TAKE_WIDTHS:
            _check_widths((*args, *kwargs.values()))
        elif name == "replace" and len(args) >= 2:
            _check_replacement(owner, args[0], args[1])
        elif name == "join" and args:
            _check_join(owner, args[0])
    elif name in ("format", "format_map"):
        # the sandbox's own function in place of str.format, which it wraps
        text = getattr(getattr(called, "__wrapped__", None), "__self__", "")
        if isinstance(text, str):
            _check_format(text)


def limited(filters: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Jinja2's filters that can blow a value up, each with its check in front."""
    result: dict[str, Callable[..., Any]] = {}
    for name in _FILTERS_WITH_WIDTHS:
        result[name] = _checked(filters[name], lambda _value, *rest: _check_widths(rest))
    result["replace"] = _checked(
        filters["replace"], lambda value, *rest: _check_replacement(str(value), *rest[:2])
    )
    result["join"] = _checked(filters["join"], _check_join_filter)
    result["format"] = _checked(filters["format"], lambda value, *_rest: _check_format(str(value)))
    return result


def _checked(target: Callable[..., Any], check: Callable[..., None]) -> Callable[..., Any]:
    skipped = 1 if hasattr(target, "jinja_pass_arg") else 0  # Jinja2 passes a context of its own first

    @functools.wraps(target)
    def checked(*args: Any, **kwargs: Any) -> Any:
        check(*args[skipped:], *kwargs.values())
        return target(*args, **kwargs)

    return checked


def _check_bits(bits: int) -> None:
    if bits > _MOST_BITS:
        raise _refuse("an integer of more than 3,000 digits")


def _check_widths(values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, int) and abs(value) > _MOST_WIDTH:
            raise _refuse(f"something {value:.0e} wide")


def _check_format(text: str | bytes) -> None:
    shown = text if isinstance(text, str) else text.decode("latin-1")
    if _WIDE_FIELD.search(shown):
        raise TemplateError("a template formats with a width that is too large, or not written out")


def _check_replacement(value: str | bytes, old: object = "", new: object = "") -> None:
    if isinstance(old, type(value)) and isinstance(new, type(value)):
        times = len(value) // max(len(old), 1) + 1
        if times * len(new) > MOST_TEXT and (value.count(old) + 1) * len(new) > MOST_TEXT:  # type: ignore[arg-type]  # same type as value
            raise _refuse(f"more than {MOST_TEXT:,} characters")


def _check_join(separator: str | bytes, values: object) -> None:
    if isinstance(values, (str, bytes, list, tuple)) and len(separator) * len(values) > MOST_TEXT:
        raise _refuse(f"more than {MOST_TEXT:,} characters")


def _check_join_filter(values: object, separator: object = "", *_rest: object) -> None:
    if isinstance(separator, str):
        _check_join(separator, values)
