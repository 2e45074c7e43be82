"""The same work, by others: each function computes what lifcore does, in the way that its library suggests.

The problem of all: trials of Poisson spikes on a grid of 1 ms, tau_m = 20 ms, tau_s = 5 ms, weight 1, the
cross-entropy over time with 20 classes, in double precision, on one core.

A peer is a function that takes a ``Problem``, prepares what may be prepared, and returns a function without
arguments to be timed. That one returns either V, shape (steps, trials), or lambda_V - lambda_I at the spikes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

TAU_M, TAU_S, OTHERS = 20.0, 5.0, 19.0


@dataclass
class Problem:
    """Spikes (steps, trials), and where they are, in the order of the trials."""

    spikes: Any
    trial: Any
    step: Any
    dt: float = 1.0

    @property
    def leak(self) -> float:
        return float(np.exp(-self.dt / TAU_M))

    @property
    def psc(self) -> float:
        return float(np.exp(-self.dt / TAU_S))

    @property
    def psp(self) -> float:
        """k(dt)."""
        return TAU_S / (TAU_M - TAU_S) * (self.leak - self.psc)


# The original


def original(peaks, repetitions):
    """The sweep of the original notebook (August 2022), statement for statement: Euler, one trial after the other."""

    def forward(total_steps, dt, r_max):
        stim_steps = []
        mid = 200
        sigma = 200
        V = 0.0
        I = 0.0
        tau_m = 20.0
        tau_s = 5.0
        w = 1.0 * (tau_s * (1.0 - np.exp(-dt / tau_s))) * (1.0 / dt)
        V_rec = np.zeros(total_steps)
        I_rec = np.zeros(total_steps)
        for iT in range(total_steps):
            V = tau_s / (tau_m - tau_s) * I * (np.exp(-dt / tau_m) - np.exp(-dt / tau_s)) + V * np.exp(-dt / tau_m)
            I = I * np.exp(-dt / tau_s)
            p_rate = r_max / 1000 * np.exp(-(iT * dt - mid) * (iT * dt - mid) / (2 * sigma * sigma)) * dt
            if np.random.rand() < p_rate:
                I = I + w
                stim_steps.append(iT)
            V_rec[iT] = V
            I_rec[iT] = I
        return V_rec, I_rec, stim_steps

    def backward(total_steps, dt, V_rec):
        tau_m = 20.0
        tau_s = 5.0
        lambda_V = 0.0
        lambda_I = 0.0
        lbdv_rec = []
        lbdi_rec = []
        for iT in range(total_steps, 0, -1):
            lambda_I = lambda_I + (lambda_V - lambda_I) / tau_s * dt
            lbdv = lambda_V
            mexp = np.exp(V_rec[iT - 1]) + 19
            lambda_V = lambda_V + (1.0 - np.exp(V_rec[iT - 1]) / mexp) / tau_m * dt - lbdv / tau_m * dt
            lbdv_rec.append(lambda_V)
            lbdi_rec.append(lambda_I)
        return np.array(lbdv_rec), np.array(lbdi_rec)

    def run():
        totals, everything = [], []
        for r_max in peaks:
            for _ in range(repetitions):
                V_rec, _, stim_steps = forward(1400, 1, r_max)
                lbdv_rec, lbdi_rec = backward(1400, 1, V_rec)
                pos = 1400 - np.array(stim_steps, dtype=int) - 1
                totals.append(sum(lbdv_rec[pos] - lbdi_rec[pos]))
                everything.append((stim_steps, lbdv_rec[pos] - lbdi_rec[pos]))
        return totals, everything

    return run


# Forward


def lfilter_forward(problem):
    """scipy.signal.lfilter: V as a filter of second order of the spikes."""
    from scipy.signal import lfilter

    a, b = problem.leak, problem.psc
    return lambda: lfilter([0.0, problem.psp], [1.0, -(a + b), a * b], problem.spikes, axis=0)


def torch_forward(problem):
    """PyTorch, a loop over the steps."""
    import torch

    torch.set_num_threads(1)
    spikes = torch.from_numpy(problem.spikes)

    def run():
        V = I = torch.zeros(spikes.shape[1], dtype=torch.float64)
        out = []
        with torch.no_grad():
            for now in spikes:
                V = problem.leak * V + problem.psp * I
                I = problem.psc * I + now
                out.append(V)
        return torch.stack(out).numpy()

    return run


def snntorch_forward(problem):
    """snnTorch's Synaptic neuron without a threshold; its mem is V of the next step over k(dt)."""
    import snntorch
    import torch

    torch.set_num_threads(1)
    spikes = torch.from_numpy(problem.spikes)
    alpha, beta = (torch.tensor(x, dtype=torch.float64) for x in (problem.psc, problem.leak))
    neuron = snntorch.Synaptic(alpha=alpha, beta=beta, threshold=1e9, reset_mechanism="none").double()

    def run():
        syn = mem = torch.zeros(spikes.shape[1], dtype=torch.float64)
        out = [mem]
        with torch.no_grad():
            for now in spikes[:-1]:
                _, syn, mem = neuron(now, syn, mem)
                out.append(mem)
        return problem.psp * torch.stack(out).numpy()

    return run


