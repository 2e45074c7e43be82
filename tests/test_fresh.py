"""An edit of lifcore followed by `make book` never shows an old number: tried on a book of one page."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
import yaml
from pages import ROOT

PAGE = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A page

```{code-cell} ipython3
from lifcore.number import NUMBER

print(f"it is {NUMBER}.")
```
"""


@pytest.fixture
def book(tmp_path):
    """A tiny book with our settings and extensions, and a lifcore of one module."""
    copytree(ROOT / "book" / "_ext", tmp_path / "book" / "_ext")
    (tmp_path / "book" / "index.md").write_text(PAGE)
    (tmp_path / "lifcore").mkdir()
    (tmp_path / "lifcore" / "__init__.py").write_text("__all__ = []\n")
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    del config["bibtex_bibfiles"], config["sphinx"]["config"]["extensions"]
    config["sphinx"]["local_extensions"] = {"fresh": "book/_ext"}
    config["sphinx"]["config"] = {}
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(config))
    return tmp_path


def build(book, *options):
    """Run the command of `make book`; whether the page was executed, and the page."""
    command = [Path(sys.executable).parent / "jupyter-book", "build", ".", "-W", "--keep-going", *options]
    run = subprocess.run(
        command, cwd=book, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(book)}
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return "Executed notebook" in run.stdout + run.stderr, (book / "_build/html/book/index.html").read_text("utf8")


def test_a_page_shows_what_the_present_lifcore_computes(book):
    number = book / "lifcore" / "number.py"
    number.write_text("NUMBER = 1\n")
    executed, page = build(book, "--all")
    assert executed and "it is 1." in page

    executed, page = build(book, "--all")
    assert not executed and "it is 1." in page  # nothing changed: from the cache

    number.write_text("NUMBER = 2\n")
    executed, page = build(book, "--all")
    assert executed and "it is 2." in page and "it is 1." not in page

    number.write_text("NUMBER = 3\n")
    executed, page = build(book)  # without --all too
    assert executed and "it is 3." in page and "it is 2." not in page

    (book / "requirements.lock").write_text("numpy==2\n")  # other versions may compute other numbers
    executed, page = build(book, "--all")
    assert executed and "it is 3." in page


def test_a_build_that_fails_is_not_taken_for_fresh(book):
    number = book / "lifcore" / "number.py"
    number.write_text("NUMBER = 1\n")
    build(book, "--all")
    number.write_text("raise RuntimeError\n")
    with pytest.raises(AssertionError):
        build(book, "--all")
    number.write_text("NUMBER = 4\n")
    executed, page = build(book, "--all")
    assert executed and "it is 4." in page
