"""Reporters of extensions, through the real program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.extending import packages
from tests.program import running

MODULE = """\
def lines(run):
    yield f"{run.info.seed} {dict(run.counts)} {run.end.interrupted}\\n"
    for record in run.records():
        yield f"{record.name}: {record.attempts[0].invocations[0].output}\\n"

def talks(run):
    print("begins")
    yield "first\\n"
    print("goes on")
    yield "second\\n"

def text(run):
    return "all in one \\ud800"

def broken(run):
    yield "the beginning"
    raise KeyError("x")

def odd_answer(run):
    yield 5

no_function = 12
"""
POINTS = {
    name: f"acme.reporters:{name}"
    for name in ("lines", "talks", "text", "broken", "odd_answer", "no_function")
}


def run(directory: Path, *arguments: str) -> running.Done:
    (directory / "echo.py").write_text("def handler(event, context):\n    return event\n")
    (directory / "a.yml").write_text(
        f"functions: {{echo: {{handler: echo.handler, runtime: python3.{sys.version_info[1]}, code: .}}}}\n"
        "defaults: {function: echo}\n"
        "scenarios:\n  - {name: one, event: {a: 1.5}}\n  - {name: two, event: s, expect: {output: t}}\n"
    )
    env = packages.write(directory / "site", {"reporters": POINTS}, {"acme.reporters": MODULE})
    return running.run(directory, "run", "a.yml", "--seed", "7", *arguments, env=env)


def test_it_is_written_beside_the_others(tmp_path: Path) -> None:
    done = run(tmp_path, "--report", "lines=out/lines.txt", "--report", "text=text.txt")
    assert done.status == 1, done.stderr
    assert (tmp_path / "out" / "lines.txt").read_text() == (
        "7 {'passed': 1, 'failed': 1} None\none: {\"a\": 1.5}\ntwo: \"s\"\n"
    )
    assert (tmp_path / "text.txt").read_text() == "all in one ?"
    assert (tmp_path / "reports" / "junit.xml").exists()
    assert "lines: out/lines.txt" in done.stdout


def test_what_it_prints_is_no_part_of_what_stands_on_the_standard_output(tmp_path: Path) -> None:
    done = run(tmp_path, "--no-reports", "--report", "talks=-")
    assert done.stdout == "first\nsecond\n"
    assert "begins\n" in done.stderr and "goes on\n" in done.stderr


def test_it_may_be_the_only_one_on_the_standard_output(tmp_path: Path) -> None:
    done = run(tmp_path, "--no-reports", "--report", "lines=-")
    assert done.stdout.startswith("7 {'passed': 1, 'failed': 1} None\n")
    assert len(done.stdout.splitlines()) == 3
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken", "the reporter `broken` of acme-testing 1.0 failed: KeyError: 'x'"),
        ("odd_answer", "failed: TypeError: a chunk of a report is text, not int"),
    ],
)
def test_one_that_fails_loses_itself_alone(tmp_path: Path, name: str, said: str) -> None:
    done = run(tmp_path, "--report", f"{name}=x.txt", "--report", "text=text.txt")
    assert done.status == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.txt").exists()
    assert (tmp_path / "text.txt").exists()
    assert (tmp_path / "reports" / "report.html").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("liens=x", "there is no reporter `liens`"),
        ("junit=x", "the junit report is built in: --junit x"),
        ("lines=", "--report takes NAME=PATH, not `lines=`"),
        ("lines", "--report takes NAME=PATH, not `lines`"),
        ("no_function=x", "is no function, but int"),
        ("lines=reports/junit.xml", "the junit and the lines report would both go to"),
    ],
)
def test_mistakes_are_told_before_anything_runs(tmp_path: Path, given: str, said: str) -> None:
    done = run(tmp_path, "--report", given)
    assert done.status == 2
    assert said in done.stderr
    assert not (tmp_path / "reports").exists()


def test_without_extensions_there_are_none(tmp_path: Path) -> None:
    done = running.run(tmp_path, "run", "--report", "slack=x")
    assert done.status == 2
    assert "no extension with reporters is installed" in done.stderr
