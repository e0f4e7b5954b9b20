"""Hostile texts in the HTML report, in Chromium: they are shown, and do nothing; nothing is loaded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.reports.browser import sample

from lambda_scenarios.model.record import (
    AttemptRecord,
    DiffLine,
    EnvironmentRecord,
    ErrorRecord,
    MismatchRecord,
    Record,
    RunEnd,
    RunInfo,
)

if TYPE_CHECKING:
    from tests.reports.browser.conftest import OpenPage

HOSTILE = [
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "<!--<script>",
    "--><img src=x onerror='window.hacked = 1'>",
    "]]></noscript></title></style><svg onload='window.hacked = 1'>",
    "\"'><a href='javascript:window.hacked = 1'>x</a>",
    "{{7*7}} ${7*7} &lt;b&gt; &amp; %3Cscript%3E",
    "__proto__",
    "http://192.0.2.1/picture.png",
]


def everywhere(text: str) -> dict[str, Any]:
    """A record with the text in every field, and a run likewise."""
    quoted = json.dumps(text)
    value = json.dumps({text: [text, {"body": json.dumps([text])}]})
    mismatch = MismatchRecord(
        text,
        text,
        text,
        text,
        text,
        text,
        3,
        1,
        1,
        (DiffLine("-", text), DiffLine("+", text + "!"), DiffLine(" ", text)),
    )
    failed = sample.invocation(
        text,
        event_text=value,
        ending="function error",
        error=ErrorRecord(text, text, (text, text)),
        logs=text,
        init_logs=text,
        init_ms=1.0,
        mismatches=(mismatch,),
        held=(text,),
        context=quoted,
    )._replace(function_name=text, runtime=text, backend=text, request_id=text, started=text, output=value)
    record = Record(
        text,
        text,
        1,
        text,
        text,
        (text, text),
        text,
        "failed",
        text,
        1.0,
        (AttemptRecord("failed", (failed, failed)),),
    )
    return {
        "records": [record],
        "report": {
            "info": RunInfo(text, text, text, (text, text), ((text, text),), (text,), 1),
            "environments": [EnvironmentRecord(1, ((text, text),), text)],
            "end": RunEnd(1.0, text),
        },
    }


# Where a text of a run is shown as it is.
SHOWN = (
    *(".service", ".label", ".interrupted", ".name", ".tag", ".function", ".description", ".reason"),
    *(".expectation", ".diff del", ".held", ".ending .message", ".ending pre", ".panel pre", ".figures"),
    ".variables th",
)

OPEN_ALL = """
(async () => {
  for (let n = 0; n < 8; n++) {
    for (const one of document.querySelectorAll("details")) one.open = true;
    for (const one of document.querySelectorAll(".json button[aria-pressed=false]")) one.click();
    await new Promise(done => setTimeout(done));
  }
})()
"""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_and_do_nothing(open_page: OpenPage, text: str) -> None:
    page = open_page(**everywhere(text))
    page.run(OPEN_ALL)
    assert page.run("window.hacked") is None
    assert page.problems == []
    assert all(url.startswith(("file:", "data:")) for url in page.requested)
    for selector in SHOWN:
        assert text in page.run(f"document.querySelector('{selector}').textContent"), selector
    # In JSON it stands as it was sent, quoted.
    assert json.dumps(text) in page.run("document.querySelector('.json').textContent")
    assert (
        page.run(
            "document.querySelectorAll('#results :is(script, img, iframe, object, style, b + script)').length"
        )
        == 0
    )
    assert page.run(
        "[...document.querySelectorAll('#results a')].every(a => a.getAttribute('href')[0] === '#')"
    )


@pytest.mark.parametrize("code", [0x202E, 0x2066, 0x200B, 0xFEFF, 0x2028, 0x85, 0x07, 0x00])
def test_what_cannot_be_seen_is_made_visible(open_page: OpenPage, code: int) -> None:
    page = open_page(**everywhere(f"a{chr(code)}b"))
    page.run(OPEN_ALL)
    assert page.run("document.querySelector('.name').textContent") in (
        f"aU+{code:04X}b",
        f"a{chr(0x2400 + code)}b",
    )
    assert page.problems == []


def test_other_directions_of_writing_stay_among_themselves(open_page: OpenPage) -> None:
    page = open_page(**everywhere("שלום العربية"))
    place = page.run("document.querySelector('.mismatch .place').textContent")
    assert place.endswith(":3:1")
    assert page.run("getComputedStyle(document.querySelector('.name')).unicodeBidi") == "isolate"


def test_half_of_a_surrogate_pair(open_page: OpenPage) -> None:
    # Such texts come from handlers: JSON can say "\\ud800".
    page = open_page(**everywhere("a\ud800b"))
    page.run(OPEN_ALL)
    assert page.run("document.querySelector('.name').textContent") == "aU+D800b"
    href = page.run("document.querySelector('.actions a').getAttribute('href')")
    assert href == "#~0"
    assert page.problems == []


def test_scripting_may_be_off(open_page: OpenPage) -> None:
    page = open_page(scripting=False)
    assert page.run("document.querySelectorAll('#counts button').length") == 0
    assert "4 failed" in page.run("document.getElementById('counts').innerText")
    table = page.run("document.querySelector('noscript table').innerText")
    assert "keeps the customer's currency" in table
    assert 'output.body.total.currency: expected "USD", found "EUR"' in table
    assert "scenarios/orders/create.yml:24" in table


def test_the_page_may_load_nothing(open_page: OpenPage) -> None:
    page = open_page()
    assert [url for url in page.requested if not url.startswith("data:")] == [page.run("location.href")]
    blocked = (
        "new Promise(done => {{ document.addEventListener('securitypolicyviolation', event => "
        "done(event.effectiveDirective)); {}; }})"
    )
    assert page.run(blocked.format("new Image().src = 'http://127.0.0.1:9/x'")) == "img-src"
    script = (
        "const s = document.createElement('script'); s.text = 'window.hacked = 1'; document.body.append(s)"
    )
    assert page.run(blocked.format(script)) == "script-src-elem"
    assert page.run("window.hacked") is None
