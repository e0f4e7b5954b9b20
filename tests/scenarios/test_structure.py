"""Structure: three judges that must agree, and what people are told."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_scenarios import schemas
from lambda_scenarios.model.values import Origin
from lambda_scenarios.scenarios import explain, positions
from lambda_scenarios.scenarios.near_misses import is_near_miss
from lambda_scenarios.scenarios.quick_check import is_plainly_sound
from lambda_scenarios.scenarios.structure import problems
from lambda_scenarios.scenarios.yaml_source import DEEPEST, locate, parse

from .sound_documents import EVERY_KEY, LATER, PLAIN, damaged, each_single_change

FILE = "/project/file.yml"
EXACT = jsonschema.Draft7Validator(schemas.load("scenario"))
FAST = jsonschema_rs.validator_for(schemas.load("scenario"))


def complaints(document: Any) -> list[str]:
    return [d.problem for d in problems(document, FILE)]


@given(damaged() | st.recursive(st.none() | st.booleans() | st.text(max_size=3), st.lists, max_leaves=3))
@example({"scenarios": [{"name": "a", "xfail": {"reason": "r", "until": "2030-01-01\n"}}]})
@example({"scenarios": [{"name": "a", "steps": [{"id": "one\n"}]}]})
@example({"scenarios": [{"name": "a", "timeout": 10**30}]})
@example({"scenarios": [{"name": "a", "retries": 1.0}]})
@example({"scenarios": [{"name": "a", "tags": "\x1c{{ x }}"}]})
@example({"version": 1.0, "scenarios": [{"name": "a", "expect": {"http": {"status": 200.0}}}]})
@example({"version": True, "scenarios": [{"name": "a", "expect": {"error": 1}}]})
@example({"scenarios": [{"name": "a", "env": {"A\n": "", "B\0": "", "": ""}}]})
def test_the_judges_agree(document: Any) -> None:
    accepted = EXACT.is_valid(document)
    assert FAST.is_valid(document) is accepted
    assert (complaints(document) == []) is accepted
    assert accepted or not is_plainly_sound(document)


def test_the_quick_check_is_never_laxer_than_the_schema() -> None:
    recognised = 0
    for document in each_single_change(PLAIN):
        if is_plainly_sound(document):
            recognised += 1
            assert FAST.is_valid(document), document
    assert recognised > 1000


@pytest.mark.parametrize("document", [EVERY_KEY, PLAIN, LATER])
def test_every_key_is_accepted(document: Any) -> None:
    assert EXACT.is_valid(document)
    assert complaints(document) == []


def test_the_quick_check_is_worth_its_keep() -> None:
    assert is_plainly_sound(PLAIN)
    without_expectations: Any = [{**scenario, "expect": {}} for scenario in PLAIN["scenarios"]]
    assert is_plainly_sound({**PLAIN, "scenarios": without_expectations})


def test_numbers_that_remember_their_spelling_are_numbers() -> None:
    text = b"version: 0x1\nscenarios:\n- {name: a, timeout: 1.50, retries: 0x3, expect: {init_ms: 010}}"
    assert complaints(parse(text, FILE)) == []


def test_documents_as_deep_as_yaml_may_be() -> None:
    nested: Any = 1
    for _ in range((DEEPEST - 5) // 2):
        nested = {"$optional": [nested]}
    document = {"scenarios": [{"name": "a", "expect": {"output": nested, "staus": 1}}]}
    assert complaints(document) == ["unknown key `staus`"]


def test_ordinary_files_import_no_schema_engine(tmp_path: Path) -> None:
    program = f"""
import sys
from lambda_scenarios.scenarios.structure import problems
document = {{"service": "../orders", "defaults": {{"tags": ["a"]}}, "scenarios": [{{
    "name": "a", "function": "f", "event": {{"a": 1}}, "env": {{"A": "1"}},
    "expect": {{"http": {{"status": 200, "body": {{"total": {{"$gt": 0}}}}}}, "logs": ["x"]}},
}}]}}
assert problems(document, {FILE!r}) == ()
heavy = {{"jsonschema", "jsonschema_rs", "yaml", "dataclasses"}}.intersection(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)


