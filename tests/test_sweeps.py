import numpy as np

import lifcore as lc
from lifcore import scenes

PEAKS = [10.0, 50.0, 200.0]


def test_shapes_and_bookkeeping():
    sweep = lc.rate_sweep(PEAKS, 7, steps=600, dt=1.0, scheme="exact", weight=1.0, seed=3)
    assert sweep.totals.shape == sweep.counts.shape == (3, 7) and sweep.values.shape == (sweep.counts.sum(),)
    ends = np.cumsum(sweep.counts.ravel())
    sums = [part.sum() for part in np.split(sweep.values, ends[:-1])]
    np.testing.assert_allclose(sums, sweep.totals.ravel(), atol=1e-15)


def test_same_seed_same_trains_for_every_scheme():
    first, again = (lc.rate_sweep(PEAKS, 5, steps=400, dt=1.0, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first.totals, again.totals)
    euler = lc.rate_sweep(PEAKS, 5, steps=400, dt=1.0, scheme="euler", seed=1)
    np.testing.assert_array_equal(first.counts, euler.counts)
    other = lc.rate_sweep(PEAKS, 5, steps=400, dt=1.0, seed=2)
    assert not np.array_equal(first.totals, other.totals)


def test_a_peak_rate_has_its_own_stream():
    alone, together = (lc.rate_sweep(peaks, 5, steps=400, seed=1) for peaks in (PEAKS[:1], PEAKS))
    np.testing.assert_array_equal(alone.counts[0], together.counts[0])


def test_exact_totals_vanish_and_half_of_the_spikes_are_pulled_each_way():
    sweep = lc.rate_sweep([10, 20, 50, 100, 200], 200, steps=1400, dt=1.0, seed=7)
    # V(T) is what a rate of up to 200 Hz, e^{-18} down at the end, leaves.
    assert np.median(np.abs(sweep.totals)) < 1e-11 and np.abs(sweep.totals).max() < 1e-5
    assert 0.45 < np.mean(sweep.values > 0) < 0.5


def test_euler_totals_are_all_positive():
    sweep = lc.rate_sweep([10, 20, 50, 100, 200], 50, steps=1400, dt=1.0, scheme="euler", seed=7)
    assert np.all(sweep.totals[sweep.counts > 0] > 0)


def test_any_loss():
    setting = {"steps": 400, "seed": 1}
    default = lc.rate_sweep(PEAKS, 5, **setting)
    assert np.array_equal(default.totals, lc.rate_sweep(PEAKS, 5, loss=lc.CrossEntropyOverTime(20), **setting).totals)
    weighted = lc.rate_sweep(PEAKS, 5, loss=lc.CrossEntropyOfIntegral(weighting=lc.Linear()), **setting)
    assert np.all(weighted.totals[weighted.counts > 0] > 0)  # the weight falls with time: always earlier


def test_mean_and_interval_per_spike():
    mean, half, spread = lc.rate_sweep(PEAKS, 200, seed=3).per_spike()
    assert np.all(np.abs(mean) < 1e-6) and np.all(half < 1e-6) and np.all(spread > 1e-4)
    # The interval covers the mean of other seeds about as often as it says: 19 of 20, and not always.
    euler = [lc.rate_sweep([50.0], 100, scheme="euler", seed=seed).per_spike() for seed in range(40)]
    truth = np.mean([mean[0] for mean, _, _ in euler])
    assert 33 <= sum(abs(mean[0] - truth) < half[0] for mean, half, _ in euler) <= 40


def test_only_weighted_losses_have_a_direction():
    for name, loss in scenes.family().items():
        mean, half, _ = lc.rate_sweep([10, 50, 200], 100, loss=loss, seed=2).per_spike()
        if name in ("exponential", "linear", "sigmoid"):
            assert np.all(mean > 10 * half) and mean.max() / mean.min() < 1.05
        else:
            assert np.abs(mean).max() < 1e-9


def test_a_short_trial_has_a_boundary_term():
    """The mean total is that of l(0) - l(V(T)), over the weight: positive at 400 ms, nothing at 1400 ms."""
    short, long = (lc.rate_sweep(PEAKS, 100, steps=steps, seed=4) for steps in (400, 1400))
    assert np.all(short.totals >= 0) and np.all(short.totals.mean(axis=1) > 0.01) and np.abs(long.totals).max() < 1e-6


def test_the_interval_is_that_of_a_ratio():
    """Against a bootstrap over trials: totals that follow the counts vary much more than their ratio does."""
    sweep = lc.rate_sweep([50.0], 300, scheme="euler", seed=9)
    _, half, _ = sweep.per_spike()
    rng = np.random.default_rng(0)
    draws = rng.integers(0, 300, (2000, 300))
    ratios = sweep.totals[0][draws].sum(axis=1) / sweep.counts[0][draws].sum(axis=1)
    assert half[0] == np.clip(half[0], 1.96 * ratios.std() / 1.1, 1.96 * ratios.std() * 1.1)
