"""Spike trains on a time grid: given, or drawn from a rate.

Step i of a grid is the time i * dt; a train is an array of spike counts, time first.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifcore import _checks
from lifcore._checks import FloatArray

# A spike counts as lying on the grid if it is this close to it, in steps, plus the rounding of t / dt.
GRID_TOLERANCE = 1e-9
CERTAIN = 37.0  # e^-37 is less than the rounding of 1 - p


def spike_train(times: ArrayLike, steps: int, dt: float) -> NDArray[np.int64]:
    """Spike times as counts on the grid 0, dt, ..., (steps - 1) dt.

    Parameters
    ----------
    times : array_like, shape (spikes,)
        Spike times in ms, in any order, each on the grid. Equal times count up.
    steps : int
        Number of steps; the trial covers [0, steps * dt].
    dt : float
        Time step in ms.

    Returns
    -------
    array of int, shape (steps,)

    Raises
    ------
    ValueError
        If a time is negative, beyond the trial, not finite or off the grid. No spike is ever dropped.
    """
    steps, dt = _checks.count("steps", steps), _checks.number("dt", dt, unit="ms", above=0.0)
    times = _checks.finite("times", times)
    if times.ndim != 1:
        raise ValueError(f"times has shape {times.shape}; pass a flat list of spike times in ms")
    position = times / dt
    step = np.rint(position)
    last = (steps - 1) * dt
    tolerance = GRID_TOLERANCE + 4 * np.finfo(float).eps * np.abs(position)
    off_grid = np.abs(position - step) > tolerance
    for bad in np.flatnonzero(off_grid & (times >= 0) & (position < steps)):
        raise ValueError(
            f"times[{bad}] is {times[bad]} ms, not on the grid of dt = {dt:g} ms; "
            f"the nearest grid time is {min(step[bad] * dt, last):.12g} ms"
        )
    for bad in np.flatnonzero((times < 0) | (step >= steps)):
        raise ValueError(
            f"times[{bad}] is {times[bad]} ms, outside the grid; "
            f"pass times from 0 to {last:.12g} ms or more steps (now {steps} of {dt:g} ms)"
        )
    return np.bincount(step.astype(np.int64), minlength=steps)


def gaussian_rate(peak: ArrayLike, steps: int, dt: float, mid: float = 200.0, sigma: float = 200.0) -> FloatArray:
    """A firing rate that rises and falls: r(t) = peak e^{-(t - mid)^2 / (2 sigma^2)}.

    Parameters
    ----------
    peak : float or array_like
        Largest rate in Hz, not negative. An array gives one rate for each of its values.
    steps, dt : int, float
        Number of steps and time step in ms.
    mid, sigma : float
        Time of the peak and width in ms.

    Returns
    -------
    array, shape (steps, ...)
        The rate in Hz at 0, dt, ..., with the shape of ``peak`` behind the time axis.
    """
    steps, dt = _checks.count("steps", steps), _checks.number("dt", dt, unit="ms", above=0.0)
    mid, sigma = _checks.number("mid", mid), _checks.number("sigma", sigma, unit="ms", above=0.0)
    peak = _checks.finite("peak", peak)
    if np.any(peak < 0):
        raise ValueError(f"peak contains {peak.min()} Hz; pass rates of 0 Hz or more")
    bell = np.exp(-((np.arange(steps) * dt - mid) ** 2) / (2 * sigma**2))
    return np.multiply.outer(bell, peak)


def poisson_spikes(
    rate: ArrayLike, dt: float, trials: int | None = None, *, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw spikes from a rate: in each step one spike with probability rate * dt / 1000.

    Parameters
    ----------
    rate : array_like, shape (steps, ...)
        Rate in Hz.
    dt : float
        Time step in ms.
    trials : int, optional
        Number of independent draws, as a new last axis; without it, one draw and no new axis.
    rng : numpy.random.Generator
        Source of randomness, e.g. ``numpy.random.default_rng(1)``.

    Returns
    -------
    array of int, shape (steps, ..., trials)
        0 or 1: at most one spike a step.

    Raises
    ------
    ValueError
        If a probability rate * dt / 1000 is outside [0, 1].
    """
    probability = _probability(rate, dt)
    _check_rng(rng)
    if trials is not None:
        trials = _checks.count("trials", trials)
        probability = np.broadcast_to(probability[..., np.newaxis], (*probability.shape, trials))
    return (rng.random(probability.shape) < probability).astype(np.int64)


