"""The command that runs a scenario again."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.reports.rerun import rerun


@pytest.mark.parametrize(
    ("command", "conditions"),
    [
        ("run", ""),
        ("run scenarios/ -j 4 -x -v --report-dir out --junit - -k 'a or b' --tag smoke", ""),
        ("run --backend aws -s live -j 50 a.yml", " --backend aws -s live"),
        ("run -sprod --stage=prod -e A=1 --env B=2", " -sprod --stage=prod -e A=1 --env B=2"),
        ("run --docker-arg '-p 9:9' --docker-arg=-m1g", " --docker-arg '-p 9:9' --docker-arg=-m1g"),
        (
            "run --param k=v --var 'x=it is' --service ../other",
            " --param k=v --var 'x=it is' --service ../other",
        ),
        ("run --assume-role --inherit-env a.yml", " --assume-role --inherit-env"),
        ("run --assume-role arn:aws:iam::1:role/x a.yml", " --assume-role arn:aws:iam::1:role/x"),
        (
            "run --assume-role=arn:x --ignore-env --skip-package",
            " --assume-role=arn:x --ignore-env --skip-package",
        ),
        ("run --timeout 3 --max-time 9 --seed 1 --now 2026-01-01", " --timeout 3 --seed 1 --now 2026-01-01"),
    ],
)
def test_what_belongs_to_the_conditions(command: str, conditions: str) -> None:
    assert rerun(("lambda-scenarios", *shlex.split(command))) == conditions


# Words with control characters: tests/reports/test_console.py asks a real shell.
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1).filter(
            lambda word: word[0] != "-"
        )
    )
)
def test_values_stay_one_word_of_a_shell(values: list[str]) -> None:
    words = [word for value in values for word in ("-e", value)]
    assert shlex.split(rerun(("lambda-scenarios", "run", *words))) == words
