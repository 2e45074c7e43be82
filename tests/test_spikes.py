import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifcore as lc


@given(st.lists(st.integers(0, 999)), st.sampled_from([0.01, 0.1, 0.3, 1.0, 1 / 3, 7.0]))
def test_every_spike_on_the_grid_is_kept(steps, dt):
    spikes = lc.spike_train(np.array(steps, dtype=float) * dt, 1000, dt)
    assert spikes.shape == (1000,)
    np.testing.assert_array_equal(spikes, np.bincount(steps, minlength=1000) if steps else np.zeros(1000))


def test_times_that_only_rounding_keeps_off_the_grid():
    assert lc.spike_train([0.3], 10, 0.1)[3] == 1  # 0.3 / 0.1 is 2.9999999999999996


@given(st.integers(0, 998), st.floats(1e-6, 0.5))
def test_no_spike_off_the_grid_is_accepted(step, off):
    with pytest.raises(ValueError, match=r"times\[1\].*nearest grid time"):
        lc.spike_train([0.0, step + off], 1000, 1.0)


def test_gaussian_rate():
    rate = lc.gaussian_rate(peak=100.0, steps=1400, dt=1.0, mid=200.0, sigma=200.0)
    assert rate.shape == (1400,) and rate[200] == 100.0 and rate[0] == pytest.approx(100 * np.exp(-0.5))
    many = lc.gaussian_rate([10.0, 100.0], 1400, 1.0)
    np.testing.assert_array_equal(many[:, 1], rate)


def test_poisson_spikes_follow_the_rate():
    rate = lc.gaussian_rate(200.0, 1400, 0.5, mid=300.0)
    spikes = lc.poisson_spikes(rate, 0.5, trials=2000, rng=np.random.default_rng(1))
    assert spikes.shape == (1400, 2000) and set(np.unique(spikes)) == {0, 1}
    p = rate * 0.5 / 1000
    z = (spikes.sum(axis=1) - 2000 * p) / np.sqrt(2000 * p * (1 - p))
    # 1400 standard normal deviates: mean within 4/sqrt(1400), mean square within 4 sqrt(2/1400) of 1.
    assert abs(z.mean()) < 4 / np.sqrt(1400) and abs((z**2).mean() - 1) < 4 * np.sqrt(2 / 1400)


def test_poisson_spikes_are_reproducible_and_take_a_batch_of_rates():
    rate = lc.gaussian_rate([10.0, 50.0], 100, 1.0)
    first, second = (lc.poisson_spikes(rate, 1.0, 3, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.shape == (100, 2, 3)
    np.testing.assert_array_equal(first, second)
    assert lc.poisson_spikes(rate, 1.0, rng=np.random.default_rng(5)).shape == (100, 2)


def test_certain_and_impossible_spikes():
    rng = np.random.default_rng(0)
    assert lc.poisson_spikes([1000.0] * 10, 1.0, 4, rng=rng).all()
    assert not lc.poisson_spikes([0.0] * 10, 1.0, 4, rng=rng).any()


def test_sparse_draws_have_the_law_of_the_dense_ones():
    """In each step a spike with the probability of the step, whatever the others do: by chi^2 and by pairs."""
    rate = np.array([0.0, 3.0, 80.0, 500.0, 0.0, 900.0, 1000.0, 0.0])
    trials = 40_000
    trial, step = lc.poisson_spike_steps(rate, 1.0, trials, rng=np.random.default_rng(1))
    assert np.all(np.diff(trial * len(rate) + step) > 0)  # in order, and none twice
    spikes = np.zeros((trials, len(rate)))
    spikes[trial, step] = 1
    p = rate / 1000
    np.testing.assert_array_equal(spikes.mean(axis=0)[[0, 4, 6, 7]], p[[0, 4, 6, 7]])
    some = (p > 0) & (p < 1)
    z = (spikes.mean(axis=0) - p)[some] / np.sqrt(p * (1 - p) / trials)[some]
    assert np.all(np.abs(z) < 3.5) and np.any(np.abs(z) > 0.1)
    together = np.corrcoef(spikes[:, some].T)[np.triu_indices(np.sum(some), 1)]
    assert np.all(np.abs(together) < 4 / np.sqrt(trials))


def test_sparse_draws_of_nothing():
    for rate in (np.zeros(5), np.array([0.0])):
        trial, step = lc.poisson_spike_steps(rate, 1.0, 3, rng=np.random.default_rng(1))
        assert len(trial) == len(step) == 0
