"""How accurate the schemes are, and what accuracy costs. Needs SciPy, for an independent solver."""

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp

from lifcore._checks import FloatArray
from lifcore.adjoint import backward
from lifcore.bias import leading_bias
from lifcore.gradients import check_gradient, shift_gradient, spike_time_gradient
from lifcore.losses import CrossEntropyOverTime, cross_entropy, one_minus_p
from lifcore.neuron import LIF
from lifcore.spikes import gaussian_rate, poisson_spikes, spike_train
from lifcore.trial import event_trial, forward

SPIKES = (100.0, 150.0)  # ms
DURATION = 1400.0  # ms
LOSS = CrossEntropyOverTime(20)

# name: scheme, its options, its order in dt
SCHEMES: dict[str, tuple[str, dict[str, Any], int]] = {
    "Euler": ("euler", {}, 1),
    "hold, start": ("hold", {"hold_at": "start"}, 1),
    "hold, end": ("hold", {"hold_at": "end"}, 1),
    "trapezoid": ("trapezoid", {}, 2),
    "Gauss, 1 node": ("exact", {"nodes": 1}, 2),
    "Gauss, 2 nodes": ("exact", {"nodes": 2}, 4),
    "Gauss, 3 nodes": ("exact", {"nodes": 3}, 6),
    "Gauss, 4 nodes": ("exact", {"nodes": 4}, 8),
}


def transport_by_step(name: str, dt: float) -> FloatArray:
    """lambda_V - lambda_I at the original's two spikes, weight 1, by a scheme of ``SCHEMES`` with step dt (ms)."""
    scheme, options, _ = SCHEMES[name]
    trial = forward(spike_train(SPIKES, round(DURATION / dt), dt), dt, LIF())
    transport = backward(trial, LOSS, scheme, **options).transport
    return transport[(np.array(SPIKES) / dt).round().astype(int)]


def transport_by_events() -> FloatArray:
    """The same from the event-driven trial: no step."""
    trial = event_trial(SPIKES, DURATION, LIF())
    return backward(trial, LOSS).transport[trial.spike_steps]


def transport_by_solve_ivp(rtol: float) -> FloatArray:
    """The same from SciPy's DOP853 on the adjoint equations, restarted at each spike, where V has a kink."""
    neuron = LIF()
    at_spikes: list[FloatArray] = []
    state = np.zeros(2)  # lambda_V, lambda_I

    def slope(s: float, state: FloatArray) -> list[float]:
        V = np.asarray(np.sum(neuron.psp(DURATION - s - np.array(SPIKES))))
        return [(one_minus_p(V, 20) - state[0]) / neuron.tau_m, (state[0] - state[1]) / neuron.tau_s]

    start = 0.0
    for spike in sorted(SPIKES, reverse=True):
        solution = solve_ivp(slope, (start, DURATION - spike), state, method="DOP853", rtol=rtol, atol=rtol / 1e3)
        state, start = solution.y[:, -1], DURATION - spike
        at_spikes.insert(0, state[0] - state[1])
    return np.array(at_spikes)


def errors_by_step(name: str, steps: ArrayLike) -> FloatArray:
    """Largest error of lambda_V - lambda_I at the two spikes for each step, shape (steps,)."""
    exact = transport_by_events()
    return np.array([np.abs(transport_by_step(name, dt) - exact).max() for dt in np.asarray(steps)])


def measured_order(name: str, ratio: float = 2.0) -> float:
    """The slope of error against step, both logarithmic, over all samples of a short trial.

    Between two steps chosen small enough for the leading term and large enough to stay above rounding.
    """
    scheme, options, order = SCHEMES[name]
    largest = {1: 0.1, 2: 0.5, 4: 1.0, 6: 2.0, 8: 3.0}[order]
    errors = []
    for dt in (largest, largest / ratio):
        trial = forward(spike_train([96.0, 144.0], round(480 / dt), dt), dt, LIF())
        error = backward(trial, LOSS, scheme, **options).transport - backward(trial, LOSS).transport
        errors.append(np.abs(error).max())
    return float(np.log(errors[0] / errors[1]) / np.log(ratio))


class Cost(NamedTuple):
    """Seconds for one trial, forward and backward, and the error it leaves; arrays of the same length."""

    seconds: FloatArray
    error: FloatArray


