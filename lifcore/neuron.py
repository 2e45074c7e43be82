"""The neuron: two time constants, and what one spike does to the current and the voltage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lifcore import _checks
from lifcore._checks import FloatArray


@dataclass(frozen=True)
class LIF:
    r"""A leaky integrator with an exponential synapse, at rest at V = 0.

        tau_m dV/dt = -V + I,    tau_s dI/dt = -I,    a spike of weight w: I jumps by w.

    Parameters
    ----------
    tau_m, tau_s : float
        Membrane and synaptic time constants in ms, positive. They may be equal.

    Raises
    ------
    ValueError
        If a time constant is not a positive, finite number.
    """

    tau_m: float = 20.0
    tau_s: float = 5.0

    def __post_init__(self) -> None:
        for name in ("tau_m", "tau_s"):
            value = _checks.number(name, getattr(self, name), unit="ms", above=0.0)
            object.__setattr__(self, name, value)

    def leak(self, t: ArrayLike) -> FloatArray:
        """e^{-t/tau_m}: what is left of a voltage after ``t`` >= 0 ms; any shape, which the result has too."""
        return np.exp(-np.asarray(t, dtype=float) / self.tau_m)

    def psc(self, t: ArrayLike) -> FloatArray:
        """Unit post-synaptic current e^{-t/tau_s}; 0 for t < 0.

        ``t`` in ms, any shape; the result has the same shape.
        """
        since = np.asarray(t, dtype=float)
        return np.where(since < 0.0, 0.0, np.exp(-np.maximum(since, 0.0) / self.tau_s))[()]

    def psp(self, t: ArrayLike) -> FloatArray:
        r"""Unit post-synaptic potential k(t); 0 for t < 0.

            k(t) = tau_s / (tau_m - tau_s) (e^{-t/tau_m} - e^{-t/tau_s}),
            tau_m = tau_s = tau:  k(t) = (t / tau) e^{-t/tau}.

        ``t`` in ms, any shape; the result has the same shape. Also the propagator of I into V
        over a time t (Rotter and Diesmann 1999). Accurate to rounding for all time constants.
        """
        slow = max(self.tau_m, self.tau_s)
        # Cut off where it has long been 0; infinity would give NaN.
        since = np.minimum(np.maximum(np.asarray(t, dtype=float), 0.0), 1e4 * slow)
        # The difference of exponentials cancels for small t and for tau_m close to tau_s. With
        # x = t |1/tau_s - 1/tau_m| it is, without a subtraction of neighbours,
        #     k(t) = (t / tau_m) e^{-t / max(tau_m, tau_s)} (1 - e^{-x}) / x.
        x = since * (abs(self.tau_m - self.tau_s) / self.tau_m / self.tau_s)
        mean_decay = np.divide(-np.expm1(-x), x, out=np.ones_like(x), where=x > 0.0)
        return since / self.tau_m * np.exp(-since / slow) * mean_decay

    def psp_integral(self, t: ArrayLike) -> FloatArray:
        """int_0^t k(u) du = tau_s (1 - e^{-t/tau_s}) - tau_m k(t) in ms, like ``t``; 0 for t < 0."""
        since = np.maximum(np.asarray(t, dtype=float), 0.0)
        return self.tau_s * (1.0 - self.psc(since)) - self.tau_m * self.psp(since)

    def psp_slopes(self, t: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The first three derivatives of the unit PSP at t >= 0, just after the spike at 0; each like ``t``.

        From tau_m dk/dt = e^{-t/tau_s} - k, differentiated: no difference of time constants appears.
        """
        psc, psp = self.psc(t), self.psp(t)
        first = (psc - psp) / self.tau_m
        second = (-psc / self.tau_s - first) / self.tau_m
        third = (psc / self.tau_s**2 - second) / self.tau_m
        return first, second, third

    @property
    def peak_time(self) -> float:
        """Time in ms at which the PSP peaks: tau_m tau_s / (tau_m - tau_s) ln(tau_m / tau_s)."""
        excess = (self.tau_m - self.tau_s) / self.tau_s
        return self.tau_m * (float(np.log1p(excess)) / excess if excess else 1.0)

    @property
    def peak_height(self) -> float:
        """Height of the unit PSP at its peak, in units of the threshold."""
        return float(self.psp(self.peak_time))
