"""What the adjoint says: gradients of the loss in spike times and in the weight, and a check by differences."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.adjoint import Adjoint, backward
from lifcore.losses import Loss
from lifcore.neuron import LIF
from lifcore.trial import Trial, event_trial


def spike_time_gradient(trial: Trial, adjoint: Adjoint) -> FloatArray:
    """dL/dt_k = w (lambda_V - lambda_I)(t_k) for each spike, per ms.

    Of a trial on a grid: shape (steps, ...), the gradient for moving one spike of that step, 0 where
    there is none. Of an event trial: shape (spikes, ...), in the order of its times. Where several
    spikes coincide it is the gradient for each of them. Positive: gradient descent moves the spike
    earlier. Source: Wunderlich and Pehle 2021.

    The adjoint must be that of this trial; a ValueError is raised if its shape shows that it is not.
    """
    _check_match(trial, adjoint)
    gradient = trial.weight * adjoint.transport
    if trial.spike_steps is not None:
        return gradient[trial.spike_steps]
    return np.where(trial.spikes > 0, gradient, 0.0)


def shift_gradient(trial: Trial, adjoint: Adjoint) -> FloatArray:
    """sum_k dL/dt_k, shape (...), per ms: the gradient for moving all spikes together.

    For a loss int_0^T g(t) l(V) dt it equals int_0^T g' [l(V) - l(0)] dt - g(T) [l(V(T)) - l(0)].
    The adjoint must be that of this trial; a ValueError is raised if its shape shows that it is not.
    """
    _check_match(trial, adjoint)
    return np.sum(trial.spikes * trial.weight * adjoint.transport, axis=0)


def weight_gradient(trial: Trial, adjoint: Adjoint) -> FloatArray:
    """dL/dw = -tau_s sum_k lambda_I(t_k), shape (...): one gradient for each trial of a batch.

    Source: Wunderlich and Pehle 2021. The adjoint must be that of this trial, as for
    ``spike_time_gradient``.
    """
    _check_match(trial, adjoint)
    return -trial.neuron.tau_s * np.sum(trial.spikes * adjoint.lambda_I, axis=0)


def _check_match(trial: Trial, adjoint: Adjoint) -> None:
    if adjoint.lambda_V.shape != trial.V.shape:
        raise ValueError(
            f"adjoint has shape {adjoint.lambda_V.shape}, but the trial has {trial.V.shape}; "
            "pass the adjoint that backward made from this trial"
        )


class GradientCheck(NamedTuple):
    """What ``check_gradient`` returns: arrays of shape (spikes + 1,), the spike times first, the weight last.

    Attributes
    ----------
    analytic, numeric : array
        The gradient by the adjoint and by finite differences of the loss.
    relative_error : array
        Their distance: for the spike times divided by the largest of their gradients, for the
        weight by its own.
    """

    analytic: FloatArray
    numeric: FloatArray
    relative_error: FloatArray


def check_gradient(
    loss: Loss, times: ArrayLike, duration: float, neuron: LIF | None = None, weight: float = 1.0
) -> GradientCheck:
    """Compare the gradients of ``loss`` with finite differences, in every spike time and in the weight.

    The differences use nine points, for order 8, in several steps: of an eighth of the shorter time
    constant or less, between the neighbouring spikes, because the loss has a kink in its third
    derivative where two spikes meet; in the weight, of what changes int V dt by 0.3 ms or less.
    For trials of a few 100 ms they confirm the gradient to about 1e-9;
    what limits them is the rounding of the loss itself.

    Parameters
    ----------
    loss : Loss
        One of lifcore's, or one of your own with ``value`` and ``drive``.
    times, duration, neuron, weight
        As in ``event_trial``; the standard neuron by default.
    """
    neuron = LIF() if neuron is None else neuron
    weight = _checks.number("weight", weight)
    trial = event_trial(times, duration, neuron, weight)
    times = np.asarray(times, dtype=float)
    adjoint = backward(trial, loss)
    analytic = np.append(spike_time_gradient(trial, adjoint), weight_gradient(trial, adjoint))

    longest = min(neuron.tau_m, neuron.tau_s) / 8
    weight_step = 0.3 / (neuron.tau_s * max(len(times), 1))

    def loss_at(k: int, moved: float) -> float:
        """The loss with spike k moved; with k = the number of spikes, for another weight."""
        changed = np.append(times, weight)
        changed[k] = moved
        return float(loss.value(event_trial(changed[:-1], duration, neuron, changed[-1])))

    numeric = np.array(
        [_derivative(lambda x, k=k: loss_at(k, x), *_room(t, times, duration), longest) for k, t in enumerate(times)]
        + [_derivative(lambda x: loss_at(len(times), x), weight, -np.inf, np.inf, weight_step)]
    )
    scale = np.append(np.full(len(times), np.max(np.abs(analytic[:-1]), initial=0.0)), abs(analytic[-1]))
    error = np.abs(analytic - numeric)
    return GradientCheck(analytic, numeric, np.divide(error, scale, out=error.copy(), where=scale > 0))


def _room(time: float, spikes: FloatArray, duration: float) -> tuple[float, float, float]:
    """A spike time, and the times between which it can move without meeting another spike."""
    # Spikes nearer than this coincide with it for our purpose: the kink there is even, and
    # leaves an odd derivative alone.
    together = 1e-2
    below = np.max(spikes[spikes < time - together], initial=0.0)
    above = np.min(spikes[spikes > time + together], initial=duration)
    return time, below, above


def _derivative(function: Callable[[float], float], at: float, below: float, above: float, longest: float) -> float:
    """The derivative from values at nine points between two limits, for the steps that agree best.

    A long step suffers from the next derivatives and a short one from rounding. Of several steps the two
    neighbours with the least difference are averaged.
    """
    estimates = []
    for step in min(longest, (above - below) / 8) / 2.0 ** np.arange(0.0, 3.0, 0.5):
        points = np.clip(at - 4 * step, below, above - 8 * step) + step * np.arange(9)
        powers = np.vander((points - at) / step, increasing=True).T
        weights = np.linalg.solve(powers, np.eye(9)[1])  # of the polynomial through the nine values
        estimates.append(float(weights @ [function(point) for point in points]) / step)
    best = np.argmin(np.abs(np.diff(estimates)))
    return (estimates[best] + estimates[best + 1]) / 2.0
