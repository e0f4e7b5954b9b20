"""Log lines in JSON, as a log query wants them."""

from __future__ import annotations

import json
import os

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def log(level, message, **fields):
    threshold = os.environ.get("LOG_LEVEL", "INFO")
    if _LEVELS.index(level) >= _LEVELS.index(threshold):
        print(json.dumps({"level": level, "message": message, **fields}))
