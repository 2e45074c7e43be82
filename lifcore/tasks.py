"""Two classification tasks in spikes, generated from a seed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifcore import _checks
from lifcore._checks import FloatArray


class Samples(NamedTuple):
    """Labelled trials of input spikes.

    Attributes
    ----------
    times, sources, trials : array, shape (spikes,)
        When each spike is (ms), which input's, and in which trial; ordered by trial.
    labels : array of int, shape (trials,)
        The right class of each trial.
    """

    times: FloatArray
    sources: NDArray[np.intp]
    trials: NDArray[np.intp]
    labels: NDArray[np.intp]

    def select(self, which: NDArray[np.intp]) -> "Samples":
        """Some of the trials, numbered anew from 0 in the order given."""
        bounds = np.searchsorted(self.trials, np.arange(len(self.labels) + 1))
        size = np.diff(bounds)[which]
        trials = np.repeat(np.arange(len(which)), size)
        spike = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) + bounds[which][trials]
        return Samples(self.times[spike], self.sources[spike], trials, self.labels[which])


# Kriener, Goeltz and Petrovici 2022: a disc of radius 1/2 with the two dots of the symbol.
RADIUS, DOT = 0.5, 0.1


def yin_yang_class(x: FloatArray, y: FloatArray) -> NDArray[np.intp]:
    """0 in the yin, 1 in the yang and 2 in a dot, for points of the disc around (1/2, 1/2)."""
    to_left = np.hypot(x - 0.5 * RADIUS, y - RADIUS)
    to_right = np.hypot(x - 1.5 * RADIUS, y - RADIUS)
    # The border between the halves runs along two half circles: above around the right dot, below around the left one.
    yin = np.where(y > RADIUS, to_right > 0.5 * RADIUS, to_left <= 0.5 * RADIUS)
    return np.where(np.minimum(to_left, to_right) < DOT, 2, np.where(yin, 0, 1))


def yin_yang(
    trials: int, rng: np.random.Generator, first: float = 2.0, last: float = 30.0, bias: float = 10.0
) -> Samples:
    """The Yin-Yang data set of Kriener et al. (2022) in latencies, with classes equally often.

    Inputs 0 to 3 spike at x, y, 1 - x, 1 - y, laid out from ``first`` to ``last`` ms; input 4 always at ``bias`` ms.
    """
    trials = _checks.count("trials", trials)
    wanted = np.arange(trials) % 3
    x, y = np.zeros(trials), np.zeros(trials)
    open_ = np.ones(trials, dtype=bool)
    while open_.any():
        x[open_], y[open_] = rng.random((2, open_.sum()))
        outside = np.hypot(x - RADIUS, y - RADIUS) > RADIUS
        open_ = outside | (yin_yang_class(x, y) != wanted)
    order = rng.permutation(trials)
    x, y = x[order], y[order]
    latency = np.stack([x, y, 1 - x, 1 - y], axis=1)
    times = np.column_stack([first + (last - first) * latency, np.full(trials, bias)])
    sources = np.broadcast_to(np.arange(5), times.shape)
    return Samples(times.ravel(), sources.ravel(), np.repeat(np.arange(trials), 5), wanted[order])


def coincidence(
    trials: int,
    rng: np.random.Generator,
    channels: int = 10,
    centres: tuple[float, float] = (140.0, 320.0),
    width: float = 25.0,
    jitter: float = 15.0,
    spikes: float = 5.0,
    end: float = 400.0,
) -> Samples:
    """Two groups of Poisson inputs, each with one burst, early or late: did they come together (class 1) or not (0)?

    All four combinations are equally often and a group fires as much early as late, so that no sum of input
    spikes, however weighted by input and by time, tells the classes apart: it needs a hidden layer.

    Parameters
    ----------
    trials : int
    rng : numpy.random.Generator
    channels : int
        Inputs in each of the two groups.
    centres : (float, float)
        Times in ms of the early and the late burst.
    width, jitter : float
        Standard deviation in ms of the spikes in a burst, and of the burst's centre from trial to trial.
    spikes : float
        Mean number of spikes of an input.
    end : float
        When the inputs end, in ms: the rare spike that would fall before 0 or after it comes there.
    """
    trials = _checks.count("trials", trials)
    combination = rng.permutation(np.arange(trials) % 4)
    late = np.stack([combination // 2, combination % 2], axis=1)  # (trials, groups)
    centre = np.asarray(centres)[late] + rng.normal(0.0, jitter, late.shape)
    counts = rng.poisson(spikes, (trials, 2, channels))
    trial, group, channel = np.indices(counts.shape).reshape(3, -1).repeat(counts.ravel(), axis=1)
    times = np.clip(rng.normal(centre[trial, group], width), 0.0, end)
    return Samples(times, group * channels + channel, trial, (late[:, 0] == late[:, 1]).astype(np.intp))
