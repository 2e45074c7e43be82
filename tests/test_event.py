"""The event-driven trial: against 40 digits, against the grid, and against finite differences."""

from dataclasses import dataclass

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, neurons, weights

import lifcore as lc
from lifcore.losses import cross_entropy, one_minus_p

STANDARD = lc.LIF()
CROSS_ENTROPY = lc.CrossEntropyOverTime(20)


@dataclass
class FadingCrossEntropy:
    """int g(t) -log p(V) dt with g(t) = e^{-t/tau}: a loss that cares when."""

    tau: float = 50.0

    def value(self, trial):
        return lc.integrate(trial, lambda t, V: np.exp(-t / self.tau) * cross_entropy(V, 20))

    def drive(self, trial):
        return lambda t, V: np.exp(-t / self.tau) * one_minus_p(V, 20)


LOSSES = [CROSS_ENTROPY, lc.CrossEntropyOfIntegral(20), lc.VoltageIntegral(), FadingCrossEntropy()]


def forty_digits(times, duration, neuron, weight):
    """lambda_V, lambda_I at the spikes: closed forms between events and adaptive quadrature, in 40 digits."""
    with mp.workdps(40):
        tau_m, tau_s, w = mp.mpf(neuron.tau_m), mp.mpf(neuron.tau_s), mp.mpf(weight)

        def psp(u):
            if tau_m == tau_s:
                return u / tau_m * mp.exp(-u / tau_m)
            return tau_s / (tau_m - tau_s) * (mp.exp(-u / tau_m) - mp.exp(-u / tau_s))

        events = sorted({mp.mpf(t) for t in times} | {mp.mpf(0), mp.mpf(duration)})
        state = [(mp.mpf(0), mp.mpf(0))]
        for i, t in enumerate(events):
            V, I = state[-1]
            h = t - events[i - 1] if i else mp.mpf(0)
            V, I = V * mp.exp(-h / tau_m) + psp(h) * I, I * mp.exp(-h / tau_s)
            state.append((V, I + w * sum(1 for s in times if mp.mpf(s) == t)))
        state = state[1:]
        lambda_V = lambda_I = mp.mpf(0)
        found = {events[-1]: (lambda_V, lambda_I)}
        for i in reversed(range(len(events) - 1)):
            (V, I), h = state[i], events[i + 1] - events[i]

            def drive(u, V=V, I=I):
                return 19 / (mp.exp(V * mp.exp(-u / tau_m) + psp(u) * I) + 19)

            pieces = mp.linspace(0, h, 2 + int(h / 2))
            into_V = mp.quad(
                lambda u, d=drive: d(u) * mp.exp(-u / tau_m) / tau_m, pieces, method="gauss-legendre", maxdegree=4
            )
            into_I = mp.quad(lambda u, d=drive: d(u) * psp(u) / tau_s, pieces, method="gauss-legendre", maxdegree=4)
            lambda_I = mp.exp(-h / tau_s) * lambda_I + tau_m / tau_s * psp(h) * lambda_V + into_I
            lambda_V = mp.exp(-h / tau_m) * lambda_V + into_V
            found[events[i]] = (lambda_V, lambda_I)
        return np.array([[float(x) for x in found[mp.mpf(t)]] for t in times]).T


@pytest.mark.parametrize(
    ("times", "duration", "neuron", "weight"),
    [
        ([100.0], 300.0, STANDARD, 1.0),
        ([0.0, 33.3, 33.3, 71.234567, 120.0], 120.0, STANDARD, 2.0),  # at both ends, and coincident
        ([5.0, 6.0, 6.1, 40.0], 90.0, lc.LIF(7.0, 7.0), -3.0),
        ([5.0, 6.0, 6.1, 40.0], 90.0, lc.LIF(7.0, 7.0 + 1e-7), 20.0),
        ([5.0, 6.0, 6.1, 40.0], 90.0, lc.LIF(3.0, 30.0), 1.0),
        (np.random.default_rng(3).uniform(0, 200, 300).tolist(), 200.0, STANDARD, 0.5),
    ],
)
def test_against_40_digits(times, duration, neuron, weight):
    trial = lc.event_trial(times, duration, neuron, weight)
    adjoint = lc.backward(trial, CROSS_ENTROPY)
    expected_V, expected_I = forty_digits(times, duration, neuron, weight)
    np.testing.assert_allclose(adjoint.lambda_V[trial.spike_steps], expected_V, atol=1e-12)
    np.testing.assert_allclose(adjoint.lambda_I[trial.spike_steps], expected_I, atol=1e-12)


