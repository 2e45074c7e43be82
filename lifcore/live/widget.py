"""A live figure for both places: an anywidget that lifcore answers, and in a static page its own HTML with the twin."""

import json
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from lifcore.figures import LOOK
from lifcore.live import numbers
from lifcore.live.pictures import Control, Picture

HERE = Path(__file__).parent


def source(*names: str) -> str:
    """The text of JavaScript files of this folder, one after the other."""
    return "\n".join((HERE / f"{name}.js").read_text("utf8") for name in names)


MODULE = source("random", "twin", "numbers", "draw", "figure")
DASHES = {"-": "none", "--": "6 4", ":": "2 3", "-.": "6 3 2 3"}


def style() -> str:
    """The style sheet, with the colours and dashes that the printed figures have."""
    roles = "".join(
        f".live .{name.replace(' ', '-')}{{--c:{look['color']};stroke-dasharray:{DASHES[str(look['linestyle'])]}}}\n"
        for name, look in LOOK.items()
    )
    return roles.replace(".live .", ":is(.live-place,.live) .") + (HERE / "figure.css").read_text("utf8")


def control(spec: Control, state: dict[str, Any]) -> str:
    """One control with its label, showing its value."""
    value = state[spec.name]
    when = f' data-when="{escape(spec.when)}"' if spec.when else ""
    if spec.options:
        options = "".join(f"<option{' selected' if each == value else ''}>{each}</option>" for each in spec.options)
        return f'<label>{spec.label} <select name="{spec.name}"{when}>{options}</select></label>'
    if isinstance(value, bool):
        ticked = " checked" if value else ""
        return f'<label class="live-tick"><input type="checkbox" name="{spec.name}"{ticked}> {spec.label}</label>'
    low, high, step, at = spec.low, spec.high, spec.step, value
    values = ""
    if spec.values:
        low, high, step, at = min(spec.values), max(spec.values), 1, list(spec.values).index(value)
        values = f' data-values="{escape(json.dumps(list(spec.values)))}"'
    ends = f'min="0" max="{len(spec.values) - 1}"' if spec.values else f'min="{low}" max="{high}"'
    return (
        f'<label>{spec.label} <input type="range" name="{spec.name}" {ends} step="{step}" value="{at}"'
        f' data-low="{low}" data-high="{high}" data-unit="{spec.unit}"{values}{when}>'
        f"<output>{value:g}{spec.unit}</output></label>"
    )


def markup(picture: Picture) -> str:
    """Hint, controls and the line of results: everything but the drawing."""
    controls = "".join(control(each, picture.state) for each in picture.controls)
    add = '<button type="button" data-do="add">Add a spike</button>' if picture.moving and picture.moving.add else ""
    return (
        f'<div class="live" id="live-{picture.name}" role="group" aria-label="{escape(picture.title)}">'
        f'<p class="live-hint"><strong>Try it.</strong> {escape(picture.hint)}</p>'
        f'<div class="live-controls">{controls}<span class="live-buttons">{add}'
        '<button type="button" data-do="reset">Reset</button></span></div>'
        '<p class="live-readout" role="status"></p></div>'
    )


def page(picture: Picture) -> str:
    """HTML for a static page, complete in itself; ``async``, or it would wait for the page's other scripts."""
    arguments = (json.dumps(each).replace("</", "<\\/") for each in (picture.name, picture.data(), numbers.constants()))
    return (
        f"<style>{style()}</style>{markup(picture)}"
        f'<script type="module" async>{MODULE}\ninPage({", ".join(arguments)});</script>'
    )


class LiveFigure(anywidget.AnyWidget):
    """A figure that the reader turns. ``asked`` holds what the reader set, ``told`` what lifcore answered.

    Parameters
    ----------
    picture : Picture
        One of ``lifcore.live.pictures``.
    """

    _esm = MODULE + "\nexport default {render};"
    _css = style()
    picture = traitlets.Dict().tag(sync=True)
    markup = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Dict().tag(sync=True)
    told = traitlets.Dict().tag(sync=True)

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        super().__init__(picture=picture.data(), markup=markup(picture), told={"number": 0, "answers": {}})

    @traitlets.observe("asked")
    def _answer(self, change: dict[str, Any]) -> None:
        asked = change["new"]
        self.told = {"number": asked["number"], "answers": answers(self._picture, asked["state"])}

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        assert bundle is not None  # it is only for a widget without a view
        data, metadata = bundle
        return {**data, "text/html": page(self._picture), "text/plain": repr(self)}, metadata

    def __repr__(self) -> str:
        return f"LiveFigure({self._picture.name})"


def answers(picture: Picture, state: dict[str, Any]) -> dict[str, Any]:
    """What a picture shows in a state, by lifcore."""
    return {
        name: numbers.FIGURES[name](**ask.fixed, **{key: state[key] for key in ask.keys})
        for name, ask in picture.asks.items()
    }
