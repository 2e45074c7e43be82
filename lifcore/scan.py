"""The loss along one input weight: its value, the gradient that the backward pass gives, and the hidden spikes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.adjoint import backward
from lifcore.gradients import spike_time_gradient
from lifcore.hidden import hidden_gradient, hidden_layer
from lifcore.losses import Loss
from lifcore.neuron import LIF


class WeightScan(NamedTuple):
    """What ``scan_weight`` returns, each of shape (values,).

    Attributes
    ----------
    value : array
        The weight.
    loss, gradient : array
        L, and dL/dw of that weight by the backward pass.
    spikes : array of int
        Number of hidden spikes.
    """

    value: FloatArray
    loss: FloatArray
    gradient: FloatArray
    spikes: NDArray[np.intp]


def critical_weight(neuron: LIF, theta: float = 1.0) -> float:
    """The weight w* = theta / max psp at which a single input spike just makes a neuron at rest spike."""
    return theta / neuron.peak_height


def scan_weight(
    values: ArrayLike,
    times: ArrayLike,
    duration: float,
    weight: ArrayLike,
    output_weight: ArrayLike,
    sources: ArrayLike,
    loss: Loss,
    vary: tuple[int, int] = (0, 0),
    neuron: LIF | None = None,
) -> WeightScan:
    """Run a network with one hidden layer for each of many values of one input weight.

    Parameters
    ----------
    values : array_like, shape (values,)
        What the varied weight is set to.
    times, duration, weight, sources, neuron
        As in ``hidden_layer``, a single trial; the standard neuron by default.
    output_weight : array_like, shape (hidden, outputs)
    loss : Loss
        With ``correct``.
    vary : (int, int)
        Input and hidden neuron between which the varied weight is.
    """
    neuron = LIF() if neuron is None else neuron
    values = np.atleast_1d(_checks.finite("values", values))
    weight = _checks.matrix("weight", weight, "(inputs, hidden)")
    times, sources = np.asarray(times, dtype=float), np.asarray(sources)
    inputs, n = len(weight), len(values)
    # One batch: each trial has inputs, and rows of the weights, of its own.
    rows = np.tile(weight, (n, 1))
    varied = inputs * np.arange(n) + vary[0]
    rows[varied, vary[1]] = values
    trials = np.repeat(np.arange(n), len(times))
    hidden = hidden_layer(np.tile(times, n), duration, neuron, rows, np.tile(sources, n) + inputs * trials, trials, n)
    output = hidden.output(output_weight)
    of_times = spike_time_gradient(output, backward(output, loss))
    gradient = hidden_gradient(hidden, of_times).weight[np.arange(n), varied, vary[1]]
    return WeightScan(values, loss.value(output), gradient, hidden.counts().sum(axis=1))
