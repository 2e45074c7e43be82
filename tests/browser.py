"""A headless Chromium without a network, for the tests of the built book."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

BUILT = Path(__file__).parents[1] / "_build" / "html"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# What moved in the text of a page after it was first drawn; the theme's header fits its own buttons in late.
SHIFTS = """
window.shifted = [];
const inText = ({node}) => (node?.nodeType === 1 ? node : node?.parentElement)?.closest("article");
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  const moved = entry.sources.filter(inText).map(source => source.node.textContent.slice(0, 80));
  if (moved.length) window.shifted.push([entry.value, ...moved]);
})).observe({type: "layout-shift", buffered: true});
"""


@contextmanager
def chromium():
    """A browser; where there is none, the test is skipped, but not in continuous integration."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: .ci/run installs one")
        pytest.skip("no Chromium: on Debian, apt install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A page of the book, offline: what went wrong there is in ``errors``, requests to elsewhere in ``elsewhere``."""

    def __init__(self, browser, name, address="", without=None, script="", **options):
        if not (BUILT / "book" / f"{name}.html").exists():
            pytest.skip("the book is not built: run make book first")
        options = {"viewport": {"width": 1000, "height": 900}, **options}
        self.context = browser.new_context(offline=True, **options)
        self.page = self.context.new_page()
        self.errors, self.elsewhere = [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._console)
        self.page.on("request", lambda request: self._request(request.url))
        self.page.add_init_script(SHIFTS + script)
        if without:
            self.page.route(without, lambda route: route.abort())
        self.page.goto(f"{(BUILT / 'book' / name).as_uri()}.html{address}")

    def _console(self, message):
        # Browsers refuse a font to a page opened as a file; a page from a server gets it.
        if message.type == "error" and "font" not in message.text and "ERR_FAILED" not in message.text:
            self.errors.append(message.text)

    def _request(self, url):
        if not url.startswith(("file:", "data:", "blob:")):
            self.elsewhere.append(url)

    def close(self):
        self.context.close()
