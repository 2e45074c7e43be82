"""Hidden neurons with a threshold, event-driven: spikes in, spikes out, and the gradient on its way back.

    V reaches theta from below: a spike; then V = 0, and I goes on as it was.

Between two input spikes V is known in closed form and has at most one maximum, so that no crossing is missed
and each is solved to rounding, without a time grid.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.adjoint import backward
from lifcore.crossings import time_to_peak, time_to_reach
from lifcore.differences import derivative
from lifcore.gradients import GradientCheck, compare, spike_time_gradient, weight_gradient
from lifcore.losses import Loss
from lifcore.neuron import LIF
from lifcore.spikes import rank_in_trial
from lifcore.trial import Trial, check_neuron, event_trial

MOST_SPIKES = 100_000  # of one hidden neuron in one trial; more is a mistake


@dataclass(frozen=True)
class Arrivals:
    """The input spikes of a batch, in the order in which they arrive in each trial.

    Attributes
    ----------
    times : array, shape (arrivals + 1, batch)
        In ms; where a trial has no more input spikes, and in the last row, the end of the trial.
    sources : array of int, shape (arrivals, batch)
        The input neuron, a row of the weights; one past the last row where there is no spike.
    rank, trials : array of int, shape (input spikes,)
        Where each input spike stands in these arrays, in the order in which it was given.
    """

    times: FloatArray
    sources: NDArray[np.intp]
    rank: NDArray[np.intp]
    trials: NDArray[np.intp]


@dataclass(frozen=True)
class HiddenTrial:
    """The spikes of hidden neurons, in one trial or in a batch of them.

    Attributes
    ----------
    times, neurons, trials : array, shape (spikes,)
        When each hidden spike is, in ms; which neuron's; and in which trial. In the order of trials and times.
    I : array, shape (spikes,)
        The neuron's current at its spike, in units of the threshold: tau_m dV/dt = I - theta there.
    arrival : array of int, shape (spikes,)
        The last arrival (row of ``arrivals``) before each spike.
    weight : array, shape (inputs, hidden)
    batch : int or None
        Number of trials; None for a single one without an axis of trials.
    """

    neuron: LIF
    duration: float
    theta: float
    weight: FloatArray
    arrivals: Arrivals
    batch: int | None
    times: FloatArray
    neurons: NDArray[np.intp]
    trials: NDArray[np.intp]
    I: FloatArray
    arrival: NDArray[np.intp]

    @property
    def units(self) -> NDArray[np.intp]:
        """trial * hidden + neuron of each spike: one number for a neuron in a trial."""
        return self.trials * self.weight.shape[1] + self.neurons

    @property
    def units_in_all(self) -> int:
        """How many such numbers there are: trials times hidden neurons."""
        return self.arrivals.times.shape[1] * self.weight.shape[1]

    def output(self, weight: ArrayLike) -> Trial:
        """The output neurons that read these spikes, by weights of shape (hidden, outputs); see ``event_trial``."""
        trials = None if self.batch is None else self.trials
        return event_trial(self.times, self.duration, self.neuron, weight, self.neurons, trials, self.batch)

    def counts(self) -> NDArray[np.intp]:
        """How often each hidden neuron spikes, shape (..., hidden)."""
        counts = np.bincount(self.units, minlength=self.units_in_all)
        return counts if self.batch is None else counts.reshape(self.batch, self.weight.shape[1])

    def voltage_at(self, t: ArrayLike) -> FloatArray:
        """V of each hidden neuron at given times of a single trial, shape (times, hidden).

            V(t) = sum_e w_e k(t - t_e) - theta sum_s e^{-(t - t_s)/tau_m}

        over input spikes e and own spikes s up to t: a reset takes theta away.
        """
        if self.batch is not None:
            raise ValueError(f"batch is {self.batch}; ask for V at given times of a single trial")
        t = np.atleast_1d(_checks.finite("t", t))[:, np.newaxis]
        arrived, sources = self.arrivals.times[:-1, 0], self.arrivals.sources[:, 0]
        V = self.neuron.psp(t - arrived) @ self.weight[sources]
        since = t - self.times
        lost = np.where(since >= 0.0, self.neuron.leak(np.maximum(since, 0.0)), 0.0)
        return V - self.theta * lost @ (self.neurons[:, np.newaxis] == np.arange(self.weight.shape[1]))


def hidden_layer(
    times: ArrayLike,
    duration: float,
    neuron: LIF,
    weight: ArrayLike,
    sources: ArrayLike,
    trials: ArrayLike | None = None,
    batch: int | None = None,
    theta: float = 1.0,
) -> HiddenTrial:
    """Run input spikes through a layer of neurons with a threshold.

        tau_m dV/dt = -V + I,  tau_s dI/dt = -I,  V = theta: a spike, V = 0 and I untouched.

    Parameters
    ----------
    times : array_like, shape (input spikes,)
        In ms, in [0, duration], in any order.
    duration : float
        Length of the trial in ms.
    neuron : LIF
    weight : array_like, shape (inputs, hidden)
        Jump of I at an input spike, in units of the threshold.
    sources : array_like of int, shape (input spikes,)
        Which input neuron each spike comes from: a row of the weights.
    trials, batch : array_like of int, shape (input spikes,), and int, optional
        For many trials at once: which one each spike belongs to, and how many there are.
    theta : float
        Threshold, positive.

    Raises
    ------
    ValueError
        If a time, source or trial does not fit, or the weights would make a neuron spike without end.

    Notes
    -----
    A V that just touches theta counts as a spike. Source of the dynamics: Wunderlich and Pehle 2021.
    """
    duration = _checks.number("duration", duration, unit="ms", above=0.0)
    theta = _checks.number("theta", theta, above=0.0)
    check_neuron(neuron)
    weight = _checks.matrix("weight", weight, "(inputs, hidden)")
    times = _checks.times_within("times", times, duration)
    sources = _checks.indices("sources", sources, len(times), len(weight), "rows of weight")
    owner, count = _checks.in_batch(trials, batch, len(times))
    # From the last V = 0 to a spike tau_m theta <= int I dt, of which no more than tau_s sum w comes in, over w > 0.
    charge = np.zeros((count, weight.shape[1]))
    np.add.at(charge, owner, np.maximum(weight, 0.0)[sources])
    most = neuron.tau_s * charge.max(initial=0.0) / (neuron.tau_m * theta)
    if most > MOST_SPIKES:
        raise ValueError(
            f"weight would make a neuron spike some {most:.0e} times; pass smaller weights or fewer spikes"
        )

    rank, size = rank_in_trial(times, owner, count)
    arrived = np.full((size.max() + 1, count), duration)
    arrived[rank, owner] = times
    rows = np.full((len(arrived) - 1, count), len(weight))
    rows[rank, owner] = sources
    spikes = _fire(arrived, rows, neuron, weight, theta)
    order = np.lexsort((spikes.times, spikes.units // weight.shape[1]))
    trial_of, neuron_of = np.divmod(spikes.units[order], weight.shape[1])
    t, I, arrival = spikes.times[order], spikes.I[order], spikes.arrival[order]
    arrivals = Arrivals(arrived, rows, rank, owner)
    return HiddenTrial(neuron, duration, theta, weight, arrivals, batch, t, neuron_of, trial_of, I, arrival)


class _Fired(NamedTuple):
    times: FloatArray
    units: NDArray[np.intp]  # trial * hidden + neuron
    I: FloatArray
    arrival: NDArray[np.intp]


def _fire(arrived: FloatArray, rows: NDArray[np.intp], neuron: LIF, weight: FloatArray, theta: float) -> _Fired:
    """All crossings of a batch: from one arrival to the next, in all neurons at once."""
    hidden, batch = weight.shape[1], arrived.shape[1]
    with_none = _and_none(weight)
    V, I = np.zeros((batch, hidden)), np.zeros((batch, hidden))
    fired = [_Fired(np.zeros(0), np.zeros(0, dtype=np.intp), np.zeros(0), np.zeros(0, dtype=np.intp))]
    for arrival, (row, start, end) in enumerate(zip(rows, arrived, arrived[1:], strict=False)):
        I = I + with_none[row]
        # Only these can spike: where V reaches theta it does not fall, so that I >= V = theta, and I only decays.
        units = np.flatnonzero(theta <= I)
        v, i, now, end_of = V.flat[units], I.flat[units], start[units // hidden], end[units // hidden]
        h = (end - start)[:, np.newaxis]
        V, I = V * neuron.leak(h) + I * neuron.psp(h), I * neuron.psc(h)
        while units.size:
            room = np.minimum(time_to_peak(neuron, v, i), end_of - now)
            spikes = v * neuron.leak(room) + i * neuron.psp(room) >= theta
            units, v, i, now, end_of, room = (x[spikes] for x in (units, v, i, now, end_of, room))
            u = time_to_reach(neuron, v, i, theta, room)
            v, i, now = np.zeros_like(v), i * neuron.psc(u), np.minimum(now + u, end_of)
            fired.append(_Fired(now, units, i, np.full(units.shape, arrival)))
            V.flat[units] = i * neuron.psp(end_of - now)  # if it is the last one before the next arrival
    return _Fired(*(np.concatenate(parts) for parts in zip(*fired, strict=True)))


class HiddenGradient(NamedTuple):
    """What ``hidden_gradient`` returns.

    Attributes
    ----------
    weight : array, shape (..., inputs, hidden)
        dL/dw, one matrix for each trial of a batch.
    times : array, shape (input spikes,)
        dL/dt of each input spike, per ms, in the order in which they were given.
    lambda_V, lambda_I : array, shape (hidden spikes,)
        The adjoint variables of the neuron just before each of its spikes.
    lambda_V_after : array, shape (hidden spikes,)
        lambda_V just after it: the jump is what lies between.
    """

    weight: FloatArray
    times: FloatArray
    lambda_V: FloatArray
    lambda_I: FloatArray
    lambda_V_after: FloatArray


def hidden_gradient(hidden: HiddenTrial, gradient: ArrayLike) -> HiddenGradient:
    r"""Carry the gradient in the hidden spikes' times back to the input weights and the input spikes' times.

    Between spikes the lambdas of a hidden neuron run free of any drive. At its spike, backward in time,

        lambda_V^- = lambda_V^+ + [theta lambda_V^+ + dL/dt_s] / (I - theta),   lambda_I continuous,

    with dL/dt_s the gradient that the outputs give to the time of the spike; and

        dL/dw = -tau_s sum lambda_I,    dL/dt = sum_h w_h (lambda_V - lambda_I)_h    at the input spikes.

    A neuron that does not spike has lambda_V = lambda_I = 0: its weights get nothing. As a V hardly
    more than touches theta, I - theta goes to 0 and the gradient grows without bound, as the
    derivative of the spike's time does; nothing is clamped. Source: Wunderlich and Pehle 2021.

    Parameters
    ----------
    hidden : HiddenTrial
    gradient : array_like, shape (hidden spikes,)
        dL/dt_s per ms: ``lifcore.spike_time_gradient(output, adjoint)`` for ``output = hidden.output(weight)``.

    Raises
    ------
    ValueError
        If there is not one gradient for each hidden spike, or a V just touches theta, where there is no gradient.
    """
    of_times = _checks.finite("gradient", gradient)
    if of_times.shape != hidden.times.shape:
        raise ValueError(
            f"gradient has shape {of_times.shape}; pass one number for each of the {len(hidden.times)} hidden spikes"
        )
    for bad in np.flatnonzero(hidden.I - hidden.theta <= 0.0):
        raise ValueError(
            f"V of hidden neuron {hidden.neurons[bad]} only touches the threshold at {hidden.times[bad]} ms, "
            "where the loss has no gradient; change the weights a little"
        )
    lambda_V, lambda_I, after = _at_own_spikes(hidden, of_times)
    of_weight, of_arrivals = _at_arrivals(hidden, lambda_V, lambda_I)
    of_weight = of_weight[0] if hidden.batch is None else of_weight
    return HiddenGradient(
        of_weight, of_arrivals[hidden.arrivals.rank, hidden.arrivals.trials], lambda_V, lambda_I, after
    )


def hidden_lambdas(hidden: HiddenTrial, gradient: HiddenGradient, t: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """lambda_V and lambda_I of each hidden neuron at given times of a single trial, each of shape (times, hidden).

    At a spike itself they are those just before it; after the last spike of a neuron they are 0.
    ``gradient`` must be that of this trial.
    """
    if hidden.batch is not None:
        raise ValueError(f"batch is {hidden.batch}; ask for lambdas at given times of a single trial")
    t = np.atleast_1d(_checks.finite("t", t))
    lambda_V, lambda_I = np.zeros((2, len(t), hidden.weight.shape[1]))
    for neuron in range(hidden.weight.shape[1]):
        mine = np.flatnonzero(hidden.neurons == neuron)
        following = np.searchsorted(hidden.times[mine], t)
        alive = following < len(mine)
        next_ = mine[following[alive]]
        u = hidden.times[next_] - t[alive]
        lambda_V[alive, neuron], lambda_I[alive, neuron] = _free(
            hidden.neuron, gradient.lambda_V[next_], gradient.lambda_I[next_], u
        )
    return lambda_V, lambda_I


def _at_own_spikes(hidden: HiddenTrial, of_times: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """lambda_V and lambda_I just before each hidden spike, and lambda_V just after it."""
    lambda_V, lambda_I, after = (np.zeros(len(of_times)) for _ in range(3))
    place, spikes_of = rank_in_trial(hidden.times, hidden.units, hidden.units_in_all)
    from_last = spikes_of[hidden.units] - 1 - place
    following = np.empty(hidden.units_in_all, dtype=np.intp)  # the next spike of each neuron
    for turn in range(spikes_of.max(initial=0)):  # the last spikes of all neurons, those before them, ...
        now = np.flatnonzero(from_last == turn)
        if turn:
            next_ = following[hidden.units[now]]
            u = hidden.times[next_] - hidden.times[now]
            after[now], lambda_I[now] = _free(hidden.neuron, lambda_V[next_], lambda_I[next_], u)
        jump = (hidden.theta * after[now] + of_times[now]) / (hidden.I[now] - hidden.theta)
        lambda_V[now] = after[now] + jump
        following[hidden.units[now]] = now
    return lambda_V, lambda_I, after


def _at_arrivals(hidden: HiddenTrial, lambda_V: FloatArray, lambda_I: FloatArray) -> tuple[FloatArray, FloatArray]:
    """dL/dw of each trial, shape (batch, inputs, hidden), and dL/dt of each arrival, shape (arrivals, batch)."""
    neuron, arrivals, weight = hidden.neuron, hidden.arrivals, hidden.weight
    batch, neurons = arrivals.times.shape[1], weight.shape[1]
    with_none = _and_none(weight)
    of_weight, of_times = np.zeros((batch, *with_none.shape)), np.empty(arrivals.sources.shape)
    following = np.full(hidden.units_in_all, -1)
    order = np.argsort(hidden.arrival, kind="stable")
    bounds = np.searchsorted(hidden.arrival[order], np.arange(len(of_times) + 1))
    for k in reversed(range(len(of_times))):
        here = order[bounds[k] : bounds[k + 1]][::-1]
        following[hidden.units[here]] = here  # the earliest of a neuron is written last, and stays
        alive = np.flatnonzero(following >= 0)
        next_ = following[alive]
        u = hidden.times[next_] - arrivals.times[k][alive // neurons]
        of_V, of_I = np.zeros((2, batch, neurons))
        of_V.flat[alive], of_I.flat[alive] = _free(neuron, lambda_V[next_], lambda_I[next_], u)
        row = arrivals.sources[k]
        of_weight[np.arange(batch), row] -= neuron.tau_s * of_I
        of_times[k] = np.sum(with_none[row] * (of_V - of_I), axis=-1)
    return of_weight[:, :-1], of_times


def _and_none(weight: FloatArray) -> FloatArray:
    """The weights with a row of zeros behind them, for no spike at all."""
    return np.vstack([weight, np.zeros((1, weight.shape[1]))])


def _free(neuron: LIF, lambda_V: FloatArray, lambda_I: FloatArray, u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The lambdas ``u`` ms before they had these values, with no spike and no drive in between."""
    couple = neuron.tau_m / neuron.tau_s * neuron.psp(u)
    return lambda_V * neuron.leak(u), lambda_I * neuron.psc(u) + couple * lambda_V


