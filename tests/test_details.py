"""What no other test would notice: found by breaking lifcore on purpose (make mutants)."""

import numpy as np
import pytest

import lifcore as lc
from lifcore.crossings import first_crossing, maximum, time_to_peak, time_to_reach
from lifcore.differences import derivative
from lifcore.gradients import _room
from lifcore.losses import Impulses, Softmax, one_minus_p
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


@pytest.mark.parametrize("at", [10.0, 10.04, 14.0, 17.96, 18.0])
def test_differences_stay_between_their_limits(at):
    """Nine points in steps that are halved, around the place or, near a limit, beside it."""
    points = []

    def cubed(x):
        points.append(x)
        return x**3

    # A polynomial of degree 8 and less has no error but rounding, 1e-16 of the values over the step.
    assert derivative(cubed, at, 10.0, 18.0, longest=100.0) == pytest.approx(3 * at**2, rel=1e-12)
    rows = np.reshape(points, (6, 9))
    steps = np.diff(rows, axis=1)
    np.testing.assert_allclose(steps, np.repeat(2.0 ** -np.arange(6.0), 8).reshape(6, 8), rtol=1e-12)
    assert rows[0, 0] == 10.0 and rows[0, 8] == 18.0  # the longest takes all the room
    half = 4 * steps[:, 0]
    np.testing.assert_allclose(rows[:, 4], np.clip(at, 10.0 + half, 18.0 - half), rtol=1e-12)
    points.clear()
    derivative(cubed, at, 10.0, 18.0, longest=0.25)
    assert points[1] - points[0] == 0.25


@pytest.mark.parametrize(("at", "step"), [(10.048, 0.25), (10.06, 0.015), (10.4, 0.1), (17.5, 0.125), (17.96, 0.25)])
def test_differences_are_centred_where_that_leaves_a_twentieth_of_the_longest_step(at, step):
    """Beside a limit nine points have an error some thirty times as large."""
    points = []
    derivative(lambda x: points.append(x) or x, at, 10.0, 18.0, longest=0.25)
    assert points[1] - points[0] == pytest.approx(step, rel=1e-10)
    assert (points[4] == pytest.approx(at, abs=1e-12)) == (step != 0.25)
    points.clear()
    derivative(lambda x: points.append(x) or x, 4.0, 0.0, 1000.0, longest=20.0)
    assert points[1] - points[0] == 20.0  # a twentieth is not more than a twentieth


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


def on_a_grid(shape, weight=1.0):
    return lc.forward(np.random.default_rng(1).integers(0, 3, shape), 1.0, NEURON, weight)


@pytest.mark.parametrize(
    ("trial", "batch"),
    [(on_a_grid(20), ()), (on_a_grid((20, 3)), (3,)), (on_a_grid((20, 2, 3), [1.0, 2.0, -1.0]), (2, 3)),
     (lc.readout(np.arange(40).reshape(20, 2) % 3, 1.0, NEURON, [[1.0, 2.0, 0.5], [0.3, -1.0, 2.0]]), ()),
     (lc.readout(np.arange(160).reshape(20, 4, 2) % 3, 1.0, NEURON, [[1.0, 2.0, 0.5], [0.3, -1.0, 2.0]]), (4,)),
     (lc.event_trial([1.0, 1.0, 9.0], 20.0, NEURON), ()),
     (lc.event_trial([1.0, 1.0, 9.0], 20.0, NEURON, [1.0, 2.0]), (2,)),
     (lc.event_trial([1.0, 1.0, 9.0], 20.0, NEURON, [[1.0, 2.0]], [0, 0, 0]), ()),
     (lc.event_trial([1.0, 1.0, 9.0], 20.0, NEURON, [[1.0, 2.0]], [0, 0, 0], [1, 0, 1], 4), (4,))],
)  # fmt: skip
def test_to_shift_all_spikes_is_to_shift_each(trial, batch):
    """In a batch every trial has a number of its own; of several spikes in a step each counts."""
    loss = lc.CrossEntropyOverTime(correct=0 if trial.mixed else None, weighting=lc.Linear())
    adjoint = lc.backward(trial, loss)
    of_spikes, of_all = lc.spike_time_gradient(trial, adjoint), lc.shift_gradient(trial, adjoint)
    if trial.trials is not None:
        expected = [of_spikes[trial.trials == k].sum() for k in range(4)]
    else:
        expected = of_spikes if trial.spike_steps is not None else trial.spikes * of_spikes
        expected = expected.sum(axis=tuple({0, *range(expected.ndim)} - {*range(1, 1 + len(batch))}))
    assert of_all.shape == batch
    np.testing.assert_allclose(of_all, expected, rtol=1e-12)


