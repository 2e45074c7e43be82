"""Finite differences: a derivative from values alone, to check one that was computed."""

from collections.abc import Callable

import numpy as np


def derivative(function: Callable[[float], float], at: float, below: float, above: float, longest: float) -> float:
    """The derivative from values at nine points between two limits, for the steps that agree best.

    A long step suffers from the next derivatives and a short one from rounding. Of six steps, each half of the one
    before, two neighbours agree best, and the shorter one is taken. The points are as many to either side, unless
    a limit is so near that this would need a step of less than a twentieth of the longest.
    """
    estimates = []
    beside = min(at - below, above - at) / 4
    largest = min(longest, beside if beside > longest / 20 else (above - below) / 8)
    for step in largest / 2.0 ** np.arange(6):
        points = np.clip(at - 4 * step, below, above - 8 * step) + step * np.arange(9)
        powers = np.vander((points - at) / step, increasing=True).T
        weights = np.linalg.solve(powers, np.eye(9)[1])  # of the polynomial through the nine values
        estimates.append(float(weights @ [function(point) for point in points]) / step)
    return estimates[np.argmin(np.abs(np.diff(estimates))) + 1]
