"""Every loss and weighting: gradients by differences, the conservation law with its g, closed forms, and scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from strategies import examples, neurons

import lifcore as lc
from lifcore.crossings import first_crossing, maximum
from lifcore.losses import Softmax
from lifcore.weighting import rate_of

STANDARD = lc.LIF()
WEIGHTINGS = [
    lc.Constant(),
    lc.Average(),
    lc.Exponential(),
    lc.Exponential(30.0),
    lc.Linear(),
    lc.Average(lc.Linear()),
    lc.Sigmoid(),
]
SMOOTH = [(family, g) for family in (lc.CrossEntropyOverTime, lc.CrossEntropyOfIntegral) for g in WEIGHTINGS]
TIMES, SOURCES, DURATION = [20.0, 26.0, 31.5, 60.0, 72.0], [0, 1, 2, 1, 0], 120.0
MATRIX = np.array([[0.5, 0.2, -0.1, 0.3], [0.1, 0.4, 0.2, -0.2], [-0.3, 0.1, 0.6, 0.2]])


def name(value):
    return getattr(value, "__name__", None) or str(value)


@pytest.mark.parametrize(("family", "weighting"), SMOOTH, ids=name)
@pytest.mark.parametrize("correct", [None, 2], ids=["one output", "four outputs"])
def test_gradients_of_the_smooth_losses(family, weighting, correct):
    loss = family(correct=correct, weighting=weighting)
    several = {} if correct is None else {"weight": MATRIX, "sources": SOURCES}
    check = lc.check_gradient(loss, TIMES, DURATION, **several)
    assert check.relative_error.max() < 1e-8
    assert len(check.analytic) == len(TIMES) + (1 if correct is None else MATRIX.size)


def test_gradients_of_a_given_weighting():
    def twice(t, T):
        return 1.0 + np.sin(t / 30.0) ** 2

    for family in (lc.CrossEntropyOverTime, lc.CrossEntropyOfIntegral):
        assert lc.check_gradient(family(weighting=twice), TIMES, DURATION).relative_error.max() < 1e-8


@pytest.mark.parametrize("family", [lc.CrossEntropyOverTime, lc.CrossEntropyOfIntegral, lc.VoltageIntegral])
@pytest.mark.parametrize("g", [lc.Exponential(0.1), lc.Sigmoid(0.5, 0.001), lc.Average(lc.Exponential(0.1))])
def test_a_weighting_may_change_faster_than_the_neuron(family, g):
    """Between spikes that are far apart, where the neuron alone would need few nodes."""
    loss, times = family(weighting=g), [0.0, 3.0, 60.0]
    events = lc.event_trial(times, 200.0, STANDARD)
    grid = lc.forward(lc.spike_train(times, 20_000, 0.01), 0.01, STANDARD)
    # Sums of 20 000 roundings, in e^-S once more by S.
    assert loss.value(events) == pytest.approx(loss.value(grid), rel=2e-12)
    told = lc.backward(grid, loss).transport[[0, 300, 6000]]
    assert lc.backward(events, loss).transport[events.where] == pytest.approx(told, abs=2e-12 * np.abs(told).max())


def test_a_weighting_that_does_not_say_changes_no_faster_than_the_neuron():
    assert rate_of(lambda t, T: 1.0 - t / T, 100.0) == 0.0
    assert rate_of(lc.Average(lc.Sigmoid(0.5, 0.25)), 100.0) == 0.04


@pytest.mark.parametrize("neuron", [STANDARD, lc.LIF(8.0, 8.0), lc.LIF(5.0, 12.0)])
@pytest.mark.parametrize(
    "loss",
    [lc.CrossEntropyOfMaximum(), lc.CrossEntropyOfMaximum(correct=1), lc.CrossEntropyOfFirstSpikes(1, theta=0.08)],
)
def test_gradients_of_the_losses_with_impulses(loss, neuron):
    several = {} if getattr(loss, "correct", None) is None else {"weight": np.abs(MATRIX), "sources": SOURCES}
    check = lc.check_gradient(loss, TIMES, DURATION, neuron, **several)
    assert np.abs(check.analytic[: len(TIMES)]).max() > 1e-5  # there is something to check
    assert check.relative_error.max() < 1e-8


@examples(60)
@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8),
    st.floats(20.0, 400.0),
    neurons,
    st.sampled_from(SMOOTH),
    st.integers(0, 2**32 - 1),
)
def test_conservation_with_several_outputs(fractions, duration, neuron, pair, seed):
    """sum_k dL/dt_k = int g' [l(V) - l(0)] dt - g(T) [l(V(T)) - l(0)]; for integrals with l = -drive . V."""
    (family, g), rng = pair, np.random.default_rng(seed)
    sources = rng.integers(0, 3, len(fractions))
    trial = lc.event_trial(np.array(fractions) * duration, duration, neuron, rng.normal(0, 1, (3, 4)), sources)
    loss = family(correct=1, weighting=g)
    drive = loss.drive(trial)(np.zeros((1, 1)), np.zeros((1, 4)))[0] / g(np.zeros(()), duration)

    def gain(V):
        if family is lc.CrossEntropyOfIntegral:
            return -V @ drive
        return Softmax(correct=1).loss(V) - np.log(4.0)

    inside = lc.integrate(trial, lambda t, V: g.slope(t[:, 0], duration) * gain(V), rate=g.rate(duration))
    expected = inside - g(np.array(duration), duration) * gain(trial.voltage_at(duration))[0]
    adjoint = lc.backward(trial, loss)
    gradient = lc.spike_time_gradient(trial, adjoint)
    scale = np.abs(gradient).sum() + abs(expected) + len(fractions) * np.abs(adjoint.lambda_V).max()
    assert lc.shift_gradient(trial, adjoint) == pytest.approx(expected, abs=1e-11 * scale)
    assert gradient.sum() == pytest.approx(expected, abs=1e-11 * scale)


