"""The HTML report as a text: what stands in it, that it is sound HTML, and that nothing is lost in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]  # it ships no types
from tests.reports.browser import sample

from lambda_scenarios.model.record import (
    AttemptRecord,
    DiffLine,
    EnvironmentRecord,
    ErrorRecord,
    Record,
    RunEnd,
    RunInfo,
)
from lambda_scenarios.reports import html, html_excerpts, record_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RUN = sample.sample_run()


def rendered(
    records: Iterable[Record] = RUN.records,
    *,
    info: RunInfo = RUN.info,
    environments: Iterable[EnvironmentRecord] = RUN.environments,
    end: RunEnd = RUN.end,
) -> str:
    """The report, once through UTF-8."""
    texts = [record_json.encode(record) for record in records]
    page = "".join(html.render(info, environments, lambda: iter(texts), end))
    return page.encode("utf-8").decode("utf-8")


class Blocks(HTMLParser):
    """The embedded data, as a parser of HTML finds it, and the visible text beside it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, list[str]] = {"index": [], "details": [], "environments": [], "history": []}
        self.scripts: list[str] = []
        self.text = ""
        self._block: str | None = None
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self._block = None
        if tag == "script":
            self._block = dict(attributes).get("data-block")
            (self.scripts if self._block is None else self.found[self._block]).append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002, the base class calls it so
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            (self.scripts if self._block is None else self.found[self._block])[-1] += data
        elif self._inside != "style":
            self.text += data

    def values(self, name: str) -> list[Any]:
        """The elements of all blocks of one name."""
        return [value for block in self.found[name] for value in json.loads(block)]


def test_all_records_stand_in_it_and_in_order() -> None:
    blocks = Blocks(rendered())
    expected = [json.loads(record_json.encode(record)) for record in RUN.records]
    assert blocks.values("details") == expected
    assert [entry["id"] for entry in blocks.values("index")] == [record.id for record in RUN.records]
    assert [one["key"] for one in blocks.values("environments")] == [1, 2]


def test_blocks_come_in_pairs_and_a_record_is_a_line() -> None:
    # The script counts on both.
    many = [RUN.records[n % len(RUN.records)] for n in range(300)]
    blocks = Blocks(rendered(many))
    assert len(blocks.found["index"]) == len(blocks.found["details"]) > 4
    for index, details in zip(blocks.found["index"], blocks.found["details"], strict=True):
        lines = details.split("\n")
        assert lines[0] == "["
        entries = json.loads(index)
        assert [json.loads(lines[n + 1].rstrip(","))["id"] for n in range(len(entries))] == [
            e["id"] for e in entries
        ]


def test_a_huge_record_does_not_make_a_huge_page() -> None:
    log = "".join(f"line {n}\n" for n in range(1_000_000))
    one_line = "x" * 3_000_000
    payload = json.dumps({"amount": 1, "text": one_line})
    base = next(record for record in RUN.records if record.attempts[0].invocations[0].mismatches)
    (invocation,) = base.attempts[0].invocations
    mismatch = invocation.mismatches[0]._replace(
        message=one_line,
        expected=one_line,
        found=log,
        diff=(DiffLine("-", one_line), DiffLine("+", one_line), *[DiffLine(" ", "y" * 100)] * 10_000),
    )
    invocation = invocation._replace(
        logs=log, init_logs=one_line, event=payload, context="1.10", output=payload,
        error=ErrorRecord("Error", one_line, (one_line,) * 100), mismatches=(mismatch,),
    )  # fmt: skip
    record = base._replace(reason=one_line, attempts=(AttemptRecord("failed", (invocation,)),))
    page = rendered([record])
    assert len(page) < 2_000_000
    (found,) = Blocks(page).values("details")
    (shown,) = found["attempts"][0]["invocations"]
    head, note, tail = re.split(r"(\[…[^\n]*\n)", shown["logs"])
    assert log.startswith(head)
    assert log.endswith(tail)
    assert len(head + tail) <= html_excerpts.MAX_TEXT
    left_out = re.fullmatch(
        r"\[… (\d+) lines, (\d+) characters are left out here: report.json has all …\]\n", note
    )
    assert left_out is not None
    assert (head + tail).count("\n") + int(left_out[1]) == 1_000_000
    assert len(head + tail) + int(left_out[2]) == len(log)
    assert "\n[… 2737856 characters are left out here: report.json has all …]\nxxx" in shown["init_logs"]
    size = f"({len(payload)} characters of JSON, of which this is the beginning: report.json has all) "
    assert shown["event"].startswith(size + '{"amount": 1, "text": "xxx')
    assert shown["output"] == shown["event"]
    assert shown["context"] == 1.1
    (kept,) = shown["mismatches"]
    assert [line["sign"] for line in kept["diff"][:3]] == ["-", "+", " "]
    assert re.fullmatch(r"\[… \d+ lines more: see report.json …\]", kept["diff"][-1]["text"])
    assert shown["error"]["stack"][0].startswith("xxx")


