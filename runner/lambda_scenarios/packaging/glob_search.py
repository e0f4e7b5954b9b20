"""What a search for files makes of glob patterns before it looks for anything.

Source: fast-glob 3, src/utils/pattern.ts and src/managers/tasks.ts.
"""

from __future__ import annotations

import os
import re
from itertools import product

from lambda_scenarios.packaging.brackets import closings, has_top_level, split

_DYNAMIC = re.compile(r"[*?]|^!|\[[^\[]*\]|(?:^|[^!*+?@])\([^(]*\|[^|]*\)|[!*+?@]\([^(]*\)|\\")
_FIRST_BRACES = re.compile(r"[^{]*\{([^}]*)\}")


def is_dynamic(pattern: str) -> bool:
    """Whether a pattern is more than the path of one file."""
    braces = _FIRST_BRACES.match(pattern)
    return bool(_DYNAMIC.search(pattern) or (braces and ("," in braces[1] or ".." in braces[1])))


def hides_directories(pattern: str) -> bool:
    """Whether directories that the (negative) pattern matches aren't entered by the search."""
    return pattern.endswith("/**") or not is_dynamic(os.path.basename(pattern.rstrip("/")))


def base_directory(pattern: str) -> str:
    """The directory where the search for a pattern begins: its segments up to the first dynamic one."""
    parts = pattern.split("/")
    base = []
    for part in parts[:-1]:
        if is_dynamic(part) or any(char in part for char in "{}[]("):
            break
        base.append(part)
    joined = "/".join(base)
    return "/" if not joined and pattern.startswith("/") else joined


def expanded(pattern: str) -> tuple[str, ...]:
    """The patterns without braces that a pattern with braces stands for: as in a shell."""
    found = (re.sub(r"(?<!^)/{2,}", "/", one) for one in _expand(pattern))
    return tuple(dict.fromkeys(sorted((one for one in found if one), key=len)))


_MOST_EXPANDED = 10_000


def _expand(text: str) -> list[str]:
    closed = closings(text)
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if char == "{" and at in closed and text[at - 1 : at] != "$":
            inner = text[at + 1 : closed[at]]
            choices = _choices(inner)
            if choices is not None:
                tails = _expand(text[closed[at] + 1 :])
                if len(choices) * len(tails) > _MOST_EXPANDED:
                    return [text]
                return [text[:at] + one + tail for one, tail in product(choices, tails)]
        elif char in "[(" and at in closed and char == "[":
            at = closed[at]
        at += 1
    return [text]


def _choices(inner: str) -> list[str] | None:
    if has_top_level(inner, ","):
        return [one for part in split(inner) for one in _expand(part)]
    parts = inner.split("..")
    if len(parts) not in (2, 3):
        return None
    first, last = parts[:2]
    try:
        step = abs(int(parts[2])) or 1 if len(parts) == 3 else 1
        if _is_number(first) and _is_number(last):
            low, high = int(first), int(last)
            width = max(len(first), len(last)) if _is_padded(first) or _is_padded(last) else 0
        elif len(first) == len(last) == 1 and (first + last).isalpha():
            low, high, width = ord(first), ord(last), -1
        else:
            return None
    except ValueError:
        return None
    if abs(high - low) // step > _MOST_EXPANDED:
        return None
    numbers = range(low, high + 1, step) if low <= high else range(low, high - 1, -step)
    return [chr(one) if width < 0 else f"{one:0{width}d}" for one in numbers]


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


def _is_padded(text: str) -> bool:
    digits = text.removeprefix("-")
    return len(digits) > 1 and digits.startswith("0")
