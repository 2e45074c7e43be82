"""What a live figure shows, computed by lifcore: one function a figure, plain numbers and lists in and out.

JupyterLab asks these functions. A static page has no Python, and asks functions of the same names in ``twin.js``;
``tests/test_twin.py`` holds the two together. Both get their constants from ``constants``.
"""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lifcore import scenes
from lifcore._checks import FloatArray
from lifcore.adjoint import backward
from lifcore.gradients import shift_gradient, spike_time_gradient
from lifcore.losses import CrossEntropyOfFirstSpikes, CrossEntropyOfIntegral, CrossEntropyOverTime, Loss
from lifcore.neuron import LIF
from lifcore.quadrature import gauss
from lifcore.spikes import gaussian_rate, poisson_spikes, spike_train
from lifcore.trial import corrected_weight, event_trial, forward
from lifcore.weighting import Average, Exponential, Sigmoid

Answer = dict[str, Any]

Grid = tuple[float, float, float]  # first, last and step

TRIAL = 1000.0  # ms: the trial of the forward figure
CLOSEST = 1.0  # ms between drawn samples
EPSP_SPIKE = 100.0  # ms
EPSP_TIME: Grid = (75.0, 300.0, 0.5)  # ms
PAIR_TIME: Grid = (0.0, 400.0, 1.0)  # ms
SHIFTS = 81  # places of the whole train
PULL_FIRST, PULL_STEP = 2.0, 20.0  # ms: times of the lone spike, up to where they are denser
PULL_LATE: Grid = (1.0, 100.0, 3.0)  # ms before the end
HIDDEN_TIME: Grid = (0.0, 120.0, 0.5)  # ms
WEIGHTS: Grid = (0.0, 12.0, 0.1)
TANGENT = 0.6  # to each side of the weight
NODES = 16  # Gauss-Legendre nodes of the twin


def constants() -> Answer:
    """What the twin is not to know by itself."""
    position, length = gauss(NODES)
    neuron, rate, sigmoid = LIF(), signature(gaussian_rate).parameters, Sigmoid()
    return {
        "tau_m": neuron.tau_m,
        "tau_s": neuron.tau_s,
        "classes": scenes.CLASSES,
        "pair": list(scenes.PAIR),
        "trial": TRIAL,
        "closest": CLOSEST,
        "epsp_spike": EPSP_SPIKE,
        "epsp_time": EPSP_TIME,
        "pair_time": PAIR_TIME,
        "shifts": SHIFTS,
        "pull_times": {"first": PULL_FIRST, "step": PULL_STEP, "late": PULL_LATE},
        "hidden_time": HIDDEN_TIME,
        "weights": WEIGHTS,
        "tangent": TANGENT,
        "rate_mid": rate["mid"].default,
        "rate_sigma": rate["sigma"].default,
        "sigmoid": [sigmoid.mid, sigmoid.width],
        "theta": scenes.chain().hidden.theta,
        "low_threshold": scenes.LOW_THRESHOLD,
        "chain_first": scenes.CHAIN_FIRST,
        "chain_duration": scenes.CHAIN_DURATION,
        "chain_tau": scenes.CHAIN_TAU,
        "nodes": position.tolist(),
        "lengths": length.tolist(),
    }


def grid(of: Grid) -> FloatArray:
    """From the first to the last."""
    first, last, step = of
    return first + step * np.arange(round((last - first) / step) + 1, dtype=float)


def epsp(tau_m: float, tau_s: float, weight: float) -> Answer:
    """Current and voltage after a spike, and the peak in closed form."""
    neuron, t = LIF(tau_m, tau_s), grid(EPSP_TIME)
    return listed(
        t=t,
        I=weight * neuron.psc(t - EPSP_SPIKE),
        V=weight * neuron.psp(t - EPSP_SPIKE),
        peak_time=neuron.peak_time,
        peak_at=EPSP_SPIKE + neuron.peak_time,
        peak_height=weight * neuron.peak_height,
    )


def drawn(peak: float, seed: int) -> Answer:
    """A Poisson train from a Gaussian rate in Hz, spike times in ms."""
    rate = gaussian_rate(peak, round(TRIAL), 1.0)
    return listed(spikes=np.flatnonzero(poisson_spikes(rate, 1.0, rng=np.random.default_rng(int(seed)))).astype(float))


def forward_trial(spikes: Sequence[float], weight: float, corrected: bool) -> Answer:
    """I and V on a grid of 1 ms; the largest V and when it is."""
    neuron = LIF()
    weight = weight * corrected_weight(1.0, neuron) if corrected else weight
    trial = forward(spike_train(spikes, round(TRIAL), 1.0), 1.0, neuron, weight)
    return listed(t=trial.times, I=trial.I, V=trial.V, largest=trial.V.max(), mean=trial.V.mean())


def time_step(dt: float, corrected: bool) -> Answer:
    """V of the original's two spikes at a step dt, and its distance from the sum of PSPs."""
    trial = scenes.pair_trial(dt=dt, corrected=corrected, duration=PAIR_TIME[1])
    exact = sum(trial.neuron.psp(trial.times - spike) for spike in scenes.PAIR)
    fine = grid(PAIR_TIME)
    every = max(1, round(CLOSEST / dt))
    return listed(
        t=trial.times[::every],
        V=trial.V[::every],
        error=(trial.V - exact)[::every],
        fine=fine,
        exact=sum(trial.neuron.psp(fine - spike) for spike in scenes.PAIR),
        largest=np.abs(trial.V - exact).max(),
    )


