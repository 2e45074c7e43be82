"""Values and gradients against finite differences, and values against closed forms."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import losses, neurons

import lifcore as lc
from lifcore.losses import cross_entropy, one_minus_p

CROSS_ENTROPY = lc.CrossEntropyOverTime(20)


def central(loss_at, h):
    """Central difference of fourth order: Richardson's step on h and h/2."""
    coarse, fine = ((loss_at(k) - loss_at(-k)) / (2 * k) for k in (h, h / 2))
    return (4 * fine - coarse) / 3


@settings(max_examples=40)
@given(st.lists(st.integers(0, 99), min_size=1, max_size=8), neurons, st.floats(-3, 3), losses)
def test_weight_gradient(spike_steps, neuron, weight, loss):
    spikes = lc.spike_train(spike_steps, 100, 1.0)
    trial = lc.forward(spikes, 1.0, neuron, weight)
    gradient = lc.weight_gradient(trial, lc.backward(trial, loss))
    numeric = central(lambda k: loss.value(lc.forward(spikes, 1.0, neuron, weight + k)), 2e-3)
    # Fourth order in h = 2e-3 leaves h^4 times the fifth derivative; 300 ms of loss round to 1e-14 / h.
    assert gradient == pytest.approx(numeric, rel=1e-6, abs=1e-8)


@settings(max_examples=40)
@given(st.lists(st.integers(2, 97), min_size=1, max_size=6, unique=True), st.floats(-3, 3), losses)
def test_spike_time_gradient(spike_ms, weight, loss):
    dt, neuron = 0.25, lc.LIF()
    def trial_with(times):
        return lc.forward(lc.spike_train(times, 400, dt), dt, neuron, weight)

    trial = trial_with(spike_ms)
    gradient = lc.spike_time_gradient(trial, lc.backward(trial, loss))
    assert np.count_nonzero(trial.spikes) == len(spike_ms) and not gradient[trial.spikes == 0].any()
    for k, time in enumerate(spike_ms):
        def loss_at(move, k=k):
            return loss.value(trial_with([*spike_ms[:k], spike_ms[k] + move, *spike_ms[k + 1 :]]))

        # Moves of 0.5 and 0.25 ms, which stay on the grid: fourth order leaves (0.25/5)^4 of the scale |w|.
        assert gradient[round(time / dt)] == pytest.approx(central(loss_at, 0.5), abs=3e-5 * max(abs(weight), 1e-3) * 1.0)


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
            return weight * sum((mp.exp(-(t - s) / mp.mpf(20)) - mp.exp(-(t - s) / mp.mpf(5))) / 3 for s in spikes if t > s)

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

    spikes = lc.spike_train([10, 30], 100, 1.0)
    trial = lc.forward(spikes, 1.0, lc.LIF(), 3.0)
    numeric = central(lambda k: Quartic().value(lc.forward(spikes, 1.0, lc.LIF(), 3.0 + k)), 1e-3)
    assert lc.weight_gradient(trial, lc.backward(trial, Quartic())) == pytest.approx(numeric, rel=1e-9)