def brian2_forward(problem):
    """Brian2 with its exact integrator, and V recorded: at a step what V is before it, so that there is one more."""
    import brian2

    brian2.prefs.codegen.target = "cython"
    brian2.BrianLogger.suppress_hierarchy("brian2")
    brian2.defaultclock.dt = problem.dt * brian2.ms
    steps, trials = problem.spikes.shape
    model = "dV/dt = (I - V) / (20*ms) : 1\ndI/dt = -I / (5*ms) : 1"
    group = brian2.NeuronGroup(trials, model, method="exact")
    source = brian2.SpikeGeneratorGroup(trials, problem.trial, problem.step * problem.dt * brian2.ms)
    synapses = brian2.Synapses(source, group, on_pre="I_post += 1")
    synapses.connect(j="i")
    monitor = brian2.StateMonitor(group, "V", record=True)
    network = brian2.Network(group, source, synapses, monitor)
    network.store()

    def run():
        network.restore()
        network.run((steps + 1) * problem.dt * brian2.ms)
        return np.asarray(monitor.V).T[1:]

    return run


# Forward, and Euler's adjoint


def lfilter_euler(problem):
    """Both directions with scipy.signal.lfilter."""
    from scipy.signal import lfilter

    forward = lfilter_forward(problem)
    a, b = problem.dt / TAU_M, problem.dt / TAU_S

    def run():
        drive = (OTHERS / (np.exp(forward()) + OTHERS))[::-1]
        lambda_V = lfilter([a], [1.0, -(1.0 - a)], drive, axis=0)
        lambda_I = lfilter([0.0, b], [1.0, -(1.0 - b)], lambda_V, axis=0)
        return (lambda_V - lambda_I)[::-1][problem.step, problem.trial]

    return run


def numba_euler(problem):
    """numba, a loop for each trial."""
    from numba import njit

    leak, psc, psp, a, b = problem.leak, problem.psc, problem.psp, problem.dt / TAU_M, problem.dt / TAU_S

    @njit
    def trials(spikes):
        steps = spikes.shape[1]
        out, trace = np.empty(spikes.shape), np.empty(steps)
        for n in range(len(spikes)):
            V = I = 0.0
            for i in range(steps):
                V = leak * V + psp * I
                I = psc * I + spikes[n, i]
                trace[i] = OTHERS / (np.exp(V) + OTHERS)
            lambda_V = lambda_I = 0.0
            for i in range(steps - 1, -1, -1):
                lambda_I += (lambda_V - lambda_I) * b
                lambda_V += (trace[i] - lambda_V) * a
                out[n, i] = lambda_V - lambda_I
        return out

    spikes = np.ascontiguousarray(problem.spikes.T)  # as is best for it
    return lambda: trials(spikes)[problem.trial, problem.step]


def jax_euler(problem):
    """JAX: scan over the steps, vmap over trials, jit."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    a, b = problem.dt / TAU_M, problem.dt / TAU_S

    def trial(spikes):
        def forward(state, now):
            V, I = state
            V = problem.leak * V + problem.psp * I
            return (V, problem.psc * I + now), OTHERS / (jnp.exp(V) + OTHERS)

        def backward(state, drive):
            lambda_V, lambda_I = state
            lambda_I = lambda_I + (lambda_V - lambda_I) * b
            lambda_V = lambda_V + (drive - lambda_V) * a
            return (lambda_V, lambda_I), lambda_V - lambda_I

        _, drive = jax.lax.scan(forward, (0.0, 0.0), spikes)
        return jax.lax.scan(backward, (0.0, 0.0), drive, reverse=True)[1]

    compiled = jax.jit(jax.vmap(trial, in_axes=1, out_axes=1))
    spikes = jnp.asarray(problem.spikes)
    return lambda: np.asarray(compiled(spikes))[problem.step, problem.trial]


# Forward, and back-propagation through the discrete model
#
#     L = sum_i l(V_i) dt,    V_{i+1} = e^{-dt/tau_m} V_i + k(dt) I_i,    I_{i+1} = e^{-dt/tau_s} I_i + spikes
#
# Zeros v_i and i_i are added to V and I of each step; then lambda_V = -dL/dv_i / tau_m, lambda_I = -dL/di_i / tau_s.


def torch_autograd(problem):
    """PyTorch: a loop over the steps, and its autograd."""
    import torch

    torch.set_num_threads(1)
    spikes = torch.from_numpy(problem.spikes)

    def run():
        v, i = (torch.zeros_like(spikes, requires_grad=True) for _ in range(2))
        V = I = torch.zeros(spikes.shape[1], dtype=torch.float64)
        loss = 0.0
        for k in range(len(spikes)):
            V, I = problem.leak * V + problem.psp * I + v[k], problem.psc * I + spikes[k] + i[k]
            loss = loss + (torch.log(torch.exp(V) + OTHERS) - V).sum() * problem.dt
        loss.backward()
        lambdas = -v.grad / TAU_M + i.grad / TAU_S
        return lambdas.numpy()[problem.step, problem.trial]

    return run


def jax_autograd(problem):
    """JAX: scan, vmap, jit and grad."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(zeros, spikes):
        def step(state, now):
            V, I = state
            v, i, spike = now
            V, I = problem.leak * V + problem.psp * I + v, problem.psc * I + spike + i
            return (V, I), jnp.log(jnp.exp(V) + OTHERS) - V

        _, losses = jax.lax.scan(step, (0.0, 0.0), (*zeros, spikes))
        return jnp.sum(losses) * problem.dt

    def lambdas(spikes):
        v, i = jax.grad(loss)((jnp.zeros_like(spikes), jnp.zeros_like(spikes)), spikes)
        return -v / TAU_M + i / TAU_S

    compiled = jax.jit(jax.vmap(lambdas, in_axes=1, out_axes=1))
    spikes = jnp.asarray(problem.spikes)
    return lambda: np.asarray(compiled(spikes))[problem.step, problem.trial]


