"""A scenario added to a file: all that was there stays, letter by letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.recorder.insertion import CannotInsert, appended
from lambda_scenarios.scenarios.yaml_source import parse

LINES = ["name: added", "expect:", "  output: [1]"]
FLOW = "{name: added, expect: {output: [1]}}"
ADDED = {"name": "added", "expect": {"output": [1]}}

FILES = [
    "scenarios:\n  - name: a\n",
    "scenarios:\n  - name: a",
    "scenarios:\n- name: a\n  expect: {output: 1}\n",
    "# 1\nversion: 1\n\nscenarios:\n    - name: a # b\n      event:\n        x: [1,\n         2]\n\n    #\n",
    "scenarios:\n  - name: a\n# between\nvars: {x: 1}\n",
    "scenarios:\n  - name: a\n    description: |\n      two\n      lines\n\n\nvars: {x: 1}\n",
    "scenarios:\n  - name: a\n    description: |+\n      kept\n\n",
    "scenarios:\n  - name: a\n    description: >-\n      folded\n      text\n    # a remark\nvars: {}\n",
    "scenarios: [{name: a}]\n",
    "scenarios: [\n  {name: a}, # one\n]\nvars: {x: 1}\n",
    "{scenarios: [{name: a}], vars: {x: 1}}\n",
    '{"scenarios": [{"name": "a"} # one\n]}\n',
    "scenarios:\r\n  - name: a\r\nvars: {x: 1}\r\n",
    "---\nscenarios:\n  - name: a\n...\n",
    "x-all: &all {tags: [x]}\nscenarios:\n  - {<<: *all, name: a}\n  - &b {name: b}\n",
    '\ufeffscenarios:\n  - name: größer 😀\n    event: "x\\u2028"\n',
    "scenarios:\n  -\n    name: a\n    event: 'it''s\n\n      long'\nstage: dev # last\n",
]


@pytest.mark.parametrize("text", FILES)
def test_what_was_there_stays(text: str) -> None:
    before = parse(text.encode(), "/f.yml")
    after = appended(text, LINES, FLOW)
    found = parse(after.encode(), "/f.yml")
    assert isinstance(before, dict) and isinstance(found, dict)
    assert found == {**before, "scenarios": [*before["scenarios"], ADDED]}  # type: ignore[misc]  # a list
    rest = iter(after)
    assert all(char in rest for char in text), "the old text is a part of the new one, in its order"
    if "\r\n" in text:
        assert "\n" not in after.replace("\r\n", "")
    again = parse(appended(after, LINES, FLOW).encode(), "/f.yml")
    assert isinstance(again, dict) and len(again["scenarios"]) == len(before["scenarios"]) + 2  # type: ignore[arg-type]  # lists


COMMENT = st.sampled_from(["", "\n", "# x\n", "  # y\n", "\n\n# z\n"])
ITEM = st.sampled_from(
    [
        "name: a\n",
        "name: a # c\n",
        "event: {a: 1}\n",
        "event:\n  - 1\n  - b: 2\n",
        "event: |\n  text\n",
        'event: "q\n  r"\n',
    ]
)


@given(st.lists(st.tuples(ITEM, COMMENT), min_size=1, max_size=4), st.integers(0, 5), COMMENT, st.booleans())
def test_any_layout(items: list[tuple[str, str]], indent: int, head: str, more: bool) -> None:
    text = f"{head}scenarios:\n"
    for item, comment in items:
        lines = item.rstrip("\n").split("\n")
        text += f"{' ' * indent}- {lines[0]}\n" + "".join(
            f"{' ' * (indent + 2)}{line}\n" for line in lines[1:]
        )
        text += comment
    text += "vars: {x: 1}\n" if more else ""
    before = parse(text.encode(), "/f.yml")
    found = parse(appended(text, LINES, FLOW).encode(), "/f.yml")
    assert isinstance(before, dict) and isinstance(found, dict)
    assert found == {**before, "scenarios": [*before["scenarios"], ADDED]}  # type: ignore[misc]  # a list


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("vars: {}\n", "no list"),
        ("scenarios: []\n", "no list"),
        ("- a\n", "no mapping"),
        ("a: [\n", "while parsing"),
    ],
)
def test_other_files_are_refused(text: str, reason: str) -> None:
    with pytest.raises(CannotInsert, match=reason):
        appended(text, LINES, FLOW)
