"""The pictures of the pages: each runs lifcore and hands the arrays to ``lifcore.figures``.

A page shows a view with its default values; ``lifcore.controls`` puts sliders on the same view.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from lifcore import figures, original, precision, scenes
from lifcore.adjoint import backward
from lifcore.bias import leading_bias
from lifcore.gradients import noether_charge, shift_gradient
from lifcore.linear import linear_bias, linear_transport
from lifcore.losses import (
    CrossEntropyOverTime,
    Loss,
    VoltageIntegral,
    cross_entropy,
)
from lifcore.neuron import LIF
from lifcore.spikes import gaussian_rate, poisson_spikes, spike_train
from lifcore.sweeps import RateSweep, rate_sweep
from lifcore.trial import corrected_weight, event_trial, forward
from lifcore.weighting import Exponential


def verdict() -> Figure:
    """The finding in one picture: where each scheme would move the original's two spikes."""
    figure, (voltage, arrows) = figures.canvas(2, height=1.9, sharex=True)
    trial = scenes.pair_trial()
    figures.draw_trace(voltage, trial.times, trial.V, "V")
    voltage.set(ylabel="output $V$", xlabel="")
    for ax in (voltage, arrows):
        figures.draw_spikes(ax, scenes.PAIR)
    for level, (scheme, name) in enumerate((("exact", "exact"), ("euler", "Euler\n1 ms"))):
        transport = backward(trial, CrossEntropyOverTime(20), scheme).transport[[100, 150]]
        figures.draw_pull(arrows, scenes.PAIR, -transport, level, scheme, ms_per_unit=8e4)
        arrows.text(175, level, rf"sum {figures.in_powers(transport.sum())}", va="center")
        arrows.text(22, level, name, va="center", ha="left", color=figures.LOOK[scheme]["color"])
    arrows.set(xlim=(20, 260), ylim=(-0.6, 1.6), yticks=[], xlabel="time (ms)", ylabel="descent moves\nthe spikes")
    return figure


def epsp(tau_m: float = 20.0, tau_s: float = 5.0, weight: float = 10.0, spike: float = 100.0) -> Figure:
    """Current and voltage after one spike, with the closed-form peak; and the original's order of operations."""
    neuron, dt = LIF(tau_m, tau_s), 0.5
    trial = forward(spike_train([spike], 600, dt), dt, neuron, weight)
    decayed = forward(spike_train([spike], 600, dt), dt, neuron, weight * neuron.psc(1.0))
    figure, (current, voltage) = figures.canvas(2, height=1.9, sharex=True)
    figures.draw_trace(current, trial.times, trial.I, "I")
    current.set(ylabel="current $I$", xlabel="")
    figures.draw_trace(voltage, trial.times, trial.V, "V", label="as recorded here")
    figures.draw_trace(voltage, trial.times, decayed.V, "original", label="decayed first")
    figures.draw_peak(voltage, neuron.peak_time, weight * neuron.peak_height, start=spike)
    voltage.set(ylabel="voltage $V$", xlim=(75, 300))
    figures.legend(voltage, 2)
    return figure


def epsp_family(tau_m: float = 20.0, synapses: Sequence[float] = (1.0, 5.0, 20.0, 80.0)) -> Figure:
    """Unit PSPs divided by tau_s, for synapses faster than, equal to and slower than the membrane."""
    figure, (ax,) = figures.canvas()
    t = np.linspace(-10, 200, 841)
    looks = zip(
        synapses, ("-", "--", "-.", ":"), (figures.BLUE, figures.VERMILION, figures.GREEN, figures.PURPLE), strict=True
    )
    for tau_s, line, colour in looks:
        neuron = LIF(tau_m, tau_s)
        figures.draw_trace(
            ax, t, neuron.psp(t) / tau_s, "V", label=rf"$\tau_s$ = {tau_s:g} ms", linestyle=line, color=colour
        )
    ax.set(xlabel="time after the spike (ms)", ylabel=r"PSP / $\tau_s$  (1/ms)")
    figures.legend(ax, 2)
    return figure


