"""Every number the original notebook printed, from lifcore. The sweep's, unseeded, as distributions."""

import math

import numpy as np
import pytest
from scipy import stats

import lifcore as lc
from lifcore import original

PRINTED = original.printed()
NEURON = lc.LIF()
LOSS = lc.CrossEntropyOverTime(20)


def two_spikes(dt):
    spikes = lc.spike_train([100, 150], round(1400 / dt), dt)
    return lc.forward(spikes, dt, NEURON, lc.corrected_weight(dt, NEURON))


def mean(values):
    """The mean with an exactly rounded sum, so that the order of summation on a machine plays no part."""
    return math.fsum(values) / len(values)


def test_mean_V_dt_1():
    assert mean(two_spikes(1.0).V) == PRINTED["two_spikes_dt_1"]["mean_V"] == 0.0064685114737184106


def test_mean_I_dt_1():
    assert mean(two_spikes(1.0).I) == PRINTED["two_spikes_dt_1"]["mean_I"] == 0.007142857142857143


def test_mean_V_dt_001():
    # The printed 0.007135718450596187 is itself 5e-14 away from the value in 40 digits,
    # 0.00713571845059584556: each of 140 000 steps rounds, in the original's arithmetic and in ours.
    assert mean(two_spikes(0.01).V) == pytest.approx(PRINTED["two_spikes_dt_0.01"]["mean_V"], rel=1e-14, abs=0)
    assert mean(two_spikes(0.01).V) == pytest.approx(0.00713571845059584556, rel=1e-13, abs=0)


def test_mean_I_dt_001():
    assert mean(two_spikes(0.01).I) == PRINTED["two_spikes_dt_0.01"]["mean_I"] == 0.0071428571428571435


def test_adjoint_at_the_two_spikes():
    transport = lc.backward(two_spikes(1.0), LOSS, "euler").transport[[100, 150]]
    assert str(transport) == "[3.02033966e-04 5.71670902e-05]"
    # All 17 digits: the difference of two numbers near 0.95 keeps their last bit, so this is Euler in the
    # original's own order of operations. exp may differ by one bit on another machine: 1e-15 is that bit.
    assert sum(transport) == pytest.approx(0.00035920105593634233, abs=1e-15)


def test_original_positions_are_our_spike_steps():
    assert [1400 - step - 1 for step in (100, 150)] == PRINTED["adjoint_two_spikes_euler_dt_1"]["reversed_positions"]


def test_integral_loss():
    transport = lc.backward(two_spikes(1.0), lc.VoltageIntegral(), "euler").transport
    # Printed: 5.000000000000002. The original's cells round in two orders, (1 - lambda)/tau_m*dt here and
    # s/tau_m*dt - lambda/tau_m*dt above, and no one order prints both; 1400 roundings of 1e-16 separate them.
    assert sum(transport[::-1]) == pytest.approx(
        PRINTED["integral_loss_euler_dt_1"]["sum_lambda_V_minus_lambda_I"], abs=1e-13
    )


def test_the_two_last_digits_that_lifcore_rounds_otherwise():
    """The arithmetic of the two cells in question, as it stands there, prints the original's digits here too."""
    lambda_V = lambda_I = total = 0.0
    for _ in range(1400):
        lambda_I = lambda_I + (lambda_V - lambda_I) / 5.0 * 1
        lambda_V = lambda_V + (1 - lambda_V) / 20.0 * 1
        total += lambda_V - lambda_I
    assert total == PRINTED["integral_loss_euler_dt_1"]["sum_lambda_V_minus_lambda_I"]

    V = I = 0.0
    weight = 1.0 * (5.0 * (1.0 - np.exp(-0.01 / 5.0))) * (1.0 / 0.01)
    recorded = np.zeros(140_000)
    for step in range(140_000):
        V = 5.0 / 15.0 * I * (np.exp(-0.01 / 20.0) - np.exp(-0.01 / 5.0)) + V * np.exp(-0.01 / 20.0)
        I = I * np.exp(-0.01 / 5.0) + (weight if step in (10_000, 15_000) else 0.0)
        recorded[step] = V
    assert mean(recorded) == pytest.approx(PRINTED["two_spikes_dt_0.01"]["mean_V"], rel=1e-15, abs=0)


@pytest.fixture(scope="module")
def sweep():
    return lc.rate_sweep(
        PRINTED["sweep"]["r_max_hz"], 1000, steps=1400, dt=1.0, scheme="euler",
        weight=lc.corrected_weight(1.0, NEURON), seed=2022,
    )  # fmt: skip


@pytest.mark.parametrize("peak", range(5))
def test_totals_have_the_original_distribution(sweep, peak):
    # Five tests at 0.001 each: a right program fails none of them with probability 0.995, and the seed is fixed.
    assert stats.ks_2samp(original.printed_totals()[peak], sweep.totals[peak]).pvalue > 0.001


def test_histogram_has_the_original_distribution(sweep):
    assert original.histogram_p_value(sweep) > 0.01


def test_the_comparisons_can_fail():
    # The totals must tell the exact adjoint from Euler's, or their agreement would prove nothing. The histogram
    # does not (bins of 2.5e-3, a bias of 2e-4): it must at least tell another weight.
    settings = {"steps": 1400, "dt": 1.0, "seed": 2022}
    exact = lc.rate_sweep(PRINTED["sweep"]["r_max_hz"], 1000, scheme="exact", weight=1.0, **settings)
    assert stats.ks_2samp(original.printed_totals()[2], exact.totals[2]).pvalue < 1e-6
    weaker = lc.rate_sweep(PRINTED["sweep"]["r_max_hz"], 1000, scheme="euler", weight=0.7, **settings)
    assert original.histogram_p_value(weaker) == pytest.approx(1 / 101)  # more unusual than all 100


def test_epsp_cell_adds_the_spike_and_then_decays_it():
    # The original's last cell, as it stands: w = 10 at step 100, decayed in the step of the spike.
    V = I = 0.0
    recorded = np.zeros(1400)
    for step in range(1400):
        V = 5.0 / 15.0 * I * (np.exp(-1 / 20) - np.exp(-1 / 5)) + V * np.exp(-1 / 20)
        if step == 100:
            I += 10.0
        I *= np.exp(-1 / 5)
        recorded[step] = V
    trial = lc.forward(lc.spike_train([100], 1400, 1.0), 1.0, NEURON, 10.0 * np.exp(-1 / 5))
    np.testing.assert_allclose(trial.V, recorded, atol=1e-14)