# What people are told. A caret line below a source line marks what the diagnostic points at.

TOLD = [
    (
        """
        scenarios:
        - name: a
          event_pth: events/create.json
          ^^^^^^^^^ unknown key `event_pth` / did you mean `event_path`?
          environment: {A: 1}
          ^^^^^^^^^^^ unknown key `environment` / did you mean `env`?
        """
    ),
    (
        """
        scenarios:
        - name: a
          timeout: abc
                   ^^^ `timeout` must be a number of seconds, not the string "abc"
        - name: 5
                ^ `name` must be a string, not the number 5 / put it into quotes
        - name: b
          timeout: "3"
                   ^^^ `timeout` must be a number of seconds, not the string "3" / leave the quotes out
          tags: fast
                ^^^^ `tags` must be a list, not the string "fast" / put it into brackets: `[…]`
          skip: 3
                ^ `skip` must be `true`, `false` or a reason, not the number 3
          function:
          ^^^^^^^^ `function` must be a string, not `null`
          env: {timeout: [1], A=B: 1}
                         ^^^ `timeout` must be a string, a number, `true`, `false` or null, not a list
        - just a name
          ^^^^^^^^^^^ a scenario must be a mapping, not the string "just a name"
        """
    ),
    (
        """
        scenarios:
        - function: a
          ^^^^^^^^ `name` is missing / each scenario needs one
        - nme: a
          ^^^ unknown key `nme` / did you mean `name`?
        """
    ),
    (
        """
        scenarios: []
                   ^^ `scenarios` is empty / it needs at least one entry
        """
    ),
    (
        """
        service: a
        ^^^^^^^ `scenarios` is missing / a scenario file lists its scenarios under `scenarios:`
        """
    ),
    (
        """
        service: a
        scenarois: []
        ^^^^^^^^^ unknown key `scenarois` / did you mean `scenarios`?
        """
    ),
    (
        """
        name: a
        expect: {}
        ^^^^^^ `expect` belongs to a scenario / list scenarios under `scenarios:`
        """
    ),
    (
        """
        - name: a
          ^^^^ a scenario file is a mapping, not a list / its scenarios are listed under `scenarios:`
        """
    ),
    (
        """
        version: 2
                 ^ `version` must be `1`, not the number 2
        status: 1
        ^^^^^^ `status` … / known here: version, service, …
        tags: []
        ^^^^ `tags` belongs to a scenario, or under `defaults`
        defaults: {name: a}
                   ^^^^ unknown key `name` / a name can't be a default: each scenario has its own
        scenarios:
        - name: a::b
                ^^^^ `name` can't contain `::` / it separates file and name on the command line
          status: 200
          ^^^^^^ `status` belongs under `expect.http`
          output: 1
          ^^^^^^ `output` belongs under `expect`
          stage: dev
          ^^^^^ `stage` belongs to the top level of the file
          payload: 1
          ^^^^^^^ unknown key `payload` / did you mean `event`?
          expect:
            status: 200
            ^^^^^^ `status` belongs under `http`
            timeout: 3
            ^^^^^^^ `timeout` belongs beside `expect`, not under it
            http: {output: 1, statusCode: 200, status: "200"}
                   ^^^^^^ `output` belongs beside `http`, not under it
        """
    ),
    (
        """
        scenarios:
        - name: a
          event: 1
          event_path: a
          ^^^^^^^^^^ `event_path` can't stand beside `event` / leave out one of `event` and `event_path`
        - name: b
          event_path: a
          event: 1
          ^^^^^ `event` can't stand beside `event_path` / leave out one of `event_path` and `event`
          context: {}
          context_path: a
          ^^^^^^^^^^^^ `context_path` can't stand beside `context` / leave out one of …
          matrix: {a: [1]}
          cases: [{}]
          ^^^^^ `cases` can't stand beside `matrix` / leave out one of …
          expect:
            output: 1
            ^^^^^^ `output` can't stand beside `error` / `error` says that there is no result: …
            error: true
        """
    ),
    (
        """
        scenarios:
        - name: a
          isolation: wram
                     ^^^^ `isolation` must be `warm` or `cold`, not the string "wram" / did you mean `warm`?
          matrix: {a: []}
                      ^^ `a` is empty / it needs at least one entry
          expect:
            error: false
                   ^^^^^ `error` can only be `true` / leave the key out otherwise
            duration_ms: -1
                         ^^ `duration_ms` must be at least 0, not -1
            checks: [{at: a}]
                     ^^^^^^^ `value` is missing
            logs: {contains: a}
                   ^^^^^^^^ `contains` is no matcher, and `logs` takes nothing else / a mapping stands for …
            log_records:
            - level: {$gte_: 1}
                      ^^^^^ unknown matcher `$gte_` / did you mean `$gte`?
            - level: {$gt: 1, other: 2}
                              ^^^^^ `other` stands beside the matcher `$gt` / matchers can't be mixed …
            - {a: {$type: text}}
                          ^^^^ `$type` must be `string`, …, not the string "text"
            - {a: {$regex: 1}}
                           ^ `$regex` must be a string, not the number 1 / put it into quotes
            - {a: {$in: 1}}
                        ^ `$in` must be a list, not the number 1 / put it into brackets: `[…]`
        functions:
          f: {handler: a.b, memorySize: 1}
                            ^^^^^^^^^^ unknown key `memorySize` / did you mean `memory`?
          g: {runtime: a}
             ^^^^^^^^^^^^ `handler` is missing / a function needs `handler` and `runtime`, or `image`
        """
    ),
]


