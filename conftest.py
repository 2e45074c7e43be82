"""Settings of the whole test run: how pages are collected, drawn and sampled."""

import os

import matplotlib
from hypothesis import HealthCheck, Phase, settings

pytest_plugins = ["pages"]  # tests/pages.py

# Draw into memory, whether or not there is a screen.
matplotlib.use("agg")

# The same examples in every run: a test that passed goes on passing until the code changes.
settings.register_profile("lifcore", deadline=None, derandomize=True, database=None)
# make nightly: other examples in each run, as many as EXAMPLES says, whatever a test asks for (strategies.examples).
settings.register_profile(
    "nightly",
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    max_examples=int(os.environ.get("EXAMPLES", 2500)),
)
# make mutants: a failure is enough, and needs no simplest example.
settings.register_profile(
    "mutants", settings.get_profile("lifcore"), max_examples=25, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "lifcore"))
