"""Reporters of extensions: found, and asked for their text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from lambda_scenarios.extending.entry_points import (
    Extension,
    UnusableExtension,
    aside,
    find,
    in_words,
    load_function,
)
from lambda_scenarios.extensions import Run

if TYPE_CHECKING:
    from lambda_scenarios.model.record import RunEnd
    from lambda_scenarios.reports.spool import Spool

Reporter = Callable[[Run], Iterable[str]]
_END = object()


def known(name: str, built_in: Collection[str]) -> tuple[Extension, Reporter] | None:
    """The reporter of that name; None where no extension has it. Raises UnusableExtension."""
    extension = find("reporters", name, built_in)
    if extension is None:
        return None
    return extension, load_function(extension)


def chunks(name: str, built_in: Collection[str], spool: Spool, end: RunEnd) -> Iterator[str]:
    """Its report, always encodable as UTF-8. Raises UnusableExtension where it fails, at any moment."""
    found = known(name, built_in)
    if found is None:
        raise UnusableExtension(f"there is no reporter `{name}` any more")
    extension, reporter = found
    run = Run(spool.info, end, spool.counts(), spool.environments, spool.records)
    try:
        with aside():
            text = reporter(run)
            rest: Iterator[object] = iter([text] if isinstance(text, str) else text)
        while True:
            with aside():
                chunk = next(rest, _END)
            if chunk is _END:
                return
            if not isinstance(chunk, str):
                raise TypeError(f"a chunk of a report is text, not {type(chunk).__name__}")
            yield chunk.encode(errors="replace").decode()
    except (Exception, SystemExit) as error:  # noqa: BLE001  # it runs whatever it likes
        raise UnusableExtension(f"{extension.shown} failed: {in_words(error)}") from None
