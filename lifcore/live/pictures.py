"""What each live figure looks like: its controls, its panels, and which answers of ``numbers`` they show.

A picture is plain data; ``figure.js`` draws it. Names such as "adjoint.V" stand for a value of an answer, and
"state.spikes" for one that the reader sets.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lifcore import scenes
from lifcore.live.numbers import EPSP_TIME, HIDDEN_TIME, TRIAL, WEIGHTS
from lifcore.neuron import LIF

MOST = 50  # spikes in a figure


@dataclass(frozen=True)
class Control:
    """A slider (``low`` to ``high``, or one of ``values``), a list of ``options``, or a box to tick."""

    name: str
    label: str
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    unit: str = ""
    values: Sequence[float] | None = None
    options: Sequence[str] | None = None
    when: str | None = None  # "loss=exponential|first spike": of no effect otherwise


@dataclass(frozen=True)
class Mark:
    """Something drawn from answers: a "line", "dots", "stems", "arrows", "uprights" or a "level"."""

    kind: str
    look: str  # a role of ``lifcore.figures.LOOK``, with "-" for a space
    x: str | None = None
    y: str | None = None
    label: str | None = None
    size: float = 4.0
    breaks: str | None = None  # a line is broken where this changes
    loose: bool = False  # does not set the limits of its panel
    per: float = 0.0  # arrows: ms for a unit, if the longest is below ``most`` ms
    most: float = 0.0


@dataclass(frozen=True)
class Axis:
    low: float
    high: float | str
    label: str = ""


@dataclass(frozen=True)
class Panel:
    label: str
    marks: list[Mark]
    share: float = 1.0
    least: float = 0.0  # smallest range of the axis: below it is rounding
    zero: bool = True  # whether the axis holds zero
    log: float = 0.0  # signed logarithmic, linear below this
    near: str | None = None  # limits from what is within 60 ms of these times
    x: Axis | None = None
    y: Axis | None = None
    yaxis: bool = True


@dataclass(frozen=True)
class Moving:
    """Spikes that can be dragged: a list or a single time of the state, in ms, from ``low`` to ``high``.

    ``high`` may name a value of the state, the length of the trial. ``together``: as one train.
    """

    name: str
    low: float
    high: float | str
    add: bool = False
    together: bool = False
    least: int = 0
    most: int = MOST
    label: str = ""


@dataclass(frozen=True)
class Ask:
    """One function of ``numbers``: which values of the state it gets, and which that never change."""

    keys: list[str]
    fixed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    name: str
    title: str
    figure: str  # the printed figure whose place it takes
    hint: str
    state: dict[str, Any]
    controls: list[Control]
    x: Axis
    panels: list[Panel]
    asks: dict[str, Ask]
    readout: list[tuple[str, str | None]]  # text (None), or a value and how it is written
    moving: Moving | None = None
    adopt: dict[str, Any] | None = None  # after a change of these controls, spikes are taken from an answer

    def data(self) -> dict[str, Any]:
        """As plain dictionaries, to be sent as JSON."""
        return asdict(self)


TIME = Axis(0.0, "duration", "time (ms)")
LOSSES = list(scenes.chain_losses())
_STANDARD = LIF()


def arrows(descent: str, share: float, per: float, most: float) -> Panel:
    """Where descent would move each spike."""
    mark = Mark("arrows", "original", "state.spikes", descent, per=per, most=most)
    return Panel("descent", [mark], share, y=Axis(-1.0, 1.0), yaxis=False)


def epsp() -> Picture:
    """One EPSP; equal time constants can be reached."""
    return Picture(
        name="epsp",
        title="Current and voltage after one spike, with sliders for the time constants and the weight.",
        figure="fig-epsp",
        hint="Move \u03c4\u209b to 20 ms and past it. The peak moves smoothly: nothing happens where both are equal.",
        state={"tau_m": _STANDARD.tau_m, "tau_s": _STANDARD.tau_s, "weight": 10.0},
        controls=[
            Control("tau_m", "\u03c4\u2098", 1.0, 50.0, 0.5, " ms"),
            Control("tau_s", "\u03c4\u209b", 1.0, 50.0, 0.5, " ms"),
            Control("weight", "weight", -20.0, 20.0, 0.5),
        ],
        x=Axis(*EPSP_TIME[:2], "time (ms)"),
        panels=[
            Panel("current I", [Mark("line", "I", "epsp.t", "epsp.I")], least=1.0),
            Panel(
                "voltage V",
                [
                    Mark("line", "V", "epsp.t", "epsp.V"),
                    Mark("dots", "original", "epsp.peak_at", "epsp.peak_height", size=5.0),
                ],
                least=0.2,
            ),
        ],
        asks={"epsp": Ask(["tau_m", "tau_s", "weight"])},
        readout=[
            ("Peak ", None),
            ("epsp.peak_time", "3"),
            (" ms after the spike, height ", None),
            ("epsp.peak_height", "4"),
        ],
    )


def forward() -> Picture:
    """Spikes to a current and a voltage."""
    return Picture(
        name="forward",
        title="Current and voltage of spikes that can be moved.",
        figure="fig-forward",
        hint="Drag a spike; click an empty place to add one, click a spike to remove it. Draw a train with the last "
        "two sliders. The correction lowers all of V and changes nothing else.",
        state={"spikes": list(scenes.PAIR), "weight": 1.0, "corrected": False, "peak": 30.0, "seed": 1.0},
        controls=[
            Control("weight", "weight", -3.0, 5.0, 0.1),
            Control("corrected", "the original\u2019s weight correction"),
            Control("peak", "Poisson train, peak rate", 0.0, 50.0, 1.0, " Hz"),
            Control("seed", "seed", 0.0, 100.0, 1.0),
        ],
        x=Axis(0.0, TRIAL, "time (ms)"),
        panels=[
            Panel("current I", [Mark("line", "I", "forward_trial.t", "forward_trial.I")], least=0.2),
            Panel("voltage V", [Mark("line", "V", "forward_trial.t", "forward_trial.V")], least=0.05),
        ],
        asks={"drawn": Ask(["peak", "seed"]), "forward_trial": Ask(["spikes", "weight", "corrected"])},
        readout=[
            ("Largest V ", None),
            ("forward_trial.largest", "4"),
            (", mean of V ", None),
            ("forward_trial.mean", "6"),
        ],
        moving=Moving("spikes", 0.0, TRIAL - 1.0, add=True),
        adopt={"when": ["peak", "seed"], "values": {"spikes": "drawn.spikes"}},
    )


def time_step() -> Picture:
    """The forward step, with and without the original's correction."""
    return Picture(
        name="time_step",
        title="Voltage at the samples of a coarse step against the sum of PSPs, and its error.",
        figure="fig-time-step",
        hint="Make the step as large as you like: the error comes and goes with the correction, not with the step.",
        state={"dt": 1.0, "corrected": True},
        controls=[
            Control("dt", "time step", values=(0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0), unit=" ms"),
            Control("corrected", "the original\u2019s weight correction"),
        ],
        x=Axis(80.0, 300.0, "time (ms)"),
        panels=[
            Panel(
                "V",
                [
                    Mark("line", "exact", "time_step.fine", "time_step.exact", "sum of PSPs"),
                    Mark("dots", "original", "time_step.t", "time_step.V", "samples", size=2.0),
                ],
                share=2.0,
            ),
            Panel("error of V", [Mark("line", "original", "time_step.t", "time_step.error")], least=0.01),
        ],
        asks={"time_step": Ask(["dt", "corrected"])},
        readout=[("Largest error of V ", None), ("time_step.largest", "e")],
    )


