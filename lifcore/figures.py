"""Drawing: each function takes an ``ax`` and arrays, and returns the artists it drew.

Nothing is computed here. One style for all figures: narrow enough for a phone, colours of Okabe and
Ito that the colour-blind can tell apart, and a line style for each role so that print can too.
"""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lifcore._checks import FloatArray

BLACK, BLUE, GREEN, VERMILION, ORANGE, PURPLE = "#000000", "#0072B2", "#009E73", "#D55E00", "#E69F00", "#CC79A7"

WIDTH = 4.5  # inches: 10 point type is then 10 pixels high on a phone

# How each quantity looks, in every figure of the book.
LOOK: dict[str, dict[str, Any]] = {
    "V": {"color": BLUE, "linestyle": "-", "label": "$V$"},
    "I": {"color": ORANGE, "linestyle": "-", "label": "$I$"},
    "lambda_V": {"color": GREEN, "linestyle": "-", "label": r"$\lambda_V$"},
    "lambda_I": {"color": PURPLE, "linestyle": "--", "label": r"$\lambda_I$"},
    "transport": {"color": BLACK, "linestyle": "-", "label": r"$\lambda_V - \lambda_I$"},
    "rate": {"color": GREEN, "linestyle": "-", "label": "rate"},
    # Vermilion and dashed: as in the original.
    "original": {"color": VERMILION, "linestyle": "--", "label": "2022"},
    "euler": {"color": VERMILION, "linestyle": "--", "label": "Euler"},
    "exact": {"color": BLUE, "linestyle": "-", "label": "exact"},
    "closed form": {"color": BLACK, "linestyle": ":", "label": "closed form"},
}


def canvas(panels: int = 1, height: float = 2.7, **options: Any) -> tuple[Figure, list[Axes]]:
    """A figure in the style of the book with ``panels`` axes, one below the other, ``height`` inches each."""
    # The style is set here and not through rcParams, which are the reader's. White and opaque, so that a dark page
    # does not show through.
    figure, axes = plt.subplots(
        panels,
        1,
        figsize=(WIDTH, panels * height),
        dpi=150,
        facecolor="white",
        layout="constrained",
        squeeze=False,
        **options,
    )
    for ax in axes[:, 0]:
        ax.spines[["top", "right"]].set_visible(False)
        ax.ticklabel_format(scilimits=(-3, 4), useMathText=True)
    return figure, list(axes[:, 0])


def in_powers(value: float) -> str:
    """A number to two digits as text for a figure: 3.6 x 10^-4; what is below 1e-12 is 0."""
    if abs(value) < 1e-12:
        return "0"
    digits, power = f"{value:.1e}".split("e")
    return rf"${digits} \times 10^{{{int(power)}}}$"


def legend(ax: Axes, columns: int = 3) -> Artist:
    """The legend of a panel, in a row above it where it hides nothing."""
    return ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, frameon=False, borderaxespad=0.2,
        handlelength=1.8, columnspacing=1.2, fontsize=9,
    )  # fmt: skip


def draw_trace(
    ax: Axes, times: ArrayLike, values: ArrayLike, role: str, *, label: str | None = None, **look: Any
) -> Sequence[Artist]:
    """A quantity against time in ms, in the look of its ``role`` (a key of ``LOOK``)."""
    lines = ax.plot(times, values, **{**LOOK[role], **({"label": label} if label else {}), **look})
    ax.set_xlabel("time (ms)")
    return lines


def draw_spikes(ax: Axes, times: ArrayLike) -> list[Artist]:
    """A thin dashed line through the panel at each spike time."""
    times = np.asarray(times)
    return [ax.axvline(time, color="0.35", linestyle=(0, (4, 3)), linewidth=0.8, zorder=0) for time in times]


def draw_raster(ax: Axes, trains: Sequence[ArrayLike]) -> Sequence[Artist]:
    """One row of ticks for each train of spike times in ms, the first at the bottom."""
    rows = range(1, len(trains) + 1)
    ticks: Any = ax.eventplot(trains, colors="0.15", linelengths=0.8, linewidths=0.8, lineoffsets=rows)
    ax.set(xlabel="time (ms)", ylabel="trial", yticks=[1, len(trains)])
    return list(ticks)


