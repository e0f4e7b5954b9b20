"""A browser for the tests of this folder, and reports to open in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.reports.browser import chromium, sample

from lambda_scenarios.reports import html, record_json

if TYPE_CHECKING:
    from lambda_scenarios.model.record import EnvironmentRecord, Record, RunEnd, RunInfo
    from lambda_scenarios.reports.history import History

OpenPage = Callable[..., chromium.Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[chromium.Chromium]:
    """One Chromium for all tests."""
    if chromium.program() is None:
        message = f"needs Chromium: {chromium.INSTALL}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with chromium.running() as running:
        yield running


def write_report(
    path: Path,
    records: Iterable[Record],
    *,
    info: RunInfo | None = None,
    environments: Iterable[EnvironmentRecord] | None = None,
    end: RunEnd | None = None,
    earlier: History | None = None,
) -> str:
    """A report of these records, and the sample's for the rest; its address."""
    run = sample.sample_run()
    texts = [record_json.encode(record) for record in records]
    chunks = html.render(
        info or run.info,
        run.environments if environments is None else environments,
        lambda: iter(texts),
        end or run.end,
        earlier,
    )
    path.write_text("".join(chunks), encoding="utf-8", newline="\n")
    return path.as_uri()


@pytest.fixture
def open_page(browser: chromium.Chromium, tmp_path: Path) -> Iterator[OpenPage]:
    """Opens a report of some records (the sample's where none are given) in a page of its own."""
    pages = []

    def open_(
        records: Iterable[Record] | None = None,
        *,
        link: str = "",
        report: dict[str, Any] | None = None,
        **options: Any,
    ) -> chromium.Page:
        page = chromium.Page(browser, **options)
        pages.append(page)
        chosen = sample.sample_run().records if records is None else records
        page.open(write_report(tmp_path / "report.html", chosen, **(report or {})) + link)
        return page

    yield open_
    for page in pages:
        page.close()
