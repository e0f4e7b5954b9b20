"""From an `expect` mapping to an `Expectation` (scenario-format.md, section 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.checks.reading import EXACT, INCLUSION, Reading, unknown_key
from lambda_scenarios.checks.values import compile_value, literal, number_or_matchers
from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.expectation import (
    Clause,
    Equal,
    Expectation,
    Inner,
    Loaded,
    Node,
    Scalar,
    Several,
    Snapshot,
)
from lambda_scenarios.model.values import Origin

if TYPE_CHECKING:
    from lambda_scenarios.model.values import DocPath, Json

RESULT_KEYS = ("output", "output_includes", "output_path", "output_schema", "snapshot", "http", "checks")
# What no value matches.
NOTHING = Several("$any_of", ())

LIMIT_KEYS = ("duration_ms", "init_ms", "memory_mb")
KEYS = (*RESULT_KEYS, "error", "logs", "log_records", *LIMIT_KEYS)


class Files(NamedTuple):
    """How the files that an expectation names are read; `load_snapshot` is None where none are stored."""

    load_expected: Callable[[str], Loaded]
    load_schema: Callable[[str], Json]
    load_snapshot: Callable[[tuple[str, ...]], Snapshot] | None = None


def compile_expectation(
    expect: dict[str, Json] | None,
    origin: Origin,
    load_expected: Callable[[str], Loaded],
    load_schema: Callable[[str], Json],
    load_snapshot: Callable[[tuple[str, ...]], Snapshot] | None = None,
) -> Expectation:
    """The compiled form of a rendered `expect` mapping; None stands for an absent one.

    `origin` is that of the mapping. The callables read what `output_path` and `output_schema` name, and the
    snapshot without what its `ignore` says; they may raise UsageError. Raises UsageError with all problems
    at once.
    """
    if expect is None:
        return Expectation((), None, origin)
    reading = Reading(origin, [])
    expectation = _compile(expect, reading, Files(load_expected, load_schema, load_snapshot))
    if reading.problems:
        raise UsageError(*reading.problems)
    return expectation


def _compile(expect: Json, reading: Reading, files: Files) -> Expectation:
    if not isinstance(expect, dict):
        reading.wrong((), "`expect` is a mapping", "there are: " + ", ".join(KEYS))
        return Expectation((), None, reading.origin)
    try:
        return _compile_keys(expect, reading, files)
    except RecursionError:
        reading.wrong((), "`expect` is nested too deeply")
        return Expectation((), None, reading.origin)


def _compile_keys(expect: dict[str, Json], reading: Reading, files: Files) -> Expectation:  # noqa: PLR0912  # one branch for each key
    clauses: list[Clause] = []
    snapshot: Snapshot | None = None
    error = expect.get("error", False)
    if error is not False:
        for key in RESULT_KEYS:
            if key in expect:
                reading.wrong(
                    ("error",),
                    f"`error` stands beside `{key}`",
                    "where an error is expected, there is no result",
                    key=True,
                )
                break
    for key, value in expect.items():
        path = (key,)
        if key == "output":
            clauses.append(Clause("output", path, compile_value(value, path, reading, EXACT)))
        elif key == "output_includes":
            clauses.append(Clause("output", path, compile_value(value, path, reading, INCLUSION)))
        elif key == "output_path":
            clauses += _output_path(value, reading, files)
        elif key == "output_schema":
            clauses += _output_schema(value, reading, files)
        elif key == "http":
            from lambda_scenarios.checks.compile_http import compile_http  # where HTTP is expected

            clauses += compile_http(value, reading)
        elif key == "checks":
            clauses += _queries(value, reading)
        elif key == "error":
            clauses += _error(value, reading)
        elif key == "logs":
            clauses += _logs(value, reading)
        elif key == "log_records":
            clauses += _log_records(value, reading)
        elif key in LIMIT_KEYS:
            clauses += _limit(key, value, reading)
        elif key == "snapshot":
            snapshot = _snapshot(value, reading, files)
            if snapshot is not None:
                clauses.append(compared(snapshot))
        else:
            unknown_key(key, path, KEYS, "`expect`", reading)
    if error is False:
        return Expectation(tuple(clauses), None, reading.origin, snapshot)
    return Expectation(tuple(clauses), "raised" if error is True else "any", reading.origin)


def _load(load: Callable[[str], Json | Loaded], path: str, reading: Reading) -> Json | Loaded:
    """What is at `path`; where that can't be had, its diagnostics join the others."""
    try:
        return load(path)
    except UsageError as error:
        reading.problems.extend(error.diagnostics)
        return None


