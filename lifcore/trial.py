"""Forward in time: spikes to the current I and the voltage V."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.cascade import cascade
from lifcore.neuron import LIF

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
        Time of each sample in ms.
    h : array, shape (steps,)
        Length in ms of the step from each sample to the next; the last one ends the trial.
    spikes : array of int, shape (steps, ...)
        Spike counts at each sample.
    weight : array, broadcasts against the axes behind time
        Jump of I at a spike, in units of the threshold. Of a mixed trial: shape (hidden, outputs).
    V, I : array, shape (steps, ...)
        Voltage and current in units of the threshold.
    mixed : bool
        Whether spikes has hidden neurons and V output neurons on the last axis, with
        ``weight`` between them.
    spike_steps, sources : array of int, shape (spikes,), or None
        Of an event trial, in the order of its times: the sample at which each spike lies; and,
        if it is mixed, the hidden neuron that it comes from.
    """

    neuron: LIF
    times: FloatArray
    h: FloatArray
    spikes: NDArray[np.int64]
    weight: FloatArray
    V: FloatArray
    I: FloatArray
    mixed: bool = False
    spike_steps: NDArray[np.intp] | None = None
    sources: NDArray[np.intp] | None = None

    @property
    def duration(self) -> float:
        """End of the trial in ms."""
        return float(self.times[-1] + self.h[-1])

    def over_steps(self, values: FloatArray) -> FloatArray:
        """One value for each of some steps, as a column that broadcasts against rows of V."""
        return values.reshape(-1, *(1,) * (self.V.ndim - 1))

    def voltage_after(self, u: FloatArray, rows: Rows = ALL) -> FloatArray:
        """V(t_i + u_i) = V_i e^{-u_i/tau_m} + I_i k(u_i), for u_i in [0, h_i], one for each of ``rows``."""
        leak, psp = self.neuron.leak(u), self.neuron.psp(u)
        return self.V[rows] * self.over_steps(leak) + self.I[rows] * self.over_steps(psp)

    def voltage_at(self, t: ArrayLike) -> FloatArray:
        """V at any times in [0, duration] ms, shape (times, ...), in closed form."""
        t = np.atleast_1d(_checks.finite("t", t))
        for bad in t[(t < 0) | (t > self.duration)].flat:
            raise ValueError(f"t contains {bad} ms, outside the trial; pass times from 0 to {self.duration:g} ms")
        rows = np.searchsorted(self.times, t, side="right") - 1
        return self.voltage_after(t - self.times[rows], rows)


def corrected_weight(dt: float, neuron: LIF) -> float:
    """The original's weight correction, tau_s (1 - e^{-dt/tau_s}) / dt.

    With it the Riemann sum of the unit PSC times dt is tau_s for every dt; every PSP, which was
    right before, shrinks by the same factor. GeNN's ExpCurr and mlGeNN's scale_i use it too.
    """
    dt = _checks.number("dt", dt, unit="ms", above=0.0)
    _check_neuron(neuron)
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
    dt = _checks.number("dt", dt, unit="ms", above=0.0)
    spikes = _checks.finite("spikes", spikes)
    if spikes.ndim == 0 or len(spikes) == 0:
        raise ValueError(f"spikes has shape {spikes.shape}; pass an array with time first and at least one step")
    steps = len(spikes)
    return propagate(np.arange(steps) * dt, np.full(steps, dt), spikes, neuron, weight)


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
    trial_of_hidden = forward(spikes, dt, neuron, 1.0)
    return propagate(trial_of_hidden.times, trial_of_hidden.h, trial_of_hidden.spikes, neuron, weight, mixed=True)


