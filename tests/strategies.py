"""Random neurons, trains and weights for the property tests."""

import os

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import lifcore as lc

STEPS = 300

taus = st.floats(0.5, 100.0)
# Half of the neurons have equal or nearly equal time constants, where naive formulas divide by zero.
neurons = st.one_of(
    st.builds(lc.LIF, taus, taus),
    st.builds(lambda tau, gap: lc.LIF(tau, tau * (1 + gap)), taus, st.sampled_from([0.0, 1e-15, -1e-12, 1e-9, -1e-5])),
)
weights = st.floats(-8.0, 8.0).map(lambda w: round(w, 3))  # no denormal numbers, whose digits are few
steps_of_spikes = st.lists(st.integers(0, STEPS - 1), max_size=12)
losses = st.sampled_from([lc.CrossEntropyOverTime(20), lc.CrossEntropyOfIntegral(20), lc.VoltageIntegral()])


def trial_of(spike_steps, neuron, weight, dt=1.0, steps=STEPS):
    return lc.forward(lc.spike_train(np.array(spike_steps) * dt, steps, dt), dt, neuron, weight)


def examples(most):
    """How many examples an expensive property test draws: ``most``, unless the profile is another (conftest.py)."""
    profile = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "lifcore"))
    return profile if profile.max_examples != 100 else settings(max_examples=most)