def adjoint() -> Picture:
    """What arrives at each spike, by Euler and exactly."""
    return Picture(
        name="adjoint",
        title="Adjoint variables of spikes that can be moved, and where descent would move each spike.",
        figure="fig-adjoint",
        hint="Switch from Euler to exact and watch the second arrow turn round and the sum go to 0. Then drag a spike: "
        "exactly, the sum stays 0 until the output no longer has the time to relax before the end.",
        state={
            "spikes": list(scenes.PAIR),
            "scheme": "euler",
            "dt": 1.0,
            "duration": 800.0,
            "weight": 1.0,
            "corrected": True,
        },
        controls=[
            Control("scheme", "scheme", options=("euler", "exact")),
            Control("dt", "Euler\u2019s time step", values=(0.1, 0.2, 0.5, 1.0), unit=" ms", when="scheme=euler"),
            Control("duration", "end of the trial", 200.0, 1400.0, 50.0, " ms"),
            Control("weight", "weight", 0.1, 5.0, 0.1),
            Control("corrected", "the original\u2019s weight correction"),
        ],
        x=TIME,
        panels=[
            Panel("V", [Mark("line", "V", "adjoint.t", "adjoint.V")], share=0.9, least=0.05),
            Panel(
                "adjoint",
                [
                    Mark("line", "lambda_V", "adjoint.t", "adjoint.lambda_V", "\u03bb_V"),
                    Mark("line", "lambda_I", "adjoint.t", "adjoint.lambda_I", "\u03bb_I"),
                ],
                share=0.9,
                y=Axis(-0.05, 1.05),
            ),
            Panel(
                "\u03bb_V \u2212 \u03bb_I",
                [
                    Mark("line", "transport", "adjoint.t", "adjoint.transport", "\u03bb_V \u2212 \u03bb_I"),
                    Mark("dots", "original", "state.spikes", "adjoint.told", "at the spikes"),
                ],
                share=1.3,
                near="state.spikes",
                least=1e-4,
            ),
            arrows("adjoint.descent", share=0.5, per=8e4, most=60.0),
        ],
        asks={
            "adjoint": Ask(
                ["spikes", "duration", "scheme", "dt", "weight", "corrected"],
                {"tau_m": _STANDARD.tau_m, "tau_s": _STANDARD.tau_s},
            )
        },
        readout=[("Sum over spikes of \u03bb_V \u2212 \u03bb_I: ", None), ("adjoint.sum", "+e")],
        moving=Moving("spikes", 0.0, "duration", add=True),
    )