def explicit_spikes(first: float = 100.0, second: float = 150.0, weight: float = 1.0) -> Figure:
    """Current and voltage for two specified spikes."""
    trial = forward(spike_train([first, second], scenes.STEPS, 1.0), 1.0, LIF(), weight)
    figure, (current, voltage) = figures.canvas(2, height=1.7, sharex=True)
    for ax, values, role in ((current, trial.I, "I"), (voltage, trial.V, "V")):
        figures.draw_spikes(ax, [first, second])
        figures.draw_trace(ax, trial.times, values, role)
    current.set(ylabel="current $I$", xlabel="")
    voltage.set(ylabel="voltage $V$", xlim=(50, 350))
    return figure


def poisson(peak: float = 100.0, seed: int = 1, trials: int = 8, corrected: bool = True) -> Figure:
    """A Gaussian rate, trains drawn from it, and the voltage of the first of them."""
    neuron = LIF()
    rate = gaussian_rate(peak, scenes.STEPS, 1.0)
    spikes = poisson_spikes(rate, 1.0, trials, rng=np.random.default_rng(seed))
    trial = forward(spikes[:, 0], 1.0, neuron, corrected_weight(1.0, neuron) if corrected else 1.0)
    figure, (above, raster, below) = figures.canvas(3, height=1.5, sharex=True)
    figures.draw_trace(above, trial.times, rate, "rate")
    figures.draw_raster(raster, [np.flatnonzero(train) for train in spikes.T])
    figures.draw_trace(below, trial.times, trial.V, "V")
    above.set(ylabel="rate (Hz)", xlabel="")
    raster.set(xlabel="")
    below.set(ylabel="$V$ of trial 1", xlim=(0, 1000))
    return figure


def time_step(dt: float = 0.01, corrected: bool = True) -> Figure:
    """The original's three comparisons of 1 ms with a finer step: V, I and the difference of V."""
    coarse, fine = scenes.pair_trial(dt=1.0, corrected=corrected), scenes.pair_trial(dt=dt, corrected=corrected)
    every = round(1.0 / dt)
    figure, (voltage, current, difference) = figures.canvas(3, height=1.7, sharex=True)
    for ax, name in ((voltage, "V"), (current, "I")):
        figures.draw_trace(ax, coarse.times, getattr(coarse, name), "original", label="dt = 1 ms")
        figures.draw_trace(ax, fine.times, getattr(fine, name), "exact", label=f"dt = {dt:g} ms")
        ax.set(ylabel=f"${name}$", xlabel="")
    figures.legend(voltage, 2)
    figures.draw_trace(difference, coarse.times, coarse.V - fine.V[::every], "transport")
    difference.set(ylabel="difference of $V$", xlim=(80, 300))
    return figure


def step_errors(steps: Sequence[float] = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)) -> Figure:
    """Largest distance of V from the sum of PSPs against the step, with and without the correction."""
    figure, (ax,) = figures.canvas()
    for corrected, role, marker in ((True, "original", "s"), (False, "exact", "o")):
        errors = [scenes.largest_error(dt, corrected) for dt in steps]
        label = "weight corrected" if corrected else "weight 1"
        figures.draw_against_step(ax, steps, errors, role, label=label, marker=marker)
    ax.set(ylabel="largest error of $V$", ylim=(1e-17, 1))
    figures.legend(ax, 2)
    return figure


def adjoint(
    first: float = 100.0, second: float = 150.0, scheme: str = "euler", duration: float = scenes.STEPS
) -> Figure:
    """The original's adjoint figure: lambda_V, lambda_I and their difference, and a close view of the spikes."""
    times = (first, second)
    trial = scenes.pair_trial(times, duration=duration)
    result = backward(trial, CrossEntropyOverTime(20), scheme)
    figure, (whole, close) = figures.canvas(2, height=2.3)
    for name in ("lambda_V", "lambda_I", "transport"):
        figures.draw_trace(whole, result.times, getattr(result, name), name)
    figures.legend(whole)
    whole.set(ylabel="adjoint", ylim=(-0.05, 1.02))
    figures.draw_trace(close, result.times, result.transport, "transport")
    at = [round(time) for time in times]
    close.plot(times, result.transport[at], "o", color=figures.LOOK[scheme]["color"], zorder=3)
    close.axhline(0.0, color="0.5", linewidth=0.8)
    near = (result.times >= min(times) - 60) & (result.times <= max(times) + 60)
    margin = 1.1 * np.abs(result.transport[near]).max()
    close.set(xlim=(min(times) - 60, max(times) + 60), ylim=(-margin, margin), ylabel=r"$\lambda_V - \lambda_I$")
    for ax in (whole, close):
        figures.draw_spikes(ax, times)
    return figure