def test_a_maximum_cut_off_by_an_inhibitory_spike():
    """V rises until the second spike: m = V^-(t_2), so that dm/dt_2 = (I^- - V) / tau_m whatever its weight."""
    times, weight = [20.0, 24.0], np.array([[1.0, 0.1], [-2.0, 0.1]])
    loss = lc.CrossEntropyOfMaximum(correct=0)
    trial = lc.event_trial(times, 100.0, STANDARD, weight, [0, 1])
    assert maximum(trial).time[0] == 24.0
    V, I = STANDARD.psp(4.0), STANDARD.psc(4.0)
    cut = np.array([[1.0, 0.0], [-2.0, 0.0]])  # the second output is silent, its maximum 0
    alone = lc.event_trial(times, 100.0, STANDARD, cut, [0, 1])
    p = np.exp(V) / (np.exp(V) + 1.0)
    expected = (1.0 - p) * (I - V) / 20.0
    gradient = lc.spike_time_gradient(alone, lc.backward(alone, loss))
    np.testing.assert_allclose(gradient, [expected, -expected], rtol=1e-12)
    assert lc.check_gradient(loss, times, 100.0, STANDARD, weight, [0, 1]).relative_error.max() < 1e-8


def test_maximum_and_first_spikes_do_not_care_when():
    """Shifted together, maxima and first spikes move along: the gradients sum to zero, until an output is silent."""
    for loss in (lc.CrossEntropyOfMaximum(correct=1), lc.CrossEntropyOfFirstSpikes(1, theta=0.05)):
        trial = lc.event_trial(TIMES, DURATION, STANDARD, np.abs(MATRIX), SOURCES)
        adjoint = lc.backward(trial, loss)
        assert np.abs(lc.spike_time_gradient(trial, adjoint)).max() > 1e-5
        assert abs(lc.shift_gradient(trial, adjoint)) < 1e-15
    silent = lc.event_trial(TIMES, DURATION, STANDARD, np.abs(MATRIX) * [1, 1, 1, 0], SOURCES)
    assert abs(lc.shift_gradient(silent, lc.backward(silent, lc.CrossEntropyOfFirstSpikes(1, theta=0.05)))) > 1e-5


@given(neurons, st.floats(50.0, 2000.0), st.sampled_from(WEIGHTINGS[:-1]))
def test_closed_forms_of_the_transport(neuron, duration, weighting):
    trial = lc.event_trial([], duration, neuron)
    transport = lc.backward(trial, lc.VoltageIntegral(weighting)).transport
    expected = weighting.transport(trial.times, duration, neuron)
    np.testing.assert_allclose(transport, expected, rtol=0, atol=1e-12 * weighting(np.zeros(()), duration))


def test_exponential_bulk_ratio():
    trial = lc.event_trial([], 1400.0, STANDARD)
    adjoint = lc.backward(trial, lc.VoltageIntegral(lc.Exponential()))
    ratio = adjoint.transport[:100] / adjoint.lambda_V[:100]
    np.testing.assert_allclose(ratio, (5 / 1400) / (1 + 5 / 1400), rtol=1e-12)
    assert ratio[0] == pytest.approx(0.0035587, abs=5e-8)


