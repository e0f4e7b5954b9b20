"""Scenario documents that use every key of the format, and ways to damage them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

EVERY_KEY: dict[str, Any] = {
    "version": 1,
    "x-shared": [{"anything": None}],
    "service": "../services/orders",
    "stage": "dev",
    "params": {"domain": "example.test", "replicas": 2},
    "vars": {"customer": "c-42", "limits": [1, 2]},
    "resolve": {"myTable": "orders-test", "ssm:/orders/limits": ["a", 1], "on": True},
    "functions": {
        "greet": {
            "handler": "greet.handler",
            "runtime": "python3.11",
            "code": "../src",
            "timeout": 3,
            "memory": 128,
            "environment": {"LEVEL": "debug", "RATE": 1.5, "ON": True, "OFF": None},
            "layers": ["../layer"],
            "architecture": "arm64",
        },
        "packed": {"image": "example/packed:1"},
    },
    "defaults": {"timeout": 2.5, "tags": ["orders"], "env": {"A": "1"}, "isolation": "cold"},
    "scenarios": [
        {
            "name": "creates an order",
            "description": "of one item",
            "function": "createOrder",
            "event": {"$literal": "free", "body": [1, {"a": None}]},
            "event_set": {"Records[0].body": {"a": 1}},
            "context": {"aws_request_id": "r-1", "tenant": {"id": 7}},
            "env": {"NAME": "x", "EMPTY": "", "N": 0},
            "vars": {"a": 1},
            "tags": ["fast", "{{ vars.tag }}"],
            "timeout": "{{ vars.timeout }}",
            "skip": "needs SES",
            "credentials": "none",
            "backend": "local",
            "expect": {
                "output": {
                    "a": {"$gte": 1, "$lt": 5},
                    "b": {"$present": True},
                    "c": {"$absent": True},
                    "d": {"$optional": {"$type": ["string", "null"]}},
                    "e": {"$not": {"$in": [1, "a", None]}},
                    "f": {"$regex": "^a", "$starts_with": "a", "$ends_with": "z", "$length": {"$gt": 1}},
                    "g": {"$contains": {"$approx": {"value": 1, "abs": 0.5, "rel": 1e-3}}},
                    "h": [{"$approx": 2}, {"$format": "uuid"}, {"$json": {"$base64": "x"}}],
                    "i": {"$partial": {"$exactly": {"k": 1}}},
                    "j": {"$unordered": [1, {"$each": 2}], "$length": 2},
                    "k": {"$all_of": [1], "$any_of": [{"$gt": "a"}, 2]},
                    "l": {"$schema": {"type": "object", "$ref": "#/x"}, "$literal": {"$gt": 1, "x": 2}},
                    "m": {},
                    "n": {"$type": "{{ vars.type }}"},
                    "timeout": {"env": {"name": True}},
                },
                "output_includes": [{"a": 1}],
                "output_path": "expected/order.json",
                "output_schema": "schemas/order.json",
                "http": {
                    "status": {"$in": [200, 201]},
                    "headers": {"Content-Type": "application/json"},
                    "cookies": {"session": {"$present": True}},
                    "body": {"id": 1},
                    "body_includes": {},
                },
                "checks": [{"at": "items[0].id", "value": {"$gt": 0}}],
                "logs": ["stored", {"$regex": "order"}],
                "log_records": [{"level": "INFO"}],
                "duration_ms": 100,
                "init_ms": {"$lt": 300},
                "memory_mb": "{{ vars.memory }}",
            },
        },
        {
            "name": "rejects",
            "event_path": "service:events/{{ matrix.kind }}.json",
            "raw": True,
            "context_path": "context.json",
            "matrix": {"kind": ["a", "b"], "amount": [0, {"x": 1}]},
            "matrix_exclude": [{"kind": "a", "amount": 0}],
            "isolation": "{{ vars.isolation }}",
            "skip": False,
            "expect": {
                "error": {
                    "type": "ValueError",
                    "message": {"$contains": "negative"},
                    "stack": {"$length": 3},
                },
                "logs": {"$not": {"$contains": "secret"}},
            },
        },
        {
            "name": "raises",
            "cases": [{"a": 1}, {}],
            "context": "none",
            "expect": {"error": True, "logs": "x"},
        },
        {
            "name": "rows",
            "cases_path": "cases.csv",
            "expect": {},
            "credentials": "inherit",
            "backend": "auto",
        },
        {"name": "answers", "expect": {"http": {"status": 200}, "output": "{{ vars.all }}"}},
    ],
}

# All that `quick_check` knows by itself.
PLAIN: dict[str, Any] = {
    "version": 1,
    "x-shared": 1,
    "service": None,
    "stage": "dev",
    "params": {"a": 1},
    "vars": {"a": 1},
    "resolve": {"myTable.Arn": "arn"},
    "defaults": {"timeout": 2.5, "tags": ["orders"], "context": {"a": 1}},
    "scenarios": [
        {
            "name": "one",
            "description": "",
            "function": "f",
            "event": {"a": [1, None]},
            "event_set": {"a[0]": 2},
            "env": {"A": "1", "B": None},
            "vars": {},
            "matrix": {"n": [1, {"$gt": 2}]},
            "matrix_exclude": [{"n": 1}],
            "timeout": "{{ matrix.n }}",
            "isolation": "warm",
            "skip": False,
            "expect": {
                "output": {
                    "a": {"$gte": 1, "$lt": "5", "$present": True},
                    "b": [{"$optional": {"$type": "string"}}, {"$not": {"$in": [1, "a"]}}, {}],
                    "c": {"$regex": "^a", "$length": 2, "$format": "uuid"},
                    "d": {"$contains": {"$json": 1}, "$length": {"$gt": 1}},
                    "e": {"$unordered": [{"$each": 2}], "$any_of": [{"$absent": True}]},
                    "f": {"$schema": {"x": 1}, "$literal": {"$x": 1}},
                },
                "output_includes": 1,
                "output_path": "a.json",
                "output_schema": {"type": "object"},
                "http": {
                    "status": 200,
                    "headers": {"a": "b"},
                    "cookies": {},
                    "body": [1],
                    "body_includes": "x",
                },
                "checks": [{"at": "a", "value": {"$gt": 1}}],
                "logs": ["a"],
                "log_records": [{"level": "INFO"}],
                "duration_ms": 100,
                "init_ms": {"$lt": 3},
                "memory_mb": "{{ vars.m }}",
            },
        },
        {"name": "two", "event_path": "a.json", "context_path": "b.json", "cases": [{}], "skip": "not now"},
        {"name": "three", "cases_path": "a.csv", "expect": {"error": {"type": "E"}, "logs": "x"}},
        {"name": "four", "expect": {"error": True, "logs": {"$not": "x"}}},
        {"name": "five", "expect": {"http": {"status": {"$in": [200]}}}},
    ],
}

LATER: dict[str, Any] = {
    "functions": {"f": {"handler": "a.b", "runtime": "ruby3.3", "build": "make"}},
    "scenarios": [
        {
            "name": "later",
            "event_from": "s3",
            "serial": "group",
            "retries": 2,
            "repeat": 3,
            "xfail": {"reason": "known", "until": "2030-12-31"},
            "credentials": "role",
            "backend": "docker",
            "expect": {"snapshot": {"ignore": ["id"]}},
        },
        {
            "name": "steps",
            "steps": [{"id": "one", "function": "f", "event": 1, "expect": {"snapshot": True}}],
            "backend": "aws",
            "xfail": "known",
        },
    ],
}

_NAMES = st.sampled_from(
    [
        *("name", "event", "event_path", "event_from", "context", "context_path", "matrix"),
        *("cases", "cases_path", "steps", "timeout", "retries", "tags", "skip"),
        *("expect", "output", "error", "http", "status", "logs", "snapshot"),
        *("checks", "at", "value", "$gt", "$in", "$gte_", "$literal"),
        *("$type", "$present", "x-y", "xy", "isolation", "credentials", "backend"),
        *("env", "id", "A=B", "until"),
    ]
) | st.text(max_size=3)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 700)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [
            *("", "a", "a::b", "{{ x }}", " {{ x }}\n", "{{ x }} y", "a{% b %}", "{{", "warm", "role"),
            *("2030-01-01", "2030-01-01\n", "string", "uuid", "1", "one-two", "one\n", "\x1c", "é"),
        ]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=4,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with one of its keys or indexes."""
    found: list[tuple[Any, Any]] = []
    steps = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        found.append((value, step))
        found.extend(_places(value[step]))
    return found


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A sound document with one to three changes, each of which may do no harm."""
    document = copy.deepcopy(draw(st.sampled_from([EVERY_KEY, PLAIN, LATER])))
    for _ in range(draw(st.integers(1, 3))):
        places = _places(document)
        container, step = places[draw(st.integers(0, len(places) - 1))]
        change = draw(st.sampled_from(["replace", "remove", "add", "rename"]))
        if change == "replace":
            container[step] = draw(_VALUES)
        elif change == "remove":
            del container[step]
        elif isinstance(container, list):
            container.append(draw(_VALUES))
        elif change == "add":
            container[draw(_NAMES)] = draw(_VALUES)
        else:
            container[draw(_NAMES)] = container.pop(step)
        if not document:
            break
    return document


_ODD_VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        -1,
        0,
        1,
        2,
        99,
        100,
        599,
        600,
        1.5,
        -0.5,
        10**30,
        "",
        "a",
        "::",
        "{{ x }}",
        "{{",
        "warm",
    ),
    *(
        "uuid",
        "string",
        [],
        [1],
        [""],
        ["a"],
        [{}],
        [{"a": 1}],
        [{"$gt": None}],
        {},
        {"a": 1},
        {"": 1},
        {"=": 1},
    ),
    *({"a": []}, {"a": [1]}, {"$gt": 1}, {"$gte_": 1}, {"$gt": 1, "a": 2}, {"a": {"$in": 1}}),
]


def each_single_change(sound: Any) -> Iterator[Any]:
    """The document with every one of its values replaced by each odd one, and with each entry of the
    sound documents added to every mapping."""
    entries = [
        (step, container[step])
        for container, step in (*_places(EVERY_KEY), *_places(PLAIN), *_places(LATER))
        if isinstance(container, dict)
    ]
    document = copy.deepcopy(sound)
    for container, step in _places(document):
        before = container[step]
        for value in _ODD_VALUES:
            container[step] = value
            yield document
        container[step] = before
        if isinstance(before, dict):
            for key, value in entries:
                if key not in before:
                    before[key] = value
                    yield document
                    del before[key]
