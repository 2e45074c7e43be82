"""Training: a network with one hidden layer, its gradient, and what becomes of it over the epochs."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifcore._checks import FloatArray
from lifcore.adjoint import Adjoint, backward
from lifcore.gradients import spike_time_gradient, weight_gradient
from lifcore.hidden import HiddenTrial, hidden_gradient, hidden_layer
from lifcore.losses import Loss
from lifcore.neuron import LIF
from lifcore.tasks import Samples
from lifcore.trial import Trial


class Weights(NamedTuple):
    """Input weights, shape (inputs, hidden), and output weights, shape (hidden, outputs)."""

    hidden: FloatArray
    output: FloatArray


class Pass(NamedTuple):
    """One pass forward and backward through a batch: ``gradient`` is the mean over its trials."""

    hidden: HiddenTrial
    output: Trial
    adjoint: Adjoint
    spike_times: FloatArray  # dL/dt of each hidden spike
    gradient: Weights


def run(samples: Samples, duration: float, neuron: LIF, weights: Weights) -> tuple[HiddenTrial, Trial]:
    """Forward, through both layers."""
    batch = len(samples.labels)
    hidden = hidden_layer(samples.times, duration, neuron, weights.hidden, samples.sources, samples.trials, batch)
    return hidden, hidden.output(weights.output)


def differentiate(
    samples: Samples, duration: float, neuron: LIF, weights: Weights, loss: Loss, nodes: int | None = None
) -> Pass:
    """Forward and backward: the exact gradient of the mean loss in both layers' weights."""
    hidden, output = run(samples, duration, neuron, weights)
    adjoint = backward(output, loss, nodes=nodes)
    of_times = spike_time_gradient(output, adjoint)
    gradient = Weights(
        hidden_gradient(hidden, of_times).weight.mean(axis=0), weight_gradient(output, adjoint).mean(axis=0)
    )
    return Pass(hidden, output, adjoint, of_times, gradient)


class Descent:
    """Plain gradient descent: w -= rate * gradient."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def step(self, gradient: FloatArray) -> FloatArray:
        return -self.rate * gradient


class Adam:
    """Adam (Kingma and Ba 2015): each weight's gradient divided by its own recent size.

    A gradient a thousand times smaller makes the same step, until it is as small as ``epsilon``.
    """

    def __init__(self, rate: float, memory: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-8) -> None:
        self.rate, self.memory, self.epsilon = rate, memory, epsilon
        self.steps = 0
        self.mean: FloatArray | float = 0.0
        self.square: FloatArray | float = 0.0

    def step(self, gradient: FloatArray) -> FloatArray:
        a, b = self.memory
        self.steps += 1
        self.mean = a * self.mean + (1 - a) * gradient
        self.square = b * self.square + (1 - b) * gradient**2
        size = np.sqrt(self.square / (1 - b**self.steps)) + self.epsilon
        return -self.rate * (self.mean / (1 - a**self.steps)) / size


OPTIMISERS: dict[str, Callable[[float], Descent | Adam]] = {
    "descent": Descent,
    "adam": Adam,
    "adam without epsilon": partial(Adam, epsilon=1e-30),  # not 0, for weights that get no gradient
}


class Report(NamedTuple):
    """The network after an epoch, on held-out trials (before the first epoch too).

    Attributes
    ----------
    objective, accuracy : float
        The mean loss, and the fraction of right answers.
    spikes : float
        Mean number of spikes of a hidden neuron in a trial.
    silent : float
        Fraction of the hidden neurons that spike in no trial.
    signal : float
        Mean over hidden spikes of lambda_V - lambda_I of the right output: earlier, on the whole, if positive.
    strength : float
        Mean over hidden spikes of |dL/dt|.
    """

    objective: float
    accuracy: float
    spikes: float
    silent: float
    signal: float
    strength: float


def report(
    samples: Samples,
    duration: float,
    neuron: LIF,
    weights: Weights,
    loss_of: Callable[[NDArray[np.intp]], Loss],
    evidence: Callable[[Trial], FloatArray],
) -> Report:
    """Measure a network; ``evidence`` gives one number for each output, the largest of which is the answer."""
    loss = loss_of(samples.labels)
    there = differentiate(samples, duration, neuron, weights, loss)
    counts = there.hidden.counts()
    transport = there.adjoint.transport[there.output.where]
    right = np.take_along_axis(transport, samples.labels[there.hidden.trials, np.newaxis], axis=1)
    spikes = max(len(right), 1)
    return Report(
        objective=float(np.mean(loss.value(there.output))),
        accuracy=float(np.mean(np.argmax(evidence(there.output), axis=-1) == samples.labels)),
        spikes=float(counts.mean()),
        silent=float(np.mean(counts.sum(axis=0) == 0)),
        signal=float(right.sum() / spikes),
        strength=float(np.abs(there.spike_times).sum() / spikes),
    )


def train(
    samples: Samples,
    duration: float,
    neuron: LIF,
    weights: Weights,
    loss_of: Callable[[NDArray[np.intp]], Loss],
    *,
    optimiser: str,
    rate: float,
    epochs: int,
    batch: int,
    frozen_output: bool,
    rng: np.random.Generator,
) -> Iterator[Weights]:
    """Descend, and yield the weights after each epoch.

    Parameters
    ----------
    samples, duration, neuron, weights
        What to learn, and where to start.
    loss_of : callable
        The loss for given labels.
    optimiser, rate : str, float
        A key of ``OPTIMISERS`` and its learning rate.
    epochs, batch : int
        Times through the samples, and trials in a step.
    frozen_output : bool
        Whether the output weights stay as they are, so that only the gradient of the hidden layer can learn.
    rng : numpy.random.Generator
        For the order of the trials.
    """
    hidden, output = (OPTIMISERS[optimiser](rate) for _ in range(2))
    for _ in range(epochs):
        order = rng.permutation(len(samples.labels))
        for start in range(0, len(order), batch):
            some = samples.select(order[start : start + batch])
            gradient = differentiate(some, duration, neuron, weights, loss_of(some.labels)).gradient
            weights = Weights(
                weights.hidden + hidden.step(gradient.hidden),
                weights.output if frozen_output else weights.output + output.step(gradient.output),
            )
        yield weights