def poisson_spike_steps(
    rate: ArrayLike, dt: float, trials: int, *, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw the spikes of ``poisson_spikes`` without a random number for every step: where they are, not an array.

    Points of a Poisson process with the mean number -log(1 - p) in a step leave it empty with probability 1 - p.
    All trials are laid end to end on one line, its points drawn and sorted, and points of the same step
    count once. The cost grows with the number of spikes, not of steps. Same law, another random stream.

    Parameters
    ----------
    rate : array_like, shape (steps,)
        Rate in Hz.
    dt, trials, rng
        As in ``poisson_spikes``.

    Returns
    -------
    trial, step : array of int, shape (spikes,)
        The trial and the step of each spike, by trial and in it by time.
    """
    trials = _checks.count("trials", trials)
    _check_rng(rng)
    return draw_on_line(spike_line(rate, dt), trials, rng)


def spike_line(rate: ArrayLike, dt: float) -> FloatArray:
    """The line of a trial for ``poisson_spike_steps``: where each step ends, in mean numbers of points."""
    probability = _probability(rate, dt)
    if probability.ndim != 1:
        raise ValueError(f"rate has shape {probability.shape}; pass one rate for each step")
    # A certain spike would have infinitely many points; with this many on average it is missed once in 10^16.
    return np.cumsum(-np.log1p(-np.minimum(probability, 1.0 - np.exp(-CERTAIN))))


def draw_on_line(
    ends: FloatArray, trials: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The spikes of ``poisson_spike_steps`` from the line of a trial."""
    points = np.sort(rng.random(rng.poisson(trials * ends[-1]))) * trials
    trial = points.astype(np.int64)
    step = np.searchsorted(ends, (points - trial) * ends[-1], side="right")
    step = np.minimum(step, np.searchsorted(ends, ends[-1]))  # a point may round to the end of the line
    first = np.ones(len(points), dtype=bool)
    first[1:] = (trial[1:] != trial[:-1]) | (step[1:] != step[:-1])
    return trial[first], step[first]


def _check_rng(rng: np.random.Generator) -> None:
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng is {rng!r}; pass a numpy.random.Generator such as numpy.random.default_rng(1)")


def _probability(rate: ArrayLike, dt: float) -> FloatArray:
    """Checked: the probability rate * dt / 1000 of a spike in each step."""
    dt = _checks.number("dt", dt, unit="ms", above=0.0)
    rate = _checks.finite("rate", rate)
    if rate.ndim == 0:
        raise ValueError(f"rate is the single number {rate}; pass one rate for each step")
    probability = rate * dt / 1000.0
    if np.any((probability < 0) | (probability > 1)):
        worst = rate.flat[np.argmax(np.abs(probability - 0.5))]
        raise ValueError(
            f"rate contains {worst:g} Hz, so rate * dt / 1000 = {worst * dt / 1000:g} is no probability; "
            f"pass rates from 0 to {1000 / dt:g} Hz or a smaller dt"
        )
    return probability


def rank_in_trial(times: FloatArray, trials: NDArray[np.intp], batch: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The place of each spike in the time order of its trial, and how many each trial has; ties keep their order."""
    order = np.lexsort((times, trials))
    size = np.bincount(trials, minlength=batch)
    rank = np.empty(len(times), dtype=np.intp)
    rank[order] = np.arange(len(times)) - np.repeat(np.cumsum(size) - size, size)
    return rank, size
