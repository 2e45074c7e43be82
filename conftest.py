"""Settings of the whole test run: how pages are collected, drawn and sampled."""

import matplotlib
from hypothesis import settings

pytest_plugins = ["pages"]  # tests/pages.py

# Draw into memory, whether or not there is a screen.
matplotlib.use("agg")

# The same examples in every run: a test that passed goes on passing until the code changes.
settings.register_profile("lifcore", deadline=None, derandomize=True, database=None)
settings.load_profile("lifcore")
