"""Answers of the API: JSON bodies, and one shape for everything that goes wrong."""

from __future__ import annotations

import json


def answer(status, body, headers=None):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        "body": json.dumps(body, ensure_ascii=False),
    }


def problem(status, code, message, details=()):
    error = {"code": code, "message": message}
    if details:
        error["details"] = list(details)
    return answer(status, {"error": error}, {"Cache-Control": "no-store"})
