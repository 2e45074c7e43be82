"""Losses against 30 and 40 digits, and what a gradient counts."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifcore as lc
from lifcore.losses import cross_entropy, one_minus_p

CROSS_ENTROPY = lc.CrossEntropyOverTime(20)


def test_gradient_counts_each_of_coincident_spikes():
    trial = lc.forward(lc.spike_train([50, 50, 80], 400, 1.0), 1.0, lc.LIF(), 1.0)
    adjoint = lc.backward(trial, CROSS_ENTROPY)
    gradient = lc.spike_time_gradient(trial, adjoint)
    assert gradient[50] == adjoint.transport[50]  # for each of the two
    assert 2 * gradient[50] + gradient[80] == pytest.approx(0.0, abs=1e-7)  # V has decayed to e^{-320/20}
    assert lc.weight_gradient(trial, adjoint) == pytest.approx(-5.0 * (2 * adjoint.lambda_I[50] + adjoint.lambda_I[80]))


@pytest.mark.parametrize("weight", [1.0, 10.0, -4.0])
def test_loss_values_against_30_digits(weight):
    neuron, spikes = lc.LIF(), [5, 20, 31]
    trial = lc.forward(lc.spike_train(spikes, 60, 1.0), 1.0, neuron, weight)
    with mp.workdps(30):

        def V(t):
            return weight * sum(
                (mp.exp(-(t - s) / mp.mpf(20)) - mp.exp(-(t - s) / mp.mpf(5))) / 3 for s in spikes if t > s
            )

        pieces = sorted({*range(0, 61, 2), *spikes})
        over_time = mp.quad(lambda t: mp.log(1 + 19 * mp.exp(-V(t))), pieces)
        S = mp.quad(V, pieces)
        of_integral = mp.log(1 + 19 * mp.exp(-S))
    assert float(CROSS_ENTROPY.value(trial)) == pytest.approx(float(over_time), rel=1e-13)
    assert float(lc.VoltageIntegral().value(trial)) == pytest.approx(-float(S), rel=1e-13)
    assert float(lc.CrossEntropyOfIntegral(20).value(trial)) == pytest.approx(float(of_integral), rel=1e-12, abs=1e-14)


@given(st.floats(-1e4, 1e4), st.integers(2, 1000))
def test_cross_entropy_and_its_slope_against_40_digits(V, classes):
    with mp.workdps(40):
        e, others = mp.exp(mp.mpf(V)), classes - 1
        value, slope = mp.log1p(others / e), others / (e + others)
    assert float(cross_entropy(V, classes)) == pytest.approx(float(value), rel=1e-13, abs=1e-300)
    # Above V = 700 the slope is below 1e-300 and e^V is held there.
    assert float(one_minus_p(V, classes)) == pytest.approx(float(slope), rel=1e-13, abs=1e-300)


def test_more_classes_give_a_larger_loss():
    trial = lc.forward(lc.spike_train([10], 50, 1.0), 1.0, lc.LIF())
    assert lc.CrossEntropyOverTime(2).value(trial) < lc.CrossEntropyOverTime(20).value(trial)
    empty = lc.forward(lc.spike_train([], 50, 1.0), 1.0, lc.LIF())
    assert lc.CrossEntropyOverTime(20).value(empty) == pytest.approx(50 * np.log(20), rel=1e-14)


def test_a_loss_of_ones_own():
    class Quartic:
        def value(self, trial):
            return lc.integrate(trial, lambda t, V: V**4 / 4)

        def drive(self, trial):
            return lambda t, V: -(V**3)

    assert lc.check_gradient(Quartic(), [10.0, 30.0], 100.0, weight=3.0).relative_error.max() < 1e-9
