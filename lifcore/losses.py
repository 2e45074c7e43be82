"""Losses: what is minimised, and the drive it gives to the adjoint.

A loss is any object with two methods (the protocol ``Loss``):

    value(trial)   the loss, shape (...)
    drive(trial)   a function s(t, V) = -dl/dV, the drive of lambda_V at time t and voltage V

The losses here watch one output neuron, that of the right class, and hold the other outputs at V = 0,
as the original notebook does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.quadrature import integrate
from lifcore.trial import Trial

Drive = Callable[[FloatArray, FloatArray], FloatArray]


class Loss(Protocol):
    """What ``backward`` needs of a loss. To write one of your own, give a class these two methods."""

    def value(self, trial: Trial) -> FloatArray:
        """The loss of each trial, shape (...)."""
        ...

    def drive(self, trial: Trial) -> Drive:
        """The function s(t, V) = -dl/dV for arrays of times in ms and voltages that broadcast."""
        ...


def cross_entropy(V: FloatArray, classes: int) -> FloatArray:
    """-log p with p = e^V / (e^V + classes - 1), without overflow for any V."""
    return np.logaddexp(0.0, np.log(classes - 1) - V)


def one_minus_p(V: FloatArray, classes: int) -> FloatArray:
    """1 - p = (classes - 1) / (e^V + classes - 1), the slope of log p; without overflow for any V."""
    others = classes - 1
    return others / (np.exp(np.minimum(V, 700.0)) + others)  # e^700 is finite, and 1 - p is 0 to any purpose


@dataclass(frozen=True)
class CrossEntropyOverTime:
    """Cross-entropy at every moment, summed over time: L = int_0^T -log p(V(t)) dt.

    p(V) = e^V / (e^V + classes - 1); drive s = 1 - p(V(t)). Not divided by T, as in the original.
    The unit of L is ms.
    """

    classes: int = 20

    def __post_init__(self) -> None:
        _checks.count("classes", self.classes, least=2)

    def value(self, trial: Trial) -> FloatArray:
        return integrate(trial, lambda t, V: cross_entropy(V, self.classes))

    def drive(self, trial: Trial) -> Drive:
        return lambda t, V: one_minus_p(V, self.classes)


@dataclass(frozen=True)
class CrossEntropyOfIntegral:
    """Cross-entropy of the integrated voltage: L = -log p(S) with S = int_0^T V dt.

    p(S) = e^S / (e^S + classes - 1); drive s = 1 - p(S), the same at all times.
    """

    classes: int = 20

    def __post_init__(self) -> None:
        _checks.count("classes", self.classes, least=2)

    def value(self, trial: Trial) -> FloatArray:
        return cross_entropy(integrate(trial, lambda t, V: V), self.classes)

    def drive(self, trial: Trial) -> Drive:
        one_minus_p_of_integral = one_minus_p(integrate(trial, lambda t, V: V), self.classes)
        return lambda t, V: one_minus_p_of_integral


@dataclass(frozen=True)
class VoltageIntegral:
    """The integral itself, to be made large: L = -int_0^T V dt, in ms; drive s = 1.

    The original's integral-loss cell, which leaves the constant 1 - p(S) out.
    """

    def value(self, trial: Trial) -> FloatArray:
        return -integrate(trial, lambda t, V: V)

    def drive(self, trial: Trial) -> Drive:
        return lambda t, V: np.float64(1.0)