@examples(50)
@given(
    st.lists(st.integers(0, 199), max_size=10),
    neurons,
    weights,
    st.sampled_from(LOSSES),
    st.sampled_from([0.25, 1.0, 3.0]),
)
def test_event_driven_is_the_grid(spike_steps, neuron, weight, loss, dt):
    times = np.array(spike_steps, dtype=float) * dt
    event = lc.event_trial(times, 200 * dt, neuron, weight)
    grid = lc.forward(lc.spike_train(times, 200, dt), dt, neuron, weight)
    from_event = lc.spike_time_gradient(event, lc.backward(event, loss))
    from_grid = lc.spike_time_gradient(grid, lc.backward(grid, loss))[spike_steps]
    scale = 1.0 + abs(weight)  # lambdas of order 1, times the weight
    np.testing.assert_allclose(from_event, from_grid, rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(loss.value(event), loss.value(grid), rtol=1e-12, atol=1e-12)


trains = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12)


@examples(100)
@given(trains, st.floats(5.0, 500.0), neurons, weights, st.sampled_from(LOSSES))
def test_conservation_with_its_boundary_term(fractions, duration, neuron, weight, loss):
    """sum_k dL/dt_k = int g' [l(V) - l(0)] dt - g(T) [l(V(T)) - l(0)], for every loss and its g."""
    trial = lc.event_trial(np.array(fractions) * duration, duration, neuron, weight)
    end = trial.voltage_at(duration)[0]

    def gain(V):
        return cross_entropy(V, 20) - cross_entropy(0.0, 20)

    expected = -gain(end)
    if isinstance(loss, FadingCrossEntropy):
        inside = lc.integrate(trial, lambda t, V: -np.exp(-t / loss.tau) / loss.tau * gain(V))
        expected = inside - np.exp(-duration / loss.tau) * gain(end)
    elif not isinstance(loss, lc.CrossEntropyOverTime):
        # l = -V; for the cross-entropy of integrals the slope 1 - p(S) takes the place of g.
        expected = end * loss.drive(trial)(trial.times, trial.V)[0]
    adjoint = lc.backward(trial, loss)
    terms = np.abs(lc.spike_time_gradient(trial, adjoint))
    # Scale: the terms, and the lambdas (of order 1, times w) whose differences they are.
    scale = np.sum(terms) + abs(expected) + abs(weight) * len(fractions) * np.abs(adjoint.lambda_V).max()
    assert lc.shift_gradient(trial, adjoint) == pytest.approx(expected, abs=1e-11 * scale + 1e-300)
    np.testing.assert_allclose(
        lc.spike_time_gradient(trial, adjoint).sum(), lc.shift_gradient(trial, adjoint), atol=1e-13 * (scale + 1)
    )


@examples(12)
@given(
    st.lists(st.floats(1.0, 99.0), min_size=1, max_size=8, unique=True),
    st.floats(2.0, 40.0),
    st.sampled_from([1.0, 1 + 1e-9, 0.25, 3.0]),
    st.floats(-2.0, 2.0).map(lambda w: round(w, 3)),
    st.sampled_from(LOSSES),
)
def test_gradients_against_finite_differences(times, tau_s, ratio, weight, loss):
    check = lc.check_gradient(loss, times, 100.0, lc.LIF(ratio * tau_s, tau_s), weight)
    # The loss, a sum of some ten terms, rounds to 1e-15 of itself. A difference multiplies that by up to 2 and divides
    # it by a step, of some 0.01 to 0.1 ms (less between close spikes).
    gap = min(np.diff(np.sort([0.0, *times, 100.0])).min(), 1.0)
    rounding = (
        2e-13 * max(abs(loss.value(lc.event_trial(times, 100.0, lc.LIF(ratio * tau_s, tau_s), weight))), 1.0) / gap
    )
    largest = np.abs(check.analytic[:-1]).max()
    assert np.abs(check.analytic - check.numeric)[:-1].max() <= 1e-8 * largest + rounding
    if abs(check.analytic[-1]) > 1e-6:
        assert check.relative_error[-1] < 1e-8


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_check_gradient_confirms_nine_digits(loss):
    check = lc.check_gradient(loss, [40.0, 52.0, 60.5, 93.0], 150.0)
    assert check.relative_error.max() < 1e-9
    assert check.analytic.shape == check.numeric.shape == (5,)


