"""What no other test would notice: found by breaking lifcore on purpose (make mutants)."""

import numpy as np
import pytest

import lifcore as lc
from lifcore.differences import derivative
from lifcore.losses import Softmax, one_minus_p
from lifcore.quadrature import rules_needed

NEURON = lc.LIF(7, 3)


def test_time_constants_are_floats_whatever_was_given():
    assert type(NEURON.tau_m) is float and type(lc.LIF(np.float32(0.1)).tau_m) is float


@pytest.mark.parametrize("kernel", ["leak", "psc", "psp", "psp_integral"])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64])
def test_kernels_compute_in_double_precision_whatever_the_times_are(kernel, dtype):
    """Single precision would leave 7 digits, and the negative of an unsigned 3 is 253."""
    t = np.array([0, 1, 3, 11], dtype=dtype)
    kernel = getattr(NEURON, kernel)
    assert kernel(t).dtype == np.float64
    np.testing.assert_array_equal(kernel(t), kernel(t.astype(float)))


@pytest.mark.parametrize("weighting", [lc.Constant(), lc.Exponential(), lc.Linear(), lc.Sigmoid()])
def test_weightings_of_whole_times_are_not_whole(weighting):
    t = np.array([0, 3, 50])
    for values in (weighting(t, 100.0), weighting.slope(t, 100.0)):
        assert values.dtype == np.float64
    np.testing.assert_array_equal(weighting(t, 100.0), weighting(t.astype(float), 100.0))
    np.testing.assert_array_equal(weighting.slope(t, 100.0), weighting.slope(t.astype(float), 100.0))


def test_the_sigmoid_of_the_later_code():
    t = np.array([0.0, 25.0, 50.0, 100.0])
    np.testing.assert_allclose(lc.Sigmoid()(t, 100.0), 1 / (1 + np.exp((t / 100.0 - 0.5) / 0.2)), rtol=1e-14)
    np.testing.assert_allclose(lc.Sigmoid(0.2, 0.1)(t, 50.0), 1 / (1 + np.exp((t / 50.0 - 0.2) / 0.1)), rtol=1e-8)


@pytest.mark.parametrize("neuron", [NEURON, lc.LIF(5.0, 5.0), lc.LIF(2.0, 9.0)])
def test_the_integral_of_the_psp_is_the_integral_of_the_psp(neuron):
    position, length = np.polynomial.legendre.leggauss(40)
    for t in (0.3, 1.0, 20.0):
        expected = np.sum(length * neuron.psp(t * (position + 1) / 2)) * t / 2
        assert neuron.psp_integral(t) == pytest.approx(expected, rel=1e-12)
    assert neuron.psp_integral([-1.0, 0.0]).tolist() == [0.0, 0.0]


def one_step(h, neuron, V, I):
    """A trial of one step of ``h`` ms from given V and I."""
    V, I = np.atleast_1d(V).astype(float), np.atleast_1d(I).astype(float)
    return lc.Trial(neuron, np.zeros(1), np.array([h]), np.zeros((1, *V.shape[1:]), int), np.ones(()), V, I)


@pytest.mark.parametrize(
    ("lengths", "rule"),
    [(0.05, (4, 1)), (0.2, (4, 1)), (0.201, (8, 1)), (0.75, (8, 1)), (0.751, (16, 1)), (4.0, (16, 1)), (4.01, (16, 2)),
     (8.0, (16, 2)), (8.01, (16, 4)), (70.0, (16, 32))],
)  # fmt: skip
def test_nodes_and_panels_for_the_length_of_a_step(lengths, rule):
    """The longer a step is in time constants the more nodes it has, up to 16, and then it is cut in 2, 4, 8, ..."""

    def rule_of(h, neuron, V=0.0, I=0.0):
        nodes, panels = rules_needed(one_step(h, neuron, V, I))
        return (*nodes, *panels)

    # Powers of two, so that the lengths at the limits are exact.
    assert rule_of(4.0 * lengths, lc.LIF(16.0, 4.0)) == rule_of(4.0 * lengths, lc.LIF(4.0, 16.0)) == rule
    # |dV/dt| is at most 64 / 16 ms, where V and I have one sign, and 128 / 16 ms where they have not.
    slow = lc.LIF(16.0, 16.0)
    for V, I in ((64.0, 1.0), (-1.0, -64.0), (0.0, 64.0), (64.0, 0.0)):
        assert rule_of(lengths / 4.0, slow, V, I) == rule
    assert rule_of(lengths / 8.0, slow, 64.0, -64.0) == rule_of(lengths / 8.0, slow, -64.0, 64.0) == rule
    # V and I below 1 change nothing: the time constants are faster.
    assert rule_of(16.0 * lengths, slow, 0.9, 0.9) == rule
    # The fastest of a batch counts.
    assert rule_of(lengths / 4.0, slow, [[3.0, 64.0, -5.0]], [[2.0, 5.0, 3.0]]) == rule