@pytest.mark.parametrize("told", TOLD)
def test_what_people_are_told(told: str, tmp_path: Path) -> None:
    source: list[str] = []
    expected: list[tuple[int, int, int, str]] = []
    for line in textwrap.dedent(told).strip("\n").split("\n"):
        if line.lstrip().startswith("^"):
            carets = line.lstrip().split(" ", 1)[0]
            expected.append((len(source), line.index("^") + 1, len(carets), line.split(carets, 1)[1].strip()))
        else:
            source.append(line)
    file = tmp_path / "file.yml"
    file.write_text("\n".join(source))
    positions._latest = None
    found: dict[tuple[int, int, int], str] = {}
    for diagnostic in problems(parse(file.read_bytes(), str(file)), str(file)):
        assert isinstance(diagnostic.where, Origin)
        place = locate(diagnostic.where)
        said = f"{diagnostic.problem} / {diagnostic.label}" if diagnostic.label else diagnostic.problem
        found.setdefault((place.line, place.column, place.width), said)
    for line_number, column, width, text in expected:
        said = found.get((line_number, column, width), f"nothing here; there is {found}")
        for part in text.split("…"):
            assert part.strip(" ,") in said


def test_all_problems_of_a_file_are_told_at_once() -> None:
    text = b"scenarios:\n- {nme: a, timeout: x}\n- {name: b, expect: {outpt: 1}, tags: 3}\nstge: a"
    assert len(complaints(parse(text, FILE))) == 5


@given(damaged())
def test_the_stack_limit_is_restored(document: Any) -> None:
    before = sys.getrecursionlimit()
    explain.explain(document, FILE)
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize(
    "key", ["scenario", "scenarois", "Scenarios", "senarios", "scenarioss", "scnarios", "scenarion"]
)
def test_near_misses(key: str) -> None:
    assert is_near_miss(key)


@pytest.mark.parametrize("key", ["scenarios", "services", "scene", "secretaries", "stages", "inventory", ""])
def test_no_near_misses(key: str) -> None:
    assert not is_near_miss(key)
