"""Run the pages of the book under pytest, and compare what they print with what is stored.

nbval runs notebooks under pytest, but reads only .ipynb files and compares nothing in a notebook
without stored outputs. Here pages are read through jupytext, and the text that each cell printed
is stored in tests/references/<page>.json. `make references` runs the pages and rewrites it.

With --executed a page is not run again: what `make book` just got from the same cells is compared. `make test` does
this; without it, pytest runs the pages itself.
"""

import json
from pathlib import Path

import jupytext
import pytest
from fresh import fingerprint  # book/_ext/fresh.py
from jupyter_cache import get_cache
from nbformat.v4 import new_output
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile

ROOT = Path(__file__).parents[1]
EXECUTED = ROOT / "_build" / ".jupyter_cache"
BOOK = ROOT / "book"
REFERENCES = ROOT / "tests" / "references"


def read_references(page):
    """What each code cell of a page printed, a list of lines for each cell."""
    path = REFERENCES / f"{page.stem}.json"
    return json.loads(path.read_text("utf8")) if path.exists() else []


def write_references(page, lines_of_cells):
    path = REFERENCES / f"{page.stem}.json"
    path.parent.mkdir(exist_ok=True)
    if lines_of_cells:
        path.write_text(json.dumps(lines_of_cells, indent=1, ensure_ascii=False) + "\n", "utf8")
    else:
        path.unlink(missing_ok=True)


def printed_text(outputs):
    """Standard output and text results of a cell, without figures, widgets and warnings."""
    text = ""
    for output in outputs:
        data = output.get("data", {})
        if output.output_type == "stream" and output.name == "stdout":
            text += output.text
        elif not any(kind.startswith("image/") or "widget" in kind for kind in data):
            kinds = [kind for kind in ("text/markdown", "text/latex", "text/plain") if kind in data]
            text += "".join(data[kind] + "\n" for kind in kinds[:1])
    return text


def read_executed(page, cells):
    """What `make book` got from each code cell of a page; fails if cells or lifcore were changed since."""
    stamp = EXECUTED / "lifcore.sha256"
    if not cells:
        return []
    if not stamp.exists() or stamp.read_text() != fingerprint(ROOT):
        pytest.fail("the pages were not executed with this lifcore: run `make book`", pytrace=False)
    # The cache, and not the notebooks beside the built pages: there myst-nb has already merged what was printed.
    cache = get_cache(EXECUTED)
    for record in cache.list_cache_records():
        if Path(record.uri) == page:
            executed = [cell for cell in cache.get_cache_bundle(record.pk).nb.cells if cell.cell_type == "code"]
            if [cell.source for cell in executed] == [cell.source for cell in cells]:
                return [cell.outputs for cell in executed]
    pytest.fail(f"{page.name} was changed after it was executed: run `make book`", pytrace=False)


def printed_lines(source, outputs):
    """The lines that are compared of what a cell printed."""
    if source.rstrip().endswith(";"):  # hides the result, except from nbval
        outputs = [output for output in outputs if output.output_type != "execute_result"]
    return printed_text(outputs).splitlines()


def pytest_addoption(parser):
    parser.addoption("--executed", action="store_true", help="compare what `make book` executed, run no page again")
    parser.addoption("--write-references", action="store_true", help="store what the pages print, compare nothing")


def pytest_collect_file(file_path, parent):
    if file_path.parent == BOOK and file_path.suffix == ".md":
        return Page.from_parent(parent, path=file_path)


class Page(IPyNbFile):
    """A page: one test for its file of references, and one for each code cell."""

    def collect(self):
        self.nb = jupytext.read(self.path)
        self.cells = [cell for cell in self.nb.cells if cell.cell_type == "code"]
        self.references = read_references(self.path)
        self.printed = []
        yield References.from_parent(self, name="references")
        for number, cell in enumerate(self.cells):
            options = {"check": True, "check_exception": False, "skip": False}
            if number < len(self.references):
                # nbval compares only cells that have been run.
                cell.execution_count = number + 1
                cell.outputs = [new_output("stream", text="\n".join(self.references[number]))]
            kind = ExecutedCell if self.config.option.executed else Cell
            yield kind.from_parent(self, name=f"cell {number + 1}", cell_num=number + 1, cell=cell, options=options)

    def setup(self):
        if self.config.option.executed:
            self.executed = read_executed(self.path, self.cells)
        # As in nbval, but without its measuring of coverage in the kernel, which times out.
        elif self.cells:
            self.kernel = RunningKernel(CURRENT_ENV_KERNEL_NAME, cwd=str(self.path.parent))

    def teardown(self):
        if self.kernel:
            self.kernel.stop()
        if self.config.option.write_references and len(self.printed) == len(self.cells):
            write_references(self.path, self.printed)


class References(pytest.Item):
    """Fails unless there is one stored output, maybe empty, for each code cell."""

    def runtest(self):
        cells, stored = len(self.parent.cells), len(self.parent.references)
        if cells != stored and not self.config.option.write_references:
            name = f"tests/references/{self.path.stem}.json"
            pytest.fail(
                f"{self.path.name} has {cells} code cells but {name} holds {stored}: "
                "run `make references` and look at its diff",
                pytrace=False,
            )


class Cell(IPyNbCell):
    """Runs a code cell; fails if it raises, or prints other text than is stored."""

    def runtest(self):
        if self.config.option.write_references:
            self.cell.execution_count = self.cell_num  # or nbval does not call compare_outputs
        super().runtest()

    def compare_outputs(self, test, ref, skip_compare=None):
        lines = printed_lines(self.cell.source, test)
        self.parent.printed.append(lines)
        if self.config.option.write_references:
            return True
        return super().compare_outputs([new_output("stream", text="\n".join(lines))], ref)


class ExecutedCell(Cell):
    """A code cell that `make book` has run, which stops at one that raises: only what was printed can differ."""

    def runtest(self):
        outputs = self.parent.executed[self.cell_num - 1]
        stored = self.cell.execution_count or self.config.option.write_references
        if stored and not self.compare_outputs(outputs, self.cell.outputs):
            self.raise_cell_error("Cell outputs differ", "\n".join(self.comparison_traceback))