@pytest.mark.parametrize("weighting", WEIGHTINGS, ids=name)
def test_slopes_and_integrals_of_the_weightings(weighting):
    t, T = np.array([3.0, 40.0, 77.0]), 80.0
    h = 1e-4
    numeric = (weighting(t + h, T) - weighting(t - h, T)) / (2 * h)
    np.testing.assert_allclose(weighting.slope(t, T), numeric, rtol=0, atol=1e-9)


@given(neurons, st.floats(0.0, 200.0))
def test_psp_integral(neuron, t):
    expected, error = quad(lambda u: float(neuron.psp(u)), 0.0, t, limit=500, points=[min(neuron.peak_time, t)])
    assert float(neuron.psp_integral(t)) == pytest.approx(expected, rel=1e-7, abs=1e-9 + 2 * error)


def test_the_fixed_point_of_lambda_V_is_the_drive():
    """No 1/tau_m in the drive: under a constant drive both lambdas settle at it."""
    trial = lc.event_trial([700.0], 1400.0, STANDARD)
    loss = lc.CrossEntropyOfIntegral(20)
    adjoint = lc.backward(trial, loss)
    drive = loss.drive(trial)(np.zeros(1), np.zeros(1))[0]
    assert adjoint.lambda_V[0] == pytest.approx(drive, rel=1e-13) and adjoint.lambda_I[0] == pytest.approx(
        drive, rel=1e-13
    )


def test_one_output_is_the_special_case_of_twenty():
    weight = np.zeros((1, 20))
    weight[0, 7] = 1.3
    many = lc.event_trial([20.0, 45.0], 100.0, STANDARD, weight, [0, 0])
    one = lc.event_trial([20.0, 45.0], 100.0, STANDARD, 1.3)
    for family in (lc.CrossEntropyOverTime, lc.CrossEntropyOfIntegral, lc.CrossEntropyOfMaximum):
        assert family(correct=7).value(many) == pytest.approx(float(family(20).value(one)), rel=1e-13)
        from_many = lc.spike_time_gradient(many, lc.backward(many, family(correct=7)))
        from_one = lc.spike_time_gradient(one, lc.backward(one, family(20)))
        np.testing.assert_allclose(from_many, from_one, atol=1e-14)


def test_mean_is_the_integral_over_the_duration():
    trial = lc.event_trial([20.0], 250.0, STANDARD)
    mean, whole = (lc.CrossEntropyOverTime(weighting=g).value(trial) for g in (lc.Average(), lc.Constant()))
    assert mean * 250.0 == pytest.approx(float(whole), rel=1e-14)


def test_readout_on_a_grid_is_the_event_driven_one():
    spikes = np.zeros((120, 3), dtype=int)
    for time, source in zip([20, 26, 31, 60, 72], SOURCES, strict=True):
        spikes[time, source] += 1
    grid = lc.readout(spikes, 1.0, STANDARD, MATRIX)
    event = lc.event_trial([20.0, 26.0, 31.0, 60.0, 72.0], 120.0, STANDARD, MATRIX, SOURCES)
    loss = lc.CrossEntropyOverTime(correct=0)
    on_grid, by_event = lc.backward(grid, loss), lc.backward(event, loss)
    expected = lc.spike_time_gradient(event, by_event)
    np.testing.assert_allclose(
        lc.spike_time_gradient(grid, on_grid)[[20, 26, 31, 60, 72], SOURCES], expected, atol=1e-13
    )
    np.testing.assert_allclose(lc.weight_gradient(grid, on_grid), lc.weight_gradient(event, by_event), atol=1e-11)
    assert lc.shift_gradient(grid, on_grid) == pytest.approx(expected.sum(), abs=1e-13)


def test_a_batch_with_a_label_for_each_trial():
    rng = np.random.default_rng(1)
    spikes = rng.integers(0, 2, (60, 5, 3))
    batch = lc.readout(spikes, 1.0, STANDARD, MATRIX)
    labels = np.array([0, 3, 1, 2, 2])
    for family in (lc.CrossEntropyOverTime, lc.CrossEntropyOfIntegral, lc.CrossEntropyOfMaximum):
        value, adjoint = family(correct=labels).value(batch), lc.backward(batch, family(correct=labels))
        weights = lc.weight_gradient(batch, adjoint)
        assert (
            value.shape == (5,)
            and weights.shape == (5, 3, 4)
            and lc.spike_time_gradient(batch, adjoint).shape == (60, 5, 3)
        )
        for k, label in enumerate(labels):
            single = lc.readout(spikes[:, k], 1.0, STANDARD, MATRIX)
            alone = lc.backward(single, family(correct=int(label)))
            assert value[k] == pytest.approx(float(family(correct=int(label)).value(single)), rel=1e-12)
            np.testing.assert_allclose(weights[k], lc.weight_gradient(single, alone), atol=1e-10)


