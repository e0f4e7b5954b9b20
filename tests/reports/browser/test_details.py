"""One scenario of the HTML report, opened in Chromium."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.reports.browser import sample

from lambda_scenarios.model.record import AttemptRecord
from lambda_scenarios.reports.history import History, Past

if TYPE_CHECKING:
    from tests.reports.browser.chromium import Page
    from tests.reports.browser.conftest import OpenPage

    from lambda_scenarios.model.record import Record

RECORDS = sample.sample_run().records


def named(name: str) -> Record:
    """The sample's scenario of this name."""
    (record,) = [record for record in RECORDS if record.name == name]
    return record


def opened(open_page: OpenPage, record: Record, earlier: History | None = None) -> Page:
    """The report of one scenario, with it opened."""
    page = open_page([record], report={"earlier": earlier})
    page.run("document.querySelector('#list li > details').open = true")
    page.run("new Promise(done => setTimeout(done))")  # the event `toggle` comes as a task of its own
    return page


def open_panel(page: Page, name: str) -> str:
    """What stands in a panel of the open scenario."""
    text: str = page.run(
        f"(() => {{ const panel = [...document.querySelectorAll('.panel')]"
        f".find(one => one.querySelector('b').textContent === '{name}');"
        "panel.open = true;"
        "const text = () => panel.querySelector('.content').textContent;"
        "return new Promise(done => setTimeout(() => done(text()))); })()"
    )
    return text


def texts(page: Page, selector: str) -> list[str]:
    found: list[str] = page.run(f"[...document.querySelectorAll('{selector}')].map(node => node.textContent)")
    return found


def test_nothing_is_made_before_it_is_opened(open_page: OpenPage) -> None:
    page = open_page()
    assert texts(page, "#list .body") == []
    page.run("document.querySelector('#list li summary').click()")
    page.run("new Promise(done => setTimeout(done))")
    assert len(texts(page, "#list .body")) == 1


def test_a_mismatch(open_page: OpenPage) -> None:
    record = named("keeps the customer's currency")
    page = opened(open_page, record)
    assert texts(page, ".mismatch .expectation") == ["expect.http.body_includes.total.currency"]
    assert texts(page, ".mismatch .place") == ["scenarios/orders/create.yml:31:36"]
    assert texts(page, ".mismatch > p") == ['expected "USD", found "EUR" at output.body.total.currency']
    assert texts(page, ".diff del") == ['−    "currency": "USD",']
    assert texts(page, ".diff ins") == ['+    "currency": "EUR",']
    assert texts(page, ".diff mark") == ["USD", "EUR"]
    assert "3 other expectations hold: expect.http.status" in texts(page, ".held")[0]
    assert record.description in texts(page, ".description")


def test_equal_lines_of_a_diff_unfold(open_page: OpenPage) -> None:
    record = named("keeps the customer's currency")
    page = opened(open_page, record)
    assert texts(page, ".diff button") == ["7 equal lines"]
    page.run("document.querySelector('.diff button').click()")
    (diff,) = [mismatch.diff for mismatch in record.attempts[0].invocations[0].mismatches]
    shown = page.run("[...document.querySelectorAll('.diff > *')].map(row => row.lastChild.textContent)")
    assert len(shown) == len(diff)
    assert texts(page, ".diff button") == []


def test_a_long_diff_is_cut_and_shown_whole(open_page: OpenPage) -> None:
    record = named("lists net prices to companies")
    page = opened(open_page, record)
    diff = record.attempts[0].invocations[0].mismatches[0].diff
    assert len(diff) > 180
    assert page.run("document.querySelectorAll('.diff > :not(button)').length") < 80
    for _ in range(50):
        page.run("document.querySelector('.diff button')?.click()")
    assert page.run("document.querySelectorAll('.diff > :not(button)').length") == len(diff)
    assert page.run("document.querySelectorAll('.diff ins').length") == 18
    # A mismatch whose message doesn't say it all shows both values.
    assert texts(page, ".mismatch:nth-of-type(2) > p") == ["expected at most 15, found 18.9 at duration_ms"]


def test_an_error_with_its_stack(open_page: OpenPage) -> None:
    page = opened(open_page, named("reports only the message that failed"))
    (ending,) = texts(page, ".ending.bad")
    assert "The function raised an error" in ending
    assert "TypeError Cannot read properties of undefined (reading 'subject')" in ending
    assert "at subjectOf (/var/task/src/templates.js:14:27)" in ending


