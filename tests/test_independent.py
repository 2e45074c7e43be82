"""The network's gradients against automatic differentiation of closed forms, an implementation that shares no code.

Optional: needs JAX (`pip install '.[independent]'`), and is skipped without it.
"""

import numpy as np
import pytest
from test_hidden import clear_of_edges

import lifcore as lc

pytest.importorskip("jax", reason="the independent implementation needs JAX")
from independent import loss_and_gradients  # noqa: E402

LOSSES = {
    "sum": lc.CrossEntropyOfIntegral(correct=1, weighting=lc.Average()),
    "sum_exp": lc.CrossEntropyOfIntegral(correct=1, weighting=lc.Average(lc.Exponential())),
    "mean": lc.CrossEntropyOverTime(correct=1, weighting=lc.Average()),
}


@pytest.mark.parametrize("taus", [(20.0, 5.0), (10.0, 10.0), (5.0, 12.0)])
@pytest.mark.parametrize("name", LOSSES)
def test_spikes_loss_and_gradients(name, taus):
    rng = np.random.default_rng(4)
    while True:
        times, sources = rng.uniform(0, 60, 20), rng.integers(0, 4, 20)
        weight, output_weight = rng.normal(2.0, 2.0, (4, 6)), rng.normal(0.0, 1.0, (6, 3))
        hidden = lc.hidden_layer(times, 100.0, lc.LIF(*taus), weight, sources)
        if clear_of_edges(hidden):
            break
    output = hidden.output(output_weight)
    adjoint = lc.backward(output, LOSSES[name])
    ours = lc.hidden_gradient(hidden, lc.spike_time_gradient(output, adjoint))
    spikes, loss, gradients = loss_and_gradients(times, sources, weight, output_weight, 100.0, *taus, 1, name)
    # 1e-11 ms and 1e-10: the textbook difference of exponentials and a linear solve, in double precision.
    for neuron, theirs in enumerate(spikes):
        np.testing.assert_allclose(hidden.times[hidden.neurons == neuron], theirs, atol=1e-11)
    assert len(hidden.times) > 8 and LOSSES[name].value(output) == pytest.approx(loss, rel=1e-12)
    for mine, kind in ((ours.times, "times"), (ours.weight, "w_in"), (lc.weight_gradient(output, adjoint), "w_out")):
        np.testing.assert_allclose(mine, gradients[kind], atol=1e-10 * np.abs(gradients[kind]).max())
