"""Hidden neurons with a threshold: their spikes by closed form, their gradients by differences, batches and edges."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import examples, neurons

import lifcore as lc
from lifcore.crossings import time_to_peak, time_to_reach
from lifcore.differences import derivative

STANDARD = lc.LIF()
DURATION = 120.0
LOSSES = [
    lc.CrossEntropyOverTime(correct=1, weighting=lc.Average()),
    lc.CrossEntropyOfIntegral(correct=1, weighting=lc.Average()),
    lc.CrossEntropyOfIntegral(correct=1, weighting=lc.Average(lc.Exponential())),
    lc.CrossEntropyOfIntegral(correct=1, weighting=lc.Average(lc.Linear())),
    lc.CrossEntropyOverTime(correct=1, weighting=lc.Sigmoid()),
    lc.CrossEntropyOfMaximum(correct=1),
    lc.CrossEntropyOfFirstSpikes(correct=1, theta=0.2),
]
# Two equal maxima, or an output that only just reaches its threshold, are edges of the losses themselves.
WITH_EDGES = (lc.CrossEntropyOfMaximum, lc.CrossEntropyOfFirstSpikes)
# The derivative from values at nine neighbouring points, with an error of order SHORT^8.
NINE_POINTS = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
SHORT = 3e-4


def network(seed, inputs, hidden, neuron=STANDARD):
    """Random input spikes and weights that make the neuron's hidden ones spike, whatever its time constants."""
    rng = np.random.default_rng(seed)
    times, sources = rng.uniform(0, 0.7 * DURATION, inputs), rng.integers(0, 3, inputs)
    weight = rng.normal(0.4, 0.6, (3, hidden)) / neuron.peak_height
    return times, sources, weight, rng.normal(0, 1, (hidden, 3))


def by_hand(times, weights, duration, neuron, theta=1.0):
    """Spikes of one neuron from a dense scan of PSPs and resets, then bisection: nothing of lifcore.hidden."""
    spikes, low = [], 0.0

    def excess(t):
        reset = sum(theta * np.exp(-(t - s) / neuron.tau_m) for s in spikes)
        return float(weights @ neuron.psp(t - times)) - reset - theta

    step = min(neuron.tau_m, neuron.tau_s) / 400
    edges = np.unique(np.concatenate([[0.0, duration], times]))
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        low = start
        while True:
            grid = np.append(np.arange(low, end, step)[1:], end)
            above = [t for t in grid if excess(t) >= 0]
            if not above:
                break
            a, b = max(low, above[0] - step), above[0]
            while a < (middle := (a + b) / 2) < b:
                a, b = (a, middle) if excess(middle) >= 0 else (middle, b)
            spikes.append(b)
            low = b
    return np.array(spikes)


def clear_of_edges(hidden, slope=0.05, height=5e-3, gap=5e-3):
    """No spike about to appear or vanish, or to meet an input spike: there the loss jumps or has a kink."""
    if np.any(hidden.I - hidden.theta < slope):
        return False
    arrivals = hidden.arrivals.times[:-1, 0]
    for neuron in range(hidden.weight.shape[1]):
        spikes = hidden.times[hidden.neurons == neuron]
        if np.any(np.abs(spikes[:, None] - arrivals) < gap):
            return False
        t = np.unique(np.concatenate([np.linspace(0, hidden.duration, 6000), spikes, arrivals]))
        V = hidden.voltage_at(t)[:, neuron]
        peaks = (V[1:-1] >= V[:-2]) & (V[1:-1] >= V[2:]) & ~np.isin(t[2:], spikes) & ~np.isin(t[1:-1], spikes)
        if np.any(V[1:-1][peaks] > hidden.theta - height) or V[-1] > hidden.theta - height:
            return False
    return True


