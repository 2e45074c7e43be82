"""The comparison of schemes: an independent solver agrees, and the measured figures are what they are called."""

import numpy as np
import pytest

from lifcore import precision


def test_an_independent_solver_agrees():
    np.testing.assert_allclose(precision.transport_by_solve_ivp(1e-12), precision.transport_by_events(), atol=1e-11)


def test_errors_fall_with_the_step_and_the_order():
    assert np.all(np.diff(precision.errors_by_step("Euler", [1.0, 0.5, 0.25])) < 0)
    assert precision.errors_by_step("Gauss, 4 nodes", [1.0])[0] < 1e-14
    assert precision.measured_order("Gauss, 2 nodes") == pytest.approx(4.0, abs=0.1)


def test_work_precision_reports_every_scheme():
    costs = precision.work_precision(steps=[5.0], tolerances=[1e-6])
    assert set(costs) == {*precision.SCHEMES, "event-driven", "solve_ivp"}
    assert all(np.all(cost.seconds > 0) and len(cost.seconds) == len(cost.error) == 1 for cost in costs.values())


def test_residuals_stay_within_their_bounds():
    worst = precision.residuals(trials=100, seed=1)
    conservation, grid, differences = worst.values()
    assert conservation <= 1e-11 and grid <= 1e-12 and differences <= 1e-8
    # Not vacuous: rounding is there to be found.
    assert conservation > 0 and grid > 0 and differences > 0
