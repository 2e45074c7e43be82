from functools import cache

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import STEPS, examples, losses, neurons, steps_of_spikes, trial_of, weights

import lifcore as lc

STANDARD = lc.LIF()
CROSS_ENTROPY = lc.CrossEntropyOverTime(20)


def test_the_two_spikes_of_the_original():
    for weight, expected in ((lc.corrected_weight(1.0, STANDARD), 1.2539e-4), (1.0, 1.39255e-4)):
        trial = trial_of([100, 150], STANDARD, weight, steps=1400)
        transport = lc.backward(trial, CROSS_ENTROPY).transport[[100, 150]]
        np.testing.assert_allclose(transport, [expected, -expected], atol=5e-9 if weight < 1 else 5e-10)  # digits given
        assert abs(transport.sum()) < 1e-14


@pytest.mark.parametrize("neuron", [STANDARD, lc.LIF(5.0, 5.0), lc.LIF(4.0, 4.000001), lc.LIF(3.0, 30.0)])
@pytest.mark.parametrize("weight", [1.0, -2.0, 30.0])
def test_against_the_convolution_in_30_digits(neuron, weight):
    """lambda_I(t) = (1/tau_s) int_t^T s(V(r)) k(r - t) dr, lambda_V likewise with e^{-u/tau_m}/tau_m."""
    spikes, duration = [5, 20, 20, 31], 60
    trial = trial_of(spikes, neuron, weight, steps=duration)
    adjoint = lc.backward(trial, CROSS_ENTROPY)
    with mp.workdps(30):
        tau_m, tau_s = mp.mpf(neuron.tau_m), mp.mpf(neuron.tau_s)

        def psp(u):
            if u <= 0:
                return mp.mpf(0)
            if tau_m == tau_s:
                return u / tau_m * mp.exp(-u / tau_m)
            return tau_s / (tau_m - tau_s) * (mp.exp(-u / tau_m) - mp.exp(-u / tau_s))

        @cache  # both lambdas, at all t, are integrated over the same pieces
        def drive(r):
            return 19 / (mp.exp(weight * sum(psp(r - t) for t in spikes)) + 19)

        for t in (0, 5, 20, 31, 59):
            pieces = sorted({t, *[r for r in (*range(0, duration, 2), *spikes) if r > t], duration})
            lambda_I = mp.quad(lambda r, t=t: drive(r) * psp(r - t) / tau_s, pieces)
            lambda_V = mp.quad(lambda r, t=t: drive(r) * mp.exp(-(r - t) / tau_m) / tau_m, pieces)
            assert float(adjoint.lambda_I[t]) == pytest.approx(float(lambda_I), abs=1e-12)
            assert float(adjoint.lambda_V[t]) == pytest.approx(float(lambda_V), abs=1e-12)


@given(st.integers(20, 1000), neurons)
def test_integral_loss_is_the_psp_hung_from_the_end(steps, neuron):
    trial = trial_of([10], neuron, 1.0, steps=steps)
    transport = lc.backward(trial, lc.VoltageIntegral()).transport
    np.testing.assert_allclose(transport, neuron.psp(steps - trial.times), atol=1e-13)  # steps times 1e-16


@given(steps_of_spikes, weights)
def test_cross_entropy_of_the_integral_scales_that_psp(spike_steps, weight):
    trial = trial_of(spike_steps, STANDARD, weight)
    S = np.sum(weight * STANDARD.tau_s * np.array([closed_integral(STEPS - t) for t in spike_steps]))
    p = np.exp(S) / (np.exp(S) + 19) if S < 700 else 1.0
    transport = lc.backward(trial, lc.CrossEntropyOfIntegral(20)).transport
    np.testing.assert_allclose(transport, (1 - p) * STANDARD.psp(STEPS - trial.times), atol=1e-12)


def closed_integral(t, tau_m=20.0, tau_s=5.0):
    """int_0^t k / tau_s, from the two exponentials."""
    return (tau_m * (1 - np.exp(-t / tau_m)) - tau_s * (1 - np.exp(-t / tau_s))) / (tau_m - tau_s)


