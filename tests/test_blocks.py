"""The adjoint of many trials in blocks of steps, against the one step by step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import STEPS, neurons, weights

import lifcore as lc
from lifcore import blocks

SCHEMES = ("exact", "euler", "hold", "trapezoid")
LOSS = lc.CrossEntropyOverTime(20)


def both(step, trial, trials, steps=STEPS, dt=1.0, neuron=None, weight=1.0, scheme="exact", loss=LOSS, nodes=None):
    """lambda_V - lambda_I at the spikes, in blocks and step by step."""
    neuron = lc.LIF() if neuron is None else neuron
    step, trial = np.array(step, dtype=int), np.array(trial, dtype=int)
    spikes = np.zeros((steps, trials), dtype=int)
    spikes[step, trial] = 1
    readable = lc.backward(lc.forward(spikes, dt, neuron, weight), loss, scheme, nodes=nodes).transport[step, trial]
    return blocks.Blocks(steps, dt, neuron, weight, scheme, loss).transport(step, trial, trials), readable


where = st.lists(st.tuples(st.integers(0, STEPS - 1), st.integers(0, 2)), max_size=30, unique=True)


@given(where, neurons, weights, st.sampled_from(SCHEMES))
def test_blocks_are_the_steps(where, neuron, weight, scheme):
    step, trial = np.array(where, dtype=int).reshape(-1, 2).T
    # What the nodes of a step or a block leave at their limits, with equal time constants (quadrature.PANELS,
    # blocks.QUIET); with the standard neuron, below, it is 1e-13.
    nodes = 16 if scheme == "exact" else None
    fast, readable = both(step, trial, 3, neuron=neuron, weight=weight, scheme=scheme, nodes=nodes)
    # Where a step is twice a time constant Euler grows, and so does what rounding leaves of it.
    np.testing.assert_allclose(
        fast, readable, rtol=1e-13 if scheme == "euler" else 0, atol=3e-12 if scheme == "exact" else 1e-13
    )


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("steps", "dt"), [(1, 1.0), (2, 1.0), (19, 1.0), (1400, 1.0), (1401, 0.25), (9000, 0.05), (60, 4.0), (50, 30.0)]
)
def test_any_number_and_length_of_steps(steps, dt, scheme):
    if scheme == "euler" and dt > 2 * lc.LIF().tau_s:
        pytest.skip("Euler explodes")
    rng = np.random.default_rng(1)
    trial, step = np.nonzero(rng.random((4, steps)) < min(0.1, 20 / steps))
    fast, readable = both(np.append(step, steps - 1), np.append(trial, 4), 5, steps, dt, scheme=scheme)
    np.testing.assert_allclose(fast, readable, rtol=0, atol=1e-13)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("weight", [-300.0, 5.0, 60.0, 1e4])
def test_loud_trials_get_more_nodes(weight, scheme):
    rng = np.random.default_rng(2)
    trial, step = np.nonzero(rng.random((6, 200)) < np.array([0.0, 0.01, 0.05, 0.2, 0.5, 1.0])[:, np.newaxis])
    fast, readable = both(step, trial, 6, 200, weight=weight, scheme=scheme)
    np.testing.assert_allclose(fast, readable, rtol=0, atol=1e-13)


def test_constant_weightings_and_classes():
    for loss in (
        lc.CrossEntropyOverTime(2),
        lc.CrossEntropyOverTime(5, weighting=lc.Average()),
        lc.CrossEntropyOverTime(20, weighting=lc.Average(over=3.0)),
    ):
        assert blocks.knows(loss)
        fast, readable = both([3, 17, 18, 120], [0, 0, 1, 1], 2, loss=loss)
        np.testing.assert_allclose(fast, readable, rtol=0, atol=1e-13)


def test_losses_that_are_left_to_the_readable_way():
    class Another(lc.CrossEntropyOverTime):
        pass

    others = (
        lc.CrossEntropyOverTime(correct=0),
        lc.CrossEntropyOverTime(weighting=lc.Linear()),
        lc.CrossEntropyOverTime(weighting=lc.Average(lc.Exponential())),
        lc.CrossEntropyOfIntegral(),
        lc.VoltageIntegral(),
        Another(),
    )
    assert not any(blocks.knows(loss) for loss in others)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("axes", [(1,), (5,), (3, 4), (2, 3, 4)])
def test_a_scan_is_the_recurrence(axes, back):
    rng = np.random.default_rng(3)
    keep, arrive, count = np.array([[0.9, 0.2], [0.1, 0.7]]), rng.normal(size=(2, *axes, 6)), np.prod(axes)

    def in_time(array):
        array = array.transpose(0, *reversed(range(1, len(axes) + 1)), -1).reshape(2, -1, 6)
        return array[:, ::-1] if back else array

    expected = np.zeros((2, count + 1, 6))
    for k in range(count):
        expected[:, k + 1] = keep @ expected[:, k] + in_time(arrive)[:, k]
    scan, x = blocks.Scan(keep, axes, back), np.empty_like(arrive)
    given = np.empty(scan.rows(6))
    given[:-2] = arrive.reshape(given[:-2].shape)
    scan(given, x)
    np.testing.assert_allclose(in_time(x), expected[:, :-1], atol=1e-14)


@given(st.integers(1, 10**6))
def test_axes_hold_all_blocks_and_few_more(count):
    axes = blocks.radices(count)
    assert max(axes) <= blocks.RADIX and count <= np.prod(axes) <= 1.6 * count + 2
