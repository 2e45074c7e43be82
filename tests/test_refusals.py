"""Every refusal names the argument, its value and the remedy."""

import re

import numpy as np
import pytest

import lifcore as lc
from lifcore import tasks

NEURON = lc.LIF()
TRAIN = lc.spike_train([10], 50, 1.0)
TRIAL = lc.forward(TRAIN, 1.0, NEURON)
HIDDEN = lc.hidden_layer([6.0], 50.0, NEURON, [[8.0]], [0])  # one spike
RNG = np.random.default_rng(0)
LOSS = lc.CrossEntropyOverTime()
SHORT = lc.backward(lc.forward(TRAIN[:20], 1.0, NEURON), LOSS)


class Half:
    """A loss that lacks a method."""

    def __init__(self, has):
        setattr(self, has, lambda trial: lambda t, V: V)

    def __repr__(self):
        return "Half"


REFUSED = {
    "tau_m zero": (lambda: lc.LIF(tau_m=0.0), "tau_m is 0.0; pass a number greater than 0 ms"),
    "tau_s negative": (lambda: lc.LIF(tau_s=-5.0), "tau_s is -5.0; pass a number greater than 0 ms"),
    "tau_m infinite": (lambda: lc.LIF(tau_m=np.inf), "tau_m contains inf; pass finite numbers only"),
    "tau_s NaN": (lambda: lc.LIF(tau_s=np.nan), "tau_s contains nan; pass finite"),
    "tau_m text": (lambda: lc.LIF(tau_m="20 ms"), "tau_m is '20 ms'; pass numbers"),
    "tau_m array": (lambda: lc.LIF(tau_m=[20.0, 10.0]), "tau_m has shape (2,); pass a single number"),
    "dt zero": (lambda: lc.forward(TRAIN, 0.0, NEURON), "dt is 0.0; pass a number greater than 0 ms"),
    "dt negative": (lambda: lc.spike_train([1], 10, -1.0), "dt is -1.0; pass a number greater than 0 ms"),
    "dt of a rate": (lambda: lc.gaussian_rate(10, 10, -1.0), "dt is -1.0; pass a number greater than 0 ms"),
    "dt of a draw": (lambda: lc.poisson_spikes([10.0], -1.0, 1, rng=RNG), "dt is -1.0; pass a number greater than 0 ms"),
    "dt of the correction": (lambda: lc.corrected_weight(0.0, NEURON), "dt is 0.0; pass a number greater than 0 ms"),
    "dt NaN": (lambda: lc.corrected_weight(np.nan, NEURON), "dt contains nan; pass"),
    "dt infinite": (lambda: lc.gaussian_rate(10, 10, np.inf), "dt contains inf; pass"),
    "steps zero": (lambda: lc.spike_train([], 0, 1.0), "steps is 0; pass a whole number, at least 1"),
    "steps fraction": (lambda: lc.gaussian_rate(10, 10.5, 1.0), "steps is 10.5; pass a whole number"),
    "spike negative": (lambda: lc.spike_train([3, -1], 10, 1.0), "times[1] is -1.0 ms, outside the grid; pass times from 0 to 9 ms"),
    "spike just negative": (lambda: lc.spike_train([-1e-12], 10, 1.0), "times[0] is -1e-12 ms, outside the grid"),
    "spike beyond": (lambda: lc.spike_train([10.0], 10, 1.0), "times[0] is 10.0 ms, outside the grid; pass times from 0 to 9 ms"),
    "spike beyond half a millisecond": (lambda: lc.spike_train([9.0], 10, 0.5), "times[0] is 9.0 ms, outside the grid; pass times from 0 to 4.5 ms or more steps (now 10 of 0.5 ms)"),
    "spike NaN": (lambda: lc.spike_train([np.nan], 10, 1.0), "times contains nan; pass finite"),
    "spike infinite": (lambda: lc.spike_train([np.inf], 10, 1.0), "times contains inf; pass finite"),
    "spike off grid": (lambda: lc.spike_train([2.3], 10, 1.0), "times[0] is 2.3 ms, not on the grid of dt = 1 ms; the nearest grid time is 2 ms"),
    "spike off grid in the last step": (lambda: lc.spike_train([9.6], 10, 1.0), "not on the grid of dt = 1 ms; the nearest grid time is 9 ms"),
    "spike off grid and beyond": (lambda: lc.spike_train([10.6], 10, 1.0), "times[0] is 10.6 ms, outside the grid"),
    "spikes nested": (lambda: lc.spike_train([[1], [2]], 10, 1.0), "times has shape (2, 1); pass a flat list"),
    "rate negative": (lambda: lc.poisson_spikes([-1.0], 1.0, 1, rng=RNG), "rate contains -1 Hz"),
    "rate too high": (lambda: lc.poisson_spikes([5.0, 2000.0], 1.0, 1, rng=RNG), "rate contains 2000 Hz, so rate * dt / 1000 = 2 is no probability; pass rates from 0 to 1000 Hz"),
    "rate furthest below": (lambda: lc.poisson_spikes([-500.0, 1100.0], 1.0, 1, rng=RNG), "rate contains -500 Hz"),
    "rate furthest above": (lambda: lc.poisson_spikes([-200.0, 1300.0], 1.0, 1, rng=RNG), "rate contains 1300 Hz"),
    "rate NaN": (lambda: lc.poisson_spikes([np.nan], 1.0, 1, rng=RNG), "rate contains nan; pass finite"),
    "rate a number": (lambda: lc.poisson_spikes(10.0, 1.0, 1, rng=RNG), "rate is the single number 10.0; pass one rate for each step"),
    "trials zero": (lambda: lc.poisson_spikes([1.0], 1.0, 0, rng=RNG), "trials is 0; pass a whole number"),
    "sparse trials zero": (lambda: lc.poisson_spike_steps([1.0], 1.0, 0, rng=RNG), "trials is 0; pass a whole number"),
    "sparse rng a seed": (lambda: lc.poisson_spike_steps([1.0], 1.0, 1, rng=3), "rng is 3; pass a numpy.random.Generator"),
    "rng a seed": (lambda: lc.poisson_spikes([1.0], 1.0, 1, rng=3), "rng is 3; pass a numpy.random.Generator"),
    "peak negative": (lambda: lc.gaussian_rate(-3.0, 10, 1.0), "peak contains -3.0 Hz; pass rates of 0 Hz or more"),
    "one peak negative": (lambda: lc.gaussian_rate([5.0, -3.0], 10, 1.0), "peak contains -3.0 Hz; pass rates of 0 Hz or more"),
    "peak NaN": (lambda: lc.gaussian_rate(np.nan, 10, 1.0), "peak contains nan; pass finite"),
    "mid NaN": (lambda: lc.gaussian_rate(1.0, 10, 1.0, mid=np.nan), "mid contains nan; pass finite"),
    "sigma zero": (lambda: lc.gaussian_rate(1.0, 10, 1.0, sigma=0.0), "sigma is 0.0; pass a number greater than 0 ms"),
    "no steps": (lambda: lc.forward([], 1.0, NEURON), "spikes has shape (0,); pass an array with time first"),
    "spikes a number": (lambda: lc.forward(3, 1.0, NEURON), "spikes has shape (); pass an array"),
    "spikes negative": (lambda: lc.forward([0, -1], 1.0, NEURON), "spikes contains -1"),
    "spikes fraction": (lambda: lc.forward([0, 0.5], 1.0, NEURON), "spikes contains 0.5"),
    "spikes complex": (lambda: lc.forward([0, 1j], 1.0, NEURON), "spikes is [0, 1j]; pass numbers"),
    "spikes one too many": (lambda: lc.forward([0, 1e9 + 1], 1.0, NEURON), "spikes contains 1e+09, which is no count"),
    "spikes too many": (lambda: lc.forward([0, 1e20], 1.0, NEURON), "spikes contains 1e+20, which is no count"),
    "dt None": (lambda: lc.forward(TRAIN, None, NEURON), "dt is None; pass numbers"),
    "dt text": (lambda: lc.spike_train([1], 10, "1"), "dt is '1'; pass numbers"),
    "neuron of the correction": (lambda: lc.corrected_weight(1.0, (20, 5)), "neuron is (20, 5); pass lifcore.LIF"),
    "loss": (lambda: lc.backward(TRIAL, "cross-entropy"), "loss is 'cross-entropy'; pass one of lifcore's losses"),
    "loss that is a class": (lambda: lc.backward(TRIAL, lc.CrossEntropyOverTime), "loss is the class CrossEntropyOverTime; call it"),
    "loss without a drive": (lambda: lc.backward(TRIAL, Half("value")), "loss is Half; pass one of lifcore's losses or an object with value and drive"),
    "loss without a value": (lambda: lc.backward(TRIAL, Half("drive")), "loss is Half; pass one of lifcore's losses or an object with value and drive"),
    "trial": (lambda: lc.backward(TRAIN, LOSS), "pass what lifcore.forward or lifcore.event_trial returned"),
    "scheme no text": (lambda: lc.backward(TRIAL, LOSS, ["exact"]), "scheme is ['exact']; pass one of"),
    "weight shape": (lambda: lc.forward(np.zeros((5, 3)), 1.0, NEURON, [1.0, 2.0]), "weight has shape (2,), which does not fit the batch (3,)"),
    "weight NaN": (lambda: lc.forward(TRAIN, 1.0, NEURON, np.nan), "weight contains nan; pass finite"),
    "neuron": (lambda: lc.forward(TRAIN, 1.0, 20.0), "neuron is 20.0; pass lifcore.LIF"),
    "scheme": (lambda: lc.backward(TRIAL, LOSS, "heun"), "scheme is 'heun'; pass one of 'exact', 'euler', 'hold', 'trapezoid'"),
    "nodes zero": (lambda: lc.backward(TRIAL, LOSS, nodes=0), "nodes is 0; pass a whole number, at least 1"),
    "nodes of Euler": (lambda: lc.backward(TRIAL, LOSS, "euler", nodes=2), "nodes is 2, but scheme 'euler' has none"),
    "hold_at": (lambda: lc.backward(TRIAL, LOSS, "hold", hold_at="middle"), "hold_at is 'middle'; pass 'start' or 'end'"),
    "hold_at of Euler": (lambda: lc.backward(TRIAL, LOSS, "euler", hold_at="end"), "hold_at is 'end', but scheme 'euler' holds nothing"),
    "event duration": (lambda: lc.event_trial([1.0], 0.0, NEURON), "duration is 0.0; pass a number greater than 0 ms"),
    "event spike beyond": (lambda: lc.event_trial([1.0, 60.0], 50.0, NEURON), "times[1] is 60.0 ms, outside the trial; pass times from 0 to 50 ms"),
    "event spike negative": (lambda: lc.event_trial([-1.0], 50.0, NEURON), "times[0] is -1.0 ms, outside the trial"),
    "event spike NaN": (lambda: lc.event_trial([np.nan], 50.0, NEURON), "times contains nan; pass finite"),
    "event spikes nested": (lambda: lc.event_trial([[1.0]], 50.0, NEURON), "times has shape (1, 1); pass a flat list"),
    "event neuron": (lambda: lc.event_trial([1.0], 50.0, None), "neuron is None; pass lifcore.LIF"),
    "event weight NaN": (lambda: lc.event_trial([1.0], 50.0, NEURON, np.nan), "weight contains nan; pass finite"),
    "spikes of a grid": (lambda: TRIAL.where, "the trial is on a grid; its spikes are where spikes > 0"),
    "voltage at NaN": (lambda: TRIAL.voltage_at(np.nan), "t contains nan; pass finite"),
    "voltage beyond": (lambda: TRIAL.voltage_at(51.0), "t contains 51.0 ms, outside the trial; pass times from 0 to 50 ms"),
    "bias scheme": (lambda: lc.leading_bias(TRIAL, LOSS, "exact"), "scheme is 'exact'; pass 'euler' or 'hold'"),
    "bias hold_at": (lambda: lc.linear_bias([1.0], 1.0, NEURON, 1.0, 0.05, "hold", "middle"), "hold_at is 'middle'; pass"),
    "linear times": (lambda: lc.linear_transport(3.0, NEURON, 1.0, 0.05), "times has shape (); pass a flat list"),
    "linear times NaN": (lambda: lc.linear_transport([np.nan], NEURON, 1.0, 0.05), "times contains nan; pass finite"),
    "bias batch": (lambda: lc.leading_bias(lc.forward(TRAIN, 1.0, NEURON, [1.0, 2.0]), LOSS, "euler"), "trial is a batch of shape (2,); pass one train"),
    "bias event": (lambda: lc.leading_bias(lc.event_trial([1.0], 50.0, NEURON), LOSS, "euler"), "trial is an event trial, which has no time step"),
    "check weight": (lambda: lc.check_gradient(LOSS, [1.0], 50.0, NEURON, [1.0, 2.0]), "weight has shape (2,); pass a single number"),
    "check weight NaN": (lambda: lc.check_gradient(LOSS, [1.0], 50.0, NEURON, [[np.nan]], [0]), "weight contains nan; pass finite"),
    "classes": (lambda: lc.CrossEntropyOverTime(1), "classes is 1; pass a whole number, at least 2"),
    "classes of integral": (lambda: lc.CrossEntropyOfIntegral(2.5), "classes is 2.5; pass a whole number"),
    "correct fraction": (lambda: lc.CrossEntropyOverTime(correct=1.5), "correct is 1.5; pass the index of the right output"),
    "correct beyond": (lambda: lc.CrossEntropyOverTime(correct=3).value(lc.event_trial([1.0], 50.0, NEURON, [[1.0, 2.0]], [0])), "correct is 3; pass indices of the 2 outputs"),
    "correct negative": (lambda: lc.CrossEntropyOfMaximum(correct=-1).value(lc.event_trial([1.0], 50.0, NEURON, [[1.0, 2.0]], [0])), "correct is -1; pass indices of the 2 outputs"),
    "correct of one output": (lambda: lc.CrossEntropyOverTime(correct=0).drive(TRIAL), "correct is 0, but the trial has one output; leave it out"),
    "correct of a sweep": (lambda: lc.rate_sweep([50.0], 4, steps=100, seed=1, loss=lc.CrossEntropyOfIntegral(correct=0)), "correct is 0, but the trial has one output"),
    "correct missing": (lambda: lc.CrossEntropyOfIntegral().value(lc.event_trial([1.0], 50.0, NEURON, [[1.0, 2.0]], [0])), "correct is None, but the trial has 2 outputs"),
    "correct shape": (lambda: lc.CrossEntropyOverTime(correct=[0, 1]).value(lc.readout(np.ones((5, 3, 1)), 1.0, NEURON, [[1.0, 2.0]])), "correct has shape (2,); pass one index, or one for each trial of (3,)"),
    "correct of one trial": (lambda: lc.CrossEntropyOverTime(correct=[0, 1, 0, 2, 1]).value(lc.readout(np.ones((4, 5, 1)), 1.0, NEURON, [[1.0, 2.0]])), "correct is [0, 1, 0, 2, 1]; pass indices of the 2 outputs"),
    "first spike with a fraction": (lambda: lc.CrossEntropyOfFirstSpikes(1.5), "correct is 1.5; pass the index of the right output"),
    "first spike without correct": (lambda: lc.CrossEntropyOfFirstSpikes(None), "correct is None; pass the index of the right output"),
    "crossing": (lambda: lc.crossings.first_crossing(TRIAL, 0.0), "theta is 0.0; pass a number greater than 0"),
    "bias of impulses": (lambda: lc.leading_bias(TRIAL, lc.CrossEntropyOfMaximum(), "euler"), "loss is CrossEntropyOfMaximum, whose drive is no function of V(t)"),
    "interval of one": (lambda: lc.rate_sweep([50.0], 1, steps=100, seed=1).per_spike(), "counts has a peak rate without spikes, or one repetition"),
    "impulses by Euler": (lambda: lc.backward(TRIAL, lc.CrossEntropyOfMaximum(), "euler"), "scheme is 'euler', but CrossEntropyOfMaximum has impulses"),
    "tau_0": (lambda: lc.CrossEntropyOfFirstSpikes(0, tau_0=0.0), "tau_0 is 0.0; pass a number greater than 0 ms"),
    "theta": (lambda: lc.CrossEntropyOfFirstSpikes(0, theta=-1.0), "theta is -1.0; pass a number greater than 0"),
    "tau": (lambda: lc.Exponential(-1.0), "tau is -1.0; pass a number greater than 0 ms"),
    "mid": (lambda: lc.Sigmoid(mid=np.nan), "mid contains nan; pass finite"),
    "width": (lambda: lc.Sigmoid(width=0.0), "width is 0.0; pass a number greater than 0"),
    "trials without batch": (lambda: lc.event_trial([1.0], 50.0, NEURON, [[1.0]], [0], [0]), "trials is [0] and batch None; pass both"),
    "trials without sources": (lambda: lc.event_trial([1.0], 50.0, NEURON, 1.0, None, [0], 1), "sources is None, but trials is not"),
    "trial beyond": (lambda: lc.event_trial([1.0], 50.0, NEURON, [[1.0]], [0], [2], 2), "trials[0] is 2; pass an index of the 2 trials"),
    "voltage of a batch": (lambda: lc.event_trial([1.0], 50.0, NEURON, [[1.0]], [0], [0], 1).voltage_at(3.0), "ask for V at given times of one trial"),
    "hidden duration": (lambda: lc.hidden_layer([], 0.0, NEURON, [[1.0]], []), "duration is 0.0; pass a number greater than 0 ms"),
    "hidden neuron": (lambda: lc.hidden_layer([6.0], 50.0, (20, 5), [[1.0]], [0]), "neuron is (20, 5); pass lifcore.LIF"),
    "hidden voltage NaN": (lambda: lc.hidden_layer([6.0], 50.0, NEURON, [[1.0]], [0]).voltage_at(np.nan), "t contains nan; pass finite"),
    "hidden source beyond": (lambda: lc.hidden_layer([6.0], 50.0, NEURON, [[1.0]], [3]), "sources[0] is 3; pass an index of the 1 rows of weight, from 0 to 0"),
    "hidden gradient NaN": (lambda: lc.hidden_gradient(HIDDEN, [np.nan]), "gradient contains nan; pass finite"),
    "hidden lambdas at NaN": (lambda: lc.hidden_lambdas(HIDDEN, lc.hidden_gradient(HIDDEN, [1.0]), np.nan), "t contains nan; pass finite"),
    "hidden spike beyond": (lambda: lc.hidden_layer([60.0], 50.0, NEURON, [[1.0]], [0]), "times[0] is 60.0 ms, outside the trial"),
    "hidden weight shape": (lambda: lc.hidden_layer([6.0], 50.0, NEURON, [1.0], [0]), "weight has shape (1,); pass a matrix of shape (inputs, hidden)"),
    "hidden batch": (lambda: lc.hidden_layer([6.0], 50.0, NEURON, [[1.0]], [0], batch=2), "trials is None and batch 2; pass both"),
    "hidden threshold": (lambda: lc.hidden_layer([6.0], 50.0, NEURON, [[1.0]], [0], theta=0.0), "theta is 0.0; pass"),
    "hidden voltage of a batch": (lambda: lc.hidden_layer([6.0], 50.0, NEURON, [[1.0]], [0], [0], 1).voltage_at(1.0), "batch is 1; ask for V at given times of a single trial"),
    "hidden gradient shape": (lambda: lc.hidden_gradient(lc.hidden_layer([6.0], 50.0, NEURON, [[1.0]], [0]), [1.0]), "gradient has shape (1,); pass one number for each of the 0 hidden spikes"),
    "over zero": (lambda: lc.Average(over=0.0), "over is 0.0; pass a number greater than 0 ms"),
    "task trials": (lambda: tasks.yin_yang(0, RNG), "trials is 0; pass a whole number"),
    "sources number": (lambda: lc.event_trial([1.0, 2.0], 50.0, NEURON, [[1.0]], [0]), "sources is [0]; pass one index of the 1 rows of weight for each of the 2 spikes"),
    "sources beyond": (lambda: lc.event_trial([1.0], 50.0, NEURON, [[1.0]], [1]), "sources[0] is 1; pass an index of the 1 rows of weight, from 0 to 0"),
    "matrix": (lambda: lc.event_trial([1.0], 50.0, NEURON, 1.0, [0]), "weight has shape (); pass a matrix of shape (hidden, outputs)"),
    "readout weight": (lambda: lc.readout(np.zeros((5, 3)), 1.0, NEURON, 1.0), "weight has shape (); pass a matrix of shape (hidden, outputs)"),
    "readout rows": (lambda: lc.readout(np.zeros((5, 3)), 1.0, NEURON, np.ones((2, 4))), "weight has shape (2, 4), but spikes (5, 3); pass one row"),
    "adjoint of another trial": (lambda: lc.weight_gradient(TRIAL, SHORT), "adjoint has shape (20,), but the trial has (50,)"),
    "adjoint of another trial in time": (lambda: lc.spike_time_gradient(TRIAL, SHORT), "adjoint has shape (20,), but the trial has (50,)"),
    "adjoint of another trial shifted": (lambda: lc.shift_gradient(TRIAL, SHORT), "adjoint has shape (20,), but the trial has (50,)"),
    "adjoint of another trial conserved": (lambda: lc.noether_charge(TRIAL, SHORT, 0.0), "adjoint has shape (20,), but the trial has (50,)"),
    "sweep peaks": (lambda: lc.rate_sweep(10.0, 2, seed=1), "peaks has shape (); pass a flat list"),
    "sweep repetitions": (lambda: lc.rate_sweep([10.0], 0, seed=1), "repetitions is 0; pass a whole number"),
    "sweep seed": (lambda: lc.rate_sweep([10.0], 2, seed=-1), "seed is -1; pass a whole number"),
    "sweep scheme": (lambda: lc.rate_sweep([10.0], 2, scheme="rk4", seed=1), "scheme is 'rk4'; pass one of"),
    "sweep weight": (lambda: lc.rate_sweep([10.0], 2, weight=[1.0, 2.0], seed=1), "weight has shape (2,); pass a single number"),
    "sweep keep": (lambda: lc.rate_sweep([10.0], 2, seed=1, keep=["gradients"]), "keep contains 'gradients'; pass some of 'totals'"),
    "sweep chunk": (lambda: lc.rate_sweep([10.0], 2, seed=1, chunk=0), "chunk is 0; pass a whole number"),
    "sweep workers": (lambda: lc.rate_sweep([10.0], 2, seed=1, workers=0), "workers is 0; pass a whole number"),
    "sweep workers and executor": (lambda: lc.rate_sweep([10.0], 2, seed=1, workers=2, executor=object()), "workers is 2, but an executor has its own; leave one"),
    "grid name": (lambda: lc.sweep({"rate": [10.0]}, 2, seed=1), "grid contains 'rate'; pass some of 'steps', 'dt'"),
    "grid peak": (lambda: lc.sweep({"peak": [10.0, 5000.0]}, 2, seed=1), "rate contains 5000 Hz, so rate * dt / 1000 = 5 is no probability"),
    "grid neuron": (lambda: lc.sweep({"neuron": [20.0]}, 2, seed=1), "neuron is 20.0; pass lifcore.LIF"),
    "sparse rate": (lambda: lc.poisson_spike_steps(np.ones((2, 2)), 1.0, 3, rng=np.random.default_rng(1)), "rate has shape (2, 2); pass one rate for each step"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(ValueError, match=r"(?<!\w)" + re.escape(message)):  # whole words: 'dt is 0', no 'Xdt is 0'
        call()


def test_a_maximum_has_no_weighting():
    with pytest.raises(TypeError, match="weighting"):
        lc.CrossEntropyOfMaximum(weighting=lc.Linear())