@examples(60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 15), neurons)
def test_spikes_are_where_the_voltage_reaches_the_threshold(seed, inputs, neuron):
    times, sources, weight, _ = network(seed, inputs, 3, neuron)
    hidden = lc.hidden_layer(times, DURATION, neuron, weight, sources)
    # V just before each spike, from the sum of PSPs and resets, is theta up to the rounding of its terms.
    scale = 1.0 + np.abs(weight).max() * neuron.peak_height * inputs + len(hidden.times)
    for k, (t, which) in enumerate(zip(hidden.times, hidden.neurons, strict=True)):
        after = hidden.voltage_at(t)[0, which]
        assert abs(after) < 1e-12 * scale and hidden.I[k] >= 1.0
    # and nowhere between is it above; a neuron that charges in 1e-9 ms would be seen on no grid
    t = np.linspace(0, DURATION, 3001)
    assert hidden.voltage_at(t).max() < 1.0 + 1e-12 * scale


@examples(25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.sampled_from([STANDARD, lc.LIF(8.0, 8.0), lc.LIF(5.0, 12.0)]))
def test_spikes_against_a_scan_by_hand(seed, inputs, neuron):
    times, sources, weight, _ = network(seed, inputs, 1, neuron)
    hidden = lc.hidden_layer(times, DURATION, neuron, weight, sources)
    assume(clear_of_edges(hidden))
    expected = by_hand(times, weight[sources, 0], DURATION, neuron)
    assert len(expected) == len(hidden.times)
    # Rounding of V, about 1e-15, over its slope of 0.05/tau_m and more, handed on from spike to spike.
    np.testing.assert_allclose(hidden.times, expected, atol=1e-11)


@examples(40)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 20),
    st.sampled_from([STANDARD, STANDARD, lc.LIF(10.0, 10.0), lc.LIF(5.0, 12.0), lc.LIF(10.0, 10.0000001)]),
    st.sampled_from(LOSSES),
)  # fmt: skip
def test_gradients_against_finite_differences(seed, size, inputs, neuron, loss):
    """In a random direction of the input times, of the input weights and of the output weights."""
    times, sources, weight, output_weight = network(seed, inputs, size, neuron)

    def run(t, w, w_out):
        hidden = lc.hidden_layer(t, DURATION, neuron, w, sources)
        return hidden, hidden.output(w_out)

    hidden, output = run(times, weight, output_weight)
    assume(len(hidden.times) and clear_of_edges(hidden))
    if isinstance(loss, WITH_EDGES):  # no maximum or crossing as near to a spike as the differences reach
        assume(np.abs(np.subtract.outer(loss.impulses(output).times.ravel(), hidden.times)).min() > 5e-3)
    adjoint = lc.backward(output, loss)
    gradient = lc.hidden_gradient(hidden, lc.spike_time_gradient(output, adjoint))
    at = (times, weight, output_weight)
    rng = np.random.default_rng(seed)
    for k, by in enumerate((gradient.times, gradient.weight, lc.weight_gradient(output, adjoint))):
        direction = rng.normal(size=by.shape)
        direction /= np.linalg.norm(direction)
        kinds, edges = set(), set()

        def along(x, k=k, direction=direction, kinds=kinds, edges=edges):
            moved = [part + (x * direction if j == k else 0.0) for j, part in enumerate(at)]
            hidden, output = run(*moved)
            events = np.concatenate([hidden.times, moved[0]])
            kinds.add((*hidden.neurons, *np.argsort(events, kind="stable")))
            if isinstance(loss, WITH_EDGES):
                edges.add((*np.searchsorted(np.sort(events), loss.impulses(output).times.ravel()),))
            # No two spikes changed places, no maximum or crossing leapt; known at the first point where one did.
            assume(len(kinds) == 1 and len(edges) <= 1)
            return float(loss.value(output))

        analytic = np.sum(by * direction)
        # 1e-7 of the gradient, and what the rounding of the loss leaves in a difference over 3e-4.
        close = 1e-7 * np.linalg.norm(by) + 1e-11 * max(1.0, abs(float(loss.value(output))))
        numeric = NINE_POINTS @ [along(step * SHORT) for step in range(-4, 5)] / SHORT
        if abs(analytic - numeric) > close:  # one step was not the right one: six of them, which takes six times longer
            numeric = derivative(along, 0.0, -np.inf, np.inf, 1e-3)
        assert abs(analytic - numeric) <= close