def riemann_adjoint(problem, trapezoid=False):
    """What back-propagation must give, by hand: the recurrences of that loss. The trapezoid sum halves the step at
    which a perturbation enters, whose loss up to there it does not change."""
    steps, trials = problem.spikes.shape
    V = lfilter_forward(problem)()
    drive = OTHERS / (np.exp(V) + OTHERS) * problem.dt
    p, q = np.zeros((2, trials))  # -dL/dV and -dL/dI
    out = np.empty((steps, trials))
    for i in reversed(range(steps)):
        # p and q are of step i + 1: what V and I of step i do there.
        p, q = problem.leak * p, problem.psp * p + problem.psc * q
        out[i] = (p + drive[i] * (0.5 if trapezoid else 1.0)) / TAU_M - q / TAU_S
        p = p + drive[i]
    return out[problem.step, problem.trial]


# Exact gradients by adaptive solvers of differential equations


def spike_times(problem, trial=0):
    return problem.step[problem.trial == trial] * problem.dt


def voltage(t, times, xp=np):
    """V in closed form, for a solver that is to integrate the adjoint only."""
    u = xp.maximum(t - times, 0.0)
    return xp.sum(TAU_S / (TAU_M - TAU_S) * (xp.exp(-u / TAU_M) - xp.exp(-u / TAU_S)))


def solve_ivp_one(problem, tolerance):
    """scipy's solve_ivp (DOP853): one trial, both directions from spike to spike."""
    from scipy.integrate import solve_ivp

    times, end = spike_times(problem), len(problem.spikes) * problem.dt

    def run():
        edges = np.concatenate([[0.0], times[times > 0], [end]])
        how = {"method": "DOP853", "rtol": tolerance, "atol": tolerance * 1e-3}
        state, pieces = np.zeros(2), []
        state[1] += np.sum(times == 0.0)
        for left, right in zip(edges, edges[1:], strict=False):
            piece = solve_ivp(
                lambda t, y: [(y[1] - y[0]) / TAU_M, -y[1] / TAU_S], (left, right), state, dense_output=True, **how
            )
            pieces.append(piece.sol)
            state = piece.y[:, -1] + [0.0, 1.0]
        adjoint, told = np.zeros(2), {}
        for left, right, V in zip(edges[-2::-1], edges[:0:-1], reversed(pieces), strict=True):

            def slope(t, y, V=V):
                drive = OTHERS / (np.exp(V(t)[0]) + OTHERS)
                return [(y[0] - drive) / TAU_M, (y[1] - y[0]) / TAU_S]

            adjoint = solve_ivp(slope, (right, left), adjoint, **how).y[:, -1]
            told[left] = adjoint[0] - adjoint[1]
        return np.array([told[t] for t in times])

    return run


def diffrax_batch(problem, tolerance):
    """diffrax (Dopri8, adaptive steps that end at spikes): the adjoint of all trials at once; V in closed form."""
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    steps, trials = problem.spikes.shape
    end = steps * problem.dt
    most = max(np.bincount(problem.trial, minlength=trials))
    padded = np.full((trials, most), 2 * end)  # spikes after the end do nothing
    rank = np.arange(len(problem.trial)) - np.searchsorted(problem.trial, problem.trial)
    padded[problem.trial, rank] = problem.step * problem.dt

    def trial(times):
        def slope(s, y, _):  # s = T - t
            drive = OTHERS / (jnp.exp(voltage(end - s, times, jnp)) + OTHERS)
            return jnp.array([(drive - y[0]) / TAU_M, (y[0] - y[1]) / TAU_S])

        backward = jnp.clip(end - times, 0.0, end)[::-1]
        control = diffrax.PIDController(rtol=tolerance, atol=tolerance * 1e-3)
        control = diffrax.ClipStepSizeController(control, jump_ts=backward)
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(slope), diffrax.Dopri8(), 0.0, end, None, jnp.zeros(2),
            saveat=diffrax.SaveAt(ts=backward), stepsize_controller=control, max_steps=100_000,
        )  # fmt: skip
        return (solution.ys[:, 0] - solution.ys[:, 1])[::-1]

    compiled = jax.jit(jax.vmap(trial))
    times = jnp.asarray(padded)
    return lambda: np.asarray(compiled(times))[problem.trial, rank]
