import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import STEPS, neurons, steps_of_spikes, trial_of, weights

import lifcore as lc


def sum_of_psps(t, spike_times, neuron, weight):
    return weight * sum((neuron.psp(t - spike) for spike in spike_times), np.zeros(np.shape(t)))


@given(steps_of_spikes, neurons, weights, st.sampled_from([0.01, 0.1, 1.0, 3.7]))
def test_V_is_the_sum_of_psps_at_every_dt(spike_steps, neuron, weight, dt):
    trial = trial_of(spike_steps, neuron, weight, dt)
    expected = sum_of_psps(trial.times, np.array(spike_steps) * dt, neuron, weight)
    # 300 steps each round by 1e-16 of what is left, and 12 spikes add.
    np.testing.assert_allclose(trial.V, expected, rtol=0, atol=1e-14 * (1 + abs(weight)) * (1 + len(spike_steps)))


def test_V_does_not_depend_on_dt():
    coarse, *finer = [trial_of([100 / dt, 150 / dt], lc.LIF(), 1.0, dt, round(1400 / dt)) for dt in (1.0, 0.1, 0.01)]
    for trial, every in zip(finer, (10, 100), strict=True):
        # 140 000 steps: the rounding of e^{-dt/tau_m} is raised to the 100th power per ms.
        np.testing.assert_allclose(trial.V[::every], coarse.V, atol=1e-13)


@given(steps_of_spikes, neurons, weights)
def test_V_is_linear_in_the_weight(spike_steps, neuron, weight):
    once, twice = (trial_of(spike_steps, neuron, w) for w in (weight, 2 * weight))
    np.testing.assert_array_equal(twice.V, 2 * once.V)  # doubling is exact in binary


@given(st.lists(st.integers(0, 99), max_size=6), neurons, st.integers(0, 200))
def test_a_later_train_gives_a_later_V(spike_steps, neuron, shift):
    early, late = (trial_of(np.array(spike_steps, dtype=int) + s, neuron, 1.0) for s in (0, shift))
    np.testing.assert_array_equal(late.V[shift:], early.V[: STEPS - shift])


@given(st.lists(steps_of_spikes, min_size=1, max_size=4), neurons)
def test_a_batch_is_its_trials(trains, neuron):
    spikes = np.stack([lc.spike_train(train, STEPS, 1.0) for train in trains], axis=1)
    weight = np.arange(1.0, len(trains) + 1)
    batch = lc.forward(spikes, 1.0, neuron, weight)
    for k in range(len(trains)):
        single = lc.forward(spikes[:, k], 1.0, neuron, weight[k])
        np.testing.assert_array_equal(batch.V[:, k], single.V)
        np.testing.assert_array_equal(batch.I[:, k], single.I)


def test_one_train_with_several_weights():
    trial = lc.forward(lc.spike_train([10], 100, 1.0), 1.0, lc.LIF(), [1.0, 2.0, 3.0])
    assert trial.V.shape == trial.spikes.shape == (100, 3)
    np.testing.assert_allclose(trial.V[:, 2], 3 * trial.V[:, 0])
    gradient = lc.spike_time_gradient(trial, lc.backward(trial, lc.CrossEntropyOverTime()))
    assert gradient.shape == (100, 3) and np.count_nonzero(gradient) == 3


def test_sample_i_is_the_state_just_after_the_spikes_of_step_i():
    trial = lc.forward(lc.spike_train([10.0], 100, 0.5), 0.5, lc.LIF(), 2.0)
    assert (trial.I[19], trial.I[20], trial.V[20]) == (0.0, 2.0, 0.0) and trial.V[21] > 0
    assert trial.times[20] == 10.0 and trial.duration == 50.0


@given(steps_of_spikes, neurons, weights, st.floats(0.0, 1.0))
def test_V_between_samples(spike_steps, neuron, weight, fraction):
    trial = trial_of(spike_steps, neuron, weight)
    u = fraction * trial.h
    expected = sum_of_psps(trial.times + u, spike_steps, neuron, weight)
    np.testing.assert_allclose(
        trial.voltage_after(u), expected, atol=1e-14 * (1 + abs(weight)) * (1 + len(spike_steps))
    )


def test_a_train_without_spikes_is_a_trial():
    trial = lc.forward(lc.spike_train([], 50, 1.0), 1.0, lc.LIF())
    adjoint = lc.backward(trial, lc.CrossEntropyOverTime())
    assert not trial.V.any() and not lc.spike_time_gradient(trial, adjoint).any()
    assert lc.weight_gradient(trial, adjoint) == 0.0


def test_inputs_are_left_alone():
    spikes = lc.spike_train([3, 3, 7], 20, 1.0)
    copy = spikes.copy()
    lc.backward(lc.forward(spikes, 1.0, lc.LIF()), lc.CrossEntropyOverTime())
    np.testing.assert_array_equal(spikes, copy)


def test_corrected_weight_makes_the_riemann_sum_of_the_psc_right():
    neuron = lc.LIF()
    for dt in (0.1, 1.0, 5.0):
        grid = np.arange(0, 1000, dt)
        assert lc.corrected_weight(dt, neuron) * np.sum(neuron.psc(grid)) * dt == pytest.approx(neuron.tau_s, rel=1e-12)
    assert lc.corrected_weight(1.0, neuron) == pytest.approx(0.9063462346100909, rel=1e-15)
