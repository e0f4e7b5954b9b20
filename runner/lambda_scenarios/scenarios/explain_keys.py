"""Keys that are unknown, misplaced, missing, or exclude each other: what to say about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lambda_scenarios import schemas
from lambda_scenarios.errors import Diagnostic, did_you_mean

if TYPE_CHECKING:
    from lambda_scenarios.model.values import DocPath, Origin

# Names that people bring along from neighbouring tools.
_SYNONYMS = {
    "input": "event",
    "payload": "event",
    "data": "event",
    "environment": "env",
    "variables": "vars",
    "expected": "expect",
    "expectation": "expect",
    "assert": "expect",
    "title": "name",
    "lambda": "function",
    "function_name": "function",
    "statusCode": "status",
    "status_code": "status",
    "memorySize": "memory",
    "memory_size": "memory",
    "result": "output",
    "response": "output",
    "path": "code",
    "only": "tags",
}

# The same, in a configuration file.
_SYNONYMS_OF_SETTINGS = {
    "vars": "var",
    "params": "param",
    "tags": "tag",
    "functions": "function",
    "k": "keyword",
    "v": "verbose",
    "q": "quiet",
    "x": "max_failures",
    "fail_fast": "max_failures",
    "exitfirst": "max_failures",
    "path": "paths",
    "testpaths": "paths",
    "ignore": "exclude",
    "workers": "jobs",
}

# Where keys go that stand in the wrong place: (level, level at home, what to say).
_HOMES = (
    ("scenario", "expect", "it belongs under `expect`"),
    ("scenario", "http", "it belongs under `expect.http`"),
    ("scenario", "error", "it belongs under `expect.error`"),
    ("scenario", "file", "it belongs to the top level of the file"),
    ("defaults", "expect", "it belongs under `expect`"),
    ("defaults", "http", "it belongs under `expect.http`"),
    ("defaults", "file", "it belongs to the top level of the file"),
    ("step", "expect", "it belongs under `expect`"),
    ("step", "http", "it belongs under `expect.http`"),
    ("step", "scenario", "it belongs to the scenario, beside `steps`"),
    ("expect", "http", "it belongs under `http`"),
    ("expect", "error", "it belongs under `error`"),
    ("expect", "scenario", "it belongs beside `expect`, not under it"),
    ("http", "expect", "it belongs beside `http`, not under it"),
    ("http", "scenario", "it belongs beside `expect`, not under it"),
    ("error", "expect", "it belongs beside `error`, not under it"),
    ("file", "scenario", "it belongs to a scenario, or under `defaults`"),
    ("file", "expect", "it belongs under the `expect` of a scenario"),
    ("settings", "file", "it belongs to the top level of scenario files, or of a `_defaults.yml`"),
    ("settings", "scenario", "it belongs to scenarios, or under `defaults` of a `_defaults.yml`"),
    ("defaults file", "scenario", "it belongs under `defaults`"),
    ("defaults file", "expect", "it belongs under `defaults.expect`"),
)


def unknown_keys(error: Any, path: DocPath, here: Origin, document: schemas.Name) -> Iterator[Diagnostic]:
    """One diagnostic for each key that the schema doesn't know at this place."""
    known = error.schema.get("properties", {})
    patterns = error.schema.get("patternProperties", {})
    unknown = [
        key for key in error.instance if key not in known and not any(re.search(p, key) for p in patterns)
    ]
    if "$not" in known:
        yield from _strange_matchers(error.instance, unknown, list(known), path, here)
        return
    level = _level(path, document)
    for key in unknown:
        problem, label = f"unknown key `{key}`", _advice(key, list(known), level)
        if label.startswith("it belongs"):
            problem, label = f"`{key}` {label[3:]}", ""
        yield Diagnostic(problem, here.at(key).as_key(), label)