def adjoint(
    spikes: Sequence[float], duration: float, scheme: str, dt: float, weight: float, corrected: bool,
    tau_m: float, tau_s: float,
) -> Answer:  # fmt: skip
    """The heart of the book: V, the lambdas, what each spike is told, and the sum of that.

    The exact scheme needs no small step: it has one of 1 ms, whatever dt.
    """
    dt, neuron = CLOSEST if scheme == "exact" else dt, LIF(tau_m, tau_s)
    weight = weight * corrected_weight(1.0, neuron) if corrected else weight
    trial = forward(spike_train(spikes, round(duration / dt), dt), dt, neuron, weight)
    result = backward(trial, CrossEntropyOverTime(scenes.CLASSES), scheme)
    every = round(CLOSEST / dt)
    at = np.rint(np.sort(spikes) / dt).astype(int)
    told = result.transport[at]
    return listed(
        t=trial.times[::every],
        V=trial.V[::every],
        lambda_V=result.lambda_V[::every],
        lambda_I=result.lambda_I[::every],
        transport=result.transport[::every],
        told=told,
        descent=-np.sign(weight) * told,
        sum=told.sum(),
    )


def single(name: str, tau: float) -> Loss:
    """The three losses that the symmetry and the hidden figure let choose from, for a single output."""
    losses: dict[str, Callable[[], Loss]] = {
        "mean cross-entropy": lambda: CrossEntropyOverTime(weighting=Average()),
        "integral": lambda: CrossEntropyOfIntegral(weighting=Average()),
        "exponential": lambda: CrossEntropyOfIntegral(weighting=Average(Exponential(tau))),
    }
    return losses[name]()


def symmetry(spikes: Sequence[float], duration: float, loss: str) -> Answer:
    """The loss of a whole train moved through the trial, and the sum of dL/dt_k where it stands."""
    chosen, times = single(loss, scenes.CHAIN_TAU), np.sort(spikes)
    last = int(duration - CLOSEST - (times[-1] - times[0]))
    starts = np.unique(np.floor(np.arange(SHIFTS) * last / (SHIFTS - 1) + 0.5).astype(int))
    shifted = np.zeros((round(duration), len(starts)))
    for spike in np.rint(times - times[0]).astype(int):
        shifted[spike + starts, np.arange(len(starts))] += 1
    values = chosen.value(forward(shifted, CLOSEST, LIF()))
    here = event_trial(times, duration, LIF())
    gradients = backward(here, chosen)
    return listed(
        start=starts,
        value=values - values[0],
        here=chosen.value(here) - values[0],
        at=times[0],
        descent=-spike_time_gradient(here, gradients),
        sum=shift_gradient(here, gradients),
    )


def pull(loss: str, tau: float, duration: float, spike: float) -> Answer:
    """What a loss tells a lone wanted spike: against its time, and where it stands."""
    times = np.append(pull_times(duration), min(spike, duration - 1.0)).astype(int)
    trials = np.arange(len(times))
    if loss == "first spike":  # needs the silent outputs
        weight, sources = np.eye(1, scenes.CLASSES), np.zeros(len(times), dtype=int)
        trial = event_trial(times, duration, LIF(), weight, sources, trials, len(times))
        first = CrossEntropyOfFirstSpikes(0, tau_0=tau, theta=scenes.LOW_THRESHOLD)
        signal = backward(trial, first).transport[(*trial.where, 0)]
    else:
        trains = np.zeros((round(duration), len(times)))
        trains[times, trials] = 1
        chosen = single(loss, tau) if loss == "exponential" else scenes.family()[loss]
        signal = backward(forward(trains, CLOSEST, LIF()), chosen).transport[times, trials]
    return listed(t=times[:-1], told=signal[:-1], at=times[-1], here=signal[-1])


def pull_times(duration: float) -> FloatArray:
    """Densest where the signal changes, near the end of the trial."""
    late = duration - grid(PULL_LATE)
    return np.concatenate([np.arange(PULL_FIRST, duration - PULL_LATE[1], PULL_STEP), late[::-1]])


def hidden(weight: float, second: float, loss: str) -> Answer:
    """V of the hidden neuron, its spikes, the loss, and its gradient by the backward pass."""
    this = scenes.chain(weight, second, loss)
    spikes = this.hidden.times
    # A reset has two sides.
    t = np.sort(np.concatenate([grid(HIDDEN_TIME), spikes, np.nextafter(spikes, -np.inf)]))
    value, gradient = scenes.chain_losses()[loss].value(this.output), this.gradient.weight[0, 0]
    tangent = weight + np.array([-TANGENT, TANGENT])
    return listed(
        t=t,
        V=this.hidden.voltage_at(t)[:, 0],
        spikes=spikes,
        inputs=[scenes.CHAIN_FIRST, second],
        count=len(spikes),
        theta=this.hidden.theta,
        weight=weight,
        loss=value,
        gradient=gradient,
        tangent_x=tangent,
        tangent_y=value + gradient * (tangent - weight),
    )


def scan(second: float, loss: str) -> Answer:
    """The loss along the input weight."""
    result = scenes.scan_of(grid(WEIGHTS), loss, second)
    return listed(weight=result.value, loss=result.loss, spikes=result.spikes)


def listed(**values: ArrayLike) -> Answer:
    """Arrays as lists and numbers as floats, so that they can be sent as JSON."""
    return {name: np.asarray(value, dtype=float).tolist() for name, value in values.items()}


FIGURES: dict[str, Callable[..., Answer]] = {
    function.__name__: function
    for function in (epsp, drawn, forward_trial, time_step, adjoint, symmetry, pull, hidden, scan)
}
