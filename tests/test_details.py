"""What no other test would notice: found by breaking lifcore on purpose (make mutants)."""

import numpy as np
import pytest

import lifcore as lc

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


@pytest.mark.parametrize("neuron", [NEURON, lc.LIF(5.0, 5.0), lc.LIF(2.0, 9.0)])
def test_the_integral_of_the_psp_is_the_integral_of_the_psp(neuron):
    position, length = np.polynomial.legendre.leggauss(40)
    for t in (0.3, 1.0, 20.0):
        expected = np.sum(length * neuron.psp(t * (position + 1) / 2)) * t / 2
        assert neuron.psp_integral(t) == pytest.approx(expected, rel=1e-12)
    assert neuron.psp_integral([-1.0, 0.0]).tolist() == [0.0, 0.0]