def symmetry() -> Picture:
    """The loss of a train that is moved as a whole."""
    return Picture(
        name="symmetry",
        title="The loss of a whole train against where it starts.",
        figure="fig-shift",
        hint="Drag any spike: the whole train moves. The loss stays flat until a spike nears the end. A loss with a "
        "weight in time notices at once.",
        state={"spikes": [20.0, 28.0, 51.0], "duration": 400.0, "loss": "mean cross-entropy"},
        controls=[
            Control("loss", "loss", options=LOSSES),
            Control("duration", "end of the trial", 100.0, 600.0, 10.0, " ms"),
        ],
        x=TIME,
        panels=[
            Panel(
                "loss minus loss at 0",
                [
                    Mark("line", "V", "symmetry.start", "symmetry.value"),
                    Mark("dots", "original", "symmetry.at", "symmetry.here", size=6.0),
                ],
                share=2.0,
                least=2e-3,
            ),
            arrows("symmetry.descent", share=0.6, per=4e7, most=40.0),
        ],
        asks={"symmetry": Ask(["spikes", "duration", "loss"])},
        readout=[("Sum over spikes of dL/dt: ", None), ("symmetry.sum", "+e"), (" per ms", None)],
        moving=Moving("spikes", 0.0, "duration", together=True, least=1),
    )


def pull() -> Picture:
    """What each loss tells a lone spike."""
    return Picture(
        name="pull",
        title="What a loss tells a single wanted spike, against the time of the spike.",
        figure="fig-losses",
        hint="Choose a loss, and drag the spike through the trial. Above zero: earlier. In mid-trial only the losses "
        "that weight time tell it anything; the others speak up one after the other towards the end.",
        state={"loss": "exponential", "tau": float(scenes.STEPS), "duration": float(scenes.STEPS), "spike": 700.0},
        controls=[
            Control("loss", "loss", options=list(scenes.family(0))),
            Control(
                "tau", "its time constant", values=(5, 10, 20, 50, 100, 200, 350, 500, 700, 1000, 1400, 2000, 3000),
                unit=" ms", when="loss=exponential|first spike",
            ),
            Control("duration", "end of the trial", 200.0, 1400.0, 50.0, " ms"),
        ],
        x=Axis(0.0, "duration", "time of the spike (ms)"),
        panels=[
            Panel(
                "\u03bb_V \u2212 \u03bb_I",
                [
                    Mark("line", "transport", "pull.t", "pull.told"),
                    Mark("stems", "original", "pull.at", "pull.here", size=6.0),
                ],
                log=1e-11,
                y=Axis(-1e-10, 0.5),
            )
        ],
        asks={"pull": Ask(["loss", "tau", "duration", "spike"])},
        readout=[("A spike at ", None), ("pull.at", "d"), (" ms is told ", None), ("pull.here", "+e")],
        moving=Moving("spike", 2.0, "duration", label="the spike"),
    )  # fmt: skip


def hidden() -> Picture:
    """One hidden neuron, and the loss along its one input weight."""
    return Picture(
        name="hidden",
        title="Voltage of a hidden neuron with a threshold, and the loss along its input weight with a tangent.",
        figure="fig-along-weight",
        hint="Move the weight slowly. Within a piece the tangent is right; where a spike appears or vanishes the loss "
        "jumps, and the tangent says nothing of it. Drag the second input spike: the jumps move.",
        state={"weight": 8.0, "second": 60.0, "loss": "exponential"},
        controls=[
            Control("weight", "input weight", *WEIGHTS[:2], 0.05),
            Control("loss", "loss", options=LOSSES),
        ],
        x=Axis(*HIDDEN_TIME[:2], "time (ms)"),
        panels=[
            Panel(
                "hidden V",
                [
                    Mark("line", "V", "hidden.t", "hidden.V", "V"),
                    Mark("uprights", "original", "hidden.spikes", label="hidden spikes"),
                    Mark("uprights", "I", "hidden.inputs", label="inputs"),
                    Mark("level", "closed-form", y="hidden.theta"),
                ],
                y=Axis(-0.1, 1.15),
            ),
            Panel(
                "loss",
                [
                    Mark("line", "V", "scan.weight", "scan.loss", "loss", breaks="scan.spikes"),
                    Mark("line", "original", "hidden.tangent_x", "hidden.tangent_y", "backward pass", loose=True),
                    Mark("dots", "original", "hidden.weight", "hidden.loss", size=5.0, loose=True),
                ],
                x=Axis(*WEIGHTS[:2], "input weight (thresholds)"),
                zero=False,
            ),
        ],
        asks={"scan": Ask(["second", "loss"]), "hidden": Ask(["weight", "second", "loss"])},
        readout=[("hidden.count", "d"), (" hidden spikes, dL/dw = ", None), ("hidden.gradient", "+e")],
        moving=Moving("second", scenes.CHAIN_FIRST + 1.0, 110.0, label="second input spike"),
    )


PICTURES = {picture.__name__: picture for picture in (epsp, forward, time_step, adjoint, symmetry, pull, hidden)}
