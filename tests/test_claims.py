"""The table of claims in the book names tests that exist, one for each claim."""

import re

from pages import BOOK, ROOT

ROWS = re.findall(r"^\| (\d+) \|.*`([\w./]+)::(\w+)` \|$", (BOOK / "how-we-know.md").read_text("utf8"), flags=re.M)


def test_rows_are_numbered():
    assert [int(number) for number, _, _ in ROWS] == list(range(1, len(ROWS) + 1)) and len(ROWS) > 15


def test_every_named_test_exists():
    for _, file, name in ROWS:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text("utf8"), f"{file}::{name}"