def euler_and_exact(distance: float = 50.0, dt: float = 1.0) -> Figure:
    """lambda_V - lambda_I of two spikes by the original's Euler and exactly, at the spikes as dots."""
    times = (100.0, 100.0 + distance)
    trial = scenes.pair_trial(times, dt=dt, corrected=False)
    figure, (ax,) = figures.canvas()
    at = [round(time / dt) for time in times]
    for scheme, label in (("euler", f"Euler, dt = {dt:g} ms"), ("exact", "exact")):
        transport = 1e4 * backward(trial, CrossEntropyOverTime(20), scheme).transport
        figures.draw_trace(ax, trial.times, transport, scheme, label=label)
        ax.plot(times, transport[at], "s" if scheme == "euler" else "o", color=figures.LOOK[scheme]["color"])
    figures.draw_spikes(ax, times)
    ax.axhline(0.0, color="0.5", linewidth=0.8)
    # The bump at the end of the trial, outside this window, must not set the scale.
    window = trial.times < 220 + distance
    largest = 1e4 * np.abs(backward(trial, CrossEntropyOverTime(20), "euler").transport[window]).max()
    ax.set(
        xlim=(20, 220 + distance), ylim=(-1.2 * largest, 1.2 * largest), ylabel=r"$\lambda_V - \lambda_I$  ($10^{-4}$)"
    )
    figures.legend(ax, 2)
    return figure


def repulsion(farthest: int = 150) -> Figure:
    """lambda_V - lambda_I at the second of two spikes against their distance, Euler and exact."""
    distance = np.arange(1, farthest + 1)
    spikes = np.stack([spike_train([100, 100 + int(d)], scenes.STEPS, 1.0) for d in distance], axis=1)
    trial = forward(spikes, 1.0, LIF())
    figure, (ax,) = figures.canvas()
    for scheme in ("euler", "exact"):
        transport = backward(trial, CrossEntropyOverTime(20), scheme).transport
        second = transport[100 + distance, np.arange(farthest)]
        figures.draw_trace(ax, distance, 1e4 * second, scheme)
    linear = [linear_transport([0.0, float(d)], LIF(), 1.0, scenes.KAPPA)[1] for d in distance]
    figures.draw_trace(ax, distance, 1e4 * np.array(linear), "closed form", label="PSP")
    ax.axhline(0.0, color="0.5", linewidth=0.8)
    ax.set(xlabel="distance of the two spikes (ms)", ylabel=r"$\lambda_V - \lambda_I$  ($10^{-4}$)")
    figures.legend(ax)
    return figure


def sweep_bars(sweep: RateSweep, peaks: Sequence[float], role: str = "euler") -> Figure:
    """The original's bar chart: mean total against peak rate, its printed means beside ours."""
    figure, (ax,) = figures.canvas()
    figures.draw_sweep(ax, peaks, sweep.totals, role, label="ours")
    means = [totals.mean() for totals in original.printed_totals()]
    ax.plot(range(len(means)), means, "D", color=figures.BLACK, markerfacecolor="white", label="2022, printed")
    figures.legend(ax, 2)
    return figure


def sweep_sizes(sweeps: dict[str, RateSweep], peaks: Sequence[float]) -> Figure:
    """Size of the total of every single trial, on a logarithmic axis, for each scheme."""
    figure, (ax,) = figures.canvas()
    for (scheme, sweep), shift in zip(sweeps.items(), (-0.15, 0.15), strict=True):
        look = figures.LOOK[scheme]
        where = np.repeat(np.arange(len(peaks)) + shift, sweep.totals.shape[1])
        sizes = np.maximum(np.abs(sweep.totals).ravel(), 1e-17)
        marker = "s" if scheme == "euler" else "o"
        ax.semilogy(
            where, sizes, marker, color=look["color"], markersize=4, markerfacecolor="none", label=look["label"]
        )
    ax.set_xticks(range(len(peaks)), [f"{peak:g}" for peak in peaks])
    ax.set(xlabel="peak rate (Hz)", ylabel=r"$|\sum_k (\lambda_V - \lambda_I)(t_k)|$", ylim=(1e-18, 1))
    figures.legend(ax, 2)
    return figure


