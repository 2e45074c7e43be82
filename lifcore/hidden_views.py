"""The pictures of the pages on the hidden layer; see ``lifcore.views``."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lifcore import experiment, figures, scenes, training
from lifcore._checks import FloatArray
from lifcore.hidden import hidden_lambdas
from lifcore.neuron import LIF
from lifcore.scan import critical_weight
from lifcore.tasks import Samples


def journey(weight: float = 8.0, second: float = 60.0, name: str = "exponential") -> Figure:
    """V of the hidden neuron, what the output tells its spikes, and the lambdas of the hidden neuron."""
    this = scenes.chain(weight, second, name)
    spikes, inputs = this.hidden.times, [20.0, second]
    # A step has two sides.
    t = np.sort(np.concatenate([np.linspace(0.0, 120.0, 1201), spikes, np.nextafter(spikes, np.inf)]))
    figure, (voltage, told, lambdas) = figures.canvas(3, height=1.8, sharex=True)
    t_V = np.sort(np.concatenate([t, np.nextafter(spikes, -np.inf)]))
    figures.draw_trace(voltage, t_V, this.hidden.voltage_at(t_V)[:, 0], "V")
    voltage.axhline(this.hidden.theta, color="0.5", linewidth=0.8)
    voltage.set(ylabel="hidden $V$", xlabel="")
    figures.draw_trace(told, t, 1e4 * scenes.transport_at(this, scenes.chain_losses()[name], t), "transport")
    if len(spikes):
        told.plot(spikes, 1e4 * this.of_times, "o", color=figures.BLUE, zorder=3)
    told.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
    told.set(ylabel="output\n" r"$\lambda_V - \lambda_I$  ($10^{-4}$)", xlabel="")
    lambda_V, lambda_I = hidden_lambdas(this.hidden, this.gradient, t)
    figures.draw_trace(lambdas, t, 1e4 * lambda_V[:, 0], "lambda_V")
    figures.draw_trace(lambdas, t, 1e4 * lambda_I[:, 0], "lambda_I")
    _, at_inputs = hidden_lambdas(this.hidden, this.gradient, inputs)
    lambdas.plot(inputs, 1e4 * at_inputs[:, 0], "s", color=figures.PURPLE, zorder=3)
    lambdas.set(ylabel="hidden $\\lambda$  ($10^{-4}$)", xlim=(0.0, 120.0))
    figures.legend(lambdas)
    for ax in (voltage, told, lambdas):
        figures.draw_spikes(ax, spikes)
        for spike in inputs:
            ax.axvline(spike, color=figures.ORANGE, linestyle=":", linewidth=1.2, zorder=0)
    return figure


def along_weight(name: str = "exponential", highest: float = 12.0, second: float = 60.0) -> Figure:
    """The loss against the input weight with tangents by the backward pass, and the number of hidden spikes."""
    scan = scenes.scan_of(np.linspace(0.0, highest, 601), name, second)
    figure, (value, count) = figures.canvas(2, height=2.3, sharex=True)
    pieces = np.split(np.arange(len(scan.value)), np.flatnonzero(np.diff(scan.spikes)) + 1)
    for piece in pieces:
        label = "loss" if piece[0] == 0 else None
        value.plot(scan.value[piece], scan.loss[piece], color=figures.BLUE, linewidth=3.5, alpha=0.5, label=label)
    half = highest / 30
    for k in range(20, len(scan.value), 40):
        x = scan.value[k] + np.array([-half, half])
        y = scan.loss[k] + scan.gradient[k] * (x - scan.value[k])
        value.plot(x, y, color=figures.VERMILION, linewidth=1.3, label="backward pass" if k == 20 else None)
        value.plot(scan.value[k], scan.loss[k], "o", color=figures.VERMILION, markersize=3.5)
    count.step(scan.value, scan.spikes, where="mid", color=figures.BLACK)
    value.set(ylabel="loss")
    count.set(xlabel="input weight (thresholds)", ylabel="hidden spikes", ylim=(-0.5, scan.spikes.max() + 0.5))
    figures.legend(value, 2)
    return figure


def edge(distances: Iterable[float] = tuple(np.geomspace(1e-8, 1.0, 17))) -> Figure:
    """Size of dL/dw against the distance to the weight at which the spike appears, for two losses."""
    critical, distances = critical_weight(LIF()), np.asarray(distances)
    figure, (ax,) = figures.canvas()
    for name, color, marker in (
        ("exponential", figures.BLUE, "o"),
        ("mean cross-entropy", figures.VERMILION, "s"),
    ):
        size = np.abs(scenes.scan_of(critical + distances, name, second=None).gradient)
        ax.loglog(distances, size, marker, color=color, markersize=4, label=name)
        ax.loglog(distances, size[0] * np.sqrt(distances[0] / distances), ":", color=figures.BLACK, linewidth=1.0)
    ax.set(xlabel="$w - w^*$ (thresholds)", ylabel="$|dL/dw|$")
    figures.legend(ax, 2)
    return figure


RATES = {"mean cross-entropy": 3e4, "exponential": 300.0}  # first steps of a similar length


class Descent(NamedTuple):
    """Loss, and the times of the hidden spikes, before each step of plain gradient descent."""

    loss: FloatArray
    spikes: list[FloatArray]
    weight: FloatArray  # shape (steps, inputs)


def descend(name: str, steps: int = 45, duration: float = scenes.CHAIN_DURATION) -> Descent:
    """One hidden neuron that its output wants to spike, two inputs at 30 and 60 ms, weights 7: follow the gradient."""
    samples = Samples(np.array([30.0, 60.0]), np.array([0, 1]), np.zeros(2, dtype=np.intp), np.zeros(1, dtype=np.intp))
    start, loss = training.Weights(np.full((2, 1), 7.0), scenes.ONE_OUTPUT), scenes.chain_losses()[name]
    path = training.train(
        samples, duration, LIF(), start, lambda labels: loss, optimiser="descent", rate=RATES[name],
        epochs=steps - 1, batch=1, frozen_output=True, rng=np.random.default_rng(0),
    )  # fmt: skip
    weights = [start, *path]
    passes = [training.run(samples, duration, LIF(), each) for each in weights]
    return Descent(
        np.array([float(np.squeeze(loss.value(output))) for _, output in passes]),
        [hidden.times for hidden, _ in passes],
        np.array([each.hidden[:, 0] for each in weights]),
    )


def lost_spike(steps: int = 45) -> Figure:
    """Gradient descent on two losses from the same start: where the two hidden spikes go, and the loss."""
    figure, (where, value) = figures.canvas(2, height=2.3, sharex=True)
    for name, color, marker in (("mean cross-entropy", figures.VERMILION, "s"), ("exponential", figures.BLUE, "o")):
        path = descend(name, steps)
        step = np.repeat(np.arange(steps), [len(times) for times in path.spikes])
        where.plot(step, np.concatenate(path.spikes), marker, color=color, markersize=3, label=name)
        change = path.loss - path.loss[0]
        value.plot(np.arange(steps), change, color=color, marker=marker, markersize=3)
    value.set_yscale("symlog", linthresh=1e-7)
    value.set_yticks([-1e-2, -1e-4, -1e-6, 0.0, 1e-6, 1e-4, 1e-2])
    value.axhline(0.0, color="0.5", linewidth=0.8)
    where.set(ylabel="hidden spikes (ms)")
    value.set(xlabel="gradient step (count)", ylabel="change of the loss")
    figures.legend(where, 2)
    return figure


LOSS_LOOKS = {
    "mean": (figures.VERMILION, "--", "s", "mean cross-entropy"),
    "integral": (figures.GREEN, "-.", "^", "integral"),
    "exponential": (figures.BLUE, "-", "o", "exponential"),
}


def scores(records: dict[str, list[dict[str, Any]]], optimiser: str = "adam", frozen: bool = True) -> Figure:
    """Held-out accuracy after training against the length of the trial, for each loss; one panel a task."""
    figure, axes = figures.canvas(len(records), height=2.3)
    for ax, (task, runs) in zip(axes, records.items(), strict=True):
        setting = experiment.SETTINGS[task]
        ax.axhline(1 / setting.sizes[2], color="0.5", linewidth=0.8, linestyle=":", zorder=0)
        for shift, (loss, (color, line, marker, label)) in zip((-1, 0, 1), LOSS_LOOKS.items(), strict=True):
            cells = (experiment.Cell(task, loss, duration, optimiser, frozen) for duration in setting.durations)
            mean, half = np.transpose([experiment.interval(experiment.scores(runs, cell)) for cell in cells])
            where = np.array(setting.durations) * (1 + 0.01 * shift)
            half = np.minimum([half, half], [mean, 1 - mean])  # an accuracy is between 0 and 1
            ax.errorbar(where, mean, half, color=color, linestyle=line, marker=marker, capsize=3, label=label)
        ax.set(ylabel=f"accuracy, {task}", ylim=(0.0, 1.15), xlabel="length of the trial (ms)")
        ax.set_xscale("log")
        ax.set_xticks(setting.durations, [f"{duration:g}" for duration in setting.durations])
        ax.minorticks_off()
    figures.legend(axes[0], 2)
    return figure


def over_epochs(
    records: list[dict[str, Any]], task: str, duration: float, optimiser: str = "adam", frozen: bool = True
) -> Figure:
    """Accuracy, hidden activity, silent neurons and transported signal over the epochs: mean and 95 % interval."""
    panels = {
        "accuracy": "accuracy",
        "spikes": "hidden spikes\nper trial",
        "silent": "fraction silent",
        "signal": r"mean $\lambda_V - \lambda_I$",
        "strength": "mean $|dL/dt|$",
    }
    figure, axes = figures.canvas(len(panels), height=1.45, sharex=True)
    for loss, (color, line, _, label) in LOSS_LOOKS.items():
        cell = experiment.Cell(task, loss, duration, optimiser, frozen)
        for ax, (name, title) in zip(axes, panels.items(), strict=True):
            mean, half = experiment.interval(experiment.over_epochs(records, cell, name))
            epochs = np.arange(len(mean))
            ax.plot(epochs, mean, color=color, linestyle=line, label=label)
            ax.fill_between(epochs, mean - half, mean + half, color=color, alpha=0.15, linewidth=0)
            ax.set(ylabel=title)
    axes[0].set(ylim=(0.0, 1.05))
    axes[3].axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
    axes[-1].set_yscale("log")
    axes[-1].set(xlabel="epoch (count)")
    figures.legend(axes[0], 2)
    figure.align_ylabels()
    return figure


def direction(records: list[dict[str, Any]], task: str = "yin-yang") -> Figure:
    """Before training: size of what a hidden spike is told, and its mean, against the length of the trial."""
    durations = experiment.SETTINGS[task].durations
    figure, (ax,) = figures.canvas(height=3.0)
    for loss, (color, line, marker, label) in LOSS_LOOKS.items():
        cells = [experiment.Cell(task, loss, duration, "adam", True) for duration in durations]
        size, mean = (
            [abs(experiment.over_epochs(records, cell, name)[:, 0].mean()) for cell in cells]
            for name in ("strength", "signal")
        )
        ax.plot(durations, size, color=color, linestyle=line, marker=marker, label=label)
        ax.plot(durations, mean, color=color, linestyle=line, marker=marker, markerfacecolor="white", linewidth=0.8)
    ax.set_yscale("log")
    ax.set_xticks(durations, [f"{duration:g}" for duration in durations])
    ax.set(xlabel="length of the trial (ms)", ylabel="told to a spike, before training")
    figures.legend(ax, 2)
    return figure
