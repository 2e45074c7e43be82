"""The leading error of the schemes of order dt, and the orders of all schemes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, taus

import lifcore as lc

STANDARD = lc.LIF()
CROSS_ENTROPY = lc.CrossEntropyOverTime(20)
KAPPA = 19 / 400  # p (1 - p) at V = 0
COARSE = [("euler", "start"), ("hold", "start"), ("hold", "end")]


def measured(trial, scheme, hold_at):
    options = {"hold_at": hold_at} if scheme == "hold" else {}
    error = lc.backward(trial, CROSS_ENTROPY, scheme, **options).transport - lc.backward(trial, CROSS_ENTROPY).transport
    return error[trial.spikes > 0]


@pytest.mark.parametrize(("scheme", "hold_at"), COARSE)
@pytest.mark.parametrize("weight", [0.01, 1.0, 4.0, -2.0])
@pytest.mark.parametrize("neuron", [STANDARD, lc.LIF(8.0, 8.0), lc.LIF(6.0, 15.0)])
def test_what_the_leading_bias_leaves_is_of_second_order(scheme, hold_at, weight, neuron):
    remainders = []
    steps = [0.2, 0.1, 0.05]
    for dt in steps:
        trial = lc.forward(lc.spike_train([100, 104, 131, 270], round(300 / dt), dt), dt, neuron, weight)
        error, leading = measured(trial, scheme, hold_at), lc.leading_bias(trial, CROSS_ENTROPY, scheme, hold_at)
        remainders.append(np.abs(error - leading).max())
        assert remainders[-1] < 0.35 * dt * np.abs(leading).max()  # the next term of a series in dt / tau_s
    assert np.polyfit(np.log(steps), np.log(remainders), 1)[0] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(("scheme", "hold_at"), COARSE)
@pytest.mark.parametrize("times", [[500], [500, 520], [400, 403, 410, 450, 600], [400, 400, 433]])
@pytest.mark.parametrize("neuron", [STANDARD, lc.LIF(8.0, 8.0), lc.LIF(4.0, 11.0)])
def test_closed_form_for_a_linear_drive(scheme, hold_at, times, neuron):
    trial = lc.forward(lc.spike_train(times, 1400, 1.0), 1.0, neuron, 1e-6)
    counts = trial.spikes[trial.spikes > 0]
    total = counts @ lc.leading_bias(trial, CROSS_ENTROPY, scheme, hold_at)
    closed = lc.linear_bias(times, 1.0, neuron, 1e-6, KAPPA, scheme, hold_at)
    # The drive is linear to 1e-6 of itself; b of 1e-10 is the difference of numbers near 0.05, known to 1e-16.
    assert total == pytest.approx(closed, rel=1e-5, abs=2e-16 * len(times))


@pytest.mark.parametrize("neuron", [STANDARD, lc.LIF(8.0, 8.0), lc.LIF(4.0, 11.0)])
def test_two_spikes_push_each_other_with_the_psp_at_their_distance(neuron):
    times, weight = [400.0, 403.0, 410.5, 450.0, 450.0, 600.0], 1e-6
    trial = lc.event_trial(times, 1400.0, neuron, weight)
    transport = lc.backward(trial, CROSS_ENTROPY).transport[trial.spike_steps]
    # Linear to 1e-6 of itself; lambdas near 0.95 are known to 1e-15.
    np.testing.assert_allclose(transport, lc.linear_transport(times, neuron, weight, KAPPA), rtol=1e-5, atol=2e-15)
    assert abs(lc.linear_transport(times, neuron, 1.0, KAPPA).sum()) < 1e-17


def test_closed_form_is_the_integral_over_frequencies():
    """The integral in which the derivation by Fourier transform ends, for three spikes."""
    times, dt, weight = np.array([0.0, 7.0, 50.0]), 0.3, 0.7
    omega = np.linspace(-400.0, 400.0, 4_000_001)
    tau_m, tau_s = STANDARD.tau_m, STANDARD.tau_s
    power = np.abs(np.exp(1j * np.outer(omega, times)).sum(axis=1)) ** 2
    m, s = 1 + (omega * tau_m) ** 2, 1 + (omega * tau_s) ** 2
    integrand = power * omega**2 * (0.5 + 0.5 / m + 0.5 / s) / (m * s)
    integral = dt * KAPPA * weight * tau_s**2 * np.trapezoid(integrand, omega) / (2 * np.pi)
    # Beyond 400 per ms the integrand is below 1e-4 / omega^2 of its peak.
    assert lc.linear_bias(times, dt, STANDARD, weight, KAPPA, "euler") == pytest.approx(integral, rel=1e-3)


def test_self_term():
    closed = 3 / 8 * KAPPA * 5.0 / (20.0 * 25.0)
    assert closed == pytest.approx(1.78125e-4, rel=1e-12)
    assert lc.linear_bias([10.0], 1.0, STANDARD, 1.0, KAPPA, "euler") == pytest.approx(closed, rel=1e-12)
    assert lc.linear_bias([10.0], 1.0, STANDARD, 1.0, KAPPA, "hold") == pytest.approx(closed * 2 / 3, rel=1e-12)


@given(st.lists(st.floats(0.0, 1000.0), min_size=1, max_size=20), taus, taus)
def test_linear_bias_is_positive_for_every_train(times, tau_m, tau_s):
    for scheme in ("euler", "hold"):
        value = lc.linear_bias(times, 1.0, lc.LIF(tau_m, tau_s), 1.0, KAPPA, scheme)
        alone = lc.linear_bias(times[:1], 1.0, lc.LIF(tau_m, tau_s), 1.0, KAPPA, scheme)
        assert value > -1e-12 * len(times) ** 2 * alone  # a square, whose cancelling terms round


def test_pairs_contribute_nothing_on_average_at_a_constant_rate():
    # The sum over the distances of one spike to a dense train, both sides, vanishes but for the self-term.
    distance = np.arange(-20000, 20001) * 0.05
    first, second, _ = STANDARD.psp_slopes(np.abs(distance))
    pairs = 3 * first - np.abs(distance) * second
    assert abs(np.sum(pairs) * 0.05) < 1e-3 * np.sum(np.abs(pairs)) * 0.05  # the Riemann sum's own error, 0.05^2


@examples(20)
@given(st.lists(st.integers(100, 400), min_size=1, max_size=15), st.floats(0.1, 5.0))
def test_hold_has_the_sign_of_its_end(spike_ms, weight):
    trial = lc.forward(lc.spike_train(spike_ms, 4000, 0.25), 0.25, STANDARD, weight)
    counts = trial.spikes[trial.spikes > 0]
    assert counts @ measured(trial, "hold", "start") > 0 > counts @ measured(trial, "hold", "end")


def test_hold_bias_is_the_energy_of_the_slope():
    """+-(dt/2w) int kappa (dV/dt)^2 dt, for a trial that relaxes."""
    trial = lc.event_trial([100.0, 104.0, 131.0], 1000.0, STANDARD, 3.0)
    grid = lc.forward(lc.spike_train([100, 104, 131], 1000, 1.0), 1.0, STANDARD, 3.0)
    fine = lc.forward(lc.spike_train([100, 104, 131], 100_000, 0.01), 0.01, STANDARD, 3.0)
    slope = (fine.I - fine.V) / STANDARD.tau_m
    p = np.exp(fine.V) / (np.exp(fine.V) + 19)
    # dV/dt jumps at a spike, so take the Riemann sum over the starts of steps and correct half a step by Richardson.
    energy = [np.sum((p * (1 - p) * slope**2)[::every]) * 0.01 * every for every in (2, 1)]
    expected = (2 * energy[1] - energy[0]) / (2 * 3.0)
    assert lc.leading_bias(grid, CROSS_ENTROPY, "hold").sum() == pytest.approx(expected, rel=1e-5)
    assert trial.duration == 1000.0


ORDERS = [
    ("euler", {}, 1), ("hold", {"hold_at": "start"}, 1), ("hold", {"hold_at": "end"}, 1), ("trapezoid", {}, 2),
    ("exact", {"nodes": 1}, 2), ("exact", {"nodes": 2}, 4), ("exact", {"nodes": 3}, 6), ("exact", {"nodes": 4}, 8),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "options", "order"), ORDERS)
def test_order_of_convergence(scheme, options, order):
    # Steps small enough for the leading term, large enough that rounding (1e-15) plays no part.
    steps = {1: [0.08, 0.04, 0.02], 2: [0.5, 0.25, 0.125], 4: [2.0, 1.0, 0.5], 6: [4.0, 2.0, 1.0], 8: [4.0, 3.0, 2.0]}[
        order
    ]
    errors = []
    for dt in steps:
        trial = lc.forward(lc.spike_train([96, 144], round(480 / dt), dt), dt, STANDARD, 1.0)
        error = (
            lc.backward(trial, CROSS_ENTROPY, scheme, **options).transport - lc.backward(trial, CROSS_ENTROPY).transport
        )
        errors.append(np.abs(error).max())
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(order, abs=0.1)


def test_trapezoid_is_the_mean_of_both_ends():
    trial = lc.forward(lc.spike_train([100, 150], 400, 1.0), 1.0, STANDARD)
    start, end = (lc.backward(trial, CROSS_ENTROPY, "hold", hold_at=at).transport for at in ("start", "end"))
    np.testing.assert_allclose(lc.backward(trial, CROSS_ENTROPY, "trapezoid").transport, (start + end) / 2, atol=1e-15)


@pytest.mark.parametrize("scheme", ["hold", "trapezoid", "exact"])
def test_a_constant_drive_is_exact_in_every_scheme_that_moves_exactly(scheme):
    trial = lc.forward(lc.spike_train([10], 200, 1.0), 1.0, STANDARD)
    transport = lc.backward(trial, lc.VoltageIntegral(), scheme).transport
    np.testing.assert_allclose(transport, STANDARD.psp(200 - trial.times), atol=1e-13)
