"""What the console prints, letter for letter where it matters."""

from __future__ import annotations

import io
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.reports import samples

from lambda_scenarios.model.record import AttemptRecord, DiffLine, ErrorRecord
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.reports import failure, text
from lambda_scenarios.reports.console import Console
from lambda_scenarios.reports.failure import Sources
from lambda_scenarios.reports.masking import Masker
from lambda_scenarios.reports.style import Style, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_scenarios.model.record import (
        EndingKind,
        InvocationRecord,
        MismatchRecord,
        Planned,
        Record,
    )

NOTIFY = "scenarios/orders/notify.yml"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Screen:
    """A console on a stream, its clock, and what a terminal would show in the end."""

    def __init__(
        self,
        root: Path | str = "/",
        colour: bool = False,
        live: bool = False,
        width: int = 110,
        verbosity: int = 0,
        encoding: str = "utf-8",
        unicode: bool = True,
    ) -> None:
        self.bytes = io.BytesIO()
        self.clock = Clock()
        stream = io.TextIOWrapper(self.bytes, encoding=encoding, write_through=True, newline="")
        self._stream = stream  # kept alive: it closes `bytes` when it goes
        self.console = Console(stream, colour, live, width, verbosity, self.clock, unicode, str(root))

    @property
    def written(self) -> str:
        return self.bytes.getvalue().decode(self._stream.encoding)

    @property
    def shown(self) -> str:
        """Lines that were erased aren't there any more."""
        return re.sub("[^\n]*\r\x1b\\[2K", "", self.written)

    def run(self, records: Sequence[Record], headline: str = "orders", wall_ms: float = 840.0) -> str:
        self.console.started(headline, [samples.planned(record) for record in records], 2)
        for record in records:
            self.console.scenario(record)
        self.finish(records, wall_ms)
        return self.shown

    def finish(self, records: Sequence[Record], wall_ms: float = 840.0) -> None:
        counts: dict[str, int] = {}
        for record in records:
            counts[record.status] = counts.get(record.status, 0) + 1
        failed = [record for record in records if record.status in ("failed", "error")]
        self.console.finished(failed, counts, wall_ms, [])  # type: ignore[arg-type]  # statuses


def many(count: int, file: str, **changes: object) -> list[Record]:
    return [samples.record(f"n{n}", file, **changes) for n in range(count)]


def failed_by(mismatch: MismatchRecord, **changes: Any) -> Record:
    return failed_with(samples.invocation(mismatches=(mismatch,), **changes))


def failed_with(invocation: InvocationRecord) -> Record:
    return samples.FAILED._replace(attempts=(AttemptRecord("failed", (invocation,)),))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "scenarios" / "orders").mkdir(parents=True)
    (tmp_path / "src").mkdir()
    (tmp_path / samples.FILE).write_text(
        "#\n" * 28
        + "      http:\n        status: 201\n        body: {total: {currency: USD, amount: {$gt: 0}}}\n"
        + "#\n" * 3
    )
    (tmp_path / "src" / "index.js").write_text(
        "exports.handler = async () => {\n  return missing.thing;\n};\n"
    )
    return tmp_path


GOLDEN = """\
orders  serverless.yml · stage dev · eu-west-1 · 3 functions     16 scenarios, 2 workers

  scenarios/orders/create.yml
    ✓ creates an order                                            createOrder      3 ms
    ✓ rejects a negative amount [amount=-1]                       createOrder      2 ms
    ✗ keeps the customer's currency                               createOrder      4 ms
    ✓ gives up after its timeout                                  createOrder  1 002 ms  timeout expected
  scenarios/orders/notify.yml
    ✓ 11 passed
    ○ sends an e-mail                                             skipped: needs SES

────────────────────────────────────────────────────────────────────────────────────────
✗ scenarios/orders/create.yml::keeps the customer's currency

  expect.output.body.total.currency          scenarios/orders/create.yml:31:24

     29 │       http:
     30 │         status: 201
     31 │         body: {total: {currency: USD, amount: {$gt: 0}}}
        │                        ^^^^^^^^^^^^^ expected "USD", found "EUR"

    {
      "total": {
        "amount": 12.5,
  -     "currency": "USD"
  +     "currency": "EUR"
      }
    }

  2 other expectations of this scenario hold (status, body.total.amount)
  output of the function (2 lines, request 6f1c8a3e):
    currency of c-42 not found, falling back to EUR
    order o-17 stored
  again: lambda-scenarios run 'scenarios/orders/create.yml::keeps the customer'\\''s currency'

14 passed · 1 failed · 1 skipped        0.84 s        report: reports/report.html   junit: reports/junit.xml
"""