def draw_peak(ax: Axes, time: float, height: float, *, start: float) -> list[Artist]:
    """Mark a peak ``time`` after ``start`` (both ms) and write its position beside it."""
    (mark,) = ax.plot(start + time, height, "o", color=VERMILION, zorder=3)
    text = ax.annotate(
        f"{time:.3f} ms after the spike,\nheight {height:.4f}",
        (start + time, height), xytext=(34, 4), textcoords="offset points", va="top",
    )  # fmt: skip
    return [mark, text]


def draw_pull(
    ax: Axes, times: ArrayLike, pull: ArrayLike, level: float, role: str, *, ms_per_unit: float
) -> list[Artist]:
    """Arrows at ``level`` that start at the spikes and point where gradient descent would move them.

    ``pull`` is -dL/dt_k; an arrow is ``ms_per_unit`` times as long. ``role`` gives the colour.
    """
    colour = LOOK[role]["color"]
    artists: list[Artist] = []
    for time, arrow in zip(np.asarray(times), np.asarray(pull), strict=True):
        tip = time + ms_per_unit * arrow
        artists.append(
            ax.annotate(
                "",
                xy=(tip, level),
                xytext=(time, level),
                annotation_clip=False,
                arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2, "shrinkA": 0, "shrinkB": 0},
            )
        )
        artists += ax.plot(time, level, "o", color=colour, markersize=5)
    return artists


def draw_values(ax: Axes, times: ArrayLike, values: ArrayLike, role: str, *, label: str | None = None) -> list[Artist]:
    """Single values at spike times, as stems in the look of their role."""
    look = LOOK[role]
    stems = ax.vlines(times, 0.0, values, color=look["color"], linestyle=look["linestyle"], linewidth=1.2)
    marker = "s" if role == "euler" else "o"
    dots = ax.plot(times, values, marker, color=look["color"], markersize=5, label=label or look["label"])
    ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
    ax.set_xlabel("time of the spike (ms)")
    return [stems, *dots]


def draw_sweep(ax: Axes, peaks: ArrayLike, totals: FloatArray, role: str, *, label: str | None = None) -> list[Artist]:
    """Bars of the mean total for each peak rate in Hz, with every single trial as a dot.

    ``totals`` has shape (peaks, repetitions).
    """
    look = LOOK[role]
    where = range(len(totals))
    bars = ax.bar(
        where, totals.mean(axis=1), color=look["color"], alpha=0.45, edgecolor=look["color"],
        hatch="//" if role == "euler" else None, label=label or look["label"],
    )  # fmt: skip
    dots = [ax.plot([i] * len(row), row, ".", color="0.2", markersize=3)[0] for i, row in enumerate(totals)]
    ax.axhline(0.0, color="0.5", linewidth=0.8)
    ax.set_xticks(where, [f"{peak:g}" for peak in np.asarray(peaks)])
    ax.set(xlabel="peak rate (Hz)", ylabel=r"$\sum_k (\lambda_V - \lambda_I)(t_k)$")
    return [*bars, *dots]


def draw_histogram(
    ax: Axes, counts: ArrayLike, edges: ArrayLike, role: str, *, label: str | None = None, fill: bool = False
) -> list[Artist]:
    """A histogram from its counts and bin edges, as an outline or a grey area."""
    look: dict[str, Any] = {"color": "0.8", "fill": True} if fill else {**LOOK[role], "linewidth": 1.6}
    steps = ax.stairs(counts, edges, **{**look, "label": label or LOOK[role]["label"]})
    ax.axvline(0.0, color="0.5", linewidth=0.8)
    ax.set(xlabel=r"$\lambda_V - \lambda_I$ at a spike", ylabel="spikes")
    return [steps]


def draw_against_step(
    ax: Axes, dt: ArrayLike, values: ArrayLike, role: str, *, label: str, marker: str = "o", log: str = "both"
) -> Sequence[Artist]:
    """Values against the time step in ms, on logarithmic axes ("both") or a linear one for the values ("x")."""
    look = LOOK[role]
    draw = ax.loglog if log == "both" else ax.semilogx
    lines = draw(dt, values, marker=marker, color=look["color"], linestyle=look["linestyle"], label=label)
    ax.set_xlabel("time step (ms)")
    return lines