def event_trial(
    times: ArrayLike, duration: float, neuron: LIF, weight: ArrayLike = 1.0, sources: ArrayLike | None = None
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

    Raises
    ------
    ValueError
        If a time is outside [0, duration] or not finite, or a source is no row of the weights.
    """
    duration = _checks.number("duration", duration, unit="ms", above=0.0)
    _check_neuron(neuron)
    times = _checks.finite("times", times)
    if times.ndim != 1:
        raise ValueError(f"times has shape {times.shape}; pass a flat list of spike times in ms")
    for bad in np.flatnonzero((times < 0) | (times > duration)):
        raise ValueError(f"times[{bad}] is {times[bad]} ms, outside the trial; pass times from 0 to {duration:g} ms")
    pieces = min(int(np.ceil(duration / min(neuron.tau_m, neuron.tau_s))), MOST_PIECES)
    samples = np.unique(np.concatenate([np.linspace(0.0, duration, pieces + 1), times]))
    spike_steps = np.searchsorted(samples, times)
    # The last sample is the end of the trial itself, so that a spike can lie there; its step has no length.
    h = np.diff(samples, append=duration)
    if sources is None:
        spikes = np.bincount(spike_steps, minlength=len(samples)).astype(float)
        return replace(propagate(samples, h, spikes, neuron, weight), spike_steps=spike_steps)
    weight, sources = _matrix(weight), np.asarray(sources)
    if sources.shape != times.shape or sources.dtype.kind not in "iu" and sources.size:
        raise ValueError(f"sources is {sources}; pass one hidden neuron's index for each of the {len(times)} spikes")
    sources = sources.astype(np.intp)
    for bad in np.flatnonzero((sources < 0) | (sources >= len(weight))):
        raise ValueError(
            f"sources[{bad}] is {sources[bad]}, but weight has {len(weight)} rows; pass an index of its rows"
        )
    spikes = np.zeros((len(samples), len(weight)))
    np.add.at(spikes, (spike_steps, sources), 1.0)
    trial = propagate(samples, h, spikes, neuron, weight, mixed=True)
    return replace(trial, spike_steps=spike_steps, sources=sources)


def propagate(
    times: FloatArray, h: FloatArray, spikes: FloatArray, neuron: LIF, weight: ArrayLike, mixed: bool = False
) -> Trial:
    """Run the forward cascade over steps of lengths ``h`` that start at ``times``."""
    _check_neuron(neuron)
    for bad in spikes[(spikes < 0) | (spikes != np.rint(spikes)) | (spikes > MOST_SPIKES)].flat:
        raise ValueError(f"spikes contains {bad:g}, which is no count; pass 0, 1, 2, ... and scale with weight")
    if mixed:
        weight = _matrix(weight)
        if spikes.ndim < 2 or spikes.shape[-1] != len(weight):
            raise ValueError(
                f"weight has shape {weight.shape}, but spikes {spikes.shape}; "
                "pass one row of weights for each hidden neuron, the last axis of spikes"
            )
        kicks = spikes @ weight
    else:
        weight = _checks.finite("weight", weight)
        try:
            batch = np.broadcast_shapes(spikes.shape[1:], weight.shape)
        except ValueError:
            raise ValueError(
                f"weight has shape {weight.shape}, which does not fit the batch {spikes.shape[1:]} of spikes; "
                "pass one number or one for each train"
            ) from None
        spikes = spikes.reshape(len(h), *(1,) * (len(batch) + 1 - spikes.ndim), *spikes.shape[1:])
        spikes = np.broadcast_to(spikes, (len(h), *batch))
        kicks = spikes * weight
    before = np.concatenate([[0.0], h[:-1]])  # length of the step that leads to each sample
    I, V = cascade(
        kicks, np.broadcast_to(0.0, kicks.shape), neuron.psc(before), neuron.leak(before), neuron.psp(before)
    )
    return Trial(neuron, times, h, spikes.astype(np.int64), weight, V, I, mixed)


def _check_neuron(neuron: LIF) -> None:
    if not isinstance(neuron, LIF):
        raise ValueError(f"neuron is {neuron!r}; pass lifcore.LIF(tau_m, tau_s)")


def _matrix(weight: ArrayLike) -> FloatArray:
    weight = _checks.finite("weight", weight)
    if weight.ndim != 2:
        raise ValueError(f"weight has shape {weight.shape}; pass a matrix of shape (hidden, outputs)")
    return weight