def sweep_histogram(sweeps: dict[str, RateSweep]) -> Figure:
    """The original's histogram of single values, with ours in the same bins, scaled to its number of spikes."""
    recorded = original.printed()["sweep"]
    edges, counts = recorded["histogram_edges"], np.array(recorded["histogram_counts"])
    figure, (ax,) = figures.canvas()
    figures.draw_histogram(ax, counts, edges, "original", label="2022, printed", fill=True)
    for scheme, sweep in sweeps.items():
        ours = np.histogram(sweep.values, edges)[0] * counts.sum() / len(sweep.values)
        figures.draw_histogram(ax, ours, edges, scheme)
    figures.legend(ax)
    return figure


def sweep(scheme: str = "euler", repetitions: int = 10, seed: int = 1) -> Figure:
    """Run the sweep anew and draw its bar chart."""
    peaks = original.printed()["sweep"]["r_max_hz"]
    weight = corrected_weight(1.0, LIF()) if scheme == "euler" else 1.0
    return sweep_bars(rate_sweep(peaks, repetitions, scheme=scheme, weight=weight, seed=seed), peaks, scheme)


def integral_loss(duration: float = scenes.STEPS) -> Figure:
    """lambda_V, lambda_I and their difference under a constant drive of 1, by the original's Euler."""
    result = backward(scenes.pair_trial(scenes.PAIR, duration=duration), VoltageIntegral(), "euler")
    figure, (ax,) = figures.canvas()
    for name in ("lambda_V", "lambda_I", "transport"):
        figures.draw_trace(ax, result.times, getattr(result, name), name)
    ax.set(ylabel="adjoint")
    figures.legend(ax)
    return figure


def mirrored_psp(duration: float = scenes.STEPS, tau_m: float = 20.0, tau_s: float = 5.0) -> Figure:
    """The end of the trial: lambda_V - lambda_I by Euler and exactly, and the PSP hung backward from the end."""
    neuron = LIF(tau_m, tau_s)
    trial = forward(spike_train([], round(duration), 1.0), 1.0, neuron)
    figure, (ax,) = figures.canvas()
    for scheme in ("euler", "exact"):
        figures.draw_trace(ax, trial.times, backward(trial, VoltageIntegral(), scheme).transport, scheme)
    t = np.linspace(duration - 150, duration, 601)
    figures.draw_trace(ax, t, neuron.psp(duration - t), "closed form", label="PSP, mirrored", linewidth=2.5)
    ax.set(xlim=(duration - 150, duration + 5), ylabel=r"$\lambda_V - \lambda_I$")
    figures.legend(ax)
    return figure


def approach(steps: Sequence[float] = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)) -> Figure:
    """lambda_V - lambda_I at the original's two spikes by Euler with smaller and smaller steps, and exactly."""
    figure, (ax,) = figures.canvas()
    by_step = 1e4 * np.array([precision.transport_by_step("Euler", dt) for dt in steps])
    exact = 1e4 * precision.transport_by_events()
    for k, (name, marker) in enumerate((("first", "s"), ("second", "^"))):
        line = ax.axhline(exact[k], **figures.LOOK["exact"])
        line.set_label("_" if k else "exact")
        figures.draw_against_step(ax, steps, by_step[:, k], "euler", label=f"Euler, {name}", marker=marker, log="x")
    ax.axhline(0.0, color="0.5", linewidth=0.8)
    ax.invert_xaxis()
    ax.set(ylabel=r"$\lambda_V - \lambda_I$  ($10^{-4}$)")
    figures.legend(ax)
    return figure


def convergence(steps: Sequence[float] = (5.0, 2.5, 2.0, 1.0, 0.5, 0.25, 0.1, 0.05)) -> Figure:
    """Error of lambda_V - lambda_I at the two spikes against the step, for every scheme."""
    figure, (ax,) = figures.canvas(height=4.0)
    for name in precision.SCHEMES:
        look = SCHEME_LOOKS[name]
        ax.loglog(steps, np.maximum(precision.errors_by_step(name, steps), 1e-17), markersize=4, **look, label=name)
    ax.set(xlabel="time step (ms)", ylabel=r"error of $\lambda_V - \lambda_I$", ylim=(1e-17, 1))
    figures.legend(ax, 2)
    return figure