def test_the_integral_of_the_difference_is_tau_s_lambda_I():
    trial = trial_of([100], STANDARD, 1.0, steps=1400)
    for scheme, tolerance in (
        ("euler", 1e-12),
        ("exact", 1e-2),
    ):  # Euler's Riemann sum telescopes, the exact one does not
        adjoint = lc.backward(trial, lc.VoltageIntegral(), scheme)
        assert adjoint.transport.sum() == pytest.approx(5.0 * adjoint.lambda_I[0], abs=tolerance)
        assert adjoint.lambda_I[0] == pytest.approx(1.0, abs=1e-12)


def test_an_isolated_spike_feels_nothing_and_a_pair_is_equal_and_opposite():
    for weight in (0.5, 1.0, -3.0):
        alone = trial_of([700], STANDARD, weight, steps=1400)
        assert (
            abs(lc.backward(alone, CROSS_ENTROPY).transport[700]) < 1e-13
        )  # the quadrature's error at 1 ms; V itself has decayed to e^-35
        pair = trial_of([700, 730], STANDARD, weight, steps=1400)
        first, second = lc.backward(pair, CROSS_ENTROPY).transport[[700, 730]]
        assert (
            first == pytest.approx(-second, abs=1e-13) and weight * first > 1e-5
        )  # first earlier: they are pushed apart


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.integers(1, 200))
def test_a_later_train_carries_the_same_transport(spike_steps, shift):
    early, late = (trial_of(np.array(spike_steps) + s, STANDARD, 1.0, steps=1600) for s in (400, 400 + shift))
    transport = [lc.backward(trial, CROSS_ENTROPY).transport for trial in (early, late)]
    np.testing.assert_allclose(transport[1][shift:700], transport[0][: 700 - shift], atol=1e-14)


@given(
    st.lists(steps_of_spikes, min_size=1, max_size=4),
    neurons,
    losses,
    st.sampled_from(["exact", "euler", "hold", "trapezoid"]),
)
@examples(30)
def test_a_batch_is_its_trials(trains, neuron, loss, scheme):
    spikes = np.stack([lc.spike_train(train, STEPS, 1.0) for train in trains], axis=1)
    batch = lc.forward(spikes, 1.0, neuron)
    together, value = lc.backward(batch, loss, scheme), loss.value(batch)
    assert value.shape == (len(trains),)
    for k in range(len(trains)):
        single = lc.forward(spikes[:, k], 1.0, neuron)
        alone = lc.backward(single, loss, scheme)
        # A batch may cut steps into more panels than a train of its own would: equal to rounding.
        np.testing.assert_allclose(together.lambda_V[:, k], alone.lambda_V, atol=1e-13)
        np.testing.assert_allclose(together.lambda_I[:, k], alone.lambda_I, atol=1e-13)
        # Where it is e^-S, a loss has S times the rounding of S.
        np.testing.assert_allclose(value[k], loss.value(single), rtol=1e-12)


def test_two_batch_axes():
    spikes = lc.poisson_spikes(lc.gaussian_rate([50.0, 100.0], 200, 1.0), 1.0, 3, rng=np.random.default_rng(0))
    trial = lc.forward(spikes, 1.0, STANDARD)
    adjoint = lc.backward(trial, lc.CrossEntropyOfIntegral())
    assert adjoint.lambda_V.shape == (200, 2, 3) and lc.weight_gradient(trial, adjoint).shape == (2, 3)


@pytest.mark.parametrize("weight", [6e4, -6e4])
@pytest.mark.parametrize("loss", [CROSS_ENTROPY, lc.CrossEntropyOfIntegral(20)])
def test_large_voltages_do_not_overflow(loss, weight):
    with np.errstate(over="raise", invalid="raise"):
        trial = trial_of([20], STANDARD, weight, steps=100)
        assert 9e3 < np.abs(trial.V).max() < 1e4
        for scheme in ("exact", "euler"):
            adjoint = lc.backward(trial, loss, scheme)
            assert np.all(np.isfinite(adjoint.lambda_V)) and np.all(np.isfinite(adjoint.lambda_I))
        assert np.isfinite(loss.value(trial))
