import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import neurons, taus

import lifcore as lc


@given(neurons, st.floats(1e-12, 300.0))
def test_psp_against_many_digits(neuron, t):
    # rel: e^{-t/tau} carries the rounding of its argument, t/tau <= 600, times 1e-16; abs: below anything drawn.
    # Of 60 digits the reference loses up to 30 where the time constants are nearly equal and t is small.
    with mp.workdps(60):
        expected = float(psp_mp(mp.mpf(t), neuron))
    assert float(neuron.psp(t)) == pytest.approx(expected, rel=2e-13, abs=1e-300)


@given(taus, st.floats(0.0, 100.0))
def test_psp_is_continuous_through_equal_time_constants(tau, t):
    # psp depends on the gap linearly: a relative gap of 1e-13 may change it by about t/tau * 1e-13.
    equal, near = lc.LIF(tau, tau), lc.LIF(tau, tau * (1 + 1e-13))
    assert float(near.psp(t)) == pytest.approx(float(equal.psp(t)), rel=1e-10, abs=1e-300)


@given(neurons)
def test_kernels_vanish_before_the_spike(neuron):
    before = np.array([-1e-9, -1.0, -1e9])
    assert not neuron.psp(before).any() and not neuron.psc(before).any()
    assert neuron.psp(0.0) == 0.0 and neuron.psc(0.0) == 1.0
    assert neuron.psp(np.inf) == neuron.psc(np.inf) == 0.0


@given(neurons)
def test_peak_is_the_maximum(neuron):
    near = neuron.peak_time * np.array([0.5, 0.9, 0.999, 1.001, 1.1, 2.0])
    assert np.all(neuron.psp(near) < neuron.peak_height)


def test_peak_of_the_standard_neuron():
    neuron = lc.LIF()
    assert neuron.peak_time == pytest.approx(20 * 5 / 15 * np.log(4), rel=1e-15)
    assert (round(neuron.peak_time, 3), round(neuron.peak_height, 5)) == (9.242, 0.15749)
    assert lc.LIF(7.0, 7.0).peak_time == 7.0


@given(neurons)
def test_psp_integrates_to_tau_s(neuron):
    # Trapezoid sum over 40 of the longer constants (e^-40 = 4e-18), with Richardson's step: fourth order in 1/100.
    end = 40 * max(neuron.tau_m, neuron.tau_s)
    coarse, fine = (np.trapezoid(neuron.psp(t), t) for t in (np.linspace(0, end, n + 1) for n in (2**19, 2**20)))
    assert (4 * fine - coarse) / 3 == pytest.approx(neuron.tau_s, rel=1e-6)


def test_extreme_time_constants():
    assert lc.LIF(1e-300, 1e-300).psp(1e-300) == pytest.approx(np.exp(-1)) and lc.LIF(1e-300, 2e-300).psp(1.0) == 0.0


@given(neurons, st.floats(0.1, 50.0))
def test_slopes_of_the_psp(neuron, t):
    slopes = neuron.psp_slopes(t)
    with mp.workdps(60):
        exact = [mp.diff(lambda u: psp_mp(u, neuron), t, n) for n in (1, 2, 3)]
    # Each derivative divides by the shorter time constant once more.
    for n, (found, expected) in enumerate(zip(slopes, exact, strict=True), 1):
        scale = min(neuron.tau_m, neuron.tau_s) ** -n
        assert float(found) == pytest.approx(float(expected), rel=1e-11, abs=1e-13 * scale)


def psp_mp(u, neuron):
    tau_m, tau_s = mp.mpf(neuron.tau_m), mp.mpf(neuron.tau_s)
    if tau_m == tau_s:
        return u / tau_m * mp.exp(-u / tau_m)
    return tau_s / (tau_m - tau_s) * (mp.exp(-u / tau_m) - mp.exp(-u / tau_s))


def test_frozen():
    with pytest.raises(AttributeError):
        lc.LIF().tau_m = 10.0