def test_the_charge_is_a_staircase():
    """H - l(0) is 0 before the first spike and steps by -dL/dt_k at each."""
    trial = lc.event_trial([3.0, 8.0, 8.0], 30.0, NEURON, 2.0)
    adjoint = lc.backward(trial, lc.CrossEntropyOverTime())
    charge = lc.noether_charge(trial, adjoint, Softmax().loss(trial.V) - np.log(20.0))
    told = lc.spike_time_gradient(trial, adjoint)
    steps = np.zeros(len(trial.times))
    steps[trial.spike_steps] = told
    np.testing.assert_allclose(charge, -np.cumsum(steps), rtol=0, atol=1e-14)  # of lambdas of order 1
    assert np.abs(told).min() > 1e-3


class Watched:
    """The integral loss, and the times and weights of all trials whose value was asked for."""

    def __init__(self):
        self.asked = []

    def value(self, trial):
        self.asked.append((trial.times[trial.spike_steps], trial.weight))
        return np.sum(lc.VoltageIntegral().value(trial))

    def drive(self, trial):
        return lc.VoltageIntegral().drive(trial)


def test_the_differences_of_a_check_stay_clear_of_other_spikes():
    loss, times, neuron = Watched(), np.array([8.0, 2.0, 8.00005, 8.25]), lc.LIF(32.0, 2.0)
    check = lc.check_gradient(loss, times, 10.0, neuron)
    assert check.relative_error.max() < 1e-9
    np.testing.assert_array_equal(check.analytic, lc.check_gradient(Watched(), times, 10.0, neuron, 1.0).analytic)
    moved, weight = (np.array(x).reshape(5, 6, 9, *np.shape(x)[1:]) for x in zip(*loss.asked, strict=True))
    lowest, highest = (getattr(moved[range(4), :, :, range(4)], of)(axis=(1, 2)) for of in ("min", "max"))
    # Four steps of 2 ms / 8 to either side, or of a quarter of the room there; two nearer than 0.0001 ms are one.
    np.testing.assert_allclose(lowest, [7.75, 1.0, 7.7501, 8.00005], rtol=1e-12)
    np.testing.assert_allclose(highest, [8.25, 3.0, 8.25, 8.49995], rtol=1e-12)
    # In the weight 0.3 ms over tau_s, for each of four spikes.
    np.testing.assert_allclose(np.ptp(weight[4, 0]), 8 * 0.3 / (2.0 * 4), rtol=1e-12)


def test_a_check_of_one_spike_and_of_none():
    loss = Watched()
    lc.check_gradient(loss, [20], 20.5, lc.LIF(32.0, 2.0))
    times, weight = (np.ravel(x).reshape(2, 6, 9) for x in zip(*loss.asked, strict=True))
    assert times[0, 0, 8] == pytest.approx(20.5, rel=1e-14)  # where the trial ends, though the time given is whole
    assert np.ptp(weight[1, 0]) == pytest.approx(8 * 0.3 / 2.0, rel=1e-12)
    empty = lc.check_gradient(Watched(), [], 20.0)
    assert [x.tolist() for x in empty] == [[0.0]] * 3


def test_the_room_of_a_spike_is_up_to_its_neighbours():
    spikes = np.array([5.0, 5.00011, 1.0, 5.00009, 4.99991, 3.0, 7.0])
    assert _room(5.0, spikes, 9.0) == (5.0, 3.0, 5.00011)
    assert _room(1.0, spikes, 9.0) == (1.0, 0.0, 3.0)
    assert _room(7.0, spikes, 9.0) == (7.0, 5.00011, 9.0)
    assert _room(1.0, np.array([0.9999, 1.0, 1.0001]), 9.0) == (1.0, 0.0, 9.0)  # no further: the same spike


@pytest.mark.parametrize("neuron", [NEURON, lc.LIF(5.0, 5.0), lc.LIF(2.0, 9.0)])
def test_a_threshold_as_high_as_the_maximum_is_reached(neuron):
    trial = lc.event_trial([1.0, 4.0], 60.0, neuron, [1.0, 3.0])
    largest = maximum(trial)
    for k in range(2):
        time = first_crossing(trial, largest.V[k]).time[k]
        # V is flat there: its rounding, 1e-16, leaves its root of the time.
        assert time == pytest.approx(largest.time[k], abs=1e-6)


