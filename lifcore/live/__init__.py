"""Live figures: the reader moves a spike, in JupyterLab and in a static page without Python.

    numbers.py    what each figure shows, by lifcore
    pictures.py   what it looks like, and its controls
    widget.py     both places: a widget in JupyterLab, HTML in a page
    twin.js       the functions of lifcore that numbers.js needs, in JavaScript
    numbers.js    numbers.py in JavaScript; random.js is NumPy's random generator
    draw.js       from numbers to a picture; figure.js listens to the reader

Needs Matplotlib (for the colours of the printed figures) and anywidget.
"""

from lifcore.live import pictures
from lifcore.live.widget import LiveFigure


def show(name: str) -> LiveFigure:
    """The live figure of that name, one of ``pictures.PICTURES``."""
    if name not in pictures.PICTURES:
        raise ValueError(f"name is {name!r}; pass one of {', '.join(map(repr, pictures.PICTURES))}")
    return LiveFigure(pictures.PICTURES[name]())