def work_precision(
    steps: Sequence[float] = (5.0, 2.0, 1.0, 0.5, 0.1, 0.02),
    tolerances: Sequence[float] = (1e-4, 1e-7, 1e-10, 1e-13),
) -> dict[str, Cost]:
    """Time and error of every scheme at several steps, the event-driven trial, and ``solve_ivp`` at several tolerances.

    Best of three runs each, in one process.
    """
    exact = transport_by_events()

    def cost(runs: list[Callable[[], FloatArray]]) -> Cost:
        seconds, errors = [], []
        for run in runs:
            times = []
            for _ in range(3):
                start = perf_counter()
                found = run()
                times.append(perf_counter() - start)
            seconds.append(min(times))
            errors.append(np.abs(found - exact).max())
        return Cost(np.array(seconds), np.array(errors))

    costs = {name: cost([partial(transport_by_step, name, dt) for dt in steps]) for name in SCHEMES}
    costs["event-driven"] = cost([transport_by_events])
    costs["solve_ivp"] = cost([partial(transport_by_solve_ivp, rtol) for rtol in tolerances])
    return costs


class BiasSample(NamedTuple):
    """Totals over the spikes of one train: lambda_V - lambda_I measured minus exact, and its leading term."""

    peak: float
    weight: float
    dt: float
    spikes: int
    measured: float
    leading: float


def bias_samples(
    scheme: str = "euler",
    hold_at: str = "start",
    peaks: ArrayLike = (10.0, 20.0, 50.0, 100.0, 200.0),
    weights: ArrayLike = (0.1, 1.0, 3.0),
    steps: ArrayLike = (1.0, 0.5, 0.25),
    seed: int = 3,
) -> list[BiasSample]:
    """The error of a scheme's total for Poisson trains, and ``leading_bias``, over rates, weights and steps.

    One train for each peak rate (Hz), drawn on a grid of 1 ms and run at every weight and step (ms).
    """
    neuron, end = LIF(), hold_at if scheme == "hold" else None
    rng = np.random.default_rng(seed)
    samples = []
    for peak in np.asarray(peaks, dtype=float):
        times = np.flatnonzero(poisson_spikes(gaussian_rate(peak, round(DURATION), 1.0), 1.0, rng=rng))
        for weight in np.asarray(weights):
            for dt in np.asarray(steps):
                trial = forward(spike_train(times, round(DURATION / dt), dt), dt, neuron, weight)
                error = backward(trial, LOSS, scheme, hold_at=end).transport - backward(trial, LOSS).transport
                assert trial.spikes is not None  # as it is on a grid
                total = float(np.sum(trial.spikes * error))
                leading = float(trial.spikes[trial.spikes > 0] @ leading_bias(trial, LOSS, scheme, hold_at))
                samples.append(BiasSample(peak, float(weight), float(dt), len(times), total, leading))
    return samples


def residuals(trials: int, seed: int) -> dict[str, float]:
    """The largest residual of each yardstick over random trials, rounded up to a power of ten.

    Conservation: of sum_k dL/dt_k against its boundary term, relative to the terms and the lambdas they
    are differences of. Grid: lambda_V - lambda_I on a grid against the event-driven one. Differences: of
    gradients in four spike times, spaced by the longer time constant, against finite differences,
    relative to the largest, for every twentieth neuron and weight.
    """
    rng = np.random.default_rng(seed)
    worst = dict.fromkeys(("conservation law", "grid against events", "finite differences"), 0.0)

    def keep(name: str, value: float) -> None:
        worst[name] = max(worst[name], float(value))

    for trial_number in range(trials):
        tau_m, tau_s = np.exp(rng.uniform(np.log(0.5), np.log(100.0), 2))
        neuron = LIF(tau_m, tau_m * (1 + rng.choice([0.0, 1e-12, 1e-7])) if rng.random() < 0.5 else tau_s)
        weight, steps = rng.uniform(-8, 8), int(rng.integers(5, 500))
        times = rng.integers(0, steps, rng.integers(1, 13)).astype(float)
        event = event_trial(times, steps, neuron, weight)
        grid = forward(spike_train(times, steps, 1.0), 1.0, neuron, weight)
        adjoint = backward(event, LOSS)
        end = float(cross_entropy(event.voltage_at(steps)[0], 20) - np.log(20))
        scale = abs(end) + np.abs(spike_time_gradient(event, adjoint)).sum() + abs(weight) * len(times)
        keep("conservation law", abs(shift_gradient(event, adjoint) + end) / scale)
        at_spikes = adjoint.transport[event.spike_steps] - backward(grid, LOSS).transport[times.astype(int)]
        keep("grid against events", np.abs(at_spikes).max())
        if trial_number % 20 == 0:
            nearby = max(neuron.tau_m, neuron.tau_s) * np.array([1.0, 2.0, 4.0, 5.0])  # so that there is a gradient
            check = check_gradient(LOSS, nearby, 1.2 * nearby[-1], neuron, weight)
            keep("finite differences", check.relative_error[:-1].max())
    return {name: 10.0 ** np.ceil(np.log10(value)) for name, value in worst.items()}
