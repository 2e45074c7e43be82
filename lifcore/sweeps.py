"""Many trials at once: the original's "more systematic assessment"."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.adjoint import backward
from lifcore.losses import CrossEntropyOverTime, Loss
from lifcore.neuron import LIF
from lifcore.spikes import gaussian_rate, poisson_spikes
from lifcore.trial import forward


class RateSweep(NamedTuple):
    """What a sweep returns.

    Attributes
    ----------
    totals : array, shape (peaks, repetitions)
        Sum over the spikes of a trial of lambda_V - lambda_I.
    values : array, shape (spikes in all trials,)
        lambda_V - lambda_I of every single spike, by peak, repetition and time.
    counts : array of int, shape (peaks, repetitions)
        Number of spikes in each trial.
    """

    totals: FloatArray
    values: FloatArray
    counts: NDArray[np.int64]

    def per_spike(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """For each peak rate: the mean of the single values, half its 95 % interval, and their spread.

        The mean is the ratio of total to count; its interval is that of a ratio over independent
        trials, not over spikes, which depend on each other within a trial. Shape (peaks,) each.
        """
        if self.totals.shape[1] < 2 or np.any(self.counts.sum(axis=1) == 0):
            raise ValueError("counts has a peak rate without spikes, or one repetition; repeat the sweep more often")
        mean = self.totals.sum(axis=1) / self.counts.sum(axis=1)
        residual = self.totals - mean[:, np.newaxis] * self.counts
        repetitions = self.totals.shape[1]
        half = 1.96 * residual.std(axis=1, ddof=1) / np.sqrt(repetitions) / self.counts.mean(axis=1)
        by_peak = np.split(self.values, np.cumsum(self.counts.sum(axis=1))[:-1])
        return mean, half, np.array([values.std() for values in by_peak])


def rate_sweep(
    peaks: ArrayLike,
    repetitions: int,
    *,
    steps: int = 1400,
    dt: float = 1.0,
    scheme: str = "exact",
    weight: float = 1.0,
    loss: Loss | None = None,
    seed: int,
) -> RateSweep:
    """lambda_V - lambda_I at the spikes of Poisson trains, for several peak rates.

    Each trial draws a train from a Gaussian rate (``gaussian_rate``), runs it forward through the
    standard neuron and backward with a loss. Not multiplied by the weight, as in the original.

    Parameters
    ----------
    peaks : array_like, shape (peaks,)
        Peak rates in Hz.
    repetitions : int
        Trials for each peak rate.
    steps, dt, scheme, weight
        As in ``forward`` and ``backward``; the original has scheme "euler" and ``corrected_weight``.
    loss : Loss, optional
        ``CrossEntropyOverTime(20)`` by default.
    seed : int
        Seed of the spike trains. Each peak rate has a stream of its own, so that the same seed gives the same
        trains for every scheme and weight.
    """
    peaks = _checks.finite("peaks", peaks)
    if peaks.ndim != 1:
        raise ValueError(f"peaks has shape {peaks.shape}; pass a flat list of peak rates in Hz")
    repetitions = _checks.count("repetitions", repetitions)
    seed = _checks.count("seed", seed, least=0)
    weight = _checks.number("weight", weight)
    neuron, loss = LIF(), CrossEntropyOverTime(20) if loss is None else loss
    streams = np.random.SeedSequence(seed).spawn(len(peaks))
    rates = gaussian_rate(peaks, steps, dt)
    spikes = np.stack(
        [
            poisson_spikes(rate, dt, repetitions, rng=np.random.default_rng(stream))
            for rate, stream in zip(rates.T, streams, strict=True)
        ],
        axis=1,
    )
    transport = backward(forward(spikes, dt, neuron, weight), loss, scheme).transport
    in_order = np.moveaxis(spikes, 0, -1) > 0  # (peaks, repetitions, steps)
    return RateSweep(
        totals=np.sum(spikes * transport, axis=0),
        values=np.moveaxis(transport, 0, -1)[in_order],
        counts=np.sum(spikes, axis=0),
    )
