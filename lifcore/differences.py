"""Finite differences: a derivative from values alone, to check one that was computed."""

from collections.abc import Callable

import numpy as np


def derivative(function: Callable[[float], float], at: float, below: float, above: float, longest: float) -> float:
    """The derivative from values at nine points between two limits, for the steps that agree best.

    A long step suffers from the next derivatives and a short one from rounding. Of several steps the two
    neighbours with the least difference are averaged.
    """
    estimates = []
    for step in min(longest, (above - below) / 8) / 2.0 ** np.arange(0.0, 3.0, 0.5):
        points = np.clip(at - 4 * step, below, above - 8 * step) + step * np.arange(9)
        powers = np.vander((points - at) / step, increasing=True).T
        weights = np.linalg.solve(powers, np.eye(9)[1])  # of the polynomial through the nine values
        estimates.append(float(weights @ [function(point) for point in points]) / step)
    best = np.argmin(np.abs(np.diff(estimates)))
    return (estimates[best] + estimates[best + 1]) / 2.0