@pytest.mark.parametrize("neuron", [NEURON, lc.LIF(5.0, 5.0), lc.LIF(2.0, 9.0)])
def test_the_smallest_and_largest_numbers_give_times_without_a_warning(neuron):
    with np.errstate(all="raise", under="ignore"):
        V, I = np.array([0.0, 1.0, -1.0, -1.0, 1e300, -1e300]), np.array([0.0, 1e-310, 0.0, -0.5, 1e-300, -1.0])
        assert time_to_peak(neuron, V, I).tolist() == [0.0, 0.0, np.inf, np.inf, 0.0, np.inf]
        assert time_to_reach(neuron, np.ones(1), np.ones(1), 1.0, np.zeros(1)).tolist() == [0.0]
        assert np.isnan(first_crossing(lc.forward([1, 0, 0], 1.0, neuron, 1e-320), 1.0).time)


class Counting(lc.LIF):
    """A neuron that counts how often V is asked for."""

    asked = 0

    def leak(self, t):
        Counting.asked += 1
        return super().leak(t)


def test_newton_stops_where_it_has_arrived():
    def steps(V, high):
        Counting.asked = 0
        u = time_to_reach(Counting(7.0, 3.0), np.array([V]), np.array([8.0]), 1.0, np.array([high]))
        return u, Counting.asked

    u, asked = steps(0.0, 4.0)
    # The digits double at each step: 1, 2, 4, 8, 16, and another two to see that nothing moves.
    assert 8.0 * NEURON.psp(u) == pytest.approx(1.0, rel=1e-15) and asked <= 7
    assert steps(1.0, 4.0) == (0.0, 1)


def test_a_maximum_at_the_end_of_a_step_has_its_very_time():
    spikes = np.zeros((30, 2), dtype=int)
    spikes[0, 0] = spikes[6, 1] = 1
    trial = lc.readout(spikes, 0.1, NEURON, [[1.0], [-9.0]])
    assert trial.times[5] + 0.1 != trial.times[6] == maximum(trial).time[0]
    # The end of a trial, whose last step has a length of its own.
    trial = one_step(0.5, NEURON, 0.0, 1.0)
    assert maximum(trial).time == 0.5
    V, I = np.append(trial.V, trial.voltage_after(trial.h)), np.append(trial.I, NEURON.psc(0.5))
    longer = lc.Trial(NEURON, np.array([0.0, 0.5]), np.array([0.5, 0.25]), np.zeros(2, int), np.ones(()), V, I)
    assert maximum(longer).time == longer.duration == 0.75


def test_how_far_off_the_grid_a_spike_is_still_on_it():
    """1e-9 of a step, and four roundings of the position, which a late time has by itself."""
    late = 1_000_000.0  # four roundings: 0.9e-9
    for position, off in ((1.0, 0.9e-9), (1.0, -0.9e-9), (late, 1.7e-9), (late, -1.7e-9)):
        assert lc.spike_train([position + off], 1_000_001, 1.0)[int(position)] == 1
    for position, off in ((1.0, 1.2e-9), (1.0, -1.2e-9), (late, 2.0e-9), (late, -2.0e-9)):
        with pytest.raises(ValueError, match="not on the grid"):
            lc.spike_train([position + off], 1_000_001, 1.0)


def test_small_rates_and_narrow_bells_are_rates():
    assert lc.gaussian_rate([0.0, 0.5], 3, 1.0, mid=1.0, sigma=0.5)[1].tolist() == [0.0, 0.5]


class Zeros(np.random.Generator):
    """Draws the smallest number that there is, 0."""

    def random(self, size):
        return np.zeros(size)


def test_a_rate_of_zero_never_spikes_whatever_is_drawn():
    rng = Zeros(np.random.PCG64(1))
    assert lc.poisson_spikes([0.0, 1.0, 0.0], 1.0, rng=rng).tolist() == [0, 1, 0]
    trial, step = lc.poisson_spike_steps([0.0, 900.0, 0.0], 1.0, 5, rng=rng)
    assert trial.tolist() == [0] and step.tolist() == [1]


def test_a_hidden_layer_of_no_neurons():
    hidden = lc.hidden_layer([5.0, 6.0], 50.0, NEURON, np.zeros((1, 0)), [0, 0])
    gradient = lc.hidden_gradient(hidden, [])
    assert hidden.counts().shape == (0,) and hidden.voltage_at([1.0, 2.0]).shape == (2, 0)
    assert gradient.weight.shape == (1, 0) and gradient.times.tolist() == [0.0, 0.0]


