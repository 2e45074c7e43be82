"""Losses: what is minimised, and the drive it gives to the adjoint.

A loss is any object with two methods (the protocol ``Loss``):

    value(trial)      the loss of each trial
    drive(trial)      a function s(t, V) = -dl/dV, the drive of lambda_V at time t and voltage V

and, if it looks at single moments, or changes with time faster than the neuron does, a third one:

    impulses(trial)   moments at which the drive is a delta function: lambda_V jumps there by size / tau_m
    rate(trial)       how fast the drive changes with t alone, in 1/ms, as ``lifcore.weighting.rate_of``

lambda_V's fixed point under a constant drive s is s: no 1/tau_m belongs into the drive.

Outputs. Without ``correct`` a loss watches one output neuron, that of the right class, and holds the others
at V = 0, as the original notebook does. With ``correct`` the last axis of V holds the output neurons, and
``correct`` says which is right (one number, or one for each trial of the batch).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.crossings import first_crossing, maximum
from lifcore.quadrature import integrate
from lifcore.trial import Trial
from lifcore.weighting import Constant, Weighting, rate_of

Drive = Callable[[FloatArray, FloatArray], FloatArray]


class Impulses(NamedTuple):
    """Delta functions of the drive, one for each output: arrays of the shape of V without time.

    Attributes
    ----------
    times : array
        In ms.
    sizes : array
        Integral of the drive over the impulse, in the unit of the loss; 0 where there is none.
    """

    times: FloatArray
    sizes: FloatArray


class Loss(Protocol):
    """What ``backward`` needs of a loss. To write one of your own, give a class these two methods."""

    def value(self, trial: Trial) -> FloatArray:
        """The loss of each trial, shape (...) without time (and without outputs, if there are several)."""
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
class Softmax:
    """-log p of the right output, and its negative slope delta_kc - p_k in each output.

    Parameters
    ----------
    classes : int
        Number of outputs, where only the right one is simulated.
    correct : int or array_like, optional
        Index of the right output on the last axis of V, where all are.
    """

    classes: int = 20
    correct: ArrayLike | None = None

    def __post_init__(self) -> None:
        _checks.count("classes", self.classes, least=2)
        if self.correct is not None and np.asarray(self.correct).dtype.kind not in "iu":
            raise ValueError(f"correct is {self.correct!r}; pass the index of the right output")

    def loss(self, V: FloatArray) -> FloatArray:
        """-log p, shape of V without the outputs."""
        if self.correct is None:
            return cross_entropy(V, self.classes)
        largest = V.max(axis=-1, keepdims=True)
        everything = np.log(np.sum(np.exp(V - largest), axis=-1)) + largest[..., 0]
        return everything - np.take_along_axis(V, self._right(V), axis=-1)[..., 0]

    def drive(self, V: FloatArray) -> FloatArray:
        """delta_kc - p_k, shape of V."""
        if self.correct is None:
            return one_minus_p(V, self.classes)
        e = np.exp(V - V.max(axis=-1, keepdims=True))
        # 1 - p of the right output is the sum of the others, which does not cancel.
        p = e / np.sum(e, axis=-1, keepdims=True)
        right = self._right(V)
        drive = -p
        np.put_along_axis(drive, right, 0.0, axis=-1)
        np.put_along_axis(drive, right, -np.sum(drive, axis=-1, keepdims=True), axis=-1)
        return drive

    def without_outputs(self, t: FloatArray) -> FloatArray:
        """A column of times that broadcasts against ``loss(V)``."""
        return t if self.correct is None else t[..., 0]

    def fits(self, trial: Trial) -> "Softmax":
        """Itself, if ``correct`` fits the trial's outputs; a ValueError otherwise."""
        if self.correct is None and trial.mixed:
            raise ValueError(f"correct is None, but the trial has {trial.V.shape[-1]} outputs; say which is right")
        if self.correct is not None:
            if not trial.mixed:
                raise ValueError(
                    f"correct is {self.correct}, but the trial has one output; "
                    "leave it out, or pass a trial of readout or of event_trial with sources"
                )
            correct, batch = np.asarray(self.correct), trial.V.shape[1:-1]
            if np.any((correct < 0) | (correct >= trial.V.shape[-1])):
                raise ValueError(f"correct is {self.correct}; pass indices of the {trial.V.shape[-1]} outputs")
            if correct.ndim and correct.shape != batch:
                raise ValueError(f"correct has shape {correct.shape}; pass one index, or one for each trial of {batch}")
        return self

    def _right(self, V: FloatArray) -> NDArray[np.intp]:
        return np.broadcast_to(np.asarray(self.correct), V.shape[:-1])[..., np.newaxis]


@dataclass(frozen=True)
class _CrossEntropy:
    """Parameters of the cross-entropies, as in ``Softmax``."""

    classes: int = 20
    correct: ArrayLike | None = None

    def __post_init__(self) -> None:
        Softmax(self.classes, self.correct)  # refuses what does not fit

    def softmax(self, trial: Trial) -> Softmax:
        return Softmax(self.classes, self.correct).fits(trial)


class _Weighted:
    """A loss that weights time, and so changes with time by itself."""

    weighting: Weighting

    def rate(self, trial: Trial) -> float:
        return rate_of(self.weighting, trial.duration)