def cost() -> Figure:
    """Time for one trial against the error it leaves: every scheme, the event-driven trial, solve_ivp."""
    figure, (ax,) = figures.canvas(height=4.0)
    for name, (seconds, error) in precision.work_precision().items():
        ax.loglog(np.maximum(error, 1e-17), 1e3 * seconds, markersize=4, **SCHEME_LOOKS[name], label=name)
    ax.set(xlabel=r"error of $\lambda_V - \lambda_I$", ylabel="time for one trial (ms)", xlim=(1e-17, 1))
    ax.invert_xaxis()
    figures.legend(ax, 2)
    return figure


SCHEME_LOOKS = {
    name: {"color": color, "linestyle": line, "marker": marker}
    for name, color, line, marker in (
        ("Euler", figures.VERMILION, "--", "s"),
        ("hold, start", figures.ORANGE, "--", ">"),
        ("hold, end", figures.ORANGE, ":", "<"),
        ("trapezoid", figures.GREEN, "-.", "d"),
        ("Gauss, 1 node", figures.BLUE, ":", "1"),
        ("Gauss, 2 nodes", figures.BLUE, "--", "2"),
        ("Gauss, 3 nodes", figures.BLUE, "-.", "3"),
        ("Gauss, 4 nodes", figures.BLUE, "-", "o"),
        ("event-driven", figures.BLACK, "none", "*"),
        ("solve_ivp", figures.PURPLE, "-", "x"),
    )
}


def shift(losses: dict[str, Loss], times: Sequence[float] = (20.0, 28.0, 51.0), duration: float = 400.0) -> Figure:
    """The loss of a whole train moved through the trial, and its slope by the adjoint, for several losses."""
    shifts = np.arange(0.0, duration - max(times) + 1.0, 4.0)
    figure, (value, slope) = figures.canvas(2, height=2.1, sharex=True)
    looks = ((figures.BLUE, "-"), (figures.VERMILION, "--"), (figures.GREEN, "-."))
    for (name, loss), (color, line) in zip(losses.items(), looks, strict=False):
        trials = [event_trial(np.array(times) + s, duration, LIF()) for s in shifts]
        values = np.array([loss.value(trial) for trial in trials])
        slopes = [shift_gradient(trial, backward(trial, loss)) for trial in trials]
        value.plot(shifts, values - values[0], color=color, linestyle=line, label=name)
        slope.plot(shifts, slopes, color=color, linestyle=line)
        slope.plot(
            shifts[1:-1:8], np.gradient(values, shifts)[1:-1:8], "o", color=color, markersize=4, markerfacecolor="white"
        )
    value.set(ylabel="loss minus loss at 0")
    slope.set(xlabel="shift of the whole train (ms)", ylabel=r"$\sum_k dL/dt_k$")
    figures.legend(value)
    return figure


def backward_psp(dt: float = 2.0) -> Figure:
    """The PSP, and the PSPs with which Euler and hold work backward, to leading order in dt."""
    neuron, u = LIF(), np.linspace(0.0, 80.0, 401)
    first, second, _ = neuron.psp_slopes(u)
    figure, (ax,) = figures.canvas()
    figures.draw_trace(ax, u, neuron.psp(u), "exact", label="forward")
    figures.draw_trace(ax, u, neuron.psp(u) + dt / 2 * (first - u * second), "euler", label=f"Euler, {dt:g} ms")
    figures.draw_trace(ax, u, neuron.psp(u) + dt / 2 * first, "rate", label=f"hold, start, {dt:g} ms", linestyle="-.")
    figures.draw_trace(ax, u, neuron.psp(u) - dt / 2 * first, "I", label=f"hold, end, {dt:g} ms", linestyle=":")
    ax.set(xlabel="time after the spike (ms)", ylabel="PSP")
    figures.legend(ax, 2)
    return figure


def bias_check(samples: Sequence[precision.BiasSample]) -> Figure:
    """Measured bias of the total against its leading term, and their ratio against the step."""
    figure, (totals, ratio) = figures.canvas(2, height=2.7)
    looks = {1.0: ("o", figures.VERMILION), 0.5: ("s", figures.BLUE), 0.25: ("^", figures.GREEN)}
    for dt, (marker, color) in looks.items():
        here = [sample for sample in samples if sample.dt == dt]
        leading, measured = np.array([[abs(s.leading), abs(s.measured)] for s in here]).T
        totals.loglog(leading, measured, marker, color=color, markerfacecolor="none", label=f"dt = {dt:g} ms")
        ratio.plot([dt] * len(here), measured / leading, marker, color=color, markerfacecolor="none")
    ends = totals.get_xlim()
    totals.plot(ends, ends, color="0.5", linewidth=0.8, zorder=0)
    totals.set(xlabel="leading term (dimensionless)", ylabel="measured bias")
    figures.legend(totals)
    ratio.axhline(1.0, color="0.5", linewidth=0.8)
    ratio.set(xlabel="time step (ms)", ylabel="measured / leading", xlim=(0.0, 1.1))
    return figure


