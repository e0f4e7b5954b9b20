"""The list of the HTML report in Chromium: counts, filters, search, order, groups, links, keys."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.reports.browser import sample

from lambda_scenarios.model.record import Record, RunEnd

if TYPE_CHECKING:
    from tests.reports.browser.chromium import Page
    from tests.reports.browser.conftest import OpenPage

RECORDS = sample.sample_run().records
COUNTS = Counter(record.status for record in RECORDS)


def names(page: Page) -> list[str]:
    """Of the scenarios that are in the list, in its order."""
    found: list[str] = page.run("[...document.querySelectorAll('#list .name')].map(n => n.textContent)")
    return found


def headings(page: Page) -> list[str]:
    """Of the groups, without their counts."""
    found: list[str] = page.run(
        "[...document.querySelectorAll('#list h2 > :first-child')].map(n => n.textContent)"
    )
    return found


def toggle_status(page: Page, status: str) -> None:
    page.run(f"document.querySelector('#counts button[data-status=\"{status}\"]').click()")


def type_search(page: Page, text: str) -> None:
    page.run("document.getElementById('search').select()")
    page.call("Input.insertText", text=text)


def choose(page: Page, what: str, value: str) -> None:
    page.run(
        f"(() => {{ const node = document.getElementById('{what}'); node.value = '{value}';"
        "node.dispatchEvent(new Event('change')); })()"
    )


def with_names(*wanted: str) -> list[Record]:
    return [record for record in RECORDS if record.name in wanted]


def test_counts_are_those_of_the_data(open_page: OpenPage) -> None:
    page = open_page()
    shown = page.run(
        "Object.fromEntries([...document.querySelectorAll('#counts button')]"
        ".map(node => [node.dataset.status, node.textContent.trim()]))"
    )
    expected = {str(status): f"{number} {status}" for status, number in COUNTS.items()}
    assert shown == {**expected, "all": f"{len(RECORDS)} all"}
    assert f"{COUNTS['failed']} failed, {COUNTS['error']} error" in page.run(
        "document.querySelector('h1').textContent"
    )
    assert f"{COUNTS['failed']} failed" in page.run("document.title")
    assert len(names(page)) == len(RECORDS)
    assert page.problems == []


def test_failures_come_first(open_page: OpenPage) -> None:
    page = open_page([sample.retried(), *RECORDS])
    assert headings(page) == ["failed", "error", "flaky", "not run", "skipped", "passed"]
    failed = [record.name for record in RECORDS if record.status == "failed"]
    assert names(page)[: len(failed)] == failed


def test_the_row_of_a_failure_says_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page(with_names("keeps the customer's currency", "aggregates a whole month"))
    assert page.run("[...document.querySelectorAll('.problem')].map(n => n.textContent)") == [
        'output.body.total.currency: expected "USD", found "EUR"',
        "Sandbox.Timedout: Task timed out after 1.00 seconds",
    ]


def test_filter_by_status(open_page: OpenPage) -> None:
    page = open_page()
    toggle_status(page, "failed")
    assert names(page) == [record.name for record in RECORDS if record.status == "failed"]
    assert (
        page.run("document.getElementById('shown').textContent")
        == f"{COUNTS['failed']} of {len(RECORDS)} scenarios"
    )
    toggle_status(page, "skipped")
    assert len(names(page)) == COUNTS["failed"] + COUNTS["skipped"]
    pressed = "[...document.querySelectorAll('#counts [aria-pressed=true]')].map(n => n.dataset.status)"
    assert page.run(pressed) == ["failed", "skipped"]
    toggle_status(page, "failed")
    assert len(names(page)) == COUNTS["skipped"]
    toggle_status(page, "all")
    assert len(names(page)) == len(RECORDS)
    assert page.run(pressed) == ["all"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("roundAmount", [r.name for r in RECORDS if r.function == "roundAmount"]),
        ("I18N arabic-nothing", []),
        ("partial-batch", ["reports only the message that failed"]),
        ("cannot read PROPERTIES", ["reports only the message that failed"]),
        ("exportmissing", ["gives up where the export is missing"]),
        ("create.yml idempotency", ["answers twice the same to the same idempotency key"]),
        ("日本語", ["keeps 日本語, العربية and emoji 🍵 in comments"]),
        ("needs ses", ["sends an e-mail"]),
        ("expect.http.body_includes.total", ["keeps the customer's currency"]),
    ],
)
def test_search(open_page: OpenPage, text: str, expected: list[str]) -> None:
    page = open_page()
    type_search(page, text)
    assert names(page) == expected


def test_status_and_search_together_and_back(open_page: OpenPage) -> None:
    page = open_page()
    toggle_status(page, "passed")
    type_search(page, "smoke")
    expected = [r.name for r in RECORDS if r.status == "passed" and "smoke" in r.tags]
    assert names(page) == expected
    type_search(page, "no such thing")
    assert names(page) == []
    page.run("document.querySelector('.nothing button').click()")
    assert len(names(page)) == len(RECORDS)


def test_slowest_first(open_page: OpenPage) -> None:
    page = open_page()
    choose(page, "group", "none")
    choose(page, "sort", "slowest")
    slowest = sorted(RECORDS, key=lambda record: -record.duration_ms)
    assert names(page) == [record.name for record in slowest]


def test_grouped_by_file(open_page: OpenPage) -> None:
    page = open_page()
    choose(page, "group", "file")
    shown = headings(page)
    assert sorted(shown) == sorted({record.file for record in RECORDS})
    with_failure = {record.file for record in RECORDS if record.status == "failed"}
    assert set(shown[: len(with_failure)]) == with_failure
    rows = page.run(
        "[...document.querySelectorAll('#list section')].map(s => "
        "[s.querySelector('h2 > :first-child').textContent, s.querySelectorAll('li').length])"
    )
    assert dict(rows) == Counter(record.file for record in RECORDS)


def test_grouped_by_function(open_page: OpenPage) -> None:
    page = open_page()
    choose(page, "group", "function")
    assert sorted(headings(page)) == sorted({record.function for record in RECORDS})


def test_opened_scenarios_stay_open_when_the_order_changes(open_page: OpenPage) -> None:
    page = open_page()
    page.run("document.querySelector('#list li summary').click()")
    name = names(page)[0]
    choose(page, "sort", "slowest")
    choose(page, "group", "none")
    assert page.run("document.querySelector('#list li > details[open] .name').textContent") == name


def test_a_single_failure_is_open_from_the_start(open_page: OpenPage) -> None:
    page = open_page(with_names("keeps the customer's currency", "creates an order"))
    assert page.run("document.querySelectorAll('#list .diff').length") == 1


def test_expand_failures(open_page: OpenPage) -> None:
    page = open_page()
    page.run("document.getElementById('expand').click()")
    open_ = "[...document.querySelectorAll('#list li > details[open] .name')].map(n => n.textContent)"
    assert page.run(open_) == [r.name for s in ("failed", "error") for r in RECORDS if r.status == s]
    page.run("document.getElementById('expand').click()")
    assert page.run(open_) == []


@pytest.mark.parametrize(
    "name", ["keeps 日本語, العربية and emoji 🍵 in comments", "rounds amounts [currency=EUR, amount=0]"]
)
def test_a_link_opens_its_scenario(open_page: OpenPage, name: str) -> None:
    (record,) = with_names(name)
    page = open_page(link="#" + quote(record.id))
    assert page.run(
        "[...document.querySelectorAll('#list li > details[open] .name')].map(n => n.textContent)"
    ) == [name]
    assert name in page.run("document.activeElement.textContent")
    # The link that the scenario itself shows leads to the same place.
    href = page.run("document.querySelector('.actions a').getAttribute('href')")
    page.open("about:blank")
    again = open_page(link=href)
    assert name in again.run("document.activeElement.textContent")


def test_a_link_to_something_that_is_not_there(open_page: OpenPage) -> None:
    page = open_page(link="#100%25%zz")
    assert len(names(page)) == len(RECORDS)
    assert page.problems == []


def test_following_a_link_beyond_the_filter(open_page: OpenPage) -> None:
    page = open_page()
    toggle_status(page, "failed")
    (record,) = with_names("sends an e-mail")
    page.run(
        "new Promise(done => { addEventListener('hashchange', () => done());"
        f"location.hash = '#{quote(record.id)}'; }})"
    )
    assert "sends an e-mail" in page.run("document.activeElement.textContent")


def test_keys(open_page: OpenPage) -> None:
    page = open_page()
    page.run("document.getElementById('search').focus()")
    page.press("ArrowDown", 40)
    page.press("ArrowDown", 40)
    assert names(page)[1] in page.run("document.activeElement.textContent")
    page.press("Enter", 13, "\r")
    assert page.run("document.activeElement.parentNode.open") is True
    page.press("ArrowUp", 38)
    page.press("ArrowUp", 38)
    assert page.run("document.activeElement.id") == "search"


def test_five_thousand_rows_come_as_one_scrolls(open_page: OpenPage) -> None:
    records = [
        RECORDS[n % len(RECORDS)]._replace(id=f"scenarios/many.yml::number {n}", name=f"number {n}")
        for n in range(5000)
    ]
    page = open_page(records)
    first = len(names(page))
    assert first < 500
    assert page.run("document.getElementById('shown').textContent") == "5\u202f000 scenarios"
    page.run(
        "new Promise(done => { new MutationObserver(() => done())"
        ".observe(document.getElementById('list'), {childList: true, subtree: true});"
        "document.getElementById('more').scrollIntoView(); })"
    )
    assert len(names(page)) > first
    type_search(page, "number 4321")
    assert names(page) == ["number 4321"]


def test_a_link_far_down(open_page: OpenPage) -> None:
    records = [RECORDS[1]._replace(id=f"m.yml::number {n}", name=f"number {n}") for n in range(5000)]
    page = open_page(records, link="#m.yml::number%204990")
    assert "number 4990" in page.run("document.activeElement.textContent")
    assert len(names(page)) < 500


def test_an_empty_run(open_page: OpenPage) -> None:
    page = open_page([], report={"end": RunEnd(3.0, None)})
    assert page.run("document.querySelector('h1').textContent").split() == [
        "–",
        "No",
        "scenario",
        "was",
        "run",
    ]
    assert "Nothing was selected" in page.run("document.getElementById('list').textContent")
    assert page.problems == []


def test_an_interrupted_run(open_page: OpenPage) -> None:
    page = open_page(with_names("creates an order"), report={"end": RunEnd(3.0, "SIGINT")})
    assert page.run("document.querySelector('.interrupted').textContent") == "The run ended early: SIGINT"
    assert page.run("document.querySelector('h1').className") == "not-run"


def test_stored_snapshots_are_marked_and_found(open_page: OpenPage) -> None:
    first, *others = with_names("creates an order", "keeps the customer's currency")
    page = open_page([first._replace(snapshot="written"), *others])
    marks = "[...document.querySelectorAll('#list .tag')].map((tag) => tag.textContent)"
    assert "snapshot written" in page.run(marks)
    page.run("search.value = 'snapshot written'; search.dispatchEvent(new Event('input'))")
    assert page.run("document.querySelectorAll('#list li').length") == 1