@dataclass(frozen=True)
class CrossEntropyOverTime(_Weighted, _CrossEntropy):
    """Cross-entropy at every moment, summed over time: L = int_0^T g(t) -log p(V(t)) dt.

    Drive g(t) (delta_kc - p_k(V(t))); for the original's single output g (1 - p), p = e^V / (e^V + classes - 1).
    With g = 1 not divided by T, as in the original notebook, and in ms; with ``Average()`` the mean of Nowotny,
    Turner and Knight 2022. ``weighting`` is g(t), see ``lifcore.weighting``.
    """

    weighting: Weighting = Constant()

    def value(self, trial: Trial) -> FloatArray:
        softmax = self.softmax(trial)

        def integrand(t: FloatArray, V: FloatArray) -> FloatArray:
            return self.weighting(softmax.without_outputs(t), trial.duration) * softmax.loss(V)

        return integrate(trial, integrand, rate=self.rate(trial))

    def drive(self, trial: Trial) -> Drive:
        softmax = self.softmax(trial)
        return lambda t, V: self.weighting(t, trial.duration) * softmax.drive(V)


@dataclass(frozen=True)
class CrossEntropyOfIntegral(_Weighted, _CrossEntropy):
    """Cross-entropy of the integrated voltages: L = -log p(S) with S_k = int_0^T g(t) V_k dt.

    Drive g(t) (delta_kc - p_k(S)): one constant for each output, times the weighting. S grows by tau_s times the
    weight with every spike, so that p is soon 1 and nothing is left to learn; ``Average(...)``
    divides S by T, as the authors' program does. ``weighting`` is g(t), see ``lifcore.weighting``. Source: Nowotny,
    Turner and Knight 2022, where g is 1, e^{-t/T}, linear or a sigmoid.
    """

    weighting: Weighting = Constant()

    def _integral(self, trial: Trial) -> FloatArray:
        return integrate(trial, lambda t, V: self.weighting(t, trial.duration) * V, rate=self.rate(trial))

    def value(self, trial: Trial) -> FloatArray:
        return self.softmax(trial).loss(self._integral(trial))

    def drive(self, trial: Trial) -> Drive:
        constant = self.softmax(trial).drive(self._integral(trial))
        return lambda t, V: self.weighting(t, trial.duration) * constant


@dataclass(frozen=True)
class CrossEntropyOfMaximum(_CrossEntropy):
    """Cross-entropy of the largest voltages: L = -log p(m) with m_k = max_t V_k(t).

    An impulse (delta_kc - p_k(m)) at the time of each maximum: when that time moves, V does not change to first
    order there (envelope theorem). A maximum that an inhibitory spike cuts off moves with that spike, which
    hears a share of the impulse (``lifcore.adjoint.exact``). Where several maxima are equal the loss
    has a kink, and the gradient is the one of the first of them.
    """

    def value(self, trial: Trial) -> FloatArray:
        return self.softmax(trial).loss(maximum(trial).V)

    def drive(self, trial: Trial) -> Drive:
        return lambda t, V: np.zeros_like(V)

    def impulses(self, trial: Trial) -> Impulses:
        largest = maximum(trial)
        return Impulses(largest.time, self.softmax(trial).drive(largest.V))


@dataclass(frozen=True)
class CrossEntropyOfFirstSpikes:
    """Cross-entropy of the outputs' first spike times: L = -log softmax_c(-t_k / tau_0).

    t_k is the first time at which V_k reaches ``theta``, solved to rounding; the outputs are not reset, so that
    this is all their threshold does. An output that stays silent counts with t_k = T, and gets no
    gradient. Impulse (dL/dt_k) / (dV/dt) at each first spike, which grows without bound as the
    output only just reaches the threshold. The loss of Wunderlich and Pehle 2021 without its
    regularisation.

    Parameters
    ----------
    correct : int or array_like
        Index of the right output on the last axis of V.
    tau_0 : float
        Time in ms by which an earlier spike is e times better.
    theta : float
        The outputs' threshold.
    """

    correct: ArrayLike
    tau_0: float = 20.0
    theta: float = 1.0

    def __post_init__(self) -> None:
        if self.correct is None:
            raise ValueError("correct is None; pass the index of the right output")
        Softmax(correct=self.correct)
        _checks.number("tau_0", self.tau_0, unit="ms", above=0.0)
        _checks.number("theta", self.theta, above=0.0)

    def _scores(self, trial: Trial) -> FloatArray:
        time = first_crossing(trial, self.theta).time
        return -np.where(np.isnan(time), trial.duration, time) / self.tau_0

    def value(self, trial: Trial) -> FloatArray:
        return Softmax(correct=self.correct).fits(trial).loss(self._scores(trial))

    def drive(self, trial: Trial) -> Drive:
        return lambda t, V: np.zeros_like(V)

    def impulses(self, trial: Trial) -> Impulses:
        first = first_crossing(trial, self.theta)
        silent = np.isnan(first.time)
        slope_in_time = Softmax(correct=self.correct).fits(trial).drive(self._scores(trial)) / self.tau_0  # dL/dt_k
        sizes = np.divide(slope_in_time, first.slope, out=np.zeros_like(first.slope), where=~silent)
        return Impulses(np.where(silent, 0.0, first.time), sizes)


@dataclass(frozen=True)
class VoltageIntegral(_Weighted):
    """The integral itself, to be made large: L = -int_0^T g(t) V dt; drive s = g(t).

    With g = 1 the original's integral-loss cell, which leaves the constant 1 - p(S) out. L in ms.
    """

    weighting: Weighting = Constant()

    def value(self, trial: Trial) -> FloatArray:
        return -integrate(trial, lambda t, V: self.weighting(t, trial.duration) * V, rate=self.rate(trial))

    def drive(self, trial: Trial) -> Drive:
        return lambda t, V: self.weighting(t, trial.duration)