def _advice(key: str, known: list[str], level: str) -> str:
    if level in ("defaults", "defaults file") and key == "name":
        return "a name can't be a default: each scenario has its own"
    if level == "defaults file" and key == "scenarios":
        return "scenarios stand in files of their own, which inherit from this one"
    if level == "settings" and key in _SYNONYMS_OF_SETTINGS:
        return f"did you mean `{_SYNONYMS_OF_SETTINGS[key]}`?"
    if level == "settings" and key == "presets":
        return "a preset holds settings, no presets"
    for where, home, advice in _HOMES:
        if where == level and key in _keys_of(home):
            return advice
    near = _SYNONYMS.get(key)
    if near not in known:
        near = did_you_mean(key, known)
    if near is None and level == "settings":
        return "`lambda-scenarios schema config` has them all"
    if near is None:
        return "known here: " + ", ".join(known)
    return f"did you mean `{near}`?"


def _strange_matchers(
    mapping: dict[str, Any], unknown: list[str], known: list[str], path: DocPath, here: Origin
) -> Iterator[Diagnostic]:
    """Keys among matchers that are none."""
    ordinary = [key for key in unknown if not key.startswith("$")]
    for key in unknown:
        if key.startswith("$"):
            near = did_you_mean(key, known)
            label = f"did you mean `{near}`?" if near else "known: " + ", ".join(known)
            yield Diagnostic(f"unknown matcher `{key}`", here.at(key).as_key(), label)
    if not ordinary:
        return
    matcher = next((key for key in mapping if key.startswith("$")), None)
    place = here.at(ordinary[0]).as_key()
    if matcher is None:
        name = path[-1] if path else ""
        label = "a mapping stands for matchers here, such as `$contains`"
        yield Diagnostic(f"`{ordinary[0]}` is no matcher, and `{name}` takes nothing else", place, label)
    else:
        problem = f"`{ordinary[0]}` stands beside the matcher `{matcher}`"
        yield Diagnostic(
            problem, place, "matchers can't be mixed with other keys; `$literal` takes keys as they are"
        )


def missing_key(key: str, path: DocPath, here: Origin) -> Diagnostic:
    """A key that is required and absent."""
    if not path:
        label = "a scenario file lists its scenarios under `scenarios:`"
    elif _level(path, "scenario") == "scenario":
        label = "each scenario needs one"
    elif path[0] == "functions":
        label = "a function needs `handler` and `runtime`, or `image`"
    else:
        label = ""
    return Diagnostic(f"`{key}` is missing", here, label)


def together(first: str, second: str, here: Origin) -> Diagnostic:
    """Two keys that exclude each other; the caret goes to the second."""
    label = f"`error` says that there is no result: leave out one of `{first}` and `{second}`"
    if first != "error":
        label = f"leave out one of `{first}` and `{second}`"
    return Diagnostic(f"`{second}` can't stand beside `{first}`", here.at(second).as_key(), label)


_TOP_LEVELS: dict[schemas.Name, str] = {"scenario": "file", "defaults": "defaults file", "config": "settings"}


def _level(path: DocPath, document: schemas.Name) -> str:
    """Which kind of mapping a path leads to; "" where keys can't be misplaced."""
    names = [step for step in path if isinstance(step, str)]
    if not names or (document == "config" and names[0] == "presets" and len(names) == 2):
        return _TOP_LEVELS[document]
    root = names.pop(0)
    if root not in {"scenarios", "defaults"}:
        return ""
    level = "scenario" if root == "scenarios" else root
    if names[:1] == ["steps"]:
        level = "step"
        names.pop(0)
    inside = {(): level, ("expect",): "expect", ("expect", "http"): "http", ("expect", "error"): "error"}
    return inside.get(tuple(names), "")


def _keys_of(level: str) -> frozenset[str]:
    """The keys that are known at a level."""
    schema = schemas.load("scenario")
    if level in {"http", "error"}:
        node = schema["definitions"]["expect"]["properties"][level]
    else:
        node = schema if level == "file" else schema["definitions"][level]
    return frozenset(node["properties"])