def test_check_hidden_gradient_on_a_small_network():
    times, sources, weight, output_weight = network(3, 6, 2)
    assert clear_of_edges(lc.hidden_layer(times, DURATION, STANDARD, weight, sources))
    check = lc.check_hidden_gradient(LOSSES[2], times, DURATION, weight, output_weight, sources, step=1e-3)
    assert check.analytic.shape == (6 + 6 + 6,) and check.relative_error.max() < 1e-7
    assert np.all(np.abs(check.analytic).max() > 1e-6)


def test_the_jump_at_a_hidden_spike():
    """One input, one hidden neuron, one output: everything by hand."""
    hidden = lc.hidden_layer([10.0], DURATION, STANDARD, [[8.0]], [0])
    output = hidden.output([[1.0]])
    gradient = lc.spike_time_gradient(output, lc.backward(output, lc.CrossEntropyOverTime(correct=0)))
    result = lc.hidden_gradient(hidden, [1.0] * len(hidden.times))
    assert len(gradient) == len(hidden.times) == 1
    u = hidden.times[0] - 10.0
    I = 8.0 * np.exp(-u / 5.0)
    assert 8.0 * STANDARD.psp(u) == pytest.approx(1.0, rel=1e-14) and hidden.I[0] == pytest.approx(I, rel=1e-14)
    # t_s = t + u(w) with w k(u) = 1, so that dt_s/dw = -k(u) / (w k'(u)) = -tau_m k(u) / (I - 1).
    assert result.weight[0, 0] == pytest.approx(-20.0 * STANDARD.psp(u) / (I - 1.0), rel=1e-13)
    assert result.times[0] == pytest.approx(1.0, rel=1e-13)  # the hidden spike moves with its input
    assert result.lambda_V_after[0] == 0.0 and result.lambda_V[0] == pytest.approx(1.0 / (I - 1.0), rel=1e-13)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.sampled_from(LOSSES[:3]))
def test_moving_all_inputs_moves_all_hidden_spikes(seed, inputs, loss):
    """Time translation: the gradients in the input times sum to those in the hidden spikes' times."""
    times, sources, weight, output_weight = network(seed, inputs, 5)
    hidden = lc.hidden_layer(times, DURATION, STANDARD, weight, sources)
    output = hidden.output(output_weight)
    gradient = lc.spike_time_gradient(output, lc.backward(output, loss))
    result = lc.hidden_gradient(hidden, gradient)
    scale = np.abs(result.times).sum() + np.abs(gradient).sum()  # grazing spikes make large terms that cancel
    assert abs(result.times.sum() - gradient.sum()) <= 1e-11 * scale


def test_a_silent_neuron_gets_nothing():
    hidden = lc.hidden_layer([10.0, 20.0], DURATION, STANDARD, [[8.0, 7.0, -8.0]], [0, 0])
    assert np.all(hidden.counts()[:2] > 0) and hidden.counts()[2] == 0
    result = lc.hidden_gradient(hidden, np.ones(len(hidden.times)))
    assert np.all(result.weight[:, 2] == 0.0) and np.all(result.weight[:, :2] != 0.0)


def test_a_batch_is_its_trials():
    rng = np.random.default_rng(5)
    parts = [network(seed, inputs, 4)[:2] for seed, inputs in enumerate((6, 0, 11, 3))]
    weight, output_weight = network(9, 1, 4)[2:]
    trials = np.repeat(np.arange(4), [len(times) for times, _ in parts])
    shuffle = rng.permutation(len(trials))
    times, sources = (np.concatenate(x)[shuffle] for x in zip(*parts, strict=True))
    correct = np.array([0, 1, 2, 1])
    hidden = lc.hidden_layer(times, DURATION, STANDARD, weight, sources, trials[shuffle], 4)
    output = hidden.output(output_weight)
    for family in (lc.CrossEntropyOverTime, lc.CrossEntropyOfIntegral, lc.CrossEntropyOfMaximum):
        loss = family(correct=correct)
        adjoint = lc.backward(output, loss)
        gradient = lc.spike_time_gradient(output, adjoint)
        result = lc.hidden_gradient(hidden, gradient)
        for k, (t, s) in enumerate(parts):
            alone = lc.hidden_layer(t, DURATION, STANDARD, weight, s)
            of_one = alone.output(output_weight)
            single = family(correct=int(correct[k]))
            adjoint_of_one = lc.backward(of_one, single)
            expected = lc.spike_time_gradient(of_one, adjoint_of_one)
            mine = hidden.trials == k
            np.testing.assert_allclose(hidden.times[mine], alone.times, atol=1e-12)
            np.testing.assert_array_equal(hidden.counts()[k], alone.counts())
            np.testing.assert_allclose(loss.value(output)[k], single.value(of_one), rtol=1e-12)
            np.testing.assert_allclose(gradient[mine], expected, atol=1e-11)
            np.testing.assert_allclose(lc.shift_gradient(output, adjoint)[k], expected.sum(), atol=1e-11)
            np.testing.assert_allclose(
                lc.weight_gradient(output, adjoint)[k], lc.weight_gradient(of_one, adjoint_of_one), atol=1e-11
            )
            back = lc.hidden_gradient(alone, expected)
            np.testing.assert_allclose(result.weight[k], back.weight, atol=1e-10)
            order = np.flatnonzero(trials[shuffle] == k)
            by_spike = dict(zip(zip(t, s, strict=True), back.times, strict=True))
            np.testing.assert_allclose(result.times[order], [by_spike[times[i], sources[i]] for i in order], atol=1e-10)


