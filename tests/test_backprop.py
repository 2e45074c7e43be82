"""What automatic differentiation of the discretised model says about spikes, and how far it is off."""

import numpy as np
import pytest
from hypothesis import given
from strategies import neurons, steps_of_spikes, trial_of, weights

import lifcore as lc
from lifcore.losses import cross_entropy

LOSS = lc.CrossEntropyOverTime(20)


def summed_loss(trial, step, dV, dI, sum):
    """The loss of the discrete model as a sum, with V and I of one step perturbed."""
    neuron, h = trial.neuron, trial.h[0]
    V = I = total = 0.0
    for i in range(len(trial.h)):
        before = neuron.leak(h) * V + neuron.psp(h) * I
        V = before + (dV if i == step else 0.0)
        I = neuron.psc(h) * I + trial.weight * trial.spikes[i] + (dI if i == step else 0.0)
        if sum == "riemann":
            total += h * cross_entropy(V, 20)
        else:
            total += h / 2 * (cross_entropy(V, 20) + (cross_entropy(before, 20) if i else 0.0))
    if sum == "trapezoid":  # V at the end of the last step
        total += h / 2 * cross_entropy(neuron.leak(h) * V + neuron.psp(h) * I, 20)
    return total


@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_it_is_the_derivative_of_the_sum(dt):
    trial = lc.forward(lc.spike_train([3.0, 8.0, 9.0, 21.0], round(40 / dt), dt), dt, lc.LIF(), 1.3)
    adjoint = lc.backpropagated(trial, LOSS)
    for step in (0, 5, round(9 / dt), len(trial.h) - 1):
        for lam, tau, direction in ((adjoint.lambda_V, 20.0, (1.0, 0.0)), (adjoint.lambda_I, 5.0, (0.0, 1.0))):
            up, down = (summed_loss(trial, step, e * direction[0], e * direction[1], "riemann") for e in (1e-4, -1e-4))
            assert lam[step] == pytest.approx(-(up - down) / 2e-4 / tau, abs=1e-9)


def test_the_trapezoid_sum_too():
    trial = lc.forward(lc.spike_train([3.0, 8.0, 9.0, 21.0], 40, 1.0), 1.0, lc.LIF(), 1.3)
    adjoint = lc.backpropagated(trial, LOSS, "trapezoid")
    for step in (0, 5, 9, 39):
        for lam, tau, direction in ((adjoint.lambda_V, 20.0, (1.0, 0.0)), (adjoint.lambda_I, 5.0, (0.0, 1.0))):
            up, down = (
                summed_loss(trial, step, e * direction[0], e * direction[1], "trapezoid") for e in (1e-4, -1e-4)
            )
            assert lam[step] == pytest.approx(-(up - down) / 2e-4 / tau, abs=1e-9)


def errors(dt, sum, peak=100.0, seed=7):
    """Root mean square over the spikes of some trials: of the error, of the signal, and the mean error."""
    steps = round(1400 / dt)
    trial, step = lc.poisson_spike_steps(lc.gaussian_rate(peak, steps, dt), dt, 10, rng=np.random.default_rng(seed))
    spikes = np.zeros((steps, 10))
    spikes[step, trial] = 1
    run = lc.forward(spikes, dt, lc.LIF())
    exact = lc.backward(run, LOSS).transport[step, trial]
    error = lc.backpropagated(run, LOSS, sum).transport[step, trial] - exact
    return np.sqrt(np.mean(error**2)), np.sqrt(np.mean(exact**2)), error


def test_the_riemann_sum_is_off_by_ten_times_the_signal():
    error, signal, every = errors(1.0, "riemann")
    assert 7 < error / signal < 15
    assert every.std() < 0.05 * every.mean()  # an almost constant offset
    drive = 19 / 20
    assert every.mean() == pytest.approx(drive * 1.0 / (2 * 20.0), rel=0.05)  # h s / (2 tau_m)


