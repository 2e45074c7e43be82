import hashlib
import os
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifcore as lc
from lifcore import scenes, sweeps

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


# Enough trials for several blocks of 100 (TRIAL_STEPS), with remainders.
SETTING = {"repetitions": 230, "seed": 8}
REFERENCE = {scheme: lc.rate_sweep(PEAKS, **SETTING, scheme=scheme, workers=1) for scheme in ("exact", "euler")}


class Late(ThreadPoolExecutor):
    """Threads that finish in a random order."""

    def __init__(self, workers, seed):
        super().__init__(workers)
        self.rng = np.random.default_rng(seed)

    def submit(self, fn, /, *args, **kwargs):
        delay = self.rng.random() * 0.01
        return super().submit(lambda: (time.sleep(delay), fn(*args, **kwargs))[1])


def assert_same(sweep, other):
    for one, two in zip(sweep, other, strict=True):
        np.testing.assert_array_equal(one, two)


@given(st.sampled_from(sorted(REFERENCE)), st.integers(1, 9), st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=15)
def test_the_same_bits_for_any_chunk_workers_and_order(scheme, chunk, workers, seed):
    with Late(workers, seed) as executor:
        sweep = lc.rate_sweep(PEAKS, **SETTING, scheme=scheme, chunk=chunk, executor=executor)
    assert_same(sweep, REFERENCE[scheme])


class Losing(Executor):
    """One that loses every third result, as Dask may with a worker."""

    def __init__(self, error):
        self.error, self.count = error, 0

    def submit(self, function, *arguments):
        future, self.count = Future(), self.count + 1
        if self.count % 3:
            future.set_result(function(*arguments))
        else:
            future.set_exception(self.error)
        return future


def test_the_same_bits_where_results_are_lost():
    lost = ValueError("not enough values to unpack")
    assert_same(lc.rate_sweep(PEAKS, **SETTING, chunk=1, executor=Losing(lost)), REFERENCE["exact"])


@pytest.mark.parametrize("broken", [BrokenExecutor("no workers"), CancelledError("no longer wanted")])
def test_without_an_executor_nothing_goes_on(broken):
    """A sweep for a cluster is not one for the machine that asks for it."""
    with pytest.raises(type(broken), match="no "):
        lc.rate_sweep(PEAKS, **SETTING, chunk=1, executor=Losing(broken))


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_the_same_bits_from_processes(chunk):
    with ProcessPoolExecutor(2) as executor:
        assert_same(lc.rate_sweep(PEAKS, **SETTING, chunk=chunk, executor=executor), REFERENCE["exact"])
        assert executor.submit(int).result() == 0  # still ours
    assert_same(lc.rate_sweep(PEAKS, **SETTING, chunk=chunk, workers=3), REFERENCE["exact"])


def test_the_same_bits_for_losses_step_by_step():
    setting = {**SETTING, "steps": 600, "loss": lc.CrossEntropyOfIntegral()}
    with Late(2, 1) as executor:
        assert_same(
            lc.rate_sweep(PEAKS, **setting, chunk=1, executor=executor), lc.rate_sweep(PEAKS, **setting, workers=1)
        )


def test_the_same_bits_for_any_number_of_threads_of_blas():
    code = (
        "import lifcore as lc; sweep = lc.rate_sweep([10.0, 50.0, 200.0], 230, seed=8, workers=1); "
        "import hashlib; print(hashlib.sha256(sweep.totals.tobytes() + sweep.values.tobytes()).hexdigest())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "OPENBLAS_NUM_THREADS": threads}, capture_output=True
        ).stdout
        for threads in ("1", "2", "4")
    }
    here = hashlib.sha256(REFERENCE["exact"].totals.tobytes() + REFERENCE["exact"].values.tobytes()).hexdigest()
    assert printed == {f"{here}\n".encode()}


def test_the_fast_way_is_the_readable_way(monkeypatch):
    for scheme, fast in REFERENCE.items():
        with monkeypatch.context() as patch:
            patch.setattr(sweeps, "knows", lambda loss: False)
            readable = lc.rate_sweep(PEAKS, **SETTING, scheme=scheme, workers=1)
        np.testing.assert_array_equal(fast.counts, readable.counts)
        np.testing.assert_allclose(fast.values, readable.values, rtol=0, atol=1e-13)
        np.testing.assert_allclose(fast.totals, readable.totals, rtol=0, atol=1e-12)  # of a hundred spikes


def test_only_what_is_kept():
    full = REFERENCE["exact"]
    for keep in ("totals", "values", "counts"):
        sweep = lc.rate_sweep(PEAKS, **SETTING, keep=[keep])
        for name, values in zip(sweep._fields, sweep, strict=True):
            if name == keep:
                np.testing.assert_array_equal(values, getattr(full, name))
            else:
                assert values is None
    with pytest.raises(ValueError, match="values is None; repeat the sweep and keep the values"):
        lc.rate_sweep(PEAKS, **SETTING, keep=["totals", "counts"]).per_spike()