def test_a_touch_counts_as_a_spike_and_has_no_gradient():
    peak = 1.0 / STANDARD.peak_height
    above, below = np.nextafter(peak, 2 * peak), peak * (1 - 1e-14)
    heights = [w for w in (below, peak, above) if len(lc.hidden_layer([5.0], DURATION, STANDARD, [[w]], [0]).times)]
    assert above in heights and below not in heights
    hidden = lc.hidden_layer([5.0], DURATION, STANDARD, [[above]], [0])
    # At a touch V is flat: its rounding of 1e-16 leaves the time uncertain by its square root, tau_m 1e-8.
    assert hidden.times[0] == pytest.approx(5.0 + STANDARD.peak_time, abs=1e-6)
    assert abs(hidden.I[0] - 1.0) < 1e-7
    touching = lc.HiddenTrial(**{**vars(hidden), "I": np.array([1.0])})
    with pytest.raises(ValueError, match="only touches the threshold"):
        lc.hidden_gradient(touching, [1.0])


@pytest.mark.parametrize("excess", [1e-3, 1e-6, 1e-9])
def test_the_gradient_grows_as_the_inverse_root(excess):
    """Just above the critical weight w*, dt_s/dw -> -1/2 (2 tau_m tau_s / (w* (w - w*)))^{1/2}."""
    critical = 1.0 / STANDARD.peak_height
    weight = critical * (1 + excess)
    hidden = lc.hidden_layer([5.0], DURATION, STANDARD, [[weight]], [0])
    gradient = lc.hidden_gradient(hidden, [1.0]).weight[0, 0]
    leading = -np.sqrt(20.0 * 5.0 / (2 * critical * (weight - critical)))
    # The next order is sqrt(excess); the rounding of V, 1e-16, counts relative to its excess.
    assert gradient == pytest.approx(leading, rel=3 * np.sqrt(excess) + 1e-16 / excess * 10)


def test_a_double_crossing_between_two_inputs_is_not_missed():
    """V passes the threshold and would fall back within a hundredth of a ms, between inputs 200 ms apart."""
    peak = 1.0 / STANDARD.peak_height
    hidden = lc.hidden_layer([5.0, 205.0], 300.0, STANDARD, [[peak * (1 + 1e-9)]], [0, 0])
    # The second PSP starts from a V just above 0, the rest of the first current, and gets there too.
    assert hidden.counts().tolist() == [2]


@examples(60)
@given(neurons, st.floats(-3.0, 0.999), st.floats(0.0, 50.0))
def test_newton_from_the_left_reaches_the_first_crossing(neuron, V, I):
    V, I = np.array([V]), np.array([I])
    high = np.minimum(time_to_peak(neuron, V, I), 1e3)

    def voltage(u):
        return V * neuron.leak(u) + I * neuron.psp(u)

    assume(voltage(high)[0] >= 1.0)
    u = time_to_reach(neuron, V, I, 1.0, high)
    assert np.all(u <= high) and abs(voltage(u)[0] - 1.0) < 1e-14 * (1 + abs(V[0]) + I[0])
    earlier = np.linspace(0.0, u[0], 50)[:-1, np.newaxis]
    assert np.all(voltage(earlier) < 1.0 + 1e-14 * (1 + abs(V[0]) + I[0]))