def test_a_record_that_is_not_huge_is_kept_to_the_letter() -> None:
    long = "".join(f"line {n}\n" for n in range(20_000))
    (invocation,) = RUN.records[0].attempts[0].invocations
    # Longer than a text may be, but no part of it is.
    invocation = invocation._replace(event="1.10", logs=long, init_logs=long)
    text = record_json.encode(RUN.records[0]._replace(attempts=(AttemptRecord("passed", (invocation,)),)))
    assert len(text) > html_excerpts.MAX_TEXT
    assert html_excerpts.excerpt(text) == text
    foreign = json.dumps({"attempts": [], "name": "z" * html_excerpts.MAX_TEXT})
    assert html_excerpts.excerpt(foreign) == foreign


def test_the_index_says_what_is_wrong() -> None:
    entries = {entry["name"]: entry for entry in Blocks(rendered()).values("index")}
    assert entries["keeps the customer's currency"]["problem"] == (
        'output.body.total.currency: expected "USD", found "EUR"'
    )
    assert entries["renders the invoice as PDF"]["problem"].startswith("scenario needs Ruby 3.3")
    assert (
        entries["aggregates a whole month"]["problem"]
        == "Sandbox.Timedout: Task timed out after 1.00 seconds"
    )
    assert "attempts" not in entries["creates an order"]
    expected_error = entries["gives up where the export is missing"]
    assert expected_error["problem"] == ""
    assert "ExportMissing: no export of 2025-13" in expected_error["searched"]