def test_an_expected_error_is_no_alarm(open_page: OpenPage) -> None:
    page = opened(open_page, named("gives up where the export is missing"))
    assert "as expected" in texts(page, ".ending")[0]
    assert texts(page, ".ending.bad") == []


def test_what_the_page_lacks_of_a_huge_log_is_said(open_page: OpenPage) -> None:
    record = named("creates an order")
    (invocation,) = record.attempts[0].invocations
    lines = "".join(f"line {n}\n" for n in range(100_000))
    page = opened(
        open_page,
        record._replace(
            attempts=(AttemptRecord("passed", (invocation._replace(logs=lines, init_logs="x" * 10**6),)),)
        ),
    )
    asides = texts(page, ".panel > summary .preview")[:2]
    assert asides == [
        "100\u202f000 lines, the middle of them only in report.json",
        "2 lines, the middle of them only in report.json",
    ]
    open_panel(page, "Logs")
    page.run("document.querySelector('.panel pre button').click()")
    shown = open_panel(page, "Logs")
    assert "characters are left out here: report.json has all" in shown
    assert shown.endswith("line 99999")


def test_long_logs_are_cut_and_shown_whole(open_page: OpenPage) -> None:
    record = named("reports only the message that failed")
    page = opened(open_page, record)
    logs = record.attempts[0].invocations[0].logs
    shown = open_panel(page, "Logs")
    assert "order.shipped.fr" in shown, "the end is there"
    assert len(shown.splitlines()) < 60
    page.run("document.querySelector('.panel pre button').click()")
    plain = logs.replace("\x1b[31m", "").replace("\x1b[0m", "").removesuffix("\n")
    assert open_panel(page, "Logs") == plain


def test_colours_of_a_terminal(open_page: OpenPage) -> None:
    page = opened(open_page, named("keeps the customer's currency"))
    assert "\x1b" not in open_panel(page, "Logs")
    assert "[33m" not in open_panel(page, "Logs")
    assert texts(page, ".ink-3") == ["WARNING"]


def test_carriage_returns_end_lines(open_page: OpenPage) -> None:
    record = sample.record("a.yml", 1, "a", sample.invocation(logs="first\rsecond\r\nthird\x07\n"))
    assert open_panel(opened(open_page, record), "Logs") == "first\nsecond\nthird␇"


def test_json_is_shown_as_it_was_written(open_page: OpenPage) -> None:
    event = (
        '{"10": 1.0, "2": 12345678901234567890, "a": [1e3, -0, 1.10], "a": null, "__proto__": {"b": true}}'
    )
    record = sample.record("a.yml", 1, "a", sample.invocation(event_text=event, output=None, context="{}"))
    page = opened(open_page, record)
    shown = open_panel(page, "Event")
    for part in ('"10": 1.0', '"2": 12345678901234567890', "1e3", "-0", "1.10", '"a": null', '"__proto__": '):
        assert part in shown
    assert shown.index('"10"') < shown.index('"2"')
    assert open_panel(page, "Result") == "null"
    assert open_panel(page, "Context") == "{}"


def test_no_result_is_not_a_result_of_null(open_page: OpenPage) -> None:
    page = opened(open_page, named("aggregates a whole month"))
    assert [name for name in texts(page, ".panel b") if name in ("Result", "Context")] == []


def test_json_folds_and_unfolds(open_page: OpenPage) -> None:
    event = {"list": list(range(250)), "deep": {"a": {"b": {"c": {"d": "bottom"}}}}, "long": "x" * 5000}
    page = opened(open_page, sample.record("a.yml", 1, "a", sample.invocation(event=event)))
    shown = open_panel(page, "Event")
    assert "250 items" in shown
    assert "bottom" not in shown, "deep values are made when they are unfolded"
    unfold = (
        "new Promise(done => { for (const one of document.querySelectorAll('.json details')) one.open = true;"
        "for (const one of document.querySelectorAll('.json button.more')) one.click(); setTimeout(done); })"
    )
    for _ in range(6):
        page.run(unfold)
    shown = open_panel(page, "Event")
    assert "bottom" in shown
    assert "249" in shown
    assert "x" * 5000 in shown


def test_json_inside_of_a_string(open_page: OpenPage) -> None:
    page = opened(open_page, named("keeps the customer's currency"))
    before = open_panel(page, "Result")
    assert '\\"customer\\": \\"c-42\\"' in before
    page.run("document.querySelector('.json button').click()")
    assert '"customer": "c-42"' in open_panel(page, "Result")