def golden_records() -> list[Record]:
    rejects = samples.record("rejects a negative amount [amount=-1]", duration_ms=2.0)
    skipped = samples.SKIPPED._replace(id=f"{NOTIFY}::sends an e-mail", file=NOTIFY)
    return [samples.record(), rejects, samples.FAILED, samples.TIMED_OUT, *many(11, NOTIFY), skipped]


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_golden_run(project: Path, live: bool, backwards: bool) -> None:
    screen = Screen(project, live=live)
    records = golden_records()
    screen.console.started(samples.INFO.services[0], [samples.planned(record) for record in records], 2)
    for record in reversed(records) if backwards else records:
        screen.clock.now += 0.07
        screen.console.scenario(record)
        screen.console.tick()
    screen.console.finished(
        [samples.FAILED],
        {"passed": 14, "failed": 1, "skipped": 1},
        840.0,
        [("junit", "reports/junit.xml"), ("html", "reports/report.html")],
    )
    assert screen.shown == GOLDEN
    assert ("\x1b" in screen.written) == live


def test_files_come_in_order_and_only_when_they_are_complete() -> None:
    screen = Screen()
    first, second = many(2, "a.yml"), many(1, "b.yml")
    screen.console.started("orders", [samples.planned(record) for record in (*first, *second)], 1)

    def after(record: Record) -> str:
        screen.clock.now += 1
        screen.console.scenario(record)
        return screen.shown

    assert "b.yml" not in after(second[0])
    assert "a.yml" not in after(first[1])
    shown = after(first[0])
    assert shown.index("a.yml") < shown.index("b.yml")


def test_a_file_that_passed_is_one_line_where_there_is_no_terminal() -> None:
    records = [*many(12, "scenarios/orders/create.yml"), *many(1, NOTIFY)]
    assert Screen().run(records).splitlines()[2:4] == [
        "  ✓ scenarios/orders/create.yml                                   12 passed       39 ms",
        "  ✓ scenarios/orders/notify.yml                                    1 passed        3 ms",
    ]
    live = Screen(live=True).run(records)
    assert "    ✓ 12 passed\n" in live
    assert "    ✓ n0  " in live
    verbose = Screen(verbosity=1).run(records)
    assert verbose.count("        order o-17 stored\n") == 13


def test_quiet_shows_failures_and_the_summary_only() -> None:
    assert Screen(verbosity=-1, live=True).run(many(3, NOTIFY)) == "3 passed        0.84 s\n"
    quiet = Screen(verbosity=-1).run([samples.record(), samples.FAILED])
    assert quiet.startswith("\n────")
    assert "✓" not in quiet


def test_alike_ones_are_folded() -> None:
    skipped = many(11, NOTIFY, status="skipped", reason="needs SES\n= notes", attempts=())
    shown = Screen().run([samples.record(file=NOTIFY), *skipped])
    assert "    ○ 11 skipped: needs SES\n" in shown
    late = Screen().run(many(30, NOTIFY, status="not run", reason="not run: too late", attempts=()))
    assert NOTIFY not in late
    assert late.endswith("30 not run · nothing was run        0.84 s\n")


def test_scenarios_that_lack_the_same_part_are_told_once() -> None:
    reason = samples.ERROR.reason
    shown = Screen().run(many(12, NOTIFY, status="error", reason=reason, attempts=()))
    assert (
        "! 12 scenarios could not be judged: scenario needs Ruby 3.3, which isn't on this machine\n" in shown
    )
    assert "  = to install it: apt-get install ruby\n" in shown
    assert shown.count("apt-get") == 1
    assert shown.count("needs Ruby 3.3") == 1
    assert "    ! 12 not judged: see below\n" in shown
    assert "    … 2 more in the report\n" in shown
    assert shown.endswith("\n\n12 errors        0.84 s\n")


def test_many_failures_are_named() -> None:
    records = many(60, NOTIFY, status="failed", attempts=samples.FAILED.attempts)
    shown = Screen().run(records)
    assert shown.count("again:") == 50
    assert "10 more, shown in the report:\n" in shown
    assert f"  ✗ {NOTIFY}::n59\n" in shown


