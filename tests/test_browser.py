"""Every built page as a reader has it: offline, on a phone, in the dark, with a screen reader. Needs `make book`."""

import gzip
import re
import statistics

import pytest
from browser import BUILT, Visit, chromium
from pages import BOOK, ROOT

PAGES = sorted(page.stem for page in BOOK.glob("*.md"))
AXE = (ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js").read_text("utf8")
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}

# Elements that stick out to the right of the page, but for those in something that scrolls by itself.
OVERFLOWING = """() => {
  const scrolls = element => {
    for (let e = element; e && e !== document.body; e = e.parentElement)
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX)) return true;
    return false;
  };
  return [...document.querySelectorAll("article *")]
    .filter(e => e.getBoundingClientRect().width > 1 && e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e))
    .map(e => e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 50));
}"""
# What scrolls by itself and has to: code, what it printed, equations, tables.
SCROLLING = """() => [...document.querySelectorAll("article *")]
  .filter(e => e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(e).overflowX))
  .filter(e => !e.closest("pre, div.highlight, div.math, div.output, .pst-scrollable-table-container, table, .live"))
  .map(e => e.tagName + "." + e.className)"""

# Printed tables whose last column, the one that decides, is out of sight: on no page but "scale", which has one of
# that width. Equations too. (The page "forward" prints an error message as it is.)
CUT_OFF = """() => {
  document.querySelectorAll("details").forEach(e => { e.open = true; });
  return [...document.querySelectorAll(".cell_output pre, mjx-container[display=true]")]
    .filter(e => e.scrollWidth > e.clientWidth + 1).length;
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def drawn(visit):
    """The page, when MathJax has set its equations."""
    visit.page.wait_for_function(
        "() => !window.MathJax || !MathJax.startup || !document.querySelector('.math') "
        "|| document.querySelector('mjx-container')",
        timeout=60_000,
    )
    return visit.page


def serious(page, rules=None):
    """What axe finds, by all of its rules or by some: the rule, how often, and the first place."""
    page.evaluate(AXE)
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [
        f"{each['id']} ({len(each['nodes'])}): {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("name", PAGES)
def test_no_request_leaves_the_site_and_equations_are_set(browser, name):
    visit = Visit(browser, name)
    page = drawn(visit)
    wanted = page.locator(".math").count()
    page.wait_for_function("n => document.querySelectorAll('mjx-container').length >= n", arg=wanted, timeout=60_000)
    assert not visit.elsewhere and not visit.errors
    assert page.locator("mjx-merror").count() == 0
    visit.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(browser, name):
    visit = Visit(browser, name, reduced_motion="reduce")
    page = drawn(visit)
    page.add_style_tag(content="* { transition: none !important; }")  # half-way colours are no colours
    for theme, rules in (("light", None), ("dark", ["color-contrast"])):  # in the dark only the colours are others
        page.evaluate("theme => Object.assign(document.documentElement.dataset, {theme, mode: theme})", theme)
        page.wait_for_timeout(500)
        assert (theme, serious(page, rules)) == (theme, [])
    visit.close()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_but_code_and_equations_is_wider_than_a_phone(browser, name):
    visit = Visit(browser, name, **PHONE)
    page = drawn(visit)
    page.wait_for_timeout(200)
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(SCROLLING) == []
    assert page.evaluate(CUT_OFF) == int(name in ("scale", "forward"))
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    visit.close()


def test_search_works_without_a_network(browser):
    visit = Visit(browser, "index")
    page = visit.page
    page.goto((BUILT / "search.html").as_uri() + "?q=conservation")
    page.wait_for_selector("#search-results li a", timeout=30_000)
    assert page.locator("#search-results li a").count() >= 2 and not visit.elsewhere
    visit.close()


def test_axe_would_find_something(browser):
    """The check can fail: an image without text, and grey on grey."""
    visit = Visit(browser, "references")
    visit.page.evaluate(
        "() => document.querySelector('article').insertAdjacentHTML('beforeend', "
        '\'<img src="x.png"><p style="color:#aaa;background:#bbb">grey on grey</p>\')'
    )
    found = " ".join(serious(visit.page))
    assert "image-alt" in found and "color-contrast" in found
    visit.close()


def test_half_of_the_pages_weigh_less_than_a_megabyte():
    """Compressed, as a server sends them, with all that they load."""
    weights = []
    for name in PAGES:
        page = (BUILT / "book" / f"{name}.html").read_bytes()
        loaded = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="\.\./(_[^"?#]+\.\w+)', page.decode("utf8"))
        files = [(BUILT / path).read_bytes() for path in sorted(set(loaded))]
        weights.append(sum(len(gzip.compress(text)) for text in [page, *files]))
    assert statistics.median(weights) < 1e6