def test_hidden_spikes_are_in_the_order_of_trials_and_times():
    hidden = lc.hidden_layer([5.0, 0.3, 5.0], 40.0, NEURON, [[20.0, 21.0, 22.0]], [0, 0, 0], [1, 0, 0], 3)
    order = np.lexsort((hidden.times, hidden.trials))
    assert np.array_equal(order, np.arange(len(order))) and np.any(np.diff(hidden.neurons) < 0)
    assert [getattr(hidden, name).dtype.kind for name in ("times", "I", "neurons", "trials", "arrival")] == [*"ffiii"]
    assert hidden.counts().tolist() == [
        [sum((hidden.trials == k) & (hidden.neurons == n)) for n in range(3)] for k in range(3)
    ]


def test_a_threshold_is_a_unit_of_the_weights():
    one, other = (
        lc.hidden_layer([5.0], 0.5e2, NEURON, [[200.0 * theta]], [0], theta=theta) for theta in (1.0, 2.0**13)
    )
    np.testing.assert_array_equal(one.times, other.times)
    assert len(one.times) > 20


def test_only_what_could_really_come_in_is_too_much():
    """tau_s w / (tau_m theta) spikes at most; 100 000 of them are allowed. Here I never reaches the threshold."""
    for neuron, weight in ((lc.LIF(1e-3, 200.0), 0.1), (lc.LIF(0.5, 1e5), 0.5)):
        assert len(lc.hidden_layer([0.1], 0.5, neuron, [[weight, -9.0]], [0]).times) == 0
    with pytest.raises(ValueError, match="weight would make a neuron spike some 1e"):
        lc.hidden_layer([0.1], 0.5, lc.LIF(0.5, 1e5), [[0.5000025]], [0])


def test_hidden_spikes_of_long_trials_hear_nothing_of_other_trials():
    """What is e^{-t/tau} between spikes of one trial could be e^{+9000} between those of two."""
    times, trials = [90_000.0, 10.0, 30.0], [0, 1, 1]
    hidden = lc.hidden_layer(times, 1e5, lc.LIF(10.0, 5.0), [[9.0]], [0, 0, 0], trials, 2)
    gradient = lc.hidden_gradient(hidden, np.ones(len(hidden.times)))
    alone = lc.hidden_layer([50.0], 1e3, lc.LIF(10.0, 5.0), [[9.0]], [0])
    expected = lc.hidden_gradient(alone, np.ones(len(alone.times))).weight
    # The times, of 90 000 ms, round to 1.5e-11 ms.
    np.testing.assert_allclose(gradient.weight[0], expected, rtol=1e-9)
    assert np.all(np.isfinite(gradient.weight))


def test_a_check_of_hidden_gradients_of_whole_numbers():
    loss = Watched()
    check = lc.check_hidden_gradient(loss, [1, 0], 20, [[-2], [9]], [[3]], [0, 1])
    assert check.analytic.shape == (5,) and check.relative_error.max() < 1e-6
    hidden = lc.hidden_layer([1, 0], 20, lc.LIF(), [[-2], [9]], [0, 1])
    output = hidden.output([[3]])
    told = lc.spike_time_gradient(output, lc.backward(output, loss))
    np.testing.assert_array_equal(check.analytic[:2], lc.hidden_gradient(hidden, told).times)
    # Relative to the largest of each kind: two times, two input weights, an output weight.
    largest = [np.abs(check.analytic[kind]).max() for kind in ([0, 1], [2, 3], [4])]
    error = np.abs(check.analytic - check.numeric)
    np.testing.assert_array_equal(check.relative_error, error / np.repeat(largest, [2, 2, 1]))
    # The steps in the output weight, which the loss sees.
    output_weights = [float(weight[0, 0]) for _, weight in loss.asked[-54:-45]]
    np.testing.assert_allclose(np.diff(output_weights), 0.01, rtol=1e-12)


def test_the_samples_of_an_event_trial():
    """The spikes, and points no further apart than the shorter time constant, 3 ms: a quarter of 10 ms."""
    trial = lc.event_trial([3.0, 1.0, 3.0], 10.0, NEURON)
    assert trial.times.tolist() == [0.0, 1.0, 2.5, 3.0, 3.0, 5.0, 7.5, 10.0]
    assert trial.h.tolist() == [1.0, 1.5, 0.5, 0.0, 2.0, 2.5, 2.5, 0.0]
    assert trial.spike_steps.tolist() == [3, 1, 4] and trial.spikes.tolist() == [0, 1, 0, 1, 1, 0, 0, 0]
    mixed = lc.event_trial([3.0, 1.0, 3.0], 10.0, NEURON, [[1.0, 2.0], [3.0, 4.0]], [0, 1, 1])
    assert mixed.spikes.T.tolist() == [[0, 0, 0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 1, 0, 0, 0]]
    assert trial.spikes.dtype == mixed.spikes.dtype == np.int64
    assert len(lc.event_trial([], 9.0, NEURON).times) == 4 and len(lc.event_trial([], 1e5, NEURON).times) == 2001