def test_a_stack_is_cut_to_the_users_code(project: Path) -> None:
    shown = Screen(project).run([samples.RAISED])
    assert (
        "  JSONDecodeError: Expecting value: line 1\n"
        "    src/orders.py:2 in create\n"
        '      return json.loads(event["body"])\n'
        "    1 frame more in the report\n"
    ) in shown
    stack = (
        "TypeError: Cannot read properties of undefined",
        f"    at Runtime.handler ({project}/src/index.js:2:18)",
        f"    at step ({project}/node_modules/lib/index.js:9:1)",
        "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
    )
    raised = ErrorRecord("TypeError", "Cannot read\nproperties", stack)
    record = samples.RAISED._replace(
        attempts=(AttemptRecord("failed", (samples.invocation(ending="function error", error=raised),)),)
    )
    assert (
        "  TypeError: Cannot read\n  properties\n"
        "    src/index.js:2 in Runtime.handler\n      return missing.thing;\n"
        "    2 frames more in the report\n"
    ) in Screen(project).run([record])


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        (
            ("/app/handler.rb:3:in `handler'", "/usr/lib/ruby/3.3/json.rb:1:in 'parse'"),
            [("/app/handler.rb", 3)],
        ),
        (("    at file:///app/index.mjs:4:7",), [("/app/index.mjs", 4)]),
        (('  File "/a/site-packages/x.py", line 1, in f\n    x\n',), [("/a/site-packages/x.py", 1)]),
        (("no frame at all",), []),
    ],
)
def test_frames(stack: tuple[str, ...], expected: list[tuple[str, int]]) -> None:
    frames, _ = failure.user_frames(stack)
    assert [(frame.path, frame.line) for frame in frames] == expected


def test_a_recursion_shows_both_ends() -> None:
    stack = tuple(f'  File "/app/x.py", line {n}, in f\n    f()\n' for n in range(1, 1001))
    frames, hidden = failure.user_frames(stack)
    assert [frame.line for frame in frames] == [1, 2, 3, 4, 997, 998, 999, 1000]
    assert hidden == 992