def test_check_gradient_finds_a_wrong_drive():
    class Wrong:
        def value(self, trial):
            return CROSS_ENTROPY.value(trial)

        def drive(self, trial):
            return lambda t, V: 1.0001 * one_minus_p(V, 20)

    error = lc.check_gradient(Wrong(), [40.0, 52.0, 60.5, 93.0], 150.0).relative_error
    assert 5e-5 < error.max() < 2e-4


def test_check_gradient_of_a_spike_that_is_told_nothing():
    check = lc.check_gradient(CROSS_ENTROPY, [100.0], 1000.0)
    assert np.abs(check.analytic[0]) < 1e-13 and np.abs(check.numeric[0]) < 1e-11  # L = 3000 rounds to 5e-13


@given(trains, st.floats(20.0, 300.0), neurons, weights)
def test_noether_charge_is_a_staircase_of_the_gradients(fractions, duration, neuron, weight):
    """H = l(V) + lambda_V (V - I) + lambda_I I is constant between spikes and steps by -dL/dt_k at each."""
    trial = lc.event_trial(np.array(fractions) * duration, duration, neuron, weight)
    adjoint = lc.backward(trial, CROSS_ENTROPY)
    charge = lc.noether_charge(trial, adjoint, cross_entropy(trial.V, 20) - np.log(20))
    steps = trial.spikes * trial.weight * adjoint.transport
    # Samples are states just after the spikes: H there is l(0) minus all gradients so far.
    scale = 1.0 + np.abs(trial.I).max() + np.abs(trial.V).max()
    np.testing.assert_allclose(charge, -np.cumsum(steps), rtol=0, atol=1e-12 * scale)


def test_gradients_are_in_the_order_of_the_times():
    times = [150.0, 20.0, 100.0, 20.0]
    trial = lc.event_trial(times, 300.0, STANDARD)
    gradient = lc.spike_time_gradient(trial, lc.backward(trial, CROSS_ENTROPY))
    ordered = lc.event_trial(sorted(times), 300.0, STANDARD)
    expected = lc.spike_time_gradient(ordered, lc.backward(ordered, CROSS_ENTROPY))
    np.testing.assert_array_equal(gradient, expected[[3, 0, 2, 1]])


def test_a_batch_of_weights():
    trial = lc.event_trial([10.0, 30.0], 100.0, STANDARD, [1.0, 2.0, 3.0])
    adjoint = lc.backward(trial, CROSS_ENTROPY)
    assert lc.spike_time_gradient(trial, adjoint).shape == (2, 3) and lc.weight_gradient(trial, adjoint).shape == (3,)
    alone = lc.event_trial([10.0, 30.0], 100.0, STANDARD, 2.0)
    expected = lc.spike_time_gradient(alone, lc.backward(alone, CROSS_ENTROPY))
    np.testing.assert_allclose(lc.spike_time_gradient(trial, adjoint)[:, 1], expected, atol=1e-14)


def test_no_spike_at_all():
    trial = lc.event_trial([], 50.0, STANDARD)
    adjoint = lc.backward(trial, CROSS_ENTROPY)
    assert lc.spike_time_gradient(trial, adjoint).shape == (0,) and lc.shift_gradient(trial, adjoint) == 0.0
    assert CROSS_ENTROPY.value(trial) == pytest.approx(50 * np.log(20), rel=1e-14)


def test_voltage_at_any_time():
    trial = lc.event_trial([10.0, 30.0], 100.0, STANDARD, 2.0)
    t = np.array([0.0, 10.0, 15.5, 30.0, 99.0, 100.0])
    np.testing.assert_allclose(trial.voltage_at(t), 2 * (STANDARD.psp(t - 10) + STANDARD.psp(t - 30)), atol=1e-15)
