"""Forward in time: spikes to the current I and the voltage V."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.cascade import cascade
from lifcore.neuron import LIF
from lifcore.spikes import rank_in_trial

Rows = slice | NDArray[np.intp]  # some of the steps of a trial
ALL = slice(None)
MOST_SPIKES = 10**9  # in one step; more is a mistake
MOST_PIECES = 2000  # between the spikes of an event trial; where that is too few the quadrature cuts the steps


@dataclass(frozen=True)
class Trial:
    """One trial, or a batch of them, over [0, duration], from rest.

    Sample i is the state at ``times[i]``, just after the spikes of that time. Between samples
    V is known in closed form (``voltage_after``), so that nothing is lost by a coarse grid.

    Attributes
    ----------
    times : array, shape (steps,)
        Time of each sample in ms; of event trials in a batch, each with samples of its own, (steps, batch).
    h : array, like ``times``
        Length in ms of the step from each sample to the next; the last one ends the trial.
    spikes : array of int, shape (steps, ...), or None
        Spike counts at each sample. None for event trials in a batch: ``spike_steps``, ``sources`` and
        ``trials`` say it in less room.
    weight : array, broadcasts against the axes behind time
        Jump of I at a spike, in units of the threshold. Of a mixed trial: shape (hidden, outputs).
    V, I : array, shape (steps, ...)
        Voltage and current in units of the threshold.
    mixed : bool
        Whether spikes has hidden neurons and V output neurons on the last axis, with
        ``weight`` between them.
    spike_steps, sources, trials : array of int, shape (spikes,), or None
        Of an event trial, in the order of its times: the sample at which each spike lies; if it is
        mixed, the hidden neuron that it comes from; and in a batch, the trial that it belongs to.
    """

    neuron: LIF
    times: FloatArray
    h: FloatArray
    spikes: NDArray[np.int64] | None
    weight: FloatArray
    V: FloatArray
    I: FloatArray
    mixed: bool = False
    spike_steps: NDArray[np.intp] | None = None
    sources: NDArray[np.intp] | None = None
    trials: NDArray[np.intp] | None = None

    @property
    def duration(self) -> float:
        """End of the trial in ms."""
        return float((self.times[-1] + self.h[-1]).flat[0])

    @property
    def where(self) -> tuple[NDArray[np.intp], ...]:
        """Of an event trial: the index of each spike's sample, and trial, into V."""
        if self.spike_steps is None:
            raise ValueError("the trial is on a grid; its spikes are where spikes > 0")
        return (self.spike_steps,) if self.trials is None else (self.spike_steps, self.trials)

    def over_steps(self, values: FloatArray) -> FloatArray:
        """Values for some steps, of the shape of ``times`` there, so that they broadcast against rows of V."""
        return _columns(values, self.V)

    def sample_before(self, t: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
        """The last sample at or before times of the shape of V[0], and how long before them it is in ms."""
        times = np.broadcast_to(self.over_steps(self.times), self.V.shape)
        step = np.sum(times <= t, axis=0) - 1
        return step, t - np.take_along_axis(times, step[np.newaxis], axis=0)[0]

    def voltage_after(self, u: FloatArray, rows: Rows = ALL) -> FloatArray:
        """V(t_i + u_i) = V_i e^{-u_i/tau_m} + I_i k(u_i), for u_i in [0, h_i], one for each of ``rows``."""
        leak, psp = self.neuron.leak(u), self.neuron.psp(u)
        return self.V[rows] * self.over_steps(leak) + self.I[rows] * self.over_steps(psp)

    def voltage_at(self, t: ArrayLike) -> FloatArray:
        """V at any times in [0, duration] ms, shape (times, ...), in closed form."""
        t = np.atleast_1d(_checks.finite("t", t))
        for bad in t[(t < 0) | (t > self.duration)].flat:
            raise ValueError(f"t contains {bad} ms, outside the trial; pass times from 0 to {self.duration:g} ms")
        if self.times.ndim > 1:
            raise ValueError(
                f"times has shape {self.times.shape}; ask for V at given times of one trial, not of a batch"
            )
        rows = np.searchsorted(self.times, t, side="right") - 1
        return self.voltage_after(t - self.times[rows], rows)


def corrected_weight(dt: float, neuron: LIF) -> float:
    """The original's weight correction, tau_s (1 - e^{-dt/tau_s}) / dt.

    With it the Riemann sum of the unit PSC times dt is tau_s for every dt; every PSP, which was
    right before, shrinks by the same factor. GeNN's ExpCurr and mlGeNN's scale_i use it too.
    """
    dt = _checks.number("dt", dt, unit="ms", above=0.0)
    check_neuron(neuron)
    return neuron.tau_s * (1.0 - float(np.exp(-dt / neuron.tau_s))) * (1.0 / dt)


def forward(spikes: ArrayLike, dt: float, neuron: LIF, weight: ArrayLike = 1.0) -> Trial:
    """Integrate the neuron from rest with its exact one-step propagator.

        V(t + dt) = e^{-dt/tau_m} V + k(dt) I,    I(t + dt) = e^{-dt/tau_s} I,    then I += weight * spikes.

    Exact at every grid point for spikes on the grid, whatever dt (Rotter and Diesmann 1999).

    Parameters
    ----------
    spikes : array_like, shape (steps, ...)
        Spike counts at 0, dt, ...; trailing axes are a batch.
    dt : float
        Time step in ms.
    neuron : LIF
    weight : float or array_like
        Jump of I at a spike; broadcasts against the batch axes.

    Raises
    ------
    ValueError
        If dt is not positive, spikes are no counts, or weight does not fit the batch.
    """
    times, h, spikes = _on_grid(spikes, dt, neuron)
    weight = _checks.finite("weight", weight)
    try:
        batch = np.broadcast_shapes(spikes.shape[1:], weight.shape)
    except ValueError:
        raise ValueError(
            f"weight has shape {weight.shape}, which does not fit the batch {spikes.shape[1:]} of spikes; "
            "pass one number or one for each train"
        ) from None
    steps = len(spikes)
    spikes = spikes.reshape(steps, *(1,) * (len(batch) + 1 - spikes.ndim), *spikes.shape[1:])
    spikes = np.broadcast_to(spikes, (steps, *batch))
    V, I = propagate(h, spikes * weight, neuron)
    return Trial(neuron, times, h, spikes.astype(np.int64), weight, V, I)


def readout(spikes: ArrayLike, dt: float, neuron: LIF, weight: ArrayLike) -> Trial:
    """Several output neurons that read several hidden ones: I of output k jumps by sum_h spikes_h weight_hk.

    Parameters
    ----------
    spikes : array_like, shape (steps, ..., hidden)
        Spike counts of the hidden neurons at 0, dt, ...
    dt, neuron
        As in ``forward``.
    weight : array_like, shape (hidden, outputs)

    Returns
    -------
    Trial
        With V and I of shape (steps, ..., outputs). For losses with ``correct``.
    """
    times, h, spikes = _on_grid(spikes, dt, neuron)
    weight = _checks.matrix("weight", weight, "(hidden, outputs)")
    if spikes.ndim < 2 or spikes.shape[-1] != len(weight):
        raise ValueError(
            f"weight has shape {weight.shape}, but spikes {spikes.shape}; "
            "pass one row of weights for each hidden neuron, the last axis of spikes"
        )
    V, I = propagate(h, spikes @ weight, neuron)
    return Trial(neuron, times, h, spikes.astype(np.int64), weight, V, I, mixed=True)


def event_trial(
    times: ArrayLike,
    duration: float,
    neuron: LIF,
    weight: ArrayLike = 1.0,
    sources: ArrayLike | None = None,
    trials: ArrayLike | None = None,
    batch: int | None = None,
) -> Trial:
    """The same neuron, event-driven: spikes at any times, no time step.

    The samples are the spike times themselves and, between them, points no further apart than the
    shorter time constant, which only spare the quadrature work. ``backward``, the losses and the
    gradients take such a trial like any other; the gradients then have one entry for each spike.

    Parameters
    ----------
    times : array_like, shape (spikes,)
        Spike times in ms, in [0, duration], in any order; equal times count each.
    duration : float
        Length of the trial in ms.
    neuron : LIF
    weight : float or array_like
        Jump of I at a spike; an array makes a batch.
    sources : array_like of int, shape (spikes,), optional
        Which hidden neuron each spike comes from. The weight is then a matrix of shape (hidden, outputs), as
        in ``readout``.
    trials : array_like of int, shape (spikes,), optional
        With ``sources``: which trial each spike belongs to, 0, 1, ..., ``batch`` - 1, for many trials at once.
    batch : int, optional
        With ``trials``: how many trials there are; some may be without a spike.

    Raises
    ------
    ValueError
        If a time is outside [0, duration] or not finite, a source is no row of the weights, or a
        trial is not in the batch.
    """
    duration = _checks.number("duration", duration, unit="ms", above=0.0)
    check_neuron(neuron)
    times = _checks.times_within("times", times, duration)
    owner, count = _checks.in_batch(trials, batch, len(times))
    if trials is not None and sources is None:
        raise ValueError("sources is None, but trials is not; say which hidden neuron each spike comes from")
    if sources is None:
        weight = _checks.finite("weight", weight)
    else:
        weight = _checks.matrix("weight", weight, "(hidden, outputs)")
        sources = _checks.indices("sources", sources, len(times), len(weight), "rows of weight")

    samples, spike_steps = _samples(times, owner, count, duration, min(neuron.tau_m, neuron.tau_s))
    # The last sample is the end of the trial itself, so that a spike can lie there; its step has no length.
    h = np.diff(samples, axis=0, append=duration)
    outputs = weight.shape if sources is None else weight.shape[1:]
    kicks = np.zeros((*samples.shape, *outputs))
    np.add.at(kicks, (spike_steps, owner), weight if sources is None else weight[sources])
    if trials is not None:
        V, I = propagate(h, kicks, neuron)
        return Trial(neuron, samples, h, None, weight, V, I, True, spike_steps, sources, owner)
    samples, h = samples[:, 0], h[:, 0]
    V, I = propagate(h, kicks[:, 0], neuron)
    spikes = np.zeros((len(samples), *(weight.shape[:1] if sources is not None else ())), dtype=np.int64)
    np.add.at(spikes, spike_steps if sources is None else (spike_steps, sources), 1)
    spikes = np.broadcast_to(_columns(spikes, V), V.shape) if sources is None else spikes
    return Trial(neuron, samples, h, spikes, weight, V, I, sources is not None, spike_steps, sources)


def _samples(
    times: FloatArray, owner: NDArray[np.intp], batch: int, duration: float, longest: float
) -> tuple[FloatArray, NDArray[np.intp]]:
    """Samples of each trial at its spikes and at least every ``longest`` ms, shape (steps, batch); where each spike is.

    A trial with fewer spikes than others waits at its end: steps of no length change nothing.
    """
    grid = np.linspace(0.0, duration, min(int(np.ceil(duration / longest)), MOST_PIECES) + 1)
    # At equal times the points of the grid come first, so that no sample stands before its spikes.
    everything = np.concatenate([np.tile(grid, batch), times])
    trial = np.concatenate([np.repeat(np.arange(batch), len(grid)), owner])
    step, size = rank_in_trial(everything, trial, batch)
    samples = np.full((size.max(), batch), duration)
    samples[step, trial] = everything
    return samples, step[len(everything) - len(times) :]


def propagate(h: FloatArray, kicks: FloatArray, neuron: LIF) -> tuple[FloatArray, FloatArray]:
    """V and I, shape (steps, ...), from jumps of I at samples that are ``h`` ms apart."""
    before = _columns(np.concatenate([np.zeros_like(h[:1]), h[:-1]]), kicks)  # the step that leads to each sample
    I, V = cascade(
        kicks, np.broadcast_to(0.0, kicks.shape), neuron.psc(before), neuron.leak(before), neuron.psp(before)
    )
    return V, I


def _columns(values: FloatArray, against: FloatArray) -> FloatArray:
    return values.reshape(values.shape + (1,) * (against.ndim - values.ndim))


def check_neuron(neuron: LIF) -> None:
    if not isinstance(neuron, LIF):
        raise ValueError(f"neuron is {neuron!r}; pass lifcore.LIF(tau_m, tau_s)")


def _on_grid(counts: ArrayLike, dt: float, neuron: LIF) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sample times, lengths of the steps, and checked counts of a trial on the grid of ``dt``."""
    dt = _checks.number("dt", dt, unit="ms", above=0.0)
    spikes = _checks.finite("spikes", counts)
    if spikes.ndim == 0 or len(spikes) == 0:
        raise ValueError(f"spikes has shape {spikes.shape}; pass an array with time first and at least one step")
    check_neuron(neuron)
    for bad in spikes[(spikes < 0) | (spikes != np.rint(spikes)) | (spikes > MOST_SPIKES)].flat:
        raise ValueError(f"spikes contains {bad:g}, which is no count; pass 0, 1, 2, ... and scale with weight")
    return np.arange(len(spikes), dtype=float) * dt, np.full(len(spikes), dt), spikes
