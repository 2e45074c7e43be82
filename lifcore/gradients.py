"""What the adjoint says: gradients of the loss in spike times and in the weight, and a check by differences."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.adjoint import Adjoint, backward
from lifcore.differences import derivative
from lifcore.losses import Loss
from lifcore.neuron import LIF
from lifcore.trial import Trial, event_trial


def spike_time_gradient(trial: Trial, adjoint: Adjoint) -> FloatArray:
    """dL/dt_k = w (lambda_V - lambda_I)(t_k) for each spike, per ms.

    Of a trial on a grid: shape (steps, ...), the gradient for moving one spike of that step, 0 where
    there is none. Of an event trial: shape (spikes, ...), in the order of its times. Where several
    spikes coincide it is the gradient for each of them. With several outputs a spike gets the sum over
    them, sum_k w_hk (lambda_V - lambda_I)_k. Positive: gradient descent moves the spike earlier.
    Source: Wunderlich and Pehle 2021.

    The adjoint must be that of this trial; a ValueError is raised if its shape shows that it is not.
    """
    _check_match(trial, adjoint)
    gradient = _of_a_spike(trial, adjoint)
    if trial.spike_steps is not None:
        return gradient
    assert trial.spikes is not None  # as it is on a grid
    return np.where(trial.spikes > 0, gradient, 0.0)


def shift_gradient(trial: Trial, adjoint: Adjoint) -> FloatArray:
    """sum_k dL/dt_k, shape (...), per ms: the gradient for moving all spikes together.

    For a loss int_0^T g(t) l(V) dt it equals int_0^T g' [l(V) - l(0)] dt - g(T) [l(V(T)) - l(0)].
    The adjoint must be that of this trial; a ValueError is raised if its shape shows that it is not.
    """
    _check_match(trial, adjoint)
    gradient = _of_a_spike(trial, adjoint)
    if trial.trials is not None:
        return np.bincount(trial.trials, gradient, minlength=trial.V.shape[1]).astype(float)
    if trial.spike_steps is not None:
        return np.sum(gradient, axis=0)
    assert trial.spikes is not None  # as it is on a grid
    total = np.sum(trial.spikes * gradient, axis=0)
    return np.sum(total, axis=-1) if trial.mixed else total


def noether_charge(trial: Trial, adjoint: Adjoint, gain: FloatArray) -> FloatArray:
    """H - l(0) with H = l(V) + lambda_V (V - I) + lambda_I I, at every sample; shape (steps, ...).

    For a loss int_0^T l(V) dt it is constant between spikes and steps by -dL/dt_k at spike k (a sample is the
    state just after its spikes). ``gain`` is l(V) - l(0) at the samples, in the unit of l.
    """
    _check_match(trial, adjoint)
    return gain + adjoint.lambda_V * (trial.V - trial.I) + adjoint.lambda_I * trial.I


def weight_gradient(trial: Trial, adjoint: Adjoint) -> FloatArray:
    """dL/dw = -tau_s sum_k lambda_I(t_k), shape (...): one gradient for each trial of a batch.

    Of a mixed trial: shape (..., hidden, outputs).

    Source: Wunderlich and Pehle 2021. The adjoint must be that of this trial, as for
    ``spike_time_gradient``.
    """
    _check_match(trial, adjoint)
    if trial.mixed and trial.spike_steps is not None:
        assert trial.sources is not None  # as it is mixed
        total = np.zeros((*trial.V.shape[1:-1], *trial.weight.shape))
        np.add.at(total, (*trial.where[1:], trial.sources), adjoint.lambda_I[trial.where])
        return -trial.neuron.tau_s * total
    assert trial.spikes is not None  # only a batch of event trials has none
    if trial.mixed:
        return -trial.neuron.tau_s * np.einsum("t...h,t...k->...hk", trial.spikes, adjoint.lambda_I)
    return -trial.neuron.tau_s * np.sum(trial.spikes * adjoint.lambda_I, axis=0)


def _of_a_spike(trial: Trial, adjoint: Adjoint) -> FloatArray:
    """w (lambda_V - lambda_I), of a mixed trial sum_k w_hk (lambda_V - lambda_I)_k.

    Shape (spikes, ...) for an event trial; otherwise (steps, ...), with hidden neurons on the last axis if mixed.
    """
    if trial.spike_steps is None:
        return adjoint.transport @ trial.weight.T if trial.mixed else trial.weight * adjoint.transport
    transport = adjoint.transport[trial.where]
    return np.sum(trial.weight[trial.sources] * transport, axis=-1) if trial.mixed else trial.weight * transport


def _check_match(trial: Trial, adjoint: Adjoint) -> None:
    if adjoint.lambda_V.shape != trial.V.shape:
        raise ValueError(
            f"adjoint has shape {adjoint.lambda_V.shape}, but the trial has {trial.V.shape}; "
            "pass the adjoint that backward made from this trial"
        )


class GradientCheck(NamedTuple):
    """What ``check_gradient`` returns: arrays of shape (spikes + weights,), the spike times first, the weights last.

    ``check_hidden_gradient`` has three kinds: input spikes' times, input weights, output weights.

    Attributes
    ----------
    analytic, numeric : array
        The gradient by the adjoint and by finite differences of the loss.
    relative_error : array
        Their distance: for the spike times divided by the largest of their gradients, for the
        weights by the largest of theirs.
    """

    analytic: FloatArray
    numeric: FloatArray
    relative_error: FloatArray


def check_gradient(
    loss: Loss,
    times: ArrayLike,
    duration: float,
    neuron: LIF | None = None,
    weight: ArrayLike = 1.0,
    sources: ArrayLike | None = None,
) -> GradientCheck:
    """Compare the gradients of ``loss`` with finite differences, in every spike time and in every weight.

    The differences use nine points, for order 8, in several steps: of an eighth of the shorter time
    constant or less, between the neighbouring spikes, because the loss has a kink in its third
    derivative where two spikes meet; in the weight, of what changes int V dt by 0.3 ms or less.
    For trials of a few 100 ms they confirm the gradient to about 1e-9;
    what limits them is the rounding of the loss itself. Where the loss has a kink or a jump (two equal
    maxima, an output that only just spikes) they say nothing.

    Parameters
    ----------
    loss : Loss
        One of lifcore's, or one of your own with ``value`` and ``drive``.
    times, duration, neuron, weight, sources
        As in ``event_trial``; the standard neuron by default. Without sources the weight is one number.
    """
    neuron = LIF() if neuron is None else neuron
    weight = _checks.number("weight", weight) if sources is None else _checks.finite("weight", weight)
    trial = event_trial(times, duration, neuron, weight, sources)
    times = np.asarray(times, dtype=float)
    n = len(times)
    adjoint = backward(trial, loss)
    analytic = np.append(spike_time_gradient(trial, adjoint), weight_gradient(trial, adjoint))
    at = np.append(times, weight)

    def loss_at(k: int, moved: float) -> float:
        """The loss with one spike moved or one weight changed."""
        changed = at.copy()
        changed[k] = moved
        return float(
            loss.value(event_trial(changed[:n], duration, neuron, changed[n:].reshape(np.shape(weight)), sources))
        )

    longest = min(neuron.tau_m, neuron.tau_s) / 8
    weight_step = 0.3 / (neuron.tau_s * max(n, 1))
    ranges = [(*_room(t, times, duration), longest) for t in times]
    ranges += [(w, -np.inf, np.inf, weight_step) for w in at[n:]]
    numeric = np.array([derivative(partial(loss_at, k), *given) for k, given in enumerate(ranges)])
    return compare(analytic, numeric, [n])


def compare(analytic: FloatArray, numeric: FloatArray, cuts: Sequence[int]) -> GradientCheck:
    """Errors relative to the largest gradient of each kind; the kinds meet at the indices ``cuts``."""
    kinds = np.split(analytic, cuts)
    scale = np.concatenate([np.full(len(kind), np.max(np.abs(kind), initial=0.0)) for kind in kinds])
    error = np.abs(analytic - numeric)
    return GradientCheck(analytic, numeric, np.divide(error, scale, out=error.copy(), where=scale > 0))


def _room(time: float, spikes: FloatArray, duration: float) -> tuple[float, float, float]:
    """A spike time, and the times between which it can move without meeting another spike."""
    # Spikes no further than this (ms) coincide with it for our purpose: the kink there is even, and leaves an odd
    # derivative alone, up to its distance times the step. That is less than rounding would do in so little room.
    together = 1e-4
    below = np.max(spikes[spikes < time - together], initial=0.0)
    above = np.min(spikes[spikes > time + together], initial=duration)
    return time, below, above