def bias_count(sweep: RateSweep) -> Figure:
    """Euler totals of a sweep at 1 ms against the number of spikes, and what a spike by itself contributes."""
    figure, (ax,) = figures.canvas()
    counts, totals = sweep.counts.ravel(), sweep.totals.ravel()
    ax.plot(counts, totals, "s", color=figures.VERMILION, markersize=4, markerfacecolor="none", label="Euler, 1 ms")
    weight = corrected_weight(1.0, LIF())
    one = linear_bias([0.0], 1.0, LIF(), weight, scenes.KAPPA, "euler")
    ends = np.array([0, counts.max()])
    figures.draw_trace(ax, ends, one * ends, "closed form", label="count times self-term")
    ax.set(xlabel="spikes in the train (number)", ylabel=r"$\sum_k (\lambda_V - \lambda_I)(t_k)$")
    figures.legend(ax, 2)
    return figure


def one_bias(dt: float = 1.0, weight: float = 1.0, distance: float = 20.0) -> Figure:
    """Two spikes: Euler's error at each against its leading term."""
    times = (100.0, 100.0 + distance)
    trial = forward(spike_train(times, round(scenes.STEPS / dt), dt), dt, LIF(), weight)
    loss = CrossEntropyOverTime(20)
    error = backward(trial, loss, "euler").transport - backward(trial, loss).transport
    figure, (ax,) = figures.canvas()
    figures.draw_values(ax, times, 1e4 * error[(np.array(times) / dt).round().astype(int)], "euler", label="measured")
    figures.draw_values(ax, times, 1e4 * leading_bias(trial, loss, "euler"), "exact", label="leading term")
    ax.set(xlim=(80, 120 + distance), ylabel=r"Euler's error ($10^{-4}$)")
    figures.legend(ax, 2)
    return figure


def energy(times: Sequence[float] = (100.0, 120.0, 150.0), duration: float = 400.0) -> Figure:
    """H = l(V) + lambda_V (V - I) + lambda_I I minus l(0): a staircase of the gradients, exactly and by Euler."""
    dt = 1.0
    trial = forward(spike_train(times, round(duration / dt), dt), dt, LIF())
    gain = cross_entropy(trial.V, 20) - np.log(20)
    figure, (ax,) = figures.canvas()
    for scheme in ("euler", "exact"):
        conserved = noether_charge(trial, backward(trial, CrossEntropyOverTime(20), scheme), gain)
        figures.draw_trace(ax, trial.times, 1e4 * conserved, scheme, drawstyle="steps-post")
    figures.draw_spikes(ax, times)
    ax.set(xlim=(60, 220), ylabel=r"$H - l(0)$  ($10^{-4}$)")
    figures.legend(ax)
    return figure


LOSS_LOOKS = {
    "mean cross-entropy": (figures.VERMILION, "--", "s"),
    "integral": (figures.BLUE, "-", "o"),
    "exponential": (figures.GREEN, "-", "^"),
    "linear": (figures.ORANGE, "-.", "v"),
    "sigmoid": (figures.PURPLE, "--", "d"),
    "maximum": (figures.BLACK, ":", "x"),
    "first spike": ("0.5", "-", "*"),
}


