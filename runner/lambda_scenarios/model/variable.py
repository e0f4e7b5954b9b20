"""What can be an environment variable of a process."""

from __future__ import annotations


def unfit(name: str, value: str | None) -> str:
    """Why a variable can't be given to a process; "" where it can."""
    if not name or "=" in name or "\0" in name:
        return f"`{name}` can't be the name of an environment variable"
    if value is None or value.isascii():
        return f"the environment variable `{name}` has a NUL character" if value and "\0" in value else ""
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return f"the environment variable `{name}` has a lone surrogate, which is no text"
    return f"the environment variable `{name}` has a NUL character" if "\0" in value else ""
