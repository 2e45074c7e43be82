"""What `make bench` measured, as tables and figures. Imported by name, like ``lifcore.figures``.

Times are processor times, which other work on the machine stretches least; where two workers share the work, times on
the wall.
"""

import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from lifcore import figures

STEPS = 1400
# Targets of the first table: the original's time over ours, of 50 trials, and of 10 000 on one core and by two workers.
TARGETS = {"euler": (250, 350, 500), "exact": (160, 200, 330)}
COLUMNS = ("50", "10000", "10000 two workers")


def read(path: str | Path) -> dict[str, Any]:
    """What was measured: seconds of every round of everything, and on what machine."""
    return json.loads(Path(path).read_text("utf8"))


def per_step(row: dict[str, Any], trials: int | None = None, clock: str = "seconds") -> np.ndarray:
    """Time of a step of a trial in ns, in each round."""
    return np.array(row[clock]) / (row["trials"] if trials is None else trials) / STEPS * 1e9


def machine(measured: dict[str, Any]) -> str:
    """What it was measured on."""
    of = measured["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in of["versions"].items())
    vectors = of["vector instructions that NumPy found"]
    lines = [f"{of['cpu']}, {of['cores']} cores", vectors[-1], *textwrap.wrap(f"Python {of['python']}, {versions}", 46)]
    return "\n".join(lines)


def ratios(measured: dict[str, Any]) -> dict[tuple[str, str], np.ndarray]:
    """The original's time over lifcore's, in each round, by scheme and column."""
    rows = {row["name"]: row for row in measured["sweeps"]["rows"]}
    result = {}
    for scheme in TARGETS:
        for column in COLUMNS:
            clock = "wall" if "workers" in column else "seconds"
            original, ours = rows["original"], rows[f"{scheme} {column}"]
            result[scheme, column] = per_step(original, clock=clock) / per_step(ours, clock=clock)
    return result


def ratio_table(measured: dict[str, Any]) -> str:
    """Median ratios, the quartiles of the rounds, and the targets."""
    rows: list[tuple[str, ...]] = [("trials", "50", "10 000", "10 000"), ("cores", "1", "1", "2")]
    for scheme, targets in TARGETS.items():
        cells = [np.percentile(ratios(measured)[scheme, column], [50, 25, 75]) for column in COLUMNS]
        rows.append((scheme, *(f"{mid:.0f}" for mid, _, _ in cells)))
        rows.append(("  quartiles", *(f"{low:.0f}-{high:.0f}" for _, low, high in cells)))
        rows.append(("  target", *map(str, targets)))
    return "\n".join(f"{name:11}" + "".join(f"{cell:>11}" for cell in cells) for name, *cells in rows)


def ratio_figure(measured: dict[str, Any]) -> Figure:
    """How many times faster than the original's loops, with the quartiles of the rounds; dashes, the targets."""
    figure, (ax,) = figures.canvas()
    for offset, scheme, color in ((-0.2, "euler", figures.VERMILION), (0.2, "exact", figures.BLUE)):
        place = np.arange(len(COLUMNS)) + offset
        low, mid, high = np.array([np.percentile(ratios(measured)[scheme, c], [25, 50, 75]) for c in COLUMNS]).T
        ax.bar(
            place, mid, 0.36, yerr=[mid - low, high - mid], color=color, capsize=3, label=figures.LOOK[scheme]["label"]
        )
        for x, target in zip(place, TARGETS[scheme], strict=True):
            ax.plot([x - 0.18, x + 0.18], [target, target], "--", color=figures.BLACK, linewidth=1.2)
    ax.set_xticks(range(len(COLUMNS)), ["50 trials", "10 000,\none core", "10 000,\ntwo workers"])
    ax.set(ylabel="times as fast as the loops of 2022")
    figures.legend(ax, 2)
    return figure


def scaling_figure(measured: dict[str, Any]) -> Figure:
    """Time, and peak memory above the import, against the number of trials."""
    trials, seconds, memory = np.array([list(row.values()) for row in measured["scaling"]]).T
    figure, (time, space) = figures.canvas(2, height=2.1, sharex=True)
    time.loglog(trials, seconds, "o-", color=figures.BLUE, label="exact adjoint, one core")
    time.loglog(trials, seconds[-1] * trials / trials[-1], ":", color=figures.BLACK, label="in proportion")
    space.loglog(trials, np.maximum(memory, 0.1), "s-", color=figures.GREEN, label="peak above the import")
    space.loglog(trials, 16 * trials / 2**20 + 0.01, ":", color=figures.BLACK, label="what is returned")
    space.set(xlabel="trials (number)", ylabel="memory (MB)", ylim=(0.1, 1000))
    time.set(ylabel="time (s)")
    for ax in (time, space):
        figures.legend(ax)
    return figure


def scaling_table(measured: dict[str, Any]) -> str:
    lines = ["  trials  seconds  ns a step  MB above the import"]
    for row in measured["scaling"]:
        ns = row["seconds"] / row["trials"] / STEPS * 1e9
        lines.append(f"{row['trials']:8} {row['seconds']:8.2f} {ns:10.0f} {row['megabytes']:9.0f}")
    return "\n".join(lines)


def floor_table(measured: dict[str, Any]) -> str:
    """Where the time of a step goes, in ns."""
    lines = ["       drawing exponen- products,  in all drives", "                  tials gathering         a step"]
    for scheme, of in measured["floor"].items():
        rest = of["adjoint"] - of["exponentials"]
        whole = of["drawing"] + of["adjoint"]
        lines.append(
            f"{scheme:6} {of['drawing']:7.1f} {of['exponentials']:8.1f} {rest:9.1f} {whole:7.1f}"
            f" {of['values of the drive in a step']:6.2f}"
        )
    return "\n".join(lines)


def others_table(measured: dict[str, Any]) -> str:
    """Others on the same spikes: time of a step of a trial, what the first call takes more, and how far apart."""
    of = measured["others"]
    lines = [f"{'ns a step':>38}   quartiles   first call   apart"]
    last = None
    for row in of["rows"]:
        if row["what"] != last:
            last = row["what"]
            lines.append(last)
        low, mid, high = np.percentile(per_step(row, of["trials"]), [25, 50, 75])
        lines.append(
            f"  {row['name']:28}{mid:8.1f}   {f'{low:.0f} to {high:.0f}':10} {row['first']:9.1f} s   {row['apart']:.0e}"
        )
    lines += [f"  {name}: left out, {why}" for name, why in of["missing"].items()]
    return "\n".join(lines)


LOOKS = {
    "lifcore, blocks": (figures.BLUE, "*"),
    "lifcore, step by step": (figures.GREEN, "o"),
    "solve_ivp": (figures.VERMILION, "s"),
    "diffrax": (figures.PURPLE, "^"),
}


def work_precision(measured: dict[str, Any]) -> Figure:
    """Error in units of the largest signal against the time of a trial: one trial, and a batch."""
    rows = measured["accuracy"]["rows"]
    sizes = sorted({row["trials"] for row in rows})
    figure, panels = figures.canvas(len(sizes), height=2.4, sharex=True)
    for ax, size in zip(panels, sizes, strict=True):
        for name, (color, marker) in LOOKS.items():
            of = [row for row in rows if row["trials"] == size and row["name"] == name]
            if of:
                time = [1e3 * np.median(row["seconds"]) / size for row in of]
                ax.loglog(time, [row["error"] for row in of], marker + "-", color=color, label=name)
        ax.set(ylabel=f"error of the signal,\n{'one trial' if size == 1 else f'{size} trials at once'}")
        ax.xaxis.set_minor_formatter(NullFormatter())
        figures.legend(ax, 2)
    panels[-1].set(xlabel="time of a trial (ms)")
    return figure


def accuracy_table(measured: dict[str, Any]) -> str:
    """Times at the accuracies that the solvers reach, and how many times as long as lifcore's (ratio)."""
    rows = measured["accuracy"]["rows"]
    lines = [f"{'tolerance':>24} {'error':>5} {'ms':>8}  ratio"]
    for size in sorted({row["trials"] for row in rows}):
        of = [row for row in rows if row["trials"] == size and row["name"] != "lifcore, step by step"]
        lines.append("one trial" if size == 1 else f"{size} trials, for each")
        ours = np.median(next(row["seconds"] for row in of if row["name"] == "lifcore, blocks"))
        for row in of:
            seconds = np.median(row["seconds"])
            how = "" if row["how"] is None else f"{row['how']:.0e}"
            lines.append(
                f"  {row['name']:15} {how:>6} {row['error']:.0e} {1e3 * seconds / size:8.3f} {seconds / ours:6.0f}"
            )
    return "\n".join(lines)
