"""`context` of a scenario to what it changes of the mock context."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.scenario import ContextOverride
from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.scenarios.draft import Absent, Draft
from lambda_scenarios.scenarios.event_files import content
from lambda_scenarios.scenarios.templating import Scope, located_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_scenarios.model.function import Function, ServiceInfo
    from lambda_scenarios.scenarios.referenced_files import ReferencedFiles

UNCHANGED = ContextOverride()

_TEXTS = (
    "aws_request_id",
    "function_name",
    "function_version",
    "invoked_function_arn",
    "log_group_name",
    "log_stream_name",
)
_KNOWN = (*_TEXTS, "memory_limit_in_mb", "identity", "client_context", "remaining_time_ms")


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


# `memoryLimitInMB` is how Node.js's context object writes it
_FIELD_OF = {
    **{name: name for name in _KNOWN},
    **{_camel_case(name): name for name in _KNOWN},
    "memoryLimitInMB": "memory_limit_in_mb",
}

# The clients that build the context object themselves, and so can set attributes on it.
_SETTABLE = ("python", "nodejs", "ruby")


def context_of(
    draft: Draft,
    scope: Scope,
    function: Function,
    *,
    service: Callable[[], ServiceInfo | None],
    files: ReferencedFiles,
    warnings: list[Diagnostic],
) -> ContextOverride:
    """What the scenario's `context` or `context_path` changes. Raises UsageError; adds to `warnings`."""
    value: Json
    if draft.context_path is not None:
        reference = draft.origin("context_path")
        path = located_file(scope.render(draft.context_path, "context_path"), reference, service, files)
        value = content(path, reference, scope, files).value
        _check_kind(value, reference)
        return override_of(value, reference, Origin(path).at, function, warnings)
    if isinstance(draft.context, Absent):
        return UNCHANGED
    if isinstance(draft.context, dict):
        # one by one, since each may be inherited from another place
        value = {key: scope.render(item, "context", key) for key, item in draft.context.items()}
    else:
        value = scope.render(draft.context, "context")
    whole = draft.origin("context")
    _check_kind(value, whole)
    return override_of(value, whole, lambda key: draft.origin("context", key), function, warnings)


def _check_kind(value: Json, origin: Origin) -> None:
    if value is not None and not isinstance(value, (dict, str)):
        raise UsageError(Diagnostic("the context must be a mapping or a text", origin))


def override_of(
    value: Json,
    whole: Origin | None,
    origin_of: Callable[[str], Origin | None],
    function: Function,
    warnings: list[Diagnostic],
) -> ContextOverride:
    """What a value changes of the mock context: a mapping is merged over it, anything else takes its place.

    `whole` is where the value stands, `origin_of` where an entry of it does; None on the command line.
    Raises UsageError; adds to `warnings`.
    """
    if value is None:
        return UNCHANGED
    if not isinstance(value, dict):
        if not function.runtime.startswith(_SETTABLE):
            problem = "the context can't be replaced"
            raise UsageError(Diagnostic(problem, whole, _only_ours(function)))
        return ContextOverride(replacement=json.dumps(value))
    fields: dict[str, Any] = {}
    attributes: dict[str, Json] = {}
    problems = []
    for key, item in value.items():
        field = _FIELD_OF.get(key)
        if field is None:
            attributes[key] = item
            warnings.extend(_near_miss(key, origin_of(key)))
        else:
            problem = _wrong(field, item)
            if problem:
                problems.append(Diagnostic(f"`{key}` {problem}", origin_of(key)))
            elif item is not None:
                fields[field] = _field_value(field, item)
    if attributes:
        if not function.runtime.startswith(_SETTABLE):
            name = next(iter(attributes))
            problems.append(
                Diagnostic(f"the context has no `{name}`", _key(origin_of(name)), _only_ours(function))
            )
        fields["attributes"] = json.dumps(attributes)
    if problems:
        raise UsageError(*problems)
    return ContextOverride(**fields)


def _only_ours(function: Function) -> str:
    return f"only Python, Node.js and Ruby take others, not {function.runtime or 'images'}"


def _key(origin: Origin | None) -> Origin | None:
    return None if origin is None else origin.as_key()


_IN_A_PATH = re.compile(r"[A-Za-z0-9._~-]+")


def _unprintable(character: str) -> bool:
    """Can't stand in a header, or not in an environment."""
    return character < " " or "\ud800" <= character <= "\udfff"


def _wrong(field: str, value: Json) -> str:
    """What is wrong with the value of a known field; "" where nothing is. null leaves the mock's value."""
    if value is None or field in ("identity", "client_context"):
        return ""
    if field in _TEXTS:
        if not isinstance(value, str):
            return "must be a text"
        if field == "aws_request_id" and not _IN_A_PATH.fullmatch(value):
            return "must be letters, digits and `-._~`: clients put it into the path of a URL"
        return "must be printable" if any(map(_unprintable, value)) else ""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if field == "remaining_time_ms":
        return "" if number and value >= 0 else "must be a number of milliseconds, 0 or more"  # type: ignore[operator]  # a number, as just checked
    if isinstance(value, str):  # Node.js's context has it as a string
        return "" if value.isdecimal() and value.isascii() else "must be a number of megabytes"
    return "" if isinstance(value, int) and number and value > 0 else "must be a whole number of megabytes"


def _field_value(field: str, value: Json) -> object:
    if field in ("identity", "client_context"):
        return json.dumps(value)
    if field == "memory_limit_in_mb":
        return int(value)  # type: ignore[arg-type]  # an int or digits: checked by _wrong
    return float(value) if field == "remaining_time_ms" else value  # type: ignore[arg-type]  # a number: checked by _wrong


def _near_miss(key: str, origin: Origin | None) -> list[Diagnostic]:
    """A warning where an unknown key looks like a known one."""
    from difflib import SequenceMatcher

    near = did_you_mean(key, list(_FIELD_OF))
    if near is None:
        return []
    folded, known = (text.lower().replace("_", "").replace("-", "") for text in (key, near))
    if folded != known and SequenceMatcher(None, folded, known).ratio() < 0.85:
        return []  # alike, but hardly a slip: `custom_name` and `function_name`
    return [
        Diagnostic(
            f"the context has no `{key}`: it becomes an attribute of its own",
            _key(origin),
            f"did you mean `{near}`?",
            severity="warning",
        )
    ]
