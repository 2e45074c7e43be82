"""Mend the pages that Sphinx and the theme write: what screen readers are told wrongly, and what weighs too much.

All in the HTML of others, for which there is no setting; tests/test_browser.py looks.
"""

import re
import shutil
from pathlib import Path

FIELD = 'search-button-field search-button__button" title="Search"'
REPLACED = (
    # The label hides the button's own text, "Search Ctrl+K"; without it that text is the label.
    ('search-button-field search-button__button" title="Search" aria-label="Search"', FIELD),
    # So does this one, of a folded cell.
    ('<summary aria-label="Toggle hidden content">', "<summary>"),
    # Entries of a bibliography have a role of their own, and may not be children of a list.
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
    # Each exercise and each solution of a page would have the same id.
    ('<section id="exercise-content">', "<section>"),
    ('<section id="solution-content">', "<section>"),
)
# A script, a style sheet and three fonts for ten icons, 0.8 MB compressed before the first line of text is drawn.
# Browsers refuse the fonts to a page that is opened as a file. _static/book.css draws the icons in 3 KB.
ICONS = re.compile(r"<(?:script|link)[^>]*vendor/fontawesome/[^>]*>(?:</script>)?\n?")


def mend(app, exception):
    if exception is None and app.builder.format == "html":
        for path in Path(app.outdir).rglob("*.html"):
            before = path.read_text("utf8")
            text = ICONS.sub("", before)
            for old, new in REPLACED:
                text = text.replace(old, new)
            if text != before:
                path.write_text(text, "utf8")
        shutil.rmtree(Path(app.outdir) / "_static" / "vendor" / "fontawesome", ignore_errors=True)


def setup(app):
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
