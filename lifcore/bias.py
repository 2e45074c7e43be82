"""What a coarse backward step does to lambda_V - lambda_I, to leading order in dt.

Going forward the voltage is a sum of PSPs k. Going backward, a scheme with an error of order dt works, to
this order, with another PSP, k + dt/2 x:

    "euler"                    x(u) = k'(u) - u k''(u)    starts dt/2 too early and decays too fast
    "hold", hold_at "start"    x(u) = k'(u)               starts dt/2 too early
    "hold", hold_at "end"      x(u) = -k'(u)              starts dt/2 too late

The page euler-bias derives this.
"""

import numpy as np

from lifcore._checks import FloatArray
from lifcore.losses import Loss
from lifcore.quadrature import nodes_of
from lifcore.trial import Trial


def leading_bias(trial: Trial, loss: Loss, scheme: str, hold_at: str = "start") -> FloatArray:
    """The leading error of lambda_V - lambda_I at each spike of one train, for any drive.

        b_k = dt/2 int_{t_k}^T kappa(V) dV/dt x(t - t_k) dt,    kappa = -ds/dV,

    and for "euler" another -dt/2 s(V(T)) u k''(u) with u = T - t_k, which is 0 far from the end. Computed
    by parts, from the drive s alone. The next term is of order dt^2.

    Parameters
    ----------
    trial : Trial
        One train on a uniform grid.
    loss : Loss
        With a drive that depends on V(t).
    scheme, hold_at
        "euler" or "hold", as in ``backward``.

    Returns
    -------
    array, shape (samples with spikes,)
        In the order of time; a sample with several spikes appears once, so that the sum over spikes
        is that of ``trial.spikes[trial.spikes > 0]`` times this.
    """
    sign = sign_of(scheme, hold_at)
    if trial.V.ndim != 1:
        raise ValueError(f"trial is a batch of shape {trial.V.shape[1:]}; pass one train at a time")
    if hasattr(loss, "impulses"):
        raise ValueError(
            f"loss is {type(loss).__name__}, whose drive is no function of V(t); pass one without impulses"
        )
    if trial.spike_steps is not None:
        raise ValueError("trial is an event trial, which has no time step; pass one made by forward")
    neuron, dt = trial.neuron, trial.h[0]
    drive = loss.drive(trial)

    def x_slope(u: FloatArray) -> FloatArray:
        _, second, third = neuron.psp_slopes(u)
        return -u * third if scheme == "euler" else sign * second

    def s(t: FloatArray, V: FloatArray) -> FloatArray:
        return np.broadcast_to(drive(t, V), V.shape)

    assert trial.spikes is not None  # only a batch of event trials has none
    at = trial.spikes > 0
    spikes = trial.times[at]
    bias = s(trial.times, trial.V)[at] * (sign / neuron.tau_m)  # x(0) = +-k'(0)
    end = np.array([trial.duration])
    bias = bias - sign * s(end, trial.voltage_at(end)) * neuron.psp_slopes(end - spikes)[0]
    for _, _, length, t, V in nodes_of(trial):
        after = t - spikes[:, np.newaxis]
        slope = np.where(after > 0.0, x_slope(np.maximum(after, 0.0)), 0.0)
        bias = bias + slope @ (s(t, V) * length)
    return dt / 2.0 * bias


def sign_of(scheme: str, hold_at: str) -> float:
    """-1 for "hold" at the end of the step, 1 for the other schemes of order dt."""
    if scheme not in ("euler", "hold"):
        raise ValueError(f"scheme is {scheme!r}; pass 'euler' or 'hold', whose error is of order dt")
    if hold_at not in ("start", "end"):
        raise ValueError(f"hold_at is {hold_at!r}; pass 'start' or 'end'")
    return -1.0 if scheme == "hold" and hold_at == "end" else 1.0
