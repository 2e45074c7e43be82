"""Render mathematics without the network: put one file of MathJax beside the pages.

The PyPI package sphinx-mathjax-offline carries all of MathJax 3. Used as an extension it copies
24 MB; this one file needs no others, and draws with SVG, so no fonts either.
"""

from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile

MATHJAX = "tex-svg-full.js"


def copy_mathjax(app, exception):
    if exception is None and app.builder.format == "html":
        package = Path(find_spec("sphinx-mathjax-offline").origin).parent
        copyfile(package / "static" / "mathjax" / MATHJAX, app.outdir / "_static" / MATHJAX)


def setup(app):
    app.config.mathjax_path = MATHJAX
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