def test_the_environment_and_the_figures(open_page: OpenPage) -> None:
    page = opened(open_page, named("creates an order"))
    assert "PAYMENT_API_TOKEN***" in open_panel(page, "Environment")
    figures = texts(page, ".figures")[0]
    for part in (
        "Billed2 ms",
        "Init64 ms",
        "43 of 1\u202f024 MB",
        "1, invocation 1 (cold)",
        "python3.11, local",
    ):
        assert part in figures
    assert open_panel(page, "Init logs") == "connecting to orders-test"


def test_attempts(open_page: OpenPage) -> None:
    page = opened(open_page, sample.retried())
    assert texts(page, ".attempt > summary") == ["Attempt 1 of 2: failed", "Attempt 2 of 2: passed"]
    assert len(texts(page, ".attempt .mismatch")) == 1


def test_several_invocations(open_page: OpenPage) -> None:
    record = sample.record("a.yml", 1, "a", sample.invocation("first"), sample.invocation("second"))
    page = opened(open_page, record)
    assert texts(page, ".invocation h3") == ["Invocation 1 of 2: first", "Invocation 2 of 2: second"]


def test_why_it_was_not_judged(open_page: OpenPage) -> None:
    page = opened(open_page, named("renders the invoice as PDF"))
    assert "to install it: apt-get install ruby" in texts(page, ".reason")[0]


def test_copying(open_page: OpenPage) -> None:
    record = named("keeps the customer's currency")
    page = opened(open_page, record)
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.allow("clipboardReadWrite", "clipboardSanitizedWrite")

    def copied(selector: str) -> str:
        node = f"document.querySelector('{selector}')"
        page.run(
            f"new Promise(done => {{ const node = {node};"
            "new MutationObserver(() => node.classList.contains('copied') && done())"
            ".observe(node, {attributes: true}); node.click(); })"
        )
        text: str = page.run("navigator.clipboard.readText()")
        return text

    again = r"lambda-scenarios run 'scenarios/orders/create.yml::keeps the customer'\''s currency' -s 'it is'"
    assert copied(".again button") == again
    assert copied(".facts button") == (
        "lambda-scenarios run scenarios/ --label python=3.11 --max-time 2 -s 'it is'"
    )
    event = copied(".panel:nth-of-type(3) button")
    assert json.loads(event) == json.loads(record.attempts[0].invocations[0].event)
    assert page.run("document.querySelector('.panel:nth-of-type(3)').open") is False, "copying opens nothing"


def test_a_very_deep_value(open_page: OpenPage) -> None:
    depth = 190
    record = sample.record("a.yml", 1, "a", sample.invocation(event_text="[" * depth + "]" * depth))
    page = opened(open_page, record)
    assert open_panel(page, "Event").startswith("[")
    assert page.problems == []


def test_a_megabyte_in_one_string(open_page: OpenPage) -> None:
    text = 'a"\\\n' * 100_000
    record = sample.record("a.yml", 1, "a", sample.invocation(output=text, logs="y" * 200_000))
    page = opened(open_page, record)
    assert "show all (400\u202f000 characters)" in open_panel(page, "Result")
    assert "Show all 200\u202f000 characters" in open_panel(page, "Logs")


def test_the_last_runs(open_page: OpenPage) -> None:
    record = RECORDS[0]._replace(status="passed", duration_ms=30.0)
    page = opened(open_page, record, History(4, {record.id: Past("pfsk", (10.0, 20.0, 0.0, 10.0))}))
    bars = page.run(
        "[...document.querySelectorAll('svg.past rect')].map(bar => [bar.getAttribute('class'),"
        " Math.round(bar.getAttribute('height')), getComputedStyle(bar).fill, bar.textContent])"
    )
    assert [(status, height) for status, height, _, _ in bars] == [
        ("passed", 12), ("failed", 24), ("skipped", 2), ("flaky", 12), ("passed", 36)
    ]  # fmt: skip
    assert len({fill for _, _, fill, _ in bars}) == 4
    assert bars[1][3] == "failed, 20 ms"
    assert texts(page, ".history p") == ["passed in 2 of the last 5 runs, median 20 ms"]


def test_a_new_scenario_has_no_last_runs(open_page: OpenPage) -> None:
    page = opened(open_page, RECORDS[0], History(4, {"another": Past("p", (10.0,))}))
    assert texts(page, ".history") == []
    assert "Compared with 4 earlier runs" in page.run("document.body.textContent")
