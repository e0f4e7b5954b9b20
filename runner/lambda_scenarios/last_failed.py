"""Which scenarios failed when they ran last, for `--last-failed`.

A JSON list of ids in `.lambda-scenarios/`, there only as long as it has any: a run in which all pass, in a
project where all passed before, neither reads nor writes anything.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection, Iterable

from lambda_scenarios import state
from lambda_scenarios.scenarios.discover import split_id

NAME = "last-failed"


def path(root: str) -> str:
    """The absolute file of the project in `root`."""
    return os.path.join(root, state.FOLDER, NAME)


def known(root: str) -> frozenset[str]:
    """The ids of those that failed or ended in error when they ran last."""
    text = state.read(path(root))
    if text is None:
        return frozenset()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return frozenset()
    whole = isinstance(found, list) and all(isinstance(one, str) for one in found)
    return frozenset(found) if whole else frozenset()


def stale(root: str, files: Collection[str], ids: Collection[str]) -> frozenset[str]:
    """Those kept that don't exist any more: `ids` are all scenarios of `files` (paths from `root`)."""
    return frozenset(one for one in known(root) if one not in ids and _is_gone(root, one, files))


def _is_gone(root: str, one: str, files: Collection[str]) -> bool:
    file, _ = split_id(one)
    return file in files or not os.path.exists(os.path.join(root, file))


def update(root: str, passed: Iterable[str], failed: Collection[str]) -> None:
    """What a run has found, added to what is kept of the scenarios that it didn't run.

    Where nothing can be written, nothing is kept.
    """
    if not failed and not os.path.exists(path(root)):
        return
    with contextlib.suppress(OSError):
        folder = state.directory(root)
        with state.alone(folder):
            before = known(root)
            after = before.difference(passed).union(failed)
            if not after:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path(root))
            elif after != before:
                lines = ",\n".join(json.dumps(one) for one in sorted(after))
                for name in os.listdir(folder):
                    if name.startswith(f"{NAME}."):  # of one that was killed: nobody else is here
                        os.unlink(os.path.join(folder, name))
                state.write(path(root), f"[\n{lines}\n]\n")
