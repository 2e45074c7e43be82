"""The loss along one weight: its gradient between the jumps, the edge where a spike appears, a spike that is lost."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import neurons
from test_hidden import DURATION, STANDARD, network

import lifcore as lc
from lifcore import hidden_views, scenes

LOSS = lc.CrossEntropyOfIntegral(correct=1, weighting=lc.Average(lc.Exponential()))


@given(neurons, st.floats(0.1, 10.0))
def test_the_critical_weight_is_where_the_first_spike_appears(neuron, theta):
    critical = lc.critical_weight(neuron, theta)
    duration = 20.0 * (neuron.tau_m + neuron.tau_s)
    # By rounding alone the peak may reach theta or not within a few units of 1e-16.
    below, above = (
        lc.hidden_layer([0.0], duration, neuron, [[critical * (1 + x)]], [0], theta=theta) for x in (-1e-12, 1e-12)
    )
    assert len(below.times) == 0 and len(above.times) >= 1


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(0, 2), st.integers(0, 3))
def test_a_scan_is_its_single_networks(seed, inputs, row, column):
    times, sources, weight, output_weight = network(seed, inputs, 4)
    values = np.array([-1.0, 0.5, 3.0, 9.0])
    scan = lc.scan_weight(values, times, DURATION, weight, output_weight, sources, LOSS, vary=(row, column))
    for k, value in enumerate(values):
        changed = weight.copy()
        changed[row, column] = value
        hidden = lc.hidden_layer(times, DURATION, STANDARD, changed, sources)
        output = hidden.output(output_weight)
        told = lc.spike_time_gradient(output, lc.backward(output, LOSS))
        of_weight = lc.hidden_gradient(hidden, told).weight
        assert scan.value[k] == value and scan.spikes[k] == len(hidden.times)
        assert scan.loss[k] == pytest.approx(float(LOSS.value(output)), rel=1e-12)
        # Grazing spikes make large gradients: rounding is relative to all of them.
        assert scan.gradient[k] == pytest.approx(of_weight[row, column], rel=1e-9, abs=1e-12 * np.abs(of_weight).max())
    assert weight.shape == (3, 4)


def test_a_scan_leaves_its_inputs_alone():
    weight, times = np.array([[8.0]]), np.array([20.0])
    lc.scan_weight([1.0, 9.0], times, DURATION, weight, [[1.0, 0.0]], [0], LOSS)
    assert weight.tolist() == [[8.0]] and times.tolist() == [20.0]


def test_between_the_jumps_the_loss_is_the_integral_of_the_gradient():
    """On every smooth piece by Simpson's rule; what is left of the loss's fall is the jumps."""
    values = np.linspace(0.0, 12.0, 3_001)
    scan = scenes.scan_of(values)
    pieces = np.split(np.arange(len(values)), np.flatnonzero(np.diff(scan.spikes)) + 1)
    assert scan.spikes[[0, -1]].tolist() == [0, 4] and len(pieces) == 5
    for piece in pieces:
        # Away from where the piece begins: there the gradient has an inverse square root.
        piece = piece[100 if piece[0] else 0 :]
        piece = piece[: len(piece) - (len(piece) + 1) % 2]
        simpson = np.ones(len(piece))
        simpson[1:-1:2], simpson[2:-1:2] = 4.0, 2.0
        integral = simpson @ scan.gradient[piece] * 4e-3 / 3
        # Fourth derivative of (w - w*)^{-1/2} at 0.4, times h^4/180 and the length: below 1e-9 of the gradient's scale.
        assert scan.loss[piece[-1]] - scan.loss[piece[0]] == pytest.approx(integral, abs=1e-11)
    fall = np.diff(scan.loss)[np.diff(scan.spikes) > 0]
    assert np.all(fall < 0.0) and fall.sum() < 5 * (scan.loss[-1] - scan.loss[0] - fall.sum()) < 0.0


@given(neurons, st.floats(0.1, 10.0))
def test_the_gradient_at_the_edge_is_the_inverse_square_root_with_its_prefactor(neuron, theta):
    critical = lc.critical_weight(neuron, theta)
    excess = 1e-8 * critical
    duration = 20.0 * (neuron.tau_m + neuron.tau_s)
    hidden = lc.hidden_layer([0.0], duration, neuron, [[critical + excess]], [0], theta=theta)
    assume(len(hidden.times) == 1)
    sensitivity = -lc.hidden_gradient(hidden, [1.0]).weight[0, 0]
    expected = np.sqrt(neuron.tau_m * neuron.tau_s / (2 * critical * excess))
    # The next order is of the size of sqrt(1e-8), times a number of time constants that differ by up to 200.
    assert sensitivity == pytest.approx(expected, rel=1e-2)


def test_the_tail_of_the_gradients_falls_as_the_inverse_square():
    """Weights uniform above w*: P(|dt/dw| > x) = tau_m tau_s / (2 w* x^2)."""
    critical = lc.critical_weight(STANDARD)
    weight = critical + np.random.default_rng(2).random((1, 400_000))
    hidden = lc.hidden_layer([20.0], 200.0, STANDARD, weight, [0])
    sensitivity = -lc.hidden_gradient(hidden, np.ones(len(hidden.times))).weight[0]
    for x in (100.0, 300.0):
        expected = STANDARD.tau_m * STANDARD.tau_s / (2 * critical * x**2)
        # Four standard deviations of a binomial, and the next order, about 8 ms / x.
        allowed = 4 * np.sqrt(expected / 400_000) + 8 / x * expected
        assert np.mean(sensitivity > x) == pytest.approx(expected, abs=allowed)


def test_a_spike_is_lost_while_the_loss_falls():
    path = hidden_views.descend("mean cross-entropy")
    counts = np.array([len(times) for times in path.spikes])
    lost = int(np.argmax(counts < 2))
    assert counts[0] == 2 and counts[lost] == 1 and np.all(np.diff(path.loss[:lost]) < 0.0)
    last = np.array([times[-1] for times in path.spikes[:lost]])
    # Later at every step, but for the first two: there the first weight, which grows, helps both spikes.
    assert np.all(np.diff(last[2:]) > 0.0) and last[-1] > last[0] + 3.0
    assert path.loss[lost] - path.loss[lost - 1] > 1000 * (path.loss[0] - path.loss[lost - 1])


def test_the_exponential_loss_keeps_its_spikes():
    path = hidden_views.descend("exponential")
    assert all(len(times) == 2 for times in path.spikes) and np.all(np.diff(path.loss) < 0.0)
    assert np.all(np.diff([times[-1] for times in path.spikes]) < 0.0)  # earlier at every step


def test_a_step_that_deletes_a_spike_changes_the_loss_by_more_than_its_gradient_says():
    for correct, sign in ((0, 1), (1, -1)):
        scan = scenes.scan_of([6.6, 6.2], "exponential", None, correct)
        assert scan.spikes.tolist() == [1, 0]
        predicted, true = scan.gradient[0] * -0.4, scan.loss[1] - scan.loss[0]
        assert sign * predicted > 0 and true / predicted > 20