def _output_path(value: Json, reading: Reading, files: Files) -> list[Clause]:
    path = ("output_path",)
    if not isinstance(value, str):
        reading.wrong(path, "`output_path` is a path", "the file that holds the expected result")
        return []
    loaded = _load(files.load_expected, value, reading)
    if not isinstance(loaded, Loaded):
        return []
    if loaded.is_text:
        text = without_final_newline(str(loaded.value))
        return [Clause("output text", path, Equal(text, False), external=True)]
    # The file's content is data: a key `$type` in it is a key.
    before = len(reading.problems)
    node = literal(loaded.value, (), Reading(reading.origin.at(*path), reading.problems))
    if len(reading.problems) > before:
        del reading.problems[before:]
        reading.wrong(path, "the file holds NaN or an infinity", "JSON knows no such number")
    return [Clause("output", path, node, external=True)]


def without_final_newline(text: str) -> str:
    """The text without the newline at its end, where there is one."""
    if text.endswith("\r\n"):
        return text[:-2]
    return text[:-1] if text.endswith("\n") else text


def _output_schema(value: Json, reading: Reading, files: Files) -> list[Clause]:
    from lambda_scenarios.checks.matcher_arguments import compile_schema

    path = ("output_schema",)
    if not isinstance(value, str):
        node = compile_schema(value, path, reading, inline=True)
        return [] if node is None else [Clause("output", path, node)]
    before = len(reading.problems)
    schema = _load(files.load_schema, value, reading)
    if len(reading.problems) > before or isinstance(schema, Loaded):
        return []
    node = compile_schema(schema, path, reading, inline=False)
    return [] if node is None else [Clause("output", path, node, external=True)]


def _snapshot(value: Json, reading: Reading, files: Files) -> Snapshot | None:
    path = ("snapshot",)
    if value is not True and not isinstance(value, dict):
        reading.wrong(path, "`snapshot` is true or a mapping", "with the key ignore")
        return None
    for key in value if isinstance(value, dict) else ():
        if key != "ignore":
            unknown_key(key, (*path, key), ("ignore",), "`snapshot`", reading)
    written = value.get("ignore", []) if isinstance(value, dict) else []
    if not isinstance(written, list):
        reading.wrong((*path, "ignore"), "`ignore` is a list", "of locations: `items[*].id`")
        return None
    ignore = [text for i, text in enumerate(written) if _is_location(text, (*path, "ignore", i), reading)]
    if files.load_snapshot is None or len(ignore) < len(written):
        return None
    try:
        return files.load_snapshot(tuple(map(str, ignore)))
    except UsageError as error:
        reading.problems.extend(error.diagnostics)
        return None


def _is_location(text: Json, path: DocPath, reading: Reading) -> bool:
    if not isinstance(text, str):
        reading.wrong(path, "a location is a text", "such as `items[*].id`")
        return False
    from lambda_scenarios.model.locations import InvalidLocationError, parse_location

    try:
        parse_location(text)
    except InvalidLocationError as error:
        reading.wrong(path, "this is no location", error.problem, text, " " * error.position + "^")
        return False
    return True


def compared(snapshot: Snapshot) -> Clause:
    """What is judged of a snapshot: with nothing stored, anything may become it, or nothing will do."""
    path = ("snapshot",)
    node: Node
    if snapshot.use == "record":
        node = Scalar("$present", True)
    elif snapshot.stored is None:
        node = NOTHING
    else:
        from lambda_scenarios.checks.snapshots import ignoring

        value = ignoring(snapshot.stored.value, snapshot.ignore)
        node = literal(value, (), Reading(Origin(snapshot.file), []))
    return Clause("snapshot", path, node, external=True, ignore=snapshot.ignore)


