"""How a loss weights time: g(t) on a trial [0, T].

A weighting is any function g(t, T) of times and the trial's length in ms. Those here also know their slope
g'(t, T), for the conservation law, the rate(T) in 1/ms at which they change, for the quadrature (one of your own
that changes faster than the neuron needs it too: see ``rate_of``), and, where there is one, the closed form of
lambda_V - lambda_I under a drive that is g itself:

    (lambda_V - lambda_I)(t) = int_t^T g(r) k'(r - t) dr = g(T) k(T - t) - int_t^T g'(r) k(r - t) dr
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.neuron import LIF

Weighting = Callable[[FloatArray, float], FloatArray]


def rate_of(weighting: Weighting, T: float) -> float:
    """How fast a weighting changes, in 1/ms: 1/tau for e^{-t/tau}, or pi over its poles' distance from the real axis.

    A function without a method ``rate`` is taken to change no faster than the neuron.
    """
    return float(weighting.rate(T)) if hasattr(weighting, "rate") else 0.0


@dataclass(frozen=True)
class Constant:
    """g = 1: all times count alike."""

    def __call__(self, t: FloatArray, T: float) -> FloatArray:
        return np.ones_like(t, dtype=float)

    def slope(self, t: FloatArray, T: float) -> FloatArray:
        return np.zeros_like(t, dtype=float)

    def rate(self, T: float) -> float:
        return 0.0

    def transport(self, t: FloatArray, T: float, neuron: LIF) -> FloatArray:
        """k(T - t): the PSP, mirrored and hung from the end of the trial."""
        return neuron.psp(T - t)


@dataclass(frozen=True)
class Exponential:
    """g = e^{-t/tau}, with tau = T unless given (ms): early counts more, late never nothing."""

    tau: float | None = None

    def __post_init__(self) -> None:
        if self.tau is not None:
            _checks.number("tau", self.tau, unit="ms", above=0.0)

    def _tau(self, T: float) -> float:
        return T if self.tau is None else self.tau

    def __call__(self, t: FloatArray, T: float) -> FloatArray:
        return np.exp(-t / self._tau(T))

    def slope(self, t: FloatArray, T: float) -> FloatArray:
        return -self(t, T) / self._tau(T)

    def rate(self, T: float) -> float:
        return 1.0 / self._tau(T)

    def transport(self, t: FloatArray, T: float, neuron: LIF) -> FloatArray:
        """g(T) k(T - t) + (g(t)/tau) int_0^{T-t} e^{-u/tau} k(u) du.

        Far from the end it is lambda_V times (tau_s/tau) / (1 + tau_s/tau), and never 0.
        """
        tau = self._tau(T)
        # e^{-u/tau} k(u) is the PSP of a neuron with both rates raised by 1/tau, times faster.tau_m / tau_m.
        faster = LIF(1.0 / (1.0 / neuron.tau_m + 1.0 / tau), 1.0 / (1.0 / neuron.tau_s + 1.0 / tau))
        bulk = faster.tau_m / neuron.tau_m * faster.psp_integral(T - t)
        return np.exp(-T / tau) * neuron.psp(T - t) + np.exp(-t / tau) / tau * bulk


@dataclass(frozen=True)
class Linear:
    """g = 1 - t/T: from one to zero."""

    def __call__(self, t: FloatArray, T: float) -> FloatArray:
        return 1.0 - t / T

    def slope(self, t: FloatArray, T: float) -> FloatArray:
        return np.full_like(t, -1.0 / T, dtype=float)

    def rate(self, T: float) -> float:
        return 0.0

    def transport(self, t: FloatArray, T: float, neuron: LIF) -> FloatArray:
        """(1/T) int_0^{T-t} k(u) du: the same tau_s/T for every spike, but for the last."""
        return neuron.psp_integral(T - t) / T


@dataclass(frozen=True)
class Sigmoid:
    """g = 1 / (1 + e^{(t/T - mid)/width}): about one before the middle, about zero after it.

    The original's later code has mid = 0.5 and width = 0.2, in units of the trial. lambda_V - lambda_I has
    no closed form.
    """

    mid: float = 0.5
    width: float = 0.2

    def __post_init__(self) -> None:
        _checks.number("mid", self.mid)
        _checks.number("width", self.width, above=0.0)

    def __call__(self, t: FloatArray, T: float) -> FloatArray:
        return 0.5 * (1.0 - np.tanh((t / T - self.mid) / (2.0 * self.width)))

    def slope(self, t: FloatArray, T: float) -> FloatArray:
        g = self(t, T)
        return -g * (1.0 - g) / (self.width * T)

    def rate(self, T: float) -> float:
        return 1.0 / (self.width * T)


@dataclass(frozen=True)
class Average:
    """Another weighting divided by T: the average over time instead of the integral; or by ``over`` ms, if given."""

    of: Any = Constant()
    over: float | None = None

    def __post_init__(self) -> None:
        if self.over is not None:
            _checks.number("over", self.over, unit="ms", above=0.0)

    def _over(self, T: float) -> float:
        return T if self.over is None else self.over

    def __call__(self, t: FloatArray, T: float) -> FloatArray:
        return self.of(t, T) / self._over(T)

    def slope(self, t: FloatArray, T: float) -> FloatArray:
        return self.of.slope(t, T) / self._over(T)

    def rate(self, T: float) -> float:
        return rate_of(self.of, T)

    def transport(self, t: FloatArray, T: float, neuron: LIF) -> FloatArray:
        return self.of.transport(t, T, neuron) / self._over(T)
