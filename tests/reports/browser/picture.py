"""The README's picture of the report: `python -m tests.reports.browser.picture docs/images/report.png`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.reports.browser import chromium, sample
from tests.reports.browser.conftest import write_report

SHOWN = "keeps the customer's currency"


def draw(path: Path) -> None:
    """Write the picture: the sample's report with one failure opened."""
    with tempfile.TemporaryDirectory() as directory, chromium.running() as browser:
        page = chromium.Page(browser, width=1120, height=960, scale=1.5)
        page.open(write_report(Path(directory, "report.html"), sample.sample_run().records))
        page.run(
            "(() => { const row = [...document.querySelectorAll('#list li')]"
            f".find(one => one.querySelector('.name').textContent === {SHOWN!r});"
            "row.firstChild.open = true;"
            "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))); })()"
        )
        path.write_bytes(page.picture())


if __name__ == "__main__":
    os.makedirs(os.path.dirname(sys.argv[1]) or ".", exist_ok=True)
    draw(Path(sys.argv[1]))