def test_a_thousand_million_spikes_in_a_step_are_a_count():
    assert lc.forward([0, 1e9], 1.0, NEURON).spikes.tolist() == [0, 10**9]


def test_an_inhibitory_spike_at_the_start_does_not_move_a_maximum_of_zero():
    """V = 0 before it, and less after it: whenever it comes the maximum is 0."""
    loss = lc.CrossEntropyOfMaximum()
    for trial in (lc.forward([1, 0, 0, 0], 1.0, NEURON, -2.0), lc.event_trial([0.0], 4.0, NEURON, -2.0)):
        assert not lc.spike_time_gradient(trial, lc.backward(trial, loss)).any()
    # Nor does a spike at the end have to do with it, which leaves a current of 3 there.
    late = lc.readout([[1, 0], [0, 0], [0, 0], [0, 1]], 1.0, NEURON, [[-9.0, -9.0], [3.0, 0.0]])
    assert not lc.spike_time_gradient(late, lc.backward(late, lc.CrossEntropyOfMaximum(correct=0))).any()


def test_a_maximum_cut_off_in_the_first_step():
    grid = lc.readout([[1, 0], [0, 1], [0, 0]], 1.0, NEURON, [[1.0, 2.0], [-4.0, 0.0]])
    event = lc.event_trial([0.0, 1.0], 3.0, NEURON, grid.weight, [0, 1])
    loss = lc.CrossEntropyOfMaximum(correct=0)
    told, expected = (lc.spike_time_gradient(trial, lc.backward(trial, loss)) for trial in (grid, event))
    np.testing.assert_allclose([told[0, 0], told[1, 1]], expected, rtol=1e-12)
    assert expected[1] < -1e-3


class VoltageAt:
    """V at a given time, which does not move with any spike: L = V(t)."""

    def __init__(self, time):
        self.time = time

    def value(self, trial):
        return trial.voltage_at(self.time)[0, 0]

    def drive(self, trial):
        return lambda t, V: np.zeros_like(V)

    def impulses(self, trial):
        return Impulses(np.array([self.time]), np.array([-1.0]))


@pytest.mark.parametrize("time", [22.0, 24.3, 50.0])
def test_an_impulse_at_a_given_time(time):
    """Before, just after, and long after a spike that cuts a rise off: dV/dt_k = -w k'(t - t_k)."""
    weight = np.array([[3.0], [-5.0]])
    trial = lc.event_trial([20.0, 24.0], 60.0, NEURON, weight, [0, 1])
    since = time - np.array([20.0, 24.0])
    expected = np.where(since > 0, -weight[:, 0] * NEURON.psp_slopes(np.maximum(since, 0.0))[0], 0.0)
    told = lc.spike_time_gradient(trial, lc.backward(trial, VoltageAt(time)))
    np.testing.assert_allclose(told, expected, rtol=1e-12)


def test_the_drive_is_held_at_its_time():
    """In the last step, for the drive 1 - t/T: at the end of it nothing, at its start h/T."""
    trial = lc.forward(np.zeros(4), 0.5, NEURON)
    for scheme, options, drive in (
        ("hold", {}, 0.25), ("hold", {"hold_at": "end"}, 0.0), ("trapezoid", {}, 0.125)
    ):  # fmt: skip
        adjoint = lc.backward(trial, lc.VoltageIntegral(lc.Linear()), scheme, **options)
        assert adjoint.lambda_V[-1] == pytest.approx(drive * (1.0 - NEURON.leak(0.5)), rel=1e-14)


@pytest.mark.parametrize(("scheme", "s_to_V"), [("euler", 0.5 / 7.0), ("hold", 1.0 - np.exp(-0.5 / 7.0))])
def test_a_trial_of_one_step_backward(scheme, s_to_V):
    adjoint = lc.backward(lc.forward([1], 0.5, NEURON), lc.VoltageIntegral(), scheme)
    assert adjoint.lambda_V == pytest.approx([s_to_V], rel=1e-14)
    assert (adjoint.lambda_I == 0.0) == (scheme == "euler")  # whose lambda_I knows of lambda_V a step later
