"""The filters of scenario templates beyond Jinja2's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jinja2 import Undefined, pass_context

from lambda_scenarios.scenarios.template_names import Budget, Draws, TemplateError, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2.runtime import Context

DRAWS = " draws"  # can't be written in a template, like the budget's name


def _as_bytes(value: object, name: str) -> bytes:
    if isinstance(value, Undefined):
        str(value)  # raises, and says what is undefined
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise TemplateError(
                f"`{name}`: the text has a lone surrogate, which is no UTF-8", word=name
            ) from None
    raise TemplateError(f"`{name}` takes text, not {kind_of(value)}", word=name)


def from_json(value: object) -> object:
    """The value that a JSON text (or UTF-8 bytes) says."""
    try:
        return json.loads(_as_bytes(value, "from_json"), parse_constant=_no_constant)
    except ValueError as error:
        raise TemplateError(f"`from_json`: the text is no JSON: {error}", word="from_json") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def to_json(value: object, indent: int | None = None) -> str:
    """Compact JSON, characters beyond ASCII as they are; `indent` spreads it over lines."""
    from lambda_scenarios.scenarios.jinja_environment import plain

    if indent is not None and not (isinstance(indent, int) and 0 <= indent <= 16):
        raise TemplateError("`to_json`: the indent is a number up to 16", word="to_json")
    separators = (",", ": ") if indent is not None else (",", ":")
    return json.dumps(plain(value), ensure_ascii=False, indent=indent, separators=separators)


def b64encode(value: object) -> str:
    """Base64 of a text's UTF-8, or of bytes."""
    import base64

    return base64.b64encode(_as_bytes(value, "b64encode")).decode("ascii")


def b64decode(value: object) -> str | bytes:
    """The text that Base64 holds; bytes where it is no UTF-8. Both alphabets; padding may be missing."""
    import base64
    import binascii

    text = (
        b"".join(_as_bytes(value, "b64decode").split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    )
    try:
        decoded = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise TemplateError(f"`b64decode`: the text is no Base64: {error}", word="b64decode") from None
    try:
        return decoded.decode()
    except UnicodeDecodeError:
        return decoded


def sha256(value: object) -> str:
    """The SHA-256 of a text's UTF-8, or of bytes, in hexadecimal digits."""
    import hashlib

    return hashlib.sha256(_as_bytes(value, "sha256")).hexdigest()


@pass_context
def random(context: Context, values: Any) -> object:
    """Jinja2's `random`, drawing from the scenario's own numbers."""
    draws = context.get(DRAWS)
    assert isinstance(draws, Draws)
    return draws.choice(list(values))


@pass_context
def counted(context: Context, values: Any) -> Iterator[object]:
    """The same items, each counted against the scenario's budget."""
    iterator = iter(values)
    budget = context.get(" budget")
    return budget.counted(iterator) if isinstance(budget, Budget) else iterator


FILTERS: dict[str, Callable[..., Any]] = {
    "from_json": from_json,
    "to_json": to_json,
    "b64encode": b64encode,
    "b64decode": b64decode,
    "sha256": sha256,
    "random": random,
}