def losses(duration: float = scenes.STEPS) -> Figure:
    """What each loss tells a single spike against its time, wanted and unwanted, on a signed logarithmic axis."""
    end = round(duration)
    times = np.unique(np.concatenate([np.arange(5, end - 100, 50), np.arange(end - 100, end - 4, 5)]))
    trial = scenes.lone_spikes(times, duration)
    figure, panels = figures.canvas(2, height=3.0, sharex=True)
    for ax, correct in zip(panels, (0, 1), strict=True):  # wanted: output 0 is the right one
        for name, loss in scenes.family(correct).items():
            color, line, _ = LOSS_LOOKS[name]
            ax.plot(times, scenes.told(trial, loss, times), color=color, linestyle=line, label=name)
            if name in ("integral", "exponential", "linear"):
                constant = duration * loss.drive(trial)(np.zeros((1, 1, 1)), trial.V[:1])[0, :, 0]  # g(0) = 1/T
                weighting = vars(loss)["weighting"]
                closed = constant * weighting.transport(times.astype(float), duration, LIF())
                ax.plot(times[::3], closed[::3], ".", color=figures.BLACK, markersize=4)
        ax.set_yscale("symlog", linthresh=1e-11, linscale=0.6)
        sign = -1.0 if correct else 1.0
        ax.set_yticks([0.0, *(sign * 10.0**power for power in (-10, -8, -6, -4, -2))])
        ax.set_ylim(min(-sign * 2e-11, sign * 0.3), max(-sign * 2e-11, sign * 0.3))
        ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
        ax.set(ylabel=r"$\lambda_V - \lambda_I$, " + ("unwanted" if correct else "wanted"))
    panels[1].set(xlabel="time of the spike (ms)")
    figures.legend(panels[0], 2)
    return figure


def shaping(fractions: Sequence[float] = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)) -> Figure:
    """The exponential weight against its time constant: the signal it gives a spike, and what late evidence counts."""
    figure, (signal, late) = figures.canvas(2, height=2.1, sharex=True)
    tau = np.array(fractions) * scenes.STEPS
    for when, line in ((0.1, "-"), (0.5, "--"), (0.9, ":")):
        t = np.array(when * scenes.STEPS)
        values = [float(Exponential(x).transport(t, scenes.STEPS, LIF())) for x in tau]
        signal.loglog(
            fractions, values, line, color=figures.BLUE, marker="o", markersize=3, label=f"spike at {when:g} T"
        )
    late.semilogx(fractions, np.exp(-scenes.STEPS / tau), color=figures.VERMILION, marker="o", markersize=3)
    signal.set(ylabel=r"$(\lambda_V - \lambda_I)/c$")
    late.set(xlabel=r"$\tau / T$  (ratio)", ylabel="weight $g(T)$ at the end", ylim=(0, 1))
    figures.legend(signal)
    return figure


def trial_length(sweeps: dict[float, RateSweep], peaks: Sequence[float]) -> Figure:
    """Mean total of the cross-entropy's signal for trials of several lengths (ms), against the peak rate."""
    figure, (ax,) = figures.canvas()
    for (duration, sweep), (color, marker) in zip(
        sweeps.items(), ((figures.VERMILION, "s"), (figures.BLUE, "o")), strict=False
    ):
        half = 1.96 * sweep.totals.std(axis=1, ddof=1) / np.sqrt(sweep.totals.shape[1])
        ax.errorbar(
            peaks, sweep.totals.mean(axis=1), half, color=color, marker=marker, capsize=3, label=f"{duration:g} ms"
        )
    ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
    ax.set(xlabel="peak rate (Hz)", ylabel=r"mean $\sum_k (\lambda_V - \lambda_I)(t_k)$")
    figures.legend(ax)
    return figure


def loss_sweep(sweeps: dict[str, RateSweep], peaks: Sequence[float]) -> Figure:
    """Mean of lambda_V - lambda_I over spikes against the peak rate, and its spread, for each loss."""
    figure, (mean, spread) = figures.canvas(2, height=2.8, sharex=True)
    for name, sweep in sweeps.items():
        color, line, marker = LOSS_LOOKS[name]
        value, half, std = sweep.per_spike()
        mean.errorbar(
            peaks,
            1e6 * value,
            1e6 * half,
            color=color,
            linestyle=line,
            marker=marker,
            markersize=4,
            capsize=3,
            label=name,
        )
        spread.plot(peaks, np.maximum(std, 1e-12), color=color, linestyle=line, marker=marker, markersize=4)
    mean.set_xscale("log")
    mean.set_xticks(peaks, [f"{peak:g}" for peak in peaks])
    mean.minorticks_off()
    spread.set_yscale("log")
    mean.set(ylabel=r"mean over spikes ($10^{-6}$)")
    spread.set(xlabel="peak rate (Hz)", ylabel="spread over spikes")
    figures.legend(mean, 2)
    return figure
