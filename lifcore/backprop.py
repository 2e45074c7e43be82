"""What back-propagation through the discretised model gives in the place of lambda_V and lambda_I.

Frameworks with automatic differentiation see a network on a grid, and a loss that is a sum over its steps:

    V_{i+1} = e^{-h/tau_m} V_i + k(h) I_i,    I_{i+1} = e^{-h/tau_s} I_i + w spikes,    L = sum_i h l(V_i).

Its V and I are exact. Add a zero v_i to V_i and a zero j_i to I_i. In continuous time the loss changes by
-tau_m lambda_V dv and -tau_s lambda_I dj; so what the framework has in their place is

    lambda_V = -dL/dv_i / tau_m,    lambda_I = -dL/dj_i / tau_s.
"""

import numpy as np

from lifcore.adjoint import Adjoint, check_loss_and_scheme
from lifcore.cascade import cascade
from lifcore.losses import Loss
from lifcore.trial import Trial

SUMS = ("riemann", "trapezoid")


def backpropagated(trial: Trial, loss: Loss, sum: str = "riemann") -> Adjoint:
    """The lambdas of a loss that is a sum over the samples of a trial on a grid.

    Parameters
    ----------
    trial : Trial
        On a grid, as from ``forward``.
    loss : Loss
        Without impulses.
    sum : {"riemann", "trapezoid"}
        sum_i h l(V_i), or sum_i h (l(V_i) + l(V_{i+1}^-)) / 2, with V before the perturbation at the end of a step.

    The first is off by h s / (2 tau_m) in lambda_V to leading order, with s the drive; lambda_V - lambda_I is
    the difference of two numbers near s, and this error does not cancel in it. The second is off by O(h^2).
    """
    if sum not in SUMS:
        raise ValueError(f"sum is {sum!r}; pass one of {', '.join(map(repr, SUMS))}")
    check_loss_and_scheme(loss, "exact")
    if hasattr(loss, "impulses"):
        raise ValueError(f"loss is {loss!r}; pass a loss without impulses")
    if trial.times.ndim > 1 or np.ptp(trial.h) > 1e-12 * trial.h[0]:
        raise ValueError("trial is not on a grid of equal steps; pass one of forward or readout")
    neuron, h = trial.neuron, trial.h
    drive = loss.drive(trial)
    now = trial.over_steps(h) * np.broadcast_to(drive(trial.over_steps(trial.times), trial.V), trial.V.shape)
    end = np.zeros_like(now[:1])  # the sample at the end of the trial, after the last step
    if sum == "trapezoid":
        last = drive(np.full_like(end, trial.duration), trial.voltage_after(h[-1:], slice(-1, None)))
        end = h[-1] / 2.0 * np.broadcast_to(last, end.shape)
    # -dL/dV_i = e^{-h/tau_m} (-dL/dV_{i+1}) + h s_i,    -dL/dI_i = e^{-h/tau_s} (-dL/dI_{i+1}) + k(h) (-dL/dV_{i+1})
    sources, step = np.concatenate([now, end])[::-1], np.append(h, h[-1])
    of_V, of_I = cascade(sources, np.zeros_like(sources), neuron.leak(step), neuron.psc(step), neuron.psp(step))
    of_V, of_I = of_V[:0:-1], of_I[:0:-1]
    if sum == "trapezoid":
        of_V = of_V - now / 2.0
    return Adjoint(trial.times, of_V / neuron.tau_m, of_I / neuron.tau_s)
