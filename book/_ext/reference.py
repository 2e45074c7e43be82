"""The API reference: docstrings that are read in an editor, made readable on a page.

They hold equations as indented lines, which Sphinx would run together: they become literal blocks. Bars of absolute
values and names like lambda_ would be markup: they are escaped. And where a page names a public function in
``code``, the name becomes a link.
"""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform

LITERAL = re.compile(r"(``[^`]+``|:\w+:`[^`]+`)")
UNDERLINE = re.compile(r"\s*-{3,}\s*$")


def indent_of(line):
    return len(line) - len(line.lstrip())


def escaped(line):
    """A line of text in which * | and a final _ mean themselves."""
    parts = LITERAL.split(line)
    parts[::2] = [re.sub(r"([*|])|(?<=\w)_(?!\w)", r"\\\g<0>", part) for part in parts[::2]]
    return "".join(parts)


def with_literal_equations(lines):
    """Indented blocks after an empty line become literal blocks; other lines are escaped."""
    result, literal_above = [], None
    for i, line in enumerate(lines):
        before = next((other for other in reversed(lines[:i]) if other.strip()), "")
        if literal_above is not None and line.strip() and indent_of(line) <= literal_above:
            literal_above = None
        starts = line.strip() and i and not lines[i - 1].strip() and indent_of(line) >= indent_of(before) + 4
        if literal_above is None and starts and not UNDERLINE.match(before):
            literal_above = indent_of(before)
            result += [" " * literal_above + "::", ""]
        result.append(line if literal_above is not None else escaped(line))
    return result


COLON = "\ue000"  # of a property; napoleon would take what stands before it for a type


def before_napoleon(app, what, name, obj, options, lines):
    lines[:] = with_literal_equations(lines)
    if what == "property":
        lines[:] = [line.replace(":", COLON) for line in lines]


SEVERAL = re.compile(r"(?<=^:ivar )[^:]+|(?<=^:vartype )[^:]+")


def after_napoleon(app, what, name, obj, options, lines):
    # "V, I" would be taken for the type "V," of an I: nothing of width may stand between the two.
    lines[:] = [SEVERAL.sub(lambda names: names[0].replace(", ", ",\u200b"), line) for line in lines]
    lines[:] = [line.replace(COLON, ":") for line in lines]


def skip_member(app, what, name, obj, skip, options):
    """Fields of named tuples are listed under Attributes, with more to say than their index."""
    return True if "Alias for field number" in (getattr(obj, "__doc__", None) or "") else skip


class LinkNames(SphinxTransform):
    """`lc.forward`, `lifcore.forward` and `forward`, in code style on a page, lead to the reference."""

    default_priority = 500

    def apply(self, **kwargs):
        import lifcore  # as it is now, and only where this is used

        if self.env.docname.endswith("/api"):
            return
        for literal in list(self.document.findall(nodes.literal)):
            match = re.fullmatch(r"(?:lc\.|lifcore\.)?(\w+)(?:\(.*\))?", literal.astext())
            if match and match[1] in lifcore.__all__ and not isinstance(literal.parent, nodes.reference | pending_xref):
                link = pending_xref(
                    "",
                    reftype="obj",
                    refdomain="py",
                    reftarget=f"lifcore.{match[1]}",
                    refexplicit=True,
                    refdoc=self.env.docname,
                )
                literal.replace_self(link)
                link += literal


def setup(app):
    app.connect("autodoc-process-docstring", before_napoleon, priority=100)
    app.connect("autodoc-process-docstring", after_napoleon, priority=900)
    app.connect("autodoc-skip-member", skip_member)
    app.add_transform(LinkNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