TEXTS = st.text(st.characters(), max_size=12) | st.sampled_from(
    [
        "</script>",
        "<!--",
        "<script>",
        "]]>",
        "\u2028",
        "\ud800",
        "\x00\x1b[31m",
        '","status":"passed","attempts":[',
        "\\",
    ]
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A failed or passed scenario of the sample with any texts in all of its fields."""

    def texts(number: int) -> tuple[str, ...]:
        return tuple(draw(TEXTS) for _ in range(number))

    base = draw(st.sampled_from([record for record in RUN.records if record.attempts]))
    attempts = []
    for attempt in base.attempts:
        invocations = []
        for one in attempt.invocations:
            error = one.error and one.error._replace(type=draw(TEXTS), message=draw(TEXTS), stack=texts(2))
            mismatches = tuple(
                mismatch._replace(
                    expectation=draw(TEXTS), location=draw(TEXTS), message=draw(TEXTS), expected=draw(TEXTS),
                    found=draw(TEXTS), file=draw(TEXTS),
                    diff=tuple(line._replace(text=draw(TEXTS)) for line in mismatch.diff[:3]),
                )
                for mismatch in one.mismatches
            )  # fmt: skip
            payload = json.dumps({draw(TEXTS): [draw(TEXTS)]}, ensure_ascii=draw(st.booleans()))
            invocations.append(
                one._replace(
                    function=draw(TEXTS), request_id=draw(TEXTS), event=payload, context=payload,
                    output=draw(st.sampled_from([payload, None])), error=error, logs=draw(TEXTS),
                    init_logs=draw(TEXTS), held=texts(1), mismatches=mismatches,
                )
            )  # fmt: skip
        attempts.append(attempt._replace(invocations=tuple(invocations)))
    return base._replace(
        id=draw(TEXTS), file=draw(TEXTS), name=draw(TEXTS), description=draw(TEXTS), tags=texts(1),
        function=draw(TEXTS), reason=draw(TEXTS | st.none()), attempts=tuple(attempts),
        snapshot=draw(st.sampled_from(["written", None])),
    )  # fmt: skip


@settings(max_examples=40)
@given(st.lists(records(), min_size=1, max_size=3), st.lists(st.tuples(TEXTS, TEXTS), max_size=2), TEXTS)
def test_any_text_survives(many: list[Record], variables: list[tuple[str, str]], text: str) -> None:
    info = RunInfo(text, text, text, (text,), ((text, text),), (text,), 1)
    page = rendered(
        many,
        info=info,
        environments=[EnvironmentRecord(1, tuple(variables), text)],
        end=RunEnd(1.0, text or None),
    )
    blocks = Blocks(page)
    assert blocks.values("details") == [json.loads(record_json.encode(record)) for record in many]
    for entry, record in zip(blocks.values("index"), many, strict=True):
        assert (entry["id"], entry["status"], entry["file"]) == (record.id, record.status, record.file)
    assert blocks.values("environments") == [{"key": 1, "variables": dict(variables), "identity": text}]
    assert len(blocks.scripts) == 1
    assert all("<" not in block for found in blocks.found.values() for block in found)
    shown = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]", "\ufffd", text)
    assert blocks.text.count(shown) >= 4


@settings(max_examples=40)
@given(st.lists(records(), max_size=2), TEXTS)
def test_it_is_sound_html(many: list[Record], text: str) -> None:
    page = rendered(many, info=RUN.info._replace(seed=text, services=(text,)), end=RunEnd(1.0, text))
    parser = etree.HTMLParser(recover=True, encoding="utf-8")
    etree.fromstring(page.encode(), parser)
    # libxml2 knows the elements of HTML 4 only.
    problems = [entry for entry in parser.error_log if entry.type_name != "HTML_UNKNOWN_TAG"]
    assert [str(problem) for problem in problems] == []


def test_elements_are_closed() -> None:
    void = {"meta", "link", "br", "img", "input", "hr"}

    class Nesting(HTMLParser):
        stack: list[str] = []  # noqa: RUF012, one instance

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002, as above
            if tag not in void:
                self.stack.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.stack.pop() == tag

    parser = Nesting()
    parser.feed(rendered())
    parser.close()
    assert parser.stack == []


def test_the_policy_allows_exactly_this_script_and_style() -> None:
    page = rendered()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]
    for name, element in (("STYLE_DIGEST", "style"), ("SCRIPT_DIGEST", "script")):
        (inside,) = re.findall(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = "sha256-" + base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert getattr(html, name) == digest, f'html_assets has changed: in html.py, {name} = "{digest}"'
        assert f"'{digest}'" in policy[1]


def test_no_address_but_names_of_xml() -> None:
    addresses = set(re.findall(r"\b(?:https?|wss?):[^\s'\"]*", rendered([])))
    assert addresses == {"http://www.w3.org/2000/svg"}


def test_the_summary_needs_no_javascript() -> None:
    text = Blocks(rendered()).text
    assert "4 failed, 1 error of 43 scenarios" in re.sub(r"\s+", " ", text)
    for part in (
        "35 passed",
        "Seed7f3a91c2",
        "Took2.00 s",
        "python=3.11",
        "keeps the customer's currency",
        "needs SES",
    ):
        assert part in text.replace("\n", ""), part


def test_snapshots_are_told_of() -> None:
    passed = [record for record in RUN.records if record.status == "passed"][:3]
    fates: tuple[Any, ...] = ("written", "updated", "written")
    many = [record._replace(snapshot=fate) for record, fate in zip(passed, fates, strict=True)]
    end = RunEnd(1.0, None, ("a.yml::<old>",), ("b.yml::gone", "c"))
    page = Blocks(rendered(many, end=end))
    assert "Snapshots: 2 written, 1 updated, 2 removed" in page.text
    assert "belong to no scenario any more (--update-snapshots removes them): a.yml::<old>" in page.text
    assert [entry["snapshot"] for entry in page.values("index")] == list(fates)
    assert "napshot" not in Blocks(rendered()).text
    stale = tuple(map(str, range(60)))
    assert "48, 49 and 10 more" in Blocks(rendered(many, end=end._replace(stale_snapshots=stale))).text


def test_the_summary_of_a_large_run_is_bounded() -> None:
    failed = next(record for record in RUN.records if record.status == "failed")
    many = [failed._replace(id=f"{n}", name=f"{n}", file=f"file {n}.yml") for n in range(1000)]
    text = Blocks(rendered(many)).text
    assert "… and 800 more." in text
    assert "… and 800 scenarios of other files." in text


def test_other_encoders_of_records_are_understood() -> None:
    record = RUN.records[0]
    fields = json.loads(record_json.encode(record))
    turned = dict(reversed(fields.items()))
    text = json.dumps(turned, indent=1)
    page = "".join(html.render(RUN.info, (), lambda: iter([text]), RUN.end))
    blocks = Blocks(page)
    assert blocks.values("details") == [fields]
    (entry,) = blocks.values("index")
    assert (entry["id"], entry["status"]) == (record.id, record.status)
    assert Blocks(rendered([record], environments=())).text == blocks.text


def test_it_is_written_while_it_is_read() -> None:
    taken = 0

    def source() -> Iterator[str]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield text

    text = record_json.encode(RUN.records[0])
    chunks = html.render(RUN.info, (), source, RUN.end)
    first = next(chunk for chunk in chunks if 'data-block="details"' in chunk)
    assert taken < 1000 + 100, "all were counted; of the second reading only the first block was taken"
    assert len(first) < 2_000_000
    assert sum(chunk.count('data-block="details"') for chunk in chunks) > 10


def test_large_records_are_not_gathered() -> None:
    large = sample.record("a.yml", 1, "a", sample.invocation(output="x" * 150_000))
    text = record_json.encode(large)
    chunks = html.render(RUN.info, (), lambda: iter([text] * 40), RUN.end)
    assert max(len(chunk) for chunk in chunks) < 400_000


@pytest.mark.parametrize(
    ("statuses", "interrupted", "headline"),
    [
        (["passed"] * 3, None, "✓ 3 passed of 3 scenarios"),
        (["passed", "flaky", "skipped"], None, "✓ 1 passed, 1 flaky, 1 skipped of 3 scenarios"),
        (["skipped"], None, "○ 1 skipped of 1 scenario"),
        (["passed", "not run"], "--max-time", "– 1 not run of 2 scenarios"),
        (["passed"], "SIGINT", "– 1 passed of 1 scenario"),
        (["passed", "error", "failed"], None, "✗ 1 failed, 1 error of 3 scenarios"),
        ([], None, "– No scenario was run"),
    ],
)
def test_the_headline(statuses: list[Any], interrupted: str | None, headline: str) -> None:
    page = rendered(
        [RUN.records[0]._replace(id=str(n), status=status) for n, status in enumerate(statuses)],
        end=RunEnd(1.0, interrupted),
    )
    title = re.search("<title>(.*?)</title>", page)
    assert title is not None
    assert title[1].strip() == headline


def test_what_it_imports() -> None:
    heavy = "{'asyncio','dataclasses','hashlib','html','jinja2','pathlib','rich','subprocess','uuid','yaml'}"
    code = f"import sys, lambda_scenarios.reports.html; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
    if "No module named 'lambda_scenarios'" in done.stderr:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