def test_the_caret_stands_under_wide_characters_and_tabs(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("a: 注文\t{b: 1}\n", encoding="utf-8")
    record = samples.FAILED._replace(
        attempts=(
            AttemptRecord(
                "failed",
                (
                    samples.invocation(
                        mismatches=(samples.mismatch(file="x.yml", line=1, column=8, width=1),)
                    ),
                ),
            ),
        )
    )
    lines = Screen(tmp_path).run([record]).splitlines()
    source, caret = lines[lines.index(next(x for x in lines if x.startswith("      1 │"))) :][:2]
    under = source.index("b:")
    assert text.display_width(source[:under]) == caret.index("^")


def test_a_long_line_is_cut_around_the_caret(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("a: [" + "x, " * 200 + "HERE, " + "y, " * 200 + "]\n")
    mismatch = samples.mismatch(file="x.yml", line=1, column=605, width=4, message="m " * 80)
    record = failed_by(mismatch)
    lines = Screen(tmp_path).run([record]).splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("      1 │"))
    assert len(lines[at]) <= 88
    assert lines[at][lines[at + 1].index("^") :].startswith("HERE")
    assert lines[at + 2].strip().startswith("│ m m m")


def test_only_line_ends_end_the_line_of_a_message(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("a: 1\n")
    message = "one\u2028two\x0cthree\x85four\r\nfive\rsix\n"
    record = failed_by(samples.mismatch(file="x.yml", line=1, column=4, width=1, message=message))
    shown = Screen(tmp_path).run([record])
    told = "^ one\\u2028two\\x0cthree\\x85four\n        │ five\n        │ six\n"
    assert told in shown


def test_lines_of_another_scenario_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("- name: one\n  expect: {}\n- name: two\n  event: 1\n\n  expect: 1\n")
    for line, shown in ((3, [3]), (4, [3, 4]), (6, [6]), (2, [1, 2]), (1, [1])):
        found = Screen(tmp_path).run(
            [failed_by(samples.mismatch(file="x.yml", line=line, column=1, width=1))]
        )
        assert [int(n) for n in re.findall("^ +([0-9]+) │", found, re.MULTILINE)] == shown


def test_an_error_that_the_expectation_tells_is_not_told_twice() -> None:
    (invocation,) = samples.RAISED.attempts[0].invocations
    told = samples.mismatch(message="the function failed: JSONDecodeError: Expecting value: line 1", diff=())
    record = samples.RAISED._replace(
        attempts=(AttemptRecord("failed", (invocation._replace(mismatches=(told,)),)),)
    )
    shown = Screen().run([record])
    assert shown.count("Expecting value") == 1
    assert "    src/orders.py:2 in create\n" in shown


@pytest.mark.parametrize(
    ("line", "column", "width", "caret"),
    [("key: sk-live-4711", 6, 12, 5), ("a: sk-live-4711, b: USD", 21, 3, 11), ("k: sk-live-4711", 8, 3, 0)],
)
def test_secrets_in_source_lines_are_masked(
    tmp_path: Path, line: str, column: int, width: int, caret: int
) -> None:
    (tmp_path / "x.yml").write_text(f"first: sk-live-4711\n{line}\n")
    record = failed_by(samples.mismatch(file="x.yml", line=2, column=column, width=width))
    screen = Screen(tmp_path)
    screen.console.mask_sources(Masker(["sk-live-4711"]).text)
    shown = screen.run([record])
    assert "sk-live" not in shown
    assert "      1 │ first: ***\n" in shown
    source, under = re.findall("^ {6}[2 ] │ (.*)$", shown, re.MULTILINE)[-2:]
    assert source == line.replace("sk-live-4711", "***")
    assert under.index("^") == caret


def test_an_unreadable_source_and_an_unknown_place() -> None:
    for changes in ({"file": "absent.yml"}, {"file": "", "line": 0}, {"file": "\0"}, {"line": 10**6}):
        mismatch = samples.mismatch(**changes)
        record = failed_by(mismatch)
        assert '    expected "USD", found "EUR"\n' in Screen().run([record])


def test_long_logs_show_their_end() -> None:
    logs = "".join(f"line {n}\n" for n in range(100))
    record = failed_by(samples.mismatch(), logs=logs)
    shown = Screen().run([record])
    assert (
        "  output of the function (100 lines, request 6f1c8a3e):\n"
        "    … 60 lines more in the report\n    line 60\n" in shown
    )
    assert "line 99\n" in shown


@pytest.mark.parametrize("ending", ["init failed", "worker died", "timed out"])
def test_what_was_printed_while_loading_is_shown_where_loading_ended_it(ending: EndingKind) -> None:
    changes = {"ending": ending, "init_logs": "importing\n", "mismatches": (samples.mismatch(diff=()),)}
    shown = Screen().run([failed_with(samples.invocation(logs="", **changes))])
    assert "  output while loading (1 line):\n    importing\n  again:" in shown
    assert "output of the function" not in shown


def test_output_of_a_sound_start_is_shown_only_where_logs_are_expected() -> None:
    def shown(ending: EndingKind, expectation: str) -> str:
        wrong = samples.mismatch(expectation=expectation, diff=())
        loaded = samples.invocation(ending=ending, init_logs="importing\n", mismatches=(wrong,))
        return Screen().run([failed_with(loaded)])

    assert "importing" not in shown("worker died", "expect")
    assert "importing" not in shown("returned", "expect.output")
    for expectation in ("expect.logs[0]", "expect.log_records"):
        assert (
            "  output while loading (1 line):\n    importing\n"
            "  output of the function (1 line, request 6f1c8a3e):\n    order o-17 stored\n"
        ) in shown("returned", expectation)


def test_nothing_huge_reaches_the_terminal() -> None:
    huge = "漢" + "\x1bx" * 50_000
    stack = tuple(f'  File "/app/{huge}.py", line {n}, in f\n    {huge}\n' for n in range(3))
    lines = f"{huge}\n" * 60
    invocation = samples.invocation(
        ending="function error",
        error=ErrorRecord("Error", lines, stack),
        logs=lines,
        held=(huge,) * 3,
        mismatches=(
            samples.mismatch(expectation=huge, message=lines + "x", diff=(DiffLine("+", huge),) * 3),
            samples.mismatch(file="", line=0, message=lines),
        ),
    )
    record = failed_with(invocation)._replace(reason=lines)
    skipped = samples.SKIPPED._replace(reason=huge)
    error = samples.ERROR._replace(reason=lines)
    for verbosity in (0, 1):
        screen = Screen(verbosity=verbosity)
        shown = screen.run([record, skipped, error])
        # Beside what is shown stand its indentation, the number of a line, a caret.
        assert max(map(text.display_width, shown.splitlines())) < text.MAX_COLUMNS + 200
        assert len(shown.splitlines()) < 300
        assert shown.count("    … 20 lines more in the report\n") == 1  # of 60 of the log
        assert shown.count("… 40 lines more in the report\n") == 3  # of messages: the reasons, a mismatch
        assert "again: lambda-scenarios run" in shown


def test_a_narrow_terminal_breaks_no_line(project: Path) -> None:
    late = samples.TIMED_OUT._replace(function="f" * 28)
    skipped = samples.SKIPPED._replace(reason="needs a mail server, which is not there")
    screen = Screen(project, live=True, width=80)
    records = [late, skipped, failed_by(samples.mismatch(message="the " * 12, diff=()))]
    screen.console.started("orders", [samples.planned(record) for record in records], 2)
    for record in records:
        screen.console.scenario(record)
    paths = [(kind, f"reports/of/this/run/report.{kind}") for kind in ("html", "junit", "json")]
    screen.console.finished(records[2:], {"passed": 1, "failed": 1, "skipped": 1}, 840.0, paths)
    lines = [line for line in screen.shown.splitlines() if "again:" not in line]  # that one is for copying
    assert max(map(text.display_width, lines)) <= 80
    assert "        timeout expected" in lines
    assert "        skipped: needs a mail server, which is not there" in lines
    assert lines[-3:] == [
        "report: reports/of/this/run/report.html",
        "junit: reports/of/this/run/report.junit",
        "json: reports/of/this/run/report.json",
    ]


@given(st.text())
def test_a_shown_line_fits_and_is_marked(value: str) -> None:
    line = text.shown_line(value * 30)
    assert text.display_width(line) <= text.MAX_COLUMNS
    whole = text.printable(value * 30)
    assert line == whole or (line.endswith("…") and whole.startswith(line[:-1]))


def test_the_status_line_is_erased_and_never_wraps() -> None:
    screen = Screen(live=True, width=80)
    records = many(50, "scenarios/" + "x" * 100 + ".yml")
    screen.console.started("orders", [samples.planned(record) for record in records], 2)
    screen.clock.now += 5
    screen.console.running(records[3].id, 101.0)
    screen.console.scenario(records[0])
    assert "1 of 50" in screen.written
    assert "running for 4 s: scenarios/" in screen.written
    drawn = re.findall("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] [^\r\n]*", screen.written)
    assert len(drawn) == 2
    assert max(map(text.display_width, drawn)) < 80
    screen.console.message("a warning")
    assert "\x1b[2Ka warning\n" in screen.written
    screen.finish([records[0]])
    assert screen.written.endswith("1 passed        0.84 s\n")
    assert "\x1b" not in screen.shown


def test_a_sign_of_life_where_there_is_no_terminal() -> None:
    screen = Screen()
    records = many(4, NOTIFY)
    screen.console.started("orders", [samples.planned(record) for record in records], 2)
    screen.console.scenario(records[0])
    for _ in range(8):
        screen.clock.now += 5
        screen.console.running(records[1].id, 101.0)
        screen.console.tick()
    last = f"  … 1 of 4 · 30 s · about 1 min 30 s left · running for 29 s: {NOTIFY}::n1\n"
    assert screen.written.endswith(last)
    assert screen.written.count("running") == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_poor_terminals(encoding: str, project: Path) -> None:
    screen = Screen(project, encoding=encoding, unicode=False)
    shown = screen.run([samples.record("注文 ümläut"), samples.FAILED, samples.SKIPPED])
    assert "    + \\u6ce8\\u6587 " in shown
    assert "    x keeps the customer's currency" in shown
    assert "-" * 88 + "\n" in shown
    assert "     31 |         body:" in shown


def test_colour_only_where_it_is_wanted(project: Path) -> None:
    coloured = Screen(project, colour=True).run(golden_records(), samples.INFO.services[0])
    assert "\x1b[32m✓\x1b[0m creates an order" in coloured
    assert '\x1b[31m  -     "currency": "USD"\x1b[0m' in coloured
    plain = text.strip_ansi(coloured)
    assert plain == Screen(project).run(golden_records(), samples.INFO.services[0])


@given(st.lists(samples.records, max_size=4, unique_by=lambda record: record.id), st.integers(-1, 1))
def test_nothing_in_a_record_reaches_the_terminal_raw(records: list[Record], verbosity: int) -> None:
    screen = Screen(os.devnull, verbosity=verbosity)
    shown = screen.run(records, headline="\x1b[31m\x07")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", shown)
    assert shown.endswith("s\n")


@given(st.lists(samples.plans, max_size=8, unique_by=lambda planned: planned.id), st.data())
def test_whatever_is_missing_the_end_comes(planned: list[Planned], data: st.DataObject) -> None:
    screen = Screen(live=data.draw(st.booleans()))
    screen.console.started("orders", planned, 2)
    done = [samples.record(p.name, p.file, id=p.id) for p in planned if data.draw(st.booleans())]
    for record in done:
        screen.clock.now += data.draw(st.sampled_from([0.0, 0.2, 40.0]))
        screen.console.scenario(record)
    screen.finish(done)
    assert screen.shown.endswith(f"{f'{len(done)} passed' if done else 'nothing was run'}        0.84 s\n")
    if done:
        assert screen.shown.count("✓") >= 1


@pytest.mark.parametrize(
    ("environ", "isatty", "encoding", "expected"),
    [
        ({}, True, "utf-8", Style(colour=True, live=True, unicode=True)),
        ({}, False, "UTF-8", Style(colour=False, live=False, unicode=True)),
        ({"NO_COLOR": "1"}, True, "utf-8", Style(colour=False, live=True, unicode=True)),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, "utf-8", Style(False, True, True)),
        ({"NO_COLOR": ""}, True, "utf-8", Style(True, True, True)),
        ({"FORCE_COLOR": "1"}, False, "utf-8", Style(True, False, True)),
        ({"FORCE_COLOR": "0"}, True, "utf-8", Style(False, True, True)),
        ({"CI": "true"}, True, "utf-8", Style(True, False, True)),
        ({"CI": "false"}, True, "utf-8", Style(True, True, True)),
        ({"TERM": "dumb"}, True, "utf-8", Style(False, False, True)),
        ({}, True, "ANSI_X3.4-1968", Style(True, True, False)),
        ({}, True, "iso8859-1", Style(True, True, False)),
        ({}, True, None, Style(True, True, False)),
    ],
)
def test_style(environ: dict[str, str], isatty: bool, encoding: str | None, expected: Style) -> None:
    assert style(environ, isatty, encoding) == expected


def test_durations() -> None:
    assert [text.milliseconds(ms) for ms in (0, 0.04, 0.4, 0.96, 3.25, 1002, 1234567.8)] == [
        "0 ms", "<0.1 ms", "0.4 ms", "1 ms", "3 ms", "1 002 ms", "1 234 568 ms"
    ]  # fmt: skip
    assert [text.seconds(ms) for ms in (0, 840, 9994, 12_340, 59_990, 125_000, 3_725_000)] == [
        "0.00 s", "0.84 s", "9.99 s", "12.3 s", "1 min 00 s", "2 min 05 s", "1 h 02 min"
    ]  # fmt: skip


@given(st.text(), st.integers(0, 40))
def test_cut_text_fits(value: str, width: int) -> None:
    line = text.printable(value)
    assert text.display_width(text.cut(line, width)) <= width
    if text.display_width(line) <= width:
        assert text.cut(line, width) == line
        assert text.display_width(text.pad(line, width)) == width


@settings(max_examples=20)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
@example(["two\nlines", "\x1b[31m'red'\\n", "a\u2028b", "\x85 7", '$HOME `x` "', os.fsdecode(b"f\xff.yml")])
def test_a_shell_reads_quoted_words_back(values: list[str]) -> None:
    words = [text.shell_quote(value) for value in values]
    assert words == [text.printable(word) for word in words], "they can be copied from a terminal"
    script = f"printf '%s\\0' {' '.join(words)}"
    done = subprocess.run(("bash", "-c", script), capture_output=True, check=True)
    assert done.stdout == b"".join(os.fsencode(value) + b"\0" for value in values)


def test_paths(tmp_path: Path) -> None:
    assert shown_path(str(tmp_path / "a" / "b"), str(tmp_path)) == "a/b"
    assert shown_path("a/b", str(tmp_path)) == "a/b"
    assert shown_path("/x", str(tmp_path)) == "/x"


def test_lines_are_those_of_the_file_s_language(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one = 1\n\x0c\ntwo = '\u2028'\nthree = 3\n", encoding="utf-8")
    (tmp_path / "a.yml").write_text("one: 1\u2028two: 2\n", encoding="utf-8")
    sources = Sources(str(tmp_path))
    assert sources.line("a.py", 4) == "three = 3"
    assert sources.line("a.yml", 2) == "two: 2"
    assert (sources.line("a.py", 6), sources.line("gone.py", 1)) == ("", "")
