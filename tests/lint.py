"""What ruff and codespell do not do by themselves: the code cells of the pages, and the ends of files.

    python tests/lint.py          says what is wrong
    python tests/lint.py --fix    mends it

The cells are given to ruff as notebooks. Their lines are shorter than those of the modules, for phones.
"""

import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
LINE = "line-length=74"


def ruff(command, page, text):
    """What ruff makes of a notebook given as text; it is named as if it lay beside the page."""
    name = str(page.with_suffix(".ipynb"))
    arguments = ["ruff", *command, "--config", LINE, "--stdin-filename", name, "-"]
    return subprocess.run([sys.executable, "-m", *arguments], input=text, capture_output=True, text=True, check=False)


def complaints(page):
    """What ruff says about a page; nothing if it is content."""
    text = nbformat.writes(jupytext.read(page))
    # A value on the last line of a cell is shown; lengths are the formatter's business; zip(..., strict=) reads badly.
    checked = ruff(["check", "--ignore", "B018,E501,B905"], page, text)
    formatted = ruff(["format", "--diff"], page, text)
    return [run.stdout + run.stderr for run in (checked, formatted) if run.returncode]


def fix(page):
    """Put what ruff can mend into the page, cell by cell, and leave all else as it was written."""
    notebook = jupytext.read(page)
    mended = ruff(
        ["check", "--fix-only", "--quiet", "--ignore", "B018,E501,B905"], page, nbformat.writes(notebook)
    ).stdout
    mended = nbformat.reads(ruff(["format"], page, mended).stdout, 4)
    text = page.read_text("utf8")
    for old, new in zip(notebook.cells, mended.cells, strict=True):
        if old.cell_type == "code" and old.source != new.source:
            if text.count(old.source) != 1:
                raise SystemExit(f"{page.name}: a cell stands there twice; mend it by hand:\n{new.source}")
            text = text.replace(old.source, new.source)
    page.write_text(text, "utf8")


def ends_badly(fix):
    """Text files of the repository with white space at the end of a line, or without one newline at their own end."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for path in (ROOT / name for name in listed.split("\0") if name):
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" in content or path.suffix == ".jsonl" or "vendor" in path.parts:  # pictures, data, files of others
            continue
        wanted = b"".join(line.rstrip() + b"\n" for line in content.splitlines()).rstrip(b"\n") + b"\n"
        if content and content != wanted:
            if fix:
                path.write_bytes(wanted)
            else:
                yield f"{path.relative_to(ROOT)}: white space at the end of a line or of the file"


def main(arguments):
    fixing = "--fix" in arguments
    pages = sorted(BOOK.glob("*.md"))
    for page in pages if fixing else []:
        fix(page)
    found = [complaint for page in pages for complaint in complaints(page)] + list(ends_badly(fixing))
    print("\n".join(found) or "the pages and the ends of all files are in order")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
