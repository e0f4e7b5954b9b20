"""Reading JSON as strictly as its specification (RFC 8259): no NaN, no Infinity."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambda_scenarios.model.values import Json


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is no JSON value")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def parse_json(text: str) -> Json:
    """The value of a JSON text; of duplicate keys the last wins.

    Raises ValueError with a message for people, also where the text is nested too deeply.
    """
    try:
        value: Json = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise ValueError("it is empty") from None
        raise ValueError(f"{_lower(error.msg)} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