def test_strong_input_makes_many_spikes():
    """From each spike to the next V rises from 0 under the current that is left: I(t_s) k(t - t_s) = theta."""
    hidden = lc.hidden_layer([5.0], DURATION, STANDARD, [[4000.0]], [0])
    left = 4000.0 * STANDARD.psc(np.append(0.0, hidden.times[:-1] - 5.0))
    apart = np.diff(hidden.times, prepend=5.0)
    assert len(hidden.times) > 500
    # The rounding of a time, 2e-14 ms, times the slope dV/dt <= 200 / ms at the start.
    np.testing.assert_allclose(left * STANDARD.psp(apart), 1.0, atol=1e-11)
    remains = 4000.0 * STANDARD.psc(hidden.times[-1] - 5.0)
    assert remains * STANDARD.peak_height < 1.0  # too little for another one
    with pytest.raises(ValueError, match="pass smaller weights or fewer spikes"):
        lc.hidden_layer([5.0], DURATION, STANDARD, [[1e9]], [0])


def test_no_input_at_all():
    hidden = lc.hidden_layer([], DURATION, STANDARD, [[1.0, 2.0]], [])
    assert hidden.times.shape == (0,) and hidden.counts().tolist() == [0, 0]
    output = hidden.output([[1.0], [1.0]])
    gradient = lc.spike_time_gradient(output, lc.backward(output, lc.CrossEntropyOverTime(correct=0)))
    assert lc.hidden_gradient(hidden, gradient).weight.tolist() == [[0.0, 0.0]]
    assert np.all(hidden.voltage_at([0.0, 50.0]) == 0.0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_the_lambdas_of_a_hidden_neuron_over_time(seed, inputs):
    """At the spikes what ``hidden_gradient`` says, zero behind the last one, and lambda_I summed over inputs."""
    times, sources, weight, _ = network(seed, inputs, 3)
    hidden = lc.hidden_layer(times, DURATION, STANDARD, weight, sources)
    told = np.random.default_rng(seed).normal(size=len(hidden.times))
    gradient = lc.hidden_gradient(hidden, told)
    scale = 1.0 + np.abs(gradient.lambda_V).max(initial=0.0)
    lambda_V, lambda_I = lc.hidden_lambdas(hidden, gradient, hidden.times)
    own = np.arange(len(hidden.times)), hidden.neurons
    # A value at a spike is the one just before it: from there on, backward in time, it goes on.
    np.testing.assert_allclose(lambda_V[own], gradient.lambda_V, rtol=1e-12)
    np.testing.assert_allclose(lambda_I[own], gradient.lambda_I, atol=1e-12 * scale)
    jump = (hidden.theta * gradient.lambda_V_after + told) / (hidden.I - hidden.theta)
    np.testing.assert_allclose(gradient.lambda_V - gradient.lambda_V_after, jump, atol=1e-12 * scale)
    for neuron in range(3):
        last = hidden.times[hidden.neurons == neuron].max(initial=0.0)
        after_V, after_I = lc.hidden_lambdas(hidden, gradient, [last + 1e-9, DURATION])
        assert not after_V[:, neuron].any() and not after_I[:, neuron].any()
    _, at_inputs = lc.hidden_lambdas(hidden, gradient, times)
    of_weight = np.zeros_like(weight)
    np.add.at(of_weight, sources, -STANDARD.tau_s * at_inputs)
    np.testing.assert_allclose(of_weight, gradient.weight, atol=1e-11 * scale * inputs)


def test_lambdas_over_time_are_those_of_a_single_trial():
    hidden = lc.hidden_layer([10.0], DURATION, STANDARD, [[8.0]], [0], [0], 1)
    gradient = lc.hidden_gradient(hidden, np.ones(len(hidden.times)))
    with pytest.raises(ValueError, match="batch is 1"):
        lc.hidden_lambdas(hidden, gradient, [5.0])
