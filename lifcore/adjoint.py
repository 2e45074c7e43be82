"""Backward in time: the drive of a loss to lambda_V and lambda_I.

With s = T - t and ' = d/ds, both lambdas 0 at the end of the trial (Wunderlich and Pehle 2021):

    tau_m lambda_V' = -lambda_V + drive,    tau_s lambda_I' = -lambda_I + lambda_V.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lifcore._checks import FloatArray
from lifcore.cascade import cascade
from lifcore.losses import Drive, Impulses, Loss
from lifcore.quadrature import nodes_of
from lifcore.trial import Trial


@dataclass(frozen=True)
class Adjoint:
    """The adjoint variables at the samples of a trial, forward in time.

    Attributes
    ----------
    times : array, shape (steps,)
        Time of each sample in ms, as in the trial. At the end of the trial, one step after the last sample, both
        lambdas are 0.
    lambda_V, lambda_I : array, shape (steps, ...)
        -lambda_I tau_s dw is the change of the loss when a spike of weight dw is added.
    """

    times: FloatArray
    lambda_V: FloatArray
    lambda_I: FloatArray

    @property
    def transport(self) -> FloatArray:
        """lambda_V - lambda_I, shape (steps, ...): what a spike carries back, dL/dt_k for unit weight.

        Positive: gradient descent moves a spike of positive weight earlier.
        """
        return self.lambda_V - self.lambda_I


def backward(
    trial: Trial, loss: Loss, scheme: str = "exact", *, nodes: int | None = None, hold_at: str | None = None
) -> Adjoint:
    """Integrate the adjoint of ``loss`` backward through ``trial``.

    Parameters
    ----------
    trial : Trial
    loss : Loss
        Any object with ``value`` and ``drive``.
    scheme : {"exact", "euler", "hold", "trapezoid"}
        How: see the functions of these names in this module for order and bias.
    nodes : int, optional
        With "exact": Gauss-Legendre nodes in each step, for order dt^(2 nodes). By default as
        many as rounding needs.
    hold_at : {"start", "end"}, optional
        With "hold": the end of the step, in forward time, at which the drive is taken; "start"
        by default.

    Raises
    ------
    ValueError
        If the scheme is unknown, or an option does not belong to it.
    """
    if not isinstance(trial, Trial):
        raise ValueError(f"trial is {trial!r}; pass what lifcore.forward or lifcore.event_trial returned")
    check_loss_and_scheme(loss, scheme)
    if nodes is not None and scheme != "exact":
        raise ValueError(f"nodes is {nodes!r}, but scheme {scheme!r} has none; leave nodes out or pass 'exact'")
    if hold_at is not None and scheme != "hold":
        raise ValueError(f"hold_at is {hold_at!r}, but scheme {scheme!r} holds nothing; leave it out or pass 'hold'")
    given = {"nodes": nodes, "hold_at": hold_at}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if hasattr(loss, "impulses"):
        options["impulses"] = loss.impulses(trial)
    if scheme == "exact" and hasattr(loss, "rate"):
        options["rate"] = loss.rate(trial)
    lambda_V, lambda_I = SCHEMES[scheme](trial, loss.drive(trial), **options)
    return Adjoint(trial.times, lambda_V, lambda_I)


def check_loss_and_scheme(loss: Loss, scheme: str) -> None:
    """ValueError if one of them is none, or they do not go together."""
    if isinstance(loss, type):
        raise ValueError(f"loss is the class {loss.__name__}; call it, {loss.__name__}(...), and pass what that gives")
    if not (hasattr(loss, "value") and hasattr(loss, "drive")):
        raise ValueError(f"loss is {loss!r}; pass one of lifcore's losses or an object with value and drive")
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise ValueError(f"scheme is {scheme!r}; pass one of {', '.join(map(repr, SCHEMES))}")
    if hasattr(loss, "impulses") and scheme != "exact":
        raise ValueError(f"scheme is {scheme!r}, but {type(loss).__name__} has impulses between samples; pass 'exact'")


def exact(
    trial: Trial, drive: Drive, nodes: int | None = None, impulses: Impulses | None = None, rate: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """The adjoint without a time-step error: exact propagator, Gauss-Legendre source.

        lambda_V(t_i) = e^{-h/tau_m} lambda_V(t_i + h) + int_0^h s(t_i + u) e^{-u/tau_m} / tau_m du
        lambda_I(t_i) = e^{-h/tau_s} lambda_I(t_i + h) + (tau_m/tau_s) k(h) lambda_V(t_i + h)
                        + int_0^h s(t_i + u) k(u) / tau_s du

    Agrees with the continuous-time adjoint to rounding; with a given number of nodes, an error of
    order dt^(2 nodes). An impulse of the drive, of size J at t_i + u, adds J e^{-u/tau_m} / tau_m and
    J k(u) / tau_s to the integrals. ``rate``: how fast the drive changes with t alone, in 1/ms.
    """
    neuron = trial.neuron
    source_V, source_I = np.zeros(trial.V.shape), np.zeros(trial.V.shape)
    for rows, u, length, t, V in nodes_of(trial, nodes, rate):
        s = drive(t, V)
        source_V[rows] += s * trial.over_steps(length * neuron.leak(u) / neuron.tau_m)
        source_I[rows] += s * trial.over_steps(length * neuron.psp(u) / neuron.tau_s)
    if impulses is None:
        return _propagate_back(trial, source_V, source_I)
    step, u = trial.sample_before(impulses.times)
    where = (step, *np.indices(step.shape))
    source_V[where] += impulses.sizes * neuron.leak(u) / neuron.tau_m
    source_I[where] += impulses.sizes * neuron.psp(u) / neuron.tau_s
    lambda_V, lambda_I = _propagate_back(trial, source_V, source_I)
    # A maximum that an inhibitory spike cuts off moves with the spike: dL/dt_k = -J dV^-/dt = w J/tau_m share
    # with share = (V - I^-) / (I^+ - I^-), so that it hears this share, and what is before it all.
    after = trial.I[where]
    before = np.where(step > 0, (trial.I * trial.over_steps(neuron.psc(trial.h)))[(step - 1, *where[1:])], 0.0)
    cut = (u == 0.0) & (before >= trial.V[where]) & (trial.V[where] > after)
    unheard = np.divide(trial.V[where] - after, before - after, out=np.zeros_like(u), where=cut)
    lambda_V[where] -= unheard * impulses.sizes / neuron.tau_m
    return lambda_V, lambda_I


def hold(trial: Trial, drive: Drive, hold_at: str = "start") -> tuple[FloatArray, FloatArray]:
    """The exact propagator with the drive held over each step: an error of order dt.

    ``hold_at`` says whether the drive is taken at the "start" or at the "end" of the step in forward
    time; otherwise as ``exact``, with s in front of the integrals. To leading order the error of
    lambda_V - lambda_I, summed over spikes, is +-(dt/2w) int kappa (dV/dt)^2 dt with kappa = -ds/dV:
    positive for "start", negative for "end" (w > 0). ``lifcore.leading_bias`` computes it.
    """
    if hold_at not in ("start", "end"):
        raise ValueError(f"hold_at is {hold_at!r}; pass 'start' or 'end'")
    return _held(trial, _drive_at(hold_at, trial, drive))


def trapezoid(trial: Trial, drive: Drive) -> tuple[FloatArray, FloatArray]:
    """The exact propagator with the drive averaged over both ends of each step: an error of order dt^2.

    The two biases of ``hold`` cancel to leading order.
    """
    return _held(trial, (_drive_at("start", trial, drive) + _drive_at("end", trial, drive)) / 2.0)


def euler(trial: Trial, drive: Drive) -> tuple[FloatArray, FloatArray]:
    """The original's explicit Euler, step for step and rounding for rounding: an error of order dt.

        lambda_I += (lambda_V - lambda_I) dt / tau_s
        lambda_V += (s - lambda_V) dt / tau_m          (with lambda_V as it was, s at the sample)

    The error is no noise: ``lifcore.leading_bias`` computes it to leading order, and its sum over
    spikes is, for small weights, positive for every train.
    """
    tau_m, tau_s, dt = trial.neuron.tau_m, trial.neuron.tau_s, trial.over_steps(trial.h)
    s = _drive_at("start", trial, drive)
    lambda_V, lambda_I = np.empty(trial.V.shape), np.empty(trial.V.shape)
    v = i = np.zeros_like(s[0])
    for step in reversed(range(len(trial.h))):
        i = i + (v - i) / tau_s * dt[step]
        v = v + s[step] / tau_m * dt[step] - v / tau_m * dt[step]
        lambda_V[step], lambda_I[step] = v, i
    return lambda_V, lambda_I


SCHEMES = {"exact": exact, "euler": euler, "hold": hold, "trapezoid": trapezoid}


def _drive_at(end: str, trial: Trial, drive: Drive) -> FloatArray:
    """The drive at the start or the end of each step, shape (steps, ...)."""
    u = np.zeros(trial.h.shape) if end == "start" else trial.h
    s = drive(trial.over_steps(trial.times + u), trial.voltage_after(u))
    return np.broadcast_to(s, trial.V.shape)


def _held(trial: Trial, s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The adjoint for a drive that is constant in each step, exactly."""
    neuron, h = trial.neuron, trial.h
    # int_0^h e^{-u/tau_m} / tau_m du  and  int_0^h k(u) / tau_s du: what lambda_V = lambda_I = 1 needs to stay there.
    into_V = 1.0 - neuron.leak(h)
    into_I = 1.0 - neuron.psc(h) - neuron.tau_m / neuron.tau_s * neuron.psp(h)
    return _propagate_back(trial, s * trial.over_steps(into_V), s * trial.over_steps(into_I))


def _propagate_back(trial: Trial, source_V: FloatArray, source_I: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The forward cascade run backward: lambda_V takes the place of I, and lambda_I that of V."""
    neuron, h = trial.neuron, trial.over_steps(trial.h)[::-1]
    couple = neuron.tau_m / neuron.tau_s * neuron.psp(h)
    lambda_V, lambda_I = cascade(source_V[::-1], source_I[::-1], neuron.leak(h), neuron.psc(h), couple)
    return lambda_V[::-1], lambda_I[::-1]
