"""What the files of events, contexts, expected results and schemas hold; the event of a scenario."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.expectation import Loaded
from lambda_scenarios.model.locations import InvalidLocationError, NoSuchPlaceError, parse_location, set_at
from lambda_scenarios.scenarios.draft import ABSENT, Absent, Draft
from lambda_scenarios.scenarios.referenced_files import ReferencedFiles, parse_text
from lambda_scenarios.scenarios.templating import Scope, located_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_scenarios.model.function import ServiceInfo
    from lambda_scenarios.model.values import Json, Origin

_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


def content(path: str, reference: Origin, scope: Scope, files: ReferencedFiles, raw: bool = False) -> Loaded:
    """What the file at `path` holds, by its suffix; with `raw`, its text.

    Raises UsageError at the place inside the file, with a note that says what names it.
    """
    try:
        if not path.endswith(".j2"):
            return files.parsed(path, raw)
        text = scope.render_file(files.text(path), path, reference)
        if raw:
            return Loaded(text, True)
        parsed = parse_text(text, path.removesuffix(".j2"))
    except UsageError as error:
        note = files.named_by(reference)
        raise UsageError(
            *(d if note in d.notes else d._replace(notes=(*d.notes, note)) for d in error.diagnostics)
        ) from None
    return parsed


def event_of(
    draft: Draft, scope: Scope, service: Callable[[], ServiceInfo | None], files: ReferencedFiles
) -> bytes:
    """The event of a scenario: compact JSON in UTF-8. Raises UsageError."""
    if draft.event_path is not None:
        value = _event_of_file(draft, scope, service, files)
    elif draft.event_from is not None:
        value = _sample_event(draft, scope, service)
    elif isinstance(draft.event, Absent):
        if not draft.event_set:
            return b"{}"
        value = {}
    else:
        value = scope.render(draft.event, "event")
    if draft.event_set:
        value = _with_replacements(value, draft, scope)
    try:
        return json_bytes(value)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        origin = draft.origin(event_key(draft))
        raise UsageError(Diagnostic(f"the event can't be written as JSON: {reason}", origin)) from None


def event_key(draft: Draft) -> str:
    """The key that the event comes from."""
    if draft.event_path is not None:
        return "event_path"
    if draft.event_from is not None:
        return "event_from"
    return "event" if draft.event is not ABSENT else "event_set"


def json_bytes(value: Json) -> bytes:
    """Compact JSON in UTF-8. Raises ValueError for infinite numbers, RecursionError."""
    text = _encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8: escape it
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _event_of_file(
    draft: Draft, scope: Scope, service: Callable[[], ServiceInfo | None], files: ReferencedFiles
) -> Json:
    origin = draft.origin("event_path")
    path = located_file(scope.render(draft.event_path, "event_path"), origin, service, files)
    raw = scope.render(draft.raw, "raw")
    if not isinstance(raw, bool):
        raise UsageError(Diagnostic("`raw` must be true or false", draft.origin("raw")))
    parsed = content(path, origin, scope, files, raw)
    if raw or not parsed.is_text:
        return parsed.value
    try:  # any other text is JSON where it parses
        value: Json = json.loads(cast("str", parsed.value))
    except (ValueError, RecursionError):
        return parsed.value
    return value


def _sample_event(draft: Draft, scope: Scope, service: Callable[[], ServiceInfo | None]) -> Json:
    from lambda_scenarios.sample_events.samples import sample_event

    origin = draft.origin("event_from")
    name = scope.render(draft.event_from, "event_from")
    if not isinstance(name, str):
        raise UsageError(Diagnostic("`event_from` must be the name of a sample event", origin))
    found = service()
    return sample_event(name, None if found is None else found.region, origin)


def _with_replacements(value: Json, draft: Draft, scope: Scope) -> Json:
    for written in draft.event_set:
        origin = draft.origin("event_set", written)
        try:
            location = parse_location(written)
            value = set_at(value, location, scope.render(draft.event_set[written], "event_set", written))
        except InvalidLocationError as error:
            problem = f"`{written}` is no location: {error.problem}"
            label = f"at its character {error.position + 1}"
            raise UsageError(Diagnostic(problem, origin.as_key(), label)) from None
        except NoSuchPlaceError as error:
            raise UsageError(Diagnostic(f"`{written}` can't be set: {error}", origin.as_key())) from None
    return value
