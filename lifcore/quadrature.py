"""Integrals over a trial, by Gauss-Legendre nodes inside each step.

V is known in closed form inside a step, so an integrand f(t, V(t)) can be had at any node.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.trial import ALL, Rows, Trial

# Gauss-Legendre nodes in a panel, and how long it may be for them to reach rounding: its length H times
# the rate at which the integrand changes, the largest of 1/tau, |dV/dt| and what a loss says of itself. Over a panel
# n nodes leave (2 H/tau)^(2n+1) n!^4 / ((2n+1) (2n)!^3) of e^{-2t/tau} (a kernel times V), and of a logistic function
# of V, whose nearest poles are pi off the real axis, rho^{-2n} with rho = y + sqrt(1 + y^2), y = 2 pi / (H |dV/dt|).
# These lengths keep the sum of both over a trial below 1e-12 of the drive's range (precision.residuals draws
# random ones); where 4 is too long it is cut in 2, 4, 8, ...
PANELS = ((4, 0.2), (8, 0.75), (16, 4.0))


@cache
def gauss(n: int) -> tuple[FloatArray, FloatArray]:
    """The ``n`` Gauss-Legendre nodes on [0, 1], and their weights. Kept: they take longer than a step of a batch."""
    x, dx = np.polynomial.legendre.leggauss(n)  # on [-1, 1]
    return (x + 1.0) / 2.0, dx / 2.0


class Nodes(NamedTuple):
    """One node in each of some steps: where it is, what it weighs, and the voltage there."""

    rows: Rows  # which steps
    u: FloatArray  # time since the start of the step, ms
    length: FloatArray  # quadrature weight, ms; both of the shape of the trial's times
    t: FloatArray  # time, a column that broadcasts against V
    V: FloatArray  # shape (rows, ...)


def nodes_of(trial: Trial, nodes: int | None = None, rate: float = 0.0) -> Iterator[Nodes]:
    """The quadrature nodes of a trial, one after the other for all steps that have them.

    ``nodes`` in each step, or as many as rounding needs for something that changes with V and the neuron's kernels,
    and by itself at a ``rate`` in 1/ms.
    """
    if nodes is None:
        nodes_in, panels_in = rules_needed(trial, rate)
    else:
        panels_in = np.ones(len(trial.h), dtype=int)
        nodes_in = panels_in * _checks.count("nodes", nodes)
    for n, panels in np.unique([nodes_in, panels_in], axis=1).T:
        alike = (nodes_in == n) & (panels_in == panels)
        rows = ALL if np.all(alike) else np.flatnonzero(alike)
        h = trial.h[rows] / panels
        for start in range(panels):
            for x, dx in zip(*gauss(int(n)), strict=True):
                u = (start + x) * h
                t = trial.over_steps(trial.times[rows] + u)
                yield Nodes(rows, u, dx * h, t, trial.voltage_after(u, rows))


def rules_needed(trial: Trial, rate: float = 0.0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Nodes in a panel and panels in a step that reach rounding, for each step."""
    # |dV/dt| = |I - V| / tau_m; where V and I agree in sign, as they do while spikes act with one sign, that is
    # at most the larger of the two.
    batch = tuple(range(1, trial.V.ndim))
    V, I = np.abs(trial.V), np.abs(trial.I)
    bound = np.where(trial.V * trial.I >= 0.0, np.maximum(V, I), V + I)
    fastest = max(rate, 1.0 / min(trial.neuron.tau_m, trial.neuron.tau_s))
    rates = np.maximum(bound / trial.neuron.tau_m, fastest)
    change = np.max(trial.over_steps(trial.h) * rates, axis=batch, initial=0.0)
    nodes, longest = np.array([n for n, _ in PANELS]), np.array([length for _, length in PANELS])
    which = np.minimum(np.searchsorted(longest, change), len(PANELS) - 1)
    panels = 2 ** np.ceil(np.log2(np.maximum(change / longest[which], 1.0))).astype(int)
    return nodes[which], panels


def integrate(
    trial: Trial,
    integrand: Callable[[FloatArray, FloatArray], FloatArray],
    nodes: int | None = None,
    rate: float = 0.0,
) -> FloatArray:
    """int_0^T f(t, V(t)) dt, shape (...), or of f's own trailing axes.

    Parameters
    ----------
    trial : Trial
    integrand : callable
        ``f(t, V)`` for a column of times in ms and voltages, shape (rows, ...). It may drop trailing
        axes, such as that of the outputs, but not the first.
    nodes : int, optional
        Gauss-Legendre nodes in each step, for order dt^(2 nodes). By default 4 or more, as many
        as it takes to reach rounding.
    rate : float, optional
        How fast the integrand changes with t alone, in 1/ms: 1/tau for e^{-t/tau}.
    """
    total: FloatArray = np.zeros(())
    for node in nodes_of(trial, nodes, rate):
        values = np.asarray(integrand(node.t, node.V))
        if values.ndim in (0, node.V.ndim):
            values = np.broadcast_to(values, node.V.shape)
        length = node.length.reshape(node.length.shape + (1,) * (values.ndim - node.length.ndim))
        total = total + np.sum(length * values, axis=0)
    return total