def test_a_grid_of_everything():
    grid = {
        "scheme": ["exact", "euler"],
        "peak": np.array([20.0, 100.0]),
        "neuron": (lc.LIF(), lc.LIF(10.0, 10.0), lc.LIF(5.0, 8.0)),
        "loss": [lc.CrossEntropyOverTime(), lc.VoltageIntegral()],
        "weight": 0.5,
        "steps": 300,
        "mid": 150.0,
    }
    sweep = lc.sweep(grid, 5, seed=1)
    assert sweep.totals.shape == sweep.counts.shape == (2, 2, 3, 2, 5)
    assert np.all(sweep.counts == sweep.counts[:1, :, :1, :1])  # the same trains wherever the rate is the same
    assert len(np.unique(sweep.totals)) > 100
    # In the order of the axes: the values of each trial add up to its total.
    ends = np.cumsum(sweep.counts.ravel())[:-1]
    np.testing.assert_allclose(
        [part.sum() for part in np.split(sweep.values, ends)], sweep.totals.ravel(), rtol=0, atol=1e-13
    )
    # One point of the grid by hand.
    one = lc.sweep({**grid, "scheme": "euler", "neuron": lc.LIF(5.0, 8.0), "loss": lc.VoltageIntegral()}, 5, seed=1)
    np.testing.assert_allclose(sweep.totals[1, :, 2, 1], one.totals, rtol=0, atol=1e-14)


def test_streams_are_independent_and_blocks_differ():
    counts = lc.rate_sweep([100.0, 100.0], 5000, steps=1400, seed=4, keep=["counts"]).counts
    first, second = counts
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(5000)
    assert not np.array_equal(first[:100], first[100:200])
    mean = lc.gaussian_rate(100.0, 1400, 1.0).sum() / 1000
    assert abs(first.mean() - mean) < 4 * np.sqrt(mean / 5000)


def test_memory_does_not_grow_with_the_trials():
    def peak(trials):
        tracemalloc.start()
        lc.rate_sweep([20.0], trials, seed=1, workers=1, keep=["totals"])
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    lc.rate_sweep([20.0], 100, seed=1)
    small, large = peak(5000), peak(15_000)  # both more than a task
    assert small < 10e6
    assert large - small < 40 * 10_000  # bytes a trial; totals and counts take 16


def test_progress_is_shown_when_it_takes_longer(capsys, monkeypatch):
    pytest.importorskip("tqdm")
    lc.rate_sweep(PEAKS, 4, seed=1, progress=True)
    assert capsys.readouterr().err == ""  # less than a second
    run = sweeps._run
    monkeypatch.setattr(sweeps, "_run", lambda *args, **kwargs: (time.sleep(0.6), run(*args, **kwargs))[1])
    lc.rate_sweep(PEAKS, 40, seed=1, progress=True, chunk=1, workers=1)
    assert "120/120" in capsys.readouterr().err
    lc.rate_sweep(PEAKS, 40, seed=1, progress=False, chunk=1, workers=1)
    lc.rate_sweep(PEAKS, 40, seed=1, chunk=1, workers=1)  # here is no terminal
    assert capsys.readouterr().err == ""


def test_without_tqdm_no_progress_is_shown(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ValueError, match="install tqdm"):
        lc.rate_sweep(PEAKS, 4, seed=1, progress=True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    lc.rate_sweep(PEAKS, 4, seed=1)
    assert capsys.readouterr().err == ""


def test_a_loss_that_cannot_be_sent_is_computed_here(monkeypatch):
    class Local:
        def value(self, trial):
            return np.zeros(trial.V.shape[1:])

        def drive(self, trial):
            return lambda t, V: 1.0 - V

    monkeypatch.setattr(sweeps, "ProcessPoolExecutor", None)  # must not be asked for
    of_blocks = {"repetitions": 10_000, "steps": 100, "seed": 1, "workers": 2, "chunk": 1}
    assert lc.rate_sweep(PEAKS, **of_blocks, loss=Local()).totals.shape == (3, 10_000)
    with pytest.raises(TypeError):  # one that can be sent does ask
        lc.rate_sweep(PEAKS, **of_blocks, loss=Failing())


def test_an_error_in_a_worker_comes_out():
    with pytest.raises(RuntimeError, match="on purpose"), ProcessPoolExecutor(1) as executor:
        lc.rate_sweep(PEAKS, 3, steps=100, seed=1, loss=Failing(), executor=executor)


class Failing:
    def value(self, trial):
        return 0.0

    def drive(self, trial):
        if len(trial.times) > 1:
            raise RuntimeError("on purpose")
        return lambda t, V: V


def test_processes_of_its_own_where_they_are_worth_it(monkeypatch):
    started = []

    class Counted(ProcessPoolExecutor):
        def __init__(self, workers):
            started.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(sweeps, "ProcessPoolExecutor", Counted)
    monkeypatch.setattr(sweeps, "_cores", lambda: 2)
    assert_same(lc.rate_sweep(PEAKS, **SETTING), REFERENCE["exact"])
    assert started == []  # too short
    monkeypatch.setattr(sweeps, "WORTHWHILE", 0.0)
    assert_same(lc.rate_sweep(PEAKS, **SETTING), REFERENCE["exact"])
    assert started == [2]
