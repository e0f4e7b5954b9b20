"""The event and the context of `invoke`: each from the command line, a file, or the standard input."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.scenario import LARGEST_EVENT, ContextOverride
from lambda_scenarios.model.values import Json, Origin

if TYPE_CHECKING:
    from lambda_scenarios.model.function import Function
    from lambda_scenarios.runtimes.runtime import World

_MODULES = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")


class Given(NamedTuple):
    """One of the two, from the command line: `path` is as written, and wins over `text`."""

    path: str | None = None
    text: str | None = None


def event_of(
    given: Given, root: str, world: World, *, raw: bool, standard_input: Callable[[], bytes]
) -> bytes:
    """The event: JSON in UTF-8. With `raw` it is a string, whatever it holds.

    `root` is the service's directory, from which a path counts; `standard_input` is asked where neither is
    given. Raises UsageError.
    """
    if given.path is not None:
        event = _event_of_file(_located("--path", given.path, root, world), world, raw)
    elif given.text is not None:
        event = _event_of_text(_utf8(given.text, "--data"), raw)
    else:
        event = _event_of_input(standard_input(), raw)
    if len(event) > LARGEST_EVENT:
        raise UsageError(
            Diagnostic(f"the event has {len(event)} bytes, and Lambda takes at most {LARGEST_EVENT}")
        )
    return event


def _event_of_input(data: bytes, raw: bool) -> bytes:
    if not data.strip() and not raw:
        return b"{}"
    try:
        return _event_of_text(data.decode("utf-8-sig"), raw)
    except UnicodeDecodeError as error:
        raise UsageError(
            Diagnostic(f"the standard input is no UTF-8 text: byte {error.start + 1} isn't")
        ) from None


def _event_of_text(text: str, raw: bool) -> bytes:
    """JSON as it is written, so that numbers keep their digits; any other text as a string."""
    if not raw and _is_json(text):
        return text.strip().encode()
    return json.dumps(text, ensure_ascii=False).encode()


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(name: str) -> Json:
    raise ValueError(name)


def _utf8(text: str, option: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(Diagnostic(f"{option} is no UTF-8 text")) from None
    return text


def _event_of_file(path: str, world: World, raw: bool) -> bytes:
    from lambda_scenarios.scenarios.event_files import json_bytes
    from lambda_scenarios.scenarios.referenced_files import ReferencedFiles

    if path.endswith(_MODULES) and not raw:
        value = _of_module(path, world)
    else:
        parsed = ReferencedFiles(world.cwd).parsed(path, raw)
        if parsed.is_text:
            assert isinstance(parsed.value, str)
            return _event_of_text(parsed.value, raw)
        value = parsed.value
    try:
        return json_bytes(value)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(Diagnostic(f"the event can't be written as JSON: {reason}", Origin(path))) from None


def _of_module(path: str, world: World) -> Json:
    from lambda_scenarios.services.modules import value_of_module

    return value_of_module(path, world.environ, world.cwd)


def _located(option: str, written: str, root: str, world: World) -> str:
    """The file that an option names, from the service's root. Raises UsageError where there is none."""
    from lambda_scenarios.scenarios.referenced_files import ReferencedFiles

    path = os.path.normpath(os.path.join(root, written))
    if _is_pipe(path):  # `-p <(generate)`, `-p /dev/stdin`
        return path
    missing = ReferencedFiles(world.cwd).missing(path, written)
    if missing is None:
        return path
    problem, label = missing
    notes = [label] if label else []
    if not os.path.isabs(written) and os.path.isfile(os.path.join(world.cwd, written)):
        below = os.path.relpath(os.path.join(world.cwd, written), root)
        notes = [f"paths count from the service's root, not from here: {option} {below}"]
    raise UsageError(Diagnostic(f"{option}: {problem}", notes=tuple(notes)))


def _is_pipe(path: str) -> bool:
    import stat

    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def context_of(
    given: Given, root: str, function: Function, world: World, warnings: list[Diagnostic]
) -> ContextOverride:
    """What is changed of the mock context: a JSON object is merged over it, anything else takes its place.

    Raises UsageError; adds to `warnings`.
    """
    from lambda_scenarios.scenarios.context_override import override_of

    value: Json
    whole = None
    if given.path is not None:
        path = _located("--contextPath", given.path, root, world)
        whole = Origin(path)
        value = _context_of_file(path, world)
    elif given.text is not None:
        text = _utf8(given.text, "--context")
        value = json.loads(text) if _is_json(text) else text
    else:
        return ContextOverride()
    try:
        return override_of(value, whole, whole.at if whole else lambda _key: None, function, warnings)
    except UsageError as error:
        if whole is not None:
            raise
        named = (found._replace(problem=f"--context: {found.problem}") for found in error.diagnostics)
        raise UsageError(*named) from None


def _context_of_file(path: str, world: World) -> Json:
    from lambda_scenarios.scenarios.referenced_files import ReferencedFiles

    if path.endswith(_MODULES):
        return _of_module(path, world)
    parsed = ReferencedFiles(world.cwd).parsed(path)
    if not parsed.is_text:
        return parsed.value
    assert isinstance(parsed.value, str)
    return json.loads(parsed.value) if _is_json(parsed.value) else parsed.value