def test_an_empty_batch_has_an_empty_loss():
    trial = lc.forward(np.zeros((5, 0)), 1.0, NEURON)
    assert lc.CrossEntropyOverTime().value(trial).shape == (0,)
    assert lc.backward(trial, lc.CrossEntropyOverTime()).lambda_V.shape == (5, 0)


@pytest.mark.parametrize("at", [10.0, 10.4, 14.0, 17.5, 18.0])
def test_differences_stay_between_their_limits(at):
    """Nine points in steps that shrink by sqrt(2), around the place or, near a limit, beside it."""
    points = []

    def cubed(x):
        points.append(x)
        return x**3

    # A polynomial of degree 8 and less has no error but rounding, 1e-16 of the values over the step.
    assert derivative(cubed, at, 10.0, 18.0, longest=100.0) == pytest.approx(3 * at**2, rel=1e-12)
    rows = np.reshape(points, (6, 9))
    steps = np.diff(rows, axis=1)
    np.testing.assert_allclose(steps, np.repeat(2.0 ** (-np.arange(6) / 2), 8).reshape(6, 8), rtol=1e-12)
    assert rows[0, 0] == 10.0 and rows[0, 8] == 18.0  # the longest takes all the room
    half = 4 * steps[:, 0]
    np.testing.assert_allclose(rows[:, 4], np.clip(at, 10.0 + half, 18.0 - half), rtol=1e-12)
    points.clear()
    derivative(cubed, at, 10.0, 18.0, longest=0.25)
    assert points[1] - points[0] == 0.25


def test_the_bias_of_a_drive_that_is_constant():
    """Without a kappa only Euler's term at the end is left, -dt/2 s u k''(u); here in a trial of a single step."""
    trial, loss = lc.forward([1], 0.5, NEURON), lc.VoltageIntegral()
    at_the_end = -0.5 / 2 * 0.5 * NEURON.psp_slopes(0.5)[1]
    assert lc.leading_bias(trial, loss, "euler") == pytest.approx(at_the_end, rel=1e-12)
    assert lc.leading_bias(trial, loss, "hold") == pytest.approx(0.0, abs=1e-16)  # terms of 0.04 that cancel


def test_the_losses_are_the_original_ones_if_nothing_is_said():
    assert Softmax() == Softmax(20) and lc.CrossEntropyOfFirstSpikes(1) == lc.CrossEntropyOfFirstSpikes(1, 20.0, 1.0)
    for family in (lc.CrossEntropyOverTime, lc.CrossEntropyOfIntegral, lc.CrossEntropyOfMaximum):
        assert family() == family(20)


def test_a_sure_output_gets_no_drive_and_no_warning():
    with np.errstate(all="raise", under="ignore"):
        assert np.all(one_minus_p(np.array([700.0, 1e3, 1e300]), 20) < 1e-300)


def test_a_silent_output_is_told_nothing_from_the_start():
    trial = lc.event_trial([0.0, 20.0], 60.0, NEURON, [[3.0, 0.1], [3.0, 0.1]], [0, 1])
    adjoint = lc.backward(trial, lc.CrossEntropyOfFirstSpikes(0, theta=0.5))
    assert adjoint.lambda_V[0, 0] > 0.0 and not adjoint.lambda_V[:, 1].any() and not adjoint.lambda_I[:, 1].any()


def test_the_integral_loss_is_negative_where_the_voltage_is_positive():
    expected = -2.0 * NEURON.psp_integral(50.0)
    trial = lc.forward(lc.spike_train([10], 60, 1.0), 1.0, NEURON, 2.0)
    assert lc.VoltageIntegral().value(trial) == pytest.approx(expected, rel=1e-14)
