"""Functions of extensions in templates, through the real program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.extending import packages
from tests.program import running

MODULE = """\
import collections

def shout(text, times=1):
    return text.upper() + "!" * times

def broken(*values):
    return values[7]

def strange():
    return object()

no_function = 12
"""
POINTS = {name: f"acme.templates:{name}" for name in ("shout", "broken", "strange", "no_function")}


def run(directory: Path, event: str, output: str = "{}", *, points: dict[str, str] = POINTS) -> running.Done:
    (directory / "echo.py").write_text("def handler(event, context):\n    return event\n")
    (directory / "a.yml").write_text(
        f"functions: {{echo: {{handler: echo.handler, runtime: python3.{sys.version_info[1]}, code: .}}}}\n"
        "defaults: {function: echo}\n"
        "scenarios:\n"
        f"  - name: one\n    event: {event}\n    expect: {{output: {output}}}\n"
    )
    env = packages.write(directory / "site", {"template_functions": points}, {"acme.templates": MODULE})
    return running.run(directory, "run", "a.yml", "-q", env=env)


@pytest.mark.parametrize(
    ("event", "output"),
    [
        ("'{{ shout(\"a\") }}'", "A!"),
        ("'{{ shout(\"a\", times=2) }}'", "A!!"),
        ("'{{ \"a\" | shout }}'", "A!"),
        ("'{{ \"a\" | shout(3) }}'", "A!!!"),
        ("'{% for c in \"ab\" %}{{ c | shout }}{% endfor %}'", "A!B!"),
        ('\'{{ ["a", "b"] | map("upper") | join | shout }}\'', "AB!"),
        ("'{% macro shout(text) %}mine: {{ text }}{% endmacro %}{{ shout(\"a\") }}'", "'mine: a'"),
    ],
)
def test_they_are_functions_and_filters(tmp_path: Path, event: str, output: str) -> None:
    done = run(tmp_path, event, output)
    assert done.status == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("'{{ broken(1) }}'", "the template function `broken` of acme-testing 1.0 failed: IndexError"),
        ("'{{ shout() }}'", "`shout` doesn't take these arguments"),
        ("'{{ shout(nothing) }}'", "`nothing` is undefined"),
        ("'{{ strange() }}'", "a template gives a object, which JSON can't say"),
        ("'{{ no_function() }}'", "is no function, but int"),
        ("'{{ shuot(1) }}'", "`shuot` is undefined"),
        ("'{{ 1 | shuot }}'", "no filter `shuot`"),
    ],
)
def test_what_goes_wrong_is_told_at_its_place(tmp_path: Path, event: str, said: str) -> None:
    done = run(tmp_path, event)
    assert done.status == 2
    assert said in done.stderr
    assert "--> a.yml:5:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_is_built_in_is_told(tmp_path: Path) -> None:
    points = {**POINTS, "upper": "acme.templates:shout"}
    done = run(tmp_path, "'{{ shout(1) }}'", points=points)
    assert done.status == 2
    assert (
        "the template function `upper` of acme-testing 1.0 has the name of one that is built in"
        in done.stderr
    )
