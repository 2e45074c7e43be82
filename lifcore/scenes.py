"""The situations that the pages look at: their trials and losses, for pictures and live figures alike."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lifcore._checks import FloatArray
from lifcore.adjoint import Adjoint, backward
from lifcore.gradients import spike_time_gradient
from lifcore.hidden import HiddenGradient, HiddenTrial, hidden_gradient, hidden_layer
from lifcore.losses import (
    CrossEntropyOfFirstSpikes,
    CrossEntropyOfIntegral,
    CrossEntropyOfMaximum,
    CrossEntropyOverTime,
    Loss,
)
from lifcore.neuron import LIF
from lifcore.scan import WeightScan, scan_weight
from lifcore.spikes import spike_train
from lifcore.trial import Trial, corrected_weight, event_trial, forward, readout
from lifcore.weighting import Average, Constant, Exponential, Linear, Sigmoid

STEPS = 1400  # of 1 ms: the original's trial
PAIR = (100.0, 150.0)  # ms: the original's two spikes
KAPPA = 19 / 400  # p (1 - p) at V = 0: the slope of the cross-entropy's drive for 20 classes
LOW_THRESHOLD = 0.1  # one spike of weight 1 reaches it
CLASSES = 20
ONE_OUTPUT = np.eye(1, CLASSES)  # output 1 reads the hidden neuron with weight 1, the others stay at V = 0
CHAIN_DURATION, CHAIN_FIRST, CHAIN_TAU = 400.0, 20.0, 50.0  # ms: trial, first input spike, exponential loss


def pair_trial(
    times: Sequence[float] = PAIR, dt: float = 1.0, corrected: bool = True, duration: float = STEPS
) -> Trial:
    """The original's trial: given spikes and weight 1, with or without its weight correction."""
    neuron = LIF()
    weight = corrected_weight(dt, neuron) if corrected else 1.0
    return forward(spike_train(times, round(duration / dt), dt), dt, neuron, weight)


def largest_error(dt: float, corrected: bool) -> float:
    """max_t |V(t) - sum_k psp(t - t_k)| over the grid, for the original's two spikes."""
    trial = pair_trial(dt=dt, corrected=corrected)
    return float(np.abs(trial.V - sum(trial.neuron.psp(trial.times - spike) for spike in PAIR)).max())


def family(correct: int | None = None) -> dict[str, Loss]:
    """The losses of the book, averaged over time, by their names in figures and tables."""
    losses: dict[str, Loss] = {
        "mean cross-entropy": CrossEntropyOverTime(correct=correct, weighting=Average()),
        "integral": CrossEntropyOfIntegral(correct=correct, weighting=Average(Constant())),
        "exponential": CrossEntropyOfIntegral(correct=correct, weighting=Average(Exponential())),
        "linear": CrossEntropyOfIntegral(correct=correct, weighting=Average(Linear())),
        "sigmoid": CrossEntropyOfIntegral(correct=correct, weighting=Average(Sigmoid())),
        "maximum": CrossEntropyOfMaximum(correct=correct),
    }
    if correct is not None:
        losses["first spike"] = CrossEntropyOfFirstSpikes(correct, theta=LOW_THRESHOLD)
    return losses


def lone_spikes(times: ArrayLike, duration: float = STEPS, classes: int = 20) -> Trial:
    """A batch of trials with a single spike each, of weight 1 to output 0 of ``classes``, on a grid of 1 ms."""
    times = np.asarray(times, dtype=int)
    trains = np.zeros((round(duration), len(times), 1))
    trains[times, np.arange(len(times)), 0] = 1
    weight = np.zeros((1, classes))
    weight[0, 0] = 1.0
    return readout(trains, 1.0, LIF(), weight)


def told(trial: Trial, loss: Loss, times: ArrayLike) -> FloatArray:
    """lambda_V - lambda_I of output 0 at the spike of each of the ``lone_spikes``, shape (times,)."""
    times = np.asarray(times, dtype=int)
    return backward(trial, loss).transport[times, np.arange(len(times)), 0]


def chain_losses(correct: int = 0) -> dict[str, Loss]:
    """Of the pages on the hidden layer, averaged over the trial; output 0 is the one that reads the hidden neuron."""
    return {
        "mean cross-entropy": CrossEntropyOverTime(correct=correct, weighting=Average()),
        "integral": CrossEntropyOfIntegral(correct=correct, weighting=Average()),
        "exponential": CrossEntropyOfIntegral(correct=correct, weighting=Average(Exponential(CHAIN_TAU))),
    }


class Chain(NamedTuple):
    """Input spikes, one hidden neuron, its output, and the way back."""

    hidden: HiddenTrial
    output: Trial
    adjoint: Adjoint
    of_times: FloatArray  # dL/dt of each hidden spike
    gradient: HiddenGradient


def chain(
    weight: float = 8.0, second: float = 60.0, name: str = "exponential", duration: float = CHAIN_DURATION
) -> Chain:
    """One input that spikes at 20 ms and at ``second``, one hidden neuron, one output that reads it, and a loss."""
    hidden = hidden_layer([CHAIN_FIRST, second], duration, LIF(), [[weight]], [0, 0])
    output = hidden.output(ONE_OUTPUT)
    adjoint = backward(output, chain_losses()[name])
    of_times = spike_time_gradient(output, adjoint)
    return Chain(hidden, output, adjoint, of_times, hidden_gradient(hidden, of_times))


def transport_at(this: Chain, loss: Loss, t: FloatArray) -> FloatArray:
    """lambda_V - lambda_I of the output at given times: what a spike of weight 0 there would be told."""
    sources = np.concatenate([this.hidden.neurons, np.ones(len(t), dtype=np.intp)])
    weight = np.vstack([ONE_OUTPUT, np.zeros((1, CLASSES))])
    times = np.concatenate([this.hidden.times, t])
    trial = event_trial(times, this.hidden.duration, this.hidden.neuron, weight, sources)
    return backward(trial, loss).transport[trial.where][len(this.hidden.times) :, 0]


def scan_of(values: FloatArray, name: str = "exponential", second: float | None = 60.0, correct: int = 0) -> WeightScan:
    """The loss along the weight of the one input of ``chain``, which spikes once if ``second`` is None."""
    times = [CHAIN_FIRST] if second is None else [CHAIN_FIRST, second]
    return scan_weight(
        values,
        times,
        CHAIN_DURATION,
        [[0.0]],
        ONE_OUTPUT,
        np.zeros(len(times), dtype=np.intp),
        chain_losses(correct)[name],
    )
