"""When a voltage is largest, and when it first reaches a threshold: in closed form inside each step.

Between two samples V is a difference of two exponentials, which has at most one maximum.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.neuron import LIF
from lifcore.trial import Trial

NEWTON_STEPS = 60  # a time halved so often is shorter than its rounding


class Moment(NamedTuple):
    """A moment of each trial: arrays of the shape of the batch.

    Attributes
    ----------
    time : array
        In ms; NaN where there is no such moment.
    V, slope : array
        Voltage and dV/dt there.
    """

    time: FloatArray
    V: FloatArray
    slope: FloatArray


def maximum(trial: Trial) -> Moment:
    """The largest voltage of each trial; the first one where several are equal."""
    u = peak_in_steps(trial)
    heights = _voltage(trial.neuron, trial.V, trial.I, u)
    return _moment(trial, np.argmax(heights, axis=0), u)


def first_crossing(trial: Trial, theta: float) -> Moment:
    """The first time at which V reaches ``theta`` from below, to rounding; NaN where it does not."""
    theta = _checks.number("theta", theta, above=0.0)
    u = peak_in_steps(trial)
    reached = _voltage(trial.neuron, trial.V, trial.I, u) >= theta
    step = np.argmax(reached, axis=0)
    V, I, high = (np.take_along_axis(x, step[np.newaxis], axis=0)[0] for x in (trial.V, trial.I, u))
    moment = _moment(trial, step, np.broadcast_to(time_to_reach(trial.neuron, V, I, theta, high), trial.V.shape))
    never = ~np.any(reached, axis=0)
    return Moment(*(np.where(never, np.nan, x) for x in moment))


def peak_in_steps(trial: Trial) -> FloatArray:
    """Time since each sample at which V is largest within the step, in [0, h], shape (steps, ...)."""
    return np.minimum(time_to_peak(trial.neuron, trial.V, trial.I), trial.over_steps(trial.h))


def time_to_peak(neuron: LIF, V: FloatArray, I: FloatArray) -> FloatArray:
    """How long V rises from (V, I) without input, in ms: 0 where it falls, infinity where it rises for ever.

    Where V rises, dV/dt = 0 at  u = tau_m [ln(1 + r) - ln(1 + r V/I)] / r  with
    r = (tau_m - tau_s) / tau_s; for r = 0 it is tau_m (1 - V/I).
    """
    r = (neuron.tau_m - neuron.tau_s) / neuron.tau_s
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = V / I
        u = neuron.tau_m * ((np.log1p(r) - np.log1p(r * ratio)) / r if r else 1.0 - ratio)
    # I > V > 0 falls back at u; where the logarithm does not exist, or I <= 0, a rising V rises to the end.
    u = np.where((I > 0.0) & np.isfinite(u), np.maximum(u, 0.0), np.inf)
    return np.where(I > V, u, 0.0)


def time_to_reach(neuron: LIF, V: FloatArray, I: FloatArray, theta: float, high: FloatArray) -> FloatArray:
    """When V reaches theta > 0 on its way up to a peak at ``high`` ms that is no lower, to rounding.

    Newton's method from the left. A rise through theta > 0 needs I > 0 and is concave
    (tau_m V'' = -I/tau_s - V' < 0), so that every tangent meets theta before V does: the steps
    never pass the crossing. They square the distance, or, where V hardly more than touches theta, halve it.
    """
    u = np.zeros_like(high)
    for _ in range(NEWTON_STEPS):
        v = _voltage(neuron, V, I, u)
        slope = (I * neuron.psc(u) - v) / neuron.tau_m
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            nearer = np.where(v < theta, np.fmin(u + np.maximum(theta - v, 0.0) / np.maximum(slope, 0.0), high), u)
        if np.all(nearer - u <= np.finfo(float).eps * u):
            break
        u = nearer
    return u


def _voltage(neuron: LIF, V: FloatArray, I: FloatArray, u: FloatArray) -> FloatArray:
    return V * neuron.leak(u) + I * neuron.psp(u)


def _moment(trial: Trial, step: NDArray[np.intp], u: FloatArray) -> Moment:
    times, h = (np.broadcast_to(trial.over_steps(x), trial.V.shape) for x in (trial.times, trial.h))
    # times + h, without its rounding in between, where a maximum may lie at a spike.
    ends = np.append(times[1:], times[-1:] + h[-1:], axis=0)
    V, I, u, t, h, end = (
        np.take_along_axis(x, step[np.newaxis], axis=0)[0] for x in (trial.V, trial.I, u, times, h, ends)
    )
    there = _voltage(trial.neuron, V, I, u)
    return Moment(np.where(u < h, t + u, end), there, (I * trial.neuron.psc(u) - there) / trial.neuron.tau_m)