def test_the_trapezoid_sum_is_off_by_half_of_it():
    error, signal, _ = errors(1.0, "trapezoid")
    assert 0.3 < error / signal < 0.6


@pytest.mark.parametrize(("sum", "order"), [("riemann", 1), ("trapezoid", 2)])
def test_orders(sum, order):
    coarse, fine = (errors(dt, sum)[0] for dt in (0.5, 0.25))
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.1)


@given(steps_of_spikes, neurons, weights)
def test_riemann_is_trapezoid_and_half_a_step_of_the_drive(spike_steps, neuron, weight):
    """Half a step at the perturbation, and as much less at the end of the trial."""
    trial = trial_of(spike_steps, neuron, weight)
    one, two = (lc.backpropagated(trial, LOSS, sum) for sum in ("riemann", "trapezoid"))
    drive, to_end = LOSS.drive(trial), trial.duration - trial.times
    here, end = drive(trial.times, trial.V) / 2.0, drive(trial.duration, trial.voltage_at(trial.duration)) / 2.0
    expected = (here - neuron.leak(to_end) * end) / neuron.tau_m
    np.testing.assert_allclose(one.lambda_V - two.lambda_V, expected, rtol=0, atol=1e-12)
    expected = -neuron.psp(to_end) * end / neuron.tau_s
    np.testing.assert_allclose(one.lambda_I - two.lambda_I, expected, rtol=0, atol=1e-12)


def test_jax_says_so():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    neuron = lc.LIF()
    trial = lc.forward(lc.spike_train([100.0, 150.0, 155.0], 400, 1.0), 1.0, neuron)
    leak, psc, psp = (float(kernel(1.0)) for kernel in (neuron.leak, neuron.psc, neuron.psp))

    def loss(zeros):
        def step(state, now):
            (V, I), (v, j, spike) = state, now
            V, I = leak * V + psp * I + v, psc * I + spike + j
            return (V, I), jax.numpy.logaddexp(0.0, jax.numpy.log(19.0) - V)

        return jax.lax.scan(step, (0.0, 0.0), (*zeros, trial.spikes.astype(float)))[1].sum()

    v, j = jax.grad(loss)((np.zeros(400), np.zeros(400)))
    adjoint = lc.backpropagated(trial, LOSS)
    np.testing.assert_allclose(adjoint.lambda_V, -v / 20.0, rtol=0, atol=1e-13)
    np.testing.assert_allclose(adjoint.lambda_I, -j / 5.0, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((LOSS, "simpson"), "sum is 'simpson'; pass one of 'riemann', 'trapezoid'"),
        ((lc.CrossEntropyOfMaximum(),), "pass a loss without impulses"),
    ],
)
def test_refusals(args, message):
    trial = lc.forward(np.zeros(10), 1.0, lc.LIF())
    with pytest.raises(ValueError, match=message):
        lc.backpropagated(trial, *args)
    with pytest.raises(ValueError, match="not on a grid of equal steps"):
        lc.backpropagated(lc.event_trial([1.0, 2.5], 10.0, lc.LIF()), LOSS)


class Constant:
    """A drive that is one number, whatever the voltage."""

    def value(self, trial):
        return lc.VoltageIntegral().value(trial)

    def drive(self, trial):
        return lambda t, V: 1.0


@pytest.mark.parametrize("sum", ["riemann", "trapezoid"])
@pytest.mark.parametrize("loss", [lc.VoltageIntegral(), Constant()])
def test_a_drive_that_does_not_depend_on_V_has_the_shape_of_the_batch(loss, sum):
    alone = lc.backpropagated(lc.forward(np.ones(50), 1.0, lc.LIF()), loss, sum)
    batch = lc.backpropagated(lc.forward(np.ones((50, 3)), 1.0, lc.LIF()), loss, sum)
    np.testing.assert_array_equal(batch.lambda_V, np.repeat(alone.lambda_V[:, np.newaxis], 3, axis=1))
    np.testing.assert_array_equal(batch.lambda_I, np.repeat(alone.lambda_I[:, np.newaxis], 3, axis=1))
