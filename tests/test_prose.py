"""Every decimal number in the prose of a page must come from that page's own code.

A number with a decimal point or in scientific notation, in text, captions, tables or mathematics,
has to stand in the page's code, to be one of its stored outputs (tests/references) rounded to the
digits given, or to be one that the original notebook printed (lifcore/original.json). Signs are not
compared, and 12.5 % may be an output of 0.125. Not checked are whole numbers and bare powers of
ten. Numbers from elsewhere are excused, with the reason in parentheses, by a comment line in the
page:

    % checked-elsewhere: 0.906, 1.4e-4 (table 2 of the paper)
"""

import json
import re
from decimal import Decimal

import pytest
from pages import BOOK, REFERENCES, read_references

from lifcore import original

PAGES = sorted(BOOK.glob("*.md"))

POWER = r"(?:[eE]|\s*[×·]\s*10\s*\^)\{?\s*([-+]?\d+)\}?"
# 1.4, 1.4e-4, 2 × 10^{-4}; but not a part of x1.4 or 1.4.2
NUMBER = re.compile(rf"(?<![\w.])(?:(\d+\.\d+)(?:{POWER})?|(\d+){POWER})(?!\d|\.\d)(\s*\\?%)?")
ANY_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")

FENCE = re.compile(r"\s*(`{3,}|:{3,}|~{3,})\s*(\S*)")
OPTION = re.compile(r"\s*:[\w-]+:|\s*[\w-]+:(\s+\S+)?\s*$")  # of a directive: `:name: x`, `name: x`
NOT_PROSE = re.compile(
    r"\{[\w:-]+\}`[^`]*`|`[^`]*`"  # roles (citations, references to figures) and code
    r"|\]\([^)]*\)|https?://\S+|(?:doi|arXiv):\S+"  # addresses
    r"|</?[a-zA-Z]\w*(?:\s[^<>]*)?/?>"  # HTML
    r"|^\s*%.*|^\s*:[\w-]+:.*|^\([\w:.-]+\)="  # comments, options of directives, labels
)


def plain(line):
    """A line of prose without markup, its numbers written in one way."""
    line = re.sub(r"\{math\}`([^`]*)`", r"$\1$", line)
    line = NOT_PROSE.sub(" ", line)
    line = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda m: "^" + m[0].translate(SUPERSCRIPTS), line)
    line = line.replace("−", "-").replace(r"\times", "×").replace(r"\cdot", "·")
    line = re.sub(r"\\[,;!:]|\{,\}", "", line)  # thin spaces, as between 1\,234
    return re.sub(r"\\[a-zA-Z]+", " ", line)


def split(text):
    """The numbered lines of a page's prose, and its code."""
    text = re.sub(r"\A---\n.*?\n---\n|<!--.*?-->", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    prose, code, fences = [], [], []
    in_options = may_have_options = False
    for number, line in enumerate(text.splitlines(), 1):
        marker, kind = fences[-1] if fences else ("", "prose")
        fence = FENCE.match(line)
        if in_options or (may_have_options and line.strip() == "---"):
            in_options = line.strip() != "---" or not in_options
            if not OPTION.match(line):
                prose.append((number, line))  # such as a caption
            may_have_options = False
            continue
        may_have_options = False
        if fence and not fence[2] and marker and fence[1].startswith(marker):
            fences.pop()
        elif fence and kind == "prose":
            info = fence[2]
            directive = info.startswith("{") or fence[1].startswith(":")
            kind = "code" if info == "{code-cell}" else "prose" if directive else "listing"
            fences.append((fence[1], kind))
            may_have_options = True
        elif kind == "prose":
            prose.append((number, line))
        elif kind == "code":
            code.append(line)
    return prose, "\n".join(code)


def unsupported(text, printed):
    """The (line, number) pairs of a page's prose that its code and what it printed don't support."""
    prose, code = split(text)
    literals = {Decimal(number) for number in ANY_NUMBER.findall(code)}
    outputs = [Decimal(number) for number in ANY_NUMBER.findall(printed)]
    excuses = " ".join(re.findall(r"checked-elsewhere:([^(\n]*)\(\w", text))
    literals |= {Decimal(number) for number in ANY_NUMBER.findall(excuses + json.dumps(original.printed()))}

    missing = []
    for line_number, line in prose:
        for match in NUMBER.finditer(plain(line)):
            decimal, power, whole, power_of_whole, percent = match.groups()
            value = Decimal(decimal or whole).scaleb(int(power or power_of_whole or 0))
            half_a_digit = Decimal(5).scaleb(value.as_tuple().exponent - 1)
            scales = (1, 100) if percent else (1,)
            if value not in literals and not any(
                abs(output * scale - value) <= half_a_digit for output in outputs for scale in scales
            ):
                missing.append((line_number, match[0].strip()))
    return missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_numbers_come_from_the_code(page):
    printed = "\n".join(line for lines in read_references(page) for line in lines)
    missing = unsupported(page.read_text("utf8"), printed)
    assert not missing, "neither in the page's code nor among its stored outputs:\n" + "\n".join(
        f"  book/{page.name}:{line}: {number}" for line, number in missing
    )


def test_references_belong_to_pages():
    stored = {path.stem for path in REFERENCES.glob("*.json")}
    assert stored <= {page.stem for page in PAGES}, "delete the others from tests/references"


@pytest.mark.parametrize(
    "prose",
    [
        "It is 0.368, or $0.37$, or −0.3679, or $V\\approx0.36788$.",
        "An error of 1.3e-4, $1.25\\times10^{-4}$, 1.254 × 10⁻⁴ or $\\pm 1.2539\\,\\cdot 10^{-4}$.",
        "The step 0.25 stands in the code, and 36.8 % is printed as a share.",
        "Not numbers: `0.5`, {cite:p}`a0.5`, [x](https://a.org/0.5), Python 3.11.2, 10^{-9}, 7, $x_1.$",
        ":::{figure} a.png\n:width: 0.5\nA caption with 0.368.\n:::",
        "```python\nx = 0.5\n```",
        "```{code-cell} ipython3\n---\nmystnb:\n  figure:\n    width: 0.5\n    caption: |\n      It is 0.37.\n---\n```",
        "% checked-elsewhere: 0.906 (the paper)\n\nIt was 0.906.",
        "<!-- 0.5 -->",
    ],
)
def test_supported_numbers_pass(prose):
    code = "```{code-cell} ipython3\n:tags: [a]\ndt = 0.25\n```\n"
    assert unsupported(code + prose, "0.367879 -1.2539e-04") == []


@pytest.mark.parametrize(
    ("prose", "number"),
    [
        ("It is 0.369.", "0.369"),
        ("A loss of $1.5\\times10^{-4}$", "1.5× 10^{-4}"),
        ("| a | 0.5 |", "0.5"),
        ("{math}`x = 0.5`", "0.5"),
        ("```{math}\nx = \\frac{0.5}{y}\n```", "0.5"),
        ("0.5mV", "0.5"),
        ("% checked-elsewhere: 0.5\n\nIt is 0.5.", "0.5"),  # without a reason
        ("```{code-cell} ipython3\n---\nmystnb:\n  figure:\n    caption: |\n      It is 0.5.\n---\n```", "0.5"),
    ],
)
def test_unsupported_numbers_are_named(prose, number):
    ((line, found),) = unsupported("---\na: 0.1\n---\n" + prose, "0.367879 -1.2539e-04")
    assert found.replace(" ", "") == number.replace(" ", "")
    assert line == 4 + prose[: prose.rindex(number[:3])].count("\n")