def _queries(value: Json, reading: Reading) -> list[Clause]:
    if not isinstance(value, list):
        reading.wrong(("checks",), "`checks` is a list", "items: {at: JMESPath, value: …}")
        return []
    clauses: list[Clause] = []
    for i, item in enumerate(value):
        path = ("checks", i)
        if not isinstance(item, dict):
            reading.wrong(path, "an item of `checks` is a mapping", "{at: JMESPath, value: …}")
            continue
        for key in item:
            if key not in ("at", "value"):
                unknown_key(key, (*path, key), ("at", "value"), "an item of `checks`", reading)
        for key in ("at", "value"):
            if key not in item:
                reading.wrong(path, f"the key `{key}` is missing", "{at: JMESPath, value: …}")
        if "value" not in item or "at" not in item:
            continue
        node = compile_value(item["value"], (*path, "value"), reading, EXACT)
        at = item["at"]
        if not isinstance(at, str):
            reading.wrong((*path, "at"), "`at` is a string", "a JMESPath expression")
        elif _valid_query(at, (*path, "at"), reading):
            clauses.append(Clause("query", (*path, "value"), node, at))
    return clauses


def _valid_query(text: str, path: DocPath, reading: Reading) -> bool:
    import jmespath.exceptions  # 20 ms: only where `checks` is used

    try:
        jmespath.compile(text)
    except jmespath.exceptions.ParseError as error:
        at = error.lex_position
        reading.wrong(
            path,
            "invalid JMESPath expression",
            f"unexpected `{error.token_value}`" if error.token_value else "the expression ends too early",
            text,
            f"{' ' * at}^",
        )
    except (jmespath.exceptions.JMESPathError, ValueError, RecursionError) as error:
        reading.wrong(path, "invalid JMESPath expression", str(error).replace("\n", " "))
    else:
        return True
    return False


def _error(value: Json, reading: Reading) -> list[Clause]:
    path = ("error",)
    if isinstance(value, bool):
        return []
    if not isinstance(value, dict):
        reading.wrong(path, "`error` is true or a mapping", "with the keys type, message, stack")
        return []
    clauses: list[Clause] = []
    for key, expected in value.items():
        here = (*path, key)
        node = compile_value(expected, here, reading, EXACT)
        if key == "type":
            clauses.append(Clause("error type", here, node))
        elif key == "message":
            clauses.append(Clause("error message", here, node))
        elif key == "stack":
            clauses.append(Clause("error stack", here, node))
        else:
            unknown_key(key, here, ("type", "message", "stack"), "`error`", reading)
            continue
        if not isinstance(expected, (str, dict)):
            reading.wrong(here, f"`{key}` is text", "a string or matchers")
    return clauses


def _logs(value: Json, reading: Reading) -> list[Clause]:
    if isinstance(value, list):
        return [c for i, item in enumerate(value) for c in _log(item, ("logs", i), reading)]
    return _log(value, ("logs",), reading)


def _log(value: Json, path: DocPath, reading: Reading) -> list[Clause]:
    """A string is contained; matchers are about the whole text."""
    if isinstance(value, str):
        if not value:
            reading.wrong(path, "any text contains the empty string", "to expect no output: {$length: 0}")
        node: Node = Inner("$contains", Equal(value, False))
    elif isinstance(value, dict) and any(key.startswith("$") for key in value):
        node = compile_value(value, path, reading, EXACT)
    else:
        what = "a string, a list of strings, or matchers" if len(path) == 1 else "a string, or matchers"
        reading.wrong(path, "logs are text", what)
        return []
    return [Clause("logs", path, node)]


def _log_records(value: Json, reading: Reading) -> list[Clause]:
    path = ("log_records",)
    if not isinstance(value, list):
        reading.wrong(path, "`log_records` is a list", "of mappings that a log line in JSON includes")
        return []
    clauses: list[Clause] = []
    for i, item in enumerate(value):
        here = (*path, i)
        if not isinstance(item, dict):
            reading.wrong(here, "an item of `log_records` is a mapping", "what a log line in JSON includes")
            continue
        clauses.append(Clause("log record", here, compile_value(item, here, reading, INCLUSION)))
    return clauses


def _limit(key: str, value: Json, reading: Reading) -> list[Clause]:
    """A number is the most that is allowed."""
    path = (key,)
    node = number_or_matchers(value, path, reading, "the most that is allowed")
    if isinstance(node, Equal) and isinstance(node.value, (int, float)):
        node = Scalar("$lte", node.value)
    if key == "duration_ms":
        return [Clause("duration_ms", path, node)]
    return [Clause("init_ms" if key == "init_ms" else "memory_mb", path, node)]