def check_hidden_gradient(
    loss: Loss,
    times: ArrayLike,
    duration: float,
    weight: ArrayLike,
    output_weight: ArrayLike,
    sources: ArrayLike,
    neuron: LIF | None = None,
    step: float = 0.01,
) -> GradientCheck:
    """Compare the gradients of a network with one hidden layer with finite differences, as ``check_gradient`` does.

    In the input spikes' times, the input weights and the output weights, in this order; errors
    relative to the largest gradient of each kind. Differences say nothing where a spike is about to appear or vanish.

    Parameters
    ----------
    loss : Loss
    times, duration, weight, sources, neuron
        As in ``hidden_layer``, a single trial; the standard neuron by default.
    output_weight : array_like, shape (hidden, outputs)
    step : float
        The longest step of the differences, in ms and in units of the weights.
    """
    neuron = LIF() if neuron is None else neuron
    parts = [np.asarray(x, dtype=float) for x in (times, weight, output_weight)]
    cuts = np.cumsum([part.size for part in parts])
    at = np.concatenate([part.ravel() for part in parts])

    def network(values: FloatArray) -> tuple[HiddenTrial, Trial]:
        t, w, w_out = (x.reshape(p.shape) for x, p in zip(np.split(values, cuts[:-1]), parts, strict=True))
        hidden = hidden_layer(t, duration, neuron, w, sources)
        return hidden, hidden.output(w_out)

    def loss_at(k: int, moved: float) -> float:
        changed = at.copy()
        changed[k] = moved
        return float(loss.value(network(changed)[1]))

    hidden, output = network(at)
    adjoint = backward(output, loss)
    gradient = hidden_gradient(hidden, spike_time_gradient(output, adjoint))
    analytic = np.concatenate([gradient.times, gradient.weight.ravel(), weight_gradient(output, adjoint).ravel()])
    room = [(0.0, duration) if k < cuts[0] else (-np.inf, np.inf) for k in range(len(at))]
    numeric = np.array([derivative(partial(loss_at, k), at[k], *room[k], step) for k in range(len(at))])
    return compare(analytic, numeric, cuts[:-1].tolist())