@examples(60)
@given(st.lists(st.floats(0.0, 90.0), min_size=1, max_size=6), neurons, st.integers(0, 2**32 - 1))
def test_maximum_and_crossing_against_a_dense_grid(times, neuron, seed):
    rng = np.random.default_rng(seed)
    trial = lc.event_trial(times, 100.0, neuron, rng.normal(0, 1, (len(times), 3)), np.arange(len(times)))
    dense = np.linspace(0.0, 100.0, 20_001)
    V = trial.voltage_at(dense)
    largest = maximum(trial)
    gap = 0.005 * (np.abs(trial.I).max() + np.abs(trial.V).max()) / neuron.tau_m  # dV over one dense step
    above = largest.V - V.max(axis=0)
    assert np.all(above >= -1e-12) and np.all(above <= gap)
    np.testing.assert_allclose(trial.voltage_at(largest.time).diagonal(), largest.V, atol=1e-12)
    theta = max(float(V.max()) / 2, 1e-6)
    first = first_crossing(trial, theta)
    for k in range(3):
        if np.isnan(first.time[k]):
            assert V[:, k].max() < theta
        else:
            assert np.all(V[dense < first.time[k] - 1e-9, k] < theta + 1e-12)
            assert trial.voltage_at(first.time[k])[0, k] == pytest.approx(theta, abs=1e-11)


def test_equal_maxima_give_the_first_of_them():
    trial = lc.forward(lc.spike_train([100, 1500], 3000, 1.0), 1.0, STANDARD)  # e^-70 of the first is left
    assert maximum(trial).time == pytest.approx(100.0 + STANDARD.peak_time, abs=1e-6)
    weights = [
        lc.weight_gradient(t, lc.backward(t, lc.CrossEntropyOfMaximum()))
        for t in (trial, lc.forward(trial.spikes[:1400], 1.0, STANDARD))
    ]
    assert weights[0] == pytest.approx(weights[1], rel=1e-12)  # the second spike adds nothing


def test_softmax_does_not_overflow():
    V = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]])
    with np.errstate(over="raise", invalid="raise"):
        for correct in range(3):
            softmax = Softmax(correct=correct)
            assert np.all(np.isfinite(softmax.loss(V)))
            np.testing.assert_allclose(softmax.drive(V).sum(axis=-1), 0.0, atol=1e-15)


def test_a_maximum_at_the_end_of_the_trial():
    check = lc.check_gradient(lc.CrossEntropyOfMaximum(), [40.0, 47.0], 50.0)  # V still rises at 50 ms
    assert check.relative_error.max() < 1e-8 and check.analytic[1] > 1e-3


def test_a_maximum_after_the_last_sample_of_a_grid():
    """The last step of a grid ends with the trial, and has no sample there."""
    grid = lc.forward(lc.spike_train([48.0], 50, 1.0), 1.0, lc.LIF())
    free = lc.event_trial([48.0], 50.0, lc.LIF())
    assert maximum(grid).time == maximum(free).time == 50.0
    told = [lc.backward(trial, lc.CrossEntropyOfMaximum()).transport[trial.times == 48.0] for trial in (grid, free)]
    np.testing.assert_allclose(told[0], told[1], rtol=1e-13)  # a few roundings


def test_a_voltage_that_is_never_positive_is_largest_at_the_start():
    trial = lc.event_trial([20.0, 40.0], 100.0, STANDARD, -1.0)
    adjoint = lc.backward(trial, lc.CrossEntropyOfMaximum())
    assert maximum(trial).time == 0.0 and not lc.spike_time_gradient(trial, adjoint).any()
    assert lc.weight_gradient(trial, adjoint) == 0.0


def test_the_drive_of_a_sure_output_keeps_its_digits():
    V = np.array([[50.0, 0.0, 1.0]])
    assert Softmax(correct=0).drive(V)[0, 0] == pytest.approx((1 + np.e) * np.exp(-50), rel=1e-13)


def test_opposite_signs_are_integrated_to_rounding():
    """V and I of opposite signs: dV/dt is their sum over tau_m, and the panels must know."""
    weight = np.array([[60.0, 0.0], [-90.0, 0.0]])
    trial = lc.event_trial([10.0, 22.0], 60.0, STANDARD, weight, [0, 1])
    loss = lc.CrossEntropyOverTime(correct=0)
    default, fine = lc.backward(trial, loss).transport, lc.backward(trial, loss, nodes=400).transport
    np.testing.assert_allclose(default, fine, atol=1e-12)
