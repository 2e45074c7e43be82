"""The reference in the built book: every public name, readable equations, links from the pages. Needs `make book`."""

import inspect
import re

import pytest
from pages import BOOK, ROOT

import lifcore

BUILT = ROOT / "_build" / "html" / "book"
if not (BUILT / "api.html").exists():
    pytest.skip("the book is not built: run `make book`", allow_module_level=True)
API = (BUILT / "api.html").read_text("utf8")


@pytest.mark.parametrize("name", lifcore.__all__)
def test_every_public_name_is_described(name):
    thing = getattr(lifcore, name)
    described = API.split(f'id="lifcore.{name}"', 1)
    assert len(described) == 2, f"add it to book/api.md: lifcore.{name}"
    # The first words of its docstring stand below its name.
    first = re.split(r"[.:;,=]", inspect.getdoc(thing).replace("`", ""))[0].split()[:4]
    text = " ".join(re.sub(r"<[^>]+>", "", described[1][:6000]).split())
    assert " ".join(first).replace("'", "’") in text.replace("'", "’")


def test_the_reference_names_nothing_else():
    listed = re.findall(r"^\.\. auto\w+:: lifcore\.(\w+)$", (BOOK / "api.md").read_text("utf8"), flags=re.M)
    missing, beyond = set(lifcore.__all__) - set(listed), set(listed) - set(lifcore.__all__)
    assert not missing, f"add to book/api.md: {missing}"
    assert not beyond and len(listed) == len(set(listed)), f"not public, or named twice in book/api.md: {beyond}"


def test_equations_are_set_as_they_stand():
    equation = "tau_m dV/dt = -V + I,    tau_s dI/dt = -I,    a spike of weight w: I jumps by w."
    assert equation in re.sub(r"<[^>]+>", "", API)
    assert not re.search(r"\\[|*_]", re.sub(r"<[^>]+>", "", API))


def test_pages_lead_to_the_reference():
    linked = set()
    for page in BUILT.glob("*.html"):
        linked |= set(re.findall(r'href="api\.html#lifcore\.(\w+)"', page.read_text("utf8")))
    assert (
        {"LIF", "Adjoint", "spike_time_gradient", "shift_gradient", "HiddenGradient"} <= linked <= set(lifcore.__all__)
    )


def test_every_symbol_of_the_notation_page_is_a_name_in_the_code():
    """What stands in the column `in code` can be found in lifcore."""
    sources = "\n".join(path.read_text("utf8") for path in (ROOT / "lifcore").glob("*.py"))
    rows = re.findall(r"^\| (?!symbol|-)[^|]+\|([^|]+)\|", (BOOK / "notation.md").read_text("utf8"), flags=re.M)
    names = {
        name
        for cell in rows
        for code in re.findall(r"`([^`]+)`", cell)
        for name in re.findall(r"[A-Za-z_]\w+|V|I|h", code)
    }
    missing = {name for name in names if not re.search(rf"\b{name}\b", sources)}
    assert len(rows) > 25 and not missing
