"""Exit statuses, the same for every command."""

from __future__ import annotations

DONE = 0
FAILED = 1
UNUSABLE = 2
OWN_FAILURE = 3
NOTHING_SELECTED = 5
INTERRUPTED = 130
