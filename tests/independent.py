"""Exact gradients through two layers, a second way: closed forms and automatic differentiation, no adjoint.

    hidden    tau_m dV/dt = -V + I,  tau_s dI/dt = -I;  input i: I_h += w_in[i, h];  V reaches THETA: V = 0, I stays
    outputs   the same without a threshold;  a spike of hidden neuron h: I_k += w_out[h, k]

Spikes are found without derivatives, by a dense scan and bisection in NumPy. JAX then needs three closed forms,
k the unit PSP and s the hidden spikes:

    s         solves  sum_p w_in k(s_n - t_p) - THETA sum_(m earlier, same neuron) e^{-(s_n - s_m)/tau_m} = THETA
    V_k(t)    = sum_n w_out k(t - s_n)
    S_k       = int_0^T g(t) V_k dt = sum_n w_out int_{s_n}^T g(t) k(t - s_n) dt,   an elementary function of s_n

A reset to 0 is a jump by -THETA, since V is THETA there: hence the second sum. This file shares no code with lifcore.
"""

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)  # for the whole process; before any JAX array is made

THETA = 1.0
LOSSES = ("sum", "sum_exp", "mean")  # cross-entropy of S with g = 1/T or e^{-t/T}/T; mean over time of that of V(t)
SCAN = 200  # points of the scan per shorter time constant: an excursion above THETA shorter than that is missed
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)


def psp(t, tau_m, tau_s, xp=jnp):
    """Unit PSP, 0 for t < 0. Cancels for time constants that are close but not equal."""
    t = xp.maximum(t, 0.0)
    if tau_m == tau_s:
        return t / tau_m * xp.exp(-t / tau_m)
    return tau_s / (tau_m - tau_s) * (xp.exp(-t / tau_m) - xp.exp(-t / tau_s))


def psp_integral(u, rate, tau_m, tau_s):
    """int_0^u e^{-rate v} k(v) dv."""
    m, s = rate + 1.0 / tau_m, rate + 1.0 / tau_s
    if tau_m == tau_s:
        return (1.0 - (1.0 + m * u) * jnp.exp(-m * u)) / (tau_m * m**2)
    return tau_s / (tau_m - tau_s) * ((1.0 - jnp.exp(-m * u)) / m - (1.0 - jnp.exp(-s * u)) / s)


def find_spikes(times, weights, duration, tau_m, tau_s):
    """Spike times of one hidden neuron, from its inputs' times and weights: a scan between events, then bisection."""
    spikes, start = [], 0.0

    def voltage(t):  # since the last reset: what I was there, and the PSPs of the inputs since then
        left = np.sum(np.where(times <= start, weights * np.exp(-np.maximum(start - times, 0.0) / tau_s), 0.0))
        since = np.where(times > start, weights, 0.0)
        return left * psp(t - start, tau_m, tau_s, np) + psp(np.subtract.outer(t, times), tau_m, tau_s, np) @ since

    low = 0.0
    while low < duration:
        high = np.min(times[times > low], initial=duration)
        grid = np.linspace(low, high, 2 + int(SCAN * (high - low) / min(tau_m, tau_s)))
        above = voltage(grid) >= THETA
        if not above.any():
            low = high
            continue
        first = int(np.argmax(above))
        a, b = grid[first - 1], grid[first]
        while a < (middle := (a + b) / 2.0) < b:
            a, b = (a, middle) if voltage(middle) >= THETA else (middle, b)
        spikes.append(b)
        low = start = b
    return np.array(spikes)


def differentiable_spikes(times, w_in, found, owner, sources, tau_m, tau_s):
    """The spikes that were found, as functions of ``times`` and ``w_in``: one Newton step for all of them at once.

    Its derivative is that of the implicit function theorem. The Jacobian is triangular in the spikes of a neuron.
    """
    earlier = (owner[:, None] == owner) & (found[:, None] > found)

    def excess(s, times, w_in):
        pulses = w_in[sources][:, owner].T * psp(s[:, None] - times, tau_m, tau_s)
        resets = jnp.where(earlier, jnp.exp(-jnp.where(earlier, s[:, None] - s, 0.0) / tau_m), 0.0)
        return jnp.sum(pulses, axis=1) - THETA * jnp.sum(resets, axis=1) - THETA

    jacobian = jax.lax.stop_gradient(jax.jacfwd(excess)(found, times, w_in))
    return found - jnp.linalg.solve(jacobian, excess(found, times, w_in))


def loss_of_spikes(s, weights, found, duration, tau_m, tau_s, correct, loss_name):
    """The loss from the hidden spikes ``s`` and the output weights of each of them."""

    def cross_entropy(x):
        return jax.nn.logsumexp(x, axis=-1) - x[..., correct]

    if loss_name != "mean":
        rate = 1.0 / duration if loss_name == "sum_exp" else 0.0
        each = jnp.exp(-rate * s) * psp_integral(duration - s, rate, tau_m, tau_s) / duration
        return cross_entropy(each @ weights)
    # Gauss-Legendre between the spikes, which move with s, and points no further apart than the shorter time constant
    fixed = np.linspace(0.0, duration, 1 + int(np.ceil(duration / min(tau_m, tau_s))))
    edges = jnp.concatenate([fixed, s])[np.argsort(np.concatenate([fixed, found]), kind="stable")]
    half = jnp.diff(edges)[:, None] / 2.0
    t = edges[:-1, None] + half * (1.0 + NODES)
    V = psp(t[..., None] - s, tau_m, tau_s) @ weights
    return jnp.sum(half * WEIGHTS * cross_entropy(V)) / duration


def loss_and_gradients(times, sources, w_in, w_out, duration, tau_m, tau_s, correct, loss_name):
    """Hidden spike times, the loss, and its derivatives by automatic differentiation.

    Parameters
    ----------
    times, sources : shape (inputs,)
        Time in ms, in [0, duration], and row of ``w_in`` of each input spike, in any order.
    w_in, w_out : shape (sources, hidden) and (hidden, outputs)
    duration, tau_m, tau_s : float
        In ms. Equal time constants are allowed.
    correct : int
        The right output.
    loss_name : one of LOSSES

    Returns
    -------
    spikes : list of arrays, one for each hidden neuron
    loss : float
    gradients : dict of arrays with keys "times", "w_in" and "w_out"
    """
    if loss_name not in LOSSES:
        raise ValueError(f"loss_name is {loss_name!r}; pass one of {LOSSES}")
    times, w_in, w_out = (np.asarray(x, dtype=float) for x in (times, w_in, w_out))
    sources = np.asarray(sources, dtype=int)
    each = [find_spikes(times, w[sources], duration, tau_m, tau_s) for w in w_in.T]
    found, owner = np.concatenate(each), np.repeat(np.arange(len(each)), [len(x) for x in each])

    def loss(times, w_in, w_out):
        s = differentiable_spikes(times, w_in, found, owner, sources, tau_m, tau_s)
        return loss_of_spikes(s, w_out[owner], found, duration, tau_m, tau_s, correct, loss_name), s

    (value, s), by = jax.jit(jax.value_and_grad(loss, (0, 1, 2), has_aux=True))(times, w_in, w_out)
    spikes = np.split(np.asarray(s), np.cumsum([len(x) for x in each])[:-1])
    return spikes, float(value), dict(zip(("times", "w_in", "w_out"), map(np.asarray, by), strict=True))
