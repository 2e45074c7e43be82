"""When a voltage is largest, and when it first reaches a threshold: in closed form inside each step.

Between two samples V is a difference of two exponentials, which has at most one maximum.
"""

from typing import NamedTuple

import numpy as np

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.neuron import LIF
from lifcore.trial import Trial

BISECTIONS = 60  # a step halved so often is shorter than the rounding of its times


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
    low = np.zeros_like(high)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        above = _voltage(trial.neuron, V, I, middle) >= theta
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    moment = _moment(trial, step, np.broadcast_to(high, trial.V.shape))
    never = ~np.any(reached, axis=0)
    return Moment(*(np.where(never, np.nan, x) for x in moment))


def peak_in_steps(trial: Trial) -> FloatArray:
    """Time since each sample at which V is largest within the step, in [0, h], shape (steps, ...).

    Where V rises at the sample, dV/dt = 0 at  u = tau_m [ln(1 + r) - ln(1 + r V/I)] / r  with
    r = (tau_m - tau_s) / tau_s; for r = 0 it is tau_m (1 - V/I).
    """
    V, I, h = trial.V, trial.I, trial.over_steps(trial.h)
    r = (trial.neuron.tau_m - trial.neuron.tau_s) / trial.neuron.tau_s
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = V / I
        if r == 0.0:
            u = trial.neuron.tau_m * (1.0 - ratio)
        else:
            u = trial.neuron.tau_m * (np.log1p(r) - np.log1p(r * ratio)) / r
    # I > V > 0 falls back at u; where the logarithm does not exist, or I <= 0, a rising V rises to the end.
    u = np.where((I > 0.0) & np.isfinite(u), u, np.inf)
    return np.where(I > V, np.clip(u, 0.0, h), 0.0)


def _voltage(neuron: LIF, V: FloatArray, I: FloatArray, u: FloatArray) -> FloatArray:
    return V * neuron.leak(u) + I * neuron.psp(u)


def _moment(trial: Trial, step: FloatArray, u: FloatArray) -> Moment:
    V, I, u = (np.take_along_axis(x, step[np.newaxis], axis=0)[0] for x in (trial.V, trial.I, u))
    there = _voltage(trial.neuron, V, I, u)
    return Moment(trial.times[step] + u, there, (I * trial.neuron.psc(u) - there) / trial.neuron.tau_m)
