"""That everybody can read the HTML report: contrast, names, landmarks, small screens, paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.reports.browser.chromium import Page
    from tests.reports.browser.conftest import OpenPage

OPEN_ALL = """
(async () => {
  for (let n = 0; n < 4; n++) {
    for (const one of document.querySelectorAll("details")) one.open = true;
    await new Promise(done => setTimeout(done));
  }
})()
"""

# WCAG 2.1, 1.4.3, "Contrast (Minimum)": the texts whose contrast is below 4.5 (large ones: 3).
WEAK_CONTRASTS = """
(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((c, n) => c * a + below[n] * (1 - a));
  const background = (node) => {
    const layers = [];
    for (let one = node; one; one = one.parentElement) {
      layers.push(parse(getComputedStyle(one).backgroundColor));
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const luminance = (rgb) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const weak = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || node.closest("script, .unseen, .skip-link") || !node.checkVisibility()) continue;
    seen++;
    const style = getComputedStyle(node);
    const behind = background(node);
    const opacity = Number(style.opacity);
    const ink = over([...parse(style.color).slice(0, 3), opacity], behind);
    const [a, b] = [luminance(ink), luminance(behind)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) weak.set(`${node.tagName}.${node.className}`, ratio.toFixed(2));
  }
  return [seen, Object.fromEntries(weak)];
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_contrast(open_page: OpenPage, dark: bool) -> None:
    page = open_page(dark=dark)
    page.run(OPEN_ALL)
    seen, weak = page.run(WEAK_CONTRASTS)
    assert seen > 1000
    assert weak == {}


def nodes(page: Page) -> list[dict[str, Any]]:
    """The accessibility tree: roles and names, as a screen reader gets them."""
    page.call("Accessibility.enable")
    found = page.call("Accessibility.getFullAXTree")["nodes"]
    return [node for node in found if not node.get("ignored")]


def test_landmarks_and_names(open_page: OpenPage) -> None:
    page = open_page()
    page.run("document.getElementById('expand').click()")
    page.run("new Promise(done => setTimeout(done))")
    tree = nodes(page)
    roles = {node["role"]["value"] for node in tree}
    assert {"banner", "main", "search", "heading", "list", "listitem"} <= roles
    nameless = [
        node["role"]["value"]
        for node in tree
        if node["role"]["value"] in ("button", "link", "combobox", "searchbox", "DisclosureTriangle")
        and not node["name"]["value"].strip()
    ]
    assert nameless == []
    pressed = [
        node["name"]["value"]
        for node in tree
        if any(p["name"] == "pressed" and p["value"]["value"] == "true" for p in node.get("properties", []))
    ]
    assert pressed == ["43 all"]


def test_the_status_of_a_row_is_more_than_a_colour(open_page: OpenPage) -> None:
    page = open_page()
    names = [node["name"]["value"] for node in nodes(page) if node["role"]["value"] == "DisclosureTriangle"]
    assert any(name.startswith("failed: ") for name in names)
    assert any(name.startswith("skipped: ") for name in names)


@pytest.mark.parametrize("width", [320, 390, 820, 1280])
def test_no_page_is_wider_than_its_screen(open_page: OpenPage, width: int) -> None:
    page = open_page(width=width, mobile=width < 500)
    page.run(OPEN_ALL)
    assert page.run("document.documentElement.scrollWidth") <= width


def test_everything_can_be_reached_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    page.press("Tab", 9)
    assert page.run("document.activeElement.textContent") == "Skip to the results"
    page.press("Enter", 13, "\r")
    page.press("Tab", 9)
    assert page.run("document.activeElement.id") == "search"
    for _ in range(4):
        page.press("Tab", 9)
    assert page.run("document.activeElement.tagName") == "SUMMARY"


def test_on_paper(open_page: OpenPage) -> None:
    page = open_page(dark=True)
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    page.run("new Promise(done => setTimeout(done))")
    assert page.run("document.querySelectorAll('#list .mismatch').length") >= 4, "failures are unfolded"
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    page.call("Emulation.setEmulatedMedia", media="print", features=[dark])
    assert page.run("getComputedStyle(document.getElementById('tools')).display") == "none"
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    _, weak = page.run(WEAK_CONTRASTS)
    assert weak == {}
