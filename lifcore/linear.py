"""Closed forms for a linear drive, s = c - kappa V, and trials that end when the output has relaxed.

Near V = 0 the cross-entropy of n classes is like that, with kappa = p (1 - p) and p = 1/n.
"""

import numpy as np
from numpy.typing import ArrayLike

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.bias import sign_of
from lifcore.neuron import LIF


def linear_transport(times: ArrayLike, neuron: LIF, weight: float, kappa: float) -> FloatArray:
    """lambda_V - lambda_I at each spike: the others push it away, with the PSP at their distance.

        (lambda_V - lambda_I)(t_k) = kappa w tau_s / (2 (tau_m + tau_s)) sum_j sign(t_j - t_k) k(|t_j - t_k|)

    Shape (spikes,), in the order of ``times`` (ms). Exact, without a time step.
    """
    later = _later(times)
    push = kappa * weight * neuron.tau_s / (2.0 * (neuron.tau_m + neuron.tau_s))
    return push * np.sum(np.sign(later) * neuron.psp(np.abs(later)), axis=1)


def linear_bias(
    times: ArrayLike, dt: float, neuron: LIF, weight: float, kappa: float, scheme: str, hold_at: str = "start"
) -> float:
    """The leading error of sum_k (lambda_V - lambda_I) by a scheme of order dt.

    With d = |t_j - t_k| and the sum over all ordered pairs, j = k included,

        "euler"    dt kappa w tau_s / (8 (tau_m + tau_s))     sum_jk [3 k'(d) - d k''(d)]
        "hold"     +-dt kappa w tau_s / (4 (tau_m + tau_s))   sum_jk k'(d)

    A spike by itself contributes 3/8 (or 1/4) dt kappa w tau_s / (tau_m (tau_m + tau_s)). The pairs contribute
    nothing on average over trains of constant rate: the sum counts spikes. For "euler" and "hold" at
    the start it is positive for every train (w > 0), being an integral over a square in frequency.

    Parameters
    ----------
    times : array_like, shape (spikes,)
        Spike times in ms.
    dt, neuron, weight
        As in ``forward``.
    kappa : float
        Slope of the drive: 0.0475 for the cross-entropy of 20 classes near V = 0.
    scheme, hold_at
        "euler" or "hold", as in ``backward``.
    """
    sign = sign_of(scheme, hold_at)
    distance = np.abs(_later(times))
    first, second, _ = neuron.psp_slopes(distance)
    pairs = (3.0 * first - distance * second) / 2.0 if scheme == "euler" else sign * first
    return float(dt * kappa * weight * neuron.tau_s / (4.0 * (neuron.tau_m + neuron.tau_s)) * np.sum(pairs))


def _later(times: ArrayLike) -> FloatArray:
    """How much later spike j is than spike k, at [k, j], in ms."""
    times = _checks.finite("times", times)
    if times.ndim != 1:
        raise ValueError(f"times has shape {times.shape}; pass a flat list of spike times in ms")
    return times - times[:, np.newaxis]
