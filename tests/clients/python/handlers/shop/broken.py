"""Fails while it is imported."""


def _check():
    raise RuntimeError("broken on import")


_check()
